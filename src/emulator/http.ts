/** node:http in and out: requests read in full under a size limit, answers written with their correlation id. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../ports/clock.ts";
import type { Answer, ApiRequest } from "./answer.ts";

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Reads the whole body; `undefined` when it is larger than `maxBytes` or breaks off. */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return size > maxBytes ? undefined : Buffer.concat(chunks).toString("utf8");
}

/** The request as a value. */
export function toApiRequest(incoming: IncomingMessage, body: string, correlationId: string): ApiRequest {
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    headers: incoming.headers,
    body,
    correlationId,
  };
}

/** Writes an answer as it is delivered; HEAD gets its headers only. */
export function writeAnswer(clock: Clock, response: ServerResponse, request: ApiRequest, answer: Answer): void {
  const { delayMs = 0, dripMs, isCut } = answer.delivery ?? {};
  if (isCut === true) {
    response.destroy();
    return;
  }
  if (delayMs > 0) {
    clock.setTimer(delayMs, () =>
      writeAnswer(clock, response, request, { ...answer, delivery: dripMs === undefined ? {} : { dripMs } }),
    );
    return;
  }
  const { text, headers } = toText(request, answer);
  response.writeHead(answer.status, headers);
  if (request.method === "HEAD") response.end();
  else if (dripMs === undefined) response.end(text);
  else drip(clock, response, Buffer.from(text), dripMs);
}

/** One byte now, the others later, until the reader goes. */
function drip(clock: Clock, response: ServerResponse, bytes: Buffer, dripMs: number): void {
  if (response.destroyed) return;
  if (bytes.length === 0) response.end();
  else {
    response.write(bytes.subarray(0, 1));
    clock.setTimer(dripMs, () => drip(clock, response, bytes.subarray(1), dripMs));
  }
}

function toText(
  request: ApiRequest,
  answer: Answer,
): { readonly text: string; readonly headers: Readonly<Record<string, string>> } {
  const text = answer.json === undefined ? (answer.text ?? "") : JSON.stringify(answer.json);
  const type = answer.json === undefined ? (answer.type ?? "text/html; charset=utf-8") : "application/json";
  return {
    text,
    headers: {
      ...(text !== "" && { "content-type": type }),
      ...(answer.status !== 204 && { "content-length": String(Buffer.byteLength(text)) }),
      "ININ-Correlation-Id": request.correlationId,
      ...answer.headers,
    },
  };
}

/** Refuses an upgrade: there is no response object then, only the connection. */
export function refuseUpgrade(connection: Duplex, request: ApiRequest, answer: Answer): void {
  const { text, headers } = toText(request, answer);
  const head = Object.entries({ connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.end(`HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? "Error"}\r\n${head.join("")}\r\n${text}`);
}

/** Whether a peer's address is of this machine. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
}
