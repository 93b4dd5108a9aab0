/**
 * Exponential backoff with full jitter, for reconnects, requests and redeliveries alike.
 *
 * The wait before try `n` (from 1) is drawn evenly from 0 up to `initialMs * 2^(n-1)`, at most `maxMs`.
 * Full jitter spreads a crowd of clients best; the price is that a single wait may be short.
 */

/** Bounds of a backoff. */
export interface BackoffOptions {
  /** Upper end of the first wait, in milliseconds. */
  readonly initialMs: number;
  /** Upper end of every wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * The wait before the next try, in milliseconds.
 *
 * @param attempt - how many tries have failed, from 1
 * @param chance - a number in [0, 1)
 * @param atLeastMs - what the other side asked for (`Retry-After`); it wins where it is longer
 */
export function backoffMs(options: BackoffOptions, attempt: number, chance: number, atLeastMs = 0): number {
  const exponent = Math.min(Math.max(attempt, 1) - 1, 52);
  const ceiling = Math.min(options.maxMs, options.initialMs * 2 ** exponent);
  return Math.max(Math.round(ceiling * chance), atLeastMs);
}
