/** What the platform says of a channel's list of topics. Names are compared without case, combined entries stand for their parts. */
import { oneLine } from "../../core/cause.ts";
import { singleTopics, topicIdentity } from "../../core/topic.ts";

/** A topic that the platform did not take. */
export interface RejectedTopic {
  readonly topic: string;
  readonly reason: string;
  /** The permissions that the client lacks, where the platform names them. */
  readonly missingPermissions: readonly string[];
}

type Entity = Readonly<Record<string, unknown>>;

/** The longest foreign text that is shown. */
const MAX_TEXT = 300;
const MAX_PERMISSIONS = 20;
/** `routing:queue:view` */
const PERMISSION = /\b[a-z][a-z_]*(?::[a-z*][a-z_*]*){2}/giu;

/** Whether an answer is a list at all: an empty body or a page of HTML with status 200 says nothing. */
export function isList(json: unknown): boolean {
  return typeof json === "object" && json !== null && "entities" in json && Array.isArray(json.entities);
}

/** The objects of a list. */
export function readEntities(json: unknown): readonly Entity[] {
  const entities = typeof json === "object" && json !== null && "entities" in json ? json.entities : undefined;
  if (!Array.isArray(entities)) return [];
  return entities.filter((entity): entity is Entity => typeof entity === "object" && entity !== null);
}

/** The topics that are rejected, as they are written in `wanted`. */
export function readRejected(json: unknown, wanted: readonly string[]): readonly RejectedTopic[] {
  const spelling = new Map(wanted.map((topic) => [topicIdentity(topic), topic]));
  const found = new Map<string, RejectedTopic>();
  for (const { id, state, rejectionReason, missingPermissions } of readEntities(json)) {
    if (typeof id !== "string" || state !== "Rejected") continue;
    for (const single of singleTopics(id)) {
      const topic = spelling.get(topicIdentity(single)) ?? oneLine(single).slice(0, MAX_TEXT);
      found.set(topic, { topic, ...whyRejected(rejectionReason, missingPermissions) });
    }
  }
  return [...found.values()];
}

/** Those that the list does not have, neither taken nor rejected. */
export function missingFrom(json: unknown, wanted: readonly string[]): readonly string[] {
  const listed = new Set<string>();
  for (const { id } of readEntities(json)) {
    if (typeof id === "string") for (const topic of singleTopics(id)) listed.add(topicIdentity(topic));
  }
  return wanted.filter((topic) => !listed.has(topicIdentity(topic)));
}

/** The topic that a message is about; as a whole, not as the beginning of a longer one, and in one piece or as a combined entry's part. */
export function mentionedTopic(message: string, wanted: readonly string[]): string | undefined {
  const text = message.toLowerCase();
  return wanted.find((topic) => {
    const at = text.indexOf(topicIdentity(topic));
    return at !== -1 && !/[\w.]/u.test(text.charAt(at + topic.length).replace(/\.$/u, ""));
  });
}

/** The permissions that a text names. */
export function permissionsIn(text: string): readonly string[] {
  return [...new Set(text.match(PERMISSION))].slice(0, MAX_PERMISSIONS);
}

function whyRejected(reason: unknown, missing: unknown): Omit<RejectedTopic, "topic"> {
  const said = typeof reason === "string" ? oneLine(reason).slice(0, MAX_TEXT) : "";
  const listed = Array.isArray(missing) ? missing.filter((entry): entry is string => typeof entry === "string") : [];
  const named = listed.slice(0, MAX_PERMISSIONS).map((entry) => oneLine(entry).slice(0, 100));
  if (named.length === 0) {
    return { reason: said === "" ? "refused without a reason" : said, missingPermissions: permissionsIn(said) };
  }
  const lacks = `the client lacks ${named.join(", ").slice(0, MAX_TEXT)}`;
  return { reason: said === "" ? lacks : `${lacks} (${said})`, missingPermissions: named };
}
