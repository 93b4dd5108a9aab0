/**
 * A Genesys Cloud written from the protocol's description and from nothing of ours (not the emulator's code either): login,
 * channels, subscriptions, listings and sockets on one port, with a hand on every fault.
 *
 * Nothing happens by itself: heartbeats, events and ends come when a test says so; only `{"message":"ping"}` is answered.
 */
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

/** One REST request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How one request is answered instead of properly. */
export type RestFault =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection is cut before anything was done. */
  | { readonly kind: "reset" }
  /** It is done, and the answer is lost. */
  | { readonly kind: "lost-answer" }
  /** Never answered. */
  | { readonly kind: "silence" };

/** Which requests a fault is for; it acts `times` times, in the order of the faults. */
export interface RestTrap {
  readonly method: string;
  readonly path: RegExp;
  readonly fault: RestFault;
  times: number;
}

/** How one upgrade is answered instead of properly. */
export type UpgradeFault =
  | { readonly kind: "answer"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "silence" };

/** One channel. */
export interface ForeignChannel {
  readonly id: string;
  readonly token: string;
  readonly topics: string[];
  /** The socket that stands on it. */
  readonly socket: ForeignSocket | undefined;
  readonly connectUri: string;
}

/** One socket that stood. */
export interface ForeignSocket {
  readonly channel: ForeignChannel;
  readonly received: string[];
  readonly closed: number | undefined;
  send(frame: string | Uint8Array): void;
  close(code: number, reason?: string): void;
  /** Ends it without a close frame. */
  cut(): void;
  /** Sends and answers nothing any more, and does not say so. */
  freeze(): void;
  /** Resolves when the client has read all answers to what it has asked so far. */
  answered(): Promise<void>;
}

/** A person or a queue. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly division?: { readonly id: string; readonly name: string };
}

/** The platform. */
export interface ForeignGenesys {
  readonly url: string;
  readonly requests: SeenRequest[];
  readonly traps: RestTrap[];
  readonly upgradeFaults: UpgradeFault[];
  /** Topics that the client may not have: identity in lower case. */
  readonly forbidden: Set<string>;
  readonly users: Listed[];
  readonly queues: Listed[];
  readonly divisions: Listed[];
  /** User ids by queue id. */
  readonly members: Map<string, string[]>;
  /** Answers where none of its own calls is meant: states, analytics. */
  states: { answer(request: SeenRequest): Answer | undefined } | undefined;
  readonly tokens: string[];
  /** Seconds that tokens live from now on. */
  tokenLifeS: number;
  /** What the channel's `connectUri` is, where not its own address. */
  connectUri: ((channelId: string) => string) | undefined;
  /** How the socket of a channel is closed that one more pushes out; undefined: it stands, and nothing comes. */
  evictionCode: number | undefined;
  /** The end of a channel that is made, or whose list is written, now. */
  expires: () => string;
  readonly channels: ForeignChannel[];
  readonly sockets: ForeignSocket[];
  /** Sockets that stand. */
  standing(): ForeignSocket[];
  /** Sends an event to every socket whose channel has the topic; gives the number of sockets. */
  emit(topicName: string, eventBody: unknown): number;
  heartbeat(): void;
  /** Resolves when all clients have read the answers to what they have asked so far. */
  answered(): Promise<void>;
  /** A notice of the platform on one channel. */
  system(channel: ForeignChannel, topicName: string, eventBody?: unknown): void;
  /** The channel is gone, as after its end. */
  expire(channel: ForeignChannel): void;
  /** From now on the token is not accepted. */
  revoke(token: string): void;
  /** Requests to a path. */
  seen(method: string, path: RegExp): SeenRequest[];
  close(): Promise<void>;
}

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

