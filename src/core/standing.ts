/**
 * A standing (Q2): the pair (class rank, seq), packed into one number so that pairs compare as numbers do.
 *
 * `rank * 2^47 + seq`: 64 ranks and 1.4e14 seqs fit into the 53 exact bits (four years at a million events a second).
 */

const RANK_UNIT = 2 ** 47;
/** Powers of two: multiplying is as exact as dividing, and faster. */
const UNIT_SHARE = 2 ** -47;

/** At most so many class ranks; classes that are no longer configured share the last. */
export const MAX_RANKS = 64;

/** The standing of (rank, seq). */
export function standingOf(rank: number, seq: number): number {
  return rank * RANK_UNIT + seq;
}

/** The class rank of a standing. */
export function rankOf(standing: number): number {
  return Math.floor(standing * UNIT_SHARE);
}
