/**
 * The table of one sink's envelopes, waiting or in flight: one row of 64 bytes each, a cache line, so that an envelope is
 * fetched from memory once per act, and a million of them are nothing to the garbage collector. A row's number is the
 * *entry* by which every other structure knows it.
 *
 * ```
 *   byte  0     8          16           24          32      40     44         48        52      56     60
 *        | seq | standing | admittedAt | expiresAt | bytes | next | previous | younger | older | lane | marks |
 *                                                            in its lane        of its class            own rank, flags
 * ```
 */
import { grown, grownTo } from "./columns.ts";
import { Slots } from "./slots.ts";

const NUMBERS = 8;
const SEQ = 0;
const STANDING = 1;
const ADMITTED_AT = 2;
const EXPIRES_AT = 3;
const BYTES = 4;

const WORDS = 16;
const NEXT = 10;
const PREVIOUS = 11;
const YOUNGER = 12;
const OLDER = 13;
const LANE = 14;
const MARKS = 15;

/** The own rank is in the low bits of the marks. */
const RANK_BITS = 63;

/** Flags of an entry. */
export const DEAD_ON_EXPIRY = 64;
export const IN_FLIGHT = 128;
export const SHARED = 256;
/** It has a coalesceKey. */
export const STATE = 512;
/** It has a history: attempts, redrives, others that it stands for. */
export const HISTORY = 1024;
/** It came back from the dead letters. */
export const REDRIVEN = 2048;

/** What a row is filled with. */
export interface RowValues {
  readonly seq: number;
  readonly rank: number;
  readonly admittedAt: number;
  readonly bytes: number;
}

/** Rows of one sink (see the top of this file). */
export class EntryRows {
  readonly #slots = new Slots();
  #numbers = new Float64Array(0);
  #words = new Int32Array(0);

  /** A row with these values and flags; its links are whatever they were. */
  take(values: RowValues, standing: number, expiresAt: number, lane: number, flags: number): number {
    const entry = this.#slots.take();
    if (entry * NUMBERS >= this.#numbers.length) this.#grow(entry);
    const numbers = this.#numbers;
    const at = entry * NUMBERS;
    numbers[at + SEQ] = values.seq;
    numbers[at + STANDING] = standing;
    numbers[at + ADMITTED_AT] = values.admittedAt;
    numbers[at + EXPIRES_AT] = expiresAt;
    numbers[at + BYTES] = values.bytes;
    this.#words[entry * WORDS + LANE] = lane;
    this.#words[entry * WORDS + MARKS] = values.rank | flags;
    return entry;
  }

  give(entry: number): void {
    this.#slots.give(entry);
  }

  seq(entry: number): number {
    return this.#numbers[entry * NUMBERS + SEQ]!;
  }

  standing(entry: number): number {
    return this.#numbers[entry * NUMBERS + STANDING]!;
  }

  admittedAt(entry: number): number {
    return this.#numbers[entry * NUMBERS + ADMITTED_AT]!;
  }

  /** Infinity: never. */
  expiresAt(entry: number): number {
    return this.#numbers[entry * NUMBERS + EXPIRES_AT]!;
  }

  bytes(entry: number): number {
    return this.#numbers[entry * NUMBERS + BYTES]!;
  }

  lane(entry: number): number {
    return this.#words[entry * WORDS + LANE]!;
  }

  /** Rank of its own class. */
  rank(entry: number): number {
    return this.#words[entry * WORDS + MARKS]! & RANK_BITS;
  }

  has(entry: number, flag: number): boolean {
    return (this.#words[entry * WORDS + MARKS]! & flag) !== 0;
  }

  mark(entry: number, flag: number): void {
    this.#words[entry * WORDS + MARKS]! |= flag;
  }

  unmark(entry: number, flag: number): void {
    this.#words[entry * WORDS + MARKS]! &= ~flag;
  }

  /** The next entry of its lane. */
  next(entry: number): number {
    return this.#words[entry * WORDS + NEXT]!;
  }

  previous(entry: number): number {
    return this.#words[entry * WORDS + PREVIOUS]!;
  }

  setNext(entry: number, next: number): void {
    this.#words[entry * WORDS + NEXT] = next;
  }

  setPrevious(entry: number, previous: number): void {
    this.#words[entry * WORDS + PREVIOUS] = previous;
  }

  /** The next younger entry of its class. */
  younger(entry: number): number {
    return this.#words[entry * WORDS + YOUNGER]!;
  }

  older(entry: number): number {
    return this.#words[entry * WORDS + OLDER]!;
  }

  setYounger(entry: number, younger: number): void {
    this.#words[entry * WORDS + YOUNGER] = younger;
  }

  setOlder(entry: number, older: number): void {
    this.#words[entry * WORDS + OLDER] = older;
  }

  #grow(entry: number): void {
    const rows = grownTo(this.#numbers.length / NUMBERS, entry);
    this.#numbers = grown(this.#numbers, new Float64Array(rows * NUMBERS));
    this.#words = new Int32Array(this.#numbers.buffer);
  }
}
