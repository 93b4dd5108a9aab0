/** One delivery: an envelope in a handler's hands, from the hand-over to its outcome. */
import { causeOf, oneLine } from "../core/cause.ts";
import type { Outcome } from "../core/outcome.ts";
import { ACK, dead, isOutcome, retry } from "../core/outcome.ts";
import type { DeliveryContext } from "../ports/sink.ts";
import type { ClaimedEnvelope } from "../ports/store.ts";

/** A user's function: returns or resolves to anything (done), to an `Outcome` (as it says), or throws (try again). */
export type EnvelopeHandler = (envelope: ClaimedEnvelope, context: DeliveryContext) => unknown;

/** What is told of deliveries. Every member is optional and costs nothing when absent; one that throws is ignored. */
export interface DispatchListener {
  /** An envelope is about to be given to the handler. */
  handedOver?(sink: string, envelope: ClaimedEnvelope): void;
  /** The store has taken the end of a delivery; `tookMs` is the handler's time. */
  settled?(sink: string, envelope: ClaimedEnvelope, outcome: Outcome, tookMs: number): void;
  /** An envelope was given up: by its outcome, by its last attempt, or by a lease that ran out on its last attempt. */
  deadLettered?(sink: string, seq: number, cause: string): void;
  /** A lease ended before its delivery did; the envelope is handed over again elsewhere, this delivery's answer is void. */
  stale?(sink: string, envelope: ClaimedEnvelope): void;
}

/**
 * What the handler sees. The signal is made when it is first asked for: an `AbortController` costs more than handing over
 * the event, and most handlers that answer at once never look.
 */
export class LazyContext implements DeliveryContext {
  readonly attempt: number;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** @internal Kept off the object that handlers hold: `abort` is reached through this function only. */
  static abort(context: LazyContext, reason: Error): void {
    context.#reason ??= reason;
    context.#controller?.abort(context.#reason);
  }
}

/** An envelope that is out. */
export class Delivery {
  readonly envelope: ClaimedEnvelope;
  readonly context: LazyContext;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  tookMs = 0;
  /** Set once; what comes later is ignored. */
  outcome: Outcome | undefined;
  /** Wait before the next attempt, where the outcome is a retry. */
  delayMs = 0;
  /** The drain has given it up: only an ack still counts. */
  abandoned = false;

  constructor(envelope: ClaimedEnvelope, startedAt: number) {
    this.envelope = envelope;
    this.context = new LazyContext(envelope.attempt);
    this.startedAt = startedAt;
  }
}

/** The outcome in what a handler returned; total, whatever it is. */
export function toOutcome(answer: unknown): Outcome {
  try {
    return statedOutcome(answer);
  } catch (thrown) {
    return thrownOutcome(thrown);
  }
}

function statedOutcome(answer: unknown): Outcome {
  if (!isOutcome(answer)) return ACK;
  switch (answer.result) {
    case "ack":
      return ACK;
    case "dead":
      return dead(statedCause(answer.cause));
    case "retry":
      return retry(statedCause(answer.cause), statedWait(answer.retryAfterMs));
  }
}

/** The outcome of a handler that threw. */
export function thrownOutcome(thrown: unknown): Outcome {
  return retry(causeOf(thrown));
}

/** Whether an answer is still to come. May throw, as getters do. */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    ((typeof answer === "object" && answer !== null) || typeof answer === "function") &&
    "then" in answer &&
    typeof answer.then === "function"
  );
}

/** Outcomes come from users' code, where types are wishes. */
function statedCause(cause: unknown): string {
  return (typeof cause === "string" ? oneLine(cause) : "") || "failed without a reason";
}

function statedWait(waitMs: unknown): number | undefined {
  return typeof waitMs === "number" && waitMs > 0 && Number.isFinite(waitMs) ? waitMs : undefined;
}
