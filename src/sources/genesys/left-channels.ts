/**
 * Channels that a line leaves: their lists are read once more, as what they had lost by then nobody else tells, and emptied. The API can't
 * delete a channel.
 *
 * A list that can't be read is tried again, and then a gap, since nobody knows whether it was whole; at a stop there is no time for that,
 * and `wholeUntil` says since when the next start has to doubt it.
 */
import type { Timer } from "../../ports/clock.ts";
import type { SourceContext } from "../../ports/source.ts";
import type { Channel, ChannelsApi } from "./channels-api.ts";
import { LOST_CAUSE, type Subscriptions, UNREAD_CAUSE } from "./subscriptions.ts";

/** Why topics are missed whose channel the platform does not know any more. */
export const GONE_CAUSE = "the channel was gone, and nobody knows since when";

/** A look that failed is made again after so long. */
const AGAIN_MS = [1_000, 5_000, 15_000];
/** Nobody waits longer for one that may not be asked. */
const LONGEST_MS = 60_000;

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
  readonly #leaving = new WeakSet<Channel>();
  /** Channels that have a successor, and whose lists nobody has read since. */
  readonly #unread = new Map<Channel, LastKnown>();
  /** Waits before the next try, and what ends them. */
  readonly #waits = new Map<Timer, () => void>();
  #isHurried = false;

  constructor(options: LeftChannelsOptions) {
    this.#options = options;
  }

  /** These have a successor, and sockets still, and will be left. Those of before that have no socket any more are left now. */
  expect(channels: readonly Channel[], last: LastKnown): void {
    for (const [channel, known] of this.#unread) if (!channels.includes(channel)) this.leave(channel, known);
    for (const channel of channels) if (!this.#unread.has(channel)) this.#unread.set(channel, last);
  }

  /** `last` counts where nothing was known before. */
  leave(channel: Channel, last: LastKnown): void {
    if (this.#leaving.has(channel)) return;
    this.#leaving.add(channel);
    const leaving = this.#leave(channel, this.#unread.get(channel) ?? last).finally(() => {
      this.#underWay.delete(leaving);
    });
    this.#underWay.add(leaving);
  }

  /** Until when all lists that were left were surely whole, where that is not known of each to its end; epoch milliseconds. */
  get wholeUntil(): number | undefined {
    return this.#unread.size === 0 ? undefined : Math.min(...[...this.#unread.values()].map(({ goodAt }) => goodAt));
  }

  /** Resolves when all of them are emptied, or can't be; what fails now is not tried again. */
  async settled(): Promise<void> {
    this.#isHurried = true;
    for (const [timer, end] of this.#waits) {
      timer.cancel();
      end();
    }
    await Promise.allSettled(this.#underWay);
  }

  async #leave(channel: Channel, last: LastKnown): Promise<void> {
    this.#unread.set(channel, last);
    await this.#lookBack(channel, last);
    await this.#options.channels.leave(channel);
  }

  async #lookBack(channel: Channel, { goodAt, heardAt, joinedAt, blindFrom }: LastKnown): Promise<void> {
    const { context, channels, subscriptions } = this.#options;
    const tell = (topics: readonly string[], cause: string, from: number, to: number): void => {
      if (topics.length > 0 && from < to) context.openGap({ topics, cause, from }).end(to);
    };
    for (let tries = 0; ; tries += 1) {
      const look = await subscriptions.lookBack(channel);
      // Not before: whoever takes its place may have the platform forget it.
      channels.release(channel);
      if (look.kind === "looked") {
        tell(look.gone, GONE_CAUSE, Math.max(goodAt, heardAt), blindFrom);
        tell(look.missing, LOST_CAUSE, goodAt, joinedAt);
        break;
      }
      if (this.#isHurried) return;
      const waitMs = look.again ? AGAIN_MS[tries] : undefined;
      if (waitMs === undefined || (look.retryAfterMs ?? 0) > LONGEST_MS) {
        tell(look.had, UNREAD_CAUSE, goodAt, joinedAt);
        break;
      }
      await this.#wait(Math.max(waitMs, look.retryAfterMs ?? 0));
    }
    this.#unread.delete(channel);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waits.delete(timer);
        resolve();
      };
      const timer = this.#options.context.clock.setTimer(ms, end);
      this.#waits.set(timer, end);
    });
  }
}
