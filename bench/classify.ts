/**
 * What classification costs per event with the built-in rules, against parsing every body and asking every rule; and what
 * the decoder of frames costs before it.
 *
 *   node bench/classify.ts [--json]
 *
 * The mix is that of a contact centre with conversations of all queues, presence and routing status of all users: the
 * life of a call (PROTOCOL 10.3) seen from its queue, with attribute changes while people talk, and agents' states between.
 * Figures are medians of five rounds in which everything is measured in turn; `cpu` is processor time of this process.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { createCelCompiler, EventFacts } from "../src/core/cel.ts";
import { type ClassifyInput, compileRules, unfoldRules } from "../src/core/classify.ts";
import { DEFAULT_CLASSES } from "../src/core/rule.ts";
import { compileTopics } from "../src/core/topic-pattern.ts";
import { createFrameDecoder } from "../src/sources/genesys/decode.ts";

/** Nanoseconds of one run. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
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

const ROUNDS = 5;
const TIMES = 6_000;
let kept: unknown;

function once(run: () => unknown): Cost {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let time = 0; time < TIMES; time += 1) kept = run();
  const wall = Number(process.hrtime.bigint() - start) / TIMES;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: ((user + system) * 1_000) / TIMES };
}

/** Medians, by the names of the runs; everything is warmed up with everything else before. */
function costsOf(runs: ReadonlyMap<string, () => unknown>): ReadonlyMap<string, Cost> {
  for (let round = 0; round < 3; round += 1) for (const run of runs.values()) once(run);
  const rounds = Array.from({ length: ROUNDS }, () => new Map([...runs].map(([name, run]) => [name, once(run)])));
  const median = (name: string, part: keyof Cost): number => {
    const sorted = rounds.map((costs) => costs.get(name)?.[part] ?? 0).toSorted((left, right) => left - right);
    return sorted[Math.floor(ROUNDS / 2)] ?? 0;
  };
  return new Map([...runs.keys()].map((name) => [name, { wall: median(name, "wall"), cpu: median(name, "cpu") }]));
}

/** Whether the body is parsed on the way. */
function isParsed(input: ClassifyInput): boolean {
  const { parse } = JSON;
  let calls = 0;
  JSON.parse = (...args: Parameters<typeof parse>): unknown => {
    calls += 1;
    return parse(...args);
  };
  classifier.classify(input);
  JSON.parse = parse;
  return calls > 0;
}

const FRAMES: readonly string[] = ["userPresence", "queueConversations.waiting", "userCalls.connected"];
const frames = new Map(FRAMES.map((name) => [name, encoder.encode(JSON.stringify(samples[name]))]));
const decode = createFrameDecoder(64);
const parsing = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

const costs = costsOf(
  new Map([
    ...MIX.map(([, what, input]) => [what, () => classifier.classify(input)] as const),
    ...MIX.map(([, what, input]) => [`plain ${what}`, () => plain(input)] as const),
    ...[...frames].map(([name, bytes]) => [`decode ${name}`, () => decode(bytes)] as const),
    ...[...frames].map(([name, bytes]) => [`parse ${name}`, () => parsing(bytes)] as const),
  ]),
);
if (kept === undefined) throw new Error("nothing was run");
const costOf = (name: string): Cost => costs.get(name) ?? { wall: 0, cpu: 0 };

const figures = MIX.map(([share, what, input]) => {
  const { ruleIndex, class: className } = classifier.classify(input);
  if (plain(input) !== className) throw new Error(`${what}: the two ways disagree`);
  const rule = classifier.ruleNames[ruleIndex] ?? "none";
  const [cost, plainCost] = [costOf(what), costOf(`plain ${what}`)];
  return { what, share, bytes: input.body.length, rule, isParsed: isParsed(input), cost, plain: plainCost };
});

const weighted = (value: (figure: (typeof figures)[number]) => number): number =>
  figures.reduce((sum, figure) => sum + value(figure) * figure.share, 0) / 100;

const report = {
  machine: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
  node: process.version,
  v8: process.versions.v8,
  figures,
  parsedPercent: weighted((figure) => (figure.isParsed ? 100 : 0)),
  mix: { wall: weighted((figure) => figure.cost.wall), cpu: weighted((figure) => figure.cost.cpu) },
  mixPlain: { wall: weighted((figure) => figure.plain.wall), cpu: weighted((figure) => figure.plain.cpu) },
  frames: [...frames].map(([name, { length }]) => ({
    name,
    bytes: length,
    decode: costOf(`decode ${name}`),
    parse: costOf(`parse ${name}`),
  })),
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
  for (const [, , input] of MIX) many.classify(input);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const nanos = ({ wall, cpu }: Cost): string => `${wall.toFixed(0).padStart(6)} ns (cpu ${cpu.toFixed(0).padStart(6)})`;
const ratio = (plainCost: Cost, cost: Cost): string => `${(plainCost.cpu / cost.cpu).toFixed(1).padStart(6)}x`;

if (process.argv.includes("--json")) console.log(JSON.stringify(report));
else {
  console.log(`${report.machine}, Node ${report.node}, V8 ${report.v8}; medians of ${ROUNDS}`);
  for (const { what, bytes, rule, cost, plain: plainCost, ...figure } of figures) {
    const size = `${what.padEnd(24)} ${String(bytes).padStart(5)} B ${figure.isParsed ? "parsed" : "      "}`;
    console.log(`${size} ${nanos(cost)}  parse + CEL ${nanos(plainCost)} ${ratio(plainCost, cost)}  ${rule}`);
  }
  console.log(`the mix, ${report.parsedPercent} % parsed: ${nanos(report.mix)} an event`);
  console.log(`parse + CEL always:  ${nanos(report.mixPlain)} an event`);
  for (const { name, bytes, decode: cost, parse } of report.frames) {
    console.log(`frame ${name.padEnd(28)} ${String(bytes).padStart(5)} B ${nanos(cost)}  JSON.parse ${nanos(parse)}`);
  }
  console.log(`10,000 rules compiled in ${report.rulesCompiledMs.toFixed(0)} ms`);
}
