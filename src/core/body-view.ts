/**
 * The body of an event as expressions see it, read at most once and only when somebody asks.
 *
 * B1 Reading never throws: what can't be read is `null`, with the reason for people.
 * B2 Text is decoded once; the byte test and the parser look at the same characters.
 * B3 Members named `constructor` are harmless: the CEL package takes an object's class from that name, so objects
 *    that have such a member are given to it as a `Map`. (`__proto__` is an ordinary member to `JSON.parse` and to CEL.)
 */
import type { BodyEncoding } from "./event-record.ts";
import { isNestedDeeper } from "./json-bytes.ts";

/** What is never parsed for a rule. */
export interface BodyLimits {
  /** Deeper nesting is not parsed. */
  readonly maxDepth: number;
  /** Longer bodies are not parsed. */
  readonly maxBytes: number;
}

const decoder = new TextDecoder();

/** One event's body. */
export class BodyView {
  readonly bytes: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly #limits: BodyLimits;
  #text: string | undefined;
  #isPlainlySpelled: boolean | undefined;
  #read: { readonly value: unknown; readonly problem: string | undefined } | undefined;

  constructor(bytes: Uint8Array, encoding: BodyEncoding, limits: BodyLimits) {
    this.bytes = bytes;
    this.encoding = encoding;
    this.#limits = limits;
  }

  /** Whether a rule may look into it at all. */
  get isReadable(): boolean {
    return this.encoding !== "binary" && this.bytes.length <= this.#limits.maxBytes;
  }

  /** The bytes as UTF-8; what is not UTF-8 becomes U+FFFD. */
  get text(): string {
    this.#text ??= decoder.decode(this.bytes);
    return this.#text;
  }

  /** Whether it is JSON in which every string stands as it is, none spelled by escapes (byte-test.ts, T1). */
  get isPlainlySpelled(): boolean {
    this.#isPlainlySpelled ??= this.encoding === "json" && this.isReadable && !this.text.includes("\\");
    return this.#isPlainlySpelled;
  }

  /** Parsed JSON, or the text; `null` where neither can be had (B1). */
  get value(): unknown {
    return this.#get().value;
  }

  /** Why `value` is null though the body is not JSON's `null`. */
  get problem(): string | undefined {
    return this.#get().problem;
  }

  #get(): { readonly value: unknown; readonly problem: string | undefined } {
    this.#read ??= this.#readBody();
    return this.#read;
  }

  #readBody(): { readonly value: unknown; readonly problem: string | undefined } {
    if (this.encoding === "binary") return { value: null, problem: "the body is binary" };
    if (!this.isReadable) return { value: null, problem: `the body has more than ${this.#limits.maxBytes} bytes` };
    if (this.encoding === "text") return { value: this.text, problem: undefined };
    if (hasMoreOpening(this.text, this.#limits.maxDepth) && isNestedDeeper(this.bytes, this.#limits.maxDepth)) {
      return { value: null, problem: `the body is nested deeper than ${this.#limits.maxDepth}` };
    }
    try {
      const value: unknown = JSON.parse(this.text);
      return { value: mayHoldConstructor(this.text) ? withMaps(value) : value, problem: undefined };
    } catch {
      return { value: null, problem: "the body is not JSON" };
    }
  }
}

/** Whether brackets, those in strings too, open more often than `limit`; the engine finds the few in a fraction of a scan. */
function hasMoreOpening(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of "{[") {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > limit) return true;
    }
  }
  return false;
}

function mayHoldConstructor(text: string): boolean {
  return text.includes("constructor") || text.includes("\\u");
}

/** B3. Depth is bounded by {@link BodyLimits}, so recursion is. */
function withMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMaps);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [name, withMaps(member)]);
  if (Object.hasOwn(value, "constructor")) return new Map(entries);
  // Not Object.fromEntries by habit: that too defines "__proto__" as an own member, where an assignment would not.
  return Object.fromEntries(entries);
}
