/**
 * Who lives: finds out the topics, plans them on channels, and keeps one line per channel alive. The lines look after
 * themselves; here is what they share: the client's token, its request budget, and the source's face.
 */
import { backoffMs } from "../../core/backoff.ts";
import { frameSample } from "../../core/frame-sample.ts";
import { singleTopics, topicIdentity } from "../../core/topic.ts";
import { changePlan, planTopics, tooManyReason, type TopicLimits } from "../../core/topic-plan.ts";
import { EMPTY_ROSTER, nextRoster, type Roster } from "../../core/topic-roster.ts";
import type { Timer } from "../../ports/clock.ts";
import type { OpenGap, Source, SourceContext, SourceStatus } from "../../ports/source.ts";
import { MAX_CHANNELS } from "../../wire/genesys.ts";
import { ChannelLine } from "./channel-line.ts";
import { type PlatformClient, shareClient } from "./client.ts";
import { createFrameDecoder, type DecodedFrame, type FrameDecoder } from "./decode.ts";
import type { Endpoints } from "./endpoints.ts";
import { headroomOf } from "./headroom.ts";
import { LookUp } from "./look-up.ts";
import { type ReconcilePlan, Reconciler } from "./reconcile/reconciler.ts";
import { RetiredLines } from "./retired-lines.ts";
import { RivalTally } from "./rival-tally.ts";
import { type Expansion, expandSelectors, type ReadPages, type Selector } from "./selectors.ts";

/** Options of the source, resolved. */
export interface GenesysPlan {
  readonly name: string;
  readonly endpoints: Endpoints;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly selectors: readonly Selector[];
  readonly lookUpEveryMs: number;
  readonly limits: TopicLimits;
  readonly maxFrameBytes: number;
  readonly maxDepth: number;
  /** Undefined: the state that gaps hid is not asked for. */
  readonly reconcile: ReconcilePlan | undefined;
}

const BACKOFF = { initialMs: 500, maxMs: 60_000 };
const SLOW_MS = 240_000;
/** Lines begin one after the other, so that a start is no burst of requests. */
const STAGGER_MS = 200;
/** A clean stop waits no longer for the platform. */
const LEAVE_MS = 3_000;
const textDecoder = new TextDecoder("utf-8", { fatal: true });

/** A source of the platform. */
export interface GenesysSource extends Source {
  /** Looks people and queues up now, as somebody knows that they changed; it is done behind. */
  refresh(): void;
}

/** The source for a plan. */
export function createGenesysSource(plan: GenesysPlan): GenesysSource {
  return new Supervisor(plan);
}

type EventFrame = Extract<DecodedFrame, { readonly kind: "event" }>;

/** A look-up that stopped half-way, and when it began (epoch milliseconds). */
interface HalfLook {
  readonly read: ReadPages;
  readonly begun: number;
}

/** What `start` brings. */
interface Running extends PlatformClient {
  readonly context: SourceContext;
  readonly reconciler: Reconciler | undefined;
}

class Supervisor implements GenesysSource {
  readonly name: string;
  readonly type = "genesys";
  readonly live = true;
  readonly #plan: GenesysPlan;
  readonly #decode: FrameDecoder;
  readonly #rivals: RivalTally;
  readonly #retired = new RetiredLines();
  #running: Running | undefined;
  /** By their place in the plan; undefined: nobody needs one there. */
  #places: readonly (ChannelLine | undefined)[] = [];
  #wanted = 0;
  /** Topics for which there is no room. */
  #noRoom: readonly string[] = [];
  #lookUp: LookUp | undefined;
  /** Channels of the client that were in use at the last look, and of them ours. */
  #inUse: { readonly all: number; readonly own: number } | undefined;
  #state: "idle" | "planning" | "running" | "closed" = "idle";
  #since = 0;
  /** Why there is no plan yet; `refused` when the platform says no. */
  #trouble: { readonly refused: boolean; readonly reason: string } | undefined;
  #gap: OpenGap | undefined;
  #timers = new Set<Timer>();
  #held = false;
  #closing: Promise<void> | undefined;

  constructor(plan: GenesysPlan) {
    this.name = plan.name;
    this.#plan = plan;
    this.#decode = createFrameDecoder(plan.maxDepth);
    this.#rivals = new RivalTally(plan.name, () => this.#ownChannels);
  }

