/**
 * A provider that speaks the platform-websocket dialect, written from its description and from nothing of ours: real HTTP, real
 * sockets, and a hand on every fault.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

/** How one token request is answered; absent: properly. */
export type TokenFault =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The connection is cut. */
  | { readonly kind: "reset" }
  /** Never answered. */
  | { readonly kind: "silence" };

/** How one upgrade is answered; absent: properly. */
export type UpgradeFault =
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  | { readonly kind: "reset" }
  | { readonly kind: "silence" };

/** One token request as it came. */
export interface TokenRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

/** One socket that stood. */
export interface ForeignSocket {
  readonly token: string;
  readonly path: string;
  readonly pings: number;
  readonly pongs: number;
  /** The code of the close, once it is over. */
  readonly closed: number | undefined;
  send(frame: string | Uint8Array): void;
  ping(): void;
  close(code: number, reason?: string): void;
  /** Ends it without a close frame. */
  cut(): void;
  /** Answers nothing any more, and does not say so. */
  freeze(): void;
}

/** The provider. */
export interface ForeignPlatform {
  readonly api: string;
  readonly socketBase: string;
  readonly tokenRequests: TokenRequest[];
  readonly tokenFaults: TokenFault[];
  readonly upgradeFaults: UpgradeFault[];
  /** Tokens given, in order. */
  readonly tokens: string[];
  /** Seconds that tokens live from now on. */
  lifeS: number;
  readonly sockets: ForeignSocket[];
  /** Sockets that stand. */
  standing(): ForeignSocket[];
  /** To every socket that stands, as the platform does: nothing is subscribed. */
  broadcast(frame: string): void;
  /** From now on the token is not accepted any more; sockets with it are closed. */
  revoke(token: string): void;
  close(): Promise<void>;
}

export interface ForeignPlatformOptions {
  readonly clientId: string;
  readonly clientSecret: string;
}

export async function startForeignPlatform(options: ForeignPlatformOptions): Promise<ForeignPlatform> {
  const connections = new Set<Socket>();
  const valid = new Set<string>();
  const server = createServer();
  const upgrades = new WebSocketServer({ noServer: true, autoPong: false });
  const port = await listen(server);
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });

  const platform: ForeignPlatform = {
    api: `http://127.0.0.1:${port}`,
    socketBase: `ws://127.0.0.1:${port}`,
    tokenRequests: [],
    tokenFaults: [],
    upgradeFaults: [],
    tokens: [],
    lifeS: 3_600,
    sockets: [],
    standing: () => platform.sockets.filter(({ closed }) => closed === undefined),
    broadcast(frame) {
      for (const socket of platform.standing()) socket.send(frame);
    },
    revoke(token) {
      valid.delete(token);
      for (const socket of platform.standing()) if (socket.token === token) socket.close(1008, "token ended");
    },
    async close() {
      for (const socket of connections) socket.destroy();
      upgrades.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("request", (incoming, outgoing) => void onRequest(platform, options, valid, incoming, outgoing));
  server.on("upgrade", (incoming, duplex, head) => onUpgrade(platform, upgrades, valid, incoming, duplex, head));
  return platform;
}

async function onRequest(
  platform: ForeignPlatform,
  { clientId, clientSecret }: ForeignPlatformOptions,
  valid: Set<string>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const text = await readText(incoming);
  const form = Object.fromEntries(new URLSearchParams(text));
  platform.tokenRequests.push({
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    contentType: incoming.headers["content-type"] ?? "",
    authorization: incoming.headers.authorization,
    form,
  });
  const fault = platform.tokenFaults.shift();
  if (fault?.kind === "silence") return;
  if (fault?.kind === "reset") {
    incoming.socket.destroy();
    return;
  }
  if (fault !== undefined) {
    outgoing.writeHead(fault.status, { ...fault.headers }).end(fault.body);
    return;
  }
  const known = form["client_id"] === clientId && form["client_secret"] === clientSecret;
  if (incoming.url !== "/oauth/token" || form["grant_type"] !== "client_credentials" || !known) {
    outgoing.writeHead(401, { "content-type": "application/json" }).end('{"error":"invalid_client"}');
    return;
  }
  const token = `canary-access-token-${platform.tokens.length + 1}`;
  platform.tokens.push(token);
  valid.add(token);
  outgoing.writeHead(200, { "content-type": "application/json" });
  outgoing.end(JSON.stringify({ access_token: token, token_type: "bearer", expires_in: platform.lifeS }));
}

function onUpgrade(
  platform: ForeignPlatform,
  upgrades: WebSocketServer,
  valid: Set<string>,
  incoming: IncomingMessage,
  duplex: Duplex,
  head: Buffer,
): void {
  const url = new URL(incoming.url ?? "", "http://platform");
  const token = url.searchParams.get("access_token") ?? "";
  const fault = platform.upgradeFaults.shift();
  if (fault?.kind === "silence") return;
  if (fault?.kind === "reset") {
    duplex.destroy();
    return;
  }
  if (fault !== undefined || !valid.has(token)) {
    const { status, body } = fault ?? { status: 401, body: `{"message":"bad token ${token}"}` };
    duplex.end(`HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    return;
  }
  upgrades.handleUpgrade(incoming, duplex, head, (socket) => {
    platform.sockets.push(foreignSocket(socket, duplex, token, url.pathname));
  });
}

function foreignSocket(socket: WebSocket, duplex: Duplex, token: string, path: string): ForeignSocket {
  let pings = 0;
  let pongs = 0;
  let closed: number | undefined;
  let frozen = false;
  socket.on("ping", (data: Buffer) => {
    pings += 1;
    if (!frozen) socket.pong(data);
  });
  socket.on("pong", () => (pongs += 1));
  socket.on("close", (code) => (closed = code));
  socket.on("error", () => {});
  return {
    token,
    path,
    get pings() {
      return pings;
    },
    get pongs() {
      return pongs;
    },
    get closed() {
      return closed;
    },
    send(frame) {
      if (!frozen) socket.send(frame);
    },
    ping: () => socket.ping(),
    close: (code, reason) => socket.close(code, reason),
    cut: () => void duplex.destroy(),
    freeze() {
      frozen = true;
    },
  };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
