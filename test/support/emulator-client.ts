/** A plain client of the emulator for its tests: fetch and ws, nothing of the product. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Emulator } from "../../src/emulator/index.ts";

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- foreign JSON, looked into by tests
  readonly json: any;
}

/** Calls the emulator. */
export async function call(
  emulator: Emulator,
  method: string,
  path: string,
  token?: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${emulator.url}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json" && text !== "";
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : undefined };
}

/** Logs in with the emulator's own credentials, or others. */
export async function login(
  emulator: Emulator,
  id: string = emulator.clientId,
  secret: string = emulator.clientSecret,
): Promise<Answer> {
  const response = await fetch(`${emulator.url}/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

/** A token of the emulator's own client. */
export async function newToken(emulator: Emulator): Promise<string> {
  return (await login(emulator)).json.access_token as string;
}

/** A channel with topics. */
export interface TestChannel {
  readonly id: string;
  readonly connectUri: string;
  readonly token: string;
}

/** Makes a channel and puts topics on it. */
export async function newChannel(
  emulator: Emulator,
  token: string,
  topics: readonly string[] = [],
): Promise<TestChannel> {
  const made = await call(emulator, "POST", "/api/v2/notifications/channels", token);
  const channel = { id: made.json.id as string, connectUri: made.json.connectUri as string, token };
  if (topics.length > 0) {
    const path = `/api/v2/notifications/channels/${channel.id}/subscriptions`;
    await call(
      emulator,
      "PUT",
      path,
      token,
      topics.map((id) => ({ id })),
    );
  }
  return channel;
}

/** A socket that remembers what came. */
export interface TestSocket {
  readonly ws: WebSocket;
  /** Frames as they came. */
  readonly texts: readonly string[];
  /** Frames without heartbeats and pongs. */
  readonly events: () => readonly {
    readonly topicName: string;
    readonly eventBody: Readonly<Record<string, unknown>>;
  }[];
  /** Waits until so many frames came. */
  readonly until: (count: number) => Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Opens a socket. */
export async function openSocket(uri: string): Promise<TestSocket> {
  const ws = new WebSocket(uri);
  const texts: string[] = [];
  let onText = (): void => {};
  ws.on("message", (data: Buffer) => {
    texts.push(data.toString("utf8"));
    onText();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on("close", (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }));
  });
  await once(ws, "open");
  return {
    ws,
    texts,
    closed,
    events: () => texts.map((text) => JSON.parse(text)).filter((frame) => frame.topicName !== "channel.metadata"),
    until: (count) =>
      new Promise((resolve) => {
        onText = () => texts.length >= count && resolve();
        onText();
      }),
  };
}

/** Tries to open a socket and gives the refusal's status. */
export function refusedStatus(uri: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(uri);
    ws.on("unexpected-response", (_request, response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      ws.terminate();
    });
    ws.on("open", () => reject(new Error("the socket opened")));
    ws.on("error", () => {});
  });
}
