/**
 * The part of CEL that conditions are really made of, as closures over the parsed body, with the package's answers: half
 * its cost for long conditions over lists, a tenth for short ones, a hundredth where they fail, since no error is made.
 *
 * - C1 A translated expression gives true or false exactly where the package gives it, and {@link FAILED} exactly where the
 *   package throws (or gives no boolean at the top). So `&&`, `||`, `exists` and `all` absorb failures as CEL says.
 * - C2 What is not translated gives no closure (`undefined`), and what a closure can't decide for the values at hand (two
 *   lists or objects compared, a body given as `Map`) throws {@link UNSURE}: then the package is asked.
 * - C3 Integers are kept as numbers: only literals and `size()` make them, both are small, and CEL compares integers
 *   with doubles by value. Arithmetic, where the two differ, is not translated.
 */
import type { CelContext, CelNode, CelProgram } from "./cel.ts";
import { absorbing, always, choice, type Closure, looping, map1, map2 } from "./quick-closures.ts";
import { FAILED, isEqual, isIn, ordered, readerOf, readOwn, sizeOf, timestampOf } from "./quick-values.ts";

/** True, false, or undefined where the expression fails or gives no boolean. */
export type Decision = (context: CelContext) => boolean | undefined;

/** The cheapest way to the answer of a condition; never throws. */
export function decisionOf(program: CelProgram): Decision {
  const quick = translateCel(program.ast);
  if (quick === undefined) return (context) => decidePlainly(program, context);
  return (context) => {
    try {
      return quick(context);
    } catch {
      return decidePlainly(program, context);
    }
  };
}

