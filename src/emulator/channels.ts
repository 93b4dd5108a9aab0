/**
 * Channels: the platform's objects that hold topics and one socket (docs/protocol.md, 4, 7).
 *
 * C1. A client has at most `channelsPerClient` (for each of its users, where there are any); one more silently ends the least recently used,
 *     unconnected ones first.
 * C2. A channel belongs to the token that made it: it ends with it, and other tokens don't find it.
 * C3. A channel lives `channelLifeMs` from its creation or its last subscription by PUT or POST.
 * C4. A channel has one socket; a second replaces the first.
 * C5. The index from topic to channels is always what the channels' entries say.
 */
import type { Clock, Timer } from "../ports/clock.ts";
import type { Token } from "./oauth.ts";
import type { EmulatorLimits } from "./options.ts";
import { madeUp } from "./options.ts";
import type { ProviderSocket } from "./sockets.ts";
import type { EmulatorSwitches } from "./switches.ts";

/** Why a channel ended. */
export type ChannelEnd = "expired" | "evicted" | "token" | "silently";

/** One channel. */
export interface Channel {
  readonly id: string;
  readonly connectUri: string;
  readonly token: Token;
  expiresAt: number;
  /** Order of use, for C1. */
  usedAt: number;
  /** Entry in lower case -> the entry as written and its topics in the casing of their templates. */
  readonly entries: Map<string, ChannelEntry>;
  socket: ProviderSocket | undefined;
  /** Whether a program that isn't there is thought to hold its socket. */
  readonly isHeldElsewhere: boolean;
  /** Topics that were subscribed though they were there. */
  repeats: number;
}

/** One entry of a channel's subscriptions. */
export interface ChannelEntry {
  readonly id: string;
  readonly topics: readonly string[];
}

/** What the registry needs. */
export interface ChannelSettings {
  readonly clock: Clock;
  readonly limits: EmulatorLimits;
  readonly switches: EmulatorSwitches;
  /** Called after a channel is gone, with its last socket still set. */
  readonly onEnd: (channel: Channel, end: ChannelEnd) => void;
}

function countRepeats(channel: Channel, added: readonly ChannelEntry[]): number {
  return added.filter(({ id }) => channel.entries.has(id.toLowerCase())).length;
}

function isConnected(channel: Channel): boolean {
  return channel.socket !== undefined || channel.isHeldElsewhere;
}

/** Ended ids that are remembered, to tell an expired channel from one that never was. */
const MAX_ENDED = 1000;
const NOBODY: ReadonlySet<Channel> = new Set();

/** All channels, and who listens to what. */
export class Channels {
  readonly #settings: ChannelSettings;
  readonly #channels = new Map<string, { readonly channel: Channel; timer: Timer }>();
  readonly #listeners = new Map<string, Set<Channel>>();
  readonly #ended = new Map<string, ChannelEnd>();
  #use = 0;

  constructor(settings: ChannelSettings) {
    this.#settings = settings;
  }

