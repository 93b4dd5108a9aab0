/**
 * A model of the platform, of its own making: it shares no code with the emulator, so that a misreading of the protocol
 * must be made twice to stay hidden. Facts: docs/protocol.md; where they are open, the seed chooses (`habits`).
 *
 * - U1  At most 20 channels per client: one more pushes out the least recently used, those without a socket first.
 * - U2  One socket per channel: a second one drops the first.
 * - U3  A channel ends at its time, which subscribing extends, and with its token.
 * - U4  An event goes to every channel that has its topic at that moment and a socket, in one order on each socket.
 */
import type { Chance } from "../chance.ts";
import { EPOCH } from "../sim-process.ts";
import type { Due, Timeline } from "../timeline.ts";
import type { Emission, Truth } from "../truth.ts";
import { ModelStates } from "./states.ts";

/** What the protocol leaves open. */
export interface Habits {
  readonly tokenLifeS: number;
  readonly channelLifeMs: number;
  /** Close code for a socket whose channel got another one. */
  readonly replacedCode: number;
  /** Close code when a channel ends. */
  readonly endedCode: number;
  /** Status of an upgrade to a channel that is not there. */
  readonly unknownStatus: number;
  readonly tellsRateLimit: boolean;
  /** Answers about states are up to so much behind. */
  readonly staleMs: number;
  /** A search knows a conversation so long after it began. */
  readonly searchLagMs: number;
}

/** A socket as the platform has it. */
export interface PlatformSocket {
  readonly id: number;
  readonly ours: boolean;
  send(text: string): void;
  /** 1006: the connection is cut. */
  end(code: number, reason: string): void;
}

/** A channel. */
export interface Channel {
  readonly id: string;
  readonly token: string;
  readonly ours: boolean;
  expiresAt: number;
  usedAt: number;
  topics: Set<string>;
  listed: readonly string[];
  socket: PlatformSocket | undefined;
  heart: Due | undefined;
  /** PUT and POST under way, for P11. */
  writers: number;
}

const MAX_CHANNELS = 20;
const HEARTBEAT_MS = 30_000;
const HEARTBEAT = '{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}';
const PONG = '{"topicName":"channel.metadata","eventBody":{"message":"pong"}}';

/** The platform (see the top of this file). */
export class Platform {
  readonly habits: Habits;
  readonly channels: Map<string, Channel> = new Map();
  readonly states: ModelStates = new ModelStates();
  /** Ends of tokens. */
  readonly tokens: Map<string, number> = new Map();
  readonly #timeline: Timeline;
  readonly #truth: Truth;
  readonly #chance: Chance;
  /** Changes with lists and sockets. */
  version = 0;
  #numbers = 0;

  constructor(timeline: Timeline, truth: Truth, chance: Chance, habits: Habits) {
    this.#timeline = timeline;
    this.#truth = truth;
    this.#chance = chance;
    this.habits = habits;
  }

  get now(): number {
    return this.#timeline.now;
  }

  // Tokens ----------------------------------------------------------------------------------------------------------

  grantToken(): { readonly value: string; readonly lifeS: number } {
    this.#numbers += 1;
    const value = `token-${this.#numbers}`;
    const { tokenLifeS } = this.habits;
    this.tokens.set(value, this.now + tokenLifeS * 1_000);
    this.#timeline.after(tokenLifeS * 1_000, () => this.endToken(value), true);
    return { value, lifeS: tokenLifeS };
  }

  isGood(token: string): boolean {
    return (this.tokens.get(token) ?? -1) > this.now;
  }

  /** U3. */
  endToken(value: string): void {
    if (!this.tokens.delete(value)) return;
    for (const channel of this.channels.values()) if (channel.token === value) this.endChannel(channel);
  }

  /** Revoked: told on the sockets, which go on for a moment. */
  revokeToken(value: string, afterMs: number): void {
    if (!this.tokens.delete(value)) return;
    for (const channel of this.channels.values()) {
      if (channel.token !== value) continue;
      channel.socket?.send(systemFrame(`v2.system.token_revoked.${channel.id}`));
      this.#timeline.after(afterMs, () => this.endChannel(channel), true);
    }
  }

  // Channels --------------------------------------------------------------------------------------------------------

  createChannel(token: string, ours: boolean): Channel {
    if (this.channels.size >= MAX_CHANNELS) this.#evict();
    this.#numbers += 1;
    const id = `streaming-0-${this.#numbers.toString(36).padStart(26, "q")}`;
    const channel: Channel = {
      id,
      token,
      ours,
      expiresAt: this.now + this.habits.channelLifeMs,
      usedAt: this.now,
      topics: new Set(),
      listed: [],
      socket: undefined,
      heart: undefined,
      writers: 0,
    };
    this.channels.set(id, channel);
    this.#watchLife(channel);
    this.#timeline.trace(`platform: ${ours ? "our" : "foreign"} channel ${this.#numbers}`);
    return channel;
  }

