/**
 * CEL as rules and sink conditions speak it: which variables there are, and what an error says.
 *
 * - `topic` (string), `body` (the parsed JSON, or the text; `null` where the body can't be read), `event` with `source`,
 *   `origin`, `correlationId` (strings) and `receivedAt` (a timestamp). Conditions of sinks see `class` and `key` too.
 * - The variables and the fields of `event` are declared, so a typing mistake in them is found when rules are compiled.
 * - JSON numbers are doubles and literals such as `3` are integers: arithmetic between the two is registered here
 *   (the package compares them already).
 * - A missing member throws when it is read; `has(body.x)` asks, and `body.?x.orValue("")` gives another value instead.
 */
import { type ASTNode, Environment, type TypeCheckResult } from "@marcbachmann/cel-js";
import { RingfirstError } from "../errors.ts";

/** A node of a parsed expression. */
export type CelNode = ASTNode;

/** Which variables an expression may use. */
export type CelScope = "rule" | "sink";

/** The values of the variables; `body` is a getter, so that it is parsed only when an expression reads it. */
export interface CelContext {
  readonly topic: string;
  readonly body: unknown;
  readonly event: EventFacts;
  readonly class?: string;
  readonly key?: string;
}

/** `event` in expressions. */
export class EventFacts {
  readonly source: string;
  readonly origin: string;
  readonly correlationId: string;
  readonly receivedAt: Date;

  constructor(source: string, origin: string, correlationId: string, receivedAt: number) {
    this.source = source;
    this.origin = origin;
    this.correlationId = correlationId;
    this.receivedAt = new Date(receivedAt);
  }
}

/** A checked expression. */
export interface CelProgram {
  readonly ast: CelNode;
  readonly expression: string;
  /** @throws the package's error where the expression fails */
  run(context: CelContext): unknown;
}

/** Compiles expressions of one scope. */
export interface CelCompiler {
  /**
   * @param where - what is compiled, for messages: `rule "ringing": when`
   * @throws RingfirstError `RF_RULE_INVALID`
   */
  compile(expression: string, where: string, result: "bool" | "string"): CelProgram;
}

const VARIABLES: Readonly<Record<CelScope, readonly string[]>> = {
  rule: ["topic", "body", "event"],
  sink: ["topic", "body", "event", "class", "key"],
};

/** A compiler; making one costs about a millisecond, so one serves all rules. */
export function createCelCompiler(scope: CelScope): CelCompiler {
  const environment = createEnvironment(scope);
  return { compile: (expression, where, result) => compile(environment, scope, expression, where, result) };
}

/** One line on why an expression failed, for people; no part of an event's body is in it but member names. */
export function describeCelError(error: unknown): string {
  if (error instanceof Error && "summary" in error && typeof error.summary === "string") return error.summary;
  return error instanceof Error ? error.message : String(error);
}

function createEnvironment(scope: CelScope): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
    .registerType("Event", {
      ctor: EventFacts,
      fields: {
        source: "string",
        origin: "string",
        correlationId: "string",
        receivedAt: "google.protobuf.Timestamp",
      },
    })
    .registerVariable("topic", "string")
    .registerVariable("body", "dyn")
    .registerVariable("event", "Event");
  if (scope === "sink") environment.registerVariable("class", "string").registerVariable("key", "string");
  registerMixedArithmetic(environment);
  return environment;
}

function registerMixedArithmetic(environment: Environment): void {
  const operators: Readonly<Record<string, (left: number, right: number) => number>> = {
    "+": (left, right) => left + right,
    "-": (left, right) => left - right,
    "*": (left, right) => left * right,
    "/": (left, right) => left / right,
  };
  for (const [sign, apply] of Object.entries(operators)) {
    environment.registerOperator(`double ${sign} int`, (left: number, right: bigint) => apply(left, Number(right)));
    environment.registerOperator(`int ${sign} double`, (left: bigint, right: number) => apply(Number(left), right));
  }
}

function compile(
  environment: Environment,
  scope: CelScope,
  expression: string,
  where: string,
  result: "bool" | "string",
): CelProgram {
  let parsed: ReturnType<Environment["parse"]>;
  try {
    parsed = environment.parse(expression);
  } catch (error) {
    throw invalidExpression(where, expression, error, scope);
  }
  const check: TypeCheckResult = parsed.check();
  if (!check.valid) throw invalidExpression(where, expression, check.error, scope);
  if (check.type !== result && check.type !== "dyn") {
    const message = `${where}: gives ${check.type ?? "nothing"} where ${result} is expected, in: ${expression}`;
    throw new RingfirstError("RF_RULE_INVALID", message, { details: { where, expression, line: 1, column: 1 } });
  }
  return { ast: parsed.ast, expression, run: (context) => parsed(context) as unknown };
}

function invalidExpression(where: string, expression: string, cause: unknown, scope: CelScope): RingfirstError {
  const offset = startOf(cause);
  const before = expression.slice(0, offset).split("\n");
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const unknown = describeCelError(cause).startsWith("Unknown variable")
    ? `; known are ${VARIABLES[scope].join(", ")}`
    : "";
  return new RingfirstError(
    "RF_RULE_INVALID",
    `${where}: ${describeCelError(cause)}${unknown}, at ${line}:${column} in: ${expression}`,
    { cause, details: { where, expression, line, column } },
  );
}

function startOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("range" in error)) return 0;
  const { range } = error;
  if (typeof range !== "object" || range === null || !("start" in range)) return 0;
  return typeof range.start === "number" ? range.start : 0;
}
