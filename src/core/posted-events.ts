/**
 * Events as programs send them (`POST /api/events`): CloudEvents 1.0 in JSON, or the raw form `{ topic, body, id?, key? }`,
 * one or a list. All or nothing: one malformed item refuses the whole body, and the message says which, what was found and
 * what is allowed.
 *
 * - E1: `data` and `body` go on byte for byte as they were sent; nothing is written out again.
 * - E2: of a CloudEvent: topic = extension `topic`, else `type`; key = `subject`; dedup id = `id`.
 * - E3: `data_base64` becomes JSON where that is said and true, else text where it is UTF-8 and said, else bytes.
 */
import type { BodyEncoding } from "./event-record.ts";
import { createJsonScanner } from "./json-scan.ts";
import { decodeJson, isUtf8, itemSpans } from "./json-spans.ts";

/** One event that was sent. Its body may be a view on the bytes given. */
export interface PostedEvent {
  readonly topic: string;
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly id?: string;
  readonly key?: string;
  readonly type?: string;
  readonly correlationId?: string;
}

/** What a body may hold: `any` one or a list of either form, `cloudevent` one, `cloudevents` a list. */
export type PostedForm = "any" | "cloudevent" | "cloudevents";

/** Bounds of a body. */
export interface PostedLimits {
  readonly maxItems: number;
  /** Of one event's body. */
  readonly maxEventBytes: number;
  readonly maxDepth: number;
}

/** The events of a body, or why it was refused. */
export type PostedEvents =
  | { readonly ok: true; readonly events: readonly PostedEvent[] }
  | { readonly ok: false; readonly kind: "malformed" | "too-large"; readonly message: string };

const MAX_NAME_CHARACTERS = 1_024;
const RAW_MEMBERS = ["topic", "body", "id", "key"];
/** Names that reach into prototypes where somebody merges carelessly; they are no attributes. */
const TRICK_NAMES = ["__proto__", "constructor", "prototype"];
const EITHER_FORM = 'a CloudEvent ("specversion", "id", "source", "type") or { "topic", "body", "id"?, "key"? }';
const NULL_BODY = new TextEncoder().encode("null");

/** The events in the bytes of a body; never throws. */
export function decodePostedEvents(bytes: Uint8Array, form: PostedForm, limits: PostedLimits): PostedEvents {
  const json = decodeJson(bytes, limits.maxDepth);
  if (!json.ok) return { ok: false, kind: "malformed", message: `the body is ${json.reason}` };
  try {
    return { ok: true, events: readAll(bytes, json.value, form, limits) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, kind: error.kind, message: error.message };
    throw error;
  }
}

/** How the readers below leave a malformed body; it never leaves this file. */
class Refusal extends Error {
  readonly kind: "malformed" | "too-large";

  constructor(message: string, kind: "malformed" | "too-large" = "malformed") {
    super(message);
    this.kind = kind;
  }
}

function readAll(bytes: Uint8Array, value: unknown, form: PostedForm, limits: PostedLimits): PostedEvent[] {
  if (!Array.isArray(value)) {
    if (form === "cloudevents") throw new Refusal(`a list of CloudEvents expected, found ${name(value)}`);
    return [readOne(bytes, value, "", form === "any", limits)];
  }
  if (form === "cloudevent") {
    throw new Refusal("one CloudEvent expected, found a list; send it as application/cloudevents-batch+json");
  }
  if (value.length > limits.maxItems) {
    throw new Refusal(`a list of at most ${limits.maxItems} events expected, found ${value.length}`, "too-large");
  }
  return itemSpans(bytes).map(({ start, end }, index) =>
    readOne(bytes.subarray(start, end), value[index] as unknown, `item ${index}: `, form === "any", limits),
  );
}

/** `bytes` are those of the item alone. */
function readOne(
  bytes: Uint8Array,
  value: unknown,
  at: string,
  rawAllowed: boolean,
  limits: PostedLimits,
): PostedEvent {
  const allowed = rawAllowed ? EITHER_FORM : 'a CloudEvent ("specversion", "id", "source", "type")';
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal(`${at}${allowed} expected, found ${name(value)}`);
  }
  const item: Item = { members: new Map(Object.entries(value)), bytes, at, limits };
  if (item.members.has("specversion")) return readCloudEvent(item);
  if (rawAllowed && item.members.has("topic")) return readRaw(item);
  const found = [...item.members.keys()].slice(0, 5).map(quote).join(", ");
  throw new Refusal(`${at}${allowed} expected, found an object with ${found === "" ? "no members" : found}`);
}

interface Item {
  readonly members: ReadonlyMap<string, unknown>;
  readonly bytes: Uint8Array;
  /** Prefix of messages: which item. */
  readonly at: string;
  readonly limits: PostedLimits;
}

