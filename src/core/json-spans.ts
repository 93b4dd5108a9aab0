/**
 * JSON from outside that must be proven before it is taken, and where the items of a list lie in the bytes. (Members of an
 * object without proof, and much quicker: `json-scan.ts`.)
 *
 * - J1: depth is checked first. `JSON.parse` follows millions of levels, and what is nested deeper than a few thousand can't
 *   be written out again.
 * - J2: bytes that are not UTF-8 are no JSON; nothing is replaced in silence. A byte order mark is no JSON either.
 */

/** A part of an array of bytes: from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A JSON value, or one line on why there is none. */
export type CheckedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The value of JSON bytes; never throws. The reason holds nothing of the bytes. */
export function decodeJson(bytes: Uint8Array, maxDepth: number): CheckedJson {
  if (jsonDepth(bytes) > maxDepth) return { ok: false, reason: `nested deeper than ${maxDepth} levels` };
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { ok: false, reason: "not valid UTF-8" };
  }
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    // V8 quotes the input in its message; only the place is taken from it.
    const place = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    return { ok: false, reason: place === undefined ? "not valid JSON" : `not valid JSON (at character ${place})` };
  }
}

/** Whether the bytes are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The deepest nesting of brackets outside strings, in any bytes. */
export function jsonDepth(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at) - 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) deepest = Math.max(deepest, (depth += 1));
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
  }
  return deepest;
}

/** Where the items of a list lie. The bytes must be JSON (see {@link decodeJson}) and a list. */
export function itemSpans(bytes: Uint8Array): Span[] {
  const spans: Span[] = [];
  let at = skipSpace(bytes, skipSpace(bytes, 0) + 1);
  while (at < bytes.length && bytes[at] !== CLOSE_LIST) {
    const end = endOfValue(bytes, at);
    spans.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return spans;
}

/** The index behind a string that begins at `at`; the end of the bytes where it is not closed. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (let next = at + 1; next < bytes.length; next += 1) {
    const byte = bytes[next];
    if (byte === BACKSLASH) next += 1;
    else if (byte === QUOTE) return next + 1;
  }
  return bytes.length;
}

function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || isSpace(byte))) return at;
    at += 1;
  }
  return at;
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at;
  while (next < bytes.length && isSpace(bytes[next] ?? 0)) next += 1;
  return next;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
