import { describe, expect, test } from "vitest";
import { createGapLedger } from "../../../src/pipeline/gaps.ts";
import { watchForStalls } from "../../../src/pipeline/stall.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createLogSpy } from "../../support/log-spy.ts";

const START = 1_000_000;

/** A clock whose process can stand still: time goes by, and no timer runs. `asleep`: the monotonic clock stands as well. */
function stallingClock() {
  const fake = createFakeClock(START);
  let wall = 0;
  let monotonic = 0;
  const clock: Clock = { ...fake, now: () => fake.now() + wall, monotonic: () => fake.monotonic() + monotonic };
  const standStill = (ms: number, asleep = false): void => {
    wall += ms;
    if (!asleep) monotonic += ms;
  };
  return { clock, standStill, advance: async (ms: number) => fake.advance(ms) };
}

describe("a process that stands still", () => {
  test("has read what it read while it ran", async () => {
    const { clock, advance } = stallingClock();
    const watch = watchForStalls(clock);
    for (let n = 0; n < 10; n += 1) {
      await advance(700);
      expect(watch.surelyRan(clock.now())).toBe(clock.now());
    }
  });

  test.each([false, true])("surely ran at its last tick only, asleep: %s", async (asleep) => {
    const { clock, standStill, advance } = stallingClock();
    const watch = watchForStalls(clock);
    await advance(4_300);
    standStill(130_000, asleep);
    // What waited is read before the timer runs, or after it.
    const woke = clock.now();
    expect(watch.surelyRan(woke)).toBe(START + 4_000);
    await advance(700);
    expect(watch.surelyRan(woke)).toBe(START + 4_000);
    expect(watch.surelyRan(woke + 600)).toBe(START + 4_000);
    await advance(7_000);
    expect(watch.surelyRan(clock.now())).toBe(clock.now());
    expect(watch.surelyRan(START + 3_000)).toBe(START + 3_000);
  });

  test("and again, soon after, counts from the first time", async () => {
    const { clock, standStill, advance } = stallingClock();
    const watch = watchForStalls(clock);
    await advance(2_000);
    standStill(60_000);
    await advance(1_500);
    standStill(60_000);
    expect(watch.surelyRan(clock.now())).toBe(START + 2_000);
  });

  test("has its gaps begin when it fell still, not when it read of the end", async () => {
    const { clock, standStill, advance } = stallingClock();
    const gaps = createGapLedger({ clock, logger: createLogSpy(), listener: {} });
    await gaps.load(["main"]);
    await advance(10_500);
    standStill(130_000);
    const gap = gaps.open("main", { topics: ["t"], cause: "the socket was closed (1001)", from: clock.now() });
    expect(gap.from).toBe(START + 10_000);
    await advance(20_000);
    const later = clock.now();
    expect(gaps.open("main", { topics: ["t"], cause: "closed", from: later }).from).toBe(later);
  });

  test("has them begin there too where a socket that died meanwhile is found out by its silence", async () => {
    const { clock, standStill, advance } = stallingClock();
    const gaps = createGapLedger({ clock, logger: createLogSpy(), listener: {} });
    await gaps.load(["main"]);
    await advance(10_500);
    standStill(3_000);
    const lastSign = clock.now() + 20;
    await advance(35_020);
    const gap = gaps.open("main", { topics: ["t"], cause: "nothing came for 35 s", from: lastSign });
    expect(gap.from).toBe(START + 10_000);
  });
});