function decidePlainly(program: CelProgram, context: CelContext): boolean | undefined {
  try {
    const value = program.run(context);
    return typeof value === "boolean" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Translates a checked expression; undefined where some part of it is not among those below. It throws {@link UNSURE}. */
export function translateCel(ast: CelNode): Decision | undefined {
  const run = translate(ast, new Map());
  if (run === undefined) return undefined;
  return (values) => {
    const value = run({ values, variables: [] });
    return typeof value === "boolean" ? value : undefined;
  };
}

/** Depths of the variables of the loops around. */
type Scope = ReadonlyMap<string, number>;

function translate(node: CelNode, scope: Scope): Closure | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- C2: what is not named is not translated
  switch (node.op) {
    case "value":
      return isScalar(node.args) ? always(asNumber(node.args)) : undefined;
    case "-_":
      return node.args.op === "value" ? negative(node.args.args) : undefined;
    case "list":
      return literalList(node.args);
    case "id":
      return variable(node.args, scope);
    case ".":
      return fieldOfEvent(node, scope) ?? access(translate(node.args[0], scope), node.args[1]);
    case "[]":
      return item(translate(node.args[0], scope), node.args[1]);
    case "!_":
      return map1(translate(node.args, scope), (value) => (typeof value === "boolean" ? !value : FAILED));
    case "&&":
      return absorbing(false, translate(node.args[0], scope), translate(node.args[1], scope));
    case "||":
      return absorbing(true, translate(node.args[0], scope), translate(node.args[1], scope));
    case "?:":
      return choice(node.args.map((part) => translate(part, scope)));
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "in":
      return map2(translate(node.args[0], scope), translate(node.args[1], scope), BINARY[node.op]);
    case "call":
      return call(node.args[0], node.args[1], scope);
    case "rcall":
      return method(node.args[0], node.args[1], node.args[2], scope);
    default:
      return undefined;
  }
}

// --- Values and variables ---------------------------------------------------------------------------------------------

function isScalar(value: unknown): boolean {
  if (typeof value === "bigint") return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** C3. */
function asNumber(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

function negative(value: unknown): Closure | undefined {
  if (!isScalar(value)) return undefined;
  const number = asNumber(value);
  return typeof number === "number" ? always(-number) : undefined;
}

function literalList(items: readonly CelNode[]): Closure | undefined {
  const isPlain = items.every((one) => one.op === "value" && isScalar(one.args));
  return isPlain ? always(items.map((one) => asNumber(one.args))) : undefined;
}

function variable(name: string, scope: Scope): Closure | undefined {
  const depth = scope.get(name);
  if (depth !== undefined) return (frame) => frame.variables[depth];
  switch (name) {
    case "body":
      return (frame) => frame.values.body;
    case "topic":
      return (frame) => frame.values.topic;
    case "class":
      return (frame) => frame.values.class;
    case "key":
      return (frame) => frame.values.key;
    default:
      return undefined;
  }
}

/** `event.source` and its like; undefined where the node is something else. */
function fieldOfEvent(node: CelNode & { readonly op: "." }, scope: Scope): Closure | undefined {
  const [object, field] = node.args;
  if (object.op !== "id" || object.args !== "event" || scope.has("event")) return undefined;
  switch (field) {
    case "source":
    case "origin":
    case "correlationId":
    case "receivedAt":
      return (frame) => frame.values.event[field];
    default:
      return undefined;
  }
}

// --- Members ----------------------------------------------------------------------------------------------------------

function access(object: Closure | undefined, name: string): Closure | undefined {
  const read = readerOf(name);
  return map1(object, (value) => {
    const member = read(value);
    return member === undefined ? FAILED : member;
  });
}

/** `list[0]`, `object["name"]`; other indexes are rare. */
function item(object: Closure | undefined, index: CelNode): Closure | undefined {
  if (index.op !== "value") return undefined;
  if (typeof index.args === "string") return access(object, index.args);
  const at = index.args;
  if (typeof at !== "bigint" || at < 0n || !isScalar(at)) return undefined;
  const place = Number(at);
  return map1(object, (value) => {
    // CEL looks for an integer among the names of an object too.
    const found: unknown = Array.isArray(value) ? value[place] : readOwn(value, String(place));
    return found === undefined ? FAILED : found;
  });
}

/** `has(x.a.b)`: fails where `x.a` is missing, is false where only `b` is. */
function presence(node: CelNode | undefined, scope: Scope): Closure | undefined {
  if (node?.op !== "." || !isPathFromJson(node, scope)) return undefined;
  const read = readerOf(node.args[1]);
  return map1(translate(node.args[0], scope), (value) => read(value) !== undefined);
}

function isPathFromJson(node: CelNode, scope: Scope): boolean {
  if (node.op === "id") return node.args === "body" || scope.has(node.args);
  return node.op === "." && isPathFromJson(node.args[0], scope);
}

// --- Operators --------------------------------------------------------------------------------------------------------

const BINARY = {
  "==": isEqual,
  "!=": (left: unknown, right: unknown) => !isEqual(left, right),
  "<": (left: unknown, right: unknown) => ordered(left, right, (one, other) => one < other),
  "<=": (left: unknown, right: unknown) => ordered(left, right, (one, other) => one <= other),
  ">": (left: unknown, right: unknown) => ordered(left, right, (one, other) => one > other),
  ">=": (left: unknown, right: unknown) => ordered(left, right, (one, other) => one >= other),
  in: isIn,
} as const;

// --- Functions and loops ----------------------------------------------------------------------------------------------

function call(called: string, args: readonly CelNode[], scope: Scope): Closure | undefined {
  const [only, ...others] = args;
  if (only === undefined || others.length > 0) return undefined;
  switch (called) {
    case "has":
      return presence(only, scope);
    case "size":
      return map1(translate(only, scope), sizeOf);
    case "timestamp":
      return map1(translate(only, scope), timestampOf);
    default:
      return undefined;
  }
}

function method(called: string, receiver: CelNode, args: readonly CelNode[], scope: Scope): Closure | undefined {
  const on = translate(receiver, scope);
  const [first, second] = args;
  if (called === "size" && first === undefined) return map1(on, sizeOf);
  if (called === "exists" || called === "all") return loop(called === "exists", on, first, second, scope);
  const test = TEXT_TESTS.get(called);
  if (test === undefined || first === undefined || args.length !== 1) return undefined;
  return map2(on, translate(first, scope), (text, part) =>
    typeof text === "string" && typeof part === "string" ? test(text, part) : FAILED,
  );
}

const TEXT_TESTS: ReadonlyMap<string, (text: string, part: string) => boolean> = new Map([
  ["startsWith", (text: string, part: string) => text.startsWith(part)],
  ["endsWith", (text: string, part: string) => text.endsWith(part)],
  ["contains", (text: string, part: string) => text.includes(part)],
]);

function loop(
  deciding: boolean,
  over: Closure | undefined,
  name: CelNode | undefined,
  condition: CelNode | undefined,
  scope: Scope,
): Closure | undefined {
  if (over === undefined || name?.op !== "id" || condition === undefined) return undefined;
  const depth = scope.size;
  // A variable that hides another would share its depth with the next loop inside.
  if (scope.has(name.args)) return undefined;
  const test = translate(condition, new Map([...scope, [name.args, depth]]));
  if (test === undefined) return undefined;
  return looping(deciding, over, test, depth);
}
