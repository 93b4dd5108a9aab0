/**
 * Two sockets for a moment: the old one and its successor both carry every event. Each shall go on once, and in order.
 *
 * ```
 *  old   ── a ── b ── c ── d ─┤ let go
 *  new            ├─ c ── d ──┼─ e ── f ──►
 *  out      a    b    c    d     e    f
 * ```
 * - V1  The old socket leads until it is gone: what it carries goes on at once.
 * - V2  What the new socket carries is held until the old one has gone. If the old one carried the same, before or after, the
 *       two are one; what is left over then goes on in the new socket's order. So nothing overtakes.
 * - V3  The same twice on one socket are two events: they are matched by count.
 * - V4  A successor may be behind: what the old one carried last, it carries after the old one has gone. For a while such
 *       late ones are folded too (`late`).
 * - V5  Bounded: a new socket with more to hold than the limits ends the overlap (`full`); nothing is lost.
 */

/** Bounds of what is held. */
export interface OverlapLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** The state of one overlap; `T` is what goes on. */
export interface Overlap<T> {
  /** Something came on the old socket; it goes on in any case. `content`: equal for equal events. */
  old(content: string): void;
  /** Something came on the new socket; `keep` makes what goes on later, from bytes of its own. */
  fresh(content: string, byteLength: number, keep: () => T): "held" | "folded" | "full";
  /** What only the new socket carried, in its order; the old one has gone. */
  end(): readonly T[];
  /** After `end`: whether something that comes on the new socket came on the old one before. */
  late(content: string): boolean;
  /** Pairs that were folded into one. */
  readonly folded: number;
}

/** Bounds where none are given. */
export const OVERLAP_LIMITS: OverlapLimits = { maxEvents: 10_000, maxBytes: 16 * 2 ** 20 };

/** An overlap that begins now. */
export function createOverlap<T>(limits: OverlapLimits = OVERLAP_LIMITS): Overlap<T> {
  return new SocketOverlap(limits);
}

interface Held<T> {
  readonly value: T;
  readonly byteLength: number;
}

class SocketOverlap<T> implements Overlap<T> {
  readonly #limits: OverlapLimits;
  /** What the old socket carried and the new one not yet, by count. */
  readonly #oldOnly = new Map<string, number>();
  #oldCount = 0;
  /** What the new socket carried and the old one not yet; by content, oldest first. */
  readonly #held = new Map<string, Held<T>[]>();
  readonly #order = new Set<Held<T>>();
  #bytes = 0;
  #folded = 0;

  constructor(limits: OverlapLimits) {
    this.#limits = limits;
  }

  get folded(): number {
    return this.#folded;
  }

  old(content: string): void {
    const same = this.#held.get(content);
    const first = same?.shift();
    if (first !== undefined) {
      if (same?.length === 0) this.#held.delete(content);
      this.#order.delete(first);
      this.#bytes -= first.byteLength;
      this.#folded += 1;
      return;
    }
    // Beyond the bound an event may go on twice; that is allowed, to lose one is not.
    if (this.#oldCount >= this.#limits.maxEvents) return;
    this.#oldOnly.set(content, (this.#oldOnly.get(content) ?? 0) + 1);
    this.#oldCount += 1;
  }

  fresh(content: string, byteLength: number, keep: () => T): "held" | "folded" | "full" {
    if (this.late(content)) return "folded";
    if (this.#order.size >= this.#limits.maxEvents || this.#bytes + byteLength > this.#limits.maxBytes) return "full";
    const held: Held<T> = { value: keep(), byteLength };
    const same = this.#held.get(content);
    if (same === undefined) this.#held.set(content, [held]);
    else same.push(held);
    this.#order.add(held);
    this.#bytes += byteLength;
    return "held";
  }

  end(): readonly T[] {
    const left = [...this.#order].map(({ value }) => value);
    this.#order.clear();
    this.#held.clear();
    this.#bytes = 0;
    return left;
  }

  late(content: string): boolean {
    const count = this.#oldOnly.get(content);
    if (count === undefined) return false;
    if (count === 1) this.#oldOnly.delete(content);
    else this.#oldOnly.set(content, count - 1);
    this.#oldCount -= 1;
    this.#folded += 1;
    return true;
  }
}
