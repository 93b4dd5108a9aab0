/**
 * The emulator put together: requests to rooms, rooms to sockets, traffic to the ledger.
 *
 * ```
 *  http ─► faults ─► oauth | bearer ─► rate limit ─► notifications | directory
 *  ws   ─► faults ─► lobby: channels (one socket each) | platform-websocket
 *  traffic, emit ─► broadcast ─► frame faults ─► sockets
 *                       └─► ledger
 * ```
 */
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError, notFound } from "./answer.ts";
import { Broadcast } from "./broadcast.ts";
import { createChance } from "./chance.ts";
import { Channels } from "./channels.ts";
import type { ControlContext } from "./control.ts";
import { answerControl, CONTROL_BYTES, CONTROL_PREFIX } from "./control.ts";
import type { Directory } from "./directory.ts";
import { createDirectory } from "./directory.ts";
import { answerDirectory } from "./directory-routes.ts";
import { answerOfFault } from "./door-answers.ts";
import { emitFrames } from "./emit.ts";
import { Faults } from "./faults.ts";
import { FrameFaults } from "./frame-faults.ts";
import { Ledger } from "./ledger.ts";
import { Lobby } from "./lobby.ts";
import type { Token } from "./oauth.ts";
import { answerTokensMe, authenticate, Tokens } from "./oauth.ts";
import type { ResolvedEmulatorOptions } from "./options.ts";
import { RateLimit, tooManyRequests } from "./rate-limit.ts";
import type { HttpServer, UpgradeVerdict } from "./server.ts";
import { startServer } from "./server.ts";
import { createSocketFaults } from "./socket-faults.ts";
import type { NotificationContext } from "./subscriptions.ts";
import { answerNotifications } from "./subscriptions.ts";
import { createTopicCatalogue } from "./topics.ts";
import { Traffic } from "./traffic.ts";

/** Everything that one emulator is made of. */
export class EmulatorCore {
  readonly options: ResolvedEmulatorOptions;
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly #tokens: Tokens;
  readonly #channels: Channels;
  readonly #lobby: Lobby;
  readonly #broadcast: Broadcast;
  readonly #rateLimit: RateLimit;
  readonly #notifications: NotificationContext;
  #server: HttpServer | undefined;

