/**
 * Channels that a line leaves: their lists are read once more, as what they had lost by then nobody else tells, and emptied. The API can't
 * delete a channel.
 */
import type { SourceContext } from "../../ports/source.ts";
import type { Channel, ChannelsApi } from "./channels-api.ts";
import { LOST_CAUSE, type Subscriptions } from "./subscriptions.ts";

/** Why topics are missed whose channel the platform does not know any more. */
export const GONE_CAUSE = "the channel was gone, and nobody knows since when";

/** What is known of a channel when it is left; epoch milliseconds. */
export interface LastKnown {
  /** Its list was whole. */
  readonly goodAt: number;
  /** An event came on it. */
  readonly heardAt: number;
  /** Its successor delivered. */
  readonly joinedAt: number;
  /** From here on a gap of the line says that nothing delivered; where there is none, as `joinedAt`. */
  readonly blindFrom: number;
}

/** What {@link LeftChannels} takes. */
export interface LeftChannelsOptions {
  readonly context: SourceContext;
  readonly channels: ChannelsApi;
  readonly subscriptions: Subscriptions;
}

/** The channels that one line has left. */
export class LeftChannels {
  readonly #options: LeftChannelsOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: LeftChannelsOptions) {
    this.#options = options;
  }

  leave(channel: Channel, last: LastKnown): void {
    const leaving = this.#leave(channel, last).finally(() => this.#underWay.delete(leaving));
    this.#underWay.add(leaving);
  }

  /** Resolves when all of them are emptied, or can't be. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #leave(channel: Channel, { goodAt, heardAt, joinedAt, blindFrom }: LastKnown): Promise<void> {
    const { context, channels, subscriptions } = this.#options;
    const { gone, missing } = await subscriptions.lookBack(channel);
    const since = Math.max(goodAt, heardAt);
    if (gone.length > 0 && since < blindFrom) {
      context.openGap({ topics: gone, cause: GONE_CAUSE, from: since }).end(blindFrom);
    }
    if (missing.length > 0) context.openGap({ topics: missing, cause: LOST_CAUSE, from: goodAt }).end(joinedAt);
    await channels.leave(channel);
  }
}
