/**
 * Topics as they are asked for, turned into topics as they can be subscribed: the platform has no wildcards, so `{*}` is every
 * person or queue that the client may see, found by listing (PROTOCOL 9a).
 *
 * - L1  A listing is made once for each expansion, however many topics need it.
 * - L2  `{*}` stands for people in `v2.users.{*}.…` and for queues in `v2.routing.queues.{*}.…` and `v2.analytics.queues.{*}.…`;
 *       anywhere else nothing can be listed, which is told at once, not at run time.
 * - L3  What is found is whole or it is not used: a page that can't be had fails the expansion.
 */
import { EVERY, topicIdentity, topicProblem } from "../../core/topic.ts";
import { RingfirstError } from "../../errors.ts";
import { API_PATHS } from "../../wire/genesys.ts";
import type { ApiAnswer, GenesysApi } from "./rest.ts";

/** Whom `{*}` stands for, by name. */
export interface Members {
  /** Members of this queue; in a queue's topic, the queue itself. */
  readonly queue?: string | undefined;
  /** People or queues of this division. */
  readonly division?: string | undefined;
}

/** A topic as it is asked for: a concrete one, or one with `{*}` for an id. */
export type TopicSelector = string | { readonly topic: string; readonly members?: Members | undefined };

/** A selector that can be expanded. */
export interface TopicWish {
  readonly topic: string;
  /** Undefined: concrete. */
  readonly subject: "users" | "queues" | undefined;
  readonly members: Members;
}

/** The answer to an expansion. */
export type Expansion =
  | {
      readonly kind: "expanded";
      readonly topics: readonly string[];
      /** Selectors that nobody matches, in words. */
      readonly empty: readonly string[];
    }
  /** A right is missing, or a name is not known: it will not do until somebody changes something. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string; readonly retryAfterMs?: number };

/** Thrown within an expansion by what ends it; never leaves this file. */
class Stopped extends Error {
  readonly answer: Exclude<Expansion, { readonly kind: "expanded" }>;

  constructor(answer: Exclude<Expansion, { readonly kind: "expanded" }>) {
    super(answer.reason);
    this.answer = answer;
  }
}

const SUBJECTS = [
  { prefix: "v2.users.{*}", subject: "users" },
  { prefix: "v2.routing.queues.{*}", subject: "queues" },
  { prefix: "v2.analytics.queues.{*}", subject: "queues" },
] as const;
/** Known to work for people and queues; members come by 100 at most. */
const PAGE_SIZE = 500;
const MEMBERS_PAGE_SIZE = 100;
/** 100,000 people: more than all channels of a client can carry many times over. */
const MAX_PAGES = 1_000;
/** What may stand between the dots of a topic. */
const ID = /^[\w:@~-]{1,80}$/u;

/**
 * Checks selectors.
 *
 * @param path - of the option, for the error
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function parseSelectors(path: string, selectors: readonly TopicSelector[]): readonly TopicWish[] {
  if (selectors.length === 0) throw invalid(path, "at least one topic expected, found none");
  return selectors.map((selector, place) => {
    const { topic, members = {} } = typeof selector === "string" ? { topic: selector } : selector;
    const at = `${path}[${place}]`;
    const problem = topicProblem(topic);
    if (problem !== undefined) throw invalid(at, `${JSON.stringify(topic.slice(0, 220))} is no topic: ${problem}`);
    const named = members.queue !== undefined || members.division !== undefined;
    if (!topic.includes(EVERY)) {
      if (named) throw invalid(at, `members are for topics with ${EVERY}, and ${JSON.stringify(topic)} has none`);
      return { topic, subject: undefined, members: {} };
    }
    const found = SUBJECTS.find(({ prefix }) => isPrefix(prefix, topic));
    if (found === undefined || topic.indexOf(EVERY) !== topic.lastIndexOf(EVERY)) {
      throw invalid(
        at,
        `${EVERY} in ${JSON.stringify(topic)} can't be expanded: it stands for people in v2.users.${EVERY}.… and for queues in ` +
          `v2.routing.queues.${EVERY}.… and v2.analytics.queues.${EVERY}.…; write a concrete id elsewhere`,
      );
    }
    return { topic, subject: found.subject, members };
  });
}

/** The topics that wishes stand for, in their order, each once. Never rejects. */
export async function expandWishes(wishes: readonly TopicWish[], api: GenesysApi): Promise<Expansion> {
  const directory = new Directory(api);
  const topics = new Map<string, string>();
  const empty: string[] = [];
  try {
    for (const wish of wishes) {
      const ids = wish.subject === undefined ? [""] : await directory.idsOf(wish.subject, wish.members);
      if (ids.length === 0) empty.push(`${wish.topic}${describeMembers(wish.members)}`);
      for (const id of ids) {
        const topic = wish.topic.replace(EVERY, () => id);
        const identity = topicIdentity(topic);
        if (!topics.has(identity)) topics.set(identity, topic);
      }
    }
    return { kind: "expanded", topics: [...topics.values()], empty };
  } catch (error) {
    if (error instanceof Stopped) return error.answer;
    throw error;
  }
}

/** An entity of a listing, as far as it is looked at. */
interface Entity {
  readonly id: string;
  readonly name: string;
  readonly divisionId: string;
}

/** People and queues of one expansion. */
class Directory {
  readonly #api: GenesysApi;
  /** L1: by path with its query. */
  readonly #lists = new Map<string, Promise<readonly Entity[]>>();