interface MutableChannel {
  id: string;
  token: string;
  topics: string[];
  socket: ForeignSocket | undefined;
  connectUri: string;
  /** Begun anew by each writing of its list. */
  expires?: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const CHANNELS = "/api/v2/notifications/channels";
const MAX_CHANNELS = 20;

export async function startForeignGenesys(credentials: Credentials): Promise<ForeignGenesys> {
  const server = createServer();
  const connections = new Set<Socket>();
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const platform = new Platform(credentials, port, async () => {
    for (const socket of connections) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  server.on("request", (incoming, outgoing) => void platform.onRequest(incoming, outgoing));
  server.on("upgrade", (incoming, duplex, head) => platform.onUpgrade(incoming, duplex, head));
  return platform;
}

class Platform implements ForeignGenesys {
  readonly url: string;
  readonly requests: SeenRequest[] = [];
  readonly traps: RestTrap[] = [];
  readonly upgradeFaults: UpgradeFault[] = [];
  readonly forbidden = new Set<string>();
  readonly users: Listed[] = [];
  readonly queues: Listed[] = [];
  readonly divisions: Listed[] = [];
  readonly members = new Map<string, string[]>();
  states: { answer(request: SeenRequest): Answer | undefined } | undefined;
  readonly tokens: string[] = [];
  tokenLifeS = 86_400;
  connectUri: ((channelId: string) => string) | undefined;
  evictionCode: number | undefined;
  expires = (): string => "2026-03-05T10:00:00.000Z";
  readonly channels: MutableChannel[] = [];
  readonly sockets: ForeignSocket[] = [];
  readonly #credentials: Credentials;
  readonly #port: number;
  readonly #release: () => Promise<void>;
  readonly #valid = new Set<string>();
  readonly #upgrades = new WebSocketServer({ noServer: true });
  #made = 0;

  constructor(credentials: Credentials, port: number, release: () => Promise<void>) {
    this.#credentials = credentials;
    this.#port = port;
    this.#release = release;
    this.url = `http://127.0.0.1:${port}`;
  }

  standing(): ForeignSocket[] {
    return this.sockets.filter(({ closed }) => closed === undefined);
  }

  emit(topicName: string, eventBody: unknown): number {
    const frame = JSON.stringify({ topicName, version: "2", eventBody, metadata: { CorrelationId: "c-1" } });
    let count = 0;
    for (const { socket, topics } of this.channels) {
      if (socket === undefined || !topics.some((topic) => covers(topic, topicName))) continue;
      socket.send(frame);
      count += 1;
    }
    return count;
  }

  heartbeat(): void {
    for (const socket of this.standing()) {
      socket.send('{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}');
    }
  }

  async answered(): Promise<void> {
    await Promise.all(this.standing().map((socket) => socket.answered()));
  }

  system(channel: ForeignChannel, topicName: string, eventBody: unknown = {}): void {
    channel.socket?.send(JSON.stringify({ topicName, version: "2", eventBody, metadata: {} }));
  }

  expire(channel: ForeignChannel): void {
    const at = this.channels.findIndex(({ id }) => id === channel.id);
    if (at >= 0) this.channels.splice(at, 1);
  }

  revoke(token: string): void {
    this.#valid.delete(token);
  }

  seen(method: string, path: RegExp): SeenRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  async close(): Promise<void> {
    this.#upgrades.close();
    await this.#release();
  }

  async onRequest(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? "", this.url);
    const request: SeenRequest = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    this.requests.push(request);
    const fault = this.#trapped(request);
    if (fault?.kind === "silence") return;
    if (fault?.kind === "answer") {
      outgoing.writeHead(fault.status, { ...fault.headers }).end(fault.body ?? "");
      return;
    }
    if (fault?.kind === "reset") {
      incoming.socket.destroy();
      return;
    }
    const answer = this.#answer(request);
    if (fault?.kind === "lost-answer") {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.status, {
      "content-type": "application/json",
      "inin-correlation-id": `corr-${this.requests.length}`,
      "inin-ratelimit-count": "1",
      "inin-ratelimit-allowed": "300",
      "inin-ratelimit-reset": "61",
    });
    outgoing.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
  }

  onUpgrade(incoming: IncomingMessage, duplex: Duplex, head: Buffer): void {
    duplex.on("error", () => {});
    const fault = this.upgradeFaults.shift();
    if (fault?.kind === "silence") return;
    const id = /^\/channels\/([^/?]+)$/u.exec(incoming.url ?? "")?.[1];
    const channel = this.channels.find((candidate) => candidate.id === id);
    if (fault !== undefined || channel === undefined) {
      const lines = Object.entries(fault?.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      duplex.end(
        `HTTP/1.1 ${fault?.status ?? 404} X\r\n${lines.join("")}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      return;
    }
    this.#upgrades.handleUpgrade(incoming, duplex, head, (socket) => {
      // One socket for each channel: a second one replaces the first.
      channel.socket?.close(1000);
      const foreign = foreignSocket(channel, socket, duplex);
      channel.socket = foreign;
      this.sockets.push(foreign);
      socket.on("close", () => {
        if (channel.socket === foreign) channel.socket = undefined;
      });
    });
  }

  #trapped({ method, path }: SeenRequest): RestFault | undefined {
    const trap = this.traps.find((each) => each.times > 0 && each.method === method && each.path.test(path));
    if (trap === undefined) return undefined;
    trap.times -= 1;
    return trap.fault;
  }

  #answer(request: SeenRequest): Answer {
    if (request.path === "/oauth/token") return this.#login(request);
    const token = /^Bearer (.+)$/u.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!this.#valid.has(token)) {
      return error(401, "bad.credentials", `Invalid login credentials: ${token}`);
    }
    if (request.path === CHANNELS) return this.#channelsCall(request, token);
    const match = /^\/api\/v2\/notifications\/channels\/([^/]+)(\/subscriptions)?$/u.exec(request.path);
    if (match !== null) return this.#channelCall(request, token, match[1] ?? "", match[2] !== undefined);
    return this.states?.answer(request) ?? this.#listing(request);
  }

  #login({ method, headers, body }: SeenRequest): Answer {
    const { clientId, clientSecret } = this.#credentials;
    const wanted = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
    const form = new URLSearchParams(body);
    if (method !== "POST" || form.get("grant_type") !== "client_credentials") {
      return { status: 400, body: { error: "unsupported_grant_type" } };
    }
    if (headers.authorization !== wanted) {
      return {
        status: 401,
        body: { error: "invalid_client", description: "authentication failed: invalid_client", echo: clientSecret },
      };
    }
    const token = `canary-token-${this.tokens.length + 1}`;
    this.tokens.push(token);
    this.#valid.add(token);
    return { status: 200, body: { access_token: token, token_type: "bearer", expires_in: this.tokenLifeS } };
  }

  #channelsCall({ method }: SeenRequest, token: string): Answer {
    if (method === "GET") {
      const entities = this.channels.map((channel) => (channel.token === token ? shown(channel) : {}));
      return { status: 200, body: { entities } };
    }
    if (method !== "POST") return error(405, "method.not.allowed", "method not allowed");
    if (this.channels.length >= MAX_CHANNELS) {
      // Silently: the least recently used, unconnected ones first.
      const victim = this.channels.find(({ socket }) => socket === undefined) ?? this.channels[0];
      if (victim !== undefined) this.expire(victim);
      if (this.evictionCode !== undefined) victim?.socket?.close(this.evictionCode);
    }
    this.#made += 1;
    const id = `streaming-0-canary${String(this.#made).padStart(20, "0")}`;
    const connectUri = this.connectUri?.(id) ?? `ws://127.0.0.1:${this.#port}/channels/${id}`;
    const channel: MutableChannel = { id, token, topics: [], socket: undefined, connectUri, expires: this.expires() };
    this.channels.push(channel);
    return { status: 200, body: shown(channel) };
  }

  #channelCall(request: SeenRequest, token: string, id: string, subscriptions: boolean): Answer {
    const channel = this.channels.find((candidate) => candidate.id === id && candidate.token === token);
    if (channel === undefined) return error(404, "entity.not.found", "channel not found");
    if (!subscriptions) return request.method === "HEAD" ? { status: 200 } : error(405, "method", "method");
    const { method } = request;
    if (method === "GET") return { status: 200, body: { entities: channel.topics.map(permitted) } };
    if (method === "DELETE") {
      channel.topics.length = 0;
      return { status: 204 };
    }
    return this.#subscribe(channel, request);
  }

  #subscribe(channel: MutableChannel, { method, query, body }: SeenRequest): Answer {
    const wanted = (JSON.parse(body) as { id: string }[]).map(({ id }) => id);
    const bad = wanted.filter((topic) => this.forbidden.has(topic.toLowerCase()));
    if (bad.length > 0 && query["ignoreErrors"] !== "true") {
      return error(403, "notification.unauthorized.topic", `no permission for ${bad[0]}`);
    }
    const good = wanted.filter((topic) => !bad.includes(topic));
    channel.expires = this.expires();
    channel.topics = [...new Set([...(method === "PUT" ? [] : channel.topics), ...good])];
    const rejected = bad.map((id) => ({
      id,
      state: "Rejected",
      rejectionReason: "missing permission",
      missingPermissions: ["routing:queue:view"],
    }));
    return { status: 200, body: { entities: [...channel.topics.map(permitted), ...rejected] } };
  }

  #listing({ path, query }: SeenRequest): Answer {
    if (path === "/api/v2/users") return page(this.users, query);
    if (path === "/api/v2/authorization/divisions") return page(byName(this.divisions, query), query);
    if (path === "/api/v2/routing/queues") {
      const division = query["divisionId"];
      const queues = byName(this.queues, query).filter(
        (queue) => division === undefined || queue.division?.id === division,
      );
      return page(queues, query);
    }
    const queue = /^\/api\/v2\/routing\/queues\/([^/]+)\/members$/u.exec(path)?.[1];
    if (queue === undefined) return error(404, "not.found", "no such path");
    return page(
      (this.members.get(queue) ?? []).map((id) => ({ id, name: id })),
      query,
    );
  }
}

function foreignSocket(channel: MutableChannel, socket: WebSocket, duplex: Duplex): ForeignSocket {
  const received: string[] = [];
  let closed: number | undefined;
  let frozen = false;
  socket.on("message", (data: Buffer) => {
    received.push(data.toString("utf8"));
    if (frozen || received.at(-1) !== '{"message":"ping"}') return;
    socket.send('{"topicName":"channel.metadata","eventBody":{"message":"pong"}}');
  });
  socket.on("close", (code) => (closed = code));
  socket.on("error", () => {});
  return {
    channel,
    received,
    get closed() {
      return closed;
    },
    send(frame) {
      if (!frozen) socket.send(frame);
    },
    close: (code, reason) => socket.close(code, reason),
    cut: () => void duplex.destroy(),
    freeze() {
      frozen = true;
    },
    async answered() {
      // One way for the question, one for the answer: what comes between two ends is in order.
      for (const _ of ["there", "and back"]) {
        if (frozen || socket.readyState !== socket.OPEN) return;
        const waiting = new AbortController();
        const { signal } = waiting;
        const back = Promise.race([once(socket, "pong", { signal }), once(socket, "close", { signal })]);
        socket.ping();
        await back;
        waiting.abort();
      }
    },
  };
}

/** Whether a subscription entry covers a topic; combined entries stand for several. */
function covers(entry: string, topic: string): boolean {
  const [prefix = "", list] = entry.toLowerCase().split("?");
  const names = list === undefined ? [prefix] : list.split("&").map((last) => `${prefix}.${last}`);
  return names.includes(topic.toLowerCase());
}

function shown({ id, connectUri, expires }: MutableChannel): unknown {
  return { id, connectUri, expires };
}

function permitted(id: string): unknown {
  return { id, state: "Permitted" };
}

function byName(list: readonly Listed[], { name }: Readonly<Record<string, string>>): readonly Listed[] {
  return name === undefined ? list : list.filter((each) => each.name.toLowerCase() === name.toLowerCase());
}

function page(list: readonly Listed[], query: Readonly<Record<string, string>>): Answer {
  const pageSize = Number(query["pageSize"] ?? 25);
  const pageNumber = Number(query["pageNumber"] ?? 1);
  const entities = list.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
  const pageCount = Math.ceil(list.length / pageSize);
  return { status: 200, body: { entities, pageSize, pageNumber, pageCount, total: list.length } };
}

function error(status: number, code: string, message: string): Answer {
  return { status, body: { message, code, status, contextId: "ctx-1", details: [], errors: [] } };
}
