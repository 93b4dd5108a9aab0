/** A schema as a type expression. Total: what is not understood is `unknown`. */
import type { Definition, Definitions, Placed } from "./definitions.ts";
import { memberName } from "./names.ts";
import { asSchema, combined, isInterface, isRequired, MAX_DEPTH, propertiesOf, refOf, type Schema } from "./schema.ts";

/** Where an expression stands. */
interface Place {
  readonly definitions: Definitions;
  readonly depth: number;
  /** Blanks before the line. */
  readonly indent: string;
  /**
   * Aliases that would be themselves if they were named here: directly in an alias, not in a member or a list of it.
   * Undefined: any type may be named.
   */
  readonly within: ReadonlySet<string> | undefined;
}

/** One member of an object type. */
export interface Member {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

const UNKNOWN = "unknown";
/** Aliases of aliases of aliases: more are not followed. Each step may multiply what is written. */
const MAX_ALIASES = 4;

/** The body of a named type that is no interface. */
export function aliasBody(placed: Placed, definition: Definition, definitions: Definitions): string {
  return own(placed, { definitions, depth: 0, indent: "", within: new Set([definition.key]) });
}

/** The members of a named type that is an interface. */
export function membersOf(placed: Placed, definitions: Definitions): readonly Member[] {
  return members(placed, { definitions, depth: 0, indent: "  ", within: undefined });
}

/** Members as lines of text. */
export function memberLines(list: readonly Member[], indent: string): string[] {
  return list.flatMap(({ name, type, required, description }) => [
    ...(description === "" ? [] : [`${indent}/** ${description} */`]),
    `${indent}readonly ${memberName(name)}${required ? "" : "?"}: ${type};`,
  ]);
}

/** Foreign text that can stand in a comment. */
export function commentText(value: unknown): string {
  if (typeof value !== "string") return "";
  const line = value.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return line.slice(0, 300).replaceAll("*/", "* /");
}

/** Alternatives as one type. */
export function unionOf(types: readonly string[]): string {
  const distinct = [...new Set(types)].filter((type) => type !== "never");
  if (distinct.includes(UNKNOWN)) return UNKNOWN;
  return distinct.length === 0
    ? "never"
    : distinct.map((type) => (isCompound(type, "&") ? `(${type})` : type)).join(" | ");
}

/** A type by its name where it has one. */
function expression(value: unknown, placed: Placed, place: Place): string {
  if (value === true || value === undefined) return UNKNOWN;
  if (value === false) return "never";
  const schema = asSchema(value);
  if (schema === undefined || place.depth > MAX_DEPTH) return UNKNOWN;
  const here = { schema, topic: placed.topic };
  const definition = place.definitions.named(here);
  return definition === undefined ? own(here, place) : byName(definition, place);
}

function byName(definition: Definition, place: Place): string {
  const { within } = place;
  if (within === undefined || definition.forms.every(({ schema }) => isInterface(schema))) return definition.name;
  if (within.has(definition.key) || within.size > MAX_ALIASES) return UNKNOWN;
  const inner = { ...place, within: new Set([...within, definition.key]), depth: place.depth + 1 };
  return unionOf(definition.forms.map((form) => own(form, inner)));
}

/** The schema itself, whether or not it has a name. */
function own(placed: Placed, place: Place): string {
  const { schema, topic } = placed;
  const deeper = { ...place, depth: place.depth + 1 };
  if (place.depth > MAX_DEPTH) return UNKNOWN;
  const ref = refOf(schema);
  if (ref !== undefined) {
    const target = place.definitions.resolve(ref, topic);
    if (target === undefined) return UNKNOWN;
    return orNull(schema, byName(target, deeper));
  }
  return orNull(schema, intersection([...choices(placed, deeper), ...base(placed, deeper)]));
}

function orNull(schema: Schema, type: string): string {
  return schema["nullable"] === true ? unionOf([type, "null"]) : type;
}

function choices(placed: Placed, place: Place): string[] {
  const { schema } = placed;
  const each = (word: "allOf" | "anyOf" | "oneOf"): string[] =>
    combined(schema, word).map((part) => expression(part, placed, place));
  const either = (["anyOf", "oneOf"] as const).map(each).filter((types) => types.length > 0);
  return [...each("allOf"), ...either.map((types) => unionOf(types))];
}

/** What `type` and its like say. */
function base(placed: Placed, place: Place): string[] {
  const { schema } = placed;
  if (schema["const"] !== undefined) return [literal(schema["const"])];
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) return [unionOf(schema["enum"].map(literal))];
  const { type } = schema;
  if (Array.isArray(type) && type.length > 0) return [unionOf(type.map((one) => ofType(one, placed, place)))];
  if (type !== undefined) return [ofType(type, placed, place)];
  if (schema["properties"] !== undefined || schema["additionalProperties"] !== undefined)
    return [objectType(placed, place)];
  return schema["items"] === undefined ? [] : [arrayType(placed, place)];
}

