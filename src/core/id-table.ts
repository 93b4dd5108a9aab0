/**
 * Which record has this hash: an open-addressing table of addresses. Beside each is a mark of one byte, so that a search
 * looks at no record that is not the right one, and moving up looks at none at all: far apart in memory as they are, that
 * would be most of the work.
 *
 * ```
 *   place       4     5     6     7     8     9        at home at 5: a and b; at 6: c
 *   addresses  [ · ] [ a ] [ b ] [ c ] [ · ] [ · ]     mark: four bits of the hash | how far from home, and 1; 15: far
 *   marks      [ 0 ] [h|1] [h|2] [h|2] [ 0 ] [ 0 ]     0: free
 * ```
 *
 * T1  All places from an address's home, the low bits of its hash, to its own are taken.
 * T2  The table is at most half full, one that fits into a processor's cache at most a quarter, so that a search ends soon.
 */

/** The bits of a mark that note the distance, and what they are from 14 on. */
const DISTANCE = 15;
const FAR = 15;
const FREE = 0;

/** So many places are few enough to be in the cache, and generous with places is faster there. */
const SMALL = 1 << 16;

/** Where the records are. */
export interface HashedRecords {
  /** The hash of a record in the table. */
  readonly hashAt: (address: number) => number;
  /** Whether a record, of an equal mark, is the one that is sought. */
  readonly isSought: (address: number) => boolean;
}

/** Addresses by hash (see the top of this file). */
export class IdTable {
  readonly #records: HashedRecords;
  #marks = new Uint8Array(32);
  #addresses = new Uint32Array(32);
  #size = 0;

  constructor(records: HashedRecords) {
    this.#records = records;
  }

  /** Whether the record that is sought is here; it would have this hash. */
  has(hash: number): boolean {
    const marks = this.#marks;
    const last = marks.length - 1;
    let place = hash & last;
    for (let distance = 0; marks[place] !== FREE; distance += 1) {
      if (marks[place] === markOf(hash, distance) && this.#records.isSought(this.#addresses[place]!)) return true;
      place = (place + 1) & last;
    }
    return false;
  }

  add(hash: number, address: number): void {
    const places = this.#marks.length;
    if ((places < SMALL ? 4 : 2) * (this.#size + 1) > places) this.#spread();
    this.#size += 1;
    this.#put(hash, address);
  }

  /** Takes an address out, which is here; those behind it move up (T1). */
  remove(hash: number, address: number): void {
    const marks = this.#marks;
    const addresses = this.#addresses;
    const last = marks.length - 1;
    let hole = hash & last;
    while (addresses[hole] !== address) hole = (hole + 1) & last;
    for (let next = (hole + 1) & last; marks[next] !== FREE; next = (next + 1) & last) {
      const mark = marks[next]!;
      const distance = this.#distance(next, mark) - ((next - hole) & last);
      if (distance < 0) continue;
      addresses[hole] = addresses[next]!;
      marks[hole] = (mark & ~DISTANCE) | Math.min(distance + 1, FAR);
      hole = next;
    }
    marks[hole] = FREE;
    this.#size -= 1;
  }

  /** How far the address at a place is from home. */
  #distance(place: number, mark: number): number {
    const noted = mark & DISTANCE;
    if (noted !== FAR) return noted - 1;
    return (place - this.#records.hashAt(this.#addresses[place]!)) & (this.#marks.length - 1);
  }

  #put(hash: number, address: number): void {
    const marks = this.#marks;
    const last = marks.length - 1;
    let place = hash & last;
    let distance = 0;
    for (; marks[place] !== FREE; distance += 1) place = (place + 1) & last;
    marks[place] = markOf(hash, distance);
    this.#addresses[place] = address;
  }

  /** A table of twice the size. */
  #spread(): void {
    const marks = this.#marks;
    const addresses = this.#addresses;
    this.#marks = new Uint8Array(2 * marks.length);
    this.#addresses = new Uint32Array(2 * marks.length);
    for (let place = 0; place < marks.length; place += 1) {
      const address = addresses[place]!;
      if (marks[place] !== FREE) this.#put(this.#records.hashAt(address), address);
    }
  }
}

function markOf(hash: number, distance: number): number {
  return ((hash >>> 28) << 4) | (distance < FAR - 1 ? distance + 1 : FAR);
}
