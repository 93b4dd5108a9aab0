/**
 * The sockets of the source: the one that delivers, its successor in handshake, and for a moment the old one beside the new.
 * Turns what happens to them into inputs of `life.ts`, and hands on each frame once.
 *
 * - W1: `#next` is in handshake, `#current` delivers; `#old` delivers too until `#current` is proven and both have stood for
 *   a while. Only then the old one is closed (make before break).
 * - W2: when the new one dies in that while, the old one is the current one again.
 * - W3: a socket's URL holds the token; it goes to the network and nowhere else.
 */
import type { Overlap } from "../../core/overlap.ts";
import { createOverlap } from "../../core/overlap.ts";
import { parseRetryAfter } from "../../core/retry-after.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Net } from "../../ports/net.ts";
import type { Connection, ConnectionEnd } from "./connection.ts";
import { openConnection } from "./connection.ts";
import type { LifeInput } from "./life.ts";
import type { Scrub } from "./wording.ts";
import { describeEnd, describeForbidden, UNAUTHORIZED } from "./wording.ts";

/** What {@link createSocketPair} takes. */
export interface SocketPairOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  readonly scrub: Scrub;
  /** What happened to a socket. */
  input(input: LifeInput): void;
  /** Each frame, once and in order; the bytes are valid during the call only. */
  frame(bytes: Uint8Array, isBinary: boolean): void;
}

/** A socket for status pages. */
export interface SocketView {
  readonly role: "connecting" | "live" | "leaving";
  /** Epoch milliseconds. */
  readonly since: number;
  readonly lastSignAt: number | undefined;
}

/** The sockets of one source. */
export interface SocketPair {
  open(url: string): void;
  /** A successor stands: both deliver until it is proven, then the old one goes. */
  overlap(): void;
  /** Stops and restarts reading. */
  hold(held: boolean): void;
  /** Closes all; resolves when all have ended. */
  close(): Promise<void>;
  view(): readonly SocketView[];
  /** The last moment at which all was surely well, epoch milliseconds. */
  readonly lastGoodAt: number | undefined;
}

const HANDSHAKE_MS = 10_000;
const PING_EVERY_MS = 30_000;
const DEAD_AFTER_MS = 10_000;
/** How long both sockets stand once the new one is proven: what was under way to the old one still comes. */
const OVERLAP_MS = 1_000;
/** How long the closing handshake of the old one may hold the new one's frames up. */
const LEAVE_MS = 500;

/** After the old one has gone, what it carried is recognised for so long on a successor that is behind. */
const LATE_MS = 5_000;

interface Link {
  connection: Connection | undefined;
  readonly since: number;
}

/** A frame of the new socket that waits for the old one to go. */
interface HeldFrame {
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
}

/** One character a byte: equal text means equal bytes, UTF-8 or not. */
const byteDecoder = new TextDecoder("latin1");

function contentOf(bytes: Uint8Array): string {
  return byteDecoder.decode(bytes);
}

/** No sockets yet. */
export function createSocketPair(options: SocketPairOptions): SocketPair {
  return new Sockets(options);
}

class Sockets implements SocketPair {
  readonly #options: SocketPairOptions;
  readonly #links = new Set<Link>();
  #next: Link | undefined;
  #current: Link | undefined;
  #old: Link | undefined;
  #handover: { readonly frames: Overlap<HeldFrame>; readonly leader: Link; timer: Timer | undefined } | undefined;
  /** The overlap that is over, for what its successor carries late. */
  #late: { readonly frames: Overlap<HeldFrame>; readonly link: Link } | undefined;
  #lateTimer: Timer | undefined;
  #held = false;
  #lastGoodAt: number | undefined;
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(options: SocketPairOptions) {
    this.#options = options;
  }

  get lastGoodAt(): number | undefined {
    return this.#lastGoodAt;
  }

  open(url: string): void {
    const { net, clock, maxFrameBytes } = this.#options;
    const link: Link = { connection: undefined, since: clock.now() };
    this.#links.add(link);
    this.#next = link;
    link.connection = openConnection(
      net,
      clock,
      { url, handshakeTimeoutMs: HANDSHAKE_MS, maxFrameBytes, pingEveryMs: PING_EVERY_MS, deadAfterMs: DEAD_AFTER_MS },
      {
        opened: () => this.#onOpened(link),
        proven: () => this.#onProven(link),
        frame: (bytes, isBinary) => this.#onFrame(link, bytes, isBinary),
        ended: (end) => this.#onEnded(link, end),
      },
    );
  }

  overlap(): void {
    const leader = this.#old;
    if (leader !== undefined) this.#handover = { frames: createOverlap(), leader, timer: undefined };
  }

