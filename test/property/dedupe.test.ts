/**
 * The dedup window beside an obvious model: the same ids and instants, known by one exactly when by the other. Hashes that
 * are equal on purpose, logs that begin shortly before their last address, ids longer than a page of memory.
 * `RINGFIRST_RUNS` multiplies the number of runs.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import type { DedupOptions, DedupSeams } from "../../src/core/dedupe.ts";
import { DedupWindow } from "../../src/core/dedupe.ts";
import { hashWords } from "../../src/core/id-words.ts";

const RUNS = Number(process.env["RINGFIRST_RUNS"] ?? "1");

interface Known {
  readonly id: string;
  readonly at: number;
}

/** All that the window promises, in the plainest words. */
class Model {
  known: Known[] = [];
  readonly #options: DedupOptions;

  constructor(options: DedupOptions) {
    this.#options = options;
  }

  advance(now: number): void {
    this.known = this.known.filter(({ at }) => at + this.#options.windowMs > now);
  }

  has(id: string): boolean {
    return this.known.some((one) => one.id === id);
  }

  remember(id: string, at: number): void {
    const { windowMs, maxCount } = this.#options;
    if (windowMs > 0 && maxCount > 0) this.known = [...this.known, { id, at }].slice(-maxCount);
  }
}

const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
const few = fc.constantFrom("", "\0", "a", "a\0", "ab", "abcd", "abcde", "ÿ", "Ā", "\uD800", "\uDFFF", "\uD800\uDFFF");
const short = fc.oneof(few, few, fc.nat(60).map(String), fc.string({ unit: anyUnit, maxLength: 9 }));
/** Some of these fill a page: all that is said of its end is tried. */
const middling = fc.tuple(fc.constantFrom("m", "Ω"), fc.integer({ min: 6_000, max: 33_000 }), fc.nat(9));
const middlingIds = middling.map(([unit, length, end]) => unit.repeat(length) + String(end));
const long = fc.tuple(fc.constantFrom("l", "Λ"), fc.constantFrom(65_520, 65_524, 100_000, 200_000), fc.nat(2));
const longIds = long.map(([unit, length, end]) => unit.repeat(length) + String(end));

const acts = (ids: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(fc.record({ id: ids, wait: fc.constantFrom(0, 0, 0, 1, 2, 0.5, 30), ask: ids }), { maxLength, size: "max" });

const options = fc.record({
  windowMs: fc.constantFrom(0, 1, 5, 40, Infinity),
  maxCount: fc.constantFrom(0, 1, 2, 7, 16, 40, Infinity),
  seed: fc.maxSafeNat(),
});

const seams = fc.record<DedupSeams>({
  hash: fc.constantFrom(
    hashWords,
    () => 0,
    () => -1,
    // Two places that are neighbours, so that their runs mingle; and again at the end of the table, where it begins anew.
    (words, from) => (words[from]! >> 1) & 1,
    (words, from) => -1 - ((words[from]! >> 1) & 3),
    (words, from, to, seed) => hashWords(words, from, to, seed) & 0xf000_0007,
  ),
  firstAddress: fc.constantFrom(0, 2 ** 32 - 2 ** 14, 2 ** 32 - 2 ** 15 - 100, 5_000_000),
});

function sameAsModel(ids: fc.Arbitrary<string>, maxLength: number, numRuns: number): void {
  fc.assert(
    fc.property(options, seams, acts(ids, maxLength), (chosen, injected, list) => {
      const window = new DedupWindow(chosen, injected);
      const model = new Model(chosen);
      let now = 1_000;
      for (const { id, wait, ask } of list) {
        now += wait;
        window.advance(now);
        model.advance(now);
        assert.equal(window.has(ask), model.has(ask));
        assert.equal(window.has(id), model.has(id));
        if (!model.has(id)) {
          window.remember(id, now);
          model.remember(id, now);
        }
        assert.equal(window.size, model.known.length);
      }
      const found: Known[] = [];
      window.forEach((id, at) => found.push({ id, at }));
      assert.deepEqual(found, model.known);
      for (const { id } of list) assert.equal(window.has(id), model.has(id));
    }),
    { numRuns: numRuns * RUNS },
  );
}

describe("the dedup window knows what its model knows", () => {
  test("with short ids", () => sameAsModel(short, 120, 3_000));

  test("with ids that fill pages", () => sameAsModel(fc.oneof(middlingIds, short), 60, 300));

  test("with ids longer than a page", () => sameAsModel(fc.oneof(longIds, middlingIds, short), 25, 100));
});
