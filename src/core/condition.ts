/**
 * Conditions of sinks (`when`): which events one sink shall have. They see `class` and `key` besides what rules see.
 *
 * No byte test here: it can't tell "false" from "fails", and a condition that fails takes the event. Most conditions
 * read `class`, `key` or `topic` only, and then the body is never parsed.
 */
import { BodyView } from "./body-view.ts";
import { type CelContext, type CelProgram, createCelCompiler, describeCelError } from "./cel.ts";
import type { Classification, ClassifyInput, ClassifyOptions } from "./classification.ts";
import { bodyLimits, EventContext } from "./event-context.ts";
import { decisionOf } from "./quick-cel.ts";

/** The answer of a condition. */
export interface ConditionAnswer {
  /** Whether the sink shall have the event; true where the condition fails, so that a mistake loses nothing. */
  readonly result: boolean;
  /** Why the condition failed, in one line. */
  readonly error?: string;
}

/** A compiled condition. */
export interface Condition {
  /** Never throws. */
  test(input: ClassifyInput, classification: Classification): ConditionAnswer;
}

const YES: ConditionAnswer = { result: true };
const NO: ConditionAnswer = { result: false };

/**
 * Compiles the condition of a sink.
 *
 * @param where - what it belongs to, for messages: `sink crm: when`
 * @throws RingfirstError `RF_RULE_INVALID`
 */
export function compileCondition(expression: string, where: string, options: ClassifyOptions = {}): Condition {
  const program = createCelCompiler("sink").compile(expression, where, "bool");
  const decide = decisionOf(program);
  const limits = bodyLimits(options);
  return {
    test(input, classification) {
      const context = new EventContext(input, new BodyView(input.body, input.encoding, limits), classification);
      const answer = decide(context);
      if (answer === undefined) return { result: true, error: reasonOf(program, context) };
      return answer ? YES : NO;
    },
  };
}

/** Why a condition gave no answer. */
function reasonOf(program: CelProgram, context: CelContext): string {
  try {
    program.run(context);
    return "gives no boolean";
  } catch (error) {
    return describeCelError(error);
  }
}
