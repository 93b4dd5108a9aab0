/**
 * Reads out of what happens to a line whether somebody else uses its channel or its client, and makes of each input the one that
 * answers it (`core/rivals.ts`).
 *
 * - V1  An eviction is concluded only of a channel that stood, and only where nothing else ended it: not its own end, not that of
 *       its token. One that never stood may be one that the platform does not know yet.
 *       Each channel is evicted once, however often it shows.
 * - V2  A takeover is concluded where the platform ended the socket regularly, the channel goes on, and it was so within the hour before:
 *       once it may be the platform itself, which closes sockets regularly too (a node that is started anew), and is told as what it is.
 */
import type { ChannelInput, ChannelLife } from "../../core/channel-state.ts";
import { type EvictionWatch, type RivalSign, RivalWatch } from "../../core/rivals.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Channel } from "./channels-api.ts";

/** A sign that is told. */
export type ToldSign = Exclude<RivalSign, "cut">;

/** What is known of a line when something happens to it. */
export interface LineFacts {
  readonly life: ChannelLife;
  /** The channel that the input is about, where it stood. */
  readonly channel: Channel | undefined;
  /** Whether the token that owns it is void. */
  readonly isTokenVoid: boolean;
  /** How long the socket stood that was lost. */
  readonly stoodMs: number;
}

/** Inputs by which a channel is not there any more. */
type GoneInput = Extract<
  ChannelInput,
  { readonly kind: "lost" | "checked" | "handshake-gone" | "join-gone" | "doubted" }
>;

/** A channel that ends within so long has come to its end. */
const NEAR_END_MS = 60_000;
/** A socket that was cut sooner stood for a moment only. */
const SHORT_LIFE_MS = 60_000;

/** The signs of one line. */
export class RivalSigns {
  readonly #clock: Clock;
  readonly #told: (sign: ToldSign) => void;
  readonly #evictions: EvictionWatch;
  readonly #watch = new RivalWatch();
  /** The last loss was one of several cuts: the channel is left, whatever it is. */
  #isCutOften = false;
  /** The last channel that was evicted. */
  #evicted: Channel | undefined;

  /** `evictions`: of all lines of the client. */
  constructor(clock: Clock, evictions: EvictionWatch, told: (sign: ToldSign) => void) {
    this.#clock = clock;
    this.#evictions = evictions;
    this.#told = told;
  }

  /** The input as it shall be applied. */
  judge(input: ChannelInput, facts: LineFacts): ChannelInput {
    if (input.kind === "lost") {
      if (input.next !== "reconnect") this.#isCutOften = false;
      if (input.next === "recreate") return this.#gone(input, input.reason, facts);
      return input.next === "reconnect" ? this.#cut(input, facts) : input;
    }
    if (input.kind === "checked") {
      const { reason = "the channel is not known any more" } = facts.life;
      if (!input.exists) return this.#gone(input, reason, facts);
      return this.#isCutOften ? { ...input, exists: false, reason } : this.#closedRegularly(input, reason);
    }
    if (input.kind === "handshake-gone" || input.kind === "join-gone" || input.kind === "doubted") {
      return this.#gone(input, input.reason, facts);
    }
    return input.kind === "displaced" ? { ...input, pauseMs: this.#note("displacement").pauseMs } : input;
  }

  /** V1. */
  #isEvicted({ channel, isTokenVoid }: LineFacts): boolean {
    if (channel === undefined || channel === this.#evicted || isTokenVoid) return false;
    const endsAt = Math.min(channel.expiresAt ?? Infinity, channel.token.expiresAt);
    return this.#clock.now() < endsAt - NEAR_END_MS;
  }

  #gone(input: GoneInput, reason: string, facts: LineFacts): ChannelInput {
    if (!this.#isEvicted(facts)) return input;
    this.#evicted = facts.channel;
    const pauseMs = Math.max(this.#note("eviction").pauseMs, this.#evictions.note(this.#clock.monotonic()));
    const why = "the platform dropped the channel before its end, as it does where an OAuth client has more than 20";
    return { ...input, reason: `${reason}: ${why}`, pauseMs };
  }

  /** V2. */
  #closedRegularly(input: ChannelInput, reason: string): ChannelInput {
    const { leave, pauseMs } = this.#watch.note("takeover", this.#clock.monotonic());
    if (!leave) return input;
    this.#told("takeover");
    const why = `${reason} again, and its channel goes on: another socket took it; it is left for a new channel`;
    return { kind: "checked", exists: false, reason: why, pauseMs };
  }

  #cut(input: Extract<ChannelInput, { readonly kind: "lost" }>, { stoodMs }: LineFacts): ChannelInput {
    this.#isCutOften = false;
    if (stoodMs >= SHORT_LIFE_MS) return input;
    const { leave, count } = this.#watch.note("cut", this.#clock.monotonic());
    if (!leave) return input;
    this.#isCutOften = true;
    const why = `${count} times within ten minutes, each time shortly after it stood; in case another socket is on its channel, that is left`;
    return { ...input, next: "check", reason: `${input.reason}, ${why}` };
  }

  #note(sign: Exclude<ToldSign, "takeover">): ReturnType<RivalWatch["note"]> {
    const answer = this.#watch.note(sign, this.#clock.monotonic());
    this.#told(sign);
    return answer;
  }
}
