/**
 * States of a foreign platform as its REST tells them, written from the protocol's description: people's standing, conversations in
 * both shapes, the analytics queries. Everything is set by the test; what is asked is kept by the platform.
 */
import type { SeenRequest } from "./foreign-genesys.ts";

type Json = Readonly<Record<string, unknown>>;

/** An answer of REST. */
export interface RestAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** A conversation. */
export interface ForeignConversation {
  /** As `GET /conversations/{id}` gives it. */
  readonly generic: Json;
  /** As `GET /conversations/{plural}/{id}` does. */
  readonly media?: Readonly<Record<string, Json>>;
  /** As the details query lists it; undefined: analytics do not know it yet. */
  readonly details?: Json;
}

/** What REST tells. */
export class ForeignStates {
  /** By user id: `presence`, `routingStatus`, `station`, `outOfOffice`. */
  readonly standing: Map<string, Json> = new Map();
  readonly conversations: Map<string, ForeignConversation> = new Map();
  /** Results of the observations query. */
  numbers: readonly Json[] = [];
  /** Permissions that the client lacks. */
  readonly denied: Set<string> = new Set();
  pageSize = 100;
  /** Called before each answer. */
  before: (request: SeenRequest) => void = () => {};

  /** The answer; undefined: no such call. */
  answer(request: SeenRequest): RestAnswer | undefined {
    const path = request.path.replace("/api/v2/", "");
    this.before(request);
    if (path === "users" && request.query["id"] !== undefined) return this.#users(request.query);
    if (path === "users/presences/purecloud/bulk") return this.#presences(request.query);
    const [, userId, rest] = /^users\/([^/]+)\/(.+)$/u.exec(path) ?? [];
    if (userId !== undefined && rest !== undefined) return this.#part(userId, rest);
    if (path === "analytics/conversations/details/query") return this.#details(request.body);
    if (path === "analytics/queues/observations/query") {
      return this.#needs("analytics:queueObservation:view") ?? { status: 200, body: { results: this.numbers } };
    }
    const [, plural, id] = /^conversations\/(?:(\w+)\/)?([^/]+)$/u.exec(path) ?? [];
    return id === undefined ? undefined : this.#conversation(id, plural);
  }

  #needs(permission: string): RestAnswer | undefined {
    if (!this.denied.has(permission)) return undefined;
    const message = `You are missing the following permission(s): ${permission}`;
    return { status: 403, body: { message, code: "missing.permissions", status: 403 } };
  }

  #users({ id = "", expand = "" }: Readonly<Record<string, string>>): RestAnswer {
    const parts = expand.split(",");
    const refused = parts.map((part) => this.#needs(`expand:${part}`)).find((answer) => answer !== undefined);
    if (refused !== undefined) return refused;
    const entities = id.split(",").flatMap((userId) => {
      const all = this.standing.get(userId);
      if (all === undefined) return [];
      return [{ id: userId, name: userId, ...Object.fromEntries(parts.map((part) => [part, all[part]])) }];
    });
    return { status: 200, body: { entities, pageCount: 1, pageNumber: 1 } };
  }

  #presences({ id = "" }: Readonly<Record<string, string>>): RestAnswer {
    const refused = this.#needs("expand:presence");
    if (refused !== undefined) return refused;
    const body = id.split(",").map((userId) => ({ userId, ...(this.standing.get(userId)?.["presence"] as Json) }));
    return { status: 200, body };
  }

  #part(userId: string, rest: string): RestAnswer {
    const part = {
      "presences/purecloud": "presence",
      routingstatus: "routingStatus",
      station: "station",
      outofoffice: "outOfOffice",
    }[rest];
    if (part === undefined) return { status: 404 };
    const body = this.standing.get(userId)?.[part];
    return this.#needs(`expand:${part}`) ?? (body === undefined ? { status: 404 } : { status: 200, body });
  }

  #details(text: string): RestAnswer {
    const refused = this.#needs("analytics:conversationDetail:view");
    if (refused !== undefined) return refused;
    const query = JSON.parse(text) as {
      interval: string;
      segmentFilters: { predicates: { dimension: string; value: string }[] }[];
      paging: { pageNumber: number };
    };
    const wanted = query.segmentFilters[0]?.predicates.map(({ value }) => value) ?? [];
    const all = [...this.conversations.values()].flatMap(({ details }) => {
      const written = JSON.stringify(details ?? null);
      return details !== undefined && wanted.some((id) => written.includes(id)) ? [details] : [];
    });
    const from = (query.paging.pageNumber - 1) * 100;
    const page = all.slice(from, from + 100);
    return { status: 200, body: { ...(page.length > 0 && { conversations: page }), totalHits: all.length } };
  }

  #conversation(id: string, plural: string | undefined): RestAnswer {
    const found = this.conversations.get(id);
    const body = plural === undefined ? found?.generic : found?.media?.[plural];
    return (
      this.#needs("conversation:communication:view") ?? (body === undefined ? { status: 404 } : { status: 200, body })
    );
  }
}

/** A call that rings an agent, or that he has answered, or that has ended; `at` is the instant of its last step. */
export function foreignCall(
  id: string,
  {
    userId,
    queueId,
    state,
    at,
    isListed = true,
  }: {
    readonly userId: string;
    readonly queueId: string;
    readonly state: "alerting" | "connected" | "terminated";
    readonly at: number;
    readonly isListed?: boolean;
  },
): ForeignConversation {
  const time = new Date(at).toISOString();
  const began = new Date(at - 60_000).toISOString();
  const leg = {
    state,
    initialState: "alerting",
    ...(state !== "alerting" && { connectedTime: time }),
    ...(state === "terminated" && { disconnectedTime: time, disconnectType: "peer" }),
  };
  const customer = { id: `${id}-customer`, purpose: "customer", connectedTime: began };
  const customerEnd = state === "terminated" && { endTime: time };
  const { disconnectedTime: endTime, ...flat } = leg as Record<string, unknown>;
  const isOver = state === "terminated";
  return {
    generic: {
      id,
      participants: [
        {
          ...customer,
          ...customerEnd,
          calls: [{ id: `${id}-1`, state: isOver ? "terminated" : "connected", connectedTime: began }],
        },
        {
          id: `${id}-agent`,
          purpose: "agent",
          userId,
          queueId,
          ...(isOver && { endTime: time }),
          calls: [{ id: `${id}-2`, ...leg }],
        },
      ],
      selfUri: `/api/v2/conversations/${id}`,
    },
    media: {
      calls: {
        id,
        participants: [
          { ...customer, ...customerEnd, state: isOver ? "terminated" : "connected" },
          {
            id: `${id}-agent`,
            purpose: "agent",
            user: { id: userId },
            queue: { id: queueId },
            ...flat,
            ...(isOver && { endTime }),
          },
        ],
      },
    },
    ...(isListed && { details: detailsOf(id, { userId, queueId, state, began, time }) }),
  };
}

function detailsOf(
  conversationId: string,
  { userId, queueId, state, began, time }: Readonly<Record<"userId" | "queueId" | "state" | "began" | "time", string>>,
): Json {
  const alert = {
    segmentType: "alert",
    segmentStart: began,
    queueId,
    ...(state !== "alerting" && { segmentEnd: time }),
  };
  return {
    conversationId,
    conversationStart: began,
    ...(state === "terminated" && { conversationEnd: time }),
    participants: [
      { purpose: "customer", sessions: [{ mediaType: "voice", segments: [{ segmentType: "interact", queueId }] }] },
      { purpose: "agent", userId, sessions: [{ mediaType: "voice", segments: [alert] }] },
    ],
  };
}
