/**
 * Whether bytes are one JSON document (RFC 8259), decided in one pass without making anything of it. Bodies go out as they
 * came in, inside a document of ours, so what is embedded must be proven whole: a stray bracket in a body must not be able
 * to end our object and begin a forged one.
 *
 * J1  Accepts exactly what `JSON.parse` accepts of well-formed UTF-8 (no byte order mark), down to `MAX_DEPTH` brackets.
 * J2  Never recurses, never throws, looks at each byte once.
 */

/** Deeper documents are not accepted: intake bounds depth far below this. */
const MAX_DEPTH = 1_024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BAD = -1;

const LITERALS: Readonly<Record<number, readonly number[]>> = {
  0x74: [0x74, 0x72, 0x75, 0x65],
  0x66: [0x66, 0x61, 0x6c, 0x73, 0x65],
  0x6e: [0x6e, 0x75, 0x6c, 0x6c],
};

/** 1 for the bytes of a string that need no look: printable ASCII but the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** Whether the bytes are exactly one JSON document. */
export function isJsonDocument(bytes: Uint8Array): boolean {
  const owed: number[] = [];
  let at = skipBlanks(bytes, 0);
  for (;;) {
    // A value stands here, or an opening bracket.
    const byte = bytes[at];
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (owed.length === MAX_DEPTH) return false;
      const close = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      at = skipBlanks(bytes, at + 1);
      if (bytes[at] !== close) {
        owed.push(close);
        if (close === CLOSE_BRACE) at = skipName(bytes, at);
        if (at === BAD) return false;
        continue;
      }
      at += 1;
    } else {
      at = skipScalar(bytes, at);
      if (at === BAD) return false;
    }
    // A value has ended: close what closes, then a comma, or the end.
    at = skipBlanks(bytes, at);
    while (owed.length > 0 && bytes[at] === owed[owed.length - 1]) {
      owed.pop();
      at = skipBlanks(bytes, at + 1);
    }
    const open = owed[owed.length - 1];
    if (open === undefined) return at === bytes.length;
    if (bytes[at] !== COMMA) return false;
    at = skipBlanks(bytes, at + 1);
    if (open === CLOSE_BRACE) at = skipName(bytes, at);
    if (at === BAD) return false;
  }
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** A member's name and its colon; answers where its value begins. */
function skipName(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== QUOTE) return BAD;
  const end = skipString(bytes, from + 1);
  if (end === BAD) return BAD;
  const colon = skipBlanks(bytes, end);
  return bytes[colon] === COLON ? skipBlanks(bytes, colon + 1) : BAD;
}

function skipScalar(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) return BAD;
  if (byte === QUOTE) return skipString(bytes, at + 1);
  if (byte === MINUS || isDigit(byte)) return skipNumber(bytes, at);
  const literal = LITERALS[byte];
  if (literal === undefined || literal.some((letter, place) => bytes[at + place] !== letter)) return BAD;
  return at + literal.length;
}

function skipString(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    let byte = bytes[at] ?? 0;
    while (PLAIN[byte] === 1) byte = bytes[(at += 1)] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at = skipEscape(bytes, at + 1);
    else if (byte >= 0x80) at = skipCodePoint(bytes, at, byte);
    else return BAD;
    if (at === BAD) return BAD;
  }
}

function skipEscape(bytes: Uint8Array, at: number): number {
  const byte: number = bytes[at] ?? 0;
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // solidus
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      for (let place = 1; place <= 4; place += 1) if (!isHex(bytes[at + place] ?? 0)) return BAD;
      return at + 5;
    default:
      return BAD;
  }
}

/** One code point of more than one byte: shortest form only, no surrogates, none above U+10FFFF. */
function skipCodePoint(bytes: Uint8Array, at: number, lead: number): number {
  const second = bytes[at + 1] ?? 0;
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? at + 2 : BAD;
  if ((lead & 0xf0) === 0xe0) {
    const low = lead === 0xe0 ? 0xa0 : 0x80;
    const high = lead === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isTail(bytes[at + 2] ?? 0) ? at + 3 : BAD;
  }
  if (lead < 0xf0 || lead > 0xf4) return BAD;
  const low = lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xf4 ? 0x8f : 0xbf;
  const whole = second >= low && second <= high && isTail(bytes[at + 2] ?? 0) && isTail(bytes[at + 3] ?? 0);
  return whole ? at + 4 : BAD;
}

function skipNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  if (bytes[at] === ZERO) at += 1;
  else at = skipDigits(bytes, at);
  if (at !== BAD && bytes[at] === DOT) at = skipDigits(bytes, at + 1);
  if (at !== BAD && ((bytes[at] ?? 0) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

/** At least one digit. */
function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at] ?? 0)) at += 1;
  return at === from ? BAD : at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHex(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

function isTail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