  constructor(options: ResolvedEmulatorOptions) {
    const { clock, limits, switches } = options;
    const catalogue = createTopicCatalogue({ ...options, topicLength: limits.topicLength });
    const frames = new FrameFaults(clock);
    this.options = options;
    this.directory = createDirectory(createChance(options.seed, 0), options.agents, options.queues);
    const lobby = new Lobby({
      options,
      organizationId: this.directory.organizationId,
      catalogue,
      tokens: () => this.#tokens,
      channels: () => this.#channels,
      onOpened: (socket) => this.faults.socketOpened(socket),
    });
    const tokens = new Tokens({ ...options, onEnd: (token) => lobby.tokenEnded(token) });
    const channels = new Channels({
      clock,
      limits,
      switches,
      onEnd: (channel, end) => lobby.channelEnded(channel, end),
    });
    const act = createSocketFaults({ clock, channels, tokens, lobby });
    this.#lobby = lobby;
    this.#tokens = tokens;
    this.#channels = channels;
    this.ledger = new Ledger(limits.ledgerEvents);
    this.faults = new Faults({ clock, frames, sockets: () => lobby.sockets(), act });
    this.#rateLimit = new RateLimit(clock, limits.requestsPerMinute);
    this.#broadcast = new Broadcast({
      channels,
      ledger: this.ledger,
      clock,
      faults: frames,
      platformSockets: lobby.platformSockets,
      sockets: () => lobby.sockets(),
    });
    this.traffic = new Traffic(options, this.directory, this.#broadcast, () => !lobby.isEmpty);
    this.#notifications = {
      channels,
      catalogue,
      limits,
      switches,
      streamingUrl: (request) => this.#streamingUrl(request),
      onChanged: (channel) => lobby.subscriptionsChanged(channel),
    };
  }

  get port(): number | undefined {
    return this.#server?.port;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    this.#server = await startServer(this.options.port, this.options.host, {
      request: (request, fromLoopback) => this.#answer(request, fromLoopback),
      upgrade: (request) => this.#upgrade(request),
      correlationId: () => this.options.clock.uuid(),
      requestBytes: (path) => (path.startsWith(CONTROL_PREFIX) ? CONTROL_BYTES : this.options.limits.requestBytes),
    });
    this.traffic.start();
    this.options.logger.info({ port: this.#server.port }, "emulator listens");
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.traffic.stop();
    this.faults.clear();
    this.#tokens.clear();
    this.#channels.clear();
    await this.#lobby.closeAll(1001, "server shutdown");
    await server?.stop();
  }

  emit(frames: unknown): number[] {
    return emitFrames(this.#broadcast, frames, () => this.options.clock.uuid());
  }

  /** Back to the first second: faults, ledger, tokens, channels and rate windows go, sockets are closed, the traffic starts anew. */
  reset(): void {
    this.faults.clear();
    this.#tokens.clear();
    this.#channels.clear();
    void this.#lobby.closeAll(1001, "reset"); // nobody waits for the goodbyes
    this.#rateLimit.clear();
    this.ledger.reset();
    this.traffic.reset();
  }

  state(): Readonly<Record<string, unknown>> {
    const sockets = Array.from(this.#lobby.sockets(), (socket) => ({
      name: socket.name,
      wire: socket.wire,
      stalled: socket.isStalled,
      entries: this.#lobby.channelOf(socket)?.entries.size,
    }));
    return {
      sockets,
      channels: this.#channels.list().length,
      produced: this.ledger.page(0, 1).total,
      traffic: this.traffic.isRunning,
      faults: this.faults.active(),
    };
  }

  #answer(request: ApiRequest, fromLoopback: boolean): Answer | undefined {
    if (request.path.startsWith(CONTROL_PREFIX)) return answerControl(this.#control(), request, fromLoopback);
    const isToken = request.path === "/oauth/token";
    const fault = this.faults.at(isToken ? "token" : "rest");
    if (fault?.fault === "odd-token") return this.#tokens.answer(request, { expiresIn: fault.expiresIn });
    if (fault !== undefined) return answerOfFault(fault, request, this.options.limits.requestsPerMinute);
    if (isToken) return this.#tokens.answer(request);
    return request.path.startsWith("/api/v2/") ? this.#api(request) : notFound(request);
  }

  #control(): ControlContext {
    return {
      emit: (frames) => this.emit(frames),
      faults: this.faults,
      ledger: (after, limit) => this.ledger.page(after, limit),
      reset: () => this.reset(),
      setTraffic: (running) => (running ? this.traffic.start() : this.traffic.stop()),
      state: () => this.state(),
    };
  }

  #api(request: ApiRequest): Answer {
    const token = authenticate(this.#tokens, request);
    if ("status" in token) return token;
    const { headers, retryAfterS } = this.#rateLimit.count(token.value);
    const answer =
      retryAfterS > 0
        ? tooManyRequests(request, retryAfterS, this.options.limits.requestsPerMinute)
        : this.#routeApi(token, request);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  #routeApi(token: Token, request: ApiRequest): Answer {
    const type = request.headers["content-type"];
    if (request.body !== "" && type !== undefined && !String(type).includes("json")) {
      return apiError(request, 415, "unsupported.media.type", `Unsupported media type: ${String(type)}`);
    }
    if (request.path === "/api/v2/tokens/me") return answerTokensMe(this.#tokens, token, request);
    if (request.path.startsWith("/api/v2/notifications/"))
      return answerNotifications(this.#notifications, token, request);
    const context = {
      directory: this.directory,
      deniedPermissions: this.options.deniedPermissions,
      standing: (userId: string) => this.traffic.standing(userId),
      conversation: (id: string) => this.traffic.conversation(id),
    };
    return answerDirectory(context, request) ?? notFound(request);
  }

  #upgrade(request: ApiRequest): UpgradeVerdict {
    const fault = this.faults.at("upgrade");
    if (fault === undefined) return this.#lobby.upgrade(request);
    const answer = answerOfFault(fault, request, this.options.limits.requestsPerMinute);
    return answer === undefined ? { kind: "hang" } : { kind: "refuse", answer };
  }

  #streamingUrl(request: ApiRequest): string {
    const { publicUrl, host } = this.options;
    if (publicUrl !== undefined) return publicUrl.replace(/^http/, "ws").replace(/\/$/, "");
    return `ws://${String(request.headers["host"] ?? `${host}:${this.port}`)}`;
  }
}
