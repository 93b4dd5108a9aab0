/**
 * Genesys Cloud notifications as they are on the wire: literals, shapes, and what a topic's name says of its key.
 * Where each fact is from, and how sure it is: docs/protocol.md. There is no event id, sequence or time.
 */

/** Paths below the API host. */
export const API_PATHS = {
  token: "/oauth/token",
  channels: "/api/v2/notifications/channels",
  users: "/api/v2/users",
  queues: "/api/v2/routing/queues",
  divisions: "/api/v2/authorization/divisions",
  /** One conversation in the generic shape: its id follows; in that of one medium: the medium's plural and its id. */
  conversations: "/api/v2/conversations",
  searchConversations: "/api/v2/analytics/conversations/details/query",
  queueNumbers: "/api/v2/analytics/queues/observations/query",
} as const;

/** The state of a person: of many at once, and below the person's own path. */
export const STANDING_PATHS = {
  presences: "/api/v2/users/presences/purecloud/bulk",
  presence: "presences/purecloud",
  routingStatus: "routingstatus",
  station: "station",
  outOfOffice: "outofoffice",
} as const;

/** Members of an event frame. */
export const FRAME = {
  topic: "topicName",
  body: "eventBody",
  metadata: "metadata",
  correlationId: "CorrelationId",
} as const;

/** What a client may send to be answered by a `pong`. */
export const PING = '{"message":"ping"}';

const PONG =
  /"topicName"\s*:\s*"channel\.metadata".*"message"\s*:\s*"pong"|"message"\s*:\s*"pong".*"channel\.metadata"/su;
/** Answers are about 70 bytes long. */
const PONG_MAX_BYTES = 512;
const latin1 = new TextDecoder("latin1");

/** Whether a frame is the answer to {@link PING}. */
export function isPong(frame: Uint8Array): boolean {
  return frame.length <= PONG_MAX_BYTES && PONG.test(latin1.decode(frame));
}

/** A heartbeat comes every 30 s; after so much silence a link counts as dead (official clients). */
export const SILENCE_MS = 35_000;

/** Channels of one OAuth client; the 21st pushes out the least recently used, without an error. */
export const MAX_CHANNELS = 20;

/** What a topic that arrives without a subscription means. */
export type SystemTopic =
  | "heartbeat"
  | "socket-closing"
  | "no-longer-subscribed"
  | "token-revoked"
  | "subscription-updated"
  | "other";

/** The meaning of a system topic; undefined for an event's topic. */
export function systemTopic(topic: string): SystemTopic | undefined {
  const name = topic.toLowerCase();
  if (name === "channel.metadata") return "heartbeat";
  if (name === "v2.subscription.updated") return "subscription-updated";
  if (!name.startsWith("v2.system.")) return undefined;
  const rest = name.slice("v2.system.".length);
  if (rest.startsWith("socket_closing")) return "socket-closing";
  if (rest.startsWith("no_longer_subscribed")) return "no-longer-subscribed";
  if (rest.startsWith("token_revoked")) return "token-revoked";
  return "other";
}

/** Where the key of a topic's events is: in the name, or in the body's `id`. */
export type KeyPlace =
  | { readonly in: "topic"; readonly key: string }
  | { readonly in: "body" }
  | { readonly in: "nowhere" };

/** Topics whose own subject is a person or a queue, but whose events are conversations. */
const CONVERSATIONS_OF = /^v2\.(?:users|routing\.queues)\.[^.]+\.conversations(?:\.|$)/u;
/** Not conversations, though their topics begin alike: the body has no conversation snapshot. */
const NO_SNAPSHOT = /\.conversations\.(?:inbound\.typing\.event|summaries)/u;
const CONVERSATION_IN_TOPIC =
  /^v2\.(?:conversations(?:\.chats)?|detail\.events\.conversation|analytics\.conversation|speechandtextanalytics\.conversations?)\.([^.]+)(?:\.|$)/u;
/** A person or a queue stands at this place, whatever its id looks like. */
const SUBJECT = /^v2\.(?:users|routing\.queues|analytics\.queues)\.([^.?]+)/u;
/** An id between dots elsewhere: a UUID, or anything with a digit in it, as all ids of the platform have. */
const ID = /^(?=[^.]*\d)[\w:@~-]{4,}$/u;

/** The ordering key of a topic: the conversation's id, else the id of the topic's subject. */
export function keyPlace(topic: string): KeyPlace {
  const name = topic.toLowerCase();
  if (CONVERSATIONS_OF.test(name) && !NO_SNAPSHOT.test(name)) return { in: "body" };
  const known = (CONVERSATION_IN_TOPIC.exec(name) ?? SUBJECT.exec(name))?.[1];
  if (known !== undefined) return { in: "topic", key: sameCase(topic, name, known) };
  const subject = topic.split(".").find((part, place) => place > 1 && ID.test(part));
  return subject === undefined ? { in: "nowhere" } : { in: "topic", key: subject };
}

/** The part of a topic as it was written. */
function sameCase(topic: string, lower: string, part: string): string {
  const at = lower.indexOf(part);
  return topic.slice(at, at + part.length);
}
