/** A clock that moves only when it is told to. */
import type { Clock, Timer } from "../ports/clock.ts";

/** A clock for tests: timers run in the order of their instants as time is advanced. */
export interface FakeClock extends Clock {
  /**
   * Moves time forward by `ms`, running each timer at its instant, and pending microtasks after each.
   * Work queued by `defer` runs too.
   */
  advance(ms: number): Promise<void>;
  /** Lets pending microtasks and deferred work run, without moving time. */
  settle(): Promise<void>;
  /** Sets the wall clock without moving the monotonic one, as an NTP step does. */
  stepWallClock(ms: number): void;
  /** Timers that are set. */
  readonly timerCount: number;
}

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Rounds of microtasks after each timer; long promise chains need many. */
const MICROTASK_ROUNDS = 50;

/**
 * A fake clock that starts at `startAt` (epoch milliseconds) and draws chance from a seeded generator.
 */
export function createFakeClock(startAt = 1_700_000_000_000, seed = 1): FakeClock {
  let mono = 0;
  let wallOffset = startAt;
  let order = 0;
  let uuids = 0;
  let state = seed >>> 0;
  const pending = new Set<Pending>();
  let deferred: (() => void)[] = [];

  const settle = async (): Promise<void> => {
    for (let round = 0; round < MICROTASK_ROUNDS; round += 1) {
      const turn = deferred;
      deferred = [];
      for (const fn of turn) fn();
      await Promise.resolve();
      if (turn.length > 0) round = 0;
    }
  };

  const earliest = (): Pending | undefined => {
    let best: Pending | undefined;
    for (const entry of pending) {
      if (best === undefined || entry.at < best.at || (entry.at === best.at && entry.order < best.order)) best = entry;
    }
    return best;
  };

  return {
    now: () => wallOffset + mono,
    monotonic: () => mono,
    setTimer(delayMs, fn): Timer {
      const entry: Pending = { at: mono + Math.max(0, delayMs), order: (order += 1), fn };
      pending.add(entry);
      return { cancel: () => pending.delete(entry) };
    },
    defer(fn) {
      deferred.push(fn);
    },
    random() {
      // mulberry32
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
    uuid() {
      uuids += 1;
      return `00000000-0000-4000-8000-${uuids.toString(16).padStart(12, "0")}`;
    },
    async advance(ms) {
      const end = mono + ms;
      await settle();
      for (let next = earliest(); next !== undefined && next.at <= end; next = earliest()) {
        mono = Math.max(mono, next.at);
        pending.delete(next);
        next.fn();
        await settle();
      }
      mono = end;
      await settle();
    },
    settle,
    stepWallClock(ms) {
      wallOffset += ms;
    },
    get timerCount() {
      return pending.size;
    },
  };
}
