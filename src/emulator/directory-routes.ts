/** REST reads of people, queues and their states (docs/protocol.md, 9, 9a). */
import type { Answer, ApiRequest } from "./answer.ts";
import {
  answerConversation,
  answerDetailsQuery,
  answerMedium,
  answerNoUser,
  answerObservationsQuery,
  answerOneDetails,
} from "./analytics-routes.ts";
import { apiError, asObject, notFound, ok } from "./answer.ts";
import type { DirectoryQueue, DirectoryUser, Division } from "./directory.ts";
import type { DirectoryContext } from "./directory-context.ts";
import { answerPage, readList } from "./paging.ts";
import type { Json } from "./said.ts";
import { MEDIUM_PLURALS } from "./snapshot.ts";
import { toSubject } from "./subjects.ts";

const BULK_PRESENCES = 50;
const BULK_USERS = 100;

/** Answers a read; `undefined` for a path that is not the directory's. */
export function answerDirectory(context: DirectoryContext, request: ApiRequest): Answer | undefined {
  const route = findRoute(request.path.slice("/api/v2/".length).split("/"));
  if (route === undefined) return undefined;
  const isQuery = request.path.endsWith("/query");
  if (isQuery ? request.method !== "POST" : request.method !== "GET" && request.method !== "HEAD") {
    return apiError(request, 405, "method.not.allowed", "HTTP 405 Method Not Allowed");
  }
  if (route.permission !== undefined && context.permissions.isDenied(route.permission)) {
    return apiError(
      request,
      403,
      "missing.permissions",
      `Unable to perform the requested action. You are missing the following permission(s): ${route.permission}`,
    );
  }
  return route.answer(context, request, route.id);
}

interface Route {
  readonly answer: (context: DirectoryContext, request: ApiRequest, id: string) => Answer;
  readonly permission?: string;
  readonly id: string;
}

type RouteEntry = readonly [pattern: string, answer: Route["answer"], permission?: string];

const CONVERSATION_VIEW = "conversation:communication:view";
const DETAIL_VIEW = "analytics:conversationDetail:view";

const ROUTES: readonly RouteEntry[] = [
  ["users/presences/purecloud/bulk", answerPresences],
  ["users", answerUsers],
  ["users/{id}", (context, request, id) => oneUser(context, request, id, (user) => toUser(context, request, user))],
  [
    "users/{id}/routingstatus",
    (context, request, id) => oneUser(context, request, id, (user) => toRoutingStatus(context, user.id)),
  ],
  [
    "users/{id}/presences/purecloud",
    (context, request, id) => oneUser(context, request, id, (user) => toPresence(context, user.id)),
  ],
  [
    "users/{id}/station",
    (context, request, id) => oneUser(context, request, id, (user) => toStation(context, user.id)),
  ],
  [
    "users/{id}/outofoffice",
    (context, request, id) => oneUser(context, request, id, (user) => toOutOfOffice(context, user.id)),
  ],
  ["users/{id}/queues", answerQueuesOf],
  ["routing/queues/divisionviews", answerDivisionViews, "routing:queue:search"],
  ["routing/queues", answerQueues, "routing:queue:view"],
  ["routing/queues/{id}", answerQueue, "routing:queue:view"],
  ["routing/queues/{id}/members", answerMembers, "routing:queueMember:view"],
  ["authorization/divisions", answerDivisions],
  ["authorization/subjects/me", answerSubject],
  ["conversations", answerNoUser],
  ["conversations/{id}", answerConversation, CONVERSATION_VIEW],
  ...Object.values(MEDIUM_PLURALS).map((plural): RouteEntry => [
    `conversations/${plural}/{id}`,
    (context, request, id) => answerMedium(context, request, id, plural),
    CONVERSATION_VIEW,
  ]),
  ["analytics/conversations/details/query", answerDetailsQuery, DETAIL_VIEW],
  ["analytics/conversations/{id}/details", answerOneDetails, DETAIL_VIEW],
  ["analytics/queues/observations/query", answerObservationsQuery, "analytics:queueObservation:view"],
];

function findRoute(segments: readonly string[]): Route | undefined {
  for (const [pattern, answer, permission] of ROUTES) {
    const wanted = pattern.split("/");
    if (wanted.length !== segments.length) continue;
    if (!wanted.every((part, at) => part === "{id}" || part === segments[at])) continue;
    const id = segments[wanted.indexOf("{id}")] ?? "";
    return { answer, id: decodeURIComponent(id), ...(permission !== undefined && { permission }) };
  }
  return undefined;
}

