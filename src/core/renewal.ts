/**
 * When channels are renewed: each at an instant of its own, so that a client never moves several at once. Pure.
 *
 * - W1  The instant lies within the window that is asked for.
 * - W2  It keeps its distance from all that are taken, as far as the window has room for that; it is never equal to one.
 */

/** What {@link pickInstant} takes; all in milliseconds. */
export interface RenewalWindow {
  readonly from: number;
  /** Not before `from`. */
  readonly until: number;
  /** Instants of others. */
  readonly taken: readonly number[];
  /** The distance that is kept where there is room. */
  readonly spacingMs: number;
  /** In [0, 1). */
  readonly random: number;
}

interface Stretch {
  readonly from: number;
  readonly length: number;
}

/** An instant within the window, by chance. */
export function pickInstant({ from, until, taken, spacingMs, random }: RenewalWindow): number {
  const inside = taken.filter((at) => at > from - spacingMs && at < until + spacingMs).toSorted((a, b) => a - b);
  const free = freeStretches(from, until, inside, spacingMs);
  const total = free.reduce((sum, { length }) => sum + length, 0);
  if (total > 0) {
    let left = random * total;
    for (const { from: start, length } of free) {
      if (left < length) return start + left;
      left -= length;
    }
  }
  return middleOfWidest(from, until, inside);
}

function freeStretches(from: number, until: number, taken: readonly number[], spacingMs: number): readonly Stretch[] {
  const free: Stretch[] = [];
  let start = from;
  for (const at of taken) {
    if (at - spacingMs > start) free.push({ from: start, length: at - spacingMs - start });
    start = Math.max(start, at + spacingMs);
  }
  if (until > start) free.push({ from: start, length: until - start });
  return free;
}

function middleOfWidest(from: number, until: number, taken: readonly number[]): number {
  const edges = [from, ...taken.filter((at) => at > from && at < until), until];
  let widest: Stretch = { from, length: 0 };
  for (const [place, start] of edges.slice(0, -1).entries()) {
    const length = (edges[place + 1] ?? start) - start;
    if (length > widest.length) widest = { from: start, length };
  }
  return widest.from + widest.length / 2;
}
