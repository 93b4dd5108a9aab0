/**
 * A clean stop, in the order of the line: take nothing more, admit what was taken, let deliveries finish, release.
 *
 * C1  The whole stop has one budget; what it does not reach is told, never hidden.
 * C2  A store that keeps nothing over the process's end (`durability: "none"`) is emptied as far as the budget goes; a
 *     durable one only finishes what is in flight, the rest is there at the next start.
 * C3  The last part of the budget is kept for what is in flight: nothing is handed over in it that could not end in time.
 */
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

/** What a stop left behind. */
export interface CloseReport {
  /** Deliveries that ended while stopping. */
  readonly finished: number;
  /** Deliveries that were given up: their signals were aborted. */
  readonly aborted: number;
  /** Envelopes still waiting. With a durable store they are kept, with the memory store they are gone. */
  readonly waiting: number;
  /** Events taken from sources and not admitted in time. */
  readonly unadmitted: number;
  readonly tookMs: number;
  /** Whether anything is lost by ending now. */
  readonly clean: boolean;
}

/** The steps of a stop, in order. */
export interface CloseSteps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budgetMs: number;
  /** Whether the backlog survives the end of the process. */
  readonly durable: boolean;
  /** Sources take nothing more from here on; resolves when the provider is left clean. */
  readonly closeSources: () => Promise<void>;
  /** Answers how many events could not be admitted. */
  readonly closeIngest: (signal: AbortSignal) => Promise<number>;
  /** Envelopes in all sinks' work queues. */
  readonly backlog: () => Promise<{ readonly waiting: number; readonly inFlight: number }>;
  /** Calls back at each settled delivery. */
  readonly onSettled: (listener: () => void) => () => void;
  readonly stopDeliveries: (budgetMs: number, signal: AbortSignal) => Promise<{ aborted: number }>;
  /** Sinks, then the store. */
  readonly release: () => Promise<void>;
}

/** Runs the steps; `signal` ends the waiting at once. */
export async function closeLine(steps: CloseSteps, signal?: AbortSignal): Promise<CloseReport> {
  const { clock, logger, budgetMs, durable } = steps;
  const startedAt = clock.monotonic();
  const giveUp = new AbortController();
  const onAbort = (): void => giveUp.abort();
  if (signal?.aborted) giveUp.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const budget = clock.setTimer(budgetMs, onAbort, { keepAlive: true });
  let finished = 0;
  const stopCounting = steps.onSettled(() => {
    finished += 1;
  });
  const sourcesClosed = steps.closeSources();
  const unadmitted = await steps.closeIngest(giveUp.signal);
  if (!durable) await emptied(steps, giveUp.signal);
  const leftMs = Math.max(0, budgetMs - (clock.monotonic() - startedAt));
  const { aborted } = await steps.stopDeliveries(leftMs, giveUp.signal);
  stopCounting();
  const { waiting } = await steps.backlog();
  await orAborted(sourcesClosed, giveUp.signal);
  budget.cancel();
  signal?.removeEventListener("abort", onAbort);
  await steps.release();
  const lost = unadmitted + (durable ? 0 : waiting + aborted);
  const report = {
    finished,
    aborted,
    waiting,
    unadmitted,
    tookMs: Math.round(clock.monotonic() - startedAt),
    clean: lost === 0,
  };
  if (report.clean) logger.info({ ...report }, "closed: all that was taken is delivered or kept");
  else logger.warn({ ...report }, `closed with ${lost} events left behind; a longer drainMs gives them more time`);
  return report;
}

/** C3: the share of the budget, and at most so many milliseconds, in which nothing more is handed over. */
const TAIL_SHARE = 0.2;
const TAIL_MS = 2_000;

/** Resolves when nothing is left to deliver, when the tail of the budget begins, or when the signal is aborted. */
function emptied({ clock, budgetMs, backlog, onSettled }: CloseSteps, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let looking = false;
    let again = false;
    const done = (): void => {
      tail.cancel();
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const look = (): void => {
      again = looking;
      if (looking) return;
      looking = true;
      backlog().then(
        ({ waiting, inFlight }) => {
          looking = false;
          if (waiting + inFlight === 0) done();
          else if (again) look();
        },
        () => done(),
      );
    };
    const tail = clock.setTimer(budgetMs - Math.min(TAIL_MS, budgetMs * TAIL_SHARE), done, { keepAlive: true });
    const stop = onSettled(look);
    if (signal.aborted) {
      done();
      return;
    }
    signal.addEventListener("abort", done, { once: true });
    look();
  });
}

function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    work.then(resolve, () => resolve());
  });
}
