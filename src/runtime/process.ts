/**
 * The process around a service: how it is asked to stop.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks for a clean stop; the second means "now". What each of them does is the caller's
 * business: here they are two abort signals.
 *
 * One Ctrl-C often arrives twice: the terminal sends it to everything in the foreground, and npm sends on what it got. So what
 * comes within {@link SAME_STOP_MS} of the first signal is still the first one.
 */

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Signals that come so soon after the first, in milliseconds, are its echo; a person who means "now" takes longer. */
const SAME_STOP_MS = 300;

/** One of the signals that ask a process to stop. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** The part of `process` that is needed. */
export interface SignalEmitter {
  on(name: StopSignal, listener: (name: StopSignal) => void): unknown;
  off(name: StopSignal, listener: (name: StopSignal) => void): unknown;
}

/** Being asked to stop. */
export interface StopRequests {
  /** Aborted by the first signal; its reason is a {@link StopRequested}. */
  readonly soon: AbortSignal;
  /** Aborted by the second one that is no echo of the first. */
  readonly now: AbortSignal;
  /** Asks for a clean stop from within, as the first signal does. */
  stop(): void;
  /** Gives the signals back to Node. Idempotent. */
  release(): void;
}

/** Reason of the abort signals. */
export interface StopRequested {
  /** Undefined: the program itself asked. */
  readonly signal: StopSignal | undefined;
}

/**
 * Listens for the signals of this process.
 *
 * @param monotonic - milliseconds since some start
 */
export function listenForStop(
  emitter: SignalEmitter = process,
  monotonic: () => number = () => performance.now(),
): StopRequests {
  const soon = new AbortController();
  const now = new AbortController();
  let firstAt = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: StopSignal): void => {
    const reason: StopRequested = { signal };
    if (!soon.signal.aborted) {
      firstAt = monotonic();
      soon.abort(reason);
    } else if (monotonic() - firstAt > SAME_STOP_MS) now.abort(reason);
  };
  for (const name of STOP_SIGNALS) emitter.on(name, onSignal);
  return {
    soon: soon.signal,
    now: now.signal,
    stop: () => soon.abort({ signal: undefined } satisfies StopRequested),
    release: () => {
      for (const name of STOP_SIGNALS) emitter.off(name, onSignal);
    },
  };
}

/** Whether a process of this id lives (one that belongs to somebody else does too). */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
