/**
 * One line of NDJSON out of a JSON document's bytes. The document stays the same for every JSON reader; the line is safe
 * for line readers and terminals: line breaks between tokens become blanks, and characters that end a line for some readers
 * (U+2028, U+2029), steer a terminal (DEL, U+0080 to U+009F) or turn text around (bidi controls) become escapes. In valid JSON
 * these stand inside strings only, where an escape means the same.
 */
const NEWLINE = 0x0a;
const HEX = "0123456789abcdef";

/** The line, its final newline included. The document must be valid JSON. */
export function toJsonLine(document: Uint8Array): Uint8Array {
  const unsafe = countUnsafe(document);
  // An escape is six bytes for a character of at least one.
  const line = new Uint8Array(document.length + unsafe * 5 + 1);
  const end = unsafe === 0 ? copy(document, line) : rewrite(document, line);
  line[end] = NEWLINE;
  return line.subarray(0, end + 1);
}

function copy(document: Uint8Array, line: Uint8Array): number {
  line.set(document);
  return document.length;
}

function rewrite(document: Uint8Array, line: Uint8Array): number {
  let to = 0;
  for (let at = 0; at < document.length;) {
    const byte = document[at] ?? 0;
    const length = unsafeLength(document, at, byte);
    if (length === 0) {
      line[to] = byte;
      to += 1;
      at += 1;
    } else if (byte < 0x20) {
      line[to] = 0x20;
      to += 1;
      at += 1;
    } else {
      to = writeEscape(line, to, codePoint(document, at, length));
      at += length;
    }
  }
  return to;
}

function countUnsafe(document: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < document.length; at += 1) {
    const byte = document[at] ?? 0;
    // Nearly all bytes end here.
    if (byte >= 0x20 && byte < 0x7f) continue;
    if (unsafeLength(document, at, byte) > 0) count += 1;
  }
  return count;
}

/** How many bytes the unsafe character here has; 0: it is safe. */
function unsafeLength(document: Uint8Array, at: number, byte: number): number {
  if (byte === NEWLINE || byte === 0x0d || byte === 0x7f) return 1;
  if (byte === 0xc2) return (document[at + 1] ?? 0) < 0xa0 ? 2 : 0;
  if (byte !== 0xe2) return 0;
  const second = document[at + 1];
  const third = document[at + 2] ?? 0;
  // U+200E, U+200F, U+2028 to U+202E; U+2066 to U+2069.
  const turns = second === 0x80 && (third === 0x8e || third === 0x8f || (third >= 0xa8 && third <= 0xae));
  const isolates = second === 0x81 && third >= 0xa6 && third <= 0xa9;
  return turns || isolates ? 3 : 0;
}

function codePoint(document: Uint8Array, at: number, length: number): number {
  if (length === 1) return document[at] ?? 0;
  const second = (document[at + 1] ?? 0) & 0x3f;
  if (length === 2) return (((document[at] ?? 0) & 0x1f) << 6) | second;
  return (((document[at] ?? 0) & 0x0f) << 12) | (second << 6) | ((document[at + 2] ?? 0) & 0x3f);
}

function writeEscape(line: Uint8Array, to: number, code: number): number {
  line[to] = 0x5c;
  line[to + 1] = 0x75;
  for (let place = 0; place < 4; place += 1) {
    line[to + 2 + place] = HEX.charCodeAt((code >> (12 - place * 4)) & 15);
  }
  return to + 6;
}
