/** node:http in and out: requests read in full under a size limit, answers written with their correlation id. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
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

/** Writes an answer; HEAD gets its headers only. */
export function writeAnswer(response: ServerResponse, request: ApiRequest, answer: Answer): void {
  const text = answer.json === undefined ? (answer.text ?? "") : JSON.stringify(answer.json);
  const type = answer.json === undefined ? "text/html; charset=utf-8" : "application/json";
  response.writeHead(answer.status, {
    ...(text !== "" && { "content-type": type }),
    ...(answer.status !== 204 && { "content-length": Buffer.byteLength(text) }),
    "ININ-Correlation-Id": request.correlationId,
    ...answer.headers,
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

/** Refuses an upgrade: there is no response object then, only the connection. */
export function refuseUpgrade(connection: Duplex, request: ApiRequest, answer: Answer): void {
  const text = answer.json === undefined ? (answer.text ?? "") : JSON.stringify(answer.json);
  const headers = {
    "content-type": answer.json === undefined ? "text/html; charset=utf-8" : "application/json",
    "content-length": String(Buffer.byteLength(text)),
    "ININ-Correlation-Id": request.correlationId,
    connection: "close",
    ...answer.headers,
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.end(`HTTP/1.1 ${answer.status} ${REASONS[answer.status] ?? "Error"}\r\n${head.join("")}\r\n${text}`);
}

/** Whether a peer's address is of this machine. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
}
