/**
 * Steps over JSON in bytes. Each reads from a place on and gives the place after what it read; never outside the array.
 * What is checked and what is not: json-scan.ts, S3 and S4.
 */

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
/** Instead of a place: this is no JSON. */
export const MALFORMED = -1;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The string whose quotes stand at `start` and `end - 1`; undefined for anything else and for one that `JSON.parse` refuses.
 * Bytes that are not UTF-8 become U+FFFD, as everywhere.
 */
export function readJsonString(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (start < 0 || end - start < 2 || end > bytes.length) return undefined;
  if (bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return undefined;
  if (isPlainAscii(bytes, start + 1, end - 1)) return decoder.decode(bytes.subarray(start + 1, end - 1));
  return parseString(bytes, start, end);
}

/**
 * Whether brackets are open deeper than `maxDepth` at some place, strings left aside; for a guard before `JSON.parse`.
 * Right for every document that `JSON.parse` accepts; for others an answer, no more.
 */
export function isNestedDeeper(bytes: Uint8Array, maxDepth: number): boolean {
  let depth = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (at < 0) return false;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
    at += 1;
  }
  return false;
}

/** Over blanks. */
export function skipBlanks(bytes: Uint8Array, from: number): number {
  if (from < bytes.length && (bytes[from] ?? 0) > 0x20) return from;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
  return at;
}

/** From the opening quote to after the closing one. */
export function skipString(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  let at = start + 1;
  while (at < length) {
    if (bytes[at] !== QUOTE) at += 1;
    else if (bytes[at - 1] !== BACKSLASH || !isEscaped(bytes, at)) return at + 1;
    else at += 1;
  }
  return MALFORMED;
}

/** Whether the byte after some backslashes, all inside a string, is escaped by the last of them. */
function isEscaped(bytes: Uint8Array, place: number): boolean {
  let first = place;
  while (bytes[first - 1] === BACKSLASH) first -= 1;
  return (place - first) % 2 === 1;
}

/** Over `true`, `false`, `null` or the characters of a number. */
export function skipPlain(bytes: Uint8Array, start: number): number {
  switch (bytes[start] ?? 0) {
    case 0x74:
      return isWord(bytes, start, TRUE) ? start + 4 : MALFORMED;
    case 0x66:
      return isWord(bytes, start, FALSE) ? start + 5 : MALFORMED;
    case 0x6e:
      return isWord(bytes, start, NULL) ? start + 4 : MALFORMED;
    default: {
      let at = start;
      while (at < bytes.length && isNumberByte(bytes[at] ?? 0)) at += 1;
      return at > start ? at : MALFORMED;
    }
  }
}

const TRUE = new TextEncoder().encode("true");
const FALSE = new TextEncoder().encode("false");
const NULL = new TextEncoder().encode("null");

/** Whether these bytes stand here. */
export function isWord(bytes: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[start + index] !== word[index]) return false;
  }
  return true;
}

function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}

/** Whether a string has no escapes, control characters or bytes beyond ASCII: then it says what its bytes say. */
function isPlainAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH || byte === QUOTE) return false;
  }
  return true;
}

/** The string, decoded and parsed; undefined where `JSON.parse` refuses it. */
export function parseString(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes.subarray(start, end)));
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
