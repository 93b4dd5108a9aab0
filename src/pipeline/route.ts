/**
 * Routing: which sinks shall have an event. Conditions are compiled once; one that throws takes the event, because a
 * mistake in a condition must not lose a ringing call (it is counted by `explain` and in the logs of `config check`).
 */
import type { Classification, ClassifyInput } from "../core/classify.ts";
import { compileCondition, type Condition } from "../core/condition.ts";
import type { SinkRouter } from "./ingest.ts";

/** A sink and its condition, if it has one. */
export interface RoutedSink {
  readonly name: string;
  readonly when?: string | undefined;
}

/** How one sink answers for one event. */
export interface RouteStep {
  readonly name: string;
  readonly takes: boolean;
  readonly reason: string;
}

/** A router that can say why. */
export interface ExplainingRouter extends SinkRouter {
  explain(input: ClassifyInput, classification: Classification): readonly RouteStep[];
}

/**
 * Compiles the conditions of all sinks.
 *
 * @throws RingfirstError `RF_RULE_INVALID` naming the sink
 */
export function createRouter(sinks: readonly RoutedSink[]): ExplainingRouter {
  const all = sinks.map((sink) => sink.name);
  const compiled = sinks.map(({ name, when }) => ({
    name,
    condition: when === undefined ? undefined : compileCondition(when, `sink ${name}: when`),
  }));
  if (compiled.every((sink) => sink.condition === undefined))
    return { route: () => all, explain: () => all.map(unconditional) };
  return {
    route: (input, classification) =>
      compiled
        .filter(({ condition }) => condition === undefined || takes(condition, input, classification))
        .map((sink) => sink.name),
    explain: (input, classification) =>
      compiled.map(({ name, condition }) =>
        condition === undefined ? unconditional(name) : step(name, condition, input, classification),
      ),
  };
}

function takes(condition: Condition, input: ClassifyInput, classification: Classification): boolean {
  const answer = condition.test(input, classification);
  return answer.result;
}

function unconditional(name: string): RouteStep {
  return { name, takes: true, reason: "takes every event" };
}

function step(name: string, condition: Condition, input: ClassifyInput, classification: Classification): RouteStep {
  const { result, error } = condition.test(input, classification);
  if (error !== undefined) return { name, takes: true, reason: `when failed, so it takes the event: ${error}` };
  return { name, takes: result, reason: `when: ${result}` };
}
