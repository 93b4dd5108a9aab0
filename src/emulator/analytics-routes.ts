/** REST reads of conversations and statistics (docs/protocol.md, 9): single conversations, and the analytics queries. */
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError, asObject, decodeWithoutNulls, notFound, ok } from "./answer.ts";
import { asKnownAt, segmentRecords, toDetails } from "./conversation-details.ts";
import type { DirectoryContext } from "./directory-context.ts";
import type { Filter } from "./predicates.ts";
import { readFilter } from "./predicates.ts";
import type { ShownConversation } from "./rest-states.ts";
import type { Json } from "./said.ts";

const MAX_DETAILS_PAGE = 100;
const DEFAULT_PAGE = 25;
const MAX_INTERVAL_MS = 31 * 86_400_000;
const CONVERSATION_DIMENSIONS = [
  "conversationId",
  "conversationStart",
  "conversationEnd",
  "originatingDirection",
  "divisionId",
];
const SEGMENT_DIMENSIONS = (
  "queueId userId mediaType direction purpose participantId participantName sessionId provider ani dnis segmentType " +
  "segmentStart segmentEnd disconnectType wrapUpCode"
).split(" ");

/** By what conversations are put in order: the first of their instants of that kind. */
const ORDERS: Readonly<Record<string, (details: Json) => string>> = {
  conversationStart: ({ conversationStart }) => String(conversationStart),
  conversationEnd: ({ conversationEnd }) => (typeof conversationEnd === "string" ? conversationEnd : OPEN),
  segmentStart: (details) => firstOf(details, "segmentStart"),
  segmentEnd: (details) => firstOf(details, "segmentEnd"),
};
/** What goes on stands behind all that has ended. */
const OPEN = "9999";

function firstOf(details: Json, name: "segmentStart" | "segmentEnd"): string {
  const instants = segmentRecords(details).map(({ [name]: instant }) => (typeof instant === "string" ? instant : OPEN));
  return instants.sort()[0] ?? OPEN;
}

/** `GET /api/v2/conversations/{id}`. */
export function answerConversation({ states }: DirectoryContext, request: ApiRequest, id: string): Answer {
  const shown = states().conversation(id);
  return shown === undefined ? notFound(request) : ok(shown.generic);
}

/** `GET /api/v2/conversations/calls/{id}` and its siblings. */
export function answerMedium({ states }: DirectoryContext, request: ApiRequest, id: string, plural: string): Answer {
  const body = states().conversation(id)?.media[plural];
  return body === undefined ? notFound(request) : ok(body);
}

/** "Active conversations for the logged in user": a client-credentials token has no user. */
export function answerNoUser({ switches }: DirectoryContext, request: ApiRequest): Answer {
  if (switches.conversationsWithoutUser === "empty")
    return ok({ entities: [], pageSize: 0, pageNumber: 1, total: 0, pageCount: 0, selfUri: request.path });
  const message = "This endpoint needs a user; the token was made with client credentials.";
  return apiError(request, 400, "bad.request", message);
}

/** `GET /api/v2/analytics/conversations/{id}/details`. */
export function answerOneDetails(context: DirectoryContext, request: ApiRequest, id: string): Answer {
  const details = knownDetails(context, context.states().conversation(id));
  return details === undefined ? notFound(request) : ok(details);
}

/** `POST /api/v2/analytics/conversations/details/query`. */
export function answerDetailsQuery(context: DirectoryContext, request: ApiRequest): Answer {
  const query = readDetailsQuery(request.body);
  if (typeof query === "string") return apiError(request, 400, "bad.request", query);
  const now = context.states();
  const found = now
    .conversationIds()
    .flatMap((id): readonly Json[] | Json => knownDetails(context, now.conversation(id)) ?? [])
    .filter(query.isWanted);
  const placeOf = (details: Json): string => query.orderKey(details);
  found.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : Number(placeOf(a) > placeOf(b))));
  if (query.isDescending) found.reverse();
  const from = (query.pageNumber - 1) * query.pageSize + (request.played?.pageShift ?? 0);
  const page = found.slice(Math.max(0, from), from + query.pageSize);
  return ok({ ...(page.length > 0 && { conversations: page }), totalHits: found.length });
}

/** The conversation as analytics know it by now; `undefined` while they have heard nothing of it. */
function knownDetails({ now, switches }: DirectoryContext, shown: ShownConversation | undefined): Json | undefined {
  const details = shown && toDetails(shown);
  return details && asKnownAt(details, switches.analyticsLagMs === 0 ? Infinity : now() - switches.analyticsLagMs);
}

