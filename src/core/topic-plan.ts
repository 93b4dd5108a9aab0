/**
 * Which topics go on which channel: at most 1,000 a channel, at most 20 channels a client (docs/protocol.md, 7). Pure.
 *
 * - L1  Every wanted topic is on exactly one channel, or named as refused; nothing is left out in silence.
 * - L2  No channel has more than its limit, as the platform counts at the worst.
 * - L3  Minimal moves: a topic that stays wanted stays on its channel, in its order. What is not wanted goes; what is new fills the
 *       room of the channels that are there, and a new channel is opened only when no other has room.
 * - L4  A topic is refused only when no channel has room for it and no channel may be opened.
 */
import { cutTopic, joinEntry, singleTopics, topicIdentity } from "./topic.ts";

/** The platform's limits. */
export interface TopicLimits {
  /** @defaultValue `1_000` */
  readonly topicsPerChannel: number;
  /** Channels that may be used. With all of the client's 20 in use a line moves on its own channel, with a declared gap. @defaultValue `20` */
  readonly channels: number;
  /**
   * Combined entries count once. Whether the platform counts so is not known (docs/protocol.md, 6), so it is planned for only where
   * somebody who knows says so. @defaultValue `false`
   */
  readonly combinedAsOne?: boolean;
}

/** Limits as documented; all instances that share a client share its 20 channels. */
export const TOPIC_LIMITS: TopicLimits = { topicsPerChannel: 1_000, channels: 20 };

/** The answer: topics by channel, or why not. */
export type TopicPlan =
  | { readonly kind: "plan"; readonly channels: readonly (readonly string[])[] }
  | { readonly kind: "too-many"; readonly topics: number; readonly channelsNeeded: number; readonly reason: string };

/** The next plan. A channel that nobody needs any more has no topics and keeps its place. */
export interface TopicChange {
  readonly channels: readonly (readonly string[])[];
  /** Topics for which there is no room. */
  readonly refused: readonly string[];
}

/** How full a plan is. */
export interface TopicRoom {
  /** Channels with topics. */
  readonly channels: number;
  /** So many single topics fit before one more channel is needed. */
  readonly untilNextChannel: number;
  /** So many fit before topics are refused. */
  readonly untilLimit: number;
}

/** Spreads topics over channels, in the order given; the same topic twice (in any case) counts once. Combined ones are taken apart. */
export function planTopics(topics: readonly string[], limits: TopicLimits = TOPIC_LIMITS): TopicPlan {
  const wanted = distinctTopics(topics);
  const { channels } = changePlan([], wanted, { ...limits, channels: Infinity });
  if (channels.length <= limits.channels) return { kind: "plan", channels };
  return {
    kind: "too-many",
    topics: wanted.length,
    channelsNeeded: channels.length,
    reason: tooManyReason(wanted.length, channels.length, limits),
  };
}

/** Why topics do not fit, with numbers and a way out. */
export function tooManyReason(topics: number, channels: number, limits: TopicLimits): string {
  const { topicsPerChannel, channels: allowed } = limits;
  return (
    `${topics.toLocaleString("en")} topics need ${channels} channels of ${topicsPerChannel.toLocaleString("en")}, ` +
    `and an OAuth client has ${allowed}; ask for fewer topics, or give some to a second source with a client of its own`
  );
}

/** The single topics of a list, each once, in the order of their first mention. */
export function distinctTopics(topics: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const entry of topics) {
    for (const topic of singleTopics(entry)) {
      const identity = topicIdentity(topic);
      if (!found.has(identity)) found.set(identity, topic);
    }
  }
  return [...found.values()];
}

/** From one plan to the next (L1 to L4). `before`: topics by channel, as an earlier plan had them. */
export function changePlan(
  before: readonly (readonly string[])[],
  topics: readonly string[],
  limits: TopicLimits = TOPIC_LIMITS,
): TopicChange {
  const fresh = new Map(distinctTopics(topics).map((topic) => [topicIdentity(topic), topic]));
  const channels = before.map((held) => {
    const load = new ChannelLoad(limits);
    for (const topic of held) {
      // Deleted as it is found: the same topic on a second channel is one too many.
      if (fresh.delete(topicIdentity(topic))) load.add(topic);
    }
    return load;
  });
  const refused: string[] = [];
  const room = new RoomFinder(channels, limits);
  for (const topic of fresh.values()) {
    const load = room.find(topic);
    if (load === undefined) refused.push(topic);
    else load.add(topic);
  }
  return { channels: channels.map(({ topics: held }) => held), refused };
}

/** How full these channels are, as single topics that are combined with nothing. */
export function roomOf(channels: readonly (readonly string[])[], limits: TopicLimits = TOPIC_LIMITS): TopicRoom {
  const used = channels.filter((topics) => topics.length > 0);
  const taken = used.reduce((sum, topics) => sum + loadOf(topics, limits), 0);
  const untilNextChannel = Math.max(0, used.length * limits.topicsPerChannel - taken);
  return {
    channels: used.length,
    untilNextChannel,
    untilLimit: untilNextChannel + Math.max(0, limits.channels - used.length) * limits.topicsPerChannel,
  };
}

/** What a channel with these topics counts, at the worst. */
export function loadOf(topics: readonly string[], limits: TopicLimits = TOPIC_LIMITS): number {
  if (limits.combinedAsOne !== true) return topics.length;
  const load = new ChannelLoad(limits);
  for (const topic of topics) load.add(topic);
  return load.count;
}

/** Finds the first channel with room; the ones before `#from` are full for topics that cost something. */
class RoomFinder {
  readonly #channels: ChannelLoad[];
  readonly #limits: TopicLimits;
  #from = 0;

  constructor(channels: ChannelLoad[], limits: TopicLimits) {
    this.#channels = channels;
    this.#limits = limits;
  }

  find(topic: string): ChannelLoad | undefined {
    const channels = this.#channels;
    // Where an entry takes it in, it costs nothing, and a full channel is as good.
    const joins = this.#limits.combinedAsOne === true ? channels.find((load) => load.costOf(topic) === 0) : undefined;
    if (joins !== undefined) return joins;
    while (this.#from < channels.length && channels[this.#from]?.isFull === true) this.#from += 1;
    const free = channels[this.#from];
    if (free !== undefined) return free;
    if (channels.length >= this.#limits.channels) return undefined;
    const opened = new ChannelLoad(this.#limits);
    channels.push(opened);
    return opened;
  }
}

/** The topics of one channel with what they count. */
class ChannelLoad {
  readonly topics: string[] = [];
  readonly #limits: TopicLimits;
  /** The entry of each prefix that still may have room. */
  readonly #entries = new Map<string, string>();
  count = 0;

  constructor(limits: TopicLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.count >= this.#limits.topicsPerChannel;
  }

  costOf(topic: string): 0 | 1 {
    return this.#join(topic) === undefined ? 1 : 0;
  }

  add(topic: string): void {
    this.topics.push(topic);
    if (this.#limits.combinedAsOne !== true) {
      this.count += 1;
      return;
    }
    const joined = this.#join(topic);
    const cut = cutTopic(topic);
    if (cut !== undefined) this.#entries.set(topicIdentity(cut.prefix), joined ?? topic);
    if (joined === undefined) this.count += 1;
  }

  #join(topic: string): string | undefined {
    const cut = this.#limits.combinedAsOne === true ? cutTopic(topic) : undefined;
    const entry = cut === undefined ? undefined : this.#entries.get(topicIdentity(cut.prefix));
    return cut === undefined || entry === undefined ? undefined : joinEntry(entry, cut.part);
  }
}
