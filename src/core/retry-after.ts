/** `Retry-After`: seconds or an HTTP date, as milliseconds from now. */

/** A server may ask for patience, not for ever. */
const LONGEST_MS = 600_000;

/** The wait that a header asks for, at most ten minutes; undefined where there is none that can be read. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}(?:\.\d+)?$/u.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST_MS);
}
