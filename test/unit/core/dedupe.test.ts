import { describe, expect, test } from "vitest";
import { DedupWindow } from "../../../src/core/dedupe.ts";

/** What is remembered, oldest first. */
function listed(window: DedupWindow): [id: string, at: number][] {
  const found: [string, number][] = [];
  window.forEach((id, at) => found.push([id, at]));
  return found;
}

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `id ${from + index}`);

describe("DedupWindow", () => {
  test("an id is known until the window has passed, to the millisecond", () => {
    const window = new DedupWindow({ windowMs: 10, maxCount: 100 });
    window.remember("a", 5);
    window.advance(14.9);
    expect(window.has("a")).toBe(true);
    window.advance(15);
    expect(window.has("a")).toBe(false);
    expect(window.size).toBe(0);
  });

  test("an id is known until as many younger ones came as are kept", () => {
    const window = new DedupWindow({ windowMs: Infinity, maxCount: 3 });
    for (const id of ["a", "b", "c", "d"]) window.remember(id, 0);
    expect(["a", "b", "c", "d"].map((id) => window.has(id))).toEqual([false, true, true, true]);
    expect(window.size).toBe(3);
  });

  test.each([
    { windowMs: 0, maxCount: 5 },
    { windowMs: 5, maxCount: 0 },
  ])("a window of $windowMs ms and $maxCount ids remembers nothing", (options) => {
    const window = new DedupWindow(options);
    window.remember("a", 0);
    expect(window.has("a")).toBe(false);
    expect(window.size).toBe(0);
  });

  test("ids that look alike are told apart, whatever they are made of", () => {
    const ids = [
      "",
      "\0",
      "\0\0",
      "a",
      "a\0",
      "aaaa",
      "aaaa\0",
      "ÿ",
      "Ā",
      "ÿ\0",
      "\uD800",
      "\uDC00",
      "\uD800\uDC00",
      "\uFFFD",
    ];
    const wide = ["aa\u0100", "\u6161\u6161", "\u6161", "aaaaaaaa"];
    for (const known of [...ids, ...wide]) {
      const window = new DedupWindow({ windowMs: 10, maxCount: 10 }, { hash: () => 7 });
      window.remember(known, 1);
      expect([...ids, ...wide].filter((id) => window.has(id))).toEqual([known]);
      expect(listed(window)).toEqual([[known, 1]]);
    }
  });

  test("ids longer than a page of memory are kept whole, between short ones", () => {
    const window = new DedupWindow({ windowMs: Infinity, maxCount: 5 });
    const long = ["x", "Ā"].flatMap((unit) => ["a", "b"].map((end) => unit.repeat(200_000) + end));
    const ids = ["short", ...long, "other", ...long.map((id) => `2${id}`), "last"];
    for (const [at, id] of ids.entries()) {
      expect(window.has(id)).toBe(false);
      window.remember(id, at);
      expect(ids.filter((one) => window.has(one))).toEqual(ids.slice(Math.max(0, at - 4), at + 1));
    }
    expect(listed(window)).toEqual(ids.slice(-5).map((id, index) => [id, ids.length - 5 + index]));
  });

  test("a hundred thousand ids pass through and the last ten thousand are known", () => {
    const window = new DedupWindow({ windowMs: Infinity, maxCount: 10_000 }, { firstAddress: 2 ** 32 - 100_000 });
    for (const [at, id] of numbered(100_000).entries()) {
      expect(window.has(id)).toBe(false);
      window.remember(id, at);
    }
    expect(numbered(90_000).some((id) => window.has(id))).toBe(false);
    expect(listed(window)).toEqual(numbered(10_000, 90_000).map((id, index) => [id, 90_000 + index]));
  });

  test("what was remembered can be restored into another window, with the instants of then", () => {
    const before = new DedupWindow({ windowMs: 100, maxCount: 4 });
    for (const [at, id] of ["a", "b", "c", "d", "e"].entries()) before.remember(id, at + 0.25);
    const after = new DedupWindow({ windowMs: 100, maxCount: 3, seed: 2 ** 52 + 1 });
    before.forEach((id, at) => after.remember(id, at));
    expect(listed(after)).toEqual([
      ["c", 2.25],
      ["d", 3.25],
      ["e", 4.25],
    ]);
    after.advance(103.25);
    expect(listed(after)).toEqual([["e", 4.25]]);
  });

  test("an id that is asked for and then remembered is hashed once", () => {
    let hashed = 0;
    const hash = (): number => (hashed += 1);
    const window = new DedupWindow({ windowMs: 10, maxCount: 10 }, { hash });
    window.remember("first", 0);
    hashed = 0;
    expect(window.has("second")).toBe(false);
    window.remember("second", 0);
    expect(hashed).toBe(1);
  });
});
