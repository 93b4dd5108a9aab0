/**
 * The part of a sorted run that did not arrive in order: a heap with four children to a node, keys beside the members, so
 * that the children of a node share a cache line and sifting touches no other table but the members' places.
 */
import { grown, grownTo } from "./columns.ts";

/** Where members keep their place, so that any of them can be taken out. */
export interface Places {
  /** The member is at `index` of its heap now. */
  moved(member: number, index: number): void;
}

/** A heap of (key, member), smallest key first. */
export class StragglerHeap {
  #keys = new Float64Array(0);
  #members = new Int32Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The smallest key, or Infinity. */
  get firstKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[0]!;
  }

  /** The member at an index; at 0 the first one. */
  member(index: number): number {
    return this.#members[index]!;
  }

  push(member: number, key: number, places: Places): void {
    const index = this.#size;
    if (index === this.#keys.length) {
      const capacity = grownTo(index, index);
      this.#keys = grown(this.#keys, new Float64Array(capacity));
      this.#members = grown(this.#members, new Int32Array(capacity));
    }
    this.#size = index + 1;
    this.#siftUp(index, member, key, places);
  }

  /** Takes out what is at an index. */
  remove(index: number, places: Places): void {
    const last = this.#size - 1;
    this.#size = last;
    if (index === last) return;
    const member = this.#members[last]!;
    const key = this.#keys[last]!;
    if (index > 0 && key < this.#keys[(index - 1) >> 2]!) this.#siftUp(index, member, key, places);
    else this.#siftDown(index, member, key, places);
  }

  #siftUp(from: number, member: number, key: number, places: Places): void {
    const keys = this.#keys;
    const members = this.#members;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 2;
      const above = keys[parent]!;
      if (above <= key) break;
      keys[index] = above;
      members[index] = members[parent]!;
      places.moved(members[index]!, index);
      index = parent;
    }
    keys[index] = key;
    members[index] = member;
    places.moved(member, index);
  }

  #siftDown(from: number, member: number, key: number, places: Places): void {
    const keys = this.#keys;
    const members = this.#members;
    const size = this.#size;
    let index = from;
    for (let child = 4 * index + 1; child < size; child = 4 * index + 1) {
      let least = child;
      let leastKey = keys[child]!;
      const end = Math.min(child + 4, size);
      for (let other = child + 1; other < end; other += 1) {
        const otherKey = keys[other]!;
        if (otherKey < leastKey) {
          least = other;
          leastKey = otherKey;
        }
      }
      if (leastKey >= key) break;
      keys[index] = leastKey;
      members[index] = members[least]!;
      places.moved(members[index]!, index);
      index = least;
    }
    keys[index] = key;
    members[index] = member;
    places.moved(member, index);
  }
}
