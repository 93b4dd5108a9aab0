/**
 * The topics of one line: what its channel shall have, what it has, and the loop that makes the second like the first.
 *
 * - S1  A list is sent whole and read back. What the platform rejects is told and tried again, slowly: permissions are given later.
 * - S2  What changes while a list is under way, or while the line moves, is sent right after: nobody waits for the next change.
 * - S3  A new topic is a declared gap from when it may have begun until its channel has it. One that goes is a shorter list: the
 *       others' socket does not notice.
 * - S4  A failure never touches the socket, which goes on with what it has. A channel that is gone is for the line to replace.
 * - S5  The standing channel's list is read back every minute, and before it is written over: a platform that forgets it says nothing.
 *       A look that is asked for (`verify`) is made, later where it can't be made now.
 * - S6  A topic that is neither taken nor rejected is a declared gap until it is, and asked for again with growing pauses.
 */
import { backoffMs } from "../../core/backoff.ts";
import { topicIdentity } from "../../core/topic.ts";
import type { Timer } from "../../ports/clock.ts";
import type { OpenGap, SourceContext } from "../../ports/source.ts";
import type { Channel, ChannelsApi, ReadBack, SubscribeAnswer } from "./channels-api.ts";
import type { CallPriority } from "./rest.ts";
import type { RejectedTopic } from "./topic-list.ts";

/** What {@link Subscriptions} takes. */
export interface SubscriptionsOptions {
  /** For people: `channel 1`. */
  readonly name: string;
  readonly topics: readonly string[];
  readonly context: SourceContext;
  readonly channels: ChannelsApi;
  /** Send combined topics. */
  readonly combine: boolean;
}

const BACKOFF = { initialMs: 1_000, maxMs: 120_000 };
/** Rejected topics, and lists that are refused whole, are tried again after so long, more or less. */
const SLOW_MS = 600_000;
/** The list is read back so often, more or less. */
const READ_BACK_MS = 60_000;
/** A list that was written or looked at so shortly ago is not looked at again. */
const LOOKED_MS = 10_000;
/** A look that failed is made again after so long, where nobody says when. */
const LOOK_AGAIN_MS = 20_000;
/** Rejected topics that are told one by one. */
const REJECTIONS_TOLD = 5;

/** Why topics are missed that a list lost. */
export const LOST_CAUSE = "gone from the channel's list, for a reason that is not known";

/** Why topics are missed of which nobody knows whether their list was whole. */
export const UNREAD_CAUSE = "the channel's list could not be read, and nobody knows whether it was whole";

/** What a list that was left says. */
type Look =
  /** `gone`: all of it, with the channel; `missing`: what it had lost. */
  | { readonly kind: "looked"; readonly gone: readonly string[]; readonly missing: readonly string[] }
  /** `had`: what it should have; `again`: asking again may help. */
  | {
      readonly kind: "unread";
      readonly had: readonly string[];
      readonly again: boolean;
      readonly retryAfterMs: number | undefined;
    };

/** What reading a list before it is written over came to. */
type Clearance =
  /** It may be written. */
  | { readonly kind: "read" }
  /** It may be written, and nobody knows whether it was whole. */
  | { readonly kind: "unread"; readonly read: Exclude<ReadBack, { readonly kind: "read" | "gone" }> }
  | { readonly kind: "gone"; readonly reason: string }
  /** It is no more of use: whoever leaves it looks at it by himself. */
  | { readonly kind: "left" };

const LEFT = { kind: "failed", reason: "the channel was left meanwhile" } as const;

/** A list that was written. */
interface Writing {
  readonly version: number;
  /** Epoch milliseconds: when it was sent. */
  readonly begun: number;
  /** It could not be read before. */
  readonly isDoubted: boolean;
}

type Taken = Extract<SubscribeAnswer, { readonly kind: "subscribed" }>;

