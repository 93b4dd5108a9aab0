/** An explanation as lines of text. */
import type { ExplainQuery, Explanation } from "../../ports/service.ts";
import { columnsOf, pad, type Paint, printable } from "../text.ts";

/** For people: the answer first, then why. */
export function explanationLines(query: ExplainQuery, explanation: Explanation, paint: Paint): string[] {
  const { rule, steps, sinks, key, coalesceKey, ttlMs } = explanation;
  const none = paint("dim", "none");
  const facts: (readonly [string, string])[] = [
    ["topic", printable(query.topic)],
    ["class", paint("bold", printable(explanation.class))],
    ["key", key === undefined ? `${none} (a lane by itself)` : printable(key)],
    ["rule", rule === undefined ? `${none} (then the last class)` : printable(rule)],
    ...(coalesceKey === undefined ? [] : [["coalesces", `with ${printable(coalesceKey)}`] as const]),
    ...(ttlMs === undefined ? [] : [["expires", `${ttlMs} ms after its arrival`] as const]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    ...facts.map(([name, value]) => `${paint("dim", pad(name, width))}  ${value}`),
    "",
    paint("dim", "rules, the first that matches wins"),
    ...marked(
      steps.map((step) => ({ name: step.rule, yes: step.matched, reason: step.reason })),
      paint,
    ),
    "",
    paint("dim", "sinks"),
    ...(sinks.length === 0 ? ["  none configured"] : []),
    ...marked(
      sinks.map((sink) => ({ name: sink.name, yes: sink.takes, reason: sink.reason })),
      paint,
    ),
  ];
}

interface Mark {
  readonly name: string;
  readonly yes: boolean;
  readonly reason: string;
}

function marked(marks: readonly Mark[], paint: Paint): string[] {
  const width = Math.min(48, Math.max(0, ...marks.map(({ name }) => columnsOf(printable(name)))));
  return marks.map(({ name, yes, reason }) => {
    const sign = yes ? paint("green", "✓") : paint("dim", "·");
    const text = `${pad(printable(name), width)}  ${printable(reason)}`;
    return `  ${sign} ${yes ? text : paint("dim", text)}`;
  });
}
