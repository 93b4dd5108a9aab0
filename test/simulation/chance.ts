/** Chance with a seed. Each use has a stream of its own, so that what one part draws never shifts what another one draws. */

/** A stream of chance. */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number in [0, count). */
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  hits(probability: number): boolean;
  /** A stream of its own, the same for the same name. */
  fork(name: string): Chance;
}

/** The stream of a seed. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return {
    next,
    below,
    between: (low, high) => low + (high - low) * next(),
    pick: <T>(list: readonly T[]): T => list[below(list.length)]!,
    hits: (probability) => next() < probability,
    fork: (name) => createChance(hashOf(`${seed}/${name}`)),
  };
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string, from = 0x811c9dc5): number {
  let hash = from;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
