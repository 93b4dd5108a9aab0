/** Time and chance as inputs: everything but `runtime/` gets them from here, so tests and simulations can own them. */

/** A timer that has been set; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Wall clock, monotonic clock, timers and chance. */
export interface Clock {
  /** Epoch milliseconds with a fraction (sub-millisecond resolution). May step when the wall clock is set. */
  now(): number;
  /** Milliseconds since some start; never steps. For time-outs and durations. */
  monotonic(): number;
  /**
   * Calls `fn` once, not before `delayMs` have gone by. Any finite delay works (the production clock chains waits above 2^31-1 ms).
   * A timer does not keep the process alive unless `keepAlive` is set.
   */
  setTimer(delayMs: number, fn: () => void, options?: { readonly keepAlive?: boolean }): Timer;
  /** Calls `fn` after pending I/O had its turn (`setImmediate`); for work that would hold up the event loop. */
  defer(fn: () => void): void;
  /** A number in [0, 1). */
  random(): number;
  /** A fresh UUID. */
  uuid(): string;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