  start(context: SourceContext): void {
    if (this.#state !== "idle") return;
    const { clock } = context;
    const { selectors } = this.#plan;
    const client = shareClient(this.#plan, context, () => {
      for (const line of this.#lines) line.look();
    });
    this.#running = { ...client, context, reconciler: this.#createReconciler(client, context) };
    this.#state = "planning";
    this.#since = clock.now();
    const topics = selectors.flatMap(({ topic }) => singleTopics(topic));
    this.#gap = context.openGap({ topics, cause: "topics are being looked up", from: clock.now(), atStart: true });
    void this.#plot(this.#running, 1);
  }

  pause(): void {
    this.#held = true;
    for (const line of this.#lines) line.hold(true);
    this.#running?.reconciler?.hold(true);
  }

  resume(): void {
    this.#held = false;
    for (const line of this.#lines) line.hold(false);
    this.#running?.reconciler?.hold(false);
  }

  refresh(): void {
    this.#lookUp?.refresh();
  }

  status(): SourceStatus {
    const lines = this.#lines;
    const noRoom = this.#noRoomReason();
    const reconciler = this.#running?.reconciler;
    const retired = this.#retired.sums;
    return {
      state: this.#stateNow(),
      since: this.#since,
      reason:
        this.#trouble?.reason ?? lines.find(({ life }) => !life.standing)?.life.reason ?? noRoom ?? this.#quietReason,
      connections: lines.map((line) => line.status()),
      ...(retired !== undefined && { retired }),
      rejectedTopics: [
        ...lines.flatMap((line) => line.rejected),
        ...this.#noRoom.map((topic) => ({ topic, reason: "no channel has room for it" })),
      ],
      rivals: this.#rivals.counts,
      headroom: headroomOf({
        wanted: this.#wanted,
        lines,
        noRoom: this.#noRoom.length,
        limits: this.#plan.limits,
        othersInUse: this.#inUse === undefined ? undefined : Math.max(0, this.#inUse.all - this.#inUse.own),
        budget: this.#running?.api.budget?.(),
        lookedUpAt: this.#lookUp?.lookedAt,
      }),
      ...(reconciler !== undefined && { reconciliation: reconciler.status() }),
    };
  }

  get #ownChannels(): number {
    return this.#lines.reduce((sum, line) => sum + line.channelCount, 0);
  }

  get #lines(): readonly ChannelLine[] {
    return this.#places.filter((line) => line !== undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#lookUp?.close();
    const running = this.#running;
    if (running === undefined) return;
    running.reconciler?.close();
    const { clock } = running.context;
    await new Promise<void>((resolve) => {
      const limit = clock.setTimer(LEAVE_MS, resolve);
      void Promise.allSettled(this.#lines.map((line) => line.close())).then(() => {
        limit.cancel();
        resolve();
      });
    });
    running.release();
  }