function ofType(type: unknown, placed: Placed, place: Place): string {
  if (typeof type === "object") return expression(type, placed, place);
  if (type === "string" || type === "boolean" || type === "null") return type;
  if (type === "integer" || type === "number") return "number";
  if (type === "array") return arrayType(placed, place);
  return type === "object" ? objectType(placed, place) : UNKNOWN;
}

/** Of a tuple the kinds of items are kept, not their places. */
function arrayType(placed: Placed, place: Place): string {
  const { items, prefixItems } = placed.schema;
  const free = { ...place, within: undefined };
  const list = [
    ...(Array.isArray(prefixItems) ? (prefixItems as unknown[]) : []),
    ...(Array.isArray(items) ? (items as unknown[]) : [items]),
  ];
  const item = unionOf(list.map((one) => expression(one, placed, free)));
  return `readonly ${isCompound(item, "|") || isCompound(item, "&") || item.startsWith("readonly ") ? `(${item})` : item}[]`;
}

function objectType(placed: Placed, place: Place): string {
  const free = { ...place, within: undefined, indent: `${place.indent}  ` };
  const list = members(placed, free);
  if (list.length > 0) return `{\n${memberLines(list, free.indent).join("\n")}\n${place.indent}}`;
  // Beside named members others are allowed for, not described: who reads events ignores what he does not know.
  return `{ readonly [name: string]: ${expression(placed.schema["additionalProperties"], placed, free)} }`;
}

function members(placed: Placed, place: Place): readonly Member[] {
  const { schema } = placed;
  const inner = { ...place, depth: place.depth + 1 };
  return propertiesOf(schema).map(([name, part]) => ({
    name,
    type: expression(part, placed, inner),
    required: isRequired(schema, name, part),
    description: commentText(asSchema(part)?.["description"]),
  }));
}

function intersection(types: readonly string[]): string {
  const distinct = [...new Set(types)].filter((type) => type !== UNKNOWN);
  if (distinct.length === 0) return UNKNOWN;
  return distinct.length === 1
    ? (distinct[0] ?? UNKNOWN)
    : distinct.map((type) => (isCompound(type, "|") ? `(${type})` : type)).join(" & ");
}

function literal(value: unknown): string {
  return value === null || ["string", "number", "boolean"].includes(typeof value) ? JSON.stringify(value) : UNKNOWN;
}

/** Whether a type is made of several at its outside; brackets and quotes are looked through. */
function isCompound(type: string, sign: "|" | "&"): boolean {
  let depth = 0;
  for (const [piece] of type.matchAll(/"(?:[^"\\]|\\.)*"|\/\*.*?\*\/|./gsu)) {
    if ("{([".includes(piece)) depth += 1;
    else if ("})]".includes(piece)) depth -= 1;
    else if (piece === sign && depth === 0) return true;
  }
  return false;
}
