/**
 * Which block each envelope is in, and which of a block are gone. Envelopes of a group are stored in blocks of some 64 KB: one
 * row of facts, one of contents. So storing costs little more than writing the bytes, reading one brings those that are next,
 * and an envelope costs eight bytes of memory here.
 *
 * ```
 *   block 7    seqs     [ 41 | 42 | 45 | 46 ]          44 was gone before it was written
 *              gone        1    0    1    0            a block of which all are gone is deleted
 *   ordered    [5][6][7][8]…                           rising seqs: the block of a seq is found by halving
 *   moved      42 -> 31                                those that were moved out of sparse blocks
 * ```
 * K2  With a retention, a block of which all are gone is kept for the history: until it is too old, or until newer ones need its
 *     room.
 * K1  Bytes of those that are gone are wasted until their block ends. Where waste grows beyond what is in use, what lives of
 *     the sparsest blocks is moved into new ones.
 */

import type { GoneMarks, KeptBlock } from "./messages.ts";

/** How long, and how much of them, blocks are kept of which all is over. */
export interface Retention {
  readonly ms: number;
  readonly maxBytes: number;
}

/** Waste below this is never worth moving. */
const LEAST_WASTE = 32 * 2 ** 20;

/** Envelopes that are stored together. */
export interface Block {
  readonly block: number;
  /** Rising. */
  readonly seqs: Float64Array;
  /** Bit by place; absent: none is gone. */
  gone: Uint8Array | undefined;
  live: number;
  /** Of its contents on disk. */
  readonly bytes: number;
  /** Payload bytes of those that are gone; more or less. */
  goneBytes: number;
}

/** The blocks of one store (see the top of this file). */
export class Blocks {
  #ordered: Block[] = [];
  readonly #moved = new Map<number, Block>();
  readonly #byNumber = new Map<number, Block>();
  /** Blocks of which another one has gone since the last {@link Blocks.takeChanges}. */
  readonly #touched = new Set<Block>();
  #last: number;
  #bytes = 0;
  #waste = 0;

  readonly #retention: Retention | undefined;
  /** Over and kept (K2), oldest first. */
  readonly #kept: KeptBlock[] = [];
  #keptBytes = 0;

  /** @param last - the highest number in use */
  constructor(last: number, retention?: Retention) {
    this.#last = last;
    this.#retention = retention;
  }

