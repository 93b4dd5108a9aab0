/**
 * The source at work: carries out what `life.ts` says with tokens, sockets and timers, and feeds back what came of it.
 *
 * - W4: whatever is told to people passes the scrubber; the token and the client secret do not.
 * - W5: from the last sign of life of the last socket to the opening of the next there is a gap, and it is declared.
 */
import { backoffMs } from "../../core/backoff.ts";
import type { Token, TokenSource } from "../../oauth/token.ts";
import type { Timer } from "../../ports/clock.ts";
import type { ConnectionStatus, OpenGap, Source, SourceContext, SourceStatus } from "../../ports/source.ts";
import type { Endpoints } from "./endpoints.ts";
import { socketUrl } from "./endpoints.ts";
import type { FrameIntake } from "./frame-intake.ts";
import { createFrameIntake } from "./frame-intake.ts";
import type { Life, LifeCommand, LifeInput } from "./life.ts";
import { IDLE, step } from "./life.ts";
import type { SocketPair } from "./socket-pair.ts";
import { createSocketPair } from "./socket-pair.ts";
import type { Scrub } from "./wording.ts";
import { createScrub } from "./wording.ts";

/** Resolved options of the source. */
export interface PlatformWebsocketPlan {
  readonly name: string;
  readonly clientSecret: string;
  readonly endpoints: Endpoints;
  readonly maxFrameBytes: number;
  readonly maxDepth: number;
  /** Makes the supply of tokens when the source is started. */
  tokens(context: SourceContext): TokenSource;
}

/** However short a token lives, sockets are not moved more often. */
const MIN_RENEWAL_MS = 1_000;
/** A socket that stood so long makes former failures forgotten. */
const STEADY_MS = 10_000;
const BACKOFF = { initialMs: 500, maxMs: 30_000 };
const SLOW_MS = 300_000;

/** The source for a plan. */
export function createPlatformWebsocketSource(plan: PlatformWebsocketPlan): Source {
  return new PlatformWebsocketSource(plan);
}

/** What `start` brings. */
interface Running {
  readonly context: SourceContext;
  readonly tokens: TokenSource;
  readonly sockets: SocketPair;
}

class PlatformWebsocketSource implements Source {
  readonly name: string;
  readonly type = "platform-websocket";
  readonly live = true;
  readonly #plan: PlatformWebsocketPlan;
  readonly #scrub: Scrub;
  /** Tokens that may still be in somebody's words: the last and the one before. */
  #secrets: readonly string[] = [];
  #running: Running | undefined;
  #life: Life = IDLE;
  #since = 0;
  #openings = 0;
  #token: Token | undefined;
  #gap: OpenGap | undefined;
  #pause: Timer | undefined;
  #steady: Timer | undefined;
  #renewal: Timer | undefined;

  constructor(plan: PlatformWebsocketPlan) {
    this.name = plan.name;
    this.#plan = plan;
    this.#scrub = createScrub(() => [plan.clientSecret, ...this.#secrets]);
  }

