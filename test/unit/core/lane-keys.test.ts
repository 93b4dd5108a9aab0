import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LaneKeys } from "../../../src/core/lane-keys.ts";
import { Slots } from "../../../src/core/slots.ts";
import { NONE } from "../../../src/core/sorted-runs.ts";

/** Keys that differ only where the quick hash doesn't look, so that all fall into one bucket. */
const alike = (number: number): string => `k${String(number).padStart(4, "0")}-and the rest is equal`;
const keys = fc.oneof(
  fc.nat(60).map(alike),
  fc.nat(60).map(String),
  fc.constantFrom("", "\0", "\uD800", "Ā", "a", "aa"),
);

describe("LaneKeys", () => {
  test("an empty key is one, and no key is none", () => {
    const lanes = new LaneKeys();
    lanes.add(0, undefined);
    expect(lanes.find("")).toBe(NONE);
    lanes.add(1, "");
    expect(lanes.find("")).toBe(1);
    expect(lanes.key(0)).toBe(undefined);
    lanes.remove(0);
    lanes.remove(1);
    expect(lanes.find("")).toBe(NONE);
  });

  test("finds the lanes that a map would find, however many keys fall into one bucket", () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 400, size: "max" }), (acts) => {
        const lanes = new LaneKeys();
        const slots = new Slots();
        const model = new Map<string, number>();
        for (const key of acts) {
          const there = model.get(key);
          assert.equal(lanes.find(key), there ?? NONE);
          if (there === undefined) {
            const lane = slots.take();
            lanes.add(lane, key);
            model.set(key, lane);
          } else {
            lanes.remove(there);
            slots.give(there);
            model.delete(key);
          }
        }
        for (const key of acts) assert.equal(lanes.find(key), model.get(key) ?? NONE);
        for (const [key, lane] of model) assert.equal(lanes.key(lane), key);
      }),
      { numRuns: 1_000 },
    );
  });

  test("keys of ten thousand lanes are all found, and not when their lanes have ended", () => {
    const lanes = new LaneKeys();
    const many = Array.from({ length: 10_000 }, (_, lane) => (lane % 3 === 0 ? alike(lane) : `conversation-${lane}`));
    for (const [lane, key] of many.entries()) lanes.add(lane, key);
    expect(many.every((key, lane) => lanes.find(key) === lane)).toBe(true);
    for (let lane = 0; lane < many.length; lane += 2) lanes.remove(lane);
    expect(many.every((key, lane) => lanes.find(key) === (lane % 2 === 0 ? NONE : lane))).toBe(true);
  });
});
