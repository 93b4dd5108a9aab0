/**
 * Recordings: events as they came, one JSON line each, to be played again. What it looks like for people: `docs/recordings.md`.
 *
 * ```
 *  {"ringfirst":"recording","version":1,"startedAt":"2026-03-04T10:15:00.000Z","sources":["main"],"anonymised":false}
 *  {"at":812.4,"source":"main","topic":"v2.users.….presence","key":"…","body":{"…":"…"}}
 *  {"at":1044.9,"source":"main","topic":"","encoding":"text","base64":"bm90IEpTT04="}
 * ```
 *  F1  The body is the one that came, byte for byte: a JSON document that fits into a line of harmless characters stands as it is, any
 *      other body in base64.
 *  F2  `at` is milliseconds since `startedAt` by a clock that never steps.
 *  F3  Readers ignore members that they do not know, and a last line that was cut off. A change that old readers would get wrong raises
 *      the version.
 */
import type { BodyEncoding, Origin } from "./event-record.ts";
import { isJsonDocument } from "./json-check.ts";
import { toJsonLine } from "./json-line.ts";

/** The version that is written, and the newest that is read. */
export const RECORDING_VERSION = 1;

/** What the first line says. */
export interface RecordingHeader {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Names of the sources, as they were configured. */
  readonly sources: readonly string[];
  readonly anonymised: boolean;
}

/** One event of a recording. */
export interface RecordedEvent {
  /** Milliseconds since the recording began. */
  readonly at: number;
  readonly source: string;
  readonly topic: string;
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
  /** Where it was not `live`. */
  readonly origin?: Origin | undefined;
  readonly key?: string | undefined;
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
}

const encoder = new TextEncoder();
const CLOSE = 0x7d;
const NEWLINE = 0x0a;
/** Of bytes turned to text at once: arguments of a call are few. */
const CHUNK = 8_192;

/** The first line, its newline included. */
export function encodeRecordingHeader({ version, startedAt, sources, anonymised }: RecordingHeader): Uint8Array {
  const time = new Date(startedAt).toISOString();
  const header = { ringfirst: "recording", version, startedAt: time, sources, anonymised };
  return toJsonLine(encoder.encode(JSON.stringify(header)));
}

/** The line of one event, its newline included. */
export function encodeRecordedEvent(event: RecordedEvent): Uint8Array {
  const { body, encoding } = event;
  const head = toJsonLine(encoder.encode(attributes(event))).subarray(0, -1);
  const document = encoding === "json" ? asItStands(body) : undefined;
  const rest = encoder.encode(
    document === undefined ? `,"encoding":"${encoding}","base64":"${toBase64(body)}"}\n` : `,"body":`,
  );
  const line = new Uint8Array(head.length - 1 + rest.length + (document === undefined ? 0 : document.length + 2));
  // The head is a whole object; its last brace makes room for the body.
  line.set(head.subarray(0, -1));
  line.set(rest, head.length - 1);
  if (document !== undefined) {
    line.set(document, head.length - 1 + rest.length);
    line[line.length - 2] = CLOSE;
    line[line.length - 1] = NEWLINE;
  }
  return line;
}

function attributes({ at, source, topic, origin, key, id, type, correlationId }: RecordedEvent): string {
  const rounded = Math.round(at * 1_000) / 1_000;
  return JSON.stringify({
    at: rounded,
    source,
    topic,
    ...(origin === undefined || origin === "live" ? {} : { origin }),
    key,
    id,
    type: type === "" ? undefined : type,
    correlationId: correlationId === "" ? undefined : correlationId,
  });
}

/** F1: the document where it can stand in a line unchanged. */
function asItStands(body: Uint8Array): Uint8Array | undefined {
  if (!isJsonDocument(body)) return undefined;
  if (isPrintableAscii(body)) return body;
  const line = toJsonLine(body);
  return line.length === body.length + 1 && body.every((byte, at) => byte === line[at]) ? body : undefined;
}

/** Nearly all bodies are, and nothing in them needs a second look. */
function isPrintableAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte < 0x20 || byte > 0x7e) return false;
  return true;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}
