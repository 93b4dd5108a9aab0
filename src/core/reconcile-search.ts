/**
 * Questions to the provider's analytics, and what their answers say: which conversations lived in an interval, and the numbers of a queue
 * (docs/protocol.md, 9).
 */
import { MEDIUM_NAMES, type MediumName } from "./reconcile-topics.ts";

type Json = Readonly<Record<string, unknown>>;

/** A conversation that lived in the interval, as far as a search tells. */
export interface FoundConversation {
  readonly id: string;
  /** In lower case. */
  readonly userIds: ReadonlySet<string>;
  /** In lower case. */
  readonly queueIds: ReadonlySet<string>;
  readonly media: ReadonlySet<MediumName>;
  readonly isAlerting: boolean;
  readonly isOver: boolean;
}

/** One page of a search. */
export interface FoundPage {
  readonly conversations: readonly FoundConversation[];
  /** How many there are on all pages. */
  readonly total: number;
  readonly isLast: boolean;
}

/** Conversations on a page, which is the most that the provider gives. */
export const SEARCH_PAGE = 100;

const MEDIA: ReadonlyMap<unknown, MediumName> = new Map([
  ["voice", "calls"],
  ["callback", "callbacks"],
  ["chat", "chats"],
  ["email", "emails"],
  ["message", "messages"],
]);

/** The body of a search: conversations of these people or queues that lived between two instants (epoch milliseconds). */
export function searchBody(
  of: "users" | "queues",
  ids: readonly string[],
  interval: { readonly from: number; readonly to: number },
  page: number,
): Json {
  const dimension = of === "users" ? "userId" : "queueId";
  return {
    interval: intervalText(interval.from, interval.to),
    // The oldest first: those that begin meanwhile come on the last page, and no page moves.
    order: "asc",
    orderBy: "conversationStart",
    segmentFilters: [{ type: "or", predicates: predicates(dimension, ids) }],
    paging: { pageSize: SEARCH_PAGE, pageNumber: page },
  };
}

/** The body of a question for the numbers of these queues. */
export function numbersBody(queueIds: readonly string[]): Json {
  return { filter: { type: "or", predicates: predicates("queueId", queueIds) } };
}

function predicates(dimension: string, ids: readonly string[]): readonly Json[] {
  return ids.map((value) => ({ type: "dimension", dimension, operator: "matches", value }));
}

/** A page of a search; undefined for an answer that is none. */
export function readFoundPage(json: unknown, page: number): FoundPage | undefined {
  const answer = asObject(json);
  const { totalHits, conversations = [] } = answer ?? {};
  if (answer === undefined || !Array.isArray(conversations)) return undefined;
  if (conversations.length === 0 && totalHits === undefined && answer["conversations"] === undefined) {
    // An empty object may be an answer without hits; an error is none.
    if (Object.keys(answer).length > 0 && answer["aggregations"] === undefined) return undefined;
  }
  const total = typeof totalHits === "number" ? totalHits : (page - 1) * SEARCH_PAGE + conversations.length;
  return {
    conversations: (conversations as readonly unknown[]).map(readFound).filter((one) => one !== undefined),
    total,
    isLast: conversations.length === 0 || page * SEARCH_PAGE >= total,
  };
}

function readFound(value: unknown): FoundConversation | undefined {
  const conversation = asObject(value);
  const id = conversation?.["conversationId"];
  if (conversation === undefined || typeof id !== "string" || !/^[\w:@~-]{1,100}$/u.test(id)) return undefined;
  const userIds = new Set<string>();
  const queueIds = new Set<string>();
  const media = new Set<MediumName>();
  let isAlerting = false;
  for (const participant of objects(conversation["participants"])) {
    addText(userIds, participant["userId"]);
    for (const session of objects(participant["sessions"])) {
      const medium = MEDIA.get(session["mediaType"]);
      if (medium !== undefined) media.add(medium);
      for (const { queueId, segmentType, segmentEnd } of objects(session["segments"])) {
        addText(queueIds, queueId);
        if (segmentType === "alert" && typeof segmentEnd !== "string") isAlerting = true;
      }
    }
  }
  return { id, userIds, queueIds, media, isAlerting, isOver: typeof conversation["conversationEnd"] === "string" };
}

/** Whether a conversation may have a topic of this medium; one of an unknown medium may have any. */
export function mayCarry(media: ReadonlySet<MediumName>, medium: MediumName | "any"): boolean {
  return medium === "any" || media.has(medium) || MEDIUM_NAMES.every((name) => !media.has(name));
}

/** The numbers of a queue and a medium now. */
export interface QueueNumbers {
  readonly queueId: string;
  readonly mediaType: string;
  /** As a live event has them, for the half hour that goes on. */
  readonly body: Json;
}

const HALF_HOUR_MS = 1_800_000;

/** The numbers in an answer; undefined for an answer that is none. */
export function readNumbers(json: unknown, now: number): readonly QueueNumbers[] | undefined {
  const answer = asObject(json);
  const { results } = answer ?? {};
  if (answer === undefined || (results !== undefined && !Array.isArray(results))) return undefined;
  if (results === undefined && Object.keys(answer).length > 0) return undefined;
  const from = Math.floor(now / HALF_HOUR_MS) * HALF_HOUR_MS;
  const interval = intervalText(from, from + HALF_HOUR_MS);
  return objects(results).flatMap(({ group, data }): readonly QueueNumbers[] => {
    const { queueId, mediaType = "" } = asObject(group) ?? {};
    if (typeof queueId !== "string" || typeof mediaType !== "string" || !Array.isArray(data)) return [];
    const metrics = objects(data).map(({ metric, qualifier, stats }) => ({
      metric,
      ...(qualifier !== undefined && { qualifier }),
      stats,
    }));
    return [{ queueId, mediaType, body: { group, data: [{ interval, metrics }] } }];
  });
}

function intervalText(from: number, to: number): string {
  return `${new Date(from).toISOString()}/${new Date(to).toISOString()}`;
}

function addText(texts: Set<string>, value: unknown): void {
  if (typeof value === "string" && value !== "") texts.add(value.toLowerCase());
}

function objects(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).map(asObject).filter((one) => one !== undefined);
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
