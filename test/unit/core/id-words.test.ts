import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countOf, hashWords, maxWordsOf, readWords, writeWords } from "../../../src/core/id-words.ts";

const ids = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
);

function wordsOf(id: string): Int32Array {
  const words = new Int32Array(maxWordsOf(id));
  return words.slice(0, writeWords(id, words, 0));
}

describe("an id as words", () => {
  test("is the same id when read", () => {
    fc.assert(
      fc.property(ids, fc.nat(3), (id, from) => {
        const words = new Int32Array(from + maxWordsOf(id)).fill(-1);
        const count = writeWords(id, words, from);
        expect(countOf(words[from]!)).toBe(count);
        expect(readWords(words, from)).toBe(id);
      }),
      { numRuns: 2_000 },
    );
  });

  test("has a hash that depends on the seed, on all 53 bits of it, and on every word", () => {
    const words = wordsOf("0a4c1b1e-5a57-4f0e-9c0e-1f2d3c4b5a69");
    const hash = (of: Int32Array, seed: number): number => hashWords(of, 0, of.length, seed);
    const seeds = Array.from({ length: 53 }, (_, bit) => 2 ** bit);
    const changed = Array.from(words, (_, at) => words.map((word, index) => (index === at ? word ^ 1 : word)));
    const hashes = [hash(words, 0), ...seeds.map((seed) => hash(words, seed)), ...changed.map((one) => hash(one, 0))];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hash(words, 5)).toBe(hash(words.slice(), 5));
  });

  test("spreads over the places of a table as if by chance", () => {
    const places = new Set<number>();
    for (let index = 0; index < 4_096; index += 1) {
      const words = wordsOf(`conversation-${index}`);
      places.add(hashWords(words, 0, words.length, 1) & 4_095);
    }
    // By chance 1 - 1/e of all, 2,589, are met; 60 is four standard deviations.
    expect(Math.abs(places.size - 2_589)).toBeLessThan(130);
  });
});
