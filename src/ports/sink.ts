/** The sink port: the right edge. A sink delivers one event once and says how it ended; retries are not its business. */
import type { Outcome } from "../core/outcome.ts";
import type { RingfirstEvent } from "../core/event.ts";

/** What goes with one delivery. */
export interface DeliveryContext {
  /** Aborted when the time limit ends or the service gives up draining. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
}

/** The right edge of the line. */
export interface Sink {
  /** Unique; shown in logs, metrics and dead letters. */
  readonly name: string;
  /** `handler`, `ndjson`, `webhook`, … */
  readonly type: string;
  /** Delivers once. A throw counts as a retry with the error's message as its cause. */
  deliver(event: RingfirstEvent, context: DeliveryContext): Outcome | Promise<Outcome>;
  /** Why nothing can be delivered at the moment, in one line; makes the service unready. Absent or undefined: all is well. */
  trouble?(): string | undefined;
  /** Flushes and releases. Idempotent. */
  close(): Promise<void>;
}