  setTopics(channel: Channel, listed: readonly string[]): void {
    this.version += 1;
    channel.listed = listed;
    channel.topics = new Set(listed.flatMap(takenApart));
    channel.expiresAt = this.now + this.habits.channelLifeMs;
    channel.usedAt = this.now;
    this.#timeline.trace(`platform: ${channel.topics.size} topics on ${channel.id}`);
  }

  endChannel(channel: Channel): void {
    if (!this.channels.delete(channel.id)) return;
    this.#timeline.trace(`platform: ${channel.id} ends`);
    channel.socket?.end(this.habits.endedCode, "");
    this.dropSocket(channel);
  }

  #watchLife(channel: Channel): void {
    this.#timeline.at(
      channel.expiresAt,
      () => {
        if (!this.channels.has(channel.id)) return;
        if (channel.expiresAt > this.now) this.#watchLife(channel);
        else this.endChannel(channel);
      },
      true,
    );
  }

  /** U1. */
  #evict(): void {
    const [victim] = [...this.channels.values()].toSorted(
      (a, b) => Number(a.socket !== undefined) - Number(b.socket !== undefined) || a.usedAt - b.usedAt,
    );
    if (victim !== undefined) this.endChannel(victim);
  }

  // Sockets ---------------------------------------------------------------------------------------------------------

  /** U2. */
  attach(channel: Channel, socket: PlatformSocket): void {
    const before = channel.socket;
    this.dropSocket(channel);
    if (before !== undefined) {
      before.end(this.habits.replacedCode, "");
      if (socket.ours && !before.ours) this.#truth.takebacks.push(this.now);
    }
    this.version += 1;
    channel.socket = socket;
    channel.usedAt = this.now;
    this.#beat(channel, socket);
    this.#timeline.trace(`platform: socket ${socket.id} on ${channel.id}`);
  }

  dropSocket(channel: Channel): void {
    this.version += 1;
    channel.socket = undefined;
    if (channel.heart !== undefined) channel.heart.cancelled = true;
  }

  /** The other end has gone. */
  detached(socketId: number): void {
    for (const channel of this.channels.values()) if (channel.socket?.id === socketId) this.dropSocket(channel);
  }

  heard(socketId: number, text: string): void {
    if (!text.includes('"ping"')) return;
    for (const channel of this.channels.values()) {
      if (channel.socket?.id !== socketId) continue;
      channel.usedAt = this.now;
      channel.socket.send(PONG);
    }
  }

  /** Our channels that have a socket. */
  standing(): Channel[] {
    return [...this.channels.values()].filter(({ ours, socket }) => ours && socket !== undefined);
  }

  #beat(channel: Channel, socket: PlatformSocket): void {
    channel.heart = this.#timeline.after(
      HEARTBEAT_MS,
      () => {
        if (channel.socket !== socket) return;
        socket.send(HEARTBEAT);
        this.#beat(channel, socket);
      },
      true,
    );
  }

  // Events ----------------------------------------------------------------------------------------------------------

  /** REST does not tell marks, but times. */
  noteDate(key: string, date: string, mark: number): void {
    this.#truth.dated.set(`${key} ${date}`, mark);
  }

  /** U4. */
  emit(topic: string, key: string, mark: number, body: string): void {
    const emission: Emission = { mark, topic, key, at: this.now, sockets: [] };
    this.#truth.emissions.push(emission);
    const name = topic.toLowerCase();
    for (const channel of this.channels.values()) {
      const { socket } = channel;
      if (socket === undefined || !channel.topics.has(name)) continue;
      if (socket.ours) emission.sockets.push(socket.id);
      const correlation = Math.floor(this.#chance.next() * 2 ** 32).toString(16);
      const metadata = `{"CorrelationId":"${correlation}"}`;
      socket.send(`{"topicName":"${topic}","version":"2","eventBody":${body},"metadata":${metadata}}`);
    }
  }
}

/** A frame that nobody subscribed to. */
export function systemFrame(topic: string): string {
  return `{"topicName":"${topic}","eventBody":{"message":"told by the model"}}`;
}

/** An absolute instant as the API writes it. */
export function isoInstant(at: number): string {
  return new Date(EPOCH + at).toISOString();
}

function takenApart(entry: string): string[] {
  const [prefix = "", list] = entry.toLowerCase().split("?");
  return list === undefined ? [prefix] : list.split("&").map((last) => `${prefix}.${last}`);
}
