/**
 * The process around a service: how it is asked to stop.
 *
 * The first SIGINT, SIGTERM or SIGHUP asks for a clean stop; the second means "now". What each of them does is the caller's
 * business: here they are two abort signals.
 */

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

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
  /** Aborted by the second one. */
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

/** Listens for the signals of this process. */
export function listenForStop(emitter: SignalEmitter = process): StopRequests {
  const soon = new AbortController();
  const now = new AbortController();
  const onSignal = (signal: StopSignal): void => {
    const reason: StopRequested = { signal };
    if (soon.signal.aborted) now.abort(reason);
    else soon.abort(reason);
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
