/**
 * Notices that the process stood still: it was stopped, its machine slept, or it was busy. What it reads next came at a time that
 * nobody knows, so a gap that seems to begin then may have begun when it fell still.
 *
 * - W1  A still time is counted from the last moment at which the process surely ran; that may be up to a second early, never late.
 * - W2  What waited meanwhile is read in the moments after, in no order with the timers: they count as still.
 * - W3  The wall clock counts as well as the monotonic one, which stands still itself while a machine sleeps.
 * - W4  Still times are remembered for longer than a silent socket takes to be found out.
 */
import type { Clock, Timer } from "../ports/clock.ts";

const TICK_MS = 1_000;
/** A tick that is later than this was held up. */
const LATE_MS = 200;
/** W2. */
const READING_MS = 5_000;
/** W4. */
const REMEMBERED_MS = 120_000;

/** Epoch milliseconds. */
interface Stall {
  readonly since: number;
  readonly until: number;
}

/** The watch. */
export interface StallWatch {
  /** A time at which something was read, or before that the time at which the process fell still; epoch milliseconds. */
  surelyRan(at: number): number;
  stop(): void;
}

/** A watch that begins now. */
export function watchForStalls(clock: Clock): StallWatch {
  let timer: Timer | undefined;
  let ran = { wall: clock.now(), monotonic: clock.monotonic() };
  let stalls: readonly Stall[] = [];
  const look = (): void => {
    const wall = clock.now();
    const late = Math.max(clock.monotonic() - ran.monotonic, wall - ran.wall) - TICK_MS;
    if (late <= LATE_MS) return;
    const others = stalls.filter(({ since, until }) => since !== ran.wall && until > ran.wall - REMEMBERED_MS);
    stalls = [...others, { since: ran.wall, until: wall }];
  };
  const tick = (): void => {
    look();
    ran = { wall: clock.now(), monotonic: clock.monotonic() };
    timer = clock.setTimer(TICK_MS, tick);
  };
  timer = clock.setTimer(TICK_MS, tick);
  return {
    surelyRan(at) {
      look();
      // The youngest first: it may have begun while what an older one had held up was being read.
      return stalls.reduceRight(
        (sure, { since, until }) => (sure >= since && sure <= until + READING_MS ? since : sure),
        at,
      );
    },
    stop: () => timer?.cancel(),
  };
}
