/** Shape of a configuration: zod's findings in our words, with what was found, what is allowed and a guess at what was meant. */
import type { core } from "zod";
import type { Config } from "./config.ts";
import { type ConfigPath, didYouMean, showPath } from "./problem.ts";
import { configSchema, SECRET_MEMBERS } from "./schema.ts";

/** A finding without its place in the file. */
export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
  /** The finding is about the member's name, not its value. */
  readonly isAboutName?: boolean;
}

/** A configuration of the right shape, or what is wrong with it. */
export type ShapeResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Checks a value against the schema.
 *
 * @param references - texts with variables by path; their values are not shown, and may stand for numbers and switches
 */
export function checkShape(value: unknown, references: ReadonlyMap<string, string>): ShapeResult {
  let current = value;
  let parsed = configSchema.safeParse(current);
  if (!parsed.success) {
    const { changed, value: converted } = convertReferences(current, parsed.error.issues, references);
    if (changed) {
      current = converted;
      parsed = configSchema.safeParse(current);
    }
  }
  if (parsed.success) return { ok: true, config: parsed.data };
  const findings = parsed.error.issues.flatMap((issue) => findingsOf(issue, [], current, references));
  return { ok: false, findings };
}

/** `port: ${PORT}` is text to YAML; where a number or a switch is wanted it is read as one. */
function convertReferences(
  value: unknown,
  issues: readonly core.$ZodIssue[],
  references: ReadonlyMap<string, string>,
): { readonly changed: boolean; readonly value: unknown } {
  let current = value;
  let changed = false;
  for (const issue of issues) {
    const path = toPath(issue.path);
    if (issue.code !== "invalid_type" || !references.has(showPath(path))) continue;
    const converted = convert(valueAt(current, path), issue.expected);
    if (converted === undefined) continue;
    current = withValue(current, path, converted);
    changed = true;
  }
  return { changed, value: current };
}

function convert(value: unknown, expected: string): number | boolean | undefined {
  if (typeof value !== "string") return undefined;
  if (expected === "boolean") return value === "true" ? true : value === "false" ? false : undefined;
  if (expected !== "number" && expected !== "int") return undefined;
  return /^-?\d+(\.\d+)?$/u.test(value) ? Number(value) : undefined;
}

function findingsOf(
  issue: core.$ZodIssue,
  outer: ConfigPath,
  value: unknown,
  references: ReadonlyMap<string, string>,
): readonly Finding[] {
  const path = [...outer, ...toPath(issue.path)];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownMember(key, path));
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branch = likelyBranch(issue.errors, valueAt(value, path));
    return branch.flatMap((inner) => findingsOf(inner, path, value, references));
  }
  const found = valueAt(value, path);
  if (found === undefined && issue.code === "invalid_type") return [{ path, message: "is missing" }];
  return [
    { path, message: `${allowedBy(issue)} expected, found ${show(found, path, references)}${guess(issue, found)}` },
  ];
}

function unknownMember(key: string, path: ConfigPath): Finding {
  const allowed = membersAt(path);
  const names = allowed.length === 0 ? "" : `; allowed are ${allowed.join(", ")}`;
  return {
    path: [...path, key],
    message: `there is no such member${didYouMean(key, allowed) || names}`,
    isAboutName: true,
  };
}

/** The alternative that was most likely meant: the one with an unknown member less, or whose complaint lies deepest. */
function likelyBranch(branches: readonly (readonly core.$ZodIssue[])[], value: unknown): readonly core.$ZodIssue[] {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const weight = (issues: readonly core.$ZodIssue[]): number => {
    const atRoot = issues.filter((issue) => issue.path.length === 0);
    const isWrongKind = atRoot.some((issue) => issue.code === "invalid_type");
    const isWrongUse = isObject && "use" in value !== issues.some((issue) => issue.path[0] === "use");
    const strangers = atRoot.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : [])).length;
    return (isWrongKind ? 1_000 : 0) + strangers * 10 + issues.length + (isWrongUse ? 1 : 0);
  };
  return [...branches].sort((a, b) => weight(a) - weight(b))[0] ?? [];
}

function allowedBy(issue: core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? `a ${issue.expected}`;
    case "invalid_value":
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      return `one of ${discriminators(issue).join(", ")}`;
    case "too_small":
      return size(issue.origin, `at least ${issue.minimum}`, `above ${issue.minimum}`, issue.inclusive ?? true);
    case "too_big":
      return size(issue.origin, `at most ${issue.maximum}`, `below ${issue.maximum}`, issue.inclusive ?? true);
    case "invalid_format":
      return "letters, digits, dots, dashes and underscores (64 at most)";
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
    case "unrecognized_keys":
    case "custom":
      return "another value";
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "members (name: value)",
  record: "members (name: value)",
};

