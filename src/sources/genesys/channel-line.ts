/**
 * One channel line at work: carries out what `core/channel-state.ts` says with the API, sockets and timers, and feeds back what
 * came of it. Which topics its channel has, and shall have: `subscriptions.ts`.
 *
 * - N1  Every interval in which nothing delivers is a declared gap, from the last sign of life to the moment of joining.
 * - N2  Before its channel or its token ends, and when the platform announces the socket's end, a line moves: the successor
 *       stands before the old one is let go. Where no channel is free for that and only the channel ends, its life is extended.
 */
import { backoffMs } from "../../core/backoff.ts";
import {
  type ChannelCommand,
  type ChannelInput,
  type ChannelLife,
  type EffortTarget,
  IDLE_CHANNEL,
  stepChannel,
} from "../../core/channel-state.ts";
import type { Timer } from "../../ports/clock.ts";
import type { ConnectionStatus, OpenGap } from "../../ports/source.ts";
import type { SystemTopic } from "../../wire/genesys.ts";
import { GONE_CAUSE, type LastKnown, LeftChannels } from "./left-channels.ts";
import type { ChannelLineOptions } from "./line-options.ts";
import { tellInput } from "./line-words.ts";
import { QuietWatch } from "./quiet-watch.ts";
import { RivalSigns } from "./rival-signs.ts";
import { ChannelJoining } from "./channel-joining.ts";
import { ChannelRenewal } from "./channel-renewal.ts";
import { ChannelSockets } from "./channel-sockets.ts";
import type { Channel } from "./channels-api.ts";
import type { DecodedFrame } from "./decode.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { RejectedTopic } from "./topic-list.ts";
import { afterLoss, describeEnd, wordsFor } from "./wording.ts";

const BACKOFF = { initialMs: 500, maxMs: 60_000 };
const SLOW_MS = 240_000;
/** A line that stood so long has its failures forgotten. */
const STEADY_MS = 10_000;

/** One line. */
export class ChannelLine {
  readonly #options: ChannelLineOptions;
  readonly #sockets: ChannelSockets;
  readonly #subscriptions: Subscriptions;
  #life: ChannelLife = IDLE_CHANNEL;
  #since: number;
  /** The channel to come back to, or the one that was just made. */
  #held: Channel | undefined;
  #made: Channel | undefined;
  #gap: OpenGap | undefined;
  #lastGoodAt: number | undefined;
  /** Epoch milliseconds: the last event that came was not sent before then. */
  #eventAt: number | undefined;
  /** The gap that begins now began then; undefined: with the last sign of life. */
  #blindFrom: number | undefined;
  #closedAt: number | undefined;
  #joins = 0;
  /** Monotonic: when the standing socket joined. */
  #stoodFrom = 0;
  readonly #signs: RivalSigns;
  readonly #quiet: QuietWatch;
  readonly #left: LeftChannels;
  readonly #joining: ChannelJoining;
  #isHeld = false;
  #pause: Timer | undefined;
  #steady: Timer | undefined;
  readonly #renewal: ChannelRenewal;