function answerUsers(context: DirectoryContext, request: ApiRequest): Answer {
  const state = request.query.get("state") ?? "active";
  const ids = readList(request, "id");
  if (ids !== undefined && ids.size > BULK_USERS) return tooManyIds(request, BULK_USERS, ids.size);
  const { users, inactive } = context.directory;
  const byState = new Map([
    ["active", users],
    ["inactive", inactive],
    ["any", [...users, ...inactive]],
  ]);
  const here = byState.get(state) ?? [];
  const listed = ids === undefined ? here : here.filter((user) => ids.has(user.id));
  return answerPage(request, sorted(request, listed), { maxSize: 500 }, (user) => toUser(context, request, user));
}

function answerQueues(context: DirectoryContext, request: ApiRequest): Answer {
  return answerPage(request, filterQueues(context, request), { maxSize: 500 }, toQueue);
}

function answerDivisionViews(context: DirectoryContext, request: ApiRequest): Answer {
  const simplified = (queue: DirectoryQueue): unknown => ({
    id: queue.id,
    name: queue.name,
    division: toDivision(queue.division),
  });
  return answerPage(request, filterQueues(context, request), { maxSize: 100, maxNumber: 5 }, simplified);
}

function answerQueue(context: DirectoryContext, request: ApiRequest, id: string): Answer {
  const queue = context.directory.queueById.get(id);
  return queue === undefined ? notFound(request) : ok(toQueue(queue));
}

function answerMembers(context: DirectoryContext, request: ApiRequest, id: string): Answer {
  const queue = context.directory.queueById.get(id);
  if (queue === undefined) return notFound(request);
  const routing = readList(request, "routingStatus");
  const presence = readList(request, "presence");
  const joined = request.query.get("joined") !== "false";
  const members = queue.memberIds.filter((userId) => {
    if (routing !== undefined && !routing.has(String(toRoutingStatus(context, userId)["status"]))) return false;
    return joined && (presence === undefined || presence.has(systemPresenceOf(context, userId)));
  });
  return answerPage(request, members, { maxSize: 100 }, (userId) => ({
    id: userId,
    name: context.directory.userById.get(userId)?.name,
    ringNumber: 1,
    joined: true,
    memberBy: "user",
    routingStatus: toRoutingStatus(context, userId),
    selfUri: `/api/v2/routing/queues/${id}/members/${userId}`,
  }));
}

/** `GET /api/v2/users/{id}/queues`. */
function answerQueuesOf(context: DirectoryContext, request: ApiRequest, id: string): Answer {
  const user = context.directory.userById.get(id);
  if (user === undefined || request.query.get("joined") === "false")
    return user === undefined ? notFound(request) : answerPage(request, [], { maxSize: 100 }, String);
  return answerPage(request, user.queueIds, { maxSize: 100 }, (queueId) => {
    const queue = context.directory.queueById.get(queueId);
    return { ...(queue && toQueue(queue)), joined: true };
  });
}

function answerDivisions(context: DirectoryContext, request: ApiRequest): Answer {
  const ids = readList(request, "id");
  const name = request.query.get("name");
  const listed = context.directory.divisions.filter(
    (division) => (ids?.has(division.id) ?? true) && matches(name, division.name),
  );
  return answerPage(request, listed, { maxSize: 500 }, (division) => ({
    ...toDivision(division),
    homeDivision: division.name === "Home",
  }));
}

/** All that the emulator asks of anybody, but what was taken away. */
function answerSubject(context: DirectoryContext, request: ApiRequest): Answer {
  const { switches, permissions, topicPermissions, directory, clientId } = context;
  if (switches.ownGrants === "not-found") return notFound(request);
  const ofRoutes = ROUTES.flatMap(([, , permission]) => permission ?? []);
  const held = [...new Set([...topicPermissions, ...ofRoutes])].filter((one) => !permissions.isDenied(one));
  return ok(toSubject(clientId, directory, held, switches.ownGrants === "permissions"));
}

function answerPresences(context: DirectoryContext, request: ApiRequest): Answer {
  const ids = [...(readList(request, "id") ?? [])];
  if (ids.length > BULK_PRESENCES) return tooManyIds(request, BULK_PRESENCES, ids.length);
  return ok(ids.filter((id) => context.directory.userById.has(id)).map((id) => toPresence(context, id)));
}

function tooManyIds(request: ApiRequest, allowed: number, got: number): Answer {
  return apiError(request, 400, "constraint.validation", `At most ${allowed} ids can be asked for, got ${got}`);
}

