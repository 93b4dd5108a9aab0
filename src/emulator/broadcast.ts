/**
 * From an event to the sockets that are owed it, and into the ledger.
 *
 * The frame's bytes are made once for all its sockets. Socket faults that touch frames (gap, duplicate, reorder, delay) act here, so that
 * the ledger tells what really went out.
 */
import type { Clock } from "../ports/clock.ts";
import type { Channels } from "./channels.ts";
import type { FrameFaults } from "./frame-faults.ts";
import type { Ledger } from "./ledger.ts";
import { bodyHash } from "./ledger.ts";
import type { ReplayWish } from "./recent-frames.ts";
import { RecentFrames } from "./recent-frames.ts";
import type { ProviderSocket } from "./sockets.ts";

/** An event of the notifications wire. */
export interface ProviderEvent {
  readonly topicName: string;
  /** What the event is about, for the ledger. */
  readonly key: string;
  /** The body as JSON text. */
  readonly bodyText: string;
  /** Of the body's text, for the ledger. */
  readonly hash: string;
  readonly correlationId: string;
}

/** A frame that somebody else wrote. */
export interface WrittenFrame {
  readonly topic: string;
  readonly key: string;
  readonly hash: string;
  /** The body as it stands in the frame. */
  readonly bodyText: string;
  readonly frameText: string;
}

/** What came of an event. */
export interface Sent {
  readonly n: number;
  /** How many sockets it was owed to. */
  readonly socketCount: number;
}

const NO_SOCKETS: readonly string[] = [];

/** Sends events to whom they concern. */
export class Broadcast {
  readonly #channels: Channels;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #faults: FrameFaults;
  readonly #platformSockets: ReadonlySet<ProviderSocket>;
  readonly #sockets: () => Iterable<ProviderSocket>;
  readonly #recent = new RecentFrames();

  constructor(parts: {
    readonly channels: Channels;
    readonly ledger: Ledger;
    readonly clock: Clock;
    readonly faults: FrameFaults;
    readonly platformSockets: ReadonlySet<ProviderSocket>;
    readonly sockets: () => Iterable<ProviderSocket>;
  }) {
    this.#channels = parts.channels;
    this.#ledger = parts.ledger;
    this.#clock = parts.clock;
    this.#faults = parts.faults;
    this.#platformSockets = parts.platformSockets;
    this.#sockets = parts.sockets;
  }

  /** Whether a socket of the platform-websocket wire is open. */
  get hasPlatformSockets(): boolean {
    return this.#platformSockets.size > 0;
  }

  /** Whether an open socket holds this topic: if not, its body needs no writing. */
  isHeard(topic: string): boolean {
    for (const { socket } of this.#channels.listening(topic)) if (socket?.isOpen) return true;
    return false;
  }

  /** An event that nobody listens to. */
  unheard(topic: string, key: string): void {
    this.#ledger.add({ topic, key, at: this.#clock.now(), hash: "", sockets: NO_SOCKETS });
  }

  /** Runs what sends many events; each socket gets them in one write. */
  together(send: () => void): void {
    const sockets = Array.from(this.#sockets());
    for (const socket of sockets) socket.cork();
    try {
      send();
    } finally {
      for (const socket of sockets) socket.uncork();
    }
  }

  /** An event on the notifications wire. */
  notify(event: ProviderEvent): Sent {
    const { topicName, key, bodyText, hash, correlationId } = event;
    const metadata = `{"CorrelationId":"${correlationId}"}`;
    const frameText = `{"topicName":${JSON.stringify(topicName)},"version":"2","eventBody":${bodyText},"metadata":${metadata}}`;
    return this.notifyFrame({ topic: topicName, key, hash, bodyText, frameText });
  }

  /** A frame for the channels that hold its topic. */
  notifyFrame(frame: WrittenFrame): Sent {
    const sockets: ProviderSocket[] = [];
    for (const { socket } of this.#channels.listening(frame.topic)) if (socket?.isOpen) sockets.push(socket);
    return this.#send(frame, sockets);
  }

  /** A frame for every socket of the platform-websocket wire. */
  platformFrame(frame: WrittenFrame): Sent {
    return this.#send(
      frame,
      [...this.#platformSockets].filter((socket) => socket.isOpen),
    );
  }

  /** Sends frames once more that went out before: the newest of those that `wanted` fits and the socket listens to, in their order. */
  replay(socket: ProviderSocket, wanted: ReplayWish): void {
    const isHeard = (topic: string): boolean =>
      socket.wire !== "notifications" ||
      Array.from(this.#channels.listening(topic)).some((channel) => channel.socket === socket);
    for (const text of this.#recent.find({ ...wanted, isTopic: (topic) => wanted.isTopic(topic) && isHeard(topic) }))
      socket.send(Buffer.from(text));
  }

  /** Forgets what was sent. */
  reset(): void {
    this.#recent.clear();
  }

  #send(given: WrittenFrame, owed: readonly ProviderSocket[]): Sent {
    const at = this.#clock.now();
    if (owed.length === 0) {
      const n = this.#ledger.add({ topic: given.topic, key: given.key, at, hash: given.hash, sockets: NO_SOCKETS });
      return { n, socketCount: 0 };
    }
    const frame = this.#faults.isIdle ? given : this.#altered(given);
    const bytes = Buffer.from(frame.frameText);
    const sockets: string[] = [];
    const withheld: string[] = [];
    let n = 0;
    for (const socket of owed) {
      const isSent = this.#faults.isIdle
        ? socket.send(bytes)
        : this.#faults.send(socket, frame.topic, bytes, () => this.#ledger.withhold(n, socket.name));
      (isSent ? sockets : withheld).push(socket.name);
    }
    this.#recent.add({ topic: frame.topic, at, text: frame.frameText });
    const { topic, key, hash } = frame;
    n = this.#ledger.add({ topic, key, at, hash, sockets, ...(withheld.length > 0 && { withheld }) });
    return { n, socketCount: owed.length };
  }

  #altered(frame: WrittenFrame): WrittenFrame {
    const bodyText = this.#faults.alter(frame.topic, frame.bodyText);
    if (bodyText === undefined) return frame;
    const frameText = frame.frameText.replace(frame.bodyText, () => bodyText);
    return { ...frame, bodyText, frameText, hash: bodyHash(bodyText) };
  }
}
