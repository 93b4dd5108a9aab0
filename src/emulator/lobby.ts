/**
 * Who is connected: handshakes, sockets of all wires, and what ends them (docs/protocol.md, 8).
 *
 * A socket of the notifications wire belongs to its channel, and the id in the path is its only credential. One of the streaming wire belongs
 * to its channel as soon as its client has logged in and is bound. One of the second wire belongs to the token in its query.
 */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { ApiRequest } from "./answer.ts";
import { apiError, notFound } from "./answer.ts";
import type { Channel, ChannelEnd, Channels } from "./channels.ts";
import type { Token, Tokens } from "./oauth.ts";
import { badCredentials } from "./oauth.ts";
import type { ResolvedEmulatorOptions } from "./options.ts";
import { PLATFORM_PATH, PLATFORM_SCOPES } from "./platform-websocket.ts";
import type { UpgradeVerdict } from "./server.ts";
import type { SocketSettings, Speech, Wire } from "./sockets.ts";
import { ProviderSocket } from "./sockets.ts";
import { takeEntries } from "./subscriptions.ts";
import type { SystemMessage } from "./system-messages.ts";
import { systemFrame } from "./system-messages.ts";
import type { TopicCatalogue } from "./topics.ts";
import { createStreamSpeech } from "./xmpp/speech.ts";
import { greetStream, isXmppOffered, STREAMING_PATH, warnOfEnd } from "./xmpp/streaming.ts";

/** What the lobby needs of the house. */
export interface LobbyParts {
  readonly options: ResolvedEmulatorOptions;
  readonly organizationId: string;
  /** Of the users' XMPP addresses. */
  readonly jabberDomain: string;
  readonly catalogue: TopicCatalogue;
  readonly tokens: () => Tokens;
  readonly channels: () => Channels;
  readonly onOpened: (socket: ProviderSocket) => void;
}

interface Guest {
  readonly channel?: Channel;
  /** None for a stream that has not logged in. */
  readonly token?: Token;
}

const CHANNEL_PATH = "/channels/";

/** How the names of sockets begin. */
const LETTERS: Readonly<Record<Wire, string>> = { notifications: "s", "platform-websocket": "p", streaming: "x" };
/** How long the client of a stream has to log in. */
const LOGIN_MS = 30_000;

/** The connected. */
export class Lobby {
  readonly #parts: LobbyParts;
  readonly #guests = new Map<ProviderSocket, Guest>();
  readonly #platformSockets = new Set<ProviderSocket>();
  readonly #socketSettings: SocketSettings;
  #socketCount = 0;

