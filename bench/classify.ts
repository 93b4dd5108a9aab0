/**
 * What classification costs per event with the built-in rules, against parsing every body and asking every rule.
 *
 *   node bench/classify.ts [--json]
 *
 * The mix is that of a contact centre with conversations of all queues, presence and routing status of all users: the
 * life of a call (PROTOCOL 10.3) seen from its queue, with attribute changes while people talk, and agents' states between.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { createCelCompiler, EventFacts } from "../src/core/cel.ts";
import { type ClassifyInput, compileRules, unfoldRules } from "../src/core/classify.ts";
import { createJsonScanner } from "../src/core/json-scan.ts";
import { DEFAULT_CLASSES } from "../src/core/rule.ts";
import { compileTopics } from "../src/core/topic-pattern.ts";

interface Figure {
  readonly what: string;
  readonly bytes: number;
  readonly rule: string;
  readonly nanos: number;
  readonly plainNanos: number;
}

const file = new URL("../test/fixtures/genesys-samples.json", import.meta.url);
const samples = JSON.parse(readFileSync(file, "utf8")) as Record<string, { topicName: string; eventBody: unknown }>;
const QUEUE = "v2.routing.queues.2b8c3f40-5d6e-4f70-8182-93a4b5c6d7e8.conversations";
const encoder = new TextEncoder();

const inputOf = (name: string, topic?: string): ClassifyInput => {
  const sample = samples[name];
  if (sample === undefined) throw new Error(`no sample ${name}`);
  return {
    topic: topic ?? sample.topicName,
    body: encoder.encode(JSON.stringify(sample.eventBody)),
    encoding: "json",
    source: "main",
    origin: "live",
    receivedAt: 1_772_625_600_000,
    key: "3c9d4051-6e7f-4081-9293-a4b5c6d7e8f9",
  };
};

/** How often each comes in a hundred events. */
const MIX: readonly (readonly [number, string, ClassifyInput])[] = [
  [6, "queue: waiting", inputOf("queueConversations.waiting")],
  [7, "queue: ringing", inputOf("userConversations.alerting", QUEUE)],
  [24, "queue: talking", inputOf("userCalls.connected", `${QUEUE}.calls`)],
  [14, "queue: ended", inputOf("userCalls.terminated", `${QUEUE}.calls`)],
  [9, "user: after-call work", inputOf("userConversations.acw")],
  [22, "presence", inputOf("userPresence")],
  [18, "routing status", inputOf("userRoutingStatus.idle")],
];

const classifier = compileRules([{ use: "defaults" }], DEFAULT_CLASSES);
const plain = createPlain();

/** Topic test, then JSON.parse and CEL for each rule; expressions compiled once, nothing else clever. */
function createPlain(): (input: ClassifyInput) => string {
  const cel = createCelCompiler("rule");
  const decoder = new TextDecoder();
  const rules = unfoldRules([{ use: "defaults" }]).map((rule) => ({
    class: rule.class,
    topics: compileTopics(rule.topics),
    when: rule.when === undefined ? undefined : cel.compile(rule.when, rule.name, "bool"),
  }));
  return (input) => {
    const body: unknown = JSON.parse(decoder.decode(input.body));
    const event = new EventFacts(input.source, input.origin, "", input.receivedAt);
    const isMatch = (when: (typeof rules)[number]["when"]): boolean => {
      try {
        return when === undefined || when.run({ topic: input.topic, body, event }) === true;
      } catch {
        return false;
      }
    };
    return rules.find((rule) => rule.topics.matches(input.topic) && isMatch(rule.when))?.class ?? "standard";
  };
}

/** Best of several rounds: what is measured is the work, not the neighbours on the machine. */
function nanosOf(run: () => unknown, rounds = 15, times = 4_000): number {
  let best = Number.POSITIVE_INFINITY;
  let kept: unknown;
  for (let round = 0; round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    for (let time = 0; time < times; time += 1) kept = run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / times);
  }
  if (kept === undefined) throw new Error("nothing was run");
  return best;
}

for (const [, , input] of MIX) {
  nanosOf(() => classifier.classify(input), 5);
  nanosOf(() => plain(input), 5);
}

const figures: Figure[] = MIX.map(([, what, input]) => {
  const { ruleIndex, class: className } = classifier.classify(input);
  if (plain(input) !== className) throw new Error(`${what}: the two ways disagree`);
  return {
    what,
    bytes: input.body.length,
    rule: classifier.ruleNames[ruleIndex] ?? "none",
    nanos: nanosOf(() => classifier.classify(input)),
    plainNanos: nanosOf(() => plain(input)),
  };
});

const weighted = (value: (figure: Figure) => number): number =>
  figures.reduce((sum, figure, at) => sum + value(figure) * (MIX[at]?.[0] ?? 0), 0) / 100;

const talking = MIX[2]?.[2];
const frame = encoder.encode(JSON.stringify(samples["queueConversations.waiting"]));
const scanner = createJsonScanner([["topicName"], ["eventBody"], ["eventBody", "id"], ["metadata", "CorrelationId"]]);
const report = {
  machine: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
  node: process.version,
  figures,
  mixNanos: weighted((figure) => figure.nanos),
  mixPlainNanos: weighted((figure) => figure.plainNanos),
  scanOfFrameNanos: nanosOf(() => scanner.scan(frame)),
  parseOfFrameNanos: nanosOf(() => JSON.parse(new TextDecoder().decode(frame)) as unknown),
  frameBytes: frame.length,
  rulesCompiledMs: compileMany(10_000),
};

/** So many rules beside each other, in milliseconds. */
function compileMany(count: number): number {
  const start = process.hrtime.bigint();
  const many = compileRules(
    Array.from({ length: count }, (_, at) => ({
      name: `rule ${at}`,
      topics: [`v2.users.${at}.presence`],
      when: `has(body.state) && body.state == "state ${at}"`,
      class: "high",
    })),
    DEFAULT_CLASSES,
  );
  if (talking !== undefined) many.classify(talking);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

if (process.argv.includes("--json")) console.log(JSON.stringify(report));
else {
  console.log(`${report.machine}, Node ${report.node}`);
  for (const { what, bytes, rule, nanos, plainNanos } of figures) {
    const ratio = (plainNanos / nanos).toFixed(1);
    console.log(
      `${what.padEnd(24)} ${String(bytes).padStart(5)} B  ${nanos.toFixed(0).padStart(6)} ns  parse + CEL ${plainNanos.toFixed(0).padStart(6)} ns  ${ratio.padStart(6)}x  ${rule}`,
    );
  }
  console.log(
    `the mix: ${report.mixNanos.toFixed(0)} ns an event; parse + CEL always: ${report.mixPlainNanos.toFixed(0)} ns`,
  );
  console.log(
    `byte scan of a frame of ${report.frameBytes} B: ${report.scanOfFrameNanos.toFixed(0)} ns; JSON.parse: ${report.parseOfFrameNanos.toFixed(0)} ns`,
  );
  console.log(`10,000 rules compiled in ${report.rulesCompiledMs.toFixed(0)} ms`);
}
