import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameBudget } from "../../src/emulator/frame-budget.ts";

/** Plays turns; each step makes one frame for a hearer and `unheard` for nobody. Gives the frames heard in each turn. */
function play(rate: number, turnsMs: readonly number[], unheard = 0, isSomebodyHere = true): readonly number[] {
  const budget = new FrameBudget(rate);
  return turnsMs.map((elapsedMs) => {
    let heard = 0;
    budget.begin(elapsedMs);
    for (; budget.hasLeft; heard += 1) budget.spend(1, unheard, isSomebodyHere);
    return heard;
  });
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const rates = fc.integer({ min: 1, max: 50_000 });

describe("the budget of frames", () => {
  test("keeps the rate to the frame, however the turns fall, while none is later than a burst may be long", () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.double({ min: 0.5, max: 100, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (rate, turns) => {
          expect(Math.abs(sum(play(rate, turns)) - (rate * sum(turns)) / 1000)).toBeLessThanOrEqual(1.01);
        },
      ),
    );
  });

  test("makes up for all of a stall of up to a second (B1), and in no turn sends more than 100 ms are worth, nor double of its own time (B2)", () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 100, max: 1000 }), (rate, stallMs) => {
        const turns = [...Array.from({ length: 20 }, () => 10), stallMs, ...Array.from({ length: 120 }, () => 10)];
        const heard = play(rate, turns);
        for (const [n, frames] of heard.entries())
          expect(frames).toBeLessThanOrEqual((Math.min(100, 2 * (turns[n] ?? 0)) * rate) / 1000 + 1);
        expect(Math.abs(sum(heard) - (rate * sum(turns)) / 1000)).toBeLessThanOrEqual(1.01);
      }),
    );
  });

  test("of a longer stall makes up for a second, and goes on at the rate", () => {
    const heard = play(1000, [60_000, ...Array.from({ length: 300 }, () => 10)]);
    expect(sum(heard)).toBe(1000 + 3000);
    expect(heard.at(-1)).toBe(10);
  });

  test("counts what is heard: others are free within bounds, cost a little beyond, and in full while nobody is there (B3)", () => {
    const turns = Array.from({ length: 100 }, () => 10);
    expect(sum(play(1000, turns, 40))).toBe(1000);
    expect(sum(play(1000, turns, 150))).toBeCloseTo(333, -1);
    expect(sum(play(1000, turns, 1, false))).toBe(500);
  });
});