  start(context: SourceContext): void {
    if (this.#life.phase !== "idle") return;
    const { clock, net } = context;
    const intake = createFrameIntake(context, this.#plan.maxDepth, this.#scrub);
    const sockets: SocketPair = createSocketPair({
      net,
      clock,
      maxFrameBytes: this.#plan.maxFrameBytes,
      scrub: this.#scrub,
      input: (input) => this.#apply(input),
      frame: (bytes, isBinary) => this.#onFrame(intake, bytes, isBinary),
    });
    this.#running = { context, tokens: this.#plan.tokens(context), sockets };
    this.#since = clock.now();
    this.#apply({ kind: "start" });
  }

  pause(): void {
    this.#running?.sockets.hold(true);
  }

  resume(): void {
    this.#running?.sockets.hold(false);
  }

  status(): SourceStatus {
    const { reason } = this.#life;
    return {
      state: stateOf(this.#life),
      since: this.#since,
      reason,
      connections: this.#connections(),
      rejectedTopics: [],
    };
  }

  async close(): Promise<void> {
    this.#apply({ kind: "close" });
    await this.#running?.sockets.close();
  }

  #apply(input: LifeInput): void {
    const before = this.#life;
    const { life, commands } = step(before, input);
    this.#life = life;
    const running = this.#running;
    if (running === undefined) return;
    if (stateOf(life) !== stateOf(before)) this.#since = running.context.clock.now();
    if (input.kind === "unauthorized") running.tokens.invalidate(this.#token?.value ?? "");
    this.#tell(running, input, life !== before);
    for (const command of commands) this.#carryOut(running, command);
    if (input.kind === "opened" && life !== before) this.#onOpened(running);
  }

  #carryOut(running: Running, command: LifeCommand): void {
    const { clock } = running.context;
    switch (command.kind) {
      case "ask-token":
        void this.#askToken(running, command.fresh);
        return;
      case "open":
        if (this.#token !== undefined) running.sockets.open(socketUrl(this.#plan.endpoints, this.#token.value));
        return;
      case "pause":
        this.#wait(running, backoffMs(BACKOFF, command.failures, clock.random(), command.retryAfterMs));
        return;
      case "pause-slowly":
        this.#wait(running, SLOW_MS * (0.8 + 0.4 * clock.random()));
        return;
      case "gap-begins":
        this.#beginGap(running, command.cause);
        return;
      case "gap-ends":
        this.#gap?.end(clock.now());
        this.#gap = undefined;
        return;
      case "let-old-go":
        running.sockets.overlap();
        return;
      case "shut":
        for (const timer of [this.#pause, this.#steady, this.#renewal]) timer?.cancel();
        return;
    }
  }

  async #askToken({ tokens }: Running, fresh: boolean): Promise<void> {
    const answer = await tokens.get({ fresh });
    switch (answer.kind) {
      case "granted":
        this.#token = answer.token;
        if (this.#secrets[0] !== answer.token.value) this.#secrets = [answer.token.value, ...this.#secrets.slice(0, 1)];
        this.#apply({ kind: "token-granted" });
        return;
      case "failed":
        this.#apply({ ...answer, kind: "token-failed", reason: this.#scrub(answer.reason) });
        return;
      case "refused":
        this.#apply({ kind: "token-refused", reason: this.#scrub(answer.reason) });
        return;
    }
  }

  #wait({ context }: Running, ms: number): void {
    this.#pause?.cancel();
    this.#pause = context.clock.setTimer(ms, () => this.#apply({ kind: "due" }));
  }

  #beginGap({ context, sockets }: Running, cause: string): void {
    const from = sockets.lastGoodAt ?? context.clock.now();
    // One segment without dots: every topic of this wire.
    this.#gap ??= context.openGap({ topics: ["*"], cause, from, atStart: this.#openings === 0 });
  }

  #onOpened({ context: { clock } }: Running): void {
    this.#openings += 1;
    this.#steady?.cancel();
    this.#steady = clock.setTimer(STEADY_MS, () => this.#apply({ kind: "steady" }));
    this.#renewal?.cancel();
    const renewInMs = Math.max((this.#token?.renewAt ?? 0) - clock.now(), MIN_RENEWAL_MS);
    this.#renewal = clock.setTimer(renewInMs, () => this.#apply({ kind: "token-ending" }));
  }

  #onFrame(intake: FrameIntake, bytes: Uint8Array, isBinary: boolean): void {
    if (!intake(bytes, isBinary)) this.pause();
  }

  #connections(): readonly ConnectionStatus[] {
    const reconnects = Math.max(0, this.#openings - 1);
    return (this.#running?.sockets.view() ?? []).map(({ role, since, lastSignAt }, index) => ({
      name: `socket ${index + 1}`,
      state: role,
      since,
      // Nothing is subscribed on this wire: all topics flow.
      topicCount: 0,
      reconnects: index === 0 ? reconnects : 0,
      lastFrameAt: lastSignAt,
      reason: undefined,
    }));
  }

  /** One line for each turn of events; nothing per frame. */
  #tell({ context: { logger } }: Running, input: LifeInput, changed: boolean): void {
    if (!changed) return;
    const { failures, standing } = this.#life;
    const source = this.name;
    switch (input.kind) {
      case "opened":
        logger.info({ source }, this.#gap === undefined ? "moved to a socket with a new token" : "connected");
        return;
      case "lost":
      case "fell-back":
        logger.warn(
          { source, reason: input.reason },
          standing ? "the new socket ended; the old one stays" : "disconnected; reconnecting",
        );
        return;
      case "token-failed":
      case "unreachable":
      case "unauthorized":
        logger.warn({ source, reason: input.reason, failures }, "no connection yet; trying again");
        return;
      case "token-refused":
      case "forbidden":
        logger.error({ source, reason: input.reason }, "the provider says no; trying again in about five minutes");
        return;
      case "start":
      case "token-granted":
      case "steady":
      case "token-ending":
      case "due":
      case "close":
        return;
    }
  }
}

/** The state for status pages and readiness. */
function stateOf({ phase, standing, effort, reason }: Life): SourceStatus["state"] {
  if (phase !== "running") return phase === "idle" ? "starting" : "closed";
  if (standing) return "live";
  if (effort === "slow") return "refused";
  return reason === undefined ? "starting" : "waiting";
}