function readRaw(item: Item): PostedEvent {
  const unknown = [...item.members.keys()].find((member) => !RAW_MEMBERS.includes(member));
  if (unknown !== undefined) {
    throw new Refusal(`${item.at}${quote(unknown)} is not one of ${RAW_MEMBERS.map(quote).join(", ")}`);
  }
  const topic = requiredText(item, "topic");
  const body = jsonBytes(item, "body");
  if (body === undefined) throw new Refusal(`${item.at}"body": any JSON value expected, found nothing`);
  const id = optionalText(item, "id");
  const key = optionalText(item, "key", true);
  return { topic, body, encoding: "json", ...(id === undefined ? {} : { id }), ...(key === undefined ? {} : { key }) };
}

function readCloudEvent(item: Item): PostedEvent {
  const { members, at } = item;
  const trick = TRICK_NAMES.find((member) => members.has(member));
  if (trick !== undefined) throw new Refusal(`${at}${quote(trick)} is no attribute of a CloudEvent`);
  if (members.get("specversion") !== "1.0") {
    throw new Refusal(`${at}"specversion": "1.0" expected, found ${name(members.get("specversion"))}`);
  }
  const id = requiredText(item, "id");
  requiredText(item, "source");
  const type = requiredText(item, "type");
  const key = optionalText(item, "subject");
  optionalText(item, "time");
  const topic = optionalText(item, "topic") ?? type;
  const correlationId = optionalText(item, "correlationid");
  return {
    topic,
    type,
    id,
    ...readData(item),
    ...(key === undefined ? {} : { key }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

function readData(item: Item): { readonly body: Uint8Array; readonly encoding: BodyEncoding } {
  const { members, at } = item;
  const contentType = optionalText(item, "datacontenttype");
  const data = jsonBytes(item, "data");
  const base64 = members.get("data_base64");
  if (base64 !== undefined && data !== undefined) throw new Refusal(`${at}"data" and "data_base64" exclude each other`);
  if (base64 !== undefined) return readBase64(item, base64, contentType);
  if (data === undefined) return { body: NULL_BODY, encoding: "json" };
  const value = members.get("data");
  if (isJsonType(contentType) || typeof value !== "string") return { body: data, encoding: "json" };
  return { body: sized(item, "data", new TextEncoder().encode(value)), encoding: "text" };
}

function readBase64(
  item: Item,
  base64: unknown,
  contentType: string | undefined,
): { readonly body: Uint8Array; readonly encoding: BodyEncoding } {
  if (typeof base64 !== "string" || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new Refusal(`${item.at}"data_base64": base64 expected, found ${name(base64)}`);
  }
  const body = sized(
    item,
    "data_base64",
    Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
  );
  if (isJsonType(contentType) && decodeJson(body, item.limits.maxDepth).ok) return { body, encoding: "json" };
  const isText = contentType === undefined || isJsonType(contentType) || /^text\//i.test(contentType);
  return { body, encoding: isText && isUtf8(body) ? "text" : "binary" };
}

/** CloudEvents: no content type means JSON. */
function isJsonType(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  const media = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  return media.endsWith("/json") || media.endsWith("+json");
}

/** The bytes of a member as they were sent. The document is proven, so the scan finds what `JSON.parse` found. */
function jsonBytes(item: Item, member: string): Uint8Array | undefined {
  if (!item.members.has(member)) return undefined;
  const scanner = createJsonScanner([[member]], { maxDepth: item.limits.maxDepth });
  const bytes = scanner.scan(item.bytes) === "ok" ? scanner.slice(0) : undefined;
  return bytes === undefined ? undefined : sized(item, member, bytes);
}

function sized({ at, limits }: Item, member: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length <= limits.maxEventBytes) return bytes;
  throw new Refusal(
    `${at}${quote(member)}: at most ${limits.maxEventBytes} bytes expected, found ${bytes.length}`,
    "too-large",
  );
}

function requiredText(item: Item, member: string): string {
  const text = optionalText(item, member);
  if (text === undefined) throw new Refusal(`${item.at}${quote(member)}: a string expected, found nothing`);
  return text;
}

function optionalText({ members, at }: Item, member: string, emptyAllowed = false): string | undefined {
  const value = members.get(member);
  // JSON has no "absent"; CloudEvents in JSON say null for it.
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value.length <= MAX_NAME_CHARACTERS && (emptyAllowed || value !== "")) return value;
  const least = emptyAllowed ? 0 : 1;
  throw new Refusal(
    `${at}${quote(member)}: a string of ${least} to ${MAX_NAME_CHARACTERS} characters expected, found ${name(value)}`,
  );
}

/** A name from outside as it may be shown. */
function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

/** What was found, without showing more of it than is needed. */
function name(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") {
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
