/** What the client's roles lack: from the start, and for as long as a fault takes more away. */

/** The permissions of the one client. */
export class Permissions {
  readonly #denied: ReadonlySet<string>;
  readonly #removed = new Set<readonly string[]>();

  constructor(denied: readonly string[]) {
    this.#denied = new Set(denied);
  }

  isDenied(permission: string): boolean {
    if (this.#denied.has(permission)) return true;
    for (const removed of this.#removed) if (removed.includes(permission)) return true;
    return false;
  }

  /** Takes permissions away; the function gives them back. */
  remove(permissions: readonly string[]): () => void {
    const removed = [...permissions];
    this.#removed.add(removed);
    return () => this.#removed.delete(removed);
  }
}
