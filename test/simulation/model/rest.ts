/** The model platform's HTTP side: login, channels, subscriptions, lists of people and queues, and how things stand. */
import type { HttpRequest } from "../../../src/ports/net.ts";
import type { Chance } from "../chance.ts";
import { EPOCH } from "../sim-process.ts";
import type { Timeline } from "../timeline.ts";
import type { Truth } from "../truth.ts";
import { type Channel, isoInstant, type Platform } from "./platform.ts";
import type { FoundConversation } from "./states.ts";

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What the account has. */
export interface Account {
  readonly users: readonly string[];
  readonly queues: readonly string[];
}

const ALLOWED = 300;
const WINDOW_MS = 60_000;
const CHANNELS = "/api/v2/notifications/channels";
const SEARCH = "/api/v2/analytics/conversations/details/query";
/** Of somebody of whom no event told yet. */
const FIRST_PRESENCE = {
  mark: 0,
  source: "PURECLOUD",
  presenceDefinition: { id: "presence-AVAILABLE", systemPresence: "AVAILABLE" },
  primary: true,
  message: "",
  modifiedDate: isoInstant(-3_600_000),
};

interface Search {
  readonly interval: string;
  readonly segmentFilters: readonly { readonly predicates: readonly { readonly value: string }[] }[];
  readonly paging: { readonly pageSize: number; readonly pageNumber: number };
}

/** The HTTP side (see the top of this file). */
export class Rest {
  readonly #platform: Platform;
  readonly #account: Account;
  readonly #timeline: Timeline;
  readonly #truth: Truth;
  readonly #chance: Chance;
  readonly #windows = new Map<string, { count: number; endsAt: number }>();

  constructor(platform: Platform, account: Account, timeline: Timeline, truth: Truth, chance: Chance) {
    this.#platform = platform;
    this.#account = account;
    this.#timeline = timeline;
    this.#truth = truth;
    this.#chance = chance;
  }

  login(): Answer {
    const { value, lifeS } = this.#platform.grantToken();
    return json(200, { access_token: value, token_type: "bearer", expires_in: lifeS });
  }

  /** `done` is called when the answer has been sent, for those who look at what overlaps. */
  api({ method, url, headers, body }: HttpRequest): Answer & { readonly channel?: Channel } {
    const { pathname, searchParams } = new URL(url);
    const token = headers?.["authorization"]?.replace(/^Bearer /u, "") ?? "";
    if (!this.#platform.isGood(token)) return problem(401, "bad.credentials");
    const limit = this.#count(token);
    const answer =
      limit.count > ALLOWED
        ? problem(429, "too.many.requests.retry.after", { "retry-after": String(limit.resetS) })
        : this.#route(method, pathname, searchParams, token, typeof body === "string" ? body : "");
    const { habits } = this.#platform;
    if (!habits.tellsRateLimit) return answer;
    return { ...answer, headers: { ...answer.headers, ...rateHeaders(limit) } };
  }

  #count(token: string): { readonly count: number; readonly resetS: number } {
    const now = this.#timeline.now;
    let window = this.#windows.get(token);
    if (window === undefined || now >= window.endsAt) {
      window = { count: 0, endsAt: now + WINDOW_MS };
      this.#windows.set(token, window);
    }
    window.count += 1;
    if (window.count > ALLOWED) this.#truth.findings.push(`P11 more than ${ALLOWED} requests in a minute at ${now}`);
    return { count: window.count, resetS: Math.ceil((window.endsAt - now) / 1_000) };
  }

