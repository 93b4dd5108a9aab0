/**
 * What the bytes of a body must hold for an expression to be true, found by looking at the expression.
 *
 * `body.ps.exists(p, p.state == "alerting")` can't be true unless `"state":"alerting"` stands in the JSON text, with blanks
 * around the colon at most (`"initialState":"alerting"` is not enough). So most frames are decided without parsing them. The test is *sound*, never complete:
 * - T1 If a body in JSON without a backslash lacks what {@link needOf} asks for, the expression is not true for it: it is
 *   false or throws. A body with a backslash may spell anything by escapes and is never excluded.
 * - T2 What is not understood gives no test (`undefined`), never a wrong one.
 * - T3 Text that JSON must escape, or that decoding may have made (U+FFFD), is never asked for.
 *
 * Why it holds: a string read from such a body stands in it letter by letter between quotes, and so does the name
 * of every member that was read; between the two there are only blanks and a colon. The rules below only pass this on through operators.
 */
import type { CelNode } from "./cel.ts";

/** Text that must be there. */
export interface TextNeed {
  readonly kind: "text";
  readonly text: string;
  /** The name of a member, which stands in most bodies of a kind and so rules out few. */
  readonly isName: boolean;
  /** The text stands as the value of a member of this name. */
  readonly member?: string;
}

/** What must be there: this text, all of these, one of these, or `rest` in the very object that one of `anchors` is a member of. */
export type Need =
  | TextNeed
  | { readonly kind: "all"; readonly of: readonly Need[] }
  | { readonly kind: "any"; readonly of: readonly Need[] }
  | { readonly kind: "within"; readonly anchors: readonly TextNeed[]; readonly rest: Need };

/** The need of an expression to be true; undefined: nothing is known, evaluate. */
export function needOf(ast: CelNode): Need | undefined {
  return toBeTrue(ast, new Set(["body"]));
}

/** Names of variables whose values stand in the body as they are. */
type FromBody = ReadonlySet<string>;

/** Shorter texts are everywhere. */
const MIN_TEXT = 4;
/** Of several needs, those of this length and more are enough. */
const GOOD_TEXT = 7;
/** Methods and functions of CEL that fail where one of their operands fails. */
const STRICT = new Set([
  "size",
  "startsWith",
  "endsWith",
  "contains",
  "matches",
  "int",
  "double",
  "string",
  "timestamp",
]);
const LOOPS = new Set(["exists", "exists_one", "all", "map", "filter"]);

function toBeTrue(node: CelNode, from: FromBody): Need | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- T2: what is not named gives no test
  switch (node.op) {
    case "&&":
      return all(toBeTrue(node.args[0], from), toBeTrue(node.args[1], from));
    case "||":
      return any([toBeTrue(node.args[0], from), toBeTrue(node.args[1], from)]);
    case "?:":
      return any([all(toBeTrue(node.args[0], from), toBeTrue(node.args[1], from)), toBeTrue(node.args[2], from)]);
    case "==":
      return (
        all(equality(node.args[0], node.args[1], from), equality(node.args[1], node.args[0], from)) ??
        toSucceed(node, from)
      );
    case "in":
      return membership(node.args[0], node.args[1], from) ?? toSucceed(node, from);
    case "call":
      return presence(node.args[0], node.args[1], from) ?? toSucceed(node, from);
    case "rcall":
      return methodToBeTrue(node.args[0], node.args[1], node.args[2], from);
    default:
      return toSucceed(node, from);
  }
}

/** `value == "text"` */
function equality(value: CelNode, other: CelNode, from: FromBody): Need | undefined {
  return isFromBody(value, from) ? quoted(other, memberRead(value)) : undefined;
}

/** `value in ["a", "b"]`, `"a" in value` */
function membership(left: CelNode, right: CelNode, from: FromBody): Need | undefined {
  if (isFromBody(right, from) && isText(left)) return piece(left.args);
  if (right.op !== "list" || !isFromBody(left, from)) return undefined;
  const member = memberRead(left);
  return any(right.args.map((one) => quoted(one, member)));
}