  /** Makes a channel; may end others (C1). `streamingUrl` is where its sockets go. */
  create(token: Token, streamingUrl: string, isHeldElsewhere = false): Channel {
    const { clock, limits } = this.#settings;
    const mine = this.list().filter(
      (channel) => channel.token.clientId === token.clientId && channel.token.userId === token.userId,
    );
    mine.sort((a, b) => Number(isConnected(a)) - Number(isConnected(b)) || a.usedAt - b.usedAt);
    for (const channel of mine.slice(0, Math.max(0, mine.length - limits.channelsPerClient + 1)))
      this.end(channel, "evicted");
    const id = `streaming-0-${madeUp(clock, 26)}`;
    const channel: Channel = {
      id,
      connectUri: `${streamingUrl}/channels/${id}`,
      token,
      expiresAt: clock.now() + limits.channelLifeMs,
      usedAt: (this.#use += 1),
      entries: new Map(),
      socket: undefined,
      isHeldElsewhere,
      repeats: 0,
    };
    this.#channels.set(id, { channel, timer: this.#lifeTimer(channel) });
    return channel;
  }

  find(id: string): Channel | undefined {
    return this.#channels.get(id)?.channel;
  }

  /** How the channel of this id ended that has been and is no more. */
  endOf(id: string): ChannelEnd | undefined {
    return this.#ended.get(id);
  }

  list(): Channel[] {
    return Array.from(this.#channels.values(), ({ channel }) => channel);
  }

  /** The channels that hold a topic. */
  listening(topic: string): ReadonlySet<Channel> {
    return this.listeningTo(topic.toLowerCase());
  }

  /** The same for a topic in lower case. */
  listeningTo(key: string): ReadonlySet<Channel> {
    return this.#listeners.get(key) ?? NOBODY;
  }

  /** Topics on a channel if `added` came to its entries. */
  countTopics(channel: Channel, added: readonly ChannelEntry[], replace: boolean): number {
    const entries = new Map(replace ? [] : channel.entries);
    for (const entry of added) entries.set(entry.id.toLowerCase(), entry);
    const { combinedCountsAsOne, repeatedTopicsCount } = this.#settings.switches;
    const repeats = repeatedTopicsCount && !replace ? channel.repeats + countRepeats(channel, added) : 0;
    if (combinedCountsAsOne) return entries.size + repeats;
    const topics = Array.from(entries.values(), (entry) => entry.topics.map((topic) => topic.toLowerCase()));
    return new Set(topics.flat()).size + repeats;
  }

  /** Adds entries to a channel or, with `replace`, makes them its whole list. */
  subscribe(channel: Channel, added: readonly ChannelEntry[], replace: boolean): void {
    this.#unlist(channel);
    channel.repeats = replace ? 0 : channel.repeats + countRepeats(channel, added);
    if (replace) channel.entries.clear();
    for (const entry of added) channel.entries.set(entry.id.toLowerCase(), entry);
    this.#enlist(channel);
    this.touch(channel, this.#settings.switches.subscribingExtends);
  }

  /** Takes topics off a channel, whatever entries they stand in; gives how many. */
  loseTopics(channel: Channel, isTopic: (topic: string) => boolean): number {
    let lost = 0;
    this.#unlist(channel);
    for (const [key, { id, topics }] of channel.entries) {
      const kept = topics.filter((topic) => !isTopic(topic));
      lost += topics.length - kept.length;
      if (kept.length === 0) channel.entries.delete(key);
      else channel.entries.set(key, { id, topics: kept });
    }
    this.#enlist(channel);
    return lost;
  }

  /** Takes entries off a channel; all of them without an argument. */
  unsubscribe(channel: Channel, ids?: readonly string[]): void {
    this.#unlist(channel);
    if (ids === undefined) channel.entries.clear();
    else for (const id of ids) channel.entries.delete(id.toLowerCase());
    this.#enlist(channel);
    this.touch(channel, false);
  }

  /** Marks a channel as used; `extend` starts its life anew (C3). */
  touch(channel: Channel, extend: boolean): void {
    channel.usedAt = this.#use += 1;
    const entry = this.#channels.get(channel.id);
    if (!extend || entry === undefined) return;
    channel.expiresAt = this.#settings.clock.now() + this.#settings.limits.channelLifeMs;
    entry.timer.cancel();
    entry.timer = this.#lifeTimer(channel);
  }

  /** Ends a channel. */
  end(channel: Channel, end: ChannelEnd): void {
    const entry = this.#channels.get(channel.id);
    if (entry === undefined) return;
    entry.timer.cancel();
    this.#channels.delete(channel.id);
    this.#unlist(channel);
    this.#ended.set(channel.id, end);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value as string);
    this.#settings.onEnd(channel, end);
  }

  /** Forgets everything without telling anybody. */
  clear(): void {
    for (const { timer } of this.#channels.values()) timer.cancel();
    this.#channels.clear();
    this.#listeners.clear();
    this.#ended.clear();
  }

  #lifeTimer(channel: Channel): Timer {
    return this.#settings.clock.setTimer(this.#settings.limits.channelLifeMs, () => this.end(channel, "expired"));
  }

  #enlist(channel: Channel): void {
    for (const { topics } of channel.entries.values()) {
      for (const topic of topics) {
        const key = topic.toLowerCase();
        const listeners = this.#listeners.get(key);
        if (listeners === undefined) this.#listeners.set(key, new Set([channel]));
        else listeners.add(channel);
      }
    }
  }

  #unlist(channel: Channel): void {
    for (const { topics } of channel.entries.values()) {
      for (const topic of topics) {
        const key = topic.toLowerCase();
        const listeners = this.#listeners.get(key);
        listeners?.delete(channel);
        if (listeners?.size === 0) this.#listeners.delete(key);
      }
    }
  }
}
