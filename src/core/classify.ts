/**
 * Classification: topic and body to class, key, coalescing key and time to live.
 *
 * ```
 *  topic ──► which rules can match (kept per topic) ──► byte test of the body ──► JSON.parse, closures ──► CEL
 *            most topics: one rule without `when`       most frames end here      may be urgent          what has no closure
 * ```
 * - R1 Total: every input gets a class, whatever its body; a rule that fails does not match, and is counted.
 * - R2 The first rule that matches wins; when none does, the last class.
 * - R3 The shortcuts never change an answer: class, rule, key, coalescing key and time to live are those of evaluating
 *   every rule in order (tested by comparison). Only `ruleErrors` may be less: what is ruled out is not evaluated.
 * - R4 Memory is bounded: what is kept per topic is dropped when there are too many topics.
 */
import { BodyView, type BodyLimits } from "./body-view.ts";
import { needOf } from "./byte-test.ts";
import { createCelCompiler, describeCelError } from "./cel.ts";
import type {
  Classification,
  ClassifyExplanation,
  ClassifyInput,
  ClassifyOptions,
  Classifier,
  ExplainStep,
} from "./classification.ts";
import { type CompiledRule, compileRule } from "./compile-rule.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import { bodyLimits, EventContext } from "./event-context.ts";
import { createJsonScanner, type JsonScanner } from "./json-scan.ts";
import type { KeyPlan } from "./key-plan.ts";
import { compileCommon, compileNeed, type NeedTest } from "./need-search.ts";
import type { PriorityClass, Rule, RuleEntry } from "./rule.ts";

export type {
  Classification,
  ClassifyExplanation,
  ClassifyInput,
  ClassifyOptions,
  Classifier,
} from "./classification.ts";

/** Topics for which the rules that can match are remembered: 20 channels with 1,000 topics each, and some. */
const MAX_TOPICS = 25_000;
const MAX_TOPIC_LENGTH = 256;
/** Rules of one topic that get a byte test; where more of them are asked, parsing once is cheaper. */
const MAX_TESTED = 12;

/** The rules with `{ use: "defaults" }` unfolded. */
export function unfoldRules(entries: readonly RuleEntry[]): readonly Rule[] {
  return entries.flatMap((entry) => ("use" in entry ? DEFAULT_RULES : [entry]));
}

/**
 * Compiles rules once, for many events.
 *
 * @param classes - most urgent first; the last one is for events that no rule matches
 * @throws RingfirstError `RF_RULE_INVALID` for a rule that can't be compiled; it names the rule and the place
 */
export function compileRules(
  rules: readonly RuleEntry[],
  classes: readonly PriorityClass[],
  options: ClassifyOptions = {},
): Classifier {
  const cel = createCelCompiler("rule");
  const names = classes.map((entry) => entry.name);
  const paths: (readonly string[])[] = [];
  const compiled = unfoldRules(rules).map((rule, index) => compileRule(rule, index, names, cel, paths));
  return new RuleClassifier(compiled, names.at(-1) ?? "", paths, bodyLimits(options));
}

/** The rules that can match one topic, up to the first that surely does, and by the same places their byte tests. */
interface TopicPlan {
  readonly rules: readonly CompiledRule[];
  readonly tests: readonly (NeedTest | undefined)[];
  /** Where it is false, all of these tests are. */
  readonly common: NeedTest | undefined;
}

/** One event on its way through the rules. */
interface Journey {
  readonly input: ClassifyInput;
  readonly body: BodyView;
  context: EventContext | undefined;
  /** The scan for members of the body was made: whether it found an object; undefined before. */
  scanned: boolean | undefined;
  errors: number;
}

class RuleClassifier implements Classifier {
  readonly ruleNames: readonly string[];
  readonly #rules: readonly CompiledRule[];
  readonly #lastClass: string;
  readonly #limits: BodyLimits;
  readonly #scanner: JsonScanner;
  readonly #plans = new Map<string, TopicPlan>();
  /** Plans by the rules in them: thousands of topics share a few. */
  readonly #shared = new Map<string, TopicPlan>();

  constructor(
    rules: readonly CompiledRule[],
    lastClass: string,
    paths: readonly (readonly string[])[],
    limits: BodyLimits,
  ) {
    this.#rules = rules;
    this.#lastClass = lastClass;
    this.#limits = limits;
    this.#scanner = createJsonScanner(paths, { maxDepth: limits.maxDepth });
    this.ruleNames = rules.map((rule) => rule.name);
  }

  classify(input: ClassifyInput): Classification {
    const plan = this.#planFor(input.topic);
    const journey = this.#begin(input);
    const isBare = isRuledOut(plan.common, journey.body);
    for (let place = 0; place < plan.rules.length; place += 1) {
      const rule = plan.rules[place];
      const test = plan.tests[place];
      if (rule === undefined || (test !== undefined && (isBare || isRuledOut(test, journey.body)))) continue;
      if (isMatch(rule, journey)) return this.#answer(rule, journey);
    }
    return this.#answer(undefined, journey);
  }

