/** The socket side of the HTTP server: limits of connections and heads, the address, and a close that lets requests finish. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttpServer, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { SECURITY_HEADERS } from "./answer.ts";
import { isWildcard } from "./host-guard.ts";
import type { ServerLimits } from "./options.ts";

/** Where a server listens. */
export interface Listening {
  /** For people and clients: loopback where it listens on all addresses. */
  readonly url: string;
  readonly port: number;
}

/** Something that listens. */
export interface Listener {
  /** @throws RingfirstError `RF_SERVER_LISTEN` */
  listen(host: string, port: number): Promise<Listening>;
  /** Takes no more connections, waits for requests up to the budget, then cuts what is left. Idempotent. */
  close(): Promise<void>;
}

/** A listener that gives requests to `handle`. */
export function createListener(
  handle: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
  limits: ServerLimits,
  clock: Clock,
): Listener {
  let closing: Promise<void> | undefined;
  const server = createHttpServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      // Our own limit of the body comes first and answers in JSON; this one is the net below it.
      requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs + 1_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: limits.maxHeaderBytes,
      keepAliveTimeout: 5_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
      joinDuplicateHeaders: false,
    },
    (incoming, outgoing) => {
      if (closing !== undefined) outgoing.setHeader("connection", "close");
      handle(incoming, outgoing);
    },
  );
  server.maxConnections = limits.maxConnections;
  server.maxHeadersCount = limits.maxHeaders;
  server.on("clientError", onClientError);

  return {
    listen: (host, port) => listen(server, host, port),
    close() {
      closing ??= close(server, limits.closeMs, clock);
      return closing;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === "EADDRINUSE" ? "something else listens there" : (cause.code ?? cause.message);
      reject(new RingfirstError("RF_SERVER_LISTEN", `can't listen on ${host} port ${port}: ${why}`, { cause }));
    };
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      const bound = server.address() as AddressInfo;
      resolve({ url: `http://${reachable(host)}:${bound.port}`, port: bound.port });
    });
  });
}

function reachable(host: string): string {
  if (isWildcard(host)) return host === "::" ? "[::1]" : "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function close(server: Server, budgetMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(budgetMs, () => server.closeAllConnections());
    server.close(() => {
      timer.cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What Node itself refuses (no HTTP, a head too large or too slow) is answered in our shape too. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, code, message] = CLIENT_ERRORS[error.code ?? ""] ?? [400, "bad-request", "this is not valid HTTP"];
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  const headers = {
    ...SECURITY_HEADERS,
    "content-type": "application/json; charset=utf-8",
    "content-length": String(body.length),
    connection: "close",
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join("")}\r\n${body}`);
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "bad-request", "the head of the request is too large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "timeout", "the request took too long to arrive"],
};
