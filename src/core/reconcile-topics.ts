/**
 * What a topic speaks of, as far as its present state can be asked for (docs/protocol.md, 9): a person's standing, the conversations
 * of a person or a queue, the numbers of a queue. All other topics tell of what happens, and nobody keeps that.
 */
import { topicIdentity } from "./topic.ts";

/** A part of a person's standing. */
export type StandingPart = "presence" | "routingStatus" | "station" | "outOfOffice";

/** Media whose conversations can be asked for one by one in their own shape; as in the topics and in REST's paths. */
export type MediumName = "calls" | "callbacks" | "chats" | "emails" | "messages";

/** What a topic speaks of. `identity`: the topic in the form in which topics are compared. */
export type TopicSubject =
  | {
      readonly kind: "standing";
      readonly identity: string;
      readonly userId: string;
      readonly shape: StandingPart | "activity";
      readonly parts: readonly StandingPart[];
    }
  | {
      readonly kind: "conversations";
      readonly identity: string;
      readonly of: "user" | "queue";
      readonly id: string;
      /** `any`: the generic shape, whatever the medium. */
      readonly medium: MediumName | "any";
    }
  | { readonly kind: "observations"; readonly identity: string; readonly queueId: string };

/** All media that can be asked for. */
export const MEDIUM_NAMES: readonly MediumName[] = ["calls", "callbacks", "chats", "emails", "messages"];

const USER = /^v2\.users\.[^.?]+\.(presence|routingstatus|station|outofoffice|activity)$/u;
const CONVERSATIONS = /^v2\.(users|routing\.queues)\.[^.?]+\.conversations(?:\.([a-z]+))?$/u;
const OBSERVATIONS = /^v2\.analytics\.queues\.[^.?]+\.observations$/u;
/** Ids go into paths and queries. */
const ID = /^[\w:@~-]{1,100}$/u;

const SHAPES: Readonly<Record<string, StandingPart | "activity">> = {
  presence: "presence",
  routingstatus: "routingStatus",
  station: "station",
  outofoffice: "outOfOffice",
  activity: "activity",
};

/** The subject of a topic; undefined where nothing can be asked for. */
export function topicSubject(topic: string): TopicSubject | undefined {
  const identity = topicIdentity(topic);
  // Ids as they are written: paths are not compared without regard to case.
  const written = topic.split(".");
  const about = USER.exec(identity)?.[1] ?? "";
  const userId = written[2] ?? "";
  const shape = SHAPES[about];
  if (shape !== undefined && ID.test(userId)) {
    const parts: readonly StandingPart[] =
      shape === "activity" ? ["presence", "routingStatus", "outOfOffice"] : [shape];
    return { kind: "standing", identity, userId, shape, parts };
  }
  const [, area, plural] = CONVERSATIONS.exec(identity) ?? [];
  const id = written[area === "users" ? 2 : 3] ?? "";
  if (area !== undefined && ID.test(id)) {
    const medium = plural === undefined ? "any" : MEDIUM_NAMES.find((name) => name === plural);
    if (medium === undefined) return undefined;
    return { kind: "conversations", identity, of: area === "users" ? "user" : "queue", id, medium };
  }
  const queueId = written[3] ?? "";
  return OBSERVATIONS.test(identity) && ID.test(queueId) ? { kind: "observations", identity, queueId } : undefined;
}

/** A topic's family, for people: `v2.users.{id}.conversationsummary`. */
export function topicFamily(topic: string): string {
  return topic
    .split(".")
    .map((part, place) => (place > 0 && /\d/u.test(part) ? "{id}" : part))
    .join(".");
}

/** What a live event on a topic is about: one object, of which the last event is remembered. */
export function standingObject(userId: string): string {
  return `user ${userId.toLowerCase()}`;
}

/** See {@link standingObject}. */
export function conversationObject(conversationId: string): string {
  return `conversation ${conversationId.toLowerCase()}`;
}

/** See {@link standingObject}. */
export function observationsObject(queueId: string, mediaType: string): string {
  return `queue ${queueId.toLowerCase()} ${mediaType.toLowerCase()}`;
}
