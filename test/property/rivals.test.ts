import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EvictionWatch, type RivalSign, RivalWatch } from "../../src/core/rivals.ts";

const HOUR = 3_600_000;
const sign = fc.constantFrom<RivalSign>("eviction", "takeover", "displacement", "cut");
const notes = fc.array(fc.record({ sign, after: fc.integer({ min: 0, max: 1_000_000 }) }), { maxLength: 60 });

describe("others who use what is ours", () => {
  test("what follows is what a plain list of all that was seen says", () => {
    fc.assert(
      fc.property(notes, (all) => {
        const watch = new RivalWatch();
        const seen: { sign: RivalSign; at: number }[] = [];
        let at = 0;
        for (const note of all) {
          at += note.after;
          const answer = watch.note(note.sign, at);
          seen.push({ sign: note.sign, at });
          const window = note.sign === "cut" ? HOUR / 6 : HOUR;
          const count = seen.filter((one) => one.sign === note.sign && one.at > at - window).length;
          expect(answer.count).toBe(Math.min(20, count));
          expect(answer.leave).toBe(note.sign === "takeover" ? count >= 2 : note.sign !== "cut" || count >= 3);
          const from = { eviction: 3, takeover: 4, displacement: 1, cut: Infinity }[note.sign];
          const seconds = [30, 60, 120, 240, 480, 960][Math.min(20, count) - from] ?? 960;
          expect(answer.pauseMs).toBe(count < from ? 0 : seconds * 1_000);
        }
      }),
    );
  });

  test("pauses after a displacement double, up to a quarter of an hour, and begin anew after an hour of peace", () => {
    const watch = new RivalWatch();
    const pauses = Array.from({ length: 8 }, (_, n) => watch.note("displacement", n).pauseMs / 1_000);
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 960, 960]);
    expect(watch.note("displacement", HOUR + 10).pauseMs).toBe(30_000);
    expect(watch.note("eviction", 5).pauseMs).toBe(0);
  });

  test("evictions of all lines are answered together, those of one second as one", () => {
    const gaps = fc.array(
      fc.integer({ min: 0, max: 2_000_000 }).chain((most) => fc.integer({ min: 0, max: most })),
      {
        maxLength: 80,
      },
    );
    fc.assert(
      fc.property(gaps, (all) => {
        const watch = new EvictionWatch();
        const bursts: number[] = [];
        let at = 0;
        for (const gap of all) {
          at += gap;
          const last = bursts.at(-1);
          // A burst that is forgotten is no reason to join it.
          if (last === undefined || at - last >= 1_000) bursts.push(at);
          const count = Math.min(20, bursts.filter((begun) => begun > at - HOUR).length);
          const seconds = [0, 0, 0, 30, 60, 120, 240, 480, 960][count] ?? 960;
          expect(watch.note(at)).toBe(seconds * 1_000);
        }
      }),
    );
  });
});
