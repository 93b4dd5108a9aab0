/** What a schema can't say: names used once, names that exist, sums that fit, expressions that compile, addresses that are safe. */
import { type CelCompiler, createCelCompiler } from "../core/cel.ts";
import { DEFAULT_RULES } from "../core/default-rules.ts";
import { DEFAULT_CLASSES } from "../core/rule.ts";
import { topicProblem as wireProblem } from "../core/topic.ts";
import { topicPatternProblem } from "../core/topic-pattern.ts";
import { isRingfirstError } from "../errors.ts";
import { DEFAULTS } from "../options.ts";
import { REGIONS, resolveRegion } from "../wire/regions.ts";
import type { Config, RuleConfig, SinkConfig, SourceConfig } from "./config.ts";
import { addressProblem } from "./address.ts";
import { type ConfigPath, didYouMean } from "./problem.ts";
import type { Finding } from "./shape.ts";

/** Everything that is wrong with a configuration of the right shape. */
export function checkMeaning(config: Config): readonly Finding[] {
  const findings: Finding[] = [];
  const report = (path: ConfigPath, message: string): void => {
    findings.push({ path, message });
  };
  const classes = (config.classes ?? DEFAULT_CLASSES).map((entry) => entry.name);
  checkUnique("sources", config.sources, report);
  checkUnique("sinks", config.sinks, report);
  checkUnique("classes", config.classes ?? [], report);
  checkShares(config, report);
  config.sources.forEach((source, at) => checkSource(source, ["sources", at], report));
  checkRules(config, classes, report);
  const cel = createCelCompiler("sink");
  config.sinks.forEach((sink, at) => checkSink(sink, ["sinks", at], classes, cel, report));
  if (config.sources.filter((source) => source.type === "http").length > 1) {
    report(["sources"], "one source of type http is enough: all of POST /api/events goes to it");
  }
  const pauseAbove = config.pressure?.pauseAbove ?? DEFAULTS.pressure.pauseAbove;
  if ((config.pressure?.resumeBelow ?? Math.min(DEFAULTS.pressure.resumeBelow, pauseAbove)) > pauseAbove) {
    report(["pressure", "resumeBelow"], `must not be above pauseAbove (${pauseAbove})`);
  }
  checkServer(config, report);
  return findings;
}

type Report = (path: ConfigPath, message: string) => void;

function checkUnique(list: string, entries: readonly { readonly name: string }[], report: Report): void {
  const first = new Map<string, number>();
  entries.forEach(({ name }, at) => {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, at);
    else report([list, at, "name"], `the name ${JSON.stringify(name)} is taken by ${list}[${earlier}]`);
  });
}

function checkShares(config: Config, report: Report): void {
  const sum = (config.classes ?? []).reduce((total, entry) => total + (entry.minShare ?? 0), 0);
  if (sum > 0.5 + Number.EPSILON) report(["classes"], `minShare of all classes may be 0.5 together, found ${sum}`);
}