  constructor(parts: LobbyParts) {
    this.#parts = parts;
    this.#socketSettings = {
      clock: parts.options.clock,
      heartbeatMs: parts.options.heartbeatMs,
      idleCloseMs: parts.options.switches.idleCloseMs,
      bufferedBytes: parts.options.limits.bufferedBytes,
      logger: parts.options.logger,
      onMessage: (socket, message) => this.#socketOnMessage(socket, message),
      onClosed: (socket) => this.#socketOnClosed(socket),
    };
  }

  /** All sockets that aren't gone yet. */
  sockets(): Iterable<ProviderSocket> {
    return this.#guests.keys();
  }

  /** Sockets of the second wire; the set is live. */
  get platformSockets(): ReadonlySet<ProviderSocket> {
    return this.#platformSockets;
  }

  get isEmpty(): boolean {
    return this.#guests.size === 0;
  }

  channelOf(socket: ProviderSocket): Channel | undefined {
    return this.#guests.get(socket)?.channel;
  }

  tokenOf(socket: ProviderSocket): string | undefined {
    return this.#guests.get(socket)?.token?.value;
  }

  /** Takes a handshake or says why not. */
  upgrade(request: ApiRequest): UpgradeVerdict {
    const { path } = request;
    if (path === PLATFORM_PATH) return this.#upgradePlatform(request);
    const isStream = path.startsWith(STREAMING_PATH);
    if (!isStream && !path.startsWith(CHANNEL_PATH)) return { kind: "refuse", answer: notFound(request) };
    if (isStream && !isXmppOffered(request)) {
      return { kind: "refuse", answer: apiError(request, 400, "bad.request", "The sub-protocol must be xmpp.") };
    }
    const id = path.slice((isStream ? STREAMING_PATH : CHANNEL_PATH).length);
    const channels = this.#parts.channels();
    const channel = channels.find(id);
    const { secondSocket } = this.#parts.options.switches;
    if (channel?.socket?.isOpen === true && secondSocket === "refused") {
      return { kind: "refuse", answer: apiError(request, 409, "request.conflict", "The channel has a socket.") };
    }
    // A client whose token has ended is told so in the stream: that is where it looks for it.
    if (isStream && (channel !== undefined || channels.endOf(id) === "token"))
      return { kind: "accept", opened: (ws, connection) => this.#streamOpened(channel, ws, connection) };
    if (channel !== undefined)
      return { kind: "accept", opened: (ws, connection) => this.#channelOpened(channel, ws, connection) };
    const { unknownChannelStatus, expiredChannelStatus } = this.#parts.options.switches;
    const status = channels.endOf(id) !== undefined ? expiredChannelStatus : unknownChannelStatus;
    const code = status === 401 ? "bad.credentials" : "not.found";
    return { kind: "refuse", answer: apiError(request, status, code, "The channel is not valid.") };
  }

  /** Closes all sockets; resolves when they are gone. */
  async closeAll(code: number, reason: string): Promise<void> {
    const closed = Array.from(this.#guests.keys(), (socket) => {
      socket.close(code, reason);
      return socket.closed;
    });
    await Promise.all(closed);
  }

  /** A channel has another socket now, or one of a program that isn't there. */
  replaceSocket(channel: Channel, socket: ProviderSocket | undefined): void {
    const replaced = channel.socket;
    channel.socket = socket;
    replaced?.close(this.#parts.options.switches.replacedCode, "replaced by another connection");
  }

  /** Sends a system message to a channel's socket. */
  tell(channel: Channel, message: SystemMessage): void {
    const { options, organizationId } = this.#parts;
    const subject = {
      channelId: channel.id,
      organizationId,
      oauthClientId: options.clientId,
      correlationId: options.clock.uuid(),
      ...(channel.token.userId !== undefined && { userId: channel.token.userId }),
    };
    channel.socket?.send(systemFrame(message, subject, options.switches.closingBody));
  }

  /** A channel's list has changed. */
  subscriptionsChanged(channel: Channel): void {
    if (this.#parts.options.switches.announceSubscriptions) this.tell(channel, "subscription_changed");
  }

  /** A token ended: its channels go, and its sockets of the second wire. */
  tokenEnded(token: Token): void {
    const { tokenEnd, tokenEndedCode } = this.#parts.options.switches;
    if (tokenEnd === "outlives") return;
    const channels = this.#parts.channels();
    for (const channel of channels.list()) {
      if (channel.token !== token) continue;
      if (tokenEnd === "notice") this.tell(channel, "token_revoked");
      channels.end(channel, "token");
    }
    for (const [socket, guest] of this.#guests) {
      if (guest.token === token && guest.channel === undefined) socket.close(tokenEndedCode, "token ended");
    }
  }

  /** A channel ended: its socket closes, or stays and hears nothing. */
  channelEnded(channel: Channel, end: ChannelEnd): void {
    const { tokenEnd, tokenEndedCode, channelGoneCode } = this.#parts.options.switches;
    if (end === "silently") return;
    if (end !== "token") channel.socket?.close(channelGoneCode, "channel ended");
    else if (tokenEnd !== "silent") channel.socket?.close(tokenEndedCode, "token ended");
  }

  #upgradePlatform(request: ApiRequest): UpgradeVerdict {
    const token = this.#parts.tokens().find(request.query.get("access_token") ?? "");
    if (token === undefined) return { kind: "refuse", answer: badCredentials(request) };
    const { deniedScopes } = this.#parts.options;
    const missing = Object.keys(PLATFORM_SCOPES).find((scope) => deniedScopes.includes(scope));
    if (missing === undefined)
      return { kind: "accept", opened: (ws, connection) => this.#platformOpened(token, ws, connection) };
    const message = `The token lacks the scope ${missing}.`;
    return { kind: "refuse", answer: apiError(request, 403, "app.not.authorized.for.scope", message) };
  }

  #newSocket(wire: Wire, ws: WebSocket, connection: Duplex, speech?: Speech): ProviderSocket {
    this.#socketCount += 1;
    const name = `${LETTERS[wire]}${this.#socketCount}`;
    const settings = speech === undefined ? this.#socketSettings : { ...this.#socketSettings, speech };
    return new ProviderSocket(name, wire, ws, connection, settings);
  }

  #streamOpened(channel: Channel | undefined, ws: WebSocket, connection: Duplex): void {
    const { options, jabberDomain, tokens, channels, catalogue } = this.#parts;
    const house = greetStream({
      options,
      domain: jabberDomain,
      tokens: tokens(),
      channels: channels(),
      catalogue,
      channel,
      onChanged: (changed) => this.subscriptionsChanged(changed),
      onBound: (bound) => this.#streamBound(bound, socket),
    });
    const socket = this.#newSocket("streaming", ws, connection, createStreamSpeech(house));
    this.#guests.set(socket, {});
    const timer = options.clock.setTimer(LOGIN_MS, () => {
      if (this.channelOf(socket) === undefined) socket.close(1000, "login timeout");
    });
    void socket.closed.then(() => timer.cancel());
  }

  #streamBound(channel: Channel, socket: ProviderSocket): void {
    const { options, channels, onOpened } = this.#parts;
    this.replaceSocket(channel, socket);
    this.#guests.set(socket, { channel, token: channel.token });
    channels().touch(channel, false);
    warnOfEnd(channel, socket, options, channels());
    onOpened(socket);
  }

  #channelOpened(channel: Channel, ws: WebSocket, connection: Duplex): void {
    const socket = this.#newSocket("notifications", ws, connection);
    this.replaceSocket(channel, socket);
    this.#guests.set(socket, { channel, token: channel.token });
    this.#parts.channels().touch(channel, false);
    this.#parts.onOpened(socket);
  }

  #platformOpened(token: Token, ws: WebSocket, connection: Duplex): void {
    const socket = this.#newSocket("platform-websocket", ws, connection);
    this.#guests.set(socket, { token });
    this.#platformSockets.add(socket);
    this.#parts.onOpened(socket);
  }

  #socketOnClosed(socket: ProviderSocket): void {
    const channel = this.channelOf(socket);
    if (channel?.socket === socket) channel.socket = undefined;
    this.#guests.delete(socket);
    this.#platformSockets.delete(socket);
  }

  /** Ping, and the undocumented subscriptions inside the socket (docs/protocol.md, 8.2, 8.3). */
  #socketOnMessage(socket: ProviderSocket, message: Readonly<Record<string, unknown>>): unknown {
    const channel = this.channelOf(socket);
    if (channel === undefined) return undefined;
    const kind = message["message"];
    if (kind === "ping") return { topicName: "channel.metadata", eventBody: { message: "pong" } };
    if (kind !== "subscribe" && kind !== "unsubscribe") return undefined;
    return { ...this.#subscribeInside(channel, kind, message["topics"]), correlationId: message["correlationId"] };
  }

  #subscribeInside(
    channel: Channel,
    kind: "subscribe" | "unsubscribe",
    topics: unknown,
  ): Readonly<Record<string, string>> {
    const failure = { result: "400", status: "failure" };
    const channels = this.#parts.channels();
    if (channels.find(channel.id) !== channel) return { result: "404" };
    if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === "string")) return failure;
    if (kind === "unsubscribe") {
      channels.unsubscribe(channel, topics);
      return { result: "200", status: "unsubscribed" };
    }
    const read = topics.map((topic) => this.#parts.catalogue.read(topic));
    if (read.some((entry) => entry.refused.length > 0)) return failure;
    const onChanged = (changed: Channel): void => this.subscriptionsChanged(changed);
    const problem = takeEntries({ channels, limits: this.#parts.options.limits, onChanged }, channel, read, false);
    return problem === undefined ? { result: "200", status: "subscribed" } : failure;
  }
}
