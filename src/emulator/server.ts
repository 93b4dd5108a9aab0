/**
 * One port for everything: login host, API, streaming host and control room (node:http + ws).
 *
 * It owns the connections and nothing else; what a request means is asked of {@link ServerHandlers}.
 */
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Answer, ApiRequest } from "./answer.ts";
import type { EmulatorTls } from "./options.ts";
import { apiError } from "./answer.ts";
import { isLoopback, readBody, refuseUpgrade, toApiRequest, writeAnswer } from "./http.ts";

/** What to do with an upgrade: take it (perhaps later), refuse it, leave it without an answer, or cut it. */
export type UpgradeVerdict =
  | { readonly kind: "accept"; readonly opened: (ws: WebSocket, connection: Duplex) => void; readonly delayMs?: number }
  | { readonly kind: "refuse"; readonly answer: Answer }
  | { readonly kind: "hang" }
  | { readonly kind: "cut" };

/** Who knows what requests mean. */
export interface ServerHandlers {
  readonly clock: Clock;
  /** `undefined` leaves the request without an answer. */
  readonly request: (request: ApiRequest, fromLoopback: boolean) => Answer | undefined;
  readonly upgrade: (request: ApiRequest) => UpgradeVerdict;
  readonly correlationId: () => string;
  /** Bytes that a request to this path may have. */
  readonly requestBytes: (path: string) => number;
}

/** Where to listen, and whether under TLS. */
export interface ListenAddress {
  readonly port: number;
  readonly host: string;
  readonly tls: EmulatorTls | undefined;
}

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Takes nobody in any more, and cuts what is left of plain HTTP. */
  stop(): Promise<void>;
}

/** Largest frame that a client may send. */
const MAX_PAYLOAD = 1_048_576;

/**
 * Starts to listen.
 *
 * @throws RingfirstError `RF_EMULATOR_LISTEN` when the address can't be had.
 */
export async function startServer(address: ListenAddress, handlers: ServerHandlers): Promise<HttpServer> {
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const server = serverFor(address.tls, (incoming, response) => {
    void readBody(incoming, handlers.requestBytes(incoming.url ?? "/")).then((body) => {
      const request = toApiRequest(incoming, body ?? "", handlers.correlationId());
      const answer = body === undefined ? tooLarge(request) : safely(handlers, request, incoming);
      if (answer !== undefined) writeAnswer(handlers.clock, response, request, answer);
    });
  });
  // node:http lets go of a connection that upgrades: what hangs or lingers is ours to cut.
  const upgrading = new Set<Duplex>();
  server.on("upgrade", (incoming: IncomingMessage, connection: Duplex, head: Buffer) => {
    upgrading.add(connection);
    connection.on("error", () => {}); // the peer went away during the handshake
    connection.on("close", () => upgrading.delete(connection));
    const request = toApiRequest(incoming, "", handlers.correlationId());
    const verdict = handlers.upgrade(request);
    if (verdict.kind === "refuse") refuseUpgrade(connection, request, verdict.answer);
    if (verdict.kind === "hang") waitForEnd(connection);
    if (verdict.kind === "cut") connection.destroy();
    if (verdict.kind !== "accept") return;
    const accept = (): void => {
      if (!connection.destroyed) wss.handleUpgrade(incoming, connection, head, (ws) => verdict.opened(ws, connection));
    };
    if (verdict.delayMs === undefined) accept();
    else handlers.clock.setTimer(verdict.delayMs, accept);
  });
  await listen(server, address);
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => stop(server, upgrading),
  };
}

function tooLarge(request: ApiRequest): Answer {
  return apiError(request, 413, "request.entity.too.large", "The request is too large.");
}

function safely(handlers: ServerHandlers, request: ApiRequest, incoming: IncomingMessage): Answer | undefined {
  try {
    return handlers.request(request, isLoopback(incoming.socket.remoteAddress));
  } catch (error) {
    const message =
      error instanceof URIError ? "The path is malformed." : "The server encountered an unexpected condition.";
    return error instanceof URIError
      ? apiError(request, 400, "bad.request", message)
      : apiError(request, 500, "internal.server.error", message);
  }
}

function serverFor(tls: EmulatorTls | undefined, onRequest: RequestListener): Server {
  if (tls === undefined) return createServer(onRequest);
  const { cert, key, maxVersion } = tls;
  // Versions that were given up need a lower bar than what is safe.
  const old = { minVersion: "TLSv1", maxVersion, ciphers: "DEFAULT@SECLEVEL=0" } as const;
  return createTlsServer({ cert, key, ...(maxVersion !== undefined && old) }, onRequest);
}

function listen(server: Server, { port, host }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(
        new RingfirstError("RF_EMULATOR_LISTEN", `The emulator can't listen on ${host}:${port}: ${cause.message}`, {
          cause,
        }),
      );
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

/** Says nothing until the peer gives up. */
function waitForEnd(connection: Duplex): void {
  connection.on("end", () => connection.destroy());
  connection.resume();
}

function stop(server: Server, upgrading: ReadonlySet<Duplex>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    for (const connection of upgrading) connection.destroy();
  });
}