  #route(
    method: string,
    path: string,
    query: URLSearchParams,
    token: string,
    body: string,
  ): Answer & { readonly channel?: Channel } {
    if (path === CHANNELS) return method === "POST" ? this.#create(token) : this.#list(token, query);
    if (path.startsWith(`${CHANNELS}/`)) return this.#channel(method, path, token, body);
    if (path === "/api/v2/users" && query.has("id")) return this.#people(query);
    if (path === "/api/v2/users") return page(query, this.#account.users);
    if (path === SEARCH) return this.#search(JSON.parse(body) as Search);
    if (path.startsWith("/api/v2/conversations/"))
      return this.#conversation(path.slice("/api/v2/conversations/".length));
    if (path === "/api/v2/routing/queues") return page(query, this.#account.queues);
    return problem(404, "not.found");
  }

  #noteEmptied(channel: Channel): void {
    const others = this.#platform.standing().filter((one) => one !== channel && one.topics.size > 0);
    const isStopping = this.#truth.lives.at(-1)?.end !== undefined;
    if (channel.socket === undefined || others.length > 0 || isStopping) return;
    this.#truth.emptied.push(this.#timeline.now);
    this.#timeline.trace("platform: we emptied our only channel");
  }

  /** States are as they were a moment ago. */
  #asOf(): number {
    return this.#timeline.now - this.#chance.next() * this.#platform.habits.staleMs;
  }

  #people(query: URLSearchParams): Answer {
    const at = this.#asOf();
    const wanted = query.get("id")?.split(",") ?? [];
    const withPresence = query.get("expand")?.split(",").includes("presence") === true;
    const entities = this.#account.users
      .filter((id) => wanted.includes(id))
      .map((id) => ({ id, name: id, ...(withPresence && { presence: this.#presence(id, at) }) }));
    return json(200, { entities, pageSize: wanted.length, pageNumber: 1, pageCount: 1 });
  }

  /** REST has words of its own for some of it. */
  #presence(user: string, at: number): object {
    const { body } = this.#platform.states.person(user, at) ?? { body: FIRST_PRESENCE };
    const { mark: _, ...presence } = body;
    return { ...presence, id: user };
  }

  #conversation(id: string): Answer {
    const state = this.#platform.states.conversation(id, this.#asOf());
    return state === undefined ? problem(404, "not.found") : json(200, state.body);
  }

  #search({ interval, segmentFilters, paging }: Search): Answer {
    const [from = 0, to = 0] = interval.split("/").map((instant) => Date.parse(instant) - EPOCH);
    const queues = new Set(segmentFilters.flatMap(({ predicates }) => predicates.map(({ value }) => value)));
    const knownAt = this.#timeline.now - this.#platform.habits.searchLagMs;
    const found = this.#platform.states.lived(queues, from, to, knownAt);
    const { pageSize, pageNumber } = paging;
    const conversations = found.slice((pageNumber - 1) * pageSize, pageNumber * pageSize).map(searchHit);
    return json(200, { conversations, totalHits: found.length });
  }

  #create(token: string): Answer {
    const channel = this.#platform.createChannel(token, true);
    const connectUri = `wss://streaming.mypurecloud.com/channels/${channel.id}`;
    return json(200, { id: channel.id, connectUri, expires: isoInstant(channel.expiresAt) });
  }

  #list(token: string, query: URLSearchParams): Answer {
    const all = query.get("includechannels") === "oauthclient";
    const seen = [...this.#platform.channels.values()].filter((channel) => all || channel.token === token);
    return json(200, {
      entities: seen.map((channel) => ({
        ...(channel.token === token ? { id: channel.id } : {}),
        expires: isoInstant(channel.expiresAt),
      })),
    });
  }

  #channel(method: string, path: string, token: string, body: string): Answer & { readonly channel?: Channel } {
    const [id = "", rest] = path.slice(CHANNELS.length + 1).split("/");
    const channel = this.#platform.channels.get(id);
    if (channel?.token !== token) return problem(404, "not.found");
    if (rest === undefined) return { status: 200, headers: {}, body: "" };
    if (method === "GET") return listOf(channel.listed);
    if (method === "DELETE") {
      this.#platform.setTopics(channel, []);
      return { status: 202, headers: {}, body: "" };
    }
    const given = (JSON.parse(body) as { readonly id: string }[]).map(({ id }) => id);
    const listed = method === "PUT" ? given : [...new Set([...channel.listed, ...given])];
    if (listed.length > 1_000) return problem(400, "notification.subscription.too.many.subscriptions");
    if (listed.length === 0) this.#noteEmptied(channel);
    this.#platform.setTopics(channel, listed);
    return { ...listOf(listed), channel };
  }
}

/** Lists are long, and asked for again and again. */
const lists = new WeakMap<readonly string[], Answer>();

function listOf(topics: readonly string[]): Answer {
  const answer = lists.get(topics) ?? json(200, { entities: topics.map((id) => ({ id, state: "Permitted" })) });
  lists.set(topics, answer);
  return answer;
}

function searchHit({ id, queue, from, to, isAlerting }: FoundConversation): object {
  const ended = to === undefined ? {} : { conversationEnd: isoInstant(to) };
  const segment = { queueId: queue, segmentType: isAlerting ? "alert" : "interact", segmentStart: isoInstant(from) };
  const sessions = [{ mediaType: "voice", segments: [segment] }];
  return { conversationId: id, conversationStart: isoInstant(from), ...ended, participants: [{ sessions }] };
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** An error of the API. */
export function problem(status: number, code: string, headers: Record<string, string> = {}): Answer {
  return json(status, { status, code, message: "said by the model" }, headers);
}

function page(query: URLSearchParams, ids: readonly string[]): Answer {
  const size = Number(query.get("pageSize") ?? 25);
  const number = Number(query.get("pageNumber") ?? 1);
  const entities = ids.slice((number - 1) * size, number * size).map((id) => ({ id, name: id, state: "active" }));
  return json(200, { entities, pageSize: size, pageNumber: number, pageCount: Math.ceil(ids.length / size) });
}

function rateHeaders({ count, resetS }: { readonly count: number; readonly resetS: number }): Record<string, string> {
  return {
    "inin-ratelimit-count": String(count),
    "inin-ratelimit-allowed": String(ALLOWED),
    "inin-ratelimit-reset": String(resetS),
  };
}
