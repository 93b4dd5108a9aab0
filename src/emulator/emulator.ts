/**
 * The emulator put together: requests to rooms, rooms to sockets, traffic to the ledger.
 *
 * ```
 *  http ─► faults ─► oauth | bearer ─► rate limit ─► notifications | directory
 *  ws   ─► faults ─► channels (one socket each) | platform-websocket
 *  traffic, emit ─► broadcast ─► frame faults ─► sockets
 *                       └─► ledger
 * ```
 */
import type { WebSocket } from "ws";
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError, asObject, notFound } from "./answer.ts";
import { Broadcast } from "./broadcast.ts";
import { createChance } from "./chance.ts";
import type { Channel, ChannelEnd } from "./channels.ts";
import { Channels } from "./channels.ts";
import { answerControl, CONTROL_PREFIX } from "./control.ts";
import type { Directory } from "./directory.ts";
import { createDirectory } from "./directory.ts";
import { answerDirectory } from "./directory-routes.ts";
import type { DoorFault, FaultDoor } from "./faults.ts";
import { Faults } from "./faults.ts";
import { FrameFaults } from "./frame-faults.ts";
import { emitFrames } from "./emit.ts";
import { Ledger } from "./ledger.ts";
import type { Token } from "./oauth.ts";
import { answerTokensMe, authenticate, badCredentials, Tokens } from "./oauth.ts";
import type { ResolvedEmulatorOptions } from "./options.ts";
import { PLATFORM_PATH, PLATFORM_SCOPES } from "./platform-websocket.ts";
import { RateLimit, tooManyRequests } from "./rate-limit.ts";
import type { HttpServer, UpgradeVerdict } from "./server.ts";
import { startServer } from "./server.ts";
import { createSocketFaults } from "./socket-faults.ts";
import type { SocketSettings, Wire } from "./sockets.ts";
import { ProviderSocket } from "./sockets.ts";
import { answerNotifications, takeEntries } from "./subscriptions.ts";
import type { SystemMessage } from "./system-messages.ts";
import { systemFrame } from "./system-messages.ts";
import type { TopicCatalogue } from "./topics.ts";
import { createTopicCatalogue } from "./topics.ts";
import { Traffic } from "./traffic.ts";

const CHANNEL_PATH = "/channels/";

/** Everything that one emulator is made of. */
export class EmulatorCore {
  readonly options: ResolvedEmulatorOptions;
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly channels: Channels;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly #broadcast: Broadcast;
  readonly #catalogue: TopicCatalogue;
  readonly #rateLimit: RateLimit;
  readonly #sockets = new Map<ProviderSocket, { readonly channel?: Channel; readonly token: Token }>();
  readonly #platformSockets = new Set<ProviderSocket>();
  readonly #socketSettings: SocketSettings;
  #server: HttpServer | undefined;
  #socketCount = 0;

  constructor(options: ResolvedEmulatorOptions) {
    const { clock, limits, switches } = options;
    this.options = options;
    this.directory = createDirectory(createChance(options.seed, 0), options.agents, options.queues);
    this.tokens = new Tokens({ ...options, onEnd: (token) => this.#tokenEnded(token) });
    this.channels = new Channels({
      clock,
      limits,
      switches,
      onEnd: (channel, end) => this.#channelEnded(channel, end),
    });
    this.ledger = new Ledger(limits.ledgerEvents);
    this.#catalogue = createTopicCatalogue({ ...options, topicLength: limits.topicLength });
    this.#rateLimit = new RateLimit(clock, limits.requestsPerMinute);
    const frames = new FrameFaults(clock);
    const { channels, ledger } = this;
    this.#broadcast = new Broadcast({
      channels,
      ledger,
      clock,
      faults: frames,
      platformSockets: this.#platformSockets,
    });
    this.faults = new Faults({
      clock,
      frames,
      sockets: () => this.#sockets.keys(),
      act: createSocketFaults({
        clock,
        channels,
        tokens: this.tokens,
        channelOf: (socket) => this.#sockets.get(socket)?.channel,
        tokenOf: (socket) => this.#sockets.get(socket)?.token.value,
        tell: (channel, message) => this.#tell(channel, message),
      }),
    });
    this.traffic = new Traffic(options, this.directory, this.#broadcast, () => this.#sockets.size > 0);
    this.#socketSettings = {
      clock,
      heartbeatMs: options.heartbeatMs,
      bufferedBytes: limits.bufferedBytes,
      onMessage: (socket, message) => this.#socketMessage(socket, message),
      onClosed: (socket) => this.#socketClosed(socket),
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
      requestBytes: this.options.limits.requestBytes,
    });
    this.traffic.start();
    this.options.logger.info({ port: this.#server.port }, "emulator listens");
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.traffic.stop();
    this.faults.clear();
    const closed = [...this.#sockets.keys()].map((socket) => {
      socket.close(1001, "server shutdown");
      return socket.closed;
    });
    this.tokens.clear();
    this.channels.clear();
    await Promise.all(closed);
    await server?.stop();
  }