function oneUser(
  context: DirectoryContext,
  request: ApiRequest,
  id: string,
  toJson: (user: DirectoryUser) => unknown,
): Answer {
  const user = context.directory.userById.get(id);
  return user === undefined ? notFound(request) : ok(toJson(user));
}

function filterQueues(context: DirectoryContext, request: ApiRequest): readonly DirectoryQueue[] {
  const ids = readList(request, "id");
  const divisions = readList(request, "divisionId");
  const name = request.query.get("name");
  const listed = context.directory.queues.filter(
    (queue) =>
      (ids?.has(queue.id) ?? true) &&
      (divisions === undefined || divisions.has("*") || divisions.has(queue.division.id)) &&
      matches(name, queue.name),
  );
  return sorted(request, listed);
}

/** Compares a name with a filter that may begin and end with `*`. */
function matches(filter: string | null, name: string): boolean {
  if (filter === null || filter === "") return true;
  const wanted = filter.toLowerCase();
  const open = wanted.startsWith("*");
  const core = wanted.replaceAll("*", "");
  const have = name.toLowerCase();
  if (open && wanted.endsWith("*")) return have.includes(core);
  if (open) return have.endsWith(core);
  return wanted.endsWith("*") ? have.startsWith(core) : have === core;
}

function sorted<T extends { readonly name: string }>(request: ApiRequest, list: readonly T[]): readonly T[] {
  const order = request.query.get("sortOrder")?.toLowerCase();
  if (order === undefined) return list;
  const ascending = [...list].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return order.startsWith("desc") ? ascending.reverse() : ascending;
}

function toDivision(division: Division): Json {
  return { id: division.id, name: division.name, selfUri: `/api/v2/authorization/divisions/${division.id}` };
}

function toUser(context: DirectoryContext, request: ApiRequest, user: DirectoryUser): Json {
  const expand = readList(request, "expand");
  return {
    id: user.id,
    name: user.name,
    division: toDivision(user.division),
    email: user.email,
    username: user.email,
    state: context.directory.inactive.includes(user) ? "inactive" : "active",
    version: 1,
    ...(expand?.has("presence") === true && { presence: toPresence(context, user.id) }),
    ...(expand?.has("routingStatus") === true && { routingStatus: toRoutingStatus(context, user.id) }),
    ...(expand?.has("station") === true && { station: toStation(context, user.id) }),
    ...(expand?.has("outOfOffice") === true && { outOfOffice: toOutOfOffice(context, user.id) }),
    selfUri: `/api/v2/users/${user.id}`,
  };
}

function toQueue(queue: DirectoryQueue): Json {
  return {
    id: queue.id,
    name: queue.name,
    division: toDivision(queue.division),
    memberCount: queue.memberIds.length,
    userMemberCount: queue.memberIds.length,
    joinedMemberCount: queue.memberIds.length,
    selfUri: `/api/v2/routing/queues/${queue.id}`,
  };
}

function toRoutingStatus(context: DirectoryContext, userId: string): Json {
  return { userId, status: "OFF_QUEUE", ...context.states().routing(userId) };
}

/** Empty: signed off the phone. */
function toStation(context: DirectoryContext, userId: string): Json {
  return context.states().station(userId) ?? {};
}

function toOutOfOffice(context: DirectoryContext, userId: string): Json {
  const said = context.states().outOfOffice(userId);
  return said ?? { user: { id: userId }, active: false, indefinite: false };
}

/** As events spell it, without the freedom they have. */
function systemPresenceOf(context: DirectoryContext, userId: string): string {
  const definition = asObject(context.states().presence(userId)?.["presenceDefinition"]);
  const given = definition?.["systemPresence"];
  const spelt = (typeof given === "string" ? given : "OFFLINE").toUpperCase().replaceAll(" ", "_");
  return spelt === "ONQUEUE" ? "ON_QUEUE" : spelt;
}

/** REST spells presences in its own way: `Available`, `On Queue` (docs/protocol.md, 11). */
function toPresence(context: DirectoryContext, userId: string): Json {
  const presence = systemPresenceOf(context, userId);
  const words = presence.split("_").map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`);
  const systemPresence = presence === "ON_QUEUE" ? context.switches.onQueueInRest : words.join(" ");
  const said = context.states().presence(userId);
  const id = asObject(said?.["presenceDefinition"])?.["id"] ?? context.directory.presenceIds.get(presence);
  return {
    userId,
    source: "PURECLOUD",
    primary: true,
    message: "",
    ...said,
    presenceDefinition: { id, systemPresence },
    selfUri: `/api/v2/users/${userId}/presences/purecloud`,
  };
}
