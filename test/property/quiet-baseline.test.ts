import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QuietBaseline } from "../../src/core/quiet-baseline.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday. */
const MONDAY = Date.UTC(2026, 10, 23);

/** The same from a list of all minutes, worked out anew each time. */
function plainVerdict(all: readonly { readonly at: number; readonly active: boolean }[]): {
  readonly silentMinutes: number;
  readonly chance: number;
} {
  const kindOf = (at: number): string => {
    const date = new Date(at - MINUTE);
    return `${[0, 6].includes(date.getUTCDay()) ? "weekend" : "day"} ${date.getUTCHours()}`;
  };
  const last = all.findLastIndex(({ active }) => active);
  const learned = all.slice(0, last + 1);
  const silent = all.slice(last + 1);
  let chance = 1;
  for (const { at } of silent) {
    const same = learned.filter((one) => kindOf(one.at) === kindOf(at));
    if (same.length < 120) continue;
    const share = (same.filter(({ active }) => active).length + 1) / (same.length + 2);
    chance *= 1 - Math.max(0, share - 2 * Math.sqrt((share * (1 - share)) / same.length));
  }
  return { silentMinutes: silent.length, chance };
}

/** Repeatable chance. */
function lot(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe("what is too quiet for this hour", () => {
  test("is what a plain list of all minutes says", () => {
    const stretch = fc.record({ minutes: fc.integer({ min: 1, max: 200 }), share: fc.constantFrom(0, 0.05, 0.5, 1) });
    fc.assert(
      fc.property(
        fc.array(stretch, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 1_000 }),
        (all, seed) => {
          const baseline = new QuietBaseline();
          const random = lot(seed);
          const minutes: { at: number; active: boolean }[] = [];
          // A few hours over and over again, so that kinds of hours are seen often.
          let at = MONDAY;
          for (const { minutes: count, share } of all) {
            for (let n = 0; n < count; n += 1) {
              at += MINUTE;
              if ((at - MONDAY) % DAY > 2 * HOUR) at += DAY - 2 * HOUR;
              const active = random() < share;
              minutes.push({ at, active });
              const verdict = baseline.minute(at, active);
              if (n % 17 !== 0) continue;
              const plain = plainVerdict(minutes);
              expect(verdict.silentMinutes).toBe(plain.silentMinutes);
              expect(verdict.chance).toBeCloseTo(plain.chance, 9);
              expect(verdict.isTooQuiet).toBe(plain.chance < 1e-6 && plain.silentMinutes >= 5);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  /** A centre: busy by day, a call now and then by night, closed at weekends. */
  const shareAt = (at: number): number => {
    const date = new Date(at);
    if ([0, 6].includes(date.getUTCDay())) return 0.01;
    return date.getUTCHours() >= 8 && date.getUTCHours() < 18 ? 0.95 : 0.04;
  };

  test("ten weeks of days, nights and weekends are no reason for an alarm; a silence at noon is one within minutes", () => {
    for (const seed of [1, 2, 3]) {
      const baseline = new QuietBaseline();
      const random = lot(seed);
      let alarms = 0;
      let at = MONDAY;
      for (; at < MONDAY + 70 * DAY + 12 * HOUR; at += MINUTE) {
        if (baseline.minute(at + MINUTE, random() < shareAt(at)).isTooQuiet) alarms += 1;
      }
      expect(alarms).toBe(0);
      expect(baseline.share(at)).toBeCloseTo(0.95, 1);
      let silent = 0;
      while (!baseline.minute((at += MINUTE), false).isTooQuiet) silent += 1;
      expect(silent).toBeLessThan(8);
    }
  });

  test("says nothing while it knows too little, and forgets a silence in which nothing could have come", () => {
    const baseline = new QuietBaseline();
    for (let n = 0; n < 119; n += 1) baseline.minute(MONDAY + 12 * HOUR + ((n % 60) + 1) * MINUTE, true);
    for (let n = 0; n < 30; n += 1)
      expect(baseline.minute(MONDAY + 12 * HOUR + n * MINUTE + MINUTE, false)).toMatchObject({ isTooQuiet: false });
    baseline.interrupt();
    baseline.minute(MONDAY + 12 * HOUR + MINUTE, true);
    baseline.minute(MONDAY + 12 * HOUR + MINUTE, true);
    expect(baseline.share(MONDAY + 12 * HOUR)).toBe(1);
    for (let n = 1; n <= 4; n += 1)
      expect(baseline.minute(MONDAY + 12 * HOUR + n * MINUTE, false)).toMatchObject({ isTooQuiet: false });
    expect(baseline.minute(MONDAY + 12 * HOUR + 5 * MINUTE, false)).toMatchObject({
      isTooQuiet: true,
      silentMinutes: 5,
    });
    baseline.interrupt();
    expect(baseline.minute(MONDAY + 12 * HOUR + 6 * MINUTE, false)).toMatchObject({
      isTooQuiet: false,
      silentMinutes: 1,
    });
  });
});
