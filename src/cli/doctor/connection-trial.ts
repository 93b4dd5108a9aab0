/**
 * The part of the check that opens something: one channel, all topics subscribed on it, one socket; only when it was asked for.
 *
 * O1  Not at 20 channels in use, and not where their number is not known: one more would push out a living one, without an error.
 * O2  What was subscribed is emptied again, however the trial ends. A channel can't be deleted: it stays listed until it ends by itself.
 */
import { oneLine } from "../../core/cause.ts";
import { planTopics, TOPIC_LIMITS } from "../../core/topic-plan.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Net } from "../../ports/net.ts";
import {
  type Channel,
  type ChannelsApi,
  createChannelsApi,
  type RejectedTopic,
} from "../../sources/genesys/channels-api.ts";
import { MAX_CHANNELS, PING } from "../../wire/genesys.ts";
import { count, duration } from "../text.ts";
import type { Account } from "../topics/account.ts";
import type { Tell } from "./finding.ts";
import { describeEnd, trySocket } from "./socket-trial.ts";

/** What the trial is made with. */
export interface TrialSetting {
  readonly account: Account;
  readonly net: Net;
  readonly clock: Clock;
  /** Channels in use before; undefined where the platform did not say. */
  readonly channelsInUse: number | undefined;
  readonly topics: readonly string[];
}

/** Subscribes and connects; answers what the platform refused, or undefined where it never came to that. */
export async function tryConnection(setting: TrialSetting, tell: Tell): Promise<readonly RejectedTopic[] | undefined> {
  const { account, channelsInUse, clock } = setting;
  if (channelsInUse === undefined || channelsInUse >= MAX_CHANNELS) {
    const why = channelsInUse === undefined ? "how many are in use is not known" : `all ${MAX_CHANNELS} are in use`;
    tell(
      "connection",
      "unchecked",
      `no channel was opened: ${why}, and one too many pushes out a living one without an error`,
    );
    return undefined;
  }
  const channels = createChannelsApi({ ...account, clock });
  const created = await channels.createIfFree(() => false);
  if (created.kind === "no-free-channel") {
    tell("connection", "unchecked", "no channel was opened: the last free one was just taken");
    return undefined;
  }
  if (created.kind !== "created") {
    tell("connection", "problem", `no channel: ${oneLine(created.reason)}`, {
      todo: ["try again; when it stays so, look at the platform's status page"],
    });
    return undefined;
  }
  try {
    return await subscribeAndConnect(created.channel, channels, setting, tell);
  } finally {
    await channels.leave(created.channel);
  }
}

async function subscribeAndConnect(
  channel: Channel,
  channels: ChannelsApi,
  { topics, net, clock }: TrialSetting,
  tell: Tell,
): Promise<readonly RejectedTopic[] | undefined> {
  const rejected: RejectedTopic[] = [];
  // One channel does for all: each list replaces the one before.
  for (const list of portions(topics)) {
    const answer = await channels.subscribe(channel, list);
    if (answer.kind !== "subscribed") {
      tell("connection", "problem", `a channel was opened and could not be subscribed: ${oneLine(answer.reason)}`);
      return undefined;
    }
    rejected.push(...answer.rejected);
  }
  const trial = await trySocket(channel.connectUri, net, clock, PING);
  const what = `${count(topics.length - rejected.length)} of ${count(topics.length)} topics subscribed`;
  if (trial.kind === "ended") {
    tell("connection", "problem", `${what}, but no socket: ${describeEnd(trial.end)}`, {
      todo: [
        "let this machine open WebSockets (wss, port 443) to the streaming host; a proxy must let the upgrade through",
      ],
    });
  } else if (trial.answeredMs === undefined) {
    tell("connection", "warning", `${what}, the socket opened, and a ping was not answered`, {
      todo: ["look for a proxy between that holds frames back"],
    });
  } else {
    const found = `${what}, the socket opened in ${duration(trial.openedMs)} and answered in ${duration(trial.answeredMs)}`;
    tell("connection", "ok", `${found}; emptied again, the channel stays listed until it ends by itself`);
  }
  return rejected;
}

/** Lists of at most 1,000. More of them than a client has channels are all tried too: each takes the place of the one before. */
function portions(topics: readonly string[]): readonly (readonly string[])[] {
  const plan = planTopics(topics, { ...TOPIC_LIMITS, channels: Number.POSITIVE_INFINITY });
  return plan.kind === "plan" ? plan.channels : [];
}