  explain(input: ClassifyInput): ClassifyExplanation {
    const journey = this.#begin(input);
    const steps: ExplainStep[] = [];
    for (const rule of this.#rules) {
      const step = explainRule(rule, journey);
      steps.push(step);
      if (step.matched) return { ...this.#answer(rule, journey), rule: rule.name, steps };
    }
    return { ...this.#answer(undefined, journey), rule: undefined, steps };
  }

  #begin(input: ClassifyInput): Journey {
    const body = new BodyView(input.body, input.encoding, this.#limits);
    return { input, body, context: undefined, scanned: undefined, errors: 0 };
  }

  #planFor(topic: string): TopicPlan {
    const known = this.#plans.get(topic);
    if (known !== undefined) return known;
    const plan = this.#makePlan(topic);
    if (topic.length > MAX_TOPIC_LENGTH) return plan;
    if (this.#plans.size >= MAX_TOPICS) this.#plans.clear();
    this.#plans.set(topic, plan);
    return plan;
  }

  #makePlan(topic: string): TopicPlan {
    const rules: CompiledRule[] = [];
    for (const rule of this.#rules) {
      if (!rule.topics.matches(topic)) continue;
      rules.push(rule);
      if (rule.when === undefined) break;
    }
    const identity = rules.map((rule) => rule.index).join();
    const shared = this.#shared.get(identity);
    if (shared !== undefined) return shared;
    const needs = rules.slice(0, MAX_TESTED).map(({ when }) => when && needOf(when.ast));
    const tests = needs.map((need) => need && compileNeed(need));
    const plan: TopicPlan = { rules, tests, common: compileCommon(needs.filter((need) => need !== undefined)) };
    // R4: hostile topics can't make many plans out of few rules, but many rules could.
    if (this.#shared.size >= 1_000) this.#shared.clear();
    this.#shared.set(identity, plan);
    return plan;
  }

  #answer(rule: CompiledRule | undefined, journey: Journey): Classification {
    if (rule === undefined) return unmatched(this.#lastClass, journey);
    const key = this.#keyOf(rule.key, journey) ?? journey.input.key;
    const coalesceKey = this.#keyOf(rule.coalesceKey, journey);
    return {
      class: rule.class,
      key,
      coalesceKey,
      ttlMs: rule.ttlMs,
      ruleIndex: rule.index,
      ruleErrors: journey.errors,
    };
  }

  #keyOf(plan: KeyPlan | undefined, journey: Journey): string | undefined {
    switch (plan?.kind) {
      case undefined:
        return undefined;
      case "topic":
        return journey.input.topic;
      case "member":
        return this.#memberOf(plan.slot, journey);
      case "expression":
        return evaluateKey(plan, journey);
    }
  }

  /** K1. */
  #memberOf(slot: number, journey: Journey): string | undefined {
    const { body } = journey;
    journey.scanned ??= body.encoding === "json" && body.isReadable && this.#scanner.scan(body.bytes) === "ok";
    return journey.scanned ? this.#scanner.string(slot) : undefined;
  }
}

function unmatched(lastClass: string, journey: Journey): Classification {
  return {
    class: lastClass,
    key: journey.input.key,
    coalesceKey: undefined,
    ttlMs: undefined,
    ruleIndex: -1,
    ruleErrors: journey.errors,
  };
}

function contextOf(journey: Journey): EventContext {
  journey.context ??= new EventContext(journey.input, journey.body);
  return journey.context;
}

/** Whether the text of the body alone shows that a rule can't match. */
function isRuledOut(test: NeedTest | undefined, body: BodyView): boolean {
  return test !== undefined && body.isPlainlySpelled && !test(body.text);
}

/** R1: a failure is no match. */
function isMatch(rule: CompiledRule, journey: Journey): boolean {
  if (rule.decide === undefined) return true;
  const answer = rule.decide(contextOf(journey));
  if (answer === undefined) journey.errors += 1;
  return answer === true;
}

/** K2. A missing member is no failure here: the default key stands in for it. */
function evaluateKey(plan: KeyPlan & { readonly kind: "expression" }, journey: Journey): string | undefined {
  try {
    const value = plan.program.run(contextOf(journey));
    if (typeof value === "string") return value;
    if (value !== null) journey.errors += 1;
  } catch (error) {
    if (!isMissingMember(error)) journey.errors += 1;
  }
  return undefined;
}

function isMissingMember(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "no_such_key";
}

function explainRule(rule: CompiledRule, journey: Journey): ExplainStep {
  const step = (matched: boolean, reason: string): ExplainStep => ({ rule: rule.name, matched, reason });
  if (!rule.topics.matches(journey.input.topic)) return step(false, "topic does not match");
  if (rule.when === undefined) return step(true, rule.hasTopics ? "topic matches" : "matches every event");
  try {
    const value = rule.when.run(contextOf(journey));
    if (value === true) return step(true, "when: true");
    if (value === false) return step(false, withProblem("when: false", journey));
    journey.errors += 1;
    return step(false, "when: gives no boolean");
  } catch (error) {
    journey.errors += 1;
    return step(false, withProblem(`when: ${describeCelError(error)}`, journey));
  }
}

/** Where the body could not be read, that is the true reason. */
function withProblem(reason: string, journey: Journey): string {
  const { problem } = journey.body;
  return problem === undefined ? reason : `${reason} (${problem})`;
}
