/**
 * Who waits behind whom in each lane (Q1), and each lane's best standing (Q2).
 *
 * A lane is *straight* as long as its entries, in order of seq, are in order of standing too: events of one class, or the
 * more urgent first. Then one list is both orders, and its head is the best. What disturbs that (something urgent behind
 * something that is not, a survivor of coalescing, one redriven into the middle) makes the lane *crooked* until it is empty
 * for once: then both orders are kept apart.
 *
 * ```
 *   straight   [s1 high] <-> [s2 high] <-> [s5 standard]       head = s1, best = s1
 *   crooked    by seq       [s1 high] [s2 standard] [s5 critical]      head = s1
 *              by standing  [s5 critical] [s1 high] [s2 standard]      best = s5
 * ```
 */
import type { EntryRows } from "./entry-rows.ts";
import type { LaneRows } from "./lane-rows.ts";
import { CROOKED } from "./lane-rows.ts";
import { NONE, SortedRuns } from "./sorted-runs.ts";

/** The entries waiting in each lane (see the top of this file). */
export class LaneOrder {
  readonly #lanes: LaneRows;
  readonly #entries: EntryRows;
  readonly #bySeq = new SortedRuns();
  readonly #byStanding = new SortedRuns();

  constructor(lanes: LaneRows, entries: EntryRows) {
    this.#lanes = lanes;
    this.#entries = entries;
  }

  /** The waiting entry with the smallest seq, or NONE. */
  head(lane: number): number {
    return this.#lanes.has(lane, CROOKED) ? this.#bySeq.first(lane) : this.#lanes.head(lane);
  }

  /** Its seq, or Infinity. */
  headSeq(lane: number): number {
    const head = this.head(lane);
    return head === NONE ? Infinity : this.#entries.seq(head);
  }

  /** All that wait, in no order. */
  members(lane: number): number[] {
    if (this.#lanes.has(lane, CROOKED)) return this.#bySeq.members(lane);
    const found: number[] = [];
    for (let entry = this.#lanes.head(lane); entry !== NONE; entry = this.#entries.next(entry)) found.push(entry);
    return found;
  }

  /** Adds one that is younger than all of its lane. */
  append(lane: number, entry: number): void {
    const lanes = this.#lanes;
    const tail = lanes.tail(lane);
    if (lanes.has(lane, CROOKED) || (tail !== NONE && lanes.lastStanding(lane) > this.#entries.standing(entry))) {
      this.#addCrooked(lane, entry);
    } else {
      this.#link(lane, tail, entry, NONE);
    }
  }

  /** Adds one that was there before, at its place. */
  insert(lane: number, entry: number): void {
    const lanes = this.#lanes;
    const head = lanes.head(lane);
    if (lanes.has(lane, CROOKED)) this.#addCrooked(lane, entry);
    else if (head === NONE || this.#follows(head, entry)) this.#link(lane, NONE, entry, head);
    else if (this.#follows(entry, lanes.tail(lane))) this.#link(lane, lanes.tail(lane), entry, NONE);
    else this.#addCrooked(lane, entry);
  }

  remove(lane: number, entry: number): void {
    const lanes = this.#lanes;
    if (!lanes.has(lane, CROOKED)) {
      this.#unlink(lane, entry);
      return;
    }
    this.#bySeq.remove(entry);
    this.#byStanding.remove(entry);
    lanes.setBestStanding(lane, this.#byStanding.firstKey(lane));
    if (this.#bySeq.first(lane) === NONE) lanes.unmark(lane, CROOKED);
  }

  /** Whether an entry is behind another in both orders. */
  #follows(entry: number, other: number): boolean {
    const entries = this.#entries;
    return entries.seq(entry) > entries.seq(other) && entries.standing(entry) > entries.standing(other);
  }

  #addCrooked(lane: number, entry: number): void {
    const lanes = this.#lanes;
    const entries = this.#entries;
    if (!lanes.has(lane, CROOKED)) {
      for (let at = lanes.head(lane); at !== NONE; at = entries.next(at)) this.#put(lane, at);
      lanes.setHead(lane, NONE);
      lanes.setTail(lane, NONE, Infinity);
      lanes.mark(lane, CROOKED);
    }
    this.#put(lane, entry);
    lanes.setBestStanding(lane, this.#byStanding.firstKey(lane));
  }

  #put(lane: number, entry: number): void {
    this.#bySeq.put(lane, entry, this.#entries.seq(entry));
    this.#byStanding.put(lane, entry, this.#entries.standing(entry));
  }

  #link(lane: number, before: number, entry: number, after: number): void {
    const entries = this.#entries;
    const lanes = this.#lanes;
    const standing = entries.standing(entry);
    entries.setPrevious(entry, before);
    entries.setNext(entry, after);
    if (after === NONE) lanes.setTail(lane, entry, standing);
    else entries.setPrevious(after, entry);
    if (before === NONE) {
      lanes.setHead(lane, entry);
      lanes.setBestStanding(lane, standing);
    } else {
      entries.setNext(before, entry);
    }
  }

  #unlink(lane: number, entry: number): void {
    const entries = this.#entries;
    const lanes = this.#lanes;
    const before = entries.previous(entry);
    const after = entries.next(entry);
    if (after === NONE) lanes.setTail(lane, before, before === NONE ? Infinity : entries.standing(before));
    else entries.setPrevious(after, before);
    if (before === NONE) {
      lanes.setHead(lane, after);
      lanes.setBestStanding(lane, after === NONE ? Infinity : entries.standing(after));
    } else {
      entries.setNext(before, after);
    }
  }
}
