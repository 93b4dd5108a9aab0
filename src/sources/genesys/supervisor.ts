/**
 * Who lives: finds out the topics, plans them on channels, and keeps one line per channel alive. The lines look after
 * themselves; here is what they share: the client's token, its request budget, and the source's face.
 */
import { backoffMs } from "../../core/backoff.ts";
import { frameSample } from "../../core/frame-sample.ts";
import { topicCount } from "../../core/topic.ts";
import { planTopics } from "../../core/topic-plan.ts";
import { createTokenSource } from "../../oauth/token.ts";
import type { Timer } from "../../ports/clock.ts";
import type { OpenGap, Source, SourceContext, SourceStatus } from "../../ports/source.ts";
import { API_PATHS, MAX_CHANNELS } from "../../wire/genesys.ts";
import { ChannelLine } from "./channel-line.ts";
import { type ChannelsApi, createChannelsApi } from "./channels-api.ts";
import { createFrameDecoder, type DecodedFrame } from "./decode.ts";
import type { Endpoints } from "./endpoints.ts";
import { createGenesysApi, type GenesysApi } from "./rest.ts";
import { type Expansion, expandSelectors, type Selector } from "./selectors.ts";

/** Options of the source, resolved. */
export interface GenesysPlan {
  readonly name: string;
  readonly endpoints: Endpoints;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly selectors: readonly Selector[];
  readonly maxFrameBytes: number;
  readonly maxDepth: number;
}

const BACKOFF = { initialMs: 500, maxMs: 60_000 };
const SLOW_MS = 240_000;
/** Lines begin one after the other, so that a start is no burst of requests. */
const STAGGER_MS = 200;
/** A clean stop waits no longer for the platform. */
const LEAVE_MS = 3_000;
const textDecoder = new TextDecoder("utf-8", { fatal: true });

/** The source for a plan. */
export function createGenesysSource(plan: GenesysPlan): Source {
  return new GenesysSource(plan);
}

/** What `start` brings. */
interface Running {
  readonly context: SourceContext;
  readonly api: GenesysApi;
  readonly channels: ChannelsApi;
}

class GenesysSource implements Source {
  readonly name: string;
  readonly type = "genesys";
  readonly live = true;
  readonly #plan: GenesysPlan;
  #running: Running | undefined;
  #lines: readonly ChannelLine[] = [];
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
  }

  start(context: SourceContext): void {
    if (this.#state !== "idle") return;
    const { clock, net, logger } = context;
    const { endpoints, clientId, clientSecret, selectors } = this.#plan;
    const tokens = createTokenSource({
      url: endpoints.login + API_PATHS.token,
      style: "basic",
      clientId,
      clientSecret,
      clock,
      net,
    });
    const api = createGenesysApi({ base: endpoints.api, tokens, clock, net, logger });
    const channels = createChannelsApi({ api, tokens, endpoints });
    this.#running = { context, api, channels };
    this.#state = "planning";
    this.#since = clock.now();
    const topics = selectors.map(({ topic }) => topic);
    this.#gap = context.openGap({ topics, cause: "topics are being looked up", from: clock.now(), atStart: true });
    void this.#plot(this.#running, 1);
  }

  pause(): void {
    this.#held = true;
    for (const line of this.#lines) line.hold(true);
  }

  resume(): void {
    this.#held = false;
    for (const line of this.#lines) line.hold(false);
  }

  status(): SourceStatus {
    const state = this.#stateNow();
    return {
      state,
      since: this.#since,
      reason: this.#trouble?.reason ?? this.#lines.find(({ life }) => !life.standing)?.life.reason,
      connections: this.#lines.map((line) => line.status()),
      rejectedTopics: this.#lines.flatMap((line) => line.rejected),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    const clock = this.#running?.context.clock;
    if (clock === undefined) return;
    await new Promise<void>((resolve) => {
      const limit = clock.setTimer(LEAVE_MS, resolve);
      void Promise.allSettled(this.#lines.map((line) => line.close())).then(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  /** Looks the topics up until it works, then starts the lines. */
  async #plot(running: Running, attempt: number): Promise<void> {
    const { context, api } = running;
    // Asked before a channel of ours is made, and not waited for.
    const inUse = running.channels.inUse();
    const expansion = await expandSelectors(api, this.#plan.selectors);
    if (this.#state !== "planning") return;
    if (expansion.kind === "topics") {
      this.#begin(running, expansion.topics, inUse);
      return;
    }
    const waitMs = this.#waitMs(running, expansion, attempt);
    this.#after(context, waitMs, () => void this.#plot(running, attempt + 1));
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

  #begin(running: Running, topics: readonly string[], inUse: Promise<number | undefined>): void {
    const { context, channels } = running;
    const plan = planTopics(topics);
    const problem =
      plan.kind === "too-many"
        ? plan.reason
        : topics.length === 0
          ? "no topic is left: the client sees no such people or queues"
          : undefined;
    if (plan.kind === "too-many" || problem !== undefined) {
      this.#trouble = { refused: true, reason: problem ?? "" };
      context.logger.error({}, `${this.name}: ${problem}; looked up again in some minutes`);
      this.#after(context, SLOW_MS, () => void this.#plot(running, 1));
      return;
    }
    this.#trouble = undefined;
    this.#state = "running";
    const decode = createFrameDecoder(this.#plan.maxDepth);
    this.#lines = plan.channels.map(
      (some, place) =>
        new ChannelLine({
          name: `channel ${place + 1}`,
          topics: some,
          context,
          channels,
          decode,
          maxFrameBytes: this.#plan.maxFrameBytes,
          frame: (frame, bytes, isBinary) => this.#onFrame(context, frame, bytes, isBinary),
        }),
    );
    // The gap of the look-up ends where those of the lines begin.
    for (const [place, line] of this.#lines.entries()) {
      if (this.#held) line.hold(true);
      if (place === 0) line.start();
      else this.#after(context, place * STAGGER_MS, () => line.start());
    }
    this.#gap?.end(context.clock.now());
    const count = topics.reduce((sum, topic) => sum + topicCount(topic), 0);
    void inUse.then((used) => this.#tellUse(context, plan.channels.length, count, used));
  }

  #tellUse({ logger }: SourceContext, lines: number, topics: number, used: number | undefined): void {
    const before = used === undefined ? "" : `; ${used} of the client's ${MAX_CHANNELS} were in use before`;
    const channels = lines === 1 ? "1 channel" : `${lines} channels`;
    logger.info({ topics, channels: lines, used }, `${this.name}: ${topics} topics on ${channels}${before}`);
  }

  #onFrame(context: SourceContext, frame: DecodedFrame, bytes: Uint8Array, isBinary: boolean): void {
    if (this.#state === "closed") return;
    const receivedAt = context.clock.now();
    if (frame.kind === "event") {
      const { topic, body, key, correlationId } = frame;
      if (!context.receive({ topic, body, encoding: "json", origin: "live", receivedAt, key, correlationId }))
        this.pause();
      return;
    }
    context.malformed(frame.kind === "malformed" ? frame.reason : "no event", frameSample(bytes));
    const encoding = isBinary || !isText(bytes) ? "binary" : "text";
    if (!context.receive({ topic: "", body: bytes, encoding, origin: "live", receivedAt })) this.pause();
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
    if (standing === this.#lines.length) return "live";
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