/** The topics of one line. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #gone: (reason: string) => void;
  #topics: readonly string[];
  #version = 1;
  /** The version that each channel has. */
  readonly #written = new WeakMap<Channel, number>();
  /** The channel that delivers. */
  #standing: Channel | undefined;
  #rejected: readonly RejectedTopic[] = [];
  /** Gaps of new topics, each until its version stands. */
  #gaps: { readonly gap: OpenGap; readonly topics: readonly string[]; version: number }[] = [];
  /** The topics that each channel has: as they were written, but for those that were found to be lost. */
  readonly #listed = new WeakMap<Channel, readonly string[]>();
  /** Epoch milliseconds: when each channel last surely had them. */
  readonly #wholeAt = new WeakMap<Channel, number>();
  /** The channel that delivers, or did last. */
  #last: Channel | undefined;
  /** The next try has its time. */
  #isWaiting = false;
  /** The one thing that is under way. */
  #busy: Promise<unknown> | undefined;
  #failures = 0;
  #timer: Timer | undefined;
  #readBack: Timer | undefined;
  /** Epoch milliseconds. */
  readonly #begunAt: number;
  #closed = false;

  /** `gone`: the standing channel takes no list any more. */
  constructor(options: SubscriptionsOptions, gone: (reason: string) => void) {
    this.#options = options;
    this.#gone = gone;
    this.#topics = options.topics;
    this.#begunAt = options.context.clock.now();
  }

  get topics(): readonly string[] {
    return this.#topics;
  }

  get rejected(): readonly RejectedTopic[] {
    return this.#rejected;
  }

  /** These are the topics from now on; new ones may have been missed since then (S3). */
  want(topics: readonly string[], missedSince: number): void {
    const had = new Set(this.#topics.map(topicIdentity));
    const wanted = new Set(topics.map(topicIdentity));
    const added = topics.filter((topic) => !had.has(topicIdentity(topic)));
    if (added.length === 0 && wanted.size === had.size) return;
    this.#topics = topics;
    this.#version += 1;
    this.#rejected = this.#rejected.filter(({ topic }) => wanted.has(topicIdentity(topic)));
    if (added.length > 0) this.#openGap(added, "newly found, and not subscribed before", missedSince, true);
    this.#failures = 0;
    void this.#work();
  }

  /** Epoch milliseconds: when the list of the channel that delivers, or did last, was last known to be whole. */
  get goodAt(): number {
    return (this.#last && this.#wholeAt.get(this.#last)) ?? this.#begunAt;
  }

  /** Writes the list to a channel that is being joined. One that has it is read first: what it lost meanwhile nobody else tells. */
  async take(channel: Channel): Promise<SubscribeAnswer> {
    const cleared = await this.#lookFirst(channel, "reconnect", () => !this.#closed);
    if (cleared.kind === "gone") return cleared;
    if (cleared.kind === "left") return LEFT;
    const isWritten = this.#written.get(channel) === this.#version;
    if (isWritten && cleared.kind === "read") return { kind: "subscribed", rejected: this.#rejected, missing: [] };
    if (isWritten && cleared.kind === "unread" && cleared.read.kind === "failed") return cleared.read;
    return this.#write(channel, "reconnect", cleared.kind === "unread");
  }

  /** Reads the list of a channel that was left. */
  async lookBack(channel: Channel): Promise<Look> {
    const now = new Set(this.#taken().map(topicIdentity));
    // A list that was never written proves nothing.
    const had = (this.#listed.get(channel) ?? []).filter((topic) => now.has(topicIdentity(topic)));
    if (had.length === 0) return { kind: "looked", gone: [], missing: [] };
    const read = await this.#options.channels.readBack(channel, had, "subscribe");
    switch (read.kind) {
      case "read":
        return { kind: "looked", gone: [], missing: read.missing };
      case "gone":
        return { kind: "looked", gone: had, missing: [] };
      case "failed":
        return { kind: "unread", had, again: true, retryAfterMs: read.retryAfterMs };
      case "refused":
        return { kind: "unread", had, again: false, retryAfterMs: undefined };
    }
  }

  /** Reads a list that was written before, as writing it anew would hide what it had lost. `isOfUse`: whether anybody still wants it. */
  async #lookFirst(channel: Channel, priority: CallPriority, isOfUse: () => boolean): Promise<Clearance> {
    const had = this.#listed.get(channel);
    if (had === undefined) return { kind: "read" };
    const asked = this.#options.context.clock.now();
    const read = await this.#options.channels.readBack(channel, had, priority);
    if (!isOfUse()) return { kind: "left" };
    if (read.kind === "gone") return read;
    if (read.kind !== "read") return { kind: "unread", read };
    this.#noteRead(channel, had, read.missing, asked);
    return { kind: "read" };
  }

  /** What is missing is a gap of its own from when the list was whole; the rest is whole as of the question. */
  #noteRead(channel: Channel, had: readonly string[], missing: readonly string[], asked: number): void {
    const wholeAt = this.#wholeAt.get(channel);
    this.#wholeAt.set(channel, asked);
    if (missing.length === 0) return;
    const lost = new Set(missing);
    this.#listed.set(
      channel,
      had.filter((topic) => !lost.has(topic)),
    );
    this.#version += 1;
    // On a channel that never delivered nothing was missed.
    if (channel === this.#last) this.#openGap(missing, LOST_CAUSE, wholeAt ?? this.#begunAt, false);
  }

  /** Topics that a whole list has. */
  #taken(): readonly string[] {
    const rejected = new Set(this.#rejected.map(({ topic }) => topic));
    return this.#topics.filter((topic) => !rejected.has(topic));
  }

  /** Gives the standing channel a new life by writing its list again; false: that did not work. */
  async extend(): Promise<boolean> {
    const channel = this.#standing;
    while (this.#busy !== undefined) await this.#busy;
    if (channel === undefined || channel !== this.#standing) return false;
    const { channels, combine, context } = this.#options;
    const answer = await this.#alone(async () => {
      const cleared = await this.#lookFirst(channel, "subscribe", () => this.#standing === channel);
      if (cleared.kind === "gone") return cleared;
      if (cleared.kind === "left") return LEFT;
      const [version, begun] = [this.#version, context.clock.now()];
      const extended = await channels.extend(channel, this.#topics, { priority: "subscribe", combine });
      if (extended.kind === "subscribed" && this.#standing === channel)
        this.#took(channel, { version, begun, isDoubted: cleared.kind === "unread" }, extended);
      return extended;
    });
    if (this.#standing === channel) {
      if (answer.kind === "gone") this.#gone("the channel takes no topics any more");
      else this.#settle();
    }
    return answer.kind === "subscribed";
  }

  /** This channel delivers now; undefined: none does. */
  stand(channel: Channel | undefined): void {
    if (channel !== this.#standing) {
      this.#failures = 0;
      this.#timer?.cancel();
      this.#isWaiting = false;
    }
    this.#standing = channel;
    this.#last = channel ?? this.#last;
    this.#planReadBack();
    this.#settle();
  }

  /** Looks whether the standing channel still has the list, and writes it anew where not. */
  verify(): void {
    const waitMs = this.goodAt + LOOKED_MS - this.#options.context.clock.now();
    if (waitMs > 0) this.#planReadBack(waitMs);
    else if (this.#busy !== undefined) this.#planReadBack(LOOKED_MS);
    else void this.#verify();
  }

  /** S5. */
  #planReadBack(inMs?: number): void {
    const { clock } = this.#options.context;
    this.#readBack?.cancel();
    if (this.#standing === undefined || this.#closed) return;
    this.#readBack = clock.setTimer(inMs ?? READ_BACK_MS * (0.9 + 0.2 * clock.random()), () => {
      this.#planReadBack();
      this.verify();
    });
  }

  close(): void {
    this.#closed = true;
    this.#readBack?.cancel();
    this.#standing = undefined;
    this.#timer?.cancel();
  }

  /** Nobody wants these topics any more: nothing of them is missed from here on. */
  retire(): void {
    this.close();
    for (const { gap } of this.#gaps) gap.end(this.#options.context.clock.now());
    this.#gaps = [];
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = work();
    this.#busy = turn;
    try {
      return await turn;
    } finally {
      this.#busy = undefined;
    }
  }

  async #write(channel: Channel, priority: "reconnect" | "subscribe", isDoubted: boolean): Promise<SubscribeAnswer> {
    const { combine, context, channels } = this.#options;
    const [version, begun] = [this.#version, context.clock.now()];
    const answer = await channels.subscribe(channel, this.#topics, { priority, combine });
    if (answer.kind !== "subscribed" || this.#closed) return answer;
    this.#took(channel, { version, begun, isDoubted }, answer);
    return answer;
  }

  #took(channel: Channel, { version, begun, isDoubted }: Writing, { rejected, missing }: Taken): void {
    if (isDoubted) this.#doubt(channel);
    this.#wholeAt.set(channel, begun);
    this.#written.set(channel, version);
    const without = new Set([...rejected.map(({ topic }) => topic), ...missing]);
    this.#listed.set(
      channel,
      this.#topics.filter((topic) => !without.has(topic)),
    );
    if (version !== this.#version) return;
    this.#reject(rejected);
    if (missing.length > 0) this.#onMissing(missing);
    else this.#failures = 0;
  }

  /** S6. */
  #onMissing(missing: readonly string[]): void {
    const { context, name } = this.#options;
    const { clock, logger } = context;
    const covered = new Set(this.#gaps.flatMap(({ topics }) => topics));
    const fresh = missing.filter((topic) => !covered.has(topic));
    this.#version += 1;
    for (const gap of this.#gaps) if (gap.topics.some((topic) => missing.includes(topic))) gap.version = this.#version;
    const cause = "the platform answered that it took the list, and does not list these topics";
    if (fresh.length > 0) this.#openGap(fresh, cause, clock.now(), false);
    this.#failures += 1;
    const count = missing.length;
    logger.warn({ channel: name, count }, `${name}: ${count} topics were not taken, without a word; trying again`);
    this.#after(backoffMs(BACKOFF, this.#failures, clock.random()));
  }

  /** One at a time (S2). */
  async #work(): Promise<void> {
    const channel = this.#standing;
    if (this.#busy !== undefined || channel === undefined || this.#written.get(channel) === this.#version) return;
    this.#timer?.cancel();
    this.#isWaiting = false;
    const answer = await this.#alone(async () => {
      const cleared = await this.#lookFirst(channel, "subscribe", () => this.#standing === channel);
      if (cleared.kind === "gone") return cleared;
      return cleared.kind === "left" ? LEFT : this.#write(channel, "subscribe", cleared.kind === "unread");
    });
    if (this.#standing !== channel) this.#settle();
    else this.#onAnswer(answer);
  }

  #onAnswer(answer: SubscribeAnswer): void {
    const { clock, logger } = this.#options.context;
    const { name } = this.#options;
    switch (answer.kind) {
      case "subscribed":
        this.#settle();
        return;
      case "gone":
        this.#gone("the channel takes no topics any more");
        return;
      case "failed":
        this.#failures += 1;
        logger.warn({ channel: name }, `${name}: its topics can't be changed yet: ${answer.reason}; trying again`);
        this.#after(backoffMs(BACKOFF, this.#failures, clock.random(), answer.retryAfterMs));
        return;
      case "refused":
        logger.error(
          { channel: name },
          `${name}: its topics can't be changed: ${answer.reason}; tried again in minutes`,
        );
        this.#afterSlowly();
        return;
    }
  }

  /** Ends the gaps of what stands, and goes on with what does not. */
  #settle(): void {
    const channel = this.#standing;
    if (channel === undefined || this.#closed) return;
    const has = this.#written.get(channel) ?? 0;
    const now = this.#options.context.clock.now();
    for (const { gap, version } of this.#gaps) if (version <= has) gap.end(now);
    this.#gaps = this.#gaps.filter(({ version }) => version > has);
    if (has !== this.#version) {
      if (!this.#isWaiting) void this.#work();
      return;
    }
    if (this.#rejected.length > 0) this.#afterSlowly();
  }

  async #verify(): Promise<void> {
    const channel = this.#standing;
    const had = channel && this.#listed.get(channel);
    if (channel === undefined || had === undefined || this.#busy !== undefined) return;
    const { context, channels, name } = this.#options;
    const version = this.#version;
    const asked = context.clock.now();
    const read = await this.#alone(() => channels.readBack(channel, had));
    if (this.#standing === channel) {
      if (read.kind === "gone") this.#gone("the channel is not known any more");
      if (read.kind === "failed") this.#planReadBack(Math.max(LOOKED_MS, read.retryAfterMs ?? LOOK_AGAIN_MS));
      if (read.kind === "read") this.#noteRead(channel, had, read.missing, asked);
      const count = read.kind === "read" ? read.missing.length : 0;
      if (count > 0) {
        const line = `${name}: ${count} topics were gone from the channel's list; subscribed anew`;
        context.logger.warn({ channel: name, count }, line);
        void this.#work();
        return;
      }
    }
    // What was to be written meanwhile waited for this.
    if (this.#standing !== undefined && (version !== this.#version || this.#written.get(this.#standing) !== version))
      this.#settle();
  }

  /** A list that could not be read before it was written over: nobody knows what it had lost. */
  #doubt(channel: Channel): void {
    const { context } = this.#options;
    const topics = this.#listed.get(channel) ?? [];
    if (topics.length === 0 || channel !== this.#last) return;
    const from = this.#wholeAt.get(channel) ?? this.#begunAt;
    context.openGap({ topics, cause: UNREAD_CAUSE, from }).end(context.clock.now());
  }

  #openGap(topics: readonly string[], cause: string, from: number, atStart: boolean): void {
    const gap = this.#options.context.openGap({ topics, cause, from, atStart });
    this.#gaps.push({ gap, topics, version: this.#version });
  }

  #reject(rejected: readonly RejectedTopic[]): void {
    const known = new Set(this.#rejected.map(({ topic }) => topic));
    const { logger } = this.#options.context;
    const fresh = rejected.filter(({ topic }) => !known.has(topic));
    for (const { topic, reason } of fresh.slice(0, REJECTIONS_TOLD)) {
      logger.warn({ topic }, `${topic} is not subscribed: ${reason}`);
    }
    const more = fresh.length - REJECTIONS_TOLD;
    if (more > 0)
      logger.warn({ more }, `${this.#options.name}: ${more} more topics are not subscribed; the status names all`);
    this.#rejected = rejected;
  }

  #afterSlowly(): void {
    this.#after(SLOW_MS * (0.8 + 0.4 * this.#options.context.clock.random()));
  }

  /** Writes the list again, whatever the channel is said to have. */
  #after(ms: number): void {
    this.#timer?.cancel();
    this.#isWaiting = true;
    this.#timer = this.#options.context.clock.setTimer(ms, () => {
      this.#isWaiting = false;
      if (this.#standing !== undefined) this.#written.delete(this.#standing);
      void this.#work();
    });
  }
}
