/**
 * Ids as whole numbers, so that they can be kept in typed arrays, compared and hashed without their strings. Exact: two ids
 * are equal if and only if their words are, whatever characters they are of (lone surrogates and NUL too).
 *
 * ```
 *   word   0               1            2 …
 *        | length, width | characters | characters …      width 0: four to a word, all below 256; width 1: two to a word
 * ```
 */

/** How many words an id has at most. */
export function maxWordsOf(id: string): number {
  return 2 + (id.length >>> 1);
}

/** Writes an id's words from an index on, and answers how many they are. There must be room for {@link maxWordsOf}. */
export function writeWords(id: string, words: Int32Array, from: number): number {
  const { length } = id;
  let seen = 0;
  let to = from + 1;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    const a = id.charCodeAt(index);
    const b = id.charCodeAt(index + 1);
    const c = id.charCodeAt(index + 2);
    const d = id.charCodeAt(index + 3);
    seen |= a | b | c | d;
    words[to] = a | (b << 8) | (c << 16) | (d << 24);
    to += 1;
  }
  if (index < length) {
    let last = 0;
    for (let shift = 0; index < length; index += 1, shift += 8) {
      const code = id.charCodeAt(index);
      seen |= code;
      last |= code << shift;
    }
    words[to] = last;
    to += 1;
  }
  if (seen > 255) return writeWide(id, words, from);
  words[from] = length << 1;
  return to - from;
}

function writeWide(id: string, words: Int32Array, from: number): number {
  const { length } = id;
  words[from] = (length << 1) | 1;
  for (let index = 0; index < length; index += 2) {
    const second = index + 1 < length ? id.charCodeAt(index + 1) : 0;
    words[from + 1 + (index >>> 1)] = id.charCodeAt(index) | (second << 16);
  }
  return 1 + ((length + 1) >>> 1);
}

/** How many words there are, by the first of them. */
export function countOf(firstWord: number): number {
  const length = firstWord >>> 1;
  return (firstWord & 1) === 0 ? 1 + ((length + 3) >>> 2) : 1 + ((length + 1) >>> 1);
}

/** The id whose words begin at an index. */
export function readWords(words: Int32Array, from: number): string {
  const length = words[from]! >>> 1;
  const perWord = (words[from]! & 1) === 0 ? 4 : 2;
  const [bits, mask] = perWord === 4 ? [8, 0xff] : [16, 0xffff];
  let id = "";
  for (let index = 0; index < length; index += 1) {
    const word = words[from + 1 + Math.floor(index / perWord)]!;
    id += String.fromCharCode((word >>> (bits * (index % perWord))) & mask);
  }
  return id;
}

/** A number of 32 bits for words; equal words have equal ones. */
export type WordsHash = (words: Int32Array, from: number, to: number, seed: number) => number;

/**
 * The keyed hash HalfSipHash-1-3 over the words: without the seed nobody can find ids that fall on one place, and so nobody
 * can make a table of ids slow by choosing them.
 *
 * @param seed - a whole number, of which 53 bits count
 */
export function hashWords(words: Int32Array, from: number, to: number, seed: number): number {
  const low = seed | 0;
  const high = Math.floor(seed / 2 ** 32) | 0;
  let v0 = low;
  let v1 = high;
  let v2 = 0x6c796765 ^ low;
  let v3 = 0x74656462 ^ high;
  // Three rounds more than words: those of the end.
  for (let index = from; index < to + 3; index += 1) {
    const word = index < to ? words[index]! : 0;
    if (index === to) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
