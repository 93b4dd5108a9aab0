/**
 * Keys of lanes, and the lane of a key: buckets of four lanes each, by a hash of some of the key's characters. A bucket is
 * half a cache line, which is nearly always all that a search fetches besides the key that it finds.
 *
 * ```
 *   bucket   | lane 8 | lane 3 | free | free | hash of 8's key | hash of 3's key | · | · |
 *   crowded  key -> lane     lanes whose bucket was full when they came
 * ```
 *
 * The hash is quick, not good: keys can be found, or chosen by somebody, that fall into one bucket. They are *crowded* then,
 * and a `Map` of the platform, which has a good hash, takes them: as slow as it is, and no slower.
 */
import { grown, grownTo } from "./columns.ts";
import { NONE } from "./sorted-runs.ts";

const LANES = 4;
const WIDTH = 2 * LANES;
/** In a bucket a lane is noted plus one. */
const FREE = 0;

/** Lanes by key (see the top of this file). */
export class LaneKeys {
  /** By lane. */
  readonly #keys: (string | undefined)[] = [];
  /** By lane: the hash of its key, so that an end does not fetch the key's characters. */
  #hashes = new Int32Array(0);
  readonly #crowded = new Map<string, number>();
  #buckets = new Int32Array(16 * WIDTH);
  #count = 0;

  /** The key of a lane. */
  key(lane: number): string | undefined {
    return this.#keys[lane];
  }

  /** The lane of a key, or NONE. */
  find(key: string): number {
    const buckets = this.#buckets;
    const hash = quickHash(key);
    const at = this.#bucket(hash);
    for (let index = at; index < at + LANES; index += 1) {
      if (buckets[index + LANES] !== hash || buckets[index] === FREE) continue;
      const lane = buckets[index]! - 1;
      if (this.#keys[lane] === key) return lane;
    }
    return this.#crowded.size === 0 ? NONE : (this.#crowded.get(key) ?? NONE);
  }

  /** Gives a lane its key, which no other lane has; undefined: it is one without. */
  add(lane: number, key: string | undefined): void {
    this.#keys[lane] = key;
    if (key === undefined) return;
    if (lane >= this.#hashes.length)
      this.#hashes = grown(this.#hashes, new Int32Array(grownTo(this.#hashes.length, lane)));
    const hash = quickHash(key);
    this.#hashes[lane] = hash;
    this.#count += 1;
    if (this.#count > (2 * this.#buckets.length) / WIDTH) this.#spread();
    if (!this.#put(hash, lane)) this.#crowded.set(key, lane);
  }

  /** The lane has ended. */
  remove(lane: number): void {
    const key = this.#keys[lane];
    if (key === undefined) return;
    this.#keys[lane] = undefined;
    this.#count -= 1;
    const at = this.#bucket(this.#hashes[lane]!);
    for (let index = at; index < at + LANES; index += 1) {
      if (this.#buckets[index] !== lane + 1) continue;
      this.#buckets[index] = FREE;
      return;
    }
    this.#crowded.delete(key);
  }

  /** Where the bucket of a hash begins. */
  #bucket(hash: number): number {
    return (hash << 3) & (this.#buckets.length - WIDTH);
  }

  /** Whether there was room in its bucket. */
  #put(hash: number, lane: number): boolean {
    const at = this.#bucket(hash);
    for (let index = at; index < at + LANES; index += 1) {
      if (this.#buckets[index] !== FREE) continue;
      this.#buckets[index] = lane + 1;
      this.#buckets[index + LANES] = hash;
      return true;
    }
    return false;
  }

  /** Twice as many buckets: those that had room have it still, and some of the crowded get it. */
  #spread(): void {
    const before = this.#buckets;
    this.#buckets = new Int32Array(2 * before.length);
    for (let at = 0; at < before.length; at += WIDTH) {
      for (let index = at; index < at + LANES; index += 1) {
        if (before[index] !== FREE) this.#put(before[index + LANES]!, before[index]! - 1);
      }
    }
    for (const [key, lane] of this.#crowded) if (this.#put(this.#hashes[lane]!, lane)) this.#crowded.delete(key);
  }
}

/** Of a key's length, its last six characters and three of those before: a whole long one is not worth reading. */
function quickHash(key: string): number {
  const { length } = key;
  let hash = length;
  for (let index = length > 6 ? length - 6 : 0; index < length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x9e3779b1);
  }
  if (length > 6) {
    const some = key.charCodeAt(0) | (key.charCodeAt(length >>> 2) << 8) | (key.charCodeAt(length >>> 1) << 16);
    hash = Math.imul(hash ^ some, 0x85ebca6b);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
