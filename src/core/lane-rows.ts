/**
 * The table of one sink's lanes: a row of 48 bytes each. What an act asks of a lane's first and last entry is here too, so
 * that nothing has to be fetched of entries that it leaves where they are.
 *
 * ```
 *   byte  0       8      16     24     28     32        36     40
 *        | bytes | best | last | head | tail | waiting | held | marks |
 *
 *   bytes  payload bytes that wait             best   best standing that waits, Infinity: none
 *   last   standing of the tail                held   entries of the lane, waiting or not
 *                                              marks  lane class, flags
 * ```
 */
import { grown, grownTo } from "./columns.ts";
import { NONE } from "./sorted-runs.ts";

const NUMBERS = 6;
const BYTES = 0;
const BEST = 1;
const LAST = 2;

const WORDS = 12;
const HEAD = 6;
const TAIL = 7;
const WAITING = 8;
const HELD = 9;
const MARKS = 10;

/** The lane class is in the low bits of the marks; this one: nothing waits. */
const RANK_BITS = 255;
export const NO_RANK = 255;

/** Flags of a lane: one of it is in flight; a backoff is running. */
export const BUSY = 512;
export const BACKOFF = 1024;
/** Not straight: see `lanes.ts`. */
export const CROOKED = 2048;
/** A state waits in it, or did since it was last empty: see `coalescing.ts`. */
export const STATEFUL = 4096;

/** Rows of one sink's lanes. */
export class LaneRows {
  #numbers = new Float64Array(0);
  #words = new Int32Array(0);

  /** Makes a row that of a lane with nothing in it. */
  open(lane: number): void {
    if (lane * NUMBERS >= this.#numbers.length) this.#grow(lane);
    const at = lane * WORDS;
    this.#numbers[lane * NUMBERS + BYTES] = 0;
    this.#numbers[lane * NUMBERS + BEST] = Infinity;
    this.#words[at + HEAD] = NONE;
    this.#words[at + TAIL] = NONE;
    this.#words[at + WAITING] = 0;
    this.#words[at + HELD] = 0;
    this.#words[at + MARKS] = NO_RANK;
  }

  /** First of a straight lane. */
  head(lane: number): number {
    return this.#words[lane * WORDS + HEAD]!;
  }

  tail(lane: number): number {
    return this.#words[lane * WORDS + TAIL]!;
  }

  setHead(lane: number, entry: number): void {
    this.#words[lane * WORDS + HEAD] = entry;
  }

  /** With its standing. */
  setTail(lane: number, entry: number, standing: number): void {
    this.#words[lane * WORDS + TAIL] = entry;
    this.#numbers[lane * NUMBERS + LAST] = standing;
  }

  /** The standing of the tail of a straight lane. */
  lastStanding(lane: number): number {
    return this.#numbers[lane * NUMBERS + LAST]!;
  }

  /** The best standing that waits, or Infinity. */
  bestStanding(lane: number): number {
    return this.#numbers[lane * NUMBERS + BEST]!;
  }

  setBestStanding(lane: number, standing: number): void {
    this.#numbers[lane * NUMBERS + BEST] = standing;
  }

  /** Entries of the lane, waiting or not. */
  held(lane: number): number {
    return this.#words[lane * WORDS + HELD]!;
  }

  hold(lane: number, count: number): void {
    this.#words[lane * WORDS + HELD]! += count;
  }

  /** How many wait. */
  waiting(lane: number): number {
    return this.#words[lane * WORDS + WAITING]!;
  }

  /** Their payload bytes. */
  bytes(lane: number): number {
    return this.#numbers[lane * NUMBERS + BYTES]!;
  }

  resize(lane: number, count: number, bytes: number): void {
    this.#words[lane * WORDS + WAITING]! += count;
    this.#numbers[lane * NUMBERS + BYTES]! += bytes;
  }

  /** The rank of its lane class, or {@link NO_RANK}. */
  rank(lane: number): number {
    return this.#words[lane * WORDS + MARKS]! & RANK_BITS;
  }

  setRank(lane: number, rank: number): void {
    const marks = this.#words[lane * WORDS + MARKS]!;
    this.#words[lane * WORDS + MARKS] = (marks & ~RANK_BITS) | rank;
  }

  /** Whether it has any of these flags. */
  has(lane: number, flags: number): boolean {
    return (this.#words[lane * WORDS + MARKS]! & flags) !== 0;
  }

  mark(lane: number, flags: number): void {
    this.#words[lane * WORDS + MARKS]! |= flags;
  }

  unmark(lane: number, flags: number): void {
    this.#words[lane * WORDS + MARKS]! &= ~flags;
  }

  #grow(lane: number): void {
    const rows = grownTo(this.#numbers.length / NUMBERS, lane);
    this.#numbers = grown(this.#numbers, new Float64Array(rows * NUMBERS));
    this.#words = new Int32Array(this.#numbers.buffer);
  }
}
