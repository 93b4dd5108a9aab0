/**
 * The outward shape of an event: one CloudEvents 1.0 document in JSON (structured mode), as bytes. The body stays what it
 * was, byte for byte, where it is proven to be JSON; nothing is parsed or serialised again.
 */
import type { RingfirstEvent } from "./event.ts";
import { isJsonDocument } from "./json-check.ts";

/** Media type of {@link toCloudEvent}'s bytes. */
export const CLOUD_EVENT_MEDIA_TYPE = "application/cloudevents+json";

/** Digits of the largest sequence: padded, the extension's strings sort as the numbers do. */
const SEQUENCE_DIGITS = 16;
const CLOSE = 0x7d;
const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/**
 * An event as a CloudEvents 1.0 JSON document.
 *
 * Attributes: `id`, `source` (`/ringfirst/<source>`), `type`, `subject` (the key), `time` (arrival); extensions `topic`,
 * `priorityclass`, `origin`, `sequence` (16 digits, so that it sorts as text), and where there is something to say
 * `correlationid`, `redriven` (times redriven from the dead letters), `replaced` (older states it stands for).
 * `data` is the body: as it came where it is JSON, else a JSON string; `data_base64` where it is not UTF-8 text.
 */
export function toCloudEvent(event: RingfirstEvent): Uint8Array {
  const head = attributes(event);
  const { bytes, encoding } = event;
  if (bytes.length === 0) return encoder.encode(`${head}}`);
  const start = encoding === "json" && hasByteOrderMark(bytes) ? 3 : 0;
  const body = start === 0 ? bytes : bytes.subarray(start);
  if (encoding === "json" && isJsonDocument(body)) {
    return joined(`${head},"datacontenttype":"application/json","data":`, body);
  }
  const text = encoding === "binary" ? undefined : decodeText(bytes);
  if (text === undefined) {
    return encoder.encode(`${head},"datacontenttype":"application/octet-stream","data_base64":"${toBase64(bytes)}"}`);
  }
  return encoder.encode(`${head},"datacontenttype":"text/plain","data":${JSON.stringify(text)}}`);
}

/** The document up to its data, still open. */
function attributes(event: RingfirstEvent): string {
  const { key, topic, correlationId, redriven, replaced } = event;
  let head =
    `{"specversion":"1.0","id":${JSON.stringify(event.id)}` +
    `,"source":${JSON.stringify(`/ringfirst/${encodeURIComponent(event.source.toWellFormed())}`)}` +
    `,"type":${JSON.stringify(event.type)}`;
  // The specification allows no empty subject.
  if (key !== undefined && key !== "") head += `,"subject":${JSON.stringify(key)}`;
  const time = toTimestamp(event.receivedAt);
  if (time !== undefined) head += `,"time":"${time}"`;
  if (topic !== "") head += `,"topic":${JSON.stringify(topic)}`;
  head +=
    `,"priorityclass":${JSON.stringify(event.class)},"origin":"${event.origin}"` +
    `,"sequence":"${event.sequence.toString().padStart(SEQUENCE_DIGITS, "0")}"`;
  if (correlationId !== undefined) head += `,"correlationid":${JSON.stringify(correlationId)}`;
  if (redriven > 0) head += `,"redriven":${redriven}`;
  if (replaced > 0) head += `,"replaced":${replaced}`;
  return head;
}

/** One allocation: the head is encoded into the room before the body, which is copied once. */
function joined(head: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length * 3 + body.length + 1);
  const { written } = encoder.encodeInto(head, bytes);
  bytes.set(body, written);
  const end = written + body.length;
  bytes[end] = CLOSE;
  return bytes.subarray(0, end + 1);
}

function toTimestamp(instant: number): string | undefined {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const triple = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += letter(triple >> 18) + letter(triple >> 12);
    text += left > 1 ? letter(triple >> 6) : "=";
    text += left > 2 ? letter(triple) : "=";
  }
  return text;
}

function letter(bits: number): string {
  return ALPHABET.charAt(bits & 63);
}