  /** Looks the topics up until it works, then starts the lines. */
  async #plot(
    running: Running,
    attempt: number,
    half: HalfLook = { read: new Map(), begun: running.context.clock.now() },
  ): Promise<void> {
    const { context, api } = running;
    // Asked before a channel of ours is made, and not waited for.
    const inUse = running.channels.inUse();
    const expansion = await expandSelectors(api, this.#plan.selectors, "reconcile", half.read);
    if (this.#state !== "planning") return;
    if (expansion.kind === "topics") {
      this.#begin(running, nextRoster(EMPTY_ROSTER, expansion.topics), half.begun, inUse);
      return;
    }
    const waitMs = this.#waitMs(running, expansion, attempt);
    // What was refused may be otherwise by then; what only failed goes on where it stood.
    const kept = expansion.kind === "failed" ? half : undefined;
    this.#after(context, waitMs, () => void this.#plot(running, attempt + 1, kept));
  }

  #waitMs({ context }: Running, trouble: Exclude<Expansion, { readonly kind: "topics" }>, attempt: number): number {
    const { clock, logger } = context;
    const refused = trouble.kind === "refused";
    this.#trouble = { refused, reason: trouble.reason };
    if (refused) {
      logger.error({}, `${this.name}: ${trouble.reason}; tried again in some minutes`);
      return SLOW_MS * (0.8 + 0.4 * clock.random());
    }
    logger.warn({ attempt }, `${this.name}: topics can't be looked up yet: ${trouble.reason}; trying again`);
    return backoffMs(BACKOFF, attempt, clock.random(), trouble.retryAfterMs);
  }

  #begin(running: Running, roster: Roster, lookedAt: number, inUse: Promise<number | undefined>): void {
    const { context, api } = running;
    const { name, selectors, limits, lookUpEveryMs: everyMs } = this.#plan;
    const plan = planTopics(roster.topics, limits);
    this.#wanted = roster.topics.length;
    const nobody = "no topic is left: the client sees no such people or queues";
    const problem = plan.kind === "too-many" ? plan.reason : this.#wanted === 0 ? nobody : undefined;
    if (problem !== undefined) {
      this.#trouble = { refused: true, reason: problem };
      context.logger.error({}, `${this.name}: ${problem}; looked up again in some minutes`);
      this.#after(context, SLOW_MS, () => void this.#plot(running, 1));
      return;
    }
    this.#trouble = undefined;
    this.#state = "running";
    // The gaps of the lines begin where that of the look-up does, and name each topic.
    this.#apply(running, roster, this.#gap?.from ?? context.clock.now());
    this.#gap?.withdraw();
    void inUse.then((used) => {
      this.#tellUse(context, used);
      this.#watchUse(running);
    });
    if (selectors.every(({ subject }) => subject === undefined)) return;
    this.#lookUp = new LookUp({ name, api, selectors, context, everyMs }, { roster, lookedAt }, (next, since) =>
      this.#apply(running, next, since),
    );
  }

  /** Makes the lines those of the next plan. New topics may have been missed since then. */
  #apply(running: Running, { topics }: Roster, missedSince: number): void {
    if (this.#state !== "running") return;
    const { context } = running;
    const before = this.#places.map((line) => line?.topics ?? []);
    const { channels, refused } = changePlan(before, topics, this.#plan.limits);
    const known = new Set(this.#noRoom);
    this.#wanted = topics.length;
    this.#noRoom = refused;
    if (refused.some((topic) => !known.has(topic)))
      context.logger.error({ topics: refused.length }, `${this.name}: ${this.#noRoomReason()}`);
    let started = 0;
    this.#places = channels.map((some, place) => {
      const line = this.#places[place];
      if (line !== undefined && some.length > 0) {
        line.want(some, missedSince);
        return line;
      }
      if (line !== undefined) {
        context.logger.info({ channel: place + 1 }, `${this.name}: channel ${place + 1} is not needed any more`);
        this.#retired.add(line.status());
        void line.retire();
      }
      return some.length === 0 ? undefined : this.#addLine(running, place, some, missedSince, (started += 1) - 1);
    });
  }

  #addLine(
    { context, channels, renewals, evictions, reconciler }: Running,
    place: number,
    topics: readonly string[],
    missedSince: number,
    turn: number,
  ): ChannelLine {
    const name = `channel ${place + 1}`;
    const line = new ChannelLine({
      name,
      topics,
      missedSince,
      context: reconciler?.context ?? context,
      channels,
      renewals,
      evictions,
      combine: this.#combines(),
      decode: this.#decode,
      maxFrameBytes: this.#plan.maxFrameBytes,
      frame: (frame, bytes, isBinary, sentAfter) => {
        if (this.#state === "closed") return;
        if (frame.kind === "event") this.#onEvent(context, frame, sentAfter);
        else this.#onMalformed(context, frame, bytes, isBinary);
      },
      rival: (sign) => this.#rivals.note(sign, name, context, channels),
    });
    if (this.#held) line.hold(true);
    if (turn === 0) line.start();
    else this.#after(context, turn * STAGGER_MS, () => line.start());
    return line;
  }

  get #quietReason(): string | undefined {
    const line = this.#lines.find(({ quietReason }) => quietReason !== undefined);
    return line === undefined ? undefined : `${line.status().name}: ${line.quietReason}`;
  }

  #noRoomReason(): string | undefined {
    const count = this.#noRoom.length;
    if (count === 0) return undefined;
    const { limits } = this.#plan;
    const plan = planTopics([...this.#lines.flatMap(({ topics }) => topics), ...this.#noRoom], limits);
    const needed = plan.kind === "too-many" ? plan.channelsNeeded : plan.channels.length;
    return `${count.toLocaleString("en")} topics are not covered: ${tooManyReason(this.#wanted, needed, limits)}`;
  }

  #tellUse({ logger }: SourceContext, used: number | undefined): void {
    const lines = this.#lines.length;
    // Asked before a channel of ours was made.
    if (used !== undefined) this.#inUse = { all: used, own: 0 };
    const before = used === undefined ? "" : `; ${used} of the client's ${MAX_CHANNELS} were in use before`;
    const channels = lines === 1 ? "1 channel" : `${lines} channels`;
    const topics = this.#wanted;
    logger.info({ topics, channels: lines, used }, `${this.name}: ${topics} topics on ${channels}${before}`);
  }

  /** Counts the client's channels now and then: a 21st would push one of them out, and nobody is told. */
  #watchUse(running: Running): void {
    const { context, channels } = running;
    this.#after(context, this.#plan.lookUpEveryMs * (0.9 + 0.2 * context.clock.random()), () => {
      void channels.inUse("expand").then((all) => {
        if (this.#state === "closed") return;
        if (all !== undefined) this.#noteUse(context, all);
        this.#watchUse(running);
      });
    });
  }

  #noteUse({ logger }: SourceContext, all: number): void {
    const wasFull = (this.#inUse?.all ?? 0) >= MAX_CHANNELS;
    const own = this.#ownChannels;
    this.#inUse = { all, own };
    if (all < MAX_CHANNELS || wasFull) return;
    const line = `all ${MAX_CHANNELS} channels of the client are in use, ${Math.max(0, all - own)} of them not by this source`;
    logger.warn({ channels: all, own }, `${this.name}: ${line}; one more would push one out, unseen`);
  }

  #createReconciler({ api }: PlatformClient, context: SourceContext): Reconciler | undefined {
    const { name, reconcile: plan } = this.#plan;
    if (plan === undefined) return undefined;
    const subscribed = (): ReadonlySet<string> => {
      const rejected = new Set(this.#lines.flatMap((line) => line.rejected.map(({ topic }) => topicIdentity(topic))));
      return new Set(this.#lines.flatMap(({ topics }) => topics.map(topicIdentity))).difference(rejected);
    };
    return new Reconciler({
      name,
      plan,
      api,
      context,
      subscribed,
      receive: (event) => {
        if (!context.receive(event)) this.pause();
      },
    });
  }

  #onEvent(context: SourceContext, { topic, body, key, correlationId }: EventFrame, sentAfter: number): void {
    const receivedAt = context.clock.now();
    this.#running?.reconciler?.note(topic, key, body, { at: receivedAt, sentAfter });
    if (!context.receive({ topic, body, encoding: "json", origin: "live", receivedAt, key, correlationId }))
      this.pause();
  }

  #onMalformed(context: SourceContext, frame: DecodedFrame, bytes: Uint8Array, isBinary: boolean): void {
    context.malformed(frame.kind === "malformed" ? frame.reason : "no event", frameSample(bytes));
    const encoding = isBinary || !isText(bytes) ? "binary" : "text";
    const receivedAt = context.clock.now();
    if (!context.receive({ topic: "", body: bytes, encoding, origin: "live", receivedAt })) this.pause();
  }

  /** Combined topics are sent where they save room, or where somebody wrote them so. */
  #combines(): boolean {
    return this.#plan.limits.combinedAsOne === true || this.#plan.selectors.some(({ topic }) => topic.includes("?"));
  }

  #after({ clock }: SourceContext, waitMs: number, fn: () => void): void {
    const timer = clock.setTimer(waitMs, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }

  #stateNow(): SourceStatus["state"] {
    if (this.#state === "closed") return "closed";
    if (this.#trouble !== undefined) return this.#trouble.refused ? "refused" : "waiting";
    if (this.#lines.length === 0) return "starting";
    const standing = this.#lines.filter(({ life }) => life.standing).length;
    if (standing === this.#lines.length) {
      return this.#noRoom.length > 0 || this.#quietReason !== undefined ? "degraded" : "live";
    }
    if (standing > 0) return "degraded";
    if (this.#lines.some(({ life }) => life.effort === "slow")) return "refused";
    return this.#lines.every(({ life }) => life.reason === undefined) ? "starting" : "waiting";
  }
}

function isText(bytes: Uint8Array): boolean {
  try {
    textDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
