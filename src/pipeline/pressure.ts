/**
 * Pressure: how full the fullest sink's work queue is, and the signal that follows from it. Two levels (hysteresis):
 * above `pauseAbove` sources that can wait are held back, below `resumeBelow` they go on. Live sources are never held back
 * by pressure: while a socket is paused, a ringing call stands in TCP, where urgency can't overtake; shedding makes room.
 */
import type { Clock, Timer } from "../ports/clock.ts";
import type { QueueLimits, StoreStats } from "../ports/store.ts";

/** Looked at after so many admitted events, */
const EVERY_EVENTS = 1_000;
/** and, while sources are held back, after so many milliseconds. */
const WHILE_HOLDING_MS = 100;

/** The gauge and its signal. */
export interface PressureGauge {
  /** Tells of admitted events. */
  admitted(count: number): void;
  /** The last reading: 1 = a limit is reached. */
  readonly level: number;
  readonly holding: boolean;
  stop(): void;
}

/** What the gauge reads and whom it tells. */
export interface PressureOptions {
  readonly clock: Clock;
  readonly stats: () => Promise<StoreStats>;
  readonly limits: ReadonlyMap<string, QueueLimits>;
  readonly pauseAbove: number;
  readonly resumeBelow: number;
  readonly hold: (held: boolean) => void;
}

/** A gauge that reads zero. */
export function createPressureGauge(options: PressureOptions): PressureGauge {
  const { clock, stats, limits, pauseAbove, resumeBelow, hold } = options;
  let level = 0;
  let holding = false;
  let sinceReading = 0;
  let reading = false;
  let stopped = false;
  let timer: Timer | undefined;

  const take = (current: StoreStats): void => {
    level = fullest(current, limits);
    const next = holding ? level >= resumeBelow : level > pauseAbove;
    if (next !== holding) {
      holding = next;
      hold(holding);
    }
    if (holding && !stopped) timer = clock.setTimer(WHILE_HOLDING_MS, read);
  };

  function read(): void {
    if (reading || stopped) return;
    reading = true;
    sinceReading = 0;
    timer?.cancel();
    stats()
      .then(take, () => undefined)
      .finally(() => {
        reading = false;
      });
  }

  return {
    admitted(count) {
      sinceReading += count;
      if (sinceReading >= EVERY_EVENTS) read();
    },
    get level() {
      return level;
    },
    get holding() {
      return holding;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

function fullest(stats: StoreStats, limits: ReadonlyMap<string, QueueLimits>): number {
  let most = 0;
  for (const [name, bound] of limits) {
    const sink = stats.sinks[name];
    if (sink === undefined) continue;
    most = Math.max(most, (sink.waiting + sink.inFlight) / bound.maxEvents, sink.bytes / bound.maxBytes);
  }
  return most;
}
