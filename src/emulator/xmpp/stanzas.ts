/** What the JSON socket says, as the streaming wire says it (docs/emulator.md, "The streaming client"). */
import { asObject, decodeJson } from "../answer.ts";
import { NS } from "./namespaces.ts";
import { element } from "./xml-write.ts";

/** Who a stanza is for. */
export interface Listener {
  /** Of the house. */
  readonly domain: string;
  /** Full address. */
  readonly address: string;
  readonly newId: () => string;
}

const CLOSING_TOPIC = "v2.system.socket_closing";
const SYSTEM_PREFIX = "v2.system.";
const EXPIRING_NODE = "streaming-subscriptions-expiring";

/**
 * A frame of the JSON socket as a stanza. What is no event (the junk that a fault sends) stays as it is, and `undefined` is said of what this
 * wire doesn't have.
 */
export function toStanza(frame: Buffer, listener: Listener): Buffer | undefined {
  const event = readEvent(frame);
  if (event === undefined) return frame;
  const { topic, bodyText } = event;
  if (topic === "channel.metadata") return undefined;
  if (topic === CLOSING_TOPIC) return Buffer.from(transfer(listener));
  const node = topic.startsWith(SYSTEM_PREFIX) ? `system.v2.${topic.slice(SYSTEM_PREFIX.length)}` : topic;
  return Buffer.from(message(node, bodyText, listener));
}

/** The notice, as a frame of the JSON socket, that subscriptions end in so many seconds unless they are made anew. */
export function expiringFrame(seconds: number): Buffer {
  return Buffer.from(JSON.stringify({ topicName: EXPIRING_NODE, eventBody: { expiring: seconds } }));
}

/** A ping of the server. */
export function ping({ domain, address, newId }: Listener): string {
  const attributes = { xmlns: NS.client, type: "get", id: newId(), from: domain, to: address };
  return element("iq", attributes, element("ping", { xmlns: NS.ping })).markup;
}

/** Topic and body of a frame. The body's text is what `JSON.stringify` makes of it: the same text as in the frame, for all that the emulator wrote. */
function readEvent(frame: Buffer): { readonly topic: string; readonly bodyText: string } | undefined {
  const text = frame.toString("utf8");
  if (text.includes("\uFFFD") && !Buffer.from(text).equals(frame)) return undefined;
  const read = asObject(decodeJson(text)?.value);
  const topic = read?.["topicName"];
  const body = read?.["eventBody"];
  if (typeof topic !== "string" || body === undefined) return undefined;
  try {
    return { topic, bodyText: JSON.stringify(body) };
  } catch {
    return undefined; // deeper than the stack
  }
}

function message(node: string, bodyText: string, { domain, address, newId }: Listener): string {
  // JSON has words of its own for the two characters that XML can't carry.
  const json = bodyText.replaceAll("\uFFFE", String.raw`\ufffe`).replaceAll("\uFFFF", String.raw`\uffff`);
  const item = element("item", { id: newId() }, element("json", { xmlns: NS.json }, json));
  return element(
    "message",
    { xmlns: NS.client, from: `notifications.${domain}`, to: address, id: newId() },
    element("event", { xmlns: NS.pubsubEvent }, element("items", { node }, item)),
  ).markup;
}

/** "Come back on another socket", which is what `socket_closing` is here. */
function transfer({ domain, address, newId }: Listener): string {
  const attributes = { xmlns: NS.client, type: "set", id: newId(), from: domain, to: address };
  return element("iq", attributes, element("query", { xmlns: NS.transfer }, element("domain", {}, domain))).markup;
}
