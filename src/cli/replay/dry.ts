/** What a recording would come to: events per class, rule and sink; nothing is admitted or delivered. */
import { compileRules } from "../../core/classify.ts";
import { RecordingReader } from "../../core/recording-read.ts";
import { resolveClasses } from "../../options.ts";
import { createRouter } from "../../pipeline/route.ts";
import type { PlayOptions } from "../../sources/replay.ts";
import type { ReplayPlan } from "./plan.ts";
import type { RecordingFile } from "./recording-file.ts";

/** Counts of a dry replay. */
export interface DryReport {
  readonly events: number;
  readonly wrongLines: number;
  readonly torn: boolean;
  /** From the first event to the last, as it was recorded. */
  readonly spanMs: number;
  readonly classes: Readonly<Record<string, number>>;
  /** By the rule that matched; "" where none did. */
  readonly rules: Readonly<Record<string, number>>;
  readonly sinks: Readonly<Record<string, number>>;
  /** Rules that failed on the way. */
  readonly ruleErrors: number;
}

/** @throws RingfirstError `RF_RULE_INVALID` */
export async function classifyRecording(
  file: RecordingFile,
  plan: ReplayPlan,
  { fromMs = 0, toMs = Number.POSITIVE_INFINITY }: PlayOptions,
  onWrongLine: (message: string) => void,
): Promise<DryReport> {
  const classes = resolveClasses(plan.options.classes);
  const classifier = compileRules(plan.options.rules ?? [{ use: "defaults" }], classes);
  const router = createRouter(plan.options.sinks.map(({ sink, when }) => ({ name: sink.name, when })));
  const byClass = new Map(classes.map(({ name }) => [name, 0]));
  const byRule = new Map(classifier.ruleNames.map((name) => [name, 0]));
  const bySink = new Map(plan.options.sinks.map(({ sink }) => [sink.name, 0]));
  const sums = { events: 0, wrongLines: 0, ruleErrors: 0, torn: false, first: Number.NaN, last: Number.NaN };
  const take = (item: ReturnType<RecordingReader["push"]>[number]): void => {
    if (item.kind === "torn") sums.torn = true;
    if (item.kind === "wrong") {
      sums.wrongLines += 1;
      onWrongLine(item.message);
    }
    if (item.kind !== "event" || item.event.at < fromMs || item.event.at >= toMs) return;
    const { at, ...event } = item.event;
    const input = { ...event, origin: "replayed" as const, receivedAt: file.header.startedAt + at };
    const classification = classifier.classify(input);
    add(byClass, classification.class);
    add(byRule, classifier.ruleNames[classification.ruleIndex] ?? "");
    for (const sink of router.route(input, classification)) add(bySink, sink);
    sums.events += 1;
    sums.ruleErrors += classification.ruleErrors;
    sums.first = Number.isNaN(sums.first) ? at : sums.first;
    sums.last = at;
  };
  const reader = new RecordingReader();
  for await (const piece of file.bytes()) reader.push(piece).forEach(take);
  reader.end().forEach(take);
  return {
    events: sums.events,
    wrongLines: sums.wrongLines,
    torn: sums.torn,
    spanMs: sums.events === 0 ? 0 : Math.max(0, Math.round(sums.last - sums.first)),
    classes: Object.fromEntries(byClass),
    rules: Object.fromEntries(byRule),
    sinks: Object.fromEntries(bySink),
    ruleErrors: sums.ruleErrors,
  };
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
