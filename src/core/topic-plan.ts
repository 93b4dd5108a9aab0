/**
 * Which topics go on which channel: at most 1,000 a channel, at most 20 channels a client (docs/protocol.md, 7). A plan never leaves a
 * topic out in silence: what does not fit is refused whole, with the number of channels that it would take.
 */
import { topicCount, topicIdentity } from "./topic.ts";

/** The platform's limits. */
export interface TopicLimits {
  /** @defaultValue `1_000` */
  readonly topicsPerChannel: number;
  /** Channels that may be used. With all of the client's 20 in use a line moves on its own channel, with a declared gap. @defaultValue `20` */
  readonly channels: number;
}

/** Limits as documented; all instances that share a client share its 20 channels. */
export const TOPIC_LIMITS: TopicLimits = { topicsPerChannel: 1_000, channels: 20 };

/** The answer: topics by channel, or why not. */
export type TopicPlan =
  | { readonly kind: "plan"; readonly channels: readonly (readonly string[])[] }
  | { readonly kind: "too-many"; readonly topics: number; readonly channelsNeeded: number; readonly reason: string };

/** Spreads topics over channels, in the order given; the same topic twice (in any case) counts once. */
export function planTopics(topics: readonly string[], limits: TopicLimits = TOPIC_LIMITS): TopicPlan {
  const channels: string[][] = [];
  const seen = new Set<string>();
  let room = 0;
  let total = 0;
  for (const topic of topics) {
    const identity = topicIdentity(topic);
    if (seen.has(identity)) continue;
    seen.add(identity);
    const count = topicCount(topic);
    total += count;
    if (count > room) {
      channels.push([]);
      room = limits.topicsPerChannel;
    }
    channels.at(-1)?.push(topic);
    room -= count;
  }
  if (channels.length <= limits.channels) return { kind: "plan", channels };
  const { topicsPerChannel, channels: allowed } = limits;
  return {
    kind: "too-many",
    topics: total,
    channelsNeeded: channels.length,
    reason:
      `${total.toLocaleString("en")} topics need ${channels.length} channels of ${topicsPerChannel.toLocaleString("en")}, ` +
      `and an OAuth client has ${allowed}; ask for fewer topics, or give some to a second source with a client of its own`,
  };
}
