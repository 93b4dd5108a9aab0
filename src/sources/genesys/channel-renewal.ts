/**
 * When the channel of a line is left for the next one, or given a new life: before its end and that of its token, at another instant
 * than all other lines of the client.
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

/** The renewal of one line. */
export class ChannelRenewal {
  readonly #options: ChannelRenewalOptions;
  #timer: Timer | undefined;

  constructor(options: ChannelRenewalOptions) {
    this.#options = options;
  }

  /** This channel delivers from now on. */
  plan(channel: Channel): void {
    const { context, renewals, channels, move } = this.#options;
    const now = context.clock.now();
    const { expiresAt = Infinity, token } = channel;
    const byChannel = now + (expiresAt - now) * BEFORE_SHARE;
    const byToken = token.renewAt <= byChannel;
    const until = Math.min(token.renewAt, byChannel);
    const from = now + Math.max((until - now) * (1 - SPREAD), LEAST_MS);
    const at = renewals.reserve(this, from, Math.max(until, from + LEAST_MS));
    this.#timer?.cancel();
    this.#timer = context.clock.setTimer(at - now, () => {
      renewals.release(this);
      if (!byToken) {
        void this.#renew(channel);
        return;
      }
      // The next channel is to belong to a new token; the first line to move brings it.
      channels.forgetToken(channel);
      move("its token ends soon");
    });
  }

  close(): void {
    this.#options.renewals.release(this);
    this.#timer?.cancel();
  }

  /** Where no channel is free for a successor, the channel's life is extended: better than a gap. */
  async #renew(channel: Channel): Promise<void> {
    const { channels, context, name, isStanding, extend, move } = this.#options;
    const isFull = ((await channels.inUse("subscribe")) ?? 0) >= MAX_CHANNELS;
    const isExtended = isFull && isStanding(channel) && (await extend());
    if (!isStanding(channel)) return;
    if (!isExtended) {
      move("the channel ends soon");
      return;
    }
    const line = `${name}: the channel would have ended soon and no other is free: its topics were subscribed anew, which extends it`;
    context.logger.info({ channel: name }, line);
    this.plan(channel);
  }
}
