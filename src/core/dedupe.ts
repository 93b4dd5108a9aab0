/**
 * The dedup window (Q11): an id is known from its admission until `windowMs` later or until `maxCount` younger ids were
 * admitted, whichever is first. A million ids of 36 characters cost some 60 bytes each, and nothing for the garbage
 * collector to walk.
 *
 * ```
 *   log     oldest -> [hash|at|id's words] [hash|at|id's words] [hash|at|id's words] <- youngest      forgotten from the left
 *                      ^ 0                  ^ 13                 ^ 26
 *   table   hash -> address
 * ```
 *
 * D1  Each record of the log, from the oldest on, is in the table exactly once.
 * D2  What is known does not depend on hash or seed: the ids' words are compared.
 */
import { IdTable } from "./id-table.ts";
import type { WordsHash } from "./id-words.ts";
import { countOf, hashWords, maxWordsOf, readWords, writeWords } from "./id-words.ts";
import { placeOf, RecordLog } from "./record-log.ts";

/** A record's words: its hash, its instant as two halves, and from here on the id. */
const HASH = 0;
const AT = 1;
const ID = 3;

/** What a window is made with. */
export interface DedupOptions {
  readonly windowMs: number;
  readonly maxCount: number;
  /** A whole number that nobody outside knows, so that nobody can choose ids whose hashes are equal. @defaultValue `0` */
  readonly seed?: number;
}

/** What tests put in place of our own. */
export interface DedupSeams {
  readonly hash?: WordsHash;
  /** See {@link RecordLog}. */
  readonly firstAddress?: number;
}

/** Remembered ids (see the top of this file). */
export class DedupWindow {
  readonly #windowMs: number;
  readonly #maxCount: number;
  readonly #seed: number;
  readonly #hashOf: WordsHash;
  readonly #log: RecordLog;
  readonly #table: IdTable;
  #oldest = 0;
  #size = 0;
  /** The id that was asked for last, as a record: asking and then remembering takes it apart once. */
  #asked: string | undefined;
  #record = new Int32Array(64);
  #count = 0;
  /** An instant and its two halves. */
  readonly #instant = new Float64Array(1);
  readonly #halves = new Int32Array(this.#instant.buffer);

  constructor(options: DedupOptions, seams: DedupSeams = {}) {
    this.#windowMs = options.windowMs;
    this.#maxCount = options.maxCount;
    this.#seed = options.seed ?? 0;
    this.#hashOf = seams.hash ?? hashWords;
    this.#log = new RecordLog(seams.firstAddress);
    this.#table = new IdTable({
      hashAt: (address) => this.#log.page(address)[placeOf(address) + HASH]!,
      isSought: (address) => this.#isAsked(address),
    });
  }

  /** How many are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Forgets what is too old. */
  advance(now: number): void {
    while (this.#size > 0 && this.#atOf(this.#oldest) + this.#windowMs <= now) this.#forgetOldest();
  }

  /** Whether an id is remembered. */
  has(id: string): boolean {
    if (this.#size === 0) return false;
    this.#ask(id);
    return this.#table.has(this.#record[HASH]!);
  }

  /** Remembers an id as of then, at a start: it may have been forgotten and admitted again since its last time. */
  restore(id: string, at: number): void {
    this.advance(at);
    if (!this.has(id)) this.remember(id, at);
  }

  /**
   * Remembers an id that is not known. A store that opens again calls this with what it kept, the oldest first.
   *
   * @param at - the instant of its admission, not before that of the id remembered last
   */
  remember(id: string, at: number): void {
    if (this.#maxCount === 0 || this.#windowMs <= 0) return;
    if (this.#size >= this.#maxCount) this.#forgetOldest();
    if (this.#asked !== id) this.#ask(id);
    this.#instant[0] = at;
    this.#record[AT] = this.#halves[0]!;
    this.#record[AT + 1] = this.#halves[1]!;
    const address = this.#append();
    if (this.#size === 0) this.#startAt(address);
    this.#size += 1;
    this.#table.add(this.#record[HASH]!, address);
  }

  /** Calls back with each remembered id and the instant of its admission, the oldest first. */
  forEach(visit: (id: string, at: number) => void): void {
    let address = this.#oldest;
    for (let left = this.#size; left > 0; left -= 1) {
      visit(readWords(this.#log.page(address), placeOf(address) + ID), this.#atOf(address));
      if (left > 1) address = this.#after(address);
    }
  }

  /** Takes an id apart. */
  #ask(id: string): void {
    const most = ID + maxWordsOf(id);
    if (most > this.#record.length) this.#record = new Int32Array(2 * most);
    this.#count = ID + writeWords(id, this.#record, ID);
    this.#record[HASH] = this.#hashOf(this.#record, ID, this.#count, this.#seed);
    this.#asked = id;
  }

  #isAsked(address: number): boolean {
    const record = this.#record;
    const page = this.#log.page(address);
    const from = placeOf(address);
    if (page[from + HASH] !== record[HASH]) return false;
    // The first word of an id says how many there are, so this ends within the record.
    for (let index = ID; index < this.#count; index += 1) if (page[from + index] !== record[index]) return false;
    return true;
  }

  /** The record at the end of the log. */
  #append(): number {
    const record = this.#record;
    const count = this.#count;
    const address = this.#log.add(count);
    const page = this.#log.page(address);
    const from = placeOf(address);
    for (let index = 0; index < count; index += 1) page[from + index] = record[index]!;
    return address;
  }

  #forgetOldest(): void {
    const address = this.#oldest;
    this.#table.remove(this.#log.page(address)[placeOf(address) + HASH]!, address);
    this.#size -= 1;
    if (this.#size > 0) this.#startAt(this.#after(address));
  }

  #startAt(address: number): void {
    this.#oldest = address;
    this.#log.dropBefore(address);
  }

  #after(address: number): number {
    return this.#log.next(address, ID + countOf(this.#log.page(address)[placeOf(address) + ID]!));
  }

  #atOf(address: number): number {
    const page = this.#log.page(address);
    const from = placeOf(address) + AT;
    this.#halves[0] = page[from]!;
    this.#halves[1] = page[from + 1]!;
    return this.#instant[0]!;
  }
}
