/** What the JSON socket says, as the streaming wire says it (docs/emulator.md, "The streaming client"). */
import { asObject, decodeJson } from "../answer.ts";
import { NS } from "./namespaces.ts";
import { element } from "./xml-write.ts";

/** Who a stanza is for. */
export interface Listener {
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
export function toStanza(frame: Buffer, listener: Listener): string | undefined {
  const text = frame.toString("utf8");
  const read = asObject(decodeJson(text)?.value);
  const topic = read?.["topicName"];
  const body = read?.["eventBody"];
  if (typeof topic !== "string" || body === undefined) return text;
  if (topic === "channel.metadata") return undefined;
  if (topic === CLOSING_TOPIC) return transfer(listener);
  const node = topic.startsWith(SYSTEM_PREFIX) ? `system.v2.${topic.slice(SYSTEM_PREFIX.length)}` : topic;
  return event(node, body, listener);
}

/** The notice that subscriptions end in so many seconds unless they are made anew. */
export function expiringNotice(seconds: number, listener: Listener): string {
  return event(EXPIRING_NODE, { expiring: seconds }, listener);
}

/** A ping of the server. */
export function ping({ domain, address, newId }: Listener): string {
  const attributes = { xmlns: NS.client, type: "get", id: newId(), from: domain, to: address };
  return element("iq", attributes, element("ping", { xmlns: NS.ping })).markup;
}

function event(node: string, body: unknown, { domain, address, newId }: Listener): string {
  // JSON has words of its own for the two characters that XML can't carry.
  const json = JSON.stringify(body).replaceAll("\uFFFE", "\\ufffe").replaceAll("\uFFFF", "\\uffff");
  const item = element("item", { id: newId() }, element("json", { xmlns: NS.json }, json));
  return element(
    "message",
    { xmlns: NS.client, from: `notifications.${domain}`, to: address, type: "headline", id: newId() },
    element("event", { xmlns: NS.pubsubEvent }, element("items", { node }, item)),
  ).markup;
}

/** "Come back on another socket", which the client makes of `socket_closing`. */
function transfer({ domain, address, newId }: Listener): string {
  const attributes = { xmlns: NS.client, type: "set", id: newId(), from: domain, to: address };
  return element("iq", attributes, element("query", { xmlns: NS.transfer }, element("domain", {}, domain))).markup;
}
