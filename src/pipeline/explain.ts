/** Explain: how an event would travel, asked by people before it does. */
import type { Classifier, ClassifyInput } from "../core/classify.ts";
import type { ExplainQuery, Explanation } from "../ports/service.ts";
import type { ExplainingRouter } from "./route.ts";

const encoder = new TextEncoder();

/** The way of one event through rules and sinks; nothing is admitted. */
export function explainEvent(
  query: ExplainQuery,
  classifier: Classifier,
  router: ExplainingRouter,
  now: number,
): Explanation {
  const input: ClassifyInput = {
    topic: query.topic,
    body: encoder.encode(JSON.stringify(query.body ?? null)),
    encoding: "json",
    source: query.source ?? "explain",
    origin: "live",
    receivedAt: now,
    key: query.key,
  };
  const explanation = classifier.explain(input);
  return { ...explanation, sinks: router.explain(input, explanation) };
}
