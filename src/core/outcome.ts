/**
 * What a sink says of one delivery. Expected ends are values, not exceptions: a refused webhook is a `retry`, not a throw.
 */

/** Done; the envelope leaves the work queue. */
export interface AckOutcome {
  readonly result: "ack";
}

/** Not done; hand it over again later. */
export interface RetryOutcome {
  readonly result: "retry";
  /** One line on why, kept with the attempt and shown to people; never a secret. */
  readonly cause: string;
  /** A wait that the receiver asked for (`Retry-After`), in milliseconds; it wins over the backoff where it is longer. */
  readonly retryAfterMs?: number;
}

/** Will never be done; it becomes a dead letter at once. */
export interface DeadOutcome {
  readonly result: "dead";
  readonly cause: string;
}

/** The end of one delivery attempt. */
export type Outcome = AckOutcome | RetryOutcome | DeadOutcome;

/** The outcome of a delivery that worked. */
export const ACK: AckOutcome = { result: "ack" };

/**
 * An outcome that asks for another attempt.
 *
 * @param cause - one line on why; kept with the attempt, so no secret in it
 * @param retryAfterMs - wait at least so long, in milliseconds
 */
export function retry(cause: string, retryAfterMs?: number): RetryOutcome {
  return retryAfterMs === undefined ? { result: "retry", cause } : { result: "retry", cause, retryAfterMs };
}

/** An outcome that makes a dead letter at once. */
export function dead(cause: string): DeadOutcome {
  return { result: "dead", cause };
}

/** Whether a value that a handler returned is an outcome. */
export function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== "object" || value === null || !("result" in value)) return false;
  return value.result === "ack" || value.result === "retry" || value.result === "dead";
}
