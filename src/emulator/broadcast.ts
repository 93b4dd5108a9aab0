/**
 * From an event to the sockets that are owed it, and into the ledger.
 *
 * The frame's bytes are made once for all its sockets. Socket faults that touch frames (gap, duplicate, reorder, delay) act here, so that
 * the ledger tells what really went out.
 */
import type { Clock } from "../ports/clock.ts";
import type { Channels } from "./channels.ts";
import { FrameWriter } from "./frame-bytes.ts";
import type { FrameFaults } from "./frame-faults.ts";
import type { Ledger } from "./ledger.ts";
import { bodyHash } from "./ledger.ts";
import type { ReplayWish } from "./recent-frames.ts";
import { RecentFrames } from "./recent-frames.ts";
import type { ProviderSocket } from "./sockets.ts";

/** An event of the notifications wire. */
export interface ProviderEvent {
  readonly topic: Topic;
  /** What the event is about, for the ledger. */
  readonly key: string;
  /** The body as JSON text. */
  readonly bodyText: string;
  /** Of the body's text, for the ledger. */
  readonly hash: string;
  readonly correlationId: string;
}

/** A frame: its body stands between `head` and `tail`. */
export interface WrittenFrame {
  readonly topic: string;
  readonly key: string;
  readonly hash: string;
  readonly head: string;
  readonly bodyText: string;
  readonly tail: string;
}

/** A topic, and how it is found among those that are listened to: compared without case. */
export interface Topic {
  readonly name: string;
  readonly key: string;
}

/** Makes it of a name. */
export function toTopic(name: string): Topic {
  return { name, key: name.toLowerCase() };
}

/** What came of an event. */
export interface Sent {
  readonly n: number;
  /** How many sockets it was owed to. */
  readonly socketCount: number;
}

const NO_NAMES: readonly string[] = [];
const NOBODY: readonly ProviderSocket[] = [];

/** Sends events to whom they concern. */
export class Broadcast {
  readonly #channels: Channels;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #faults: FrameFaults;
  readonly #platformSockets: ReadonlySet<ProviderSocket>;
  readonly #sockets: () => Iterable<ProviderSocket>;
  readonly #recent = new RecentFrames();
  readonly #writer = new FrameWriter();

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

  /** The open sockets that hold this topic: where there are none, its body needs no writing. */
  hearers(topic: Topic): readonly ProviderSocket[] {
    const channels = this.#channels.listeningTo(topic.key);
    if (channels.size === 0) return NOBODY;
    const sockets: ProviderSocket[] = [];
    for (const { socket } of channels) if (socket?.isOpen) sockets.push(socket);
    return sockets;
  }

  /** An event that nobody listens to. */
  unheard(topic: Topic, key: string): void {
    this.#ledger.add(topic.name, key, this.#clock.now(), "", NO_NAMES);
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

  /** An event on the notifications wire, for its topic's hearers; the topic's name is of the platform's own, so it needs no escapes. */
  notify(event: ProviderEvent, hearers: readonly ProviderSocket[]): Sent {
    const { topic, key, bodyText, hash, correlationId } = event;
    const head = `{"topicName":"${topic.name}","version":"2","eventBody":`;
    const tail = `,"metadata":{"CorrelationId":"${correlationId}"}}`;
    return this.#send({ topic: topic.name, key, hash, head, bodyText, tail }, hearers);
  }

  /** A frame for the channels that hold its topic. */
  notifyFrame(frame: WrittenFrame): Sent {
    return this.#send(frame, this.hearers(toTopic(frame.topic)));
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
      socket.wire === "platform-websocket" ||
      Array.from(this.#channels.listeningTo(topic.toLowerCase())).some((channel) => channel.socket === socket);
    for (const bytes of this.#recent.find({ ...wanted, isTopic: (topic) => wanted.isTopic(topic) && isHeard(topic) }))
      socket.send(bytes);
  }

  /** Forgets what was sent. */
  reset(): void {
    this.#recent.clear();
  }

  #send(given: WrittenFrame, owed: readonly ProviderSocket[]): Sent {
    const at = this.#clock.now();
    if (owed.length === 0)
      return { n: this.#ledger.add(given.topic, given.key, at, given.hash, NO_NAMES), socketCount: 0 };
    const frame = this.#faults.isIdle ? given : this.#altered(given);
    const bytes = this.#writer.write(frame.head, frame.bodyText, frame.tail);
    const { topic, key, hash } = frame;
    this.#recent.add(topic, at, bytes);
    const [only] = owed;
    if (owed.length === 1 && only !== undefined && this.#faults.isIdle && only.send(bytes))
      return { n: this.#ledger.add(topic, key, at, hash, only.names), socketCount: 1 };
    const n = this.#ledger.add(
      topic,
      key,
      at,
      hash,
      owed.map(({ name }) => name),
    );
    const withheld: string[] = [];
    for (const socket of owed) {
      const isSent = this.#faults.isIdle
        ? socket.send(bytes)
        : this.#faults.send(socket, topic, bytes, () => this.#ledger.withhold(n, [socket.name]));
      if (!isSent) withheld.push(socket.name);
    }
    if (withheld.length > 0) this.#ledger.withhold(n, withheld);
    return { n, socketCount: owed.length };
  }

  #altered(frame: WrittenFrame): WrittenFrame {
    const bodyText = this.#faults.alter(frame.topic, frame.bodyText);
    return bodyText === undefined ? frame : { ...frame, bodyText, hash: bodyHash(bodyText) };
  }
}
