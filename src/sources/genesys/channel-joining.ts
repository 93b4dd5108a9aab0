/** A successor joins when the platform has taken its topics and its socket has said something, in whichever order. */
import type { ChannelInput } from "../../core/channel-state.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Channel, SubscribeAnswer } from "./channels-api.ts";

/** A successor that joins not within so long is of no use. */
const JOIN_MS = 15_000;

/** What {@link ChannelJoining} takes. */
export interface ChannelJoiningOptions {
  readonly clock: Clock;
  /** Whether the line still waits for it. */
  readonly isJoining: () => boolean;
  /** Gives the channel its topics. */
  readonly take: (channel: Channel) => Promise<SubscribeAnswer>;
  /** Told what came of it. */
  readonly came: (input: ChannelInput) => void;
}

/** What a successor has shown of itself. */
interface Proof {
  isSubscribed: boolean;
  isAlive: boolean;
}

/** The joining of one line's successors, one at a time. */
export class ChannelJoining {
  readonly #options: ChannelJoiningOptions;
  #proof: Proof = { isSubscribed: false, isAlive: false };
  #limit: Timer | undefined;

  constructor(options: ChannelJoiningOptions) {
    this.#options = options;
  }

  async begin(channel: Channel): Promise<void> {
    const { clock, isJoining, take, came } = this.#options;
    const proof: Proof = { isSubscribed: false, isAlive: false };
    this.#proof = proof;
    this.#limit?.cancel();
    this.#limit = clock.setTimer(JOIN_MS, () => {
      if (proof === this.#proof) came({ kind: "join-failed", reason: "the new socket gave no sign of life in time" });
    });
    const answer = await take(channel);
    if (proof !== this.#proof || !isJoining()) return;
    switch (answer.kind) {
      case "subscribed":
        proof.isSubscribed = true;
        this.#look();
        return;
      case "gone":
        came({ kind: "join-gone", reason: answer.reason });
        return;
      case "failed":
        came({ ...answer, kind: "join-failed" });
        return;
      case "refused":
        came({ kind: "join-refused", reason: answer.reason });
        return;
    }
  }

  /** The successor's socket has said something. */
  alive(): void {
    if (!this.#options.isJoining()) return;
    this.#proof.isAlive = true;
    this.#look();
  }

  close(): void {
    this.#limit?.cancel();
  }

  #look(): void {
    if (!this.#proof.isSubscribed || !this.#proof.isAlive) return;
    this.#limit?.cancel();
    this.#options.came({ kind: "joined" });
  }
}
