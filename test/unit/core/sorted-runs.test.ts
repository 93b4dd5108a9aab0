import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NONE, SortedRuns } from "../../../src/core/sorted-runs.ts";

describe("SortedRuns", () => {
  test("an empty group has no first member", () => {
    const runs = new SortedRuns();
    expect(runs.first(3)).toBe(NONE);
    expect(runs.firstKey(3)).toBe(Infinity);
    expect(runs.has(7)).toBe(false);
  });

  test("the first is the smallest key, whatever was added and removed before", () => {
    const act = fc.record({ group: fc.nat(2), member: fc.nat(40), key: fc.nat(100), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 300, size: "max" }), (acts) => {
        const runs = new SortedRuns();
        const model = new Map<number, { readonly group: number; readonly key: number }>();
        for (const { group, member, key, remove } of acts) {
          const there = model.get(member);
          if (there !== undefined) runs.remove(member);
          model.delete(member);
          if (!remove) {
            runs.put(group, member, key);
            model.set(member, { group, key });
          }
          assert.equal(runs.size, model.size);
          assert.equal(runs.has(member), model.has(member));
          for (const g of [0, 1, 2]) {
            const keys = [...model.values()].filter((entry) => entry.group === g).map((entry) => entry.key);
            assert.equal(runs.firstKey(g), Math.min(...keys));
            const first = runs.first(g);
            if (keys.length > 0) assert.equal(model.get(first)?.group, g);
            else assert.equal(first, NONE);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
