/**
 * Events without what they say of people: for recordings that leave the house.
 *
 *  A1  What is not known to be harmless is replaced. Known are: numbers, truth values and null; times; words of the wire where the wire has
 *      them (`anonymise-words.ts`); and what the caller names. Everything else is a pseudonym: also names of members that no schema
 *      has, and bodies that are no JSON.
 *  A2  Structure and types stay, and the order of everything. Numbers keep their digits.
 *  A3  What was equal is equal, what was not is not, over the whole recording and wherever it stands (anonymise-pseudonym.ts, N1).
 */
import { CODED_FIELDS, CODED_VALUES, EMPTY_VALUES, FIELD_NAMES, TOPIC_WORDS } from "./anonymise-words.ts";
import { rewriteJson, type JsonVisitor } from "./anonymise-json.ts";
import { createPseudonyms, type KeyedDigest, type Pseudonyms } from "./anonymise-pseudonym.ts";
import { isJsonDocument } from "./json-check.ts";
import type { RecordedEvent } from "./recording.ts";

export type { KeyedDigest } from "./anonymise-pseudonym.ts";

/** How an anonymiser is made. */
export interface AnonymiserOptions {
  /** With a key of its own for each recording, kept nowhere. */
  readonly digest: KeyedDigest;
  /** Names of members, parts of topics and values that stay besides the wire's own. @defaultValue none */
  readonly keep?: readonly string[];
  /** Whole days by which every time is moved. @defaultValue `0` */
  readonly shiftDays?: number;
}

/** Anonymises the events of one recording. */
export interface Anonymiser {
  event(event: RecordedEvent): RecordedEvent;
  /** A time, epoch milliseconds, as the recording shall have it. */
  instant(epochMs: number): number;
}

const DAY_MS = 86_400_000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/u;
const DURATION = /^P(?=[\dT])(?:\d{1,4}[YMWD])*(?:T(?:\d{1,6}(?:\.\d{1,6})?[HMS])+)?$/u;
const TIME_NAME = /(?:date|time|timestamp|at)$/iu;
/** Numbers that are a time, in milliseconds: 2001 to 2096. */
const EPOCH = { from: 1e12, to: 4e12 };
/** What stands between the words of topics and paths. */
const BETWEEN = /([.?&:/=]+)/u;
const TOPIC_START = /^(?:v2\.|\/api\/v2\/)/iu;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An anonymiser; it remembers what it replaced, so one is for one recording. */
export function createAnonymiser(options: AnonymiserOptions): Anonymiser {
  const { digest, keep = [], shiftDays = 0 } = options;
  const pseudonym = createPseudonyms(digest);
  const kept = new Set(keep);
  const topic = (text: string): string => topicOf(text, kept, pseudonym);
  const visitor = createVisitor(kept, shiftDays, pseudonym);
  const optional = (text: string | undefined, by: (text: string) => string): string | undefined =>
    text === undefined ? undefined : by(text);
  return {
    event: (event) => ({
      ...event,
      topic: topic(event.topic),
      key: optional(event.key, (key) => (key === event.topic ? topic(key) : visitor.string("", key))),
      id: optional(event.id, pseudonym),
      type: optional(event.type, topic),
      correlationId: optional(event.correlationId, pseudonym),
      body: bodyOf(event, visitor, digest),
    }),
    instant: (epochMs) => epochMs + shiftDays * DAY_MS,
  };
}

function createVisitor(kept: ReadonlySet<string>, shiftDays: number, pseudonym: Pseudonyms): JsonVisitor {
  return {
    name: (name) => (FIELD_NAMES.has(name) || kept.has(name) ? name : pseudonym(name)),
    string(name, value) {
      if (value === "" || EMPTY_VALUES.has(value) || kept.has(value)) return value;
      if (CODED_FIELDS.has(name) && CODED_VALUES.has(value)) return value;
      if (DURATION.test(value)) return value;
      const parts = value.split("/");
      if (parts.length <= 2 && parts.every((part) => TIME.test(part))) {
        return parts.map((part) => shifted(part, shiftDays)).join("/");
      }
      return TOPIC_START.test(value) ? topicOf(value, kept, pseudonym) : pseudonym(value);
    },
    number(name, token) {
      const value = Number(token);
      const isTime = TIME_NAME.test(name) && Number.isInteger(value) && value >= EPOCH.from && value < EPOCH.to;
      return isTime && shiftDays !== 0 ? String(value + shiftDays * DAY_MS) : token;
    },
  };
}

/** Whole days move only the date, so that whatever precision and offset a time was written with stays. */
function shifted(time: string, days: number): string {
  const date = new Date(`${time.slice(0, 10)}T00:00:00Z`);
  if (days === 0 || Number.isNaN(date.getTime())) return time;
  return new Date(date.getTime() + days * DAY_MS).toISOString().slice(0, 10) + time.slice(10);
}

function topicOf(topic: string, kept: ReadonlySet<string>, pseudonym: Pseudonyms): string {
  return topic
    .split(BETWEEN)
    .map((part, place) => {
      if (place % 2 === 1 || part === "" || TOPIC_WORDS.has(part.toLowerCase()) || kept.has(part)) return part;
      return pseudonym(part);
    })
    .join("");
}

function bodyOf({ body, encoding }: RecordedEvent, visitor: JsonVisitor, digest: KeyedDigest): Uint8Array {
  if (encoding === "binary") return noise(body, digest);
  const text = decoder.decode(body);
  if (encoding === "json" && isJsonDocument(body)) return encoder.encode(rewriteJson(text, visitor));
  return encoder.encode(visitor.string("", text));
}

/** As many bytes that say nothing. */
function noise(bytes: Uint8Array, digest: KeyedDigest): Uint8Array {
  const made = new Uint8Array(bytes.length);
  const seed = digest(Array.from(bytes.subarray(0, 4_096), (byte) => byte.toString(16)).join(" ")).join(" ");
  for (let at = 0, block = 0; at < made.length; block += 1) {
    const drawn = digest(`bytes ${block} ${bytes.length} ${seed}`);
    made.set(drawn.subarray(0, made.length - at), at);
    at += drawn.length;
  }
  return made;
}
