/** The machine's time and chance. The only place with timers and clocks. */
import { randomUUID } from "node:crypto";
import type { Clock, Timer } from "../ports/clock.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;
/** A step of the wall clock that is followed; below it the finer monotonic reading is believed. */
const STEP_MS = 20;

/** The production clock. */
export function systemClock(): Clock {
  let offset = Date.now() - performance.now();
  return {
    now(): number {
      const fine = offset + performance.now();
      const wall = Date.now();
      if (Math.abs(wall - fine) <= STEP_MS) return fine;
      offset += wall - fine;
      return wall;
    },
    monotonic: () => performance.now(),
    setTimer: (delayMs, fn, options) => setLongTimer(delayMs, fn, options?.keepAlive ?? false),
    defer: (fn) => {
      setImmediate(fn);
    },
    random: Math.random,
    uuid: randomUUID,
  };
}

/** `setTimeout` fires at once above 2^31-1 ms; longer waits are chained. */
function setLongTimer(delayMs: number, fn: () => void, keepAlive: boolean): Timer {
  const end = performance.now() + delayMs;
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const left = Math.max(0, end - performance.now());
    handle = setTimeout(left > MAX_TIMER_MS ? arm : fn, Math.min(left, MAX_TIMER_MS));
    if (!keepAlive) handle.unref();
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}
