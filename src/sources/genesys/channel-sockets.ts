/**
 * The sockets of one channel line: the one that delivers, its successor in handshake, and for a moment both.
 *
 * - K1  `next` is in handshake or joining; `current` delivers; `old` delivers beside it until it is let go.
 * - K2  While two deliver, equal events are folded and the order of the old one leads (`core/overlap.ts`).
 * - K3  A socket that ends by our own will is not reported.
 * - K4  The old one is let go when it has shown that all has come that was sent on it before its successor delivered. Where it has
 *       not, what it may have missed is told (`unproven`).
 * - K5  What an old one carried is not handed on again when a successor that is behind carries it later, whichever of them ends first.
 */
import { createOverlap, type Overlap } from "../../core/overlap.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Net } from "../../ports/net.ts";
import type { OverlapStatus } from "../../ports/source.ts";
import type { Channel } from "./channels-api.ts";
import { Connection, type ConnectionEnd } from "./connection.ts";
import type { DecodedFrame, FrameDecoder } from "./decode.ts";

/** What the sockets tell. */
export interface SocketsListener {
  /** The successor's handshake is done. */
  opened(): void;
  /** The successor has shown a sign of life. */
  alive(): void;
  /** The successor ended before it joined. */
  nextEnded(end: ConnectionEnd): void;
  /** The delivering socket ended by itself. `provenAt`: all that was sent on it before then has come, epoch milliseconds. */
  currentEnded(end: ConnectionEnd, provenAt: number | undefined): void;
  /** One event, or a frame that is none; each once, in order. */
  /** `sentAfter`, epoch milliseconds: the platform has not sent it before. */
  frame(frame: DecodedFrame, bytes: Uint8Array, isBinary: boolean, sentAfter: number): void;
  /** The old socket may have been dead or behind between these instants (epoch milliseconds), and nobody else delivered. */
  unproven(from: number, to: number): void;
  /** A frame that is about the socket itself. `standing`: it came on the delivering one. */
  notice(frame: Extract<DecodedFrame, { readonly kind: "system" | "answer" }>, standing: boolean): void;
}

/** What {@link ChannelSockets} takes. */
export interface ChannelSocketsOptions {
  readonly clock: Clock;
  readonly net: Net;
  readonly maxFrameBytes: number;
  readonly decode: FrameDecoder;
}

interface Link {
  readonly channel: Channel;
  readonly openedAt: number;
  connection: Connection | undefined;
}

/** What waits for the old socket's end: a frame with bytes of its own. */
interface KeptFrame {
  readonly frame: DecodedFrame;
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
  readonly sentAfter: number;
}

/** A socket for status pages. */
export interface LinkView {
  readonly role: "live" | "joining" | "leaving";
  readonly openedAt: number;
  readonly lastSignAt: number | undefined;
}

/** Both stand for so long after the successor joined: what was on its way to the old one still comes. */
const OVERLAP_MS = 1_500;
/** After the old one has gone, what it carried is recognised for so long on a successor that is behind. */
const LATE_MS = 5_000;
/** One character a byte: equal text means equal bytes. */
const latin1 = new TextDecoder("latin1");

/** The sockets of one line. */
export class ChannelSockets {
  readonly #options: ChannelSocketsOptions;
  readonly #listener: SocketsListener;
  #next: Link | undefined;
  #current: Link | undefined;
  #old: Link | undefined;
  #left: ((channel: Channel) => void) | undefined;
  #overlap: Overlap<KeptFrame> | undefined;
  #overlapTimer: Timer | undefined;
  /** Overlaps that are over, for what a socket carries late. */
  readonly #late = new Map<Overlap<KeptFrame>, { readonly link: Link; readonly timer: Timer }>();
  #held = false;
  #folded = 0;
  /** Overlaps: how many there were, how long the past ones took, and when the present one began. */
  #overlaps = 0;
  #overlapMs = 0;
  #overlapSince: number | undefined;
  /** Epoch milliseconds: when the successor of the old socket joined. */
  #joinedAt = 0;
  /** Whether all has come on the old socket that was sent before then. */
  #isProven: () => boolean = () => false;

