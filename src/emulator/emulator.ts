/**
 * The emulator put together: requests to rooms, rooms to sockets, traffic to the ledger.
 *
 * ```
 *  http ─► faults ─► oauth | bearer ─► rate limit ─► notifications | directory
 *  ws   ─► faults ─► lobby: channels (one socket each, JSON or XMPP) | platform-websocket
 *  traffic, emit ─► broadcast ─► frame faults ─► sockets
 *                       └─► ledger
 * ```
 */
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError, asObject, notFound } from "./answer.ts";
import { Broadcast } from "./broadcast.ts";
import { createCentreFaults } from "./centre-faults.ts";
import { createChance } from "./chance.ts";
import { Channels } from "./channels.ts";
import type { ControlContext } from "./control.ts";
import { answerControl, CONTROL_BYTES, CONTROL_PREFIX } from "./control.ts";
import { allowPages, answerPreflight } from "./cors.ts";
import type { Directory } from "./directory.ts";
import { createDirectory, isOfDirectory } from "./directory.ts";
import type { DirectoryContext } from "./directory-context.ts";
import { answerDirectory } from "./directory-routes.ts";
import { emitFrames } from "./emit.ts";
import { Faults } from "./faults.ts";
import { FrameFaults } from "./frame-faults.ts";
import { Ledger } from "./ledger.ts";
import { Lobby } from "./lobby.ts";
import type { Token } from "./oauth.ts";
import { answerTokensMe, authenticate, Tokens } from "./oauth.ts";
import type { ResolvedEmulatorOptions } from "./options.ts";
import { Permissions } from "./permissions.ts";
import { RateLimit, tooManyRequests } from "./rate-limit.ts";
import { answerUnderFault, deliveryOf, refusal } from "./request-faults.ts";
import type { States } from "./rest-states.ts";
import { LiveStates } from "./rest-states.ts";
import { Said } from "./said.ts";
import { Scenarios } from "./scenarios.ts";
import type { HttpServer, UpgradeVerdict } from "./server.ts";
import { startServer } from "./server.ts";
import { createSocketFaults } from "./socket-faults.ts";
import type { ProviderSocket } from "./sockets.ts";
import { Staff } from "./staff.ts";
import type { NotificationContext } from "./subscriptions.ts";
import { answerNotifications } from "./subscriptions.ts";
import { createTopicCatalogue } from "./topics.ts";
import { Traffic } from "./traffic.ts";
import type { UserLogin } from "./user-login.ts";
import { jabberDomain, jabberId, loginUser } from "./user-login.ts";

const ME_PATH = "/api/v2/users/me";

/** Everything that one emulator is made of. */
export class EmulatorCore {
  readonly options: ResolvedEmulatorOptions;
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly scenarios: Scenarios;
  readonly staff: Staff;
  readonly #tokens: Tokens;
  readonly #channels: Channels;
  readonly #lobby: Lobby;
  readonly #broadcast: Broadcast;
  readonly #rateLimit: RateLimit;
  readonly #creations: RateLimit;
  readonly #notifications: NotificationContext;
  readonly #permissions: Permissions;
  readonly #said = new Said();
  readonly #states: LiveStates;
  readonly #frozen: States[] = [];
  #server: HttpServer | undefined;

