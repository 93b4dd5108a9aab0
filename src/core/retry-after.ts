/** `Retry-After`: seconds or an HTTP date, as a wait. */

/** A server may ask for patience, not for ever. */
const LONGEST_MS = 600_000;

/**
 * The wait that a header asks for, in milliseconds; undefined where there is none that can be read, or none to be waited.
 *
 * @param now - epoch milliseconds, for dates
 * @param longestMs - a longer wait is cut to this. @defaultValue ten minutes
 */
export function parseRetryAfter(
  value: string | undefined,
  now: number,
  longestMs: number = LONGEST_MS,
): number | undefined {
  const text = value?.trim() ?? "";
  // Dates have letters; `Date.parse` alone would take "-5" and "1.5" for years.
  const waitMs = /^\d+$/u.test(text)
    ? Number(text) * 1_000
    : /[a-z]/iu.test(text)
      ? Date.parse(text) - now
      : Number.NaN;
  return waitMs > 0 ? Math.min(waitMs, longestMs) : undefined;
}
