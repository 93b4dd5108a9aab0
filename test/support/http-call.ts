/** Plain HTTP for tests: says exactly what it is told to, `Host` included, and keeps nothing. */
import type { OutgoingHttpHeaders } from "node:http";
import { request } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";

/** One request. */
export interface HttpCall {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** Its answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

export function call(port: number, { method = "GET", path = "/", headers = {}, body }: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: tryParse(text) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A raw TCP connection with all that came so far. */
export interface RawConnection {
  readonly socket: Socket;
  readonly received: () => string;
  /** Resolves with all that came when the other side has ended. */
  readonly ended: Promise<string>;
  /** Resolves once `text` has come. */
  readonly until: (text: string) => Promise<string>;
}

export function rawConnection(port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    const waiters = new Set<() => void>();
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      received += text;
      for (const waiter of waiters) waiter();
    });
    const ended = new Promise<string>((done) => socket.on("close", () => done(received)));
    socket.on("error", reject);
    socket.on("connect", () =>
      resolve({
        socket,
        received: () => received,
        ended,
        until: (text) =>
          new Promise((found) => {
            const look = (): void => {
              if (!received.includes(text)) return;
              waiters.delete(look);
              found(received);
            };
            waiters.add(look);
            look();
          }),
      }),
    );
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
