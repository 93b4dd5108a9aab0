/**
 * Minimum shares (Q3): which class is owed the next hand-over, if any.
 *
 * Each class with a share s has a credit. A hand-over *counts* for it when the claim's `classes` allow it and it had a
 * claimable lane. A counted hand-over adds s; being handed over takes 1, but never below 0 (what strict order gave beyond
 * the share is not held against the class later). A class is *owed* when its credit, with this hand-over's s, reaches 1. An
 * owed class is served, whether or not strict order would have served it; of several the one whose credit reaches 2 soonest.
 *
 * Why the bounds hold, over any N counted hand-overs in a row, H of them the class's, G of these guard claims:
 * - Credit stays in [0, 1) where one class has a share: it is served in the hand-over in which it would reach 1. With
 *   several, serving the one that reaches 2 soonest is earliest-deadline-first over unit jobs, one per 1/s hand-overs. Each
 *   such job has at least floor(1/s) hand-overs' time; s <= 1/2 gives 1/floor(1/s) <= 2s, and as shares sum to at most
 *   1/2, the load is at most 1: every job ends in time, so credit stays in [0, 2).
 * - Each counted hand-over adds s, each of the class's own takes at most 1: end >= start + N s - H. With start >= 0 and
 *   end < 2: H > N s - 2, so H >= floor(N s) - 1.
 * - A guard claim takes exactly 1 (the credit was at least 1), a strict one takes what there is:
 *   end <= start + N s - G. With end >= 0 and start < 1: G < N s + 1, so G <= ceil(N s); with start < 2 one more.
 *
 * Credits are whole millionths: no rounding can break a bound.
 */

const ONE = 1_000_000;

/** The memory of one sink's shares. It may be forgotten at any time: bounds start anew. */
export class Shares {
  readonly #ranks: readonly number[];
  readonly #shares: readonly number[];
  readonly #credits: number[];

  /** @param minShares - by rank, 0 to 0.5 */
  constructor(minShares: readonly number[]) {
    const scaled = minShares.map((share) => Math.round(share * ONE));
    this.#ranks = scaled.flatMap((share, rank) => (share > 0 ? [rank] : []));
    this.#shares = scaled;
    this.#credits = scaled.map(() => 0);
  }

  /** Whether any class has a share; if none has, strict order is all there is. */
  get isEmpty(): boolean {
    return this.#ranks.length === 0;
  }

  /**
   * The rank to serve now, and books the hand-over.
   *
   * @param strict - the rank that strict order serves
   * @param counts - by rank: whether it is allowed by the claim and has a claimable lane
   */
  choose(strict: number, counts: readonly boolean[]): number {
    let chosen = strict;
    let soonest = Infinity;
    for (const rank of this.#ranks) {
      if (!counts[rank]!) continue;
      const share = this.#shares[rank]!;
      const credit = this.#credits[rank]! + share;
      this.#credits[rank] = credit;
      const left = (2 * ONE - credit) / share;
      if (credit >= ONE && left < soonest) {
        chosen = rank;
        soonest = left;
      }
    }
    if (this.#shares[chosen]! > 0) this.#credits[chosen] = Math.max(0, this.#credits[chosen]! - ONE);
    return chosen;
  }
}
