/**
 * Drain: how a sink's line comes to rest. Nothing new is claimed, what is out may finish within a budget, then the signals
 * of the rest are aborted. A handler that still acknowledges right after its signal counts as finished; every other one
 * keeps its lease, and closing the store gives the lease back without counting the attempt (Q12).
 */
import type { Clock } from "../ports/clock.ts";

/** How long the store may take for acknowledgements of the last moment, in milliseconds. */
const GRACE_MS = 250;

/** How long to wait. */
export interface StopOptions {
  /** Deliveries may finish for so long, in milliseconds. @defaultValue `drainMs` of the work queue */
  readonly budgetMs?: number;
  /** Ends the waiting early. */
  readonly signal?: AbortSignal;
}

/** What became of the deliveries that were out. */
export interface DrainReport {
  readonly sink: string;
  /** Ended after the stop began, and settled. */
  readonly finished: number;
  /** Given up: their signals were aborted. They will be handed over again. */
  readonly aborted: number;
  /** Envelopes waiting in the sink's work queue; undefined when the store does not say. */
  readonly waiting: number | undefined;
}

/** A line as far as draining goes. */
export interface Drainable {
  /** What is still to end: deliveries that are out, ends not settled yet, a claim under way. After `abort` ends alone. */
  readonly unfinished: number;
  /** Calls back when nothing is unfinished (once or more often). */
  whenIdle(fn: () => void): void;
  /** Aborts the signals of all that is out. */
  abort(): void;
}

/** Waits for rest within the budget, then gives up what is out. */
export async function drain(line: Drainable, clock: Clock, budgetMs: number, signal?: AbortSignal): Promise<void> {
  if (line.unfinished === 0) return;
  if (!signal?.aborted) await restOrGiveUp(line, clock, budgetMs, signal);
  if (line.unfinished === 0) return;
  line.abort();
  // Handlers that wait for their signal answer before the next turn; what they acknowledge is settled still.
  for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => clock.defer(resolve));
  if (line.unfinished > 0) await restOrGiveUp(line, clock, GRACE_MS);
}

function restOrGiveUp(line: Drainable, clock: Clock, budgetMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimer(budgetMs, done, { keepAlive: true });
    signal?.addEventListener("abort", done, { once: true });
    line.whenIdle(done);
  });
}
