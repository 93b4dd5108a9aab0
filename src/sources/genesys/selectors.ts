/**
 * From what a user asks for to concrete topics: `{*}` is replaced by every person or queue that the client may see, or by the
 * members of one queue or division. Lists are paged (docs/protocol.md, 9a).
 */
import { oneLine } from "../../core/cause.ts";
import { EVERY, topicProblem } from "../../core/topic.ts";
import { invalid } from "../../core/option-check.ts";
import { API_PATHS } from "../../wire/genesys.ts";
import type { ApiAnswer, CallPriority, GenesysApi } from "./rest.ts";

/** Narrows `{*}`: the people of one queue or division, or the queues of one division; by name or id. */
export interface Members {
  readonly queue?: string;
  readonly division?: string;
}

/** What is to be subscribed. */
export type TopicSelector = string | { readonly topic: string; readonly members?: Members };

/** The answer to an expansion. */
export type Expansion =
  | { readonly kind: "topics"; readonly topics: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string; readonly retryAfterMs?: number };

/** What `{*}` stands for in a topic. */
type Subject = "users" | "queues";

/** A selector that has been looked at. */
export interface Selector {
  readonly topic: string;
  readonly subject: Subject | undefined;
  readonly members: Members;
}

const PLACES: readonly (readonly [RegExp, Subject])[] = [
  [/^v2\.users\.\{\*\}/iu, "users"],
  [/^v2\.(?:routing|analytics)\.queues\.\{\*\}/iu, "queues"],
];
/** The largest page that official programs use. */
const PAGE_SIZE = 500;
const MEMBER_PAGE_SIZE = 100;
/** 20 channels have at most 20,000 topics, so no list needs to be longer. */
const MAX_ENTITIES = 100_000;

/** Selectors in a form that can be expanded. @throws RingfirstError `RF_OPTION_INVALID`, naming the place */
export function resolveSelectors(path: string, given: readonly TopicSelector[]): readonly Selector[] {
  if (given.length === 0) throw invalid(path, "at least one topic", "none");
  return given.map((entry, place) => {
    const { topic, members = {} } = typeof entry === "string" ? { topic: entry } : entry;
    const at = `${path}[${place}]`;
    const problem = topicProblem(topic);
    if (problem !== undefined) throw invalid(at, "a topic", `${JSON.stringify(topic.slice(0, 220))}: ${problem}`);
    const subject = PLACES.find(([pattern]) => pattern.test(topic))?.[1];
    const stars = topic.split(EVERY).length - 1;
    if (stars > (subject === undefined ? 0 : 1)) {
      throw invalid(
        at,
        `"${EVERY}" in the place of a user (v2.users.${EVERY}…) or a queue (v2.routing.queues.${EVERY}…)`,
        JSON.stringify(topic),
      );
    }
    checkMembers(at, subject, members);
    return { topic, subject, members };
  });
}

function checkMembers(at: string, subject: Subject | undefined, { queue, division }: Members): void {
  if (queue === undefined && division === undefined) return;
  if (subject === undefined) throw invalid(`${at}.members`, `a topic with "${EVERY}"`, "a concrete one");
  if (queue !== undefined && division !== undefined) throw invalid(`${at}.members`, "queue or division", "both");
  if (queue !== undefined && subject === "queues")
    throw invalid(`${at}.members`, "division (queues have no queue)", "queue");
}

/** Pages that were read before something came in the way; the next try goes on behind them. */
export type ReadPages = Map<string, { readonly entities: readonly Entity[]; readonly nextPage: number }>;

/**
 * All topics that the selectors stand for now; each list is fetched once. `read`: kept by the caller between tries, so that a
 * list of more pages than the platform answers in a minute is read to its end.
 */
export async function expandSelectors(
  given: GenesysApi,
  selectors: readonly Selector[],
  priority: CallPriority = "reconcile",
  read: ReadPages = new Map(),
): Promise<Expansion> {
  const api: ListApi = { call: (call) => given.call({ priority, ...call }), read };
  const lists = new Map<string, Promise<Listing>>();
  const topics: string[] = [];
  for (const { topic, subject, members } of selectors) {
    if (subject === undefined) {
      topics.push(topic);
      continue;
    }
    const name = JSON.stringify([subject, members.queue, members.division]);
    const list = lists.get(name) ?? listIds(api, subject, members);
    lists.set(name, list);
    const listing = await list;
    if (listing.kind !== "ids") return listing;
    for (const id of listing.ids) topics.push(topic.replace(EVERY, id));
  }
  return { kind: "topics", topics };
}

