/** A function as a sink: the shortest way from an event to your own code. */
import type { RingfirstEvent } from "../core/event.ts";
import type { Outcome } from "../core/outcome.ts";
import { ACK, isOutcome } from "../core/outcome.ts";
import type { DeliveryContext, Sink } from "../ports/sink.ts";

/** Your function. Returns or resolves to anything (done), to an `Outcome` (as it says), or throws (tried again later). */
export type EventHandler = (event: RingfirstEvent, context: DeliveryContext) => unknown;

/** What {@link handlerSink} takes. */
export interface HandlerSinkOptions {
  /** Unique among the sinks. @defaultValue `"handler"` */
  readonly name?: string;
  readonly handle: EventHandler;
}

/**
 * A sink that calls a function.
 *
 * @example
 * ```ts
 * import { handlerSink } from "ringfirst";
 *
 * const popups = handlerSink({
 *   name: "popups",
 *   handle: async (event, { signal, attempt }) => {
 *     await fetch("https://popups.example.com", { method: "POST", body: event.bytes, signal });
 *   },
 * });
 * ```
 */
export function handlerSink(options: HandlerSinkOptions): Sink {
  const { name = "handler", handle } = options;
  return {
    name,
    type: "handler",
    deliver(event, context) {
      const answer = handle(event, context);
      // A function that answers at once costs no promise.
      return isThenable(answer) ? Promise.resolve(answer).then(asOutcome) : asOutcome(answer);
    },
    close: () => Promise.resolve(),
  };
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === "object" && answer !== null && "then" in answer && typeof answer.then === "function";
}

function asOutcome(answer: unknown): Outcome {
  return isOutcome(answer) ? answer : ACK;
}