  constructor(options: ResolvedEmulatorOptions) {
    const { clock, limits, switches, logger } = options;
    this.options = options;
    const newDirectory = (): Directory =>
      createDirectory(createChance(options.seed, 0), options.agents, options.queues);
    this.directory = newDirectory();
    this.#permissions = new Permissions(options.deniedPermissions);
    const catalogue = createTopicCatalogue({
      permissions: this.#permissions,
      topicPermissions: options.topicPermissions,
      topicLength: limits.topicLength,
      combinedTakesDots: switches.combinedTakesDots,
      isKnown: (topic) => switches.unknownIds === "silent" || isOfDirectory(this.directory, topic),
    });
    const lobby = new Lobby({
      options,
      organizationId: this.directory.organizationId,
      jabberDomain: jabberDomain(this.directory),
      catalogue,
      tokens: () => this.#tokens,
      channels: () => this.#channels,
      onOpened: (socket) => this.#socketOpened(socket),
    });
    const tokens = new Tokens({ ...options, onEnd: (token) => lobby.tokenEnded(token) });
    const channels = new Channels({ clock, limits, switches, onEnd: (one, end) => lobby.channelEnded(one, end) });
    this.#lobby = lobby;
    this.#tokens = tokens;
    this.#channels = channels;
    this.ledger = new Ledger(limits.ledgerEvents);
    const frames = new FrameFaults(clock, createChance(options.seed, 3));
    this.#broadcast = new Broadcast({
      channels,
      ledger: this.ledger,
      clock,
      faults: frames,
      platformSockets: lobby.platformSockets,
      sockets: () => lobby.sockets(),
    });
    this.traffic = new Traffic({
      options,
      directory: this.directory,
      broadcast: this.#broadcast,
      said: this.#said,
      isSomebodyHere: () => !lobby.isEmpty,
    });
    this.staff = new Staff(this.directory, newDirectory, () => createChance(options.seed, 5), this.traffic);
    this.#states = new LiveStates(() => this.traffic, this.#said);
    this.faults = new Faults({
      clock,
      frames,
      sockets: () => lobby.sockets(),
      act: createSocketFaults({ clock, channels, tokens, lobby, switches, broadcast: () => this.#broadcast }),
      actOnCentre: createCentreFaults({
        channels,
        tokens,
        permissions: this.#permissions,
        freeze: () => this.#freeze(),
      }),
    });
    this.#rateLimit = new RateLimit(clock, limits.requestsPerMinute);
    this.#creations = new RateLimit(clock, limits.channelsPerMinute);
    this.#notifications = {
      channels,
      catalogue,
      limits,
      switches,
      creations: this.#creations,
      streamingUrl: (request) => this.#streamingUrl(request),
      onChanged: (channel) => lobby.subscriptionsChanged(channel),
    };
    this.scenarios = new Scenarios({
      clock,
      logger,
      inject: (request) => this.faults.inject(request),
      clear: () => this.faults.clear(),
      emit: (given) => this.emit(given),
      changeStaff: (change) => this.staff.change(change),
      setTraffic: (running) => this.#setTraffic(running),
    });
    if (options.scenario !== undefined) this.scenarios.set(options.scenario);
  }

  get port(): number | undefined {
    return this.#server?.port;
  }

  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    this.#server = await startServer(this.options, {
      clock: this.options.clock,
      request: (request, fromLoopback) => {
        const answer = answerPreflight(request) ?? this.#answer(request, fromLoopback);
        return answer && allowPages(request, answer);
      },
      upgrade: (request) => this.#upgrade(request),
      correlationId: () => this.options.clock.uuid(),
      requestBytes: (path) => (path.startsWith(CONTROL_PREFIX) ? CONTROL_BYTES : this.options.limits.requestBytes),
    });
    this.traffic.start();
    this.options.logger.info({ port: this.#server.port }, "emulator listens");
    this.scenarios.listening();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.traffic.stop();
    this.scenarios.stop();
    this.faults.clear();
    this.#tokens.clear();
    this.#channels.clear();
    await this.#lobby.closeAll(1001, "server shutdown");
    await server?.stop();
  }

  emit(frames: unknown): number[] {
    return emitFrames(this.#broadcast, this.#said, frames, () => this.options.clock.uuid());
  }

  login(user: unknown): UserLogin {
    const { tokenLifeS } = this.options;
    return loginUser(this.directory, user, (userId) => this.#tokens.issue(userId), tokenLifeS);
  }

  /**
   * Back to the first second: faults, ledger, tokens, channels and rate windows go, sockets are closed, the traffic and the scenario that the
   * emulator was made with start anew.
   */
  reset(): void {
    this.scenarios.stop();
    this.faults.clear();
    this.#tokens.clear();
    this.#channels.clear();
    void this.#lobby.closeAll(1001, "reset"); // nobody waits for the goodbyes
    this.#rateLimit.clear();
    this.#creations.clear();
    this.ledger.reset();
    this.#broadcast.reset();
    this.#said.clear();
    this.staff.reset();
    this.traffic.reset();
    if (this.options.scenario !== undefined) this.scenarios.set(this.options.scenario);
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
      scenario: this.scenarios.state()?.state,
    };
  }

  #socketOpened(socket: ProviderSocket): void {
    this.faults.socketOpened(socket);
    this.scenarios.socketOpened();
  }

  #setTraffic(running: boolean): void {
    if (running) this.traffic.start();
    else this.traffic.stop();
  }

  /** What REST says stands still until the last of those who froze it lets go. */
  #freeze(): () => void {
    const { users, queues } = this.directory;
    const frozen = this.#states.frozen(
      users.map(({ id }) => id),
      queues.map(({ id }) => id),
    );
    this.#frozen.push(frozen);
    return () => void this.#frozen.splice(this.#frozen.indexOf(frozen), 1);
  }

  #answer(request: ApiRequest, fromLoopback: boolean): Answer | undefined {
    if (request.path.startsWith(CONTROL_PREFIX)) return answerControl(this.#control(), request, fromLoopback);
    const fault = this.faults.at(request.path === "/oauth/token" ? "token" : "rest", request);
    if (fault === undefined) return this.#answerWell(request);
    const allowed = this.options.limits.requestsPerMinute;
    return answerUnderFault(fault, request, allowed, (played) => this.#answerWell(played));
  }

  #answerWell(request: ApiRequest): Answer {
    if (request.path === "/oauth/token") return this.#tokens.answer(request);
    return request.path.startsWith("/api/v2/") ? this.#api(request) : notFound(request);
  }

  #control(): ControlContext {
    return {
      emit: (frames) => this.emit(frames),
      faults: this.faults,
      ledger: (after, limit) => this.ledger.page(after, limit),
      changeStaff: (change) => this.staff.change(change),
      login: (user) => this.login(user),
      reset: () => this.reset(),
      setTraffic: (running) => this.#setTraffic(running),
      scenarios: this.scenarios,
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
      permissions: this.#permissions,
      topicPermissions: this.#notifications.catalogue.permissions,
      clientId: token.clientId,
      switches: this.options.switches,
      now: () => this.options.clock.now(),
      states: () => this.#frozen[0] ?? this.#states,
    };
    if (request.path === ME_PATH && token.userId !== undefined) return this.#me(token.userId, context, request);
    return answerDirectory(context, request) ?? notFound(request);
  }

  /** The user behind the token, as any user is told, with the address on the streaming wire. */
  #me(userId: string, context: DirectoryContext, request: ApiRequest): Answer {
    const answer = answerDirectory(context, { ...request, path: `/api/v2/users/${userId}` }) ?? notFound(request);
    if (answer.status !== 200) return answer;
    return { ...answer, json: { ...asObject(answer.json), chat: { jabberId: jabberId(this.directory, userId) } } };
  }

  #upgrade(request: ApiRequest): UpgradeVerdict {
    const fault = this.faults.at("upgrade", request);
    if (fault === undefined) return this.#lobby.upgrade(request);
    if (fault.name === "lost-answer") return { kind: "cut" };
    if (fault.name === "slow") {
      const verdict = this.#lobby.upgrade(request);
      const { delayMs = 0 } = deliveryOf(fault.request);
      return verdict.kind === "accept" ? { ...verdict, delayMs } : verdict;
    }
    const answer = refusal(fault, request, this.options.limits.requestsPerMinute);
    return answer === undefined ? { kind: "hang" } : { kind: "refuse", answer };
  }

  #streamingUrl(request: ApiRequest): string {
    const { publicUrl, host } = this.options;
    if (publicUrl !== undefined) return publicUrl.replace(/^http/, "ws").replace(/\/$/, "");
    return `${this.options.tls === undefined ? "ws" : "wss"}://${String(request.headers["host"] ?? `${host}:${this.port}`)}`;
  }
}