/** `has(value.name)` */
function presence(called: string, args: readonly CelNode[], from: FromBody): Need | undefined {
  const member = args[0];
  if (called !== "has" || args.length !== 1 || member?.op !== ".") return undefined;
  return memberName(member.args[0], member.args[1], from);
}

function methodToBeTrue(called: string, receiver: CelNode, args: readonly CelNode[], from: FromBody): Need | undefined {
  const [first, second] = args;
  if (LOOPS.has(called)) {
    const reached = toSucceed(receiver, from);
    if (!called.startsWith("exists") || args.length !== 2 || first?.op !== "id" || second === undefined) return reached;
    const inner = scopeOf(first.args, receiver, from);
    return all(reached, within(first.args, second, inner) ?? toBeTrue(second, inner));
  }
  const isPiece = called === "startsWith" || called === "endsWith" || called === "contains";
  if (isPiece && args.length === 1 && first !== undefined && isText(first) && isFromBody(receiver, from)) {
    return all(piece(first.args), toSucceed(receiver, from));
  }
  return STRICT.has(called) ? all(...[receiver, ...args].map((part) => toSucceed(part, from))) : undefined;
}

/**
 * For `exists(p, p.kind == "x" && rest)`: what `rest` needs of `p` must stand in the same object as `"kind":"x"`. Undefined
 * where the condition is not of this form. In `rest` nothing but `p` counts as from the body: so all of it lies in `p`.
 */
function within(variable: string, condition: CelNode, from: FromBody): Need | undefined {
  if (!from.has(variable)) return undefined;
  const inside: FromBody = new Set([variable]);
  const parts = conjunctsOf(condition);
  for (const [place, part] of parts.entries()) {
    const anchors = anchorsOf(part, variable);
    if (anchors === undefined) continue;
    const rest = all(...parts.toSpliced(place, 1).map((other) => toBeTrue(other, inside)));
    return rest === undefined || mayBeNames(rest) ? undefined : { kind: "within", anchors, rest };
  }
  return undefined;
}

function conjunctsOf(node: CelNode): readonly CelNode[] {
  return node.op === "&&" ? node.args.flatMap(conjunctsOf) : [node];
}

/** For `p.kind == "x"` and `p.kind in ["x", "y"]`, where `p` is the variable itself: the values of its member. */
function anchorsOf(node: CelNode, variable: string): readonly TextNeed[] | undefined {
  if (node.op !== "==" && node.op !== "in") return undefined;
  const [value, other] = node.args;
  if (value.op !== "." || value.args[0].op !== "id" || value.args[0].args !== variable) return undefined;
  const member = memberRead(value);
  const texts = node.op === "==" ? [other] : other.op === "list" ? other.args : [];
  const needs = texts.map((text) => quoted(text, member)).filter((need) => need !== undefined);
  return member === undefined || needs.length === 0 || needs.length < texts.length ? undefined : needs;
}

/** What must be there for the expression to give any value and not fail. */
function toSucceed(node: CelNode, from: FromBody): Need | undefined {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- T2: what is not named gives no test
  switch (node.op) {
    case ".":
      return all(memberName(node.args[0], node.args[1], from), toSucceed(node.args[0], from));
    case "[]": {
      const [object, index] = node.args;
      const member = isText(index) ? memberName(object, index.args, from) : undefined;
      return all(member, toSucceed(object, from), toSucceed(index, from));
    }
    case "!_":
    case "-_":
      return toSucceed(node.args, from);
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "in":
      return all(toSucceed(node.args[0], from), toSucceed(node.args[1], from));
    case "call":
      return STRICT.has(node.args[0]) ? all(...node.args[1].map((part) => toSucceed(part, from))) : undefined;
    case "rcall": {
      const [called, receiver, args] = node.args;
      if (LOOPS.has(called)) return toSucceed(receiver, from);
      return STRICT.has(called) ? all(...[receiver, ...args].map((part) => toSucceed(part, from))) : undefined;
    }
    default:
      return undefined;
  }
}