  constructor(options: ChannelSocketsOptions, listener: SocketsListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** When two sockets delivered at once, and what came of it. */
  get overlaps(): OverlapStatus {
    const since = this.#overlapSince;
    const ms = this.#overlapMs + (since === undefined ? 0 : this.#options.clock.now() - since);
    return { count: this.#overlaps, ms, folded: this.#folded + (this.#overlap?.folded ?? 0), since };
  }

  /** All that was sent before then on the delivering socket has come, epoch milliseconds. */
  get currentProvenAt(): number | undefined {
    return this.#current?.connection?.provenAt;
  }

  /** Opens the successor; on the same channel the platform drops the old socket by itself. */
  open(channel: Channel): void {
    const { clock, net, maxFrameBytes } = this.#options;
    this.dropNext();
    const link: Link = { channel, openedAt: clock.now(), connection: undefined };
    this.#next = link;
    link.connection = new Connection(
      { clock, net, uri: channel.connectUri, maxFrameBytes },
      {
        opened: () => this.#onOpened(link),
        alive: () => {
          if (link === this.#next) this.#listener.alive();
        },
        frame: (bytes, isBinary) => this.#onFrame(link, bytes, isBinary),
        ended: (end) => this.#onEnded(link, end),
      },
    );
    if (this.#held) link.connection.hold(true);
  }

  /**
   * The successor has joined: it delivers from here on. `left` is told of the channel that is of no use any more. False: there
   * is no old socket on a channel of its own, and nothing will be told.
   */
  promote(left: (channel: Channel) => void): boolean {
    const next = this.#next;
    if (next === undefined) return false;
    this.#letOldGo();
    const old = this.#current;
    this.#current = next;
    this.#next = undefined;
    if (old === undefined || old.channel.id === next.channel.id) {
      this.#endOverlap();
      old?.connection?.close();
      return false;
    }
    this.#old = old;
    this.#left = left;
    this.#overlaps += 1;
    this.#overlapSince = this.#options.clock.now();
    this.#joinedAt = this.#options.clock.now();
    this.#isProven = old.connection?.ask() ?? (() => true);
    this.#overlapTimer = this.#options.clock.setTimer(OVERLAP_MS, () => this.#onOverlap());
    return true;
  }

  /** K4. While nothing is read nothing can be shown; else no longer, since what the old one lacks waits for its end. */
  #onOverlap(): void {
    if (!this.#held) this.#letOldGo();
    else this.#overlapTimer = this.#options.clock.setTimer(OVERLAP_MS, () => this.#onOverlap());
  }

  dropNext(): void {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    this.#endWithoutNext();
    next.connection?.close();
  }

  dropCurrent(): void {
    const current = this.#current;
    this.#current = undefined;
    if (this.#old === undefined) this.#recogniseLate(this.#next);
    this.#endOverlap();
    current?.connection?.close();
  }

  /** Asks the successor for a sign of life. */
  askNext(): void {
    this.#next?.connection?.ask();
  }

  hold(held: boolean): void {
    this.#held = held;
    for (const link of this.#links()) link.connection?.hold(held);
  }

  /** Closes all, unreported. */
  close(): void {
    const links = this.#links();
    this.#overlapTimer?.cancel();
    for (const { timer } of this.#late.values()) timer.cancel();
    this.#late.clear();
    this.#endOverlap();
    [this.#next, this.#current, this.#old] = [undefined, undefined, undefined];
    for (const { connection } of links) {
      connection?.hold(false);
      connection?.close();
    }
  }

  /** The channels of all sockets there are. */
  channels(): readonly Channel[] {
    return this.#links().map(({ channel }) => channel);
  }

  view(): readonly LinkView[] {
    const roles = [
      ["live", this.#current],
      ["joining", this.#next],
      ["leaving", this.#old],
    ] as const;
    return roles.flatMap(([role, link]) => {
      return link === undefined ? [] : [{ role, openedAt: link.openedAt, lastSignAt: link.connection?.lastSignAt }];
    });
  }

  #links(): readonly Link[] {
    return [this.#current, this.#next, this.#old].filter((link) => link !== undefined);
  }

  #onOpened(link: Link): void {
    if (link !== this.#next) return;
    // Never three at once.
    this.#letOldGo();
    // From here on two sockets may carry the same event, unless the platform drops the old one (same channel).
    const current = this.#current;
    if (current !== undefined && current.channel.id !== link.channel.id) this.#overlap ??= createOverlap();
    this.#listener.opened();
  }

  #onFrame(link: Link, bytes: Uint8Array, isBinary: boolean): void {
    // What a socket still says after it was let go, its successor says too.
    if (link !== this.#current && link !== this.#next && link !== this.#old) return;
    const frame = this.#options.decode(bytes);
    if (frame.kind === "system" || frame.kind === "answer") {
      if (link === this.#current || link === this.#next) this.#listener.notice(frame, link === this.#current);
      return;
    }
    const sentAfter = link.connection?.provenAt ?? link.openedAt;
    const overlap = this.#overlap;
    if (overlap === undefined && this.#late.size === 0) {
      this.#listener.frame(frame, bytes, isBinary, sentAfter);
      return;
    }
    const content = contentOf(frame, bytes);
    if (this.#isLate(link, content)) {
      this.#folded += 1;
      return;
    }
    if (overlap === undefined) {
      this.#listener.frame(frame, bytes, isBinary, sentAfter);
      return;
    }
    const leader = this.#old ?? this.#current;
    if (link === leader) {
      overlap.old(content);
      this.#listener.frame(frame, bytes, isBinary, sentAfter);
      return;
    }
    const outcome = overlap.fresh(content, bytes.length, () => ({
      ...keep(frame, bytes),
      isBinary,
      sentAfter,
    }));
    if (outcome !== "full") return;
    this.#endOverlap();
    this.#listener.frame(frame, bytes, isBinary, sentAfter);
  }

  #onEnded(link: Link, end: ConnectionEnd): void {
    if (link === this.#next) {
      this.#next = undefined;
      this.#endWithoutNext();
      this.#listener.nextEnded(end);
    } else if (link === this.#old) {
      this.#letOldGo();
    } else if (link === this.#current) {
      this.#current = this.#old;
      this.#old = undefined;
      this.#overlapTimer?.cancel();
      this.#countOverlap();
      if (this.#current === undefined) this.#recogniseLate(this.#next);
      this.#recogniseReleased(this.#endOverlap());
      this.#listener.currentEnded(end, link.connection?.provenAt);
    }
  }

  #letOldGo(): void {
    this.#overlapTimer?.cancel();
    const old = this.#old;
    this.#old = undefined;
    if (old === undefined) return;
    if (!this.#isProven()) this.#listener.unproven(old.connection?.provenAt ?? old.openedAt, this.#joinedAt);
    this.#countOverlap();
    this.#recogniseLate(this.#current);
    this.#endOverlap();
    old.connection?.close();
    this.#left?.(old.channel);
  }

  #countOverlap(): void {
    if (this.#overlapSince === undefined) return;
    this.#overlapMs += this.#options.clock.now() - this.#overlapSince;
    this.#overlapSince = undefined;
  }

  /** K5. */
  #recogniseLate(link: Link | undefined, overlap = this.#overlap): void {
    if (overlap === undefined || link === undefined) return;
    const timer = this.#options.clock.setTimer(LATE_MS, () => this.#late.delete(overlap));
    this.#late.set(overlap, { link, timer });
  }

  /** The successor goes; what it alone carried must not go with it. */
  #endWithoutNext(): void {
    // While there is an old one the overlap is not its own: it was not open yet.
    if (this.#old === undefined) this.#recogniseReleased(this.#endOverlap());
  }

  #isLate(link: Link, content: string): boolean {
    for (const [overlap, late] of this.#late) if (late.link === link && overlap.late(content)) return true;
    return false;
  }

  /** K5, the other way round: the successor has gone, and the one before it may still carry what was handed on from it. */
  #recogniseReleased(released: readonly KeptFrame[]): void {
    const link = this.#current;
    if (released.length === 0 || link === undefined) return;
    const late = createOverlap<KeptFrame>();
    for (const { frame, bytes } of released) late.old(contentOf(frame, bytes));
    this.#recogniseLate(link, late);
  }

  /** Hands on what only the successor carried, and answers that. */
  #endOverlap(): readonly KeptFrame[] {
    const overlap = this.#overlap;
    this.#overlap = undefined;
    if (overlap === undefined) return [];
    this.#folded += overlap.folded;
    const released = overlap.end();
    for (const { frame, bytes, isBinary, sentAfter } of released)
      this.#listener.frame(frame, bytes, isBinary, sentAfter);
    return released;
  }
}

/** Equal for equal events: topic and body. The metadata may differ between two channels. */
function contentOf(frame: DecodedFrame, bytes: Uint8Array): string {
  if (frame.kind !== "event") return latin1.decode(bytes);
  return `${frame.topic.toLowerCase()}\n${latin1.decode(frame.body)}`;
}

/** The frame with bytes of its own: those given are valid during the call only. */
function keep(frame: DecodedFrame, bytes: Uint8Array): Pick<KeptFrame, "frame" | "bytes"> {
  const own = bytes.slice();
  return { frame: frame.kind === "event" ? { ...frame, body: frame.body.slice() } : frame, bytes: own };
}
