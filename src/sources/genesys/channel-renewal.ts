/**
 * When the channel of a line is left for the next one, or given a new life: before its end and that of its token, at another instant
 * than all other lines of the client.
 *
 * - N1  With a channel to spare the next one stands before this one is left.
 * - N2  With none to spare, a channel that ends is given a new life by writing its list again; what fails is tried again before the end.
 * - N3  With none to spare, a token that ends can't be helped: looked every minute whether there is one. A new socket on the same
 *       channel would be a gap that gains nothing.
 */
import type { Timer } from "../../ports/clock.ts";
import type { SourceContext } from "../../ports/source.ts";
import { MAX_CHANNELS } from "../../wire/genesys.ts";
import type { Channel, ChannelsApi } from "./channels-api.ts";
import type { Renewals } from "./client.ts";

/** What {@link ChannelRenewal} takes. */
export interface ChannelRenewalOptions {
  /** For people: `channel 1`. */
  readonly name: string;
  readonly context: SourceContext;
  readonly channels: ChannelsApi;
  readonly renewals: Renewals;
  /** Whether this channel still delivers. */
  readonly isStanding: (channel: Channel) => boolean;
  /** Writes its list again, which extends its life; false: that did not work. */
  readonly extend: () => Promise<boolean>;
  readonly move: (cause: string) => void;
}

/** A channel is left before so much of its life is over. */
const BEFORE_SHARE = 0.9;
/** The last part of that, in which a line moves at an instant of its own. */
const SPREAD = 0.1;
/** A move that is due already is made after a moment, so a platform with absurd lives is not stormed. */
const LEAST_MS = 10_000;
/** N3. */
const LOOK_MS = 60_000;

/** The renewal of one line. */
export class ChannelRenewal {
  readonly #options: ChannelRenewalOptions;
  #timer: Timer | undefined;
  /** N3 is said once for each channel. */
  #isTold = false;

  constructor(options: ChannelRenewalOptions) {
    this.#options = options;
  }

  /** This channel delivers from now on. */
  plan(channel: Channel): void {
    const now = this.#options.context.clock.now();
    const { expiresAt = Infinity, token } = channel;
    const byChannel = now + (expiresAt - now) * BEFORE_SHARE;
    const byToken = token.renewAt <= byChannel;
    const until = Math.min(token.renewAt, byChannel);
    const from = now + Math.max((until - now) * (1 - SPREAD), LEAST_MS);
    this.#isTold = false;
    // One that is overdue has a window too, so that lines which are do not all move at once.
    this.#at(from, until > from ? until : from + LEAST_MS, () => {
      if (byToken) void this.#replace(channel);
      else void this.#renew(channel);
    });
  }

  close(): void {
    this.#options.renewals.release(this);
    this.#timer?.cancel();
  }

  /** At an instant within this window. */
  #at(from: number, until: number, fn: () => void): void {
    const { context, renewals } = this.#options;
    const at = renewals.reserve(this, from, until);
    this.#timer?.cancel();
    this.#timer = context.clock.setTimer(at - context.clock.now(), () => {
      renewals.release(this);
      fn();
    });
  }

  async #isFull(): Promise<boolean> {
    return ((await this.#options.channels.inUse("subscribe")) ?? 0) >= MAX_CHANNELS;
  }

  /** Its token ends soon (N1, N3). */
  async #replace(channel: Channel): Promise<void> {
    const { channels, context, isStanding, move, name } = this.#options;
    const isFull = await this.#isFull();
    if (!isStanding(channel)) return;
    if (!isFull) {
      // The next channel is to belong to a new token; the first line to move brings it.
      channels.forgetToken(channel);
      move("its token ends soon");
      return;
    }
    const line = `${name}: its token ends soon and no channel is free for the next one; without one there is a gap when it has ended`;
    if (!this.#isTold) context.logger.warn({ channel: name }, line);
    this.#isTold = true;
    const soon = context.clock.now() + LOOK_MS;
    this.#at(soon - LEAST_MS, soon + LEAST_MS, () => void this.#replace(channel));
  }

  /** The channel ends soon (N1, N2). */
  async #renew(channel: Channel): Promise<void> {
    const { context, name, isStanding, extend, move } = this.#options;
    const isFull = await this.#isFull();
    if (!isStanding(channel)) return;
    if (!isFull) {
      move("the channel ends soon");
      return;
    }
    const isExtended = await extend();
    if (!isStanding(channel)) return;
    const start = `${name}: the channel would have ended soon and no other is free`;
    if (isExtended)
      context.logger.info({ channel: name }, `${start}: its topics were subscribed anew, which extends it`);
    else context.logger.warn({ channel: name }, `${start}; its topics could not be subscribed anew yet: trying again`);
    this.plan(channel);
  }
}