function memberName(object: CelNode, member: string, from: FromBody): Need | undefined {
  return isFromBody(object, from) ? asked(member, `"${member}"`, true) : undefined;
}

/** Whether the value is a part of the body, taken as it stands there (or a list of such parts). */
function isFromBody(node: CelNode, from: FromBody): boolean {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- T2: what is not named gives no test
  switch (node.op) {
    case "id":
      return from.has(node.args);
    case ".":
    case "[]":
      return isFromBody(node.args[0], from);
    case "?:":
      return isFromBody(node.args[1], from) && isFromBody(node.args[2], from);
    case "rcall": {
      const [called, receiver, args] = node.args;
      return called === "filter" && args.length === 2 && isFromBody(receiver, from);
    }
    default:
      return false;
  }
}

/** Inside a loop its variable is an element of the list, or a member name of the object; it may hide another variable. */
function scopeOf(variable: string, receiver: CelNode, from: FromBody): FromBody {
  const inner = new Set(from);
  if (isFromBody(receiver, from)) inner.add(variable);
  else inner.delete(variable);
  return inner;
}

/** A string in the expression. */
function isText(node: CelNode): node is CelNode & { readonly op: "value"; readonly args: string } {
  return node.op === "value" && typeof node.args === "string";
}

/** The member that an expression reads last; undefined where JSON could not write its name as it is. */
function memberRead(node: CelNode): string | undefined {
  if (node.op !== "." && node.op !== "[]") return undefined;
  const name = node.op === "." ? node.args[1] : isText(node.args[1]) ? node.args[1].args : undefined;
  return name !== undefined && isPlain(name) ? name : undefined;
}

/** The text of a string constant as JSON writes it, quotes included. */
function quoted(node: CelNode, member: string | undefined): TextNeed | undefined {
  const need = isText(node) ? asked(node.args, `"${node.args}"`, false) : undefined;
  return need === undefined || member === undefined ? need : { ...need, member };
}

/** A piece of a string. */
function piece(value: string): Need | undefined {
  return asked(value, value, false);
}

function asked(value: string, wanted: string, isName: boolean): TextNeed | undefined {
  return wanted.length < MIN_TEXT || !isPlain(value) ? undefined : { kind: "text", text: wanted, isName };
}

/** T3: JSON can write it without escapes, and decoding can't have made it. */
function isPlain(value: string): boolean {
  return JSON.stringify(value) === `"${value}"` && !value.includes("\uFFFD");
}

function any(of: readonly (Need | undefined)[]): Need | undefined {
  const known = of.filter((need) => need !== undefined);
  if (known.length < of.length) return undefined;
  const parts = distinct(known.flatMap((need) => (need.kind === "any" ? need.of : [need])));
  return parts.length <= 1 ? parts[0] : { kind: "any", of: parts };
}

/** All of several needs; where some are good, the poor ones are left out (asking for less is always sound). */
function all(...of: readonly (Need | undefined)[]): Need | undefined {
  const known = of.filter((need) => need !== undefined).flatMap((need) => (need.kind === "all" ? need.of : [need]));
  const values = known.filter((need) => !mayBeNames(need));
  const best = values.length > 0 ? values : known;
  const longest = Math.max(0, ...best.map(shortest));
  const enough = distinct(best.filter((need) => shortest(need) >= Math.min(longest, GOOD_TEXT)));
  return enough.length <= 1 ? enough[0] : { kind: "all", of: enough };
}

function mayBeNames(need: Need): boolean {
  if (need.kind === "text") return need.isName;
  if (need.kind === "within") return false;
  return need.kind === "all" ? need.of.every(mayBeNames) : need.of.some(mayBeNames);
}

function shortest(need: Need): number {
  if (need.kind === "text") return need.text.length;
  if (need.kind === "within") return shortest(need.rest);
  return Math.min(...need.of.map(shortest));
}

function distinct(needs: readonly Need[]): readonly Need[] {
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()];
}
