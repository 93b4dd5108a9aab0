/**
 * One sink's dead letters (Q7): by seq, listed in order of seq, bounded; beyond the bound the smallest seq goes.
 *
 * Seqs stand in a sorted array from which removed ones are swept only now and then: dead letters come in nearly sorted, so
 * adding is an append or a short shift near the end.
 */
import type { QueueEnvelope } from "./queue-envelope.ts";
import type { DeadAttempt } from "./queue-verbs.ts";

/** An envelope that was given up, with what it needs to come back (Q7 `redrive`). */
export interface DeadEntry<P> {
  readonly envelope: QueueEnvelope<P>;
  readonly standing: number;
  readonly attempts: readonly DeadAttempt[];
  readonly redriven: number;
  readonly replaced: number;
  readonly deadAt: number;
}

/** Dead letters of one sink. */
export class DeadLetters<P> {
  readonly #entries = new Map<number, DeadEntry<P>>();
  /** Rising; may hold seqs that are gone. */
  #seqs: number[] = [];
  #from = 0;

  get size(): number {
    return this.#entries.size;
  }

  add(entry: DeadEntry<P>): void {
    const seq = entry.envelope.seq;
    const at = this.#indexAbove(seq);
    if (this.#seqs[at - 1] !== seq || at - 1 < this.#from) {
      if (at === this.#seqs.length) this.#seqs.push(seq);
      else this.#seqs.splice(at, 0, seq);
    }
    this.#entries.set(seq, entry);
  }

  /** Takes one out. */
  take(seq: number): DeadEntry<P> | undefined {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return undefined;
    this.#entries.delete(seq);
    if (this.#seqs.length > 64 && this.#seqs.length > 2 * this.#entries.size) {
      this.#seqs = this.#seqs.slice(this.#from).filter((kept) => this.#entries.has(kept));
      this.#from = 0;
    }
    return entry;
  }

  /** Takes the one with the smallest seq out. */
  takeSmallest(): DeadEntry<P> | undefined {
    for (; this.#from < this.#seqs.length; this.#from += 1) {
      const entry = this.take(this.#seqs[this.#from]!);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** Those with a seq above `after`, smallest first. */
  list(after: number, limit: number): DeadEntry<P>[] {
    const found: DeadEntry<P>[] = [];
    for (let at = this.#indexAbove(after); at < this.#seqs.length && found.length < limit; at += 1) {
      const entry = this.#entries.get(this.#seqs[at]!);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /** The first index at or after the swept start whose seq is above `seq`. */
  #indexAbove(seq: number): number {
    let low = this.#from;
    let high = this.#seqs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#seqs[middle]! > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
