/**
 * Reads a few members of a JSON object out of its bytes, without making a string or an object of the rest.
 *
 * A frame of the wire is 1 to 50 KB, and what the line needs of it at once is a topic, the range of the body and one id.
 * `JSON.parse` costs several times what this scan costs, and most bodies are never looked into again.
 *
 * What holds:
 * - S1 It never throws, never reads outside the array, never recurses deeper than the wanted paths.
 * - S2 For a document that `JSON.parse` accepts and that is not nested deeper than `maxDepth`, the answer is `ok` and each
 *   slot holds what `JSON.parse` would give for its path: of members with the same name the last wins, names may be
 *   written with escapes, a byte order mark is skipped (as `TextDecoder` does).
 * - S3 `ok` means: one object, nothing but blanks after it, every bracket closed by its own kind, every string closed,
 *   and on the objects along the wanted paths commas, colons, names and plain values well formed.
 * - S4 `ok` does *not* mean valid JSON. Not checked: the order of commas, colons and values inside values that are passed
 *   over, the spelling of numbers, literals inside passed-over values, escapes and control characters in strings
 *   that are not read, and UTF-8. Whoever needs proof parses the body.
 */
import {
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  COMMA,
  isWord,
  MALFORMED,
  OPEN_BRACE,
  OPEN_BRACKET,
  parseString,
  QUOTE,
  readJsonString,
  skipBlanks,
  skipPlain,
  skipString,
} from "./json-bytes.ts";

/** The end of one scan. `too-deep`: brackets nested deeper than allowed, the rest was not looked at. */
export type JsonScanResult = "ok" | "malformed" | "not-an-object" | "too-deep";

/** Bounds of a scan. */
export interface JsonScanOptions {
  /** Brackets open at the same time, the outermost object included. @defaultValue `64` */
  readonly maxDepth?: number;
}

/**
 * A scanner for a fixed list of paths; `slot` is a path's place in the list. Results stay until the next `scan`.
 * Not re-entrant: one scanner for each place in the code that scans.
 */
export interface JsonScanner {
  scan(bytes: Uint8Array): JsonScanResult;
  /** Whether the member is there (after `ok`; `null` counts as there). */
  has(slot: number): boolean;
  /** First byte of the value, -1 where there is none. */
  start(slot: number): number;
  /** The byte after the value, -1 where there is none. */
  end(slot: number): number;
  /** The value's bytes as a view; undefined where there is none. */
  slice(slot: number): Uint8Array | undefined;
  /** The value where it is a string; undefined where it is absent, of another type, or a string that `JSON.parse` refuses. */
  string(slot: number): string | undefined;
}

/**
 * A scanner for members of an object, and of objects in it.
 *
 * @param paths - each a list of member names from the outermost object inwards; a path may be the beginning of another
 */
export function createJsonScanner(paths: readonly (readonly string[])[], options: JsonScanOptions = {}): JsonScanner {
  return new PathScanner(paths, options.maxDepth ?? 64);
}

const TOO_DEEP = -2;

/** One wanted member of an object. */
interface Wanted {
  readonly name: Uint8Array;
  /** JSON may write the name as it is; otherwise only by escapes. */
  readonly isPlain: boolean;
  /** Its slot, -1 where only members inside it are wanted. */
  slot: number;
  readonly members: Wanted[];
}

