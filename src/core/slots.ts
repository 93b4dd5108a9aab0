/** Numbers of table rows: the lowest free ones are handed out, given-back ones first, so that tables stay as small as their peak. */

/** Hands out row numbers. */
export class Slots {
  #free: number[] = [];
  #next = 0;

  take(): number {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    this.#next += 1;
    return this.#next - 1;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  /** Rows in use. */
  get used(): number {
    return this.#next - this.#free.length;
  }

  /** All rows ever in use are below this. */
  get peak(): number {
    return this.#next;
  }
}
