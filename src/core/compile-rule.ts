/** One rule, checked and compiled. */
import { RingfirstError } from "../errors.ts";
import type { CelCompiler, CelProgram } from "./cel.ts";
import { type KeyPlan, planKey } from "./key-plan.ts";
import { type Decision, decisionOf } from "./quick-cel.ts";
import type { Rule } from "./rule.ts";
import { compileTopics, type TopicMatcher, topicPatternProblem } from "./topic-pattern.ts";

/** A rule that is ready for events. */
export interface CompiledRule {
  readonly name: string;
  /** Its place in the unfolded list. */
  readonly index: number;
  readonly topics: TopicMatcher;
  readonly hasTopics: boolean;
  readonly when: CelProgram | undefined;
  /** The same condition, asked the cheapest way. */
  readonly decide: Decision | undefined;
  readonly class: string;
  readonly key: KeyPlan | undefined;
  readonly coalesceKey: KeyPlan | undefined;
  readonly ttlMs: number | undefined;
}

/** The longest time to live, in milliseconds: a year. */
const MAX_TTL_MS = 31_536_000_000;

/**
 * Compiles one rule.
 *
 * @param classes - names of the configured classes
 * @param paths - members of the body that keys are read from; the rule's own are added
 * @throws RingfirstError `RF_RULE_INVALID`; `details.field` names the part of the rule
 */
export function compileRule(
  rule: Rule,
  index: number,
  classes: readonly string[],
  cel: CelCompiler,
  paths: (readonly string[])[],
): CompiledRule {
  const where = `rule ${JSON.stringify(rule.name)}`;
  checkTopics(rule, where);
  if (!classes.includes(rule.class)) {
    throw invalidRule(
      where,
      "class",
      `the class ${JSON.stringify(rule.class)} is not configured; there are ${classes.join(", ")}`,
    );
  }
  if (rule.ttlMs !== undefined && !(rule.ttlMs > 0 && rule.ttlMs <= MAX_TTL_MS)) {
    throw invalidRule(where, "ttlMs", `a number above 0 and up to ${MAX_TTL_MS} expected, found ${rule.ttlMs}`);
  }
  const { when, key, coalesceKey, ttlMs } = rule;
  const compileField = (field: string, expression: string | undefined, result: "bool" | "string") =>
    expression === undefined
      ? undefined
      : namingField(field, () => cel.compile(expression, `${where}: ${field}`, result));
  const whenProgram = compileField("when", when, "bool");
  const keyProgram = compileField("key", key, "string");
  const coalesceProgram = compileField("coalesceKey", coalesceKey, "string");
  return {
    name: rule.name,
    index,
    topics: compileTopics(rule.topics),
    hasTopics: rule.topics !== undefined && rule.topics.length > 0,
    when: whenProgram,
    decide: whenProgram && decisionOf(whenProgram),
    class: rule.class,
    key: keyProgram && planKey(keyProgram, paths),
    coalesceKey: coalesceProgram && planKey(coalesceProgram, paths),
    ttlMs,
  };
}

function checkTopics(rule: Rule, where: string): void {
  for (const pattern of rule.topics ?? []) {
    const problem = topicPatternProblem(pattern);
    if (problem !== undefined) throw invalidRule(where, "topics", `${problem} (in ${JSON.stringify(pattern)})`);
  }
}

function invalidRule(where: string, field: string, problem: string): RingfirstError {
  return new RingfirstError("RF_RULE_INVALID", `${where}: ${field}: ${problem}`, { details: { where, field } });
}

/** Adds to an error which part of the rule it is about. */
function namingField<Result>(field: string, compile: () => Result): Result {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof RingfirstError)) throw error;
    throw new RingfirstError(error.code, error.message, { cause: error.cause, details: { ...error.details, field } });
  }
}
