/**
 * Seeded chance for the directory and the traffic: one seed, one contact centre, one sequence of events.
 *
 * Tokens and channel ids don't come from here but from the clock's chance: they are secrets of one run.
 */

/** A deterministic stream of numbers. */
export interface Chance {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, below). */
  below(limit: number): number;
  /** An integer in [from, to]. */
  between(from: number, to: number): number;
  /** One element; the list must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** An exponentially distributed number with this mean. */
  exponential(mean: number): number;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  /** A UUID of version 4. */
  uuid(): string;
}

const HEX_DIGITS = Buffer.from("0123456789abcdef");
/** Where a UUID is put together: joined of short strings, each would be a dozen objects for the garbage collector. */
const UUID = Buffer.from("00000000-0000-0000-0000-000000000000");

/** Writes the lower `digits` digits. */
function writeHex(value: number, digits: number, at: number): void {
  for (let digit = digits - 1, rest = value; digit >= 0; digit -= 1, rest >>>= 4)
    UUID[at + digit] = HEX_DIGITS[rest & 15] as number;
}

/** mulberry32; `stream` separates independent sequences of one seed. */
export function createChance(seed: number, stream: number): Chance {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => word() / 2 ** 32;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (from, to) => from + below(to - from + 1),
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    exponential: (mean) => -Math.log(1 - next()) * mean,
    happens: (probability) => next() < probability,
    uuid: () => {
      writeHex(word(), 8, 0);
      const b = (word() & 0xffff0fff) | 0x4000;
      writeHex(b >>> 16, 4, 9);
      writeHex(b, 4, 14);
      const c = (word() & 0x3fffffff) | 0x80000000;
      writeHex(c >>> 16, 4, 19);
      writeHex(c, 4, 24);
      writeHex(word(), 8, 28);
      return UUID.toString("latin1");
    },
  };
}