  constructor(options: ChannelLineOptions) {
    const { name, context, channels, topics, combine, maxFrameBytes, decode } = options;
    this.#options = options;
    this.#since = context.clock.now();
    this.#lastGoodAt = options.missedSince;
    this.#signs = new RivalSigns(context.clock, options.evictions, options.rival);
    this.#subscriptions = new Subscriptions({ name, context, channels, topics, combine }, (reason) =>
      this.#blind({ kind: "doubted", reason }),
    );
    this.#left = new LeftChannels({ context, channels, subscriptions: this.#subscriptions });
    this.#joining = new ChannelJoining({
      clock: context.clock,
      isJoining: () => this.#life.effort === "joining",
      take: (channel) => this.#subscriptions.take(channel),
      came: (input) => this.#apply(input),
    });
    this.#renewal = new ChannelRenewal({
      name,
      context,
      channels,
      renewals: options.renewals,
      isStanding: (channel) => channel === this.#held && this.#life.standing,
      extend: () => this.#subscriptions.extend(),
      move: (cause) => this.#apply({ kind: "move", cause }),
    });
    this.#quiet = new QuietWatch({
      name,
      clock: context.clock,
      logger: context.logger,
      isListening: () => this.#life.standing && !this.#isHeld,
      tooQuiet: (reason, since) => this.#onQuiet(reason, since),
    });
    this.#sockets = new ChannelSockets(
      { clock: context.clock, net: context.net, maxFrameBytes, decode },
      {
        opened: () => this.#apply({ kind: "opened" }),
        alive: () => this.#joining.alive(),
        nextEnded: (end) => {
          const input = wordsFor(end, context.clock.now());
          this.#apply(this.#life.effort === "joining" ? { ...input.joining } : { ...input.handshake });
        },
        currentEnded: (end, provenAt) => {
          this.#lastGoodAt = provenAt ?? this.#lastGoodAt;
          this.#apply({ kind: "lost", reason: describeEnd(end), next: afterLoss(end) });
        },
        frame: (frame, bytes, isBinary, sentAfter) => {
          this.#quiet.event();
          this.#eventAt = this.#sockets.currentProvenAt;
          options.frame(frame, bytes, isBinary, sentAfter);
        },
        unproven: (from, to) => this.#declare(from, to),
        notice: (frame, standing) => this.#onNotice(frame, standing),
      },
    );
  }

  get life(): ChannelLife {
    return this.#life;
  }

  /** Why too little comes; undefined: as much as ever. */
  get quietReason(): string | undefined {
    return this.#life.standing ? this.#quiet.reason : undefined;
  }

  get rejected(): readonly RejectedTopic[] {
    return this.#subscriptions.rejected;
  }

  get topics(): readonly string[] {
    return this.#subscriptions.topics;
  }

  /** From now on the channel shall have these topics. Those that are new may have been missed since then (epoch milliseconds). */
  want(topics: readonly string[], missedSince: number): void {
    this.#subscriptions.want(topics, missedSince);
  }

  /** Something may have happened to its channel that nobody tells: its list is read back. */
  look(): void {
    this.#subscriptions.verify();
  }

  /** Closes a line that nobody needs any more. */
  async retire(): Promise<void> {
    this.#gap?.end(this.#options.context.clock.now());
    this.#subscriptions.retire();
    await this.close();
  }

  start(): void {
    this.#quiet.start();
    this.#apply({ kind: "start" });
  }

  /** Channels of ours that the platform may count: the one that is held, one that is being joined, one that is let go. */
  get channelCount(): number {
    return new Set([...this.#sockets.channels(), this.#held, this.#made].filter((one) => one !== undefined)).size;
  }

  hold(held: boolean): void {
    this.#isHeld = held;
    this.#quiet.interrupt();
    this.#sockets.hold(held);
  }

  /** Closes the sockets, reads the channels' lists once more and empties them; failures do not matter. */
  async close(): Promise<void> {
    const [standing, last] = [this.#held, this.#lastKnown()];
    this.#closedAt ??= last.joinedAt;
    this.#apply({ kind: "close" });
    this.#subscriptions.close();
    this.#quiet.close();
    this.#sockets.close();
    if (standing !== undefined) this.#left.leave(standing, last);
    this.#left.expect([], last);
    await Promise.allSettled([this.#made && this.#options.channels.leave(this.#made), this.#left.settled()]);
  }

  /** Of the held channel, as long as nothing takes its place. */
  #lastKnown(): LastKnown {
    const blindFrom = this.#gap?.from ?? this.#options.context.clock.now();
    return { goodAt: this.#subscriptions.goodAt, heardAt: this.#eventAt ?? 0, joinedAt: blindFrom, blindFrom };
  }

  /** Epoch milliseconds: until then all its lists were surely whole. */
  get #wholeUntil(): number {
    return Math.min(this.#closedAt ?? this.#subscriptions.goodAt, this.#left.wholeUntil ?? Infinity);
  }

  status(): ConnectionStatus {
    const [link] = this.#sockets.view();
    const { standing, effort, reason } = this.#life;
    return {
      name: this.#options.name,
      state: standing ? (effort === "none" ? "live" : "moving") : effort === "none" ? "closed" : effort,
      since: this.#since,
      topicCount: this.topics.length - this.rejected.length,
      reconnects: Math.max(0, this.#joins - 1),
      lastFrameAt: link?.lastSignAt,
      wholeUntil: this.#wholeUntil,
      reason: reason ?? this.quietReason,
      tooQuiet: this.quietReason !== undefined,
      overlaps: this.#sockets.overlaps,
    };
  }

  #apply(given: ChannelInput): void {
    const before = this.#life;
    // What comes too late says nothing of others.
    const isLate = stepChannel(before, given).life === before;
    const input = isLate ? given : this.#judge(given);
    const { life, commands } = stepChannel(before, input);
    this.#life = life;
    this.#forget(input, before);
    if (!life.standing) {
      this.#subscriptions.stand(undefined);
      this.#quiet.interrupt();
    }
    if (life.standing !== before.standing || life.phase !== before.phase)
      this.#since = this.#options.context.clock.now();
    if (life !== before) {
      const { failures } = life;
      const facts = { name: this.#options.name, failures, isBlind: this.#gap !== undefined, joins: this.#joins };
      tellInput(this.#options.context.logger, input, facts);
    }
    // The platform forgot it at a time that nobody told: perhaps before the socket ended. At a stop we leave it ourselves.
    const isTold = given.kind === "lost" || given.kind === "displaced" || given.kind === "close";
    const isForgotten = before.held && !life.held && !isTold;
    const blindFrom = this.#gap?.from;
    if (isForgotten && !(given.kind === "checked" && given.exists)) this.#declareBack(blindFrom);
    for (const command of commands) this.#carryOut(command);
    if (input !== given && life.reason !== undefined && !life.standing) this.#gap?.explain(life.reason);
    if (input.kind === "joined" && life !== before) this.#onJoined(before.target, blindFrom);
  }

  #judge(input: ChannelInput): ChannelInput {
    const { context, channels } = this.#options;
    const isOfSuccessor = input.kind === "handshake-gone" || input.kind === "join-gone";
    const channel = isOfSuccessor && this.#life.target === "new" ? undefined : this.#held;
    const judged = this.#signs.judge(input, {
      life: this.#life,
      channel,
      isTokenVoid: channel !== undefined && channels.isTokenVoid(channel),
      stoodMs: context.clock.monotonic() - this.#stoodFrom,
    });
    // A channel that is left to another is emptied: topics on it would be sent to nobody of ours.
    const isLeft = judged.kind === "checked" && !judged.exists && input.kind === "checked" && input.exists;
    if (isLeft && channel !== undefined) this.#left.leave(channel, this.#lastKnown());
    return judged;
  }

  /** C4: channels that the platform does not know any more are not come back to. */
  #forget(input: ChannelInput, before: ChannelLife): void {
    const aboutMade = before.target === "new" && (input.kind === "handshake-gone" || input.kind === "join-gone");
    if (aboutMade) this.#made = undefined;
    if (!this.#life.held) this.#held = undefined;
  }

  #carryOut(command: ChannelCommand): void {
    const { clock } = this.#options.context;
    switch (command.kind) {
      case "create":
        void this.#create(command.ifFree);
        return;
      case "connect":
        this.#connect(command.target);
        return;
      case "join":
        this.#join();
        return;
      case "check":
        void this.#check();
        return;
      case "pause":
        this.#wait(backoffMs(BACKOFF, command.failures, clock.random(), command.atLeastMs));
        return;
      case "pause-slowly":
        this.#wait(SLOW_MS * (0.8 + 0.4 * clock.random()));
        return;
      case "gap-begins":
        this.#beginGap(command.cause);
        return;
      case "gap-ends":
        this.#gap?.end(clock.now());
        this.#gap = undefined;
        return;
      case "let-old-go":
        return;
      case "drop-effort":
        this.#sockets.dropNext();
        return;
      case "drop-standing":
        this.#sockets.dropCurrent();
        return;
      case "shut":
        this.#renewal.close();
        this.#joining.close();
        for (const timer of [this.#pause, this.#steady]) timer?.cancel();
        return;
    }
  }

  async #create(ifFree: boolean): Promise<void> {
    if (this.#made !== undefined) {
      // Made before, and never connected to: the platform may still know it.
      this.#apply({ kind: "created" });
      return;
    }
    const { channels } = this.#options;
    // What delivers nothing any more does not wait for others.
    const mayWait = (): boolean => this.#life.effort === "creating" && this.#life.standing && this.#gap === undefined;
    const answer = await (ifFree ? channels.createIfFree(mayWait) : channels.create());
    switch (answer.kind) {
      case "created":
        if (this.#life.effort !== "creating") {
          void channels.leave(answer.channel);
          return;
        }
        this.#made = answer.channel;
        this.#apply({ kind: "created" });
        return;
      case "no-free-channel":
        this.#apply({ kind: "no-free-channel" });
        return;
      case "failed":
        this.#apply({ ...answer, kind: "create-failed" });
        return;
      case "refused":
        this.#apply({ kind: "create-refused", reason: answer.reason });
        return;
    }
  }

  #connect(target: "held" | "new"): void {
    const channel = target === "held" ? this.#held : this.#made;
    if (channel !== undefined) this.#sockets.open(channel);
  }

  #join(): void {
    const channel = this.#life.target === "held" ? this.#held : this.#made;
    if (channel === undefined) return;
    this.#sockets.askNext();
    void this.#joining.begin(channel);
  }

  get #isUsingMade(): boolean {
    const { effort, target } = this.#life;
    return target === "new" && (effort === "connecting" || effort === "joining");
  }

  async #check(): Promise<void> {
    const { channels } = this.#options;
    // Whatever led here: waiting for an answer that nobody gives would be for ever.
    if (this.#held === undefined) {
      this.#apply({ kind: "checked", exists: false });
      return;
    }
    const answer = await channels.exists(this.#held);
    if (answer.kind === "known") this.#apply({ kind: "checked", exists: answer.exists });
    else this.#apply({ ...answer, kind: "check-failed" });
  }

  /** `target`: the channel that was joined. Another one that was made stays for the next try. `blindFrom`: of the gap that ends. */
  #onJoined(target: EffortTarget, blindFrom: number | undefined): void {
    const { clock } = this.#options.context;
    this.#joins += 1;
    this.#stoodFrom = clock.monotonic();
    const before = this.#held;
    const joinedAt = clock.now();
    const last = {
      goodAt: this.#subscriptions.goodAt,
      heardAt: this.#eventAt ?? 0,
      joinedAt,
      blindFrom: blindFrom ?? joinedAt,
    };
    if (target === "new") {
      this.#held = this.#made;
      this.#made = undefined;
    }
    this.#subscriptions.stand(this.#held);
    const isBeside = this.#sockets.promote((left) => this.#left.leave(left, last));
    this.#left.expect(
      this.#sockets.channels().filter((channel) => channel !== this.#held),
      last,
    );
    if (!isBeside && before !== undefined && before !== this.#held) this.#left.leave(before, last);
    this.#steady?.cancel();
    this.#steady = clock.setTimer(STEADY_MS, () => this.#apply({ kind: "steady" }));
    if (this.#held !== undefined) this.#renewal.plan(this.#held);
  }

  #wait(ms: number): void {
    this.#pause?.cancel();
    this.#pause = this.#options.context.clock.setTimer(ms, () => this.#apply({ kind: "due" }));
  }

  #beginGap(cause: string): void {
    const { context } = this.#options;
    const from = this.#blindFrom ?? this.#sockets.currentProvenAt ?? this.#lastGoodAt ?? context.clock.now();
    this.#gap ??= context.openGap({ topics: this.topics, cause, from, atStart: this.#joins === 0 });
  }

  #onNotice(frame: Extract<DecodedFrame, { readonly kind: "system" | "answer" }>, standing: boolean): void {
    if (frame.kind === "answer") {
      if (frame.result !== "404") return;
      if (standing)
        this.#blind({ kind: "lost", reason: "the platform says that the channel is gone", next: "recreate" });
      return;
    }
    if (standing) this.#onSystem(frame.topic);
  }

  #onSystem(topic: SystemTopic): void {
    switch (topic) {
      case "socket-closing":
        this.#apply({ kind: "move", cause: "the platform announced the end of the socket" });
        return;
      case "token-revoked":
        // The socket may go on for a moment: it is read until the platform ends it.
        if (this.#held !== undefined) this.#options.channels.forgetToken(this.#held);
        // One that is being joined stays what the effort is about; its end is the platform's, and is answered like any other.
        if (!this.#isUsingMade) this.#made = undefined;
        this.#apply({ kind: "move", cause: "the token was revoked" });
        return;
      case "no-longer-subscribed":
        this.#blind({
          kind: "displaced",
          reason: "another channel took the subscriptions over: does a second instance use the same OAuth client?",
          pauseMs: 0,
        });
        return;
      case "subscription-updated":
        this.#subscriptions.verify();
        return;
      case "heartbeat":
      case "other":
        return;
    }
  }

  /**
   * The standing socket is not what it seems, though signs of life come: it was surely good when its list was, or when the last
   * event came; of one whose topics another took, only then, as nobody will read its list. What was not read of it yet is given up with it.
   */
  #blind(input: ChannelInput): void {
    const { goodAt } = this.#subscriptions;
    const isWhole = input.kind === "displaced" ? goodAt : Math.max(goodAt, this.#eventAt ?? 0);
    this.#blindFrom = Math.min(isWhole, this.#sockets.currentProvenAt ?? isWhole);
    this.#lastGoodAt = this.#blindFrom;
    if (input.kind === "lost") this.#sockets.dropCurrent();
    this.#apply(input);
    this.#blindFrom = undefined;
  }

  /** N1: it may be that nobody did anything, or that the platform serves the channel no more; only the next one will tell. */
  #onQuiet(reason: string, since: number): void {
    this.#blindFrom = Math.max(since, this.#eventAt ?? 0);
    this.#apply({ kind: "quiet", reason });
    this.#blindFrom = undefined;
  }

  /** N1: not all had come on the old socket when its successor stood. */
  #declare(from: number, to: number): void {
    const cause = "the old socket was dead or behind, unseen, when its successor stood";
    this.#options.context.openGap({ topics: this.topics, cause, from }).end(to);
  }

  /** N1: a channel that was gone delivered nothing since an event came, or its list was good. */
  #declareBack(until = this.#options.context.clock.now()): void {
    const from = Math.max(this.#subscriptions.goodAt, this.#eventAt ?? 0);
    if (from >= until) return;
    this.#options.context.openGap({ topics: this.topics, cause: GONE_CAUSE, from }).end(until);
  }
}
