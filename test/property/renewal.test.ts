import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pickInstant } from "../../src/core/renewal.ts";

describe("instants of renewals", () => {
  test("any number of channels of one client: each within its own window, never two at once, apart where there is room", () => {
    const window = fc.record({
      from: fc.integer({ min: 0, max: 100_000 }),
      length: fc.integer({ min: 1_000, max: 1_000_000 }),
      random: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(window, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(1, 100, 5_000),
        (windows, spacingMs) => {
          const taken: number[] = [];
          for (const { from, length, random } of windows) {
            const at = pickInstant({ from, until: from + length, taken, spacingMs, random });
            expect(at).toBeGreaterThanOrEqual(from);
            expect(at).toBeLessThanOrEqual(from + length);
            expect(taken).not.toContain(at);
            const nearest = Math.min(...taken.map((other) => Math.abs(other - at)));
            // 20 others take away two spacings each at most.
            if (length > 40 * spacingMs) expect(nearest).toBeGreaterThanOrEqual(spacingMs - 0.001);
            taken.push(at);
          }
        },
      ),
    );
  });

  test("chance spreads them over the whole window", () => {
    const pick = (random: number): number =>
      pickInstant({ from: 100, until: 200, taken: [150], spacingMs: 10, random });
    expect(pick(0)).toBe(100);
    expect(pick(0.499)).toBeLessThan(140);
    expect(pick(0.5)).toBe(160);
    expect(pick(0.999)).toBeLessThan(200);
  });
});
