/**
 * What would be shed first (Q10): per lane class, the lanes in which something waits, by the seq of their head.
 *
 * Most work queues never come near their limits, so this order is kept only of late: when a limit draws near, lanes are
 * listed a few at a time, in the order of their numbers, and from then on kept in place; far from the limits all is
 * forgotten again. So neither an ordinary hand-over nor the first shed pays for it.
 *
 * ```
 *   lane   0 1 2 3 4 5 6 7 8 9 …
 *          listed     | not yet           a lane below `listed` is here exactly when something waits in it
 * ```
 */
import { SortedRuns } from "./sorted-runs.ts";

/** Lanes by rank and the seq of their head (see the top of this file). */
export class ShedOrder {
  #runs = new SortedRuns();
  #listed = 0;

  isListed(lane: number): boolean {
    return lane < this.#listed;
  }

  /** The number of the next lane to be listed; from now on it is. */
  listNext(): number {
    this.#listed += 1;
    return this.#listed - 1;
  }

  /** How many lanes are listed. */
  get listed(): number {
    return this.#listed;
  }

  forget(): void {
    this.#listed = 0;
    this.#runs = new SortedRuns();
  }

  /** A listed lane stands here now. */
  put(lane: number, rank: number, headSeq: number): void {
    this.#runs.put(rank, lane, headSeq);
  }

  /** Nothing waits in the lane any more. */
  remove(lane: number): void {
    this.#runs.remove(lane);
  }

  /** The lane of a lane class whose head has the smallest seq, or NONE; right when all lanes are listed. */
  first(rank: number): number {
    return this.#runs.first(rank);
  }
}