  emit(frames: unknown): number[] {
    return emitFrames(this.#broadcast, frames, () => this.options.clock.uuid());
  }

  /** Back to the first second: faults, ledger, tokens, channels and rate windows go, sockets are closed, the traffic starts anew. */
  reset(): void {
    this.faults.clear();
    for (const socket of this.#sockets.keys()) socket.close(1001, "reset");
    this.tokens.clear();
    this.channels.clear();
    this.#rateLimit.clear();
    this.ledger.reset();
    this.traffic.reset();
  }

  state(): Readonly<Record<string, unknown>> {
    return {
      sockets: Array.from(this.#sockets, ([socket, { channel }]) => ({
        name: socket.name,
        wire: socket.wire,
        stalled: socket.isStalled,
        ...(channel !== undefined && { topics: channel.entries.size }),
      })),
      channels: this.channels.list().length,
      produced: this.ledger.page(0, 1).total,
      traffic: this.traffic.isRunning,
      faults: this.faults.active(),
    };
  }

  #answer(request: ApiRequest, fromLoopback: boolean): Answer | undefined {
    if (request.path.startsWith(CONTROL_PREFIX)) return this.#control(request, fromLoopback);
    const isToken = request.path === "/oauth/token";
    const fault = this.#doorAnswer(isToken ? "token" : "rest", request);
    if (fault !== undefined) return fault === "hang" ? undefined : fault;
    if (isToken) return this.tokens.answer(request);
    return request.path.startsWith("/api/v2/") ? this.#api(request) : notFound(request);
  }

  #control(request: ApiRequest, fromLoopback: boolean): Answer {
    const context = {
      emit: (frames: unknown) => this.emit(frames),
      faults: this.faults,
      ledger: (after: number, limit: number) => this.ledger.page(after, limit),
      reset: () => this.reset(),
      setTraffic: (running: boolean) => (running ? this.traffic.start() : this.traffic.stop()),
      state: () => this.state(),
    };
    return answerControl(context, request, fromLoopback);
  }

  #api(request: ApiRequest): Answer {
    const token = authenticate(this.tokens, request);
    if ("status" in token) return token;
    const { headers, retryAfterS } = this.#rateLimit.count(token.value);
    const limited = retryAfterS > 0;
    const answer = limited
      ? tooManyRequests(request, retryAfterS, this.options.limits.requestsPerMinute)
      : this.#routeApi(token, request);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  #routeApi(token: Token, request: ApiRequest): Answer {
    if (request.path === "/api/v2/tokens/me") return answerTokensMe(this.tokens, token, request);
    if (request.path.startsWith("/api/v2/notifications/")) {
      return answerNotifications(
        {
          channels: this.channels,
          catalogue: this.#catalogue,
          limits: this.options.limits,
          switches: this.options.switches,
          streamingUrl: (asked) => this.#streamingUrl(asked),
          onChanged: (channel) => this.#subscriptionsChanged(channel),
        },
        token,
        request,
      );
    }
    const context = {
      directory: this.directory,
      deniedPermissions: this.options.deniedPermissions,
      standing: (userId: string) => this.traffic.standing(userId),
      conversation: (id: string) => this.traffic.conversation(id),
    };
    return answerDirectory(context, request) ?? notFound(request);
  }

  #doorAnswer(door: FaultDoor, request: ApiRequest): Answer | "hang" | undefined {
    const fault = this.faults.at(door);
    if (fault === undefined) return undefined;
    return fault.fault === "hang" ? "hang" : toFaultAnswer(fault, request, this.options.limits.requestsPerMinute);
  }

  #upgrade(request: ApiRequest): UpgradeVerdict {
    const fault = this.#doorAnswer("upgrade", request);
    if (fault === "hang") return { kind: "hang" };
    if (fault !== undefined) return { kind: "refuse", answer: fault };
    if (request.path === PLATFORM_PATH) return this.#upgradePlatform(request);
    if (!request.path.startsWith(CHANNEL_PATH)) return { kind: "refuse", answer: notFound(request) };
    const id = request.path.slice(CHANNEL_PATH.length);
    const channel = this.channels.find(id);
    if (channel !== undefined) return { kind: "accept", opened: (ws) => this.#channelOpened(channel, ws) };
    const { unknownChannelStatus, expiredChannelStatus } = this.options.switches;
    const status = this.channels.hasEnded(id) ? expiredChannelStatus : unknownChannelStatus;
    const answer = apiError(
      request,
      status,
      status === 401 ? "bad.credentials" : "not.found",
      "The channel is not valid.",
    );
    return { kind: "refuse", answer };
  }

  #upgradePlatform(request: ApiRequest): UpgradeVerdict {
    const token = this.tokens.find(request.query.get("access_token") ?? "");
    if (token === undefined) return { kind: "refuse", answer: badCredentials(request) };
    const missing = Object.keys(PLATFORM_SCOPES).find((scope) => this.options.deniedScopes.includes(scope));
    if (missing === undefined) return { kind: "accept", opened: (ws) => this.#platformOpened(token, ws) };
    const message = `The token lacks the scope ${missing}.`;
    return { kind: "refuse", answer: apiError(request, 403, "app.not.authorized.for.scope", message) };
  }

  #newSocket(wire: Wire, ws: WebSocket): ProviderSocket {
    this.#socketCount += 1;
    return new ProviderSocket(
      `${wire === "notifications" ? "s" : "p"}${this.#socketCount}`,
      wire,
      ws,
      this.#socketSettings,
    );
  }

  #channelOpened(channel: Channel, ws: WebSocket): void {
    const socket = this.#newSocket("notifications", ws);
    const replaced = channel.socket;
    channel.socket = socket;
    replaced?.close(this.options.switches.replacedCode, "replaced by another connection");
    this.#sockets.set(socket, { channel, token: channel.token });
    this.channels.touch(channel, false);
    this.faults.socketOpened(socket);
  }

  #platformOpened(token: Token, ws: WebSocket): void {
    const socket = this.#newSocket("platform-websocket", ws);
    this.#sockets.set(socket, { token });
    this.#platformSockets.add(socket);
    this.faults.socketOpened(socket);
  }

  #socketClosed(socket: ProviderSocket): void {
    const channel = this.#sockets.get(socket)?.channel;
    if (channel?.socket === socket) channel.socket = undefined;
    this.#sockets.delete(socket);
    this.#platformSockets.delete(socket);
  }

  /** Ping, and the undocumented subscriptions inside the socket (PROTOCOL 8.2, 8.3). */
  #socketMessage(socket: ProviderSocket, message: Readonly<Record<string, unknown>>): unknown {
    const channel = this.#sockets.get(socket)?.channel;
    if (channel === undefined) return undefined;
    const kind = message["message"];
    if (kind === "ping") return { topicName: "channel.metadata", eventBody: { message: "pong" } };
    if (kind !== "subscribe" && kind !== "unsubscribe") return undefined;
    const correlationId = message["correlationId"];
    const reply = (result: string, status?: string): unknown => ({ result, status, correlationId });
    if (this.channels.find(channel.id) !== channel) return reply("404");
    const topics = message["topics"];
    if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === "string")) return reply("400", "failure");
    if (kind === "unsubscribe") {
      this.channels.unsubscribe(channel, topics);
      return reply("200", "unsubscribed");
    }
    const read = topics.map((topic) => this.#catalogue.read(topic));
    if (read.some((entry) => entry.refused.length > 0)) return reply("400", "failure");
    const context = {
      channels: this.channels,
      limits: this.options.limits,
      onChanged: (changed: Channel) => this.#subscriptionsChanged(changed),
    };
    return takeEntries(context, channel, read, false) === undefined
      ? reply("200", "subscribed")
      : reply("400", "failure");
  }

  #subscriptionsChanged(channel: Channel): void {
    if (this.options.switches.announceSubscriptions) this.#tell(channel, "subscription_changed");
  }

  #tell(channel: Channel, message: SystemMessage): void {
    const subject = {
      channelId: channel.id,
      organizationId: this.directory.organizationId,
      oauthClientId: this.options.clientId,
      correlationId: this.options.clock.uuid(),
    };
    channel.socket?.send(systemFrame(message, subject));
  }

  #tokenEnded(token: Token): void {
    const { tokenEnd, tokenEndedCode } = this.options.switches;
    for (const channel of this.channels.list()) {
      if (channel.token !== token) continue;
      if (tokenEnd === "notice") this.#tell(channel, "token_revoked");
      this.channels.end(channel, "token");
    }
    for (const [socket, { token: owner, channel }] of this.#sockets) {
      if (owner === token && channel === undefined) socket.close(tokenEndedCode, "token ended");
    }
  }

  #channelEnded(channel: Channel, end: ChannelEnd): void {
    const { tokenEnd, tokenEndedCode, channelGoneCode } = this.options.switches;
    if (end !== "token") channel.socket?.close(channelGoneCode, "channel ended");
    else if (tokenEnd !== "silent") channel.socket?.close(tokenEndedCode, "token ended");
  }

  #streamingUrl(request: ApiRequest): string {
    const { publicUrl, host } = this.options;
    if (publicUrl !== undefined) return publicUrl.replace(/^http/, "ws").replace(/\/$/, "");
    return `ws://${String(request.headers["host"] ?? `${host}:${this.port}`)}`;
  }
}

function toFaultAnswer(fault: DoorFault, request: ApiRequest, allowed: number): Answer {
  switch (fault.fault) {
    case "unauthorized":
      return badCredentials(request);
    case "forbidden":
      return apiError(request, 403, "not.authorized", "You are not authorized to perform the requested action.");
    case "rate-limit": {
      const answer = tooManyRequests(request, fault.retryAfterS, allowed);
      return fault.retryAfterS > 0 ? answer : { status: answer.status, json: asObject(answer.json) };
    }
    case "server-error": {
      if (fault.html) return { status: fault.status, text: "<html><body><h1>Service Unavailable</h1></body></html>" };
      const code = fault.status === 500 ? "internal.server.error" : "service.unavailable";
      return apiError(request, fault.status, code, "The server is temporarily unable to service your request.");
    }
    case "hang":
      return { status: 503 };
    default:
      return fault.fault satisfies never;
  }
}
