/** JSON Schema as far as types are made from it; drafts 3 to 2020 differ little there. Foreign input: everything may be anything. */

/** One schema that is an object; a boolean schema is `unknown` or `never`. */
export type Schema = Readonly<Record<string, unknown>>;

/** Deeper nesting is not looked at: no event has it, and the stack would not. */
export const MAX_DEPTH = 48;

/** The value as a schema; undefined for all that is none. */
export function asSchema(value: unknown): Schema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
}

/** The schema's own identity, by which others refer to it. */
export function idOf(schema: Schema): string | undefined {
  const id = schema["$id"] ?? schema["id"];
  return typeof id === "string" && id !== "" && !id.startsWith("#") ? id : undefined;
}

/** What it refers to; undefined for a schema of its own. */
export function refOf(schema: Schema): string | undefined {
  return typeof schema["$ref"] === "string" ? schema["$ref"] : undefined;
}

/** Members with their schemas, in order of their names. */
export function propertiesOf(schema: Schema): readonly (readonly [string, unknown])[] {
  return Object.entries(asSchema(schema["properties"]) ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Named parts, by the pointer under which they are referred to. */
export function definitionsOf(
  schema: Schema,
): readonly { readonly pointer: string; readonly name: string; readonly part: unknown }[] {
  return ["definitions", "$defs"].flatMap((place) =>
    Object.entries(asSchema(schema[place]) ?? {}).map(([name, part]) => ({
      pointer: `#/${place}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      name,
      part,
    })),
  );
}

/** Alternatives and parts of a combined schema. */
export function combined(schema: Schema, word: "allOf" | "anyOf" | "oneOf"): readonly unknown[] {
  const list = schema[word];
  return Array.isArray(list) && list.length > 0 ? (list as unknown[]) : [];
}

/** Every schema that stands directly in this one, named parts left out. */
export function partsOf(schema: Schema): readonly unknown[] {
  const { items, additionalProperties, prefixItems, type } = schema;
  return [
    ...propertiesOf(schema).map(([, part]) => part),
    ...(["allOf", "anyOf", "oneOf"] as const).flatMap((word) => combined(schema, word)),
    ...[items, prefixItems, type].flatMap((part) => (Array.isArray(part) ? (part as unknown[]) : [part])),
    additionalProperties,
  ];
}

/** The part at a pointer such as `#/properties/user`; undefined where there is none. */
export function partAt(root: Schema, pointer: string): Schema | undefined {
  let at: unknown = root;
  for (const step of pointer.slice(2).split("/")) {
    const name = decoded(step).replaceAll("~1", "/").replaceAll("~0", "~");
    const holder = Array.isArray(at) ? (at as unknown as Schema) : asSchema(at);
    if (holder === undefined || !Object.hasOwn(holder, name)) return undefined;
    at = holder[name];
  }
  return asSchema(at);
}

/** Whether it describes an object by its members, and nothing else. */
export function isInterface(schema: Schema): boolean {
  const { type, nullable } = schema;
  const plain = type === undefined || type === "object";
  const mixed = ["allOf", "anyOf", "oneOf", "enum", "const", "$ref"].some((word) => schema[word] !== undefined);
  return plain && nullable !== true && !mixed && propertiesOf(schema).length > 0;
}

/** Whether a member is always there: by the schema's list, or by a mark of its own (draft 3). */
export function isRequired(schema: Schema, name: string, part: unknown): boolean {
  const { required } = schema;
  const isListed = Array.isArray(required) && required.includes(name);
  return isListed || asSchema(part)?.["required"] === true;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
