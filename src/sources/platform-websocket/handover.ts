/**
 * Two sockets for a moment: the old one and its successor both carry every event. Each shall go on once, and in order.
 *
 * ```
 *  old   ── a ── b ── c ── d ─┤ let go
 *  new            ├─ c ── d ──┼─ e ── f ──►
 *  out      a    b    c    d     e    f
 * ```
 * - V1: the old socket leads until it is gone: its frames go on at once.
 * - V2: a frame of the new socket is held until the old one has gone. If the old one carried the same bytes, before or
 *   after, the two are one; what is left over then goes on in the new socket's order. So nothing overtakes.
 * - V3: the same bytes twice on one socket are two events: they are matched by count.
 * - V4: bounded: a new socket with more than the limits to hold ends the overlap (`full`), it does not lose anything.
 */

/** Bounds of what is held. */
export interface HandoverLimits {
  readonly maxFrames: number;
  readonly maxBytes: number;
}

/** A frame of the new socket that only it carried. */
export interface HeldFrame {
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
}

/** The state of one overlap. */
export interface Handover {
  /** A frame of the old socket; it goes on in any case. */
  old(bytes: Uint8Array): void;
  /** A frame of the new socket. */
  fresh(bytes: Uint8Array, isBinary: boolean): "held" | "folded" | "full";
  /** What only the new socket carried, in its order; the overlap is over. */
  end(): readonly HeldFrame[];
  /** Pairs that were folded into one. */
  readonly folded: number;
}

const DEFAULT_LIMITS: HandoverLimits = { maxFrames: 10_000, maxBytes: 16 * 2 ** 20 };

/** An overlap that begins now. */
export function createHandover(limits: HandoverLimits = DEFAULT_LIMITS): Handover {
  return new FrameHandover(limits);
}

/** One character a byte: equal text means equal bytes, UTF-8 or not. */
const decoder = new TextDecoder("latin1");

class FrameHandover implements Handover {
  readonly #limits: HandoverLimits;
  /** Frames of the old socket that the new one has not carried yet, by count. */
  readonly #oldOnly = new Map<string, number>();
  #oldCount = 0;
  /** Frames of the new socket that the old one has not carried yet; by content, oldest first. */
  readonly #held = new Map<string, HeldFrame[]>();
  readonly #order = new Set<HeldFrame>();
  #bytes = 0;
  #folded = 0;

  constructor(limits: HandoverLimits) {
    this.#limits = limits;
  }

  get folded(): number {
    return this.#folded;
  }

  old(bytes: Uint8Array): void {
    const content = decoder.decode(bytes);
    const same = this.#held.get(content);
    const first = same?.shift();
    if (first !== undefined) {
      if (same?.length === 0) this.#held.delete(content);
      this.#order.delete(first);
      this.#bytes -= first.bytes.length;
      this.#folded += 1;
      return;
    }
    // Beyond the bound a frame may go on twice; that is allowed, to lose one is not.
    if (this.#oldCount >= this.#limits.maxFrames) return;
    this.#oldOnly.set(content, (this.#oldOnly.get(content) ?? 0) + 1);
    this.#oldCount += 1;
  }

  fresh(bytes: Uint8Array, isBinary: boolean): "held" | "folded" | "full" {
    const content = decoder.decode(bytes);
    const count = this.#oldOnly.get(content);
    if (count !== undefined) {
      if (count === 1) this.#oldOnly.delete(content);
      else this.#oldOnly.set(content, count - 1);
      this.#oldCount -= 1;
      this.#folded += 1;
      return "folded";
    }
    if (this.#order.size >= this.#limits.maxFrames || this.#bytes + bytes.length > this.#limits.maxBytes) return "full";
    // The bytes are a view on the socket's chunk, valid during the call only.
    const frame: HeldFrame = { bytes: bytes.slice(), isBinary };
    const same = this.#held.get(content);
    if (same === undefined) this.#held.set(content, [frame]);
    else same.push(frame);
    this.#order.add(frame);
    this.#bytes += frame.bytes.length;
    return "held";
  }

  end(): readonly HeldFrame[] {
    const left = [...this.#order];
    this.#order.clear();
    this.#held.clear();
    this.#oldOnly.clear();
    return left;
  }
}
