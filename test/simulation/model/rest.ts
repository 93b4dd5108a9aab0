/** The model platform's HTTP side: login, channels, subscriptions, lists of people and queues. */
import type { HttpRequest } from "../../../src/ports/net.ts";
import type { Timeline } from "../timeline.ts";
import type { Truth } from "../truth.ts";
import { type Channel, isoInstant, type Platform } from "./platform.ts";

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

/** The HTTP side (see the top of this file). */
export class Rest {
  readonly #platform: Platform;
  readonly #account: Account;
  readonly #timeline: Timeline;
  readonly #truth: Truth;
  readonly #windows = new Map<string, { count: number; endsAt: number }>();

  constructor(platform: Platform, account: Account, timeline: Timeline, truth: Truth) {
    this.#platform = platform;
    this.#account = account;
    this.#timeline = timeline;
    this.#truth = truth;
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
    if (path === "/api/v2/users") return page(query, this.#account.users);
    if (path === "/api/v2/routing/queues") return page(query, this.#account.queues);
    return problem(404, "not.found");
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
    if (method === "GET") return json(200, { entities: channel.listed.map((id) => ({ id, state: "Permitted" })) });
    if (method === "DELETE") {
      this.#platform.setTopics(channel, []);
      return { status: 202, headers: {}, body: "" };
    }
    const given = (JSON.parse(body) as { readonly id: string }[]).map(({ id }) => id);
    const listed = method === "PUT" ? given : [...new Set([...channel.listed, ...given])];
    if (listed.length > 1_000) return problem(400, "notification.subscription.too.many.subscriptions");
    this.#platform.setTopics(channel, listed);
    return { ...json(200, { entities: listed.map((id) => ({ id, state: "Permitted" })) }), channel };
  }
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
