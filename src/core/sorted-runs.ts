/**
 * The ordered structure of the work queue: for each group a set of members sorted by a number, smallest first.
 *
 * Nearly everything in a work queue arrives in order (seqs, lease ends, expiries of one ttl, lanes that become claimable).
 * So each group is a sorted *run*, a doubly linked list to which members are added at either end in O(1), and a small
 * heap of *stragglers* for those that belong in the middle. The first member is the smaller of the two firsts.
 *
 * ```
 *   group g   run:         [3] <-> [5] <-> [9] <-> [12]     add 15 -> end, add 1 -> front: O(1)
 *             stragglers:        [7]                        add 7 -> heap: O(log n)
 *                               /   \
 *                            [11]   [8]                     first(g) = min(3, 7)
 * ```
 *
 * Members and groups are small whole numbers (slots of a table); links and keys are typed arrays indexed by them, so that
 * a million members cost no objects and nothing for the garbage collector to walk. Rows never touched cost no memory.
 *
 * R1  A member is in at most one group at a time.
 * R2  `put` is O(1) at either end of the run, else O(log stragglers); `remove` the same; `first` is O(1).
 * R3  Members with equal keys come out in either order.
 */
import { grown, grownTo } from "./columns.ts";
import { StragglerHeap } from "./straggler-heap.ts";

/** Answer of {@link SortedRuns.first} for an empty group. */
export const NONE = -1;

/** A member's words: its neighbours in the run (slot + 1, so that 0 is "none" in a fresh array), its place, its group. */
const WORDS = 4;
const NEXT = 0;
const PREVIOUS = 1;
const PLACE = 2;
const GROUP = 3;

/** Places of a member: nowhere, in the run, or among the stragglers at `place - IN_HEAP`. */
const NOWHERE = 0;
const IN_RUN = 1;
const IN_HEAP = 2;

/** Empty heaps are kept, so that a group with a straggler now and then makes none; but no more than this. */
const MAX_SPARES = 64;

/** Sorted sets of small whole numbers (see the top of this file). */
export class SortedRuns {
  #keys = new Float64Array(0);
  #words = new Int32Array(0);
  /** By group: the two ends of the run, and the stragglers of groups that have some. */
  #ends = new Int32Array(0);
  readonly #heaps: (StragglerHeap | undefined)[] = [];
  /** Empty heaps at hand, for the next groups that need one. */
  readonly #spares: StragglerHeap[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(member: number): boolean {
    return member < this.#keys.length && this.#words[member * WORDS + PLACE] !== NOWHERE;
  }

  /** Whether the group has a member. */
  hasFirst(group: number): boolean {
    return group < this.#heaps.length && (this.#ends[2 * group] !== 0 || this.#heaps[group] !== undefined);
  }

  /** The member with the smallest key, or {@link NONE}. */
  first(group: number): number {
    const head = this.#head(group);
    const heap = this.#heaps[group];
    if (heap === undefined) return head;
    return head === NONE || heap.firstKey < this.#keys[head]! ? heap.member(0) : head;
  }

  /** The smallest key, or Infinity. */
  firstKey(group: number): number {
    const head = this.#head(group);
    const heap = this.#heaps[group];
    const key = head === NONE ? Infinity : this.#keys[head]!;
    return heap === undefined ? key : Math.min(key, heap.firstKey);
  }

  /** All members of a group, in no order. */
  members(group: number): number[] {
    const found: number[] = [];
    for (let at = this.#head(group); at !== NONE; at = this.#words[at * WORDS + NEXT]! - 1) found.push(at);
    const heap = this.#heaps[group];
    if (heap === undefined) return found;
    for (let index = 0; index < heap.size; index += 1) found.push(heap.member(index));
    return found;
  }

  /** Puts a member into a group under a key; if it is in a group already, it moves. */
  put(group: number, member: number, key: number): void {
    if (this.has(member)) {
      if (this.#keys[member] === key && this.#words[member * WORDS + GROUP] === group) return;
      this.remove(member);
    }
    if (member >= this.#keys.length) this.#growMembers(member);
    if (group >= this.#heaps.length) this.#growGroups(group);
    this.#keys[member] = key;
    this.#words[member * WORDS + GROUP] = group;
    this.#size += 1;
    const head = this.#ends[2 * group]!;
    const tail = this.#ends[2 * group + 1]!;
    if (tail === 0) this.#link(group, 0, member, 0);
    else if (key >= this.#keys[tail - 1]!) this.#link(group, tail, member, 0);
    else if (key <= this.#keys[head - 1]!) this.#link(group, 0, member, head);
    else this.#straggle(group, member, key);
  }

  /** Takes a member out of the group that it is in; nothing happens when it is in none. */
  remove(member: number): void {
    if (!this.has(member)) return;
    const group = this.#words[member * WORDS + GROUP]!;
    const place = this.#words[member * WORDS + PLACE]!;
    this.#size -= 1;
    this.#words[member * WORDS + PLACE] = NOWHERE;
    if (place === IN_RUN) this.#unlink(group, member);
    else this.#leaveHeap(group, place - IN_HEAP);
  }

  /** A straggler is at this index of its heap now. */
  moved(member: number, index: number): void {
    this.#words[member * WORDS + PLACE] = index + IN_HEAP;
  }

  #head(group: number): number {
    return group < this.#heaps.length ? this.#ends[2 * group]! - 1 : NONE;
  }

  #link(group: number, before: number, member: number, after: number): void {
    const words = this.#words;
    const at = member * WORDS;
    words[at + PLACE] = IN_RUN;
    words[at + PREVIOUS] = before;
    words[at + NEXT] = after;
    if (before === 0) this.#ends[2 * group] = member + 1;
    else words[(before - 1) * WORDS + NEXT] = member + 1;
    if (after === 0) this.#ends[2 * group + 1] = member + 1;
    else words[(after - 1) * WORDS + PREVIOUS] = member + 1;
  }

  #unlink(group: number, member: number): void {
    const words = this.#words;
    const before = words[member * WORDS + PREVIOUS]!;
    const after = words[member * WORDS + NEXT]!;
    if (before === 0) this.#ends[2 * group] = after;
    else words[(before - 1) * WORDS + NEXT] = after;
    if (after === 0) this.#ends[2 * group + 1] = before;
    else words[(after - 1) * WORDS + PREVIOUS] = before;
  }

  #straggle(group: number, member: number, key: number): void {
    let heap = this.#heaps[group];
    if (heap === undefined) {
      heap = this.#spares.pop() ?? new StragglerHeap();
      this.#heaps[group] = heap;
    }
    heap.push(member, key, this);
  }

  #leaveHeap(group: number, index: number): void {
    const heap = this.#heaps[group]!;
    heap.remove(index, this);
    if (heap.size > 0) return;
    this.#heaps[group] = undefined;
    if (this.#spares.length < MAX_SPARES) this.#spares.push(heap);
  }

  #growMembers(member: number): void {
    const capacity = grownTo(this.#keys.length, member);
    this.#keys = grown(this.#keys, new Float64Array(capacity));
    this.#words = grown(this.#words, new Int32Array(capacity * WORDS));
  }

  #growGroups(group: number): void {
    const capacity = grownTo(this.#heaps.length, group);
    this.#ends = grown(this.#ends, new Int32Array(capacity * 2));
    while (this.#heaps.length < capacity) this.#heaps.push(undefined);
  }
}
