/**
 * Notices that the process stood still: it was stopped, its machine slept, or it was busy. What it reads next came at a time that
 * nobody knows, so a gap that begins then may have begun when it fell still.
 *
 * - W1  A still time is counted from the last moment at which it surely ran; that may be up to a second early, never late.
 * - W2  It is remembered for a while after its end: what waited meanwhile is read then, in no order with the timers.
 * - W3  The wall clock counts as well as the monotonic one, which stands still itself while a machine sleeps.
 */
import type { Clock, Timer } from "../ports/clock.ts";

const TICK_MS = 1_000;
/** A tick that is later than this was held up. */
const LATE_MS = 200;
/** W2. */
const REMEMBERED_MS = 5_000;

/** The watch. */
export interface StallWatch {
  /** Epoch milliseconds: the last moment at which the process surely ran before it stood still; undefined where it did not. */
  stoodStillSince(): number | undefined;
  stop(): void;
}

/** A watch that begins now. */
export function watchForStalls(clock: Clock): StallWatch {
  let timer: Timer | undefined;
  let ran = { wall: clock.now(), monotonic: clock.monotonic() };
  let stall: { since: number; seenAt: number } | undefined;
  const look = (): void => {
    const monotonic = clock.monotonic();
    if (stall !== undefined && ran.monotonic - stall.seenAt > REMEMBERED_MS) stall = undefined;
    const late = Math.max(monotonic - ran.monotonic, clock.now() - ran.wall) - TICK_MS;
    if (late > LATE_MS) stall = { since: Math.min(stall?.since ?? Infinity, ran.wall), seenAt: monotonic };
  };
  const tick = (): void => {
    look();
    ran = { wall: clock.now(), monotonic: clock.monotonic() };
    timer = clock.setTimer(TICK_MS, tick);
  };
  timer = clock.setTimer(TICK_MS, tick);
  return {
    stoodStillSince() {
      look();
      return stall?.since;
    },
    stop: () => timer?.cancel(),
  };
}