interface DetailsQuery {
  readonly isWanted: (details: Json) => boolean;
  readonly isDescending: boolean;
  readonly orderKey: (details: Json) => string;
  readonly pageSize: number;
  readonly pageNumber: number;
}

/** Reads a query, or says what is wrong with it. */
function readDetailsQuery(body: string): DetailsQuery | string {
  const query = asObject(decodeWithoutNulls(body)?.value);
  if (query === undefined) return "The request body must be a query: {interval: start/end}";
  const interval = readInterval(query["interval"]);
  if (typeof interval === "string") return interval;
  const onConversations = readFilters(query["conversationFilters"], CONVERSATION_DIMENSIONS);
  if (typeof onConversations === "string") return onConversations;
  const onSegments = readFilters(query["segmentFilters"], SEGMENT_DIMENSIONS);
  if (typeof onSegments === "string") return onSegments;
  const { orderBy = "conversationStart", order = "asc" } = query;
  const orderKey = ORDERS[String(orderBy)];
  if (orderKey === undefined) return `orderBy must be one of ${Object.keys(ORDERS).join(", ")}; got ${String(orderBy)}`;
  if (order !== "asc" && order !== "desc" && order !== "unordered") return "order must be asc, desc or unordered";
  const { pageSize = DEFAULT_PAGE, pageNumber = 1 } = asObject(query["paging"]) ?? {};
  if (!isWhole(pageSize, MAX_DETAILS_PAGE)) return `pageSize must be a whole number from 1 to ${MAX_DETAILS_PAGE}`;
  if (!isWhole(pageNumber, 1_000_000)) return "pageNumber must be a whole number from 1";
  const isWanted = (details: Json): boolean => {
    const { conversationStart, conversationEnd, divisionIds } = details;
    if (instant(conversationStart, 0) >= interval.to) return false;
    if (instant(conversationEnd, Infinity) < interval.from) return false;
    const divisionId = (divisionIds as readonly unknown[])[0];
    if (!onConversations.every((filter) => filter({ ...details, divisionId }))) return false;
    return onSegments.length === 0 || segmentRecords(details).some((record) => onSegments.every((one) => one(record)));
  };
  return { isWanted, isDescending: order === "desc", orderKey, pageSize, pageNumber };
}

function instant(text: unknown, fallback: number): number {
  return typeof text === "string" ? Date.parse(text) : fallback;
}

function isWhole(value: unknown, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max;
}

function readInterval(value: unknown): { readonly from: number; readonly to: number } | string {
  const [from = Number.NaN, to = Number.NaN] = String(value)
    .split("/")
    .map((instant) => Date.parse(instant));
  if (Number.isNaN(from) || Number.isNaN(to) || to <= from)
    return "interval must be two instants: 2026-01-01T00:00:00Z/2026-01-02T00:00:00Z";
  return to - from > MAX_INTERVAL_MS ? "interval must be at most 31 days" : { from, to };
}

function readFilters(value: unknown, dimensions: readonly string[]): readonly Filter[] | string {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return "filters must be a list";
  const filters = value.map((filter) => readFilter(filter, dimensions));
  return filters.find((filter) => typeof filter === "string") ?? (filters as readonly Filter[]);
}

/** `POST /api/v2/analytics/queues/observations/query`: what the last event of each queue said. */
export function answerObservationsQuery({ states, directory }: DirectoryContext, request: ApiRequest): Answer {
  const query = asObject(decodeWithoutNulls(request.body)?.value) ?? {};
  const filter = readFilter(query["filter"], ["queueId", "mediaType"]);
  if (typeof filter === "string") return apiError(request, 400, "bad.request", filter);
  const wanted: unknown = query["metrics"];
  if (wanted !== undefined && !Array.isArray(wanted))
    return apiError(request, 400, "bad.request", "metrics must be a list");
  const now = states();
  const results = directory.queues.flatMap(({ id }) => {
    const { group, data } = now.observations(id) ?? {};
    if (!filter(asObject(group) ?? {}) || !Array.isArray(data)) return [];
    const metrics = data.flatMap((one) => (asObject(one)?.["metrics"] ?? []) as readonly Json[]);
    return [{ group, data: metrics.filter(({ metric }) => wanted?.includes(metric) ?? true) }];
  });
  return ok({ results });
}
