/** Compares an event body with the platform's field trees: unknown fields, wrong types and values outside an enum are complaints. */
import FIELDS from "./genesys-fields.json" with { type: "json" };

const TOPICS: Readonly<Record<string, string>> = FIELDS.topics;
const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = FIELDS.types;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The template of a topic whose ids are UUIDs or channel ids. */
export function templateOf(topic: string): string {
  return topic.replaceAll(
    /(?<=\.)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|streaming-\d-[0-9a-z]{26})(?=\.|$)/g,
    "{id}",
  );
}

/** Complaints about a body; empty when it conforms. */
export function checkBody(topic: string, body: unknown): string[] {
  const type = TOPICS[templateOf(topic)];
  return type === undefined ? [`${topic}: no field tree`] : check(type, body, topic);
}

function check(type: string, value: unknown, at: string): string[] {
  if (type.endsWith("[]")) {
    if (!Array.isArray(value)) return [`${at}: not a list`];
    return value.flatMap((item, index) => check(type.slice(0, -2), item, `${at}[${index}]`));
  }
  const map = /^map<(.*)>$/.exec(type)?.[1];
  if (map !== undefined) {
    if (typeof value !== "object" || value === null) return [`${at}: not an object`];
    return Object.entries(value).flatMap(([name, item]) => check(map, item, `${at}.${name}`));
  }
  const tree = TYPES[type];
  return tree === undefined ? checkLeaf(type, value, at) : checkTree(tree, value, at);
}

function checkTree(tree: Readonly<Record<string, string>>, value: unknown, at: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at}: not an object`];
  return Object.entries(value).flatMap(([name, item]) => {
    const type = tree[name];
    return type === undefined ? [`${at}.${name}: no such field`] : check(type, item, `${at}.${name}`);
  });
}

function checkLeaf(type: string, value: unknown, at: string): string[] {
  const values = /^enum\((.*)\)$/.exec(type)?.[1]?.split("|");
  if (values !== undefined)
    return values.includes(String(value)) ? [] : [`${at}: ${String(value)} is none of ${values.join(", ")}`];
  const fits: Readonly<Record<string, boolean>> = {
    string: typeof value === "string",
    integer: Number.isInteger(value),
    number: typeof value === "number",
    boolean: typeof value === "boolean",
    "date-time": typeof value === "string" && DATE.test(value),
    any: true,
  };
  return fits[type] === true ? [] : [`${at}: ${JSON.stringify(value)} is no ${type}`];
}