/** What the guard of the HTTP server would never match is a mistake. */
function checkServer({ server }: Config, report: Report): void {
  server?.allowedHosts?.forEach((host, at) => {
    if (/^(?:[\w-]+\.)*[\w-]+\.?$|^\[?[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*\]?$/iu.test(host)) return;
    report(
      ["server", "allowedHosts", at],
      `a name or address without scheme and port expected, found ${JSON.stringify(host)}`,
    );
  });
  server?.allowedOrigins?.forEach((origin, at) => {
    const url = URL.parse(origin);
    const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
    if (isWeb && url.origin === origin.toLowerCase()) return;
    report(
      ["server", "allowedOrigins", at],
      `an origin such as https://wall.example.com, without a path, expected, found ${JSON.stringify(origin)}`,
    );
  });
}

function checkSource(source: SourceConfig, path: ConfigPath, report: Report): void {
  if (source.type === "http") return;
  if (source.region !== undefined) checkRegion(source.region, [...path, "region"], report);
  else if (source.type === "genesys" && !(source.endpoints?.login && source.endpoints.api)) {
    report([...path, "region"], "is missing; only with both endpoints, login and api, it may be");
  }
  for (const [name, address] of Object.entries(source.endpoints ?? {})) {
    const problem = address === undefined ? undefined : addressProblem(address, name === "socket" ? "ws" : "http");
    if (problem !== undefined) report([...path, "endpoints", name], problem);
  }
  if (source.type !== "genesys") return;
  source.topics.forEach((entry, at) => {
    const topic = typeof entry === "string" ? entry : entry.topic;
    const place = typeof entry === "string" ? [...path, "topics", at] : [...path, "topics", at, "topic"];
    const problem = topicProblem(topic);
    if (problem !== undefined) report(place, problem);
    if (typeof entry === "string" || entry.members === undefined) return;
    const { queue, division } = entry.members;
    if ((queue === undefined) === (division === undefined)) {
      report([...path, "topics", at, "members"], "either queue or division expected");
    }
    if (!topic.includes("{*}")) report(place, "members say whom {*} stands for, and there is no {*} in the topic");
  });
}

function checkRegion(region: string, path: ConfigPath, report: Report): void {
  try {
    resolveRegion(region);
  } catch {
    const names = REGIONS.map(({ awsRegion, domain }) => `${awsRegion} (${domain})`).join(", ");
    const guess = didYouMean(
      region,
      REGIONS.flatMap(({ awsRegion, domain }) => [awsRegion, domain]),
    );
    report(
      path,
      `Genesys Cloud has no region ${JSON.stringify(region.slice(0, 80))}${guess || `; there are ${names}`}`,
    );
  }
}

/** What is wrong with a topic to subscribe to (docs/protocol.md, 6); undefined for a good one. */
function topicProblem(topic: string): string | undefined {
  const plain = topic.replaceAll("{*}", "x");
  if (plain.includes("*") || /[{}]/u.test(plain)) {
    return `"{*}" stands for every one that the client may see, else a concrete id is wanted; found ${JSON.stringify(topic)}`;
  }
  if (/^(?:channel\.metadata|v2\.system\b)/iu.test(topic)) return "arrives by itself and can't be subscribed";
  if (topic.length >= 200) return "a topic has less than 200 characters";
  if (/^v2(?:\.[A-Za-z0-9_-]+)+(?:\?[A-Za-z0-9_.&-]+)?$/u.test(plain)) return wireProblem(topic);
  return `a topic such as v2.users.{*}.presence expected, found ${JSON.stringify(topic)}`;
}

function checkRules(config: Config, classes: readonly string[], report: Report): void {
  const rules = config.rules ?? [{ use: "defaults" }];
  const cel = createCelCompiler("rule");
  const first = new Map<string, number>();
  let closedBy: number | undefined;
  rules.forEach((rule, at) => {
    const path = ["rules", at];
    if (closedBy !== undefined) {
      report(path, `is never reached: rules[${closedBy}] matches every event that comes so far`);
      return;
    }
    if ("use" in rule) {
      closedBy = at;
      const missing = [...new Set(DEFAULT_RULES.map((entry) => entry.class))].filter((name) => !classes.includes(name));
      if (missing.length > 0) {
        report(
          config.rules === undefined ? ["classes"] : path,
          `the built-in rules need the classes critical, high and standard; missing: ${missing.join(", ")}`,
        );
      }
      return;
    }
    if (rule.topics === undefined && rule.when === undefined) closedBy = at;
    const earlier = first.get(rule.name);
    if (earlier !== undefined)
      report([...path, "name"], `the name ${JSON.stringify(rule.name)} is taken by rules[${earlier}]`);
    first.set(rule.name, at);
    checkRule(rule, path, classes, cel, report);
  });
}

function checkRule(
  rule: RuleConfig,
  path: ConfigPath,
  classes: readonly string[],
  cel: CelCompiler,
  report: Report,
): void {
  if (!classes.includes(rule.class)) report([...path, "class"], unknownClass(rule.class, classes));
  rule.topics?.forEach((pattern, at) => {
    const problem = topicPatternProblem(pattern);
    if (problem !== undefined) report([...path, "topics", at], problem);
  });
  checkExpression(rule.when, [...path, "when"], cel, "bool", report);
  checkExpression(rule.key, [...path, "key"], cel, "string", report);
  checkExpression(rule.coalesceKey, [...path, "coalesceKey"], cel, "string", report);
}

function checkExpression(
  expression: string | undefined,
  path: ConfigPath,
  cel: CelCompiler,
  result: "bool" | "string",
  report: Report,
): void {
  if (expression === undefined) return;
  try {
    cel.compile(expression, "expression", result);
  } catch (error) {
    if (!isRingfirstError(error)) throw error;
    report(path, error.message.replace(/^expression: /u, ""));
  }
}

function checkSink(
  sink: SinkConfig,
  path: ConfigPath,
  classes: readonly string[],
  cel: CelCompiler,
  report: Report,
): void {
  checkExpression(sink.when, [...path, "when"], cel, "bool", report);
  const concurrency = sink.concurrency ?? DEFAULTS.delivery.concurrency;
  let reserved = 0;
  for (const [name, hands] of Object.entries(sink.reserve ?? {})) {
    reserved += hands;
    if (!classes.includes(name)) report([...path, "reserve", name], unknownClass(name, classes));
  }
  if (reserved > concurrency) {
    report([...path, "reserve"], `at most concurrency (${concurrency}) in all expected, found ${reserved}`);
  }
  const without = classes.filter((name) => (sink.reserve?.[name] ?? 0) === 0);
  if (reserved === concurrency && without.length > 0) {
    report(
      [...path, "reserve"],
      `at least one hand must be left for ${without.join(", ")}; all ${concurrency} are reserved`,
    );
  }
  if (sink.type !== "webhook") return;
  const problem = addressProblem(sink.url, "http");
  if (problem !== undefined) report([...path, "url"], problem);
}

function unknownClass(name: string, classes: readonly string[]): string {
  return `no class is named ${JSON.stringify(name)}; there are ${classes.join(", ")}${didYouMean(name, classes)}`;
}
