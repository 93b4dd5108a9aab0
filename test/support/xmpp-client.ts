/** A plain client of the emulator's streaming wire: texts in, texts out, nothing of the product. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Emulator, UserLogin } from "../../src/emulator/index.ts";
import { call } from "./emulator-client.ts";

/** A stream that is open. */
export interface TestStream {
  readonly ws: WebSocket;
  /** All that came in. */
  readonly texts: string[];
  say(text: string): void;
  /** Sends a text, and gives what comes next. */
  ask(text: string, count?: number): Promise<string>;
  /** Waits until so many texts have come in all. */
  until(count: number): Promise<void>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
}

/** A channel of a user. */
export async function userChannel(
  emulator: Emulator,
  user: UserLogin,
  topics: readonly string[] = [],
): Promise<string> {
  const made = await call(
    emulator,
    "POST",
    "/api/v2/notifications/channels?connectionType=streaming",
    user.accessToken,
  );
  const id = made.json.id as string;
  if (topics.length > 0) await putTopics(emulator, user, id, topics);
  return id;
}

/** Makes these the topics of a channel; gives the status. */
export async function putTopics(
  emulator: Emulator,
  user: UserLogin,
  channelId: string,
  topics: readonly string[],
): Promise<number> {
  const path = `/api/v2/notifications/channels/${channelId}/subscriptions`;
  const body = topics.map((id) => ({ id }));
  return (await call(emulator, "PUT", path, user.accessToken, body)).status;
}

/** Opens the WebSocket of a channel's stream and says nothing yet. */
export async function openStream(emulator: Emulator, channelId: string): Promise<TestStream> {
  const ws = new WebSocket(`${emulator.url.replace("http", "ws")}/stream/channels/${channelId}`, "xmpp");
  const texts: string[] = [];
  const waiting = new Set<() => void>();
  ws.on("message", (data: Buffer) => {
    texts.push(data.toString("utf8"));
    for (const check of waiting) check();
  });
  ws.on("error", () => {});
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (texts.length < count) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const closed = new Promise<number>((resolve) => {
    ws.on("close", (code) => resolve(code));
  });
  await once(ws, "open");
  const say = (text: string): void => ws.send(text);
  return {
    ws,
    texts,
    say,
    until,
    closed,
    ask: async (text, count = 1) => {
      const before = texts.length;
      say(text);
      await until(before + count);
      return texts.slice(before).join("");
    },
  };
}

/** What a client says to log in. */
export function plain(user: string, token: string): string {
  const text = Buffer.from(`\0${user}\0authKey:${token}`).toString("base64");
  return `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${text}</auth>`;
}

/** What a client opens a stream with. */
export const OPEN = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="x" version="1.0"/>';

/** A request of a client that is bound. */
export function iq(type: "get" | "set", content: string, id = "1"): string {
  return `<iq xmlns="jabber:client" type="${type}" id="${id}" to="notifications.host">${content}</iq>`;
}

/** Asks for an address with the resource `r1`. */
export const BIND: string = iq(
  "set",
  '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>r1</resource></bind>',
  "b",
);

/** Subscribes to a node, or takes it back. */
export function pubsub(what: "subscribe" | "unsubscribe", node: string): string {
  return iq("set", `<pubsub xmlns="http://jabber.org/protocol/pubsub"><${what} node="${node}" jid="j"/></pubsub>`);
}

/** A stream that is bound. */
export async function boundStream(emulator: Emulator, user: UserLogin, channelId: string): Promise<TestStream> {
  const stream = await openStream(emulator, channelId);
  await stream.ask(OPEN, 2);
  await stream.ask(plain(user.jabberId, user.accessToken));
  await stream.ask(OPEN, 2);
  await stream.ask(BIND);
  return stream;
}