  /** The lowest seq that is here, waiting or kept. */
  get firstSeq(): number {
    let first = this.#ordered.find(({ live }) => live > 0)?.seqs[0] ?? Infinity;
    for (const seq of this.#moved.keys()) first = Math.min(first, seq);
    return Math.min(first, this.#kept[0]?.first ?? Infinity);
  }

  /** A block that was kept for the history when the store ended; oldest first. */
  addKept(kept: KeptBlock): void {
    this.#kept.push(kept);
    this.#keptBytes += kept.bytes;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  nextNumber(): number {
    this.#last += 1;
    return this.#last;
  }

  /** A new block, or one that was loaded. */
  add(block: number, seqs: Float64Array, bytes: number, moved: boolean, gone?: Uint8Array): Block {
    const added: Block = { block, seqs, gone: undefined, live: seqs.length, bytes, goneBytes: 0 };
    this.#byNumber.set(block, added);
    this.#bytes += bytes;
    if (gone !== undefined) this.#restoreGone(added, gone);
    if (moved) for (const [place, seq] of seqs.entries()) if (!isGone(added, place)) this.#moved.set(seq, added);
    if (!moved) this.#ordered.push(added);
    return added;
  }

  get(block: number): Block | undefined {
    return this.#byNumber.get(block);
  }

  /** The block that an envelope is in, undefined when it was never stored. */
  blockOf(seq: number): Block | undefined {
    const moved = this.#moved.get(seq);
    if (moved !== undefined) return moved;
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ordered[middle]?.seqs[0] ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    const found = this.#ordered[low - 1];
    return found !== undefined && placeOf(found, seq) >= 0 ? found : undefined;
  }

  /** Whether an envelope is in this block still. */
  holds(block: Block, seq: number): boolean {
    const place = placeOf(block, seq);
    return place >= 0 && !isGone(block, place);
  }

  /** An envelope is gone, or was moved into another block. */
  leave(seq: number, payloadBytes: number, block: Block | undefined = this.blockOf(seq)): void {
    if (block === undefined) return;
    const place = placeOf(block, seq);
    if (place < 0 || isGone(block, place)) return;
    block.gone ??= new Uint8Array((block.seqs.length + 7) >> 3);
    block.gone[place >> 3]! |= 1 << (place & 7);
    block.live -= 1;
    block.goneBytes += payloadBytes;
    this.#waste += payloadBytes;
    this.#touched.add(block);
    if (this.#moved.get(seq) === block) this.#moved.delete(seq);
  }

  /** What has changed on disk since the last call: marks of blocks, and blocks that are over. */
  takeChanges(now: number): { readonly gone: readonly GoneMarks[]; readonly ended: number[] } {
    const gone: GoneMarks[] = [];
    const ended: number[] = [];
    for (const block of this.#touched) {
      if (block.live > 0) {
        if (block.gone !== undefined) gone.push({ block: block.block, bits: block.gone.slice() });
      } else {
        if (this.#retention === undefined) ended.push(block.block);
        else gone.push(this.#keep(block, now));
        this.#byNumber.delete(block.block);
        this.#bytes -= block.bytes;
        this.#waste -= block.goneBytes;
      }
    }
    this.#touched.clear();
    ended.push(...this.#forget(now));
    if (this.#ordered.length > 64 && this.#ordered.length > 2 * this.#byNumber.size) {
      this.#ordered = this.#ordered.filter((block) => block.live > 0);
    }
    return { gone, ended };
  }

  /** K2. */
  #keep(block: Block, now: number): GoneMarks {
    const first = block.seqs[0] ?? 0;
    this.addKept({ block: block.block, first, bytes: block.bytes, endedAt: now });
    return { block: block.block, bits: block.gone?.slice() ?? new Uint8Array(0), endedAt: now };
  }

  #forget(now: number): number[] {
    const { ms, maxBytes } = this.#retention ?? { ms: 0, maxBytes: 0 };
    let count = 0;
    for (const { bytes, endedAt } of this.#kept) {
      if (this.#keptBytes <= maxBytes && endedAt + ms > now) break;
      this.#keptBytes -= bytes;
      count += 1;
    }
    return this.#kept.splice(0, count).map(({ block }) => block);
  }

  /** Up to `count` of the sparsest blocks, when there is too much waste (K1); none of `except`. */
  sparse(count: number, except: ReadonlySet<number>): Block[] {
    if (this.#waste < LEAST_WASTE || this.#waste < this.#bytes / 2) return [];
    const share = ({ goneBytes, bytes }: Block): number => goneBytes / Math.max(1, bytes);
    const candidates = [...this.#byNumber.values()].filter((block) => {
      return share(block) > 0.5 && block.live > 0 && !except.has(block.block);
    });
    return candidates.toSorted((a, b) => share(b) - share(a)).slice(0, count);
  }

  #restoreGone(block: Block, gone: Uint8Array): void {
    block.gone = gone.slice();
    block.live = 0;
    for (let place = 0; place < block.seqs.length; place += 1) if (!isGone(block, place)) block.live += 1;
    block.goneBytes = Math.round((block.bytes * (block.seqs.length - block.live)) / Math.max(1, block.seqs.length));
    this.#waste += block.goneBytes;
  }
}

/** Whether the envelope at a place of a block is gone. */
export function isGone(block: Block, place: number): boolean {
  return block.gone !== undefined && (block.gone[place >> 3]! & (1 << (place & 7))) !== 0;
}

/** The place of an envelope in a block, or -1. */
function placeOf({ seqs }: Block, seq: number): number {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seqs[middle]! < seq) low = middle + 1;
    else high = middle;
  }
  return seqs[low] === seq ? low : -1;
}
