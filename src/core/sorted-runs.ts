/**
 * The one ordered structure of the work queue: for each group a set of members sorted by a number, smallest first.
 *
 * Nearly everything in a work queue arrives in order (seqs, lease ends, expiries of one ttl, lanes that become claimable).
 * So each group is a sorted *run*, a doubly linked list to which members are added at either end in O(1), and a small
 * binary heap of *stragglers* for those that belong in the middle. The first member is the smaller of the two firsts.
 *
 * ```
 *   group g   run:         [3] <-> [5] <-> [9] <-> [12]     add 15 -> end, add 1 -> front: O(1)
 *             stragglers:        [7]                        add 7 -> heap: O(log n)
 *                               /   \
 *                            [11]   [8]                     first(g) = min(3, 7)
 * ```
 *
 * Members and groups are small whole numbers (slots of a table); links, keys and places are typed arrays indexed by them,
 * so that a million members cost no objects and nothing for the garbage collector to walk.
 *
 * R1  A member is in at most one group at a time.
 * R2  `add` is O(1) at either end of the run, else O(log stragglers); `remove` the same; `first` is O(1).
 * R3  Members with equal keys come out in either order.
 */

/** Places of a member: nowhere, in the run, or in the straggler heap at `place - IN_HEAP`. */
const NOWHERE = 0;
const IN_RUN = 1;
const IN_HEAP = 2;

/** Answer of {@link SortedRuns.first} for an empty group. */
export const NONE = -1;

/** Sorted sets of small whole numbers (see the top of this file). */
export class SortedRuns {
  #keys = new Float64Array(0);
  #place = new Int32Array(0);
  /** Links and ends hold slot + 1, so that 0 is "none" in a fresh array. */
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #head = new Int32Array(0);
  #tail = new Int32Array(0);
  /** Stragglers by group; only groups that have some. */
  readonly #heaps = new Map<number, number[]>();
  /** 1 for groups with stragglers, so that `first` need not ask the map. */
  #mixed = new Uint8Array(0);
  #size = 0;

  /** Members in all groups. */
  get size(): number {
    return this.#size;
  }

  has(member: number): boolean {
    return member < this.#place.length && this.#place[member] !== NOWHERE;
  }

  /** The key of a member that is in a group. */
  keyOf(member: number): number {
    return this.#keys[member]!;
  }

  /** The member with the smallest key, or {@link NONE}. */
  first(group: number): number {
    const head = group < this.#head.length ? this.#head[group]! - 1 : NONE;
    if (this.#heaps.size === 0 || this.#mixed[group] !== 1) return head;
    const top = this.#heaps.get(group)?.[0];
    if (top === undefined) return head;
    return head === NONE || this.#keys[top]! < this.#keys[head]! ? top : head;
  }

  /** The smallest key, or Infinity. */
  firstKey(group: number): number {
    const first = this.first(group);
    return first === NONE ? Infinity : this.#keys[first]!;
  }

  /** Adds a member that is in no group. */
  add(group: number, member: number, key: number): void {
    if (member >= this.#place.length) this.#growMembers(member);
    if (group >= this.#head.length) this.#growGroups(group);
    this.#keys[member] = key;
    this.#size += 1;
    const tail = this.#tail[group]!;
    if (tail === 0) {
      this.#link(group, 0, member, 0);
    } else if (key >= this.#keys[tail - 1]!) {
      this.#link(group, tail, member, 0);
    } else if (key <= this.#keys[this.#head[group]! - 1]!) {
      this.#link(group, 0, member, this.#head[group]!);
    } else {
      this.#straggle(group, member);
    }
  }

  /** Takes a member out of the group that it is in; nothing happens when it is in none. */
  remove(group: number, member: number): void {
    if (!this.has(member)) return;
    const place = this.#place[member]!;
    this.#size -= 1;
    this.#place[member] = NOWHERE;
    if (place === IN_RUN) this.#unlink(group, member);
    else this.#leaveHeap(group, place - IN_HEAP);
  }

  #link(group: number, before: number, member: number, after: number): void {
    this.#place[member] = IN_RUN;
    this.#previous[member] = before;
    this.#next[member] = after;
    if (before === 0) this.#head[group] = member + 1;
    else this.#next[before - 1] = member + 1;
    if (after === 0) this.#tail[group] = member + 1;
    else this.#previous[after - 1] = member + 1;
  }

  #unlink(group: number, member: number): void {
    const before = this.#previous[member]!;
    const after = this.#next[member]!;
    if (before === 0) this.#head[group] = after;
    else this.#next[before - 1] = after;
    if (after === 0) this.#tail[group] = before;
    else this.#previous[after - 1] = before;
  }

  #straggle(group: number, member: number): void {
    let heap = this.#heaps.get(group);
    if (heap === undefined) {
      heap = [];
      this.#heaps.set(group, heap);
      this.#mixed[group] = 1;
    }
    heap.push(member);
    this.#siftUp(heap, heap.length - 1, member);
  }

  #leaveHeap(group: number, index: number): void {
    const heap = this.#heaps.get(group)!;
    const last = heap.pop()!;
    if (heap.length === 0) {
      this.#heaps.delete(group);
      this.#mixed[group] = 0;
    }
    if (index === heap.length) return;
    if (index > 0 && this.#keys[last]! < this.#keys[heap[(index - 1) >> 1]!]!) this.#siftUp(heap, index, last);
    else this.#siftDown(heap, index, last);
  }

  #siftUp(heap: number[], from: number, member: number): void {
    const keys = this.#keys;
    const key = keys[member]!;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (keys[above]! <= key) break;
      heap[index] = above;
      this.#place[above] = index + IN_HEAP;
      index = parent;
    }
    heap[index] = member;
    this.#place[member] = index + IN_HEAP;
  }

  #siftDown(heap: number[], from: number, member: number): void {
    const keys = this.#keys;
    const key = keys[member]!;
    const length = heap.length;
    let index = from;
    for (let child = 2 * index + 1; child < length; child = 2 * index + 1) {
      if (child + 1 < length && keys[heap[child + 1]!]! < keys[heap[child]!]!) child += 1;
      const below = heap[child]!;
      if (keys[below]! >= key) break;
      heap[index] = below;
      this.#place[below] = index + IN_HEAP;
      index = child;
    }
    heap[index] = member;
    this.#place[member] = index + IN_HEAP;
  }

  #growMembers(member: number): void {
    const capacity = grownTo(this.#place.length, member);
    this.#keys = grown(this.#keys, new Float64Array(capacity));
    this.#place = grown(this.#place, new Int32Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#previous = grown(this.#previous, new Int32Array(capacity));
  }

  #growGroups(group: number): void {
    const capacity = grownTo(this.#head.length, group);
    this.#head = grown(this.#head, new Int32Array(capacity));
    this.#tail = grown(this.#tail, new Int32Array(capacity));
    this.#mixed = grown(this.#mixed, new Uint8Array(capacity));
  }
}

/** The capacity of a column that must hold index `index`: doubled, so that growth is O(1) on average. */
export function grownTo(capacity: number, index: number): number {
  return Math.max(16, capacity * 2, index + 1);
}

/** Moves a column's values into a longer one. */
export function grown<T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