interface ListApi extends GenesysApi {
  readonly read: ReadPages;
}

type Trouble = Exclude<Expansion, { readonly kind: "topics" }>;
type Listing = { readonly kind: "ids"; readonly ids: readonly string[] } | Trouble;
type Entity = Readonly<Record<string, unknown>>;
type Entities = { readonly kind: "entities"; readonly entities: readonly Entity[] } | Trouble;

async function listIds(api: ListApi, subject: Subject, members: Members): Promise<Listing> {
  if (members.queue !== undefined) return listQueueMembers(api, members.queue);
  const found = await listAll(api, subject === "users" ? API_PATHS.users : API_PATHS.queues, PAGE_SIZE);
  if (found.kind !== "entities") return found;
  const { division } = members;
  const wanted = division === undefined ? found.entities : found.entities.filter((entity) => isIn(entity, division));
  if (wanted.length === 0 && division !== undefined) {
    return {
      kind: "refused",
      reason: `no ${subject} in a division named ${JSON.stringify(division)} can be seen by the client`,
    };
  }
  return { kind: "ids", ids: idsOf(wanted) };
}

async function listQueueMembers(api: ListApi, queue: string): Promise<Listing> {
  const queues = await listAll(api, API_PATHS.queues, PAGE_SIZE);
  if (queues.kind !== "entities") return queues;
  const found = queues.entities.find(({ id, name }) => id === queue || sameText(name, queue));
  if (found === undefined || typeof found["id"] !== "string") {
    return { kind: "refused", reason: `no queue named ${JSON.stringify(queue)} can be seen by the client` };
  }
  const path = `${API_PATHS.queues}/${encodeURIComponent(found["id"])}/members`;
  const people = await listAll(api, path, MEMBER_PAGE_SIZE);
  return people.kind === "entities" ? { kind: "ids", ids: idsOf(people.entities) } : people;
}

async function listAll(api: ListApi, path: string, pageSize: number): Promise<Entities> {
  const before = api.read.get(path);
  if (before?.nextPage === Infinity) return { kind: "entities", entities: before.entities };
  const entities: Entity[] = [...(before?.entities ?? [])];
  api.read.delete(path);
  for (let page = before?.nextPage ?? 1; entities.length < MAX_ENTITIES; page += 1) {
    const answer = await api.call({ method: "GET", path: `${path}?pageSize=${pageSize}&pageNumber=${page}` });
    if (answer.kind === "failed") api.read.set(path, { entities, nextPage: page });
    if (answer.kind !== "ok") return troubleOf(answer);
    const { json } = answer;
    const { entities: some, pageCount, nextUri } = typeof json === "object" && json !== null ? (json as Entity) : {};
    if (!Array.isArray(some)) return { kind: "failed", reason: `GET ${path}: the platform answered without a list` };
    entities.push(...some.filter((entity): entity is Entity => typeof entity === "object" && entity !== null));
    const more = typeof pageCount === "number" ? page < pageCount : typeof nextUri === "string";
    if (!more || some.length === 0) break;
  }
  // Another list that fails makes the whole look fail: what is whole is not read again for that.
  api.read.set(path, { entities, nextPage: Infinity });
  return { kind: "entities", entities };
}

function troubleOf(answer: Exclude<ApiAnswer, { readonly kind: "ok" }>): Trouble {
  if (answer.kind === "failed") return answer;
  return { kind: "refused", reason: oneLine(answer.reason) };
}

function idsOf(entities: readonly Entity[]): readonly string[] {
  return entities.map(({ id }) => id).filter((id): id is string => typeof id === "string" && /^[\w:@~-]+$/u.test(id));
}

function isIn({ division }: Entity, wanted: string): boolean {
  if (typeof division !== "object" || division === null) return false;
  const { id, name } = division as Entity;
  return id === wanted || sameText(name, wanted);
}

function sameText(value: unknown, wanted: string): boolean {
  return typeof value === "string" && value.toLowerCase() === wanted.toLowerCase();
}
