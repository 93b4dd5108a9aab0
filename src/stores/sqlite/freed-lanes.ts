/**
 * Lanes of which an envelope on disk is over, while the disk does not know it yet. What is handed over next of such a lane has to
 * wait for that, or a crash could bring the older one back behind the younger (Q1).
 */

/** Keys by sink, until the group is written that says so (see the top of this file). */
export class FreedLanes {
  /** The group that each key waits for; `Infinity`: the next one. */
  readonly #bySink: readonly Map<string, number>[];
  #next: { readonly sink: number; readonly key: string }[] = [];
  readonly #sent: { readonly n: number; readonly lanes: readonly { readonly sink: number; readonly key: string }[] }[] =
    [];

  constructor(sinks: number) {
    this.#bySink = Array.from({ length: sinks }, () => new Map<string, number>());
  }

  /** An envelope on disk is over. Without a key it is a lane by itself. */
  add(sink: number, key: string | undefined): void {
    if (key === undefined) return;
    const keys = this.#bySink[sink]!;
    if (keys.get(key) === Infinity) return;
    keys.set(key, Infinity);
    this.#next.push({ sink, key });
  }

  has(sink: number, key: string | undefined): boolean {
    return key !== undefined && this.#bySink[sink]!.has(key);
  }

  /** All that was added until now is in group `n`. */
  sent(n: number): void {
    if (this.#next.length === 0) return;
    for (const { sink, key } of this.#next) this.#bySink[sink]!.set(key, n);
    this.#sent.push({ n, lanes: this.#next });
    this.#next = [];
  }

  written(n: number): void {
    while ((this.#sent[0]?.n ?? Infinity) <= n) {
      for (const { sink, key } of this.#sent.shift()?.lanes ?? []) {
        const keys = this.#bySink[sink]!;
        if ((keys.get(key) ?? Infinity) <= n) keys.delete(key);
      }
    }
  }
}
