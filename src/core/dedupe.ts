/**
 * The dedup window (Q11): an id is known from its admission until `windowMs` later or until `maxCount` younger ids were
 * admitted, whichever is first.
 *
 * A ring keeps ids in the order of admission, so that forgetting the oldest is O(1); a set answers whether one is known.
 */
import { grown, grownTo } from "./columns.ts";

/** Remembered ids (see the top of this file). */
export class DedupWindow {
  readonly #windowMs: number;
  readonly #maxCount: number;
  readonly #known = new Set<string>();
  #ids: (string | undefined)[] = [];
  #at = new Float64Array(0);
  #from = 0;

  constructor(options: { readonly windowMs: number; readonly maxCount: number }) {
    this.#windowMs = options.windowMs;
    this.#maxCount = options.maxCount;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Forgets what is too old. */
  advance(now: number): void {
    while (this.#known.size > 0 && this.#at[this.#from]! + this.#windowMs <= now) this.#forgetOldest();
  }

  has(id: string): boolean {
    return this.#known.size > 0 && this.#known.has(id);
  }

  /** Remembers an id that is not known. */
  remember(id: string, now: number): void {
    if (this.#maxCount === 0 || this.#windowMs <= 0) return;
    if (this.#known.size >= this.#maxCount) this.#forgetOldest();
    if (this.#known.size === this.#at.length) this.#grow();
    const index = this.#wrap(this.#from + this.#known.size);
    this.#ids[index] = id;
    this.#at[index] = now;
    this.#known.add(id);
  }

  #forgetOldest(): void {
    this.#known.delete(this.#ids[this.#from]!);
    this.#ids[this.#from] = undefined;
    this.#from = this.#wrap(this.#from + 1);
  }

  #wrap(index: number): number {
    return index >= this.#at.length ? index - this.#at.length : index;
  }

  /** Unrolls the ring into a longer one. */
  #grow(): void {
    const capacity = grownTo(this.#at.length, this.#at.length);
    const count = this.#known.size;
    const ids = Array.from<string | undefined>({ length: capacity });
    const at = new Float64Array(count);
    for (let i = 0; i < count; i += 1) {
      const index = this.#wrap(this.#from + i);
      ids[i] = this.#ids[index];
      at[i] = this.#at[index]!;
    }
    this.#ids = ids;
    this.#at = grown(at, new Float64Array(capacity));
    this.#from = 0;
  }
}