  constructor(api: GenesysApi) {
    this.#api = api;
  }

  async idsOf(subject: "users" | "queues", { queue, division }: Members): Promise<readonly string[]> {
    const divisionId =
      division === undefined ? undefined : await this.#named(API_PATHS.divisions, "division", division);
    let found: readonly Entity[];
    if (subject === "queues") {
      const query = divisionId === undefined ? "" : `divisionId=${encodeURIComponent(divisionId)}`;
      found = await this.#list(API_PATHS.queues, query, PAGE_SIZE);
      return found.filter(({ name }) => queue === undefined || isSameName(name, queue)).map(({ id }) => id);
    }
    if (queue === undefined) found = await this.#list(API_PATHS.users, "", PAGE_SIZE);
    else {
      const queueId = await this.#named(API_PATHS.queues, "queue", queue);
      found = await this.#list(`${API_PATHS.queues}/${encodeURIComponent(queueId)}/members`, "", MEMBERS_PAGE_SIZE);
    }
    if (divisionId === undefined) return found.map(({ id }) => id);
    // Neither listing can be asked for one division, and members come without theirs.
    const users = queue === undefined ? found : await this.#list(API_PATHS.users, "", PAGE_SIZE);
    const inDivision = new Set(users.filter((user) => user.divisionId === divisionId).map(({ id }) => id));
    return found.filter(({ id }) => inDivision.has(id)).map(({ id }) => id);
  }

  async #named(path: string, kind: string, name: string): Promise<string> {
    const found = await this.#list(path, `name=${encodeURIComponent(name)}`, MEMBERS_PAGE_SIZE);
    const same = found.filter((entity) => isSameName(entity.name, name));
    const [first] = same;
    if (first !== undefined && same.length === 1) return first.id;
    const what = first === undefined ? "is not there, or the client may not see it" : `is the name of ${same.length}`;
    throw new Stopped({
      kind: "refused",
      reason: `the ${kind} ${JSON.stringify(name)} ${what}; check the topics' members`,
    });
  }

  #list(path: string, query: string, pageSize: number): Promise<readonly Entity[]> {
    const key = `${path}?${query}`;
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = this.#readAll(path, query, pageSize);
      this.#lists.set(key, list);
    }
    return list;
  }

  async #readAll(path: string, query: string, pageSize: number): Promise<readonly Entity[]> {
    const entities = new Map<string, Entity>();
    for (let number = 1; number <= MAX_PAGES; number += 1) {
      const rest = query === "" ? "" : `&${query}`;
      const answer = await this.#api.call({
        method: "GET",
        path: `${path}?pageSize=${pageSize}&pageNumber=${number}${rest}`,
      });
      if (answer.kind !== "ok") throw new Stopped(toProblem(answer));
      const page = readPage(answer.json, number);
      if (page === undefined)
        throw new Stopped({ kind: "failed", reason: `GET ${path} answered with something that is no page` });
      for (const entity of page.entities) entities.set(entity.id, entity);
      if (page.isLast) return [...entities.values()];
    }
    throw new Stopped({
      kind: "refused",
      reason: `GET ${path} has more than ${MAX_PAGES} pages; name members of a queue or division`,
    });
  }
}

function toProblem(
  answer: Exclude<ApiAnswer, { readonly kind: "ok" }>,
): Exclude<Expansion, { readonly kind: "expanded" }> {
  if (answer.kind === "failed") return answer;
  const advice =
    answer.kind === "refused" && answer.status === 403 ? "; give a role of the client this permission" : "";
  return { kind: "refused", reason: `people or queues can't be listed: ${answer.reason}${advice}` };
}

function readPage(
  json: unknown,
  number: number,
): { readonly entities: readonly Entity[]; readonly isLast: boolean } | undefined {
  if (typeof json !== "object" || json === null || !("entities" in json) || !Array.isArray(json.entities))
    return undefined;
  const { pageCount, nextUri } = json as { readonly pageCount?: unknown; readonly nextUri?: unknown };
  const more = typeof pageCount === "number" ? number < pageCount : typeof nextUri === "string" && nextUri !== "";
  const entities = json.entities.map(readEntity).filter((entity) => entity !== undefined);
  return { entities, isLast: !more || json.entities.length === 0 };
}

function readEntity(value: unknown): Entity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, name, division } = value as Readonly<Record<string, unknown>>;
  // An id becomes part of a topic; one that can't be is no id of the platform.
  if (typeof id !== "string" || !ID.test(id)) return undefined;
  const divisionId = typeof division === "object" && division !== null && "id" in division ? division.id : "";
  return {
    id,
    name: typeof name === "string" ? name : "",
    divisionId: typeof divisionId === "string" ? divisionId : "",
  };
}

function isPrefix(prefix: string, topic: string): boolean {
  const start = topic.slice(0, prefix.length);
  return topicIdentity(start) === prefix && /^[.?]/u.test(topic.slice(prefix.length));
}

function isSameName(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}

function describeMembers({ queue, division }: Members): string {
  const parts = [
    ...(queue === undefined ? [] : [`queue ${JSON.stringify(queue)}`]),
    ...(division === undefined ? [] : [`division ${JSON.stringify(division)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function invalid(path: string, message: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `${path}: ${message}`, { details: { path } });
}
