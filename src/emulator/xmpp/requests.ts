/** Answers to the requests (`iq`) of a client that is bound. */
import { NS } from "./namespaces.ts";
import type { XmlElement } from "./xml-read.ts";
import { childOf } from "./xml-read.ts";
import type { Markup } from "./xml-write.ts";
import { element } from "./xml-write.ts";

/** Conditions of refused requests. */
export type StanzaRefusal = "bad-request" | "forbidden" | "item-not-found" | "service-unavailable" | "policy-violation";

/** What requests act on. */
export interface RequestHouse {
  readonly newId: () => string;
  readonly subscribe: (topic: string) => StanzaRefusal | undefined;
  readonly unsubscribe: (topic: string) => void;
  readonly sendsPings: boolean;
  readonly setPings: (wanted: boolean) => void;
}

/** The node that stands for pings by the server. */
export const PINGS_NODE = "enable.server.side.pings";

/** A content of the answer, nothing for an empty one, or why there is none. */
type Outcome = Markup | StanzaRefusal | undefined;

/** The answer to a request. */
export function answerRequest(request: XmlElement, house: RequestHouse): string {
  const [asked] = request.children;
  const outcome = asked === undefined || request.children.length > 1 ? "bad-request" : answer(request, asked, house);
  const { attributes } = request;
  const isRefused = typeof outcome === "string";
  const head = { xmlns: NS.client, type: isRefused ? "error" : "result", id: attributes.get("id") };
  const contents = outcome === undefined ? [] : [isRefused ? refusal(outcome) : outcome];
  return element("iq", { ...head, from: attributes.get("to") }, ...contents).markup;
}

function answer(request: XmlElement, asked: XmlElement, house: RequestHouse): Outcome {
  const isSet = request.attributes.get("type") === "set";
  switch (`${isSet ? "set" : "get"} ${asked.namespace}`) {
    case `get ${NS.ping}`:
    case `set ${NS.session}`:
      return undefined;
    case `get ${NS.discoInfo}`:
      return discoInfo(asked);
    case `get ${NS.discoItems}`:
    case `get ${NS.roster}`:
      return element("query", { xmlns: asked.namespace });
    case `get ${NS.services}`:
      // No servers for media here; without the element the client would take the answer for broken.
      return element("services", { xmlns: NS.services, type: asked.attributes.get("type") });
    case `set ${NS.pubsub}`:
      return answerPubsub(asked, house);
    default:
      return "service-unavailable";
  }
}

function discoInfo(asked: XmlElement): Markup {
  const features = [NS.discoInfo, NS.discoItems, NS.ping, NS.pubsub, NS.services];
  return element(
    "query",
    { xmlns: NS.discoInfo, node: asked.attributes.get("node") },
    element("identity", { category: "server", type: "im", name: "ringfirst emulator" }),
    ...features.map((feature) => element("feature", { var: feature })),
  );
}

function answerPubsub(asked: XmlElement, house: RequestHouse): Outcome {
  const subscribe = childOf(asked, "subscribe");
  const wish = subscribe ?? childOf(asked, "unsubscribe");
  const node = wish?.attributes.get("node");
  if (wish === undefined || node === undefined) return "bad-request";
  const isWanted = subscribe !== undefined;
  if (node === PINGS_NODE) {
    if (!house.sendsPings) return "item-not-found";
    house.setPings(isWanted);
  } else if (!isWanted) {
    house.unsubscribe(node);
  } else {
    const refused = house.subscribe(node);
    if (refused !== undefined) return refused;
  }
  if (!isWanted) return undefined;
  const subscription = { node, jid: wish.attributes.get("jid"), subid: house.newId(), subscription: "subscribed" };
  return element("pubsub", { xmlns: NS.pubsub }, element("subscription", subscription));
}

const ERROR_TYPES: Readonly<Record<StanzaRefusal, string>> = {
  "bad-request": "modify",
  forbidden: "auth",
  "item-not-found": "cancel",
  "service-unavailable": "cancel",
  "policy-violation": "modify",
};

function refusal(condition: StanzaRefusal): Markup {
  return element("error", { type: ERROR_TYPES[condition] }, element(condition, { xmlns: NS.stanzaError }));
}