function size(origin: string, inclusive: string, exclusive: string, isInclusive: boolean): string {
  const bound = isInclusive ? inclusive : exclusive;
  if (origin === "string") return `a text of ${bound} characters`;
  if (origin === "array" && bound === "at least 1") return "a list with at least one entry";
  return origin === "array" ? `a list of ${bound} entries` : `a number ${bound}`;
}

/** Where zod tells a kind by a member such as `type`, the values that it knows. */
function discriminators(issue: core.$ZodIssueInvalidUnion): readonly string[] {
  return "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : ["the known kinds"];
}

function guess(issue: core.$ZodIssue, found: unknown): string {
  if (typeof found !== "string") return "";
  if (issue.code === "invalid_value") return didYouMean(found, issue.values.map(String));
  return issue.code === "invalid_union" ? didYouMean(found, discriminators(issue)) : "";
}

/** A value for people: no secret, nothing from a variable, not much of anything. */
export function show(value: unknown, path: ConfigPath, references: ReadonlyMap<string, string>): string {
  const reference = references.get(showPath(path));
  if (reference !== undefined) return JSON.stringify(reference);
  if (value === undefined) return "nothing";
  if (value === null) return "nothing (null)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "members (name: value)";
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return typeof value;
  if (path.some((step) => isSecretName(String(step))))
    return `a ${typeof value === "string" ? "text" : typeof value} (not shown)`;
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return String(value);
}

/** Whether values under this name are never shown. */
export function isSecretName(name: string): boolean {
  return SECRET_MEMBERS.includes(name) || name === "headers";
}

/** Names allowed at a place, asked of the schema itself: an unknown one is put there and the complaint says nothing; so by table. */
function membersAt(path: ConfigPath): readonly string[] {
  const names = path.filter((step) => typeof step === "string").join(".");
  return MEMBERS[names] ?? [];
}

const DELIVERY = ["name", "type", "when", "concurrency", "reserve", "timeoutMs", "retry", "limits"];
const ACCESS = ["name", "type", "region", "clientId", "clientSecret", "clientSecretFile", "endpoints"];

/** Names of members by place, for "did you mean" (tested against the schema). */
export const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  "": [
    "sources",
    "classes",
    "rules",
    "sinks",
    "lifecycle",
    "store",
    "limits",
    "dedup",
    "leaseMs",
    "pressure",
    "deadLetters",
    "drainMs",
    "server",
    "log",
  ],
  sources: [...ACCESS, "topics", "lookUpEveryMs", "reconcile", "limits"],
  "sources.reconcile": ["atStart", "afterGaps", "analyticsLagMs"],
  "sources.limits": ["topicsPerChannel", "channels", "combinedCountOnce"],
  "sources.topics": ["topic", "members"],
  "sources.topics.members": ["queue", "division"],
  "sources.endpoints": ["login", "api", "socket"],
  classes: ["name", "neverShed", "minShare"],
  rules: ["name", "topics", "when", "class", "key", "coalesceKey", "ttlMs", "use"],
  sinks: [...DELIVERY, "url", "secret", "secretFile", "allowPrivate", "headers", "path"],
  "sinks.retry": ["maxAttempts", "initialMs", "maxMs"],
  "sinks.limits": ["maxEvents", "maxBytes"],
  lifecycle: ["maxConversations", "forgetAfterMs", "recallMs", "lateAfterMs"],
  store: ["type", "path", "sync", "keep"],
  "store.keep": ["hours", "maxBytes"],
  limits: ["maxEvents", "maxBytes", "maxFrameBytes", "maxDepth"],
  dedup: ["windowMs", "maxCount"],
  pressure: ["pauseAbove", "resumeBelow"],
  deadLetters: ["maxCount"],
  server: ["host", "port", "token", "tokenFile", "allowedHosts", "allowedOrigins"],
  log: ["level"],
};

function toPath(path: readonly PropertyKey[]): ConfigPath {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  let current: unknown = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}

function withValue(value: unknown, path: ConfigPath, replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (Array.isArray(value)) return value.map((item, at) => (at === step ? withValue(item, rest, replacement) : item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === step ? withValue(member, rest, replacement) : member,
    ]),
  );
}
