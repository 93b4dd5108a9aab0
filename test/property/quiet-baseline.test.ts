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
    const date = new Date(at);
    const [day, hour] = [date.getUTCDay(), date.getUTCHours()];
    const isShared = (day === 1 && hour >= 12) || day === 2 || day === 3 || (day === 4 && hour < 20);
    return isShared ? `working day ${hour}` : `${day} ${hour}`;
  };
  const last = all.findLastIndex(({ active }) => active);
  const learned = all.slice(0, last + 1);
  const silent = all.slice(last + 1);
  const lowShare = (at: number): number | undefined => {
    const same = learned.filter((one) => kindOf(one.at - MINUTE) === kindOf(at));
    if (same.length < 120) return undefined;
    const share = (same.filter(({ active }) => active).length + 1) / (same.length + 2);
    return Math.max(0, share - 2 * Math.sqrt((share * (1 - share)) / same.length));
  };
  let chance = 1;
  const shares = new Map<number, number>();
  for (const { at } of silent) {
    const hour = Math.floor((at - MINUTE) / HOUR) * HOUR;
    let share = shares.get(hour);
    if (share === undefined) {
      const own = lowShare(hour) ?? 0;
      share = Math.min(own, lowShare(hour - HOUR) ?? own, lowShare(hour + HOUR) ?? own);
      shares.set(hour, share);
    }
    chance *= 1 - share;
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

  /** A centre in its own time: busy by day, a call now and then by night, closed on its days of rest (0: Sunday). */
  const shareAt = (local: number, rest: readonly number[] = [0, 6]): number => {
    const date = new Date(local);
    if (rest.includes(date.getUTCDay())) return 0.01;
    return date.getUTCHours() >= 8 && date.getUTCHours() < 18 ? 0.95 : 0.04;
  };
  /** Minutes until a silence that begins now is told; undefined: not within half an hour. */
  const toldAfter = (baseline: QuietBaseline, from: number): number | undefined => {
    for (let n = 1; n <= 30; n += 1) if (baseline.minute(from + n * MINUTE, false).isTooQuiet) return n;
    return undefined;
  };

  test.each([
    ["in London", () => 0, [0, 6]],
    ["in Los Angeles", () => -8, [0, 6]],
    ["in Sydney", () => 11, [0, 6]],
    ["in Auckland", () => 13, [0, 6]],
    ["in Tel Aviv, with Friday and Saturday off", () => 2, [5, 6]],
    ["in Paris, with clocks that are changed", (at: number) => (at < MONDAY + 34 * DAY ? 2 : 1), [0, 6]],
    ["in New York, with clocks that are changed", (at: number) => (at < MONDAY + 34 * DAY ? -5 : -4), [0, 6]],
  ])(
    "ten weeks %s are no reason for an alarm; a silence at noon of a working day is one within minutes",
    (_, zone, rest) => {
      for (const seed of [1, 2]) {
        const baseline = new QuietBaseline();
        const random = lot(seed);
        let alarms = 0;
        const noon = MONDAY + 71 * DAY + (12 - zone(MONDAY + 71 * DAY)) * HOUR;
        for (let at = MONDAY; at < noon; at += MINUTE) {
          const share = shareAt(at + zone(at) * HOUR, rest);
          if (baseline.minute(at + MINUTE, random() < share).isTooQuiet) alarms += 1;
        }
        expect(alarms).toBe(0);
        expect(baseline.share(noon)).toBeCloseTo(0.95, 1);
        expect(toldAfter(baseline, noon)).toBeLessThan(8);
      }
    },
  );

  test("on the third working day of its life it speaks already, wherever the centre is", () => {
    for (const zone of [-8, 0, 11]) {
      const baseline = new QuietBaseline();
      const random = lot(7);
      // Thursday, 11:00 there.
      const late = MONDAY + 3 * DAY + (11 - zone) * HOUR;
      for (let at = MONDAY; at < late; at += MINUTE) baseline.minute(at + MINUTE, random() < shareAt(at + zone * HOUR));
      expect(toldAfter(baseline, late)).toBeLessThan(10);
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