class PathScanner implements JsonScanner {
  readonly #root: Wanted[] = [];
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #maxDepth: number;
  /** Closing brackets that are owed, by depth. */
  readonly #owed: Uint8Array;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(paths: readonly (readonly string[])[], maxDepth: number) {
    this.#maxDepth = maxDepth;
    this.#owed = new Uint8Array(maxDepth + 1);
    this.#starts = new Int32Array(paths.length).fill(-1);
    this.#ends = new Int32Array(paths.length).fill(-1);
    paths.forEach((path, slot) => plant(this.#root, path, slot));
  }

  scan(bytes: Uint8Array): JsonScanResult {
    this.#bytes = bytes;
    this.#starts.fill(-1);
    this.#ends.fill(-1);
    const result = this.#scanDocument(bytes);
    if (result !== "ok") this.#forget(this.#root);
    return result;
  }

  has(slot: number): boolean {
    return this.start(slot) >= 0;
  }

  start(slot: number): number {
    return this.#starts[slot] ?? -1;
  }

  end(slot: number): number {
    return this.#ends[slot] ?? -1;
  }

  slice(slot: number): Uint8Array | undefined {
    const start = this.start(slot);
    return start < 0 ? undefined : this.#bytes.subarray(start, this.end(slot));
  }

  string(slot: number): string | undefined {
    return readJsonString(this.#bytes, this.start(slot), this.end(slot));
  }

  #scanDocument(bytes: Uint8Array): JsonScanResult {
    const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    const open = skipBlanks(bytes, mark);
    if (bytes[open] !== OPEN_BRACE) return "not-an-object";
    if (this.#maxDepth < 1) return "too-deep";
    const end = this.#scanMembers(open + 1, this.#root, 1);
    if (end === TOO_DEEP) return "too-deep";
    if (end < 0 || skipBlanks(bytes, end) !== bytes.length) return "malformed";
    return "ok";
  }

  /** From after `{` to after its `}`; negative where something is wrong. */
  #scanMembers(from: number, wanted: readonly Wanted[], depth: number): number {
    const bytes = this.#bytes;
    let at = skipBlanks(bytes, from);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return MALFORMED;
      const nameEnd = skipString(bytes, at);
      if (nameEnd < 0) return MALFORMED;
      const member = findMember(bytes, at, nameEnd, wanted);
      if (member === null) return MALFORMED;
      at = skipBlanks(bytes, nameEnd);
      if (bytes[at] !== COLON) return MALFORMED;
      at = this.#scanValue(skipBlanks(bytes, at + 1), member, depth);
      if (at < 0) return at;
      at = skipBlanks(bytes, at);
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) return MALFORMED;
      at = skipBlanks(bytes, at + 1);
    }
  }

  /** From the first to after the last byte of a value. */
  #scanValue(start: number, member: Wanted | undefined, depth: number): number {
    const first = this.#bytes[start];
    let end: number;
    if (first === QUOTE) end = skipString(this.#bytes, start);
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) end = this.#scanContainer(start, member, depth);
    else end = skipPlain(this.#bytes, start);
    if (member === undefined || end < 0) return end;
    // S2: an earlier member of the same name, and all that was found in it, is void.
    if (first !== OPEN_BRACE || member.members.length === 0) this.#forget(member.members);
    if (member.slot >= 0) {
      this.#starts[member.slot] = start;
      this.#ends[member.slot] = end;
    }
    return end;
  }

  #scanContainer(start: number, member: Wanted | undefined, depth: number): number {
    if (depth >= this.#maxDepth) return TOO_DEEP;
    if (member === undefined || member.members.length === 0 || this.#bytes[start] !== OPEN_BRACE) {
      return this.#skipContainer(start, depth);
    }
    this.#forget(member.members);
    return this.#scanMembers(start + 1, member.members, depth + 1);
  }

  /** Over an object or array: brackets in pairs, strings closed, nothing else looked at. */
  #skipContainer(start: number, outerDepth: number): number {
    const bytes = this.#bytes;
    const owed = this.#owed;
    const length = bytes.length;
    const maxDepth = this.#maxDepth;
    let depth = outerDepth;
    let at = start;
    while (at < length) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        at = skipString(bytes, at);
        if (at < 0) return MALFORMED;
        continue;
      }
      // "[" and "]" become "{" and "}" by this bit.
      const bracket = byte | 0x20;
      if (bracket === OPEN_BRACE) {
        if (depth >= maxDepth) return TOO_DEEP;
        depth += 1;
        // ASCII has each closing bracket two places after its opening one.
        owed[depth] = byte + 2;
      } else if (bracket === CLOSE_BRACE) {
        if (owed[depth] !== byte) return MALFORMED;
        depth -= 1;
        if (depth === outerDepth) return at + 1;
      }
      at += 1;
    }
    return MALFORMED;
  }

  #forget(wanted: readonly Wanted[]): void {
    for (const member of wanted) {
      if (member.slot >= 0) {
        this.#starts[member.slot] = -1;
        this.#ends[member.slot] = -1;
      }
      this.#forget(member.members);
    }
  }
}

/** Adds a path to the tree of wanted members. */
function plant(wanted: Wanted[], path: readonly string[], slot: number): void {
  let level = wanted;
  path.forEach((name, index) => {
    const bytes = new TextEncoder().encode(name);
    let member = level.find((candidate) => isSame(candidate.name, bytes));
    if (member === undefined) {
      member = { name: bytes, isPlain: JSON.stringify(name) === `"${name}"`, slot: -1, members: [] };
      level.push(member);
    }
    if (index === path.length - 1) member.slot = slot;
    level = member.members;
  });
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** The wanted member with this name; undefined: none; null: the name is no valid string. */
function findMember(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: readonly Wanted[],
): Wanted | undefined | null {
  const length = end - start - 2;
  for (let index = 0; index < wanted.length; index += 1) {
    const member = wanted[index];
    if (member?.name.length === length && member.isPlain && isWord(bytes, start + 1, member.name)) return member;
  }
  for (let at = start + 1; at < end - 1; at += 1) {
    if (bytes[at] === BACKSLASH) return findEscaped(bytes, start, end, wanted);
  }
  return undefined;
}

/** A name with escapes in it: `"topic\u004eame"` is `topicName` to `JSON.parse`, so it is to us. */
function findEscaped(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: readonly Wanted[],
): Wanted | undefined | null {
  const name = parseString(bytes, start, end);
  if (name === undefined) return null;
  const encoded = new TextEncoder().encode(name);
  return wanted.find((member) => isSame(member.name, encoded));
}