  hold(held: boolean): void {
    this.#held = held;
    for (const link of this.#links) link.connection?.hold(held);
  }

  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>();
    this.#lateTimer?.cancel();
    this.#endOverlap();
    for (const link of this.#links) {
      // A socket that is not read would not notice the answer to its closing.
      link.connection?.hold(false);
      link.connection?.close();
    }
    if (this.#links.size === 0) this.#closing.resolve();
    return this.#closing.promise;
  }

  view(): readonly SocketView[] {
    const roles = [
      [this.#current, "live"],
      [this.#next, "connecting"],
      [this.#old, "leaving"],
    ] as const;
    return roles.flatMap(([link, role]) =>
      link === undefined
        ? []
        : [{ role, since: link.connection?.openedAt ?? link.since, lastSignAt: link.connection?.lastSignAt }],
    );
  }

  #onOpened(link: Link): void {
    if (link !== this.#next) return;
    this.#next = undefined;
    if (this.#old !== undefined) this.#dismiss(this.#old);
    this.#old = this.#current;
    this.#current = link;
    if (this.#held) link.connection?.hold(true);
    this.#options.input({ kind: "opened" });
  }

  #onProven(link: Link): void {
    const handover = this.#handover;
    if (link !== this.#current || handover === undefined) return;
    handover.timer ??= this.#options.clock.setTimer(OVERLAP_MS, () => this.#letOldGo());
  }

  #letOldGo(): void {
    const handover = this.#handover;
    if (handover === undefined) return;
    if (handover.leader === this.#current) {
      this.#endOverlap();
      return;
    }
    handover.leader.connection?.close();
    handover.timer = this.#options.clock.setTimer(LEAVE_MS, () => this.#dismiss(handover.leader));
  }

  /** The old socket has said all that counts: what it still says, the new one has said. */
  #dismiss(link: Link): void {
    if (link === this.#old) this.#old = undefined;
    this.#recogniseLate();
    this.#endOverlap();
    link.connection?.close();
  }

  #recogniseLate(): void {
    if (this.#handover === undefined || this.#current === undefined) return;
    this.#late = { frames: this.#handover.frames, link: this.#current };
    this.#lateTimer?.cancel();
    this.#lateTimer = this.#options.clock.setTimer(LATE_MS, () => {
      this.#late = undefined;
    });
  }

  #endOverlap(): void {
    const handover = this.#handover;
    if (handover === undefined) return;
    this.#handover = undefined;
    handover.timer?.cancel();
    for (const { bytes, isBinary } of handover.frames.end()) this.#options.frame(bytes, isBinary);
  }

  #onFrame(link: Link, bytes: Uint8Array, isBinary: boolean): void {
    if (link !== this.#current && link !== this.#old) return;
    if (link === this.#late?.link && this.#late.frames.late(contentOf(bytes))) return;
    const handover = this.#handover;
    if (handover !== undefined && link === handover.leader) handover.frames.old(contentOf(bytes));
    else if (handover !== undefined) {
      const keep = (): HeldFrame => ({ bytes: bytes.slice(), isBinary });
      if (handover.frames.fresh(contentOf(bytes), bytes.length, keep) !== "full") return;
      this.#dismiss(handover.leader);
    }
    this.#options.frame(bytes, isBinary);
  }

  #onEnded(link: Link, end: ConnectionEnd): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#closing?.resolve();
    if (link === this.#next) {
      this.#next = undefined;
      this.#options.input(this.#inputForRefusal(end));
    } else if (link === this.#old) {
      this.#old = undefined;
      this.#recogniseLate();
      this.#endOverlap();
    } else if (link === this.#current) {
      this.#onCurrentEnded(link, end);
    }
  }

  #onCurrentEnded(link: Link, end: ConnectionEnd): void {
    const reason = describeEnd(end, this.#options.scrub);
    const old = this.#old;
    this.#current = old;
    this.#old = undefined;
    if (old !== undefined && this.#handover !== undefined) {
      // The frames that only the new one carried wait a moment longer: the old one may still bring them, in order.
      this.#handover.timer?.cancel();
      this.#handover.timer = this.#options.clock.setTimer(OVERLAP_MS, () => this.#letOldGo());
      this.#options.input({ kind: "fell-back", reason });
      return;
    }
    this.#endOverlap();
    // A closing handshake says that nothing was lost before it; a cut says nothing since the last sign of life.
    const orderly = end.kind === "closed" && end.code !== 1006;
    this.#lastGoodAt = orderly ? this.#options.clock.now() : (link.connection?.lastSignAt ?? this.#lastGoodAt);
    this.#options.input({ kind: "lost", reason });
  }

  #inputForRefusal(end: ConnectionEnd): LifeInput {
    const { scrub } = this.#options;
    if (end.kind === "refused" && end.status === 401) return { kind: "unauthorized", reason: UNAUTHORIZED };
    if (end.kind === "refused" && end.status === 403) return { kind: "forbidden", reason: describeForbidden(end.body) };
    const wait =
      end.kind === "refused" ? parseRetryAfter(end.headers["retry-after"], this.#options.clock.now()) : undefined;
    const reason = describeEnd(end, scrub);
    return { kind: "unreachable", reason, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  }
}
