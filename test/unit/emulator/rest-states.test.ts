/** REST objects beside the events: conversations in every shape, analytics queries, users, and what emitted frames change. */
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import type { FakeClock } from "../../../src/testing/fake-clock.ts";
import { call, newToken } from "../../support/emulator-client.ts";

const QUERY = "/api/v2/analytics/conversations/details/query";

interface Desk extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly clock: FakeClock;
  readonly ask: (method: string, path: string, body?: unknown) => ReturnType<typeof call>;
}

async function desk(options: EmulatorOptions = {}): Promise<Desk> {
  const clock = createFakeClock();
  const emulator = createEmulator({ clock, callsPerHour: 0, limits: { requestsPerMinute: 10_000 }, ...options });
  await emulator.listen();
  const token = await newToken(emulator);
  return {
    emulator,
    clock,
    ask: (method, path, body) => call(emulator, method, path, token, body),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

/** A day around the clock's now. */
function today(clock: FakeClock): string {
  return `${new Date(clock.now() - 43_200_000).toISOString()}/${new Date(clock.now() + 43_200_000).toISOString()}`;
}

const matches = (dimension: string, value: string): object => ({
  type: "dimension",
  dimension,
  operator: "matches",
  value,
});
const and = (...predicates: object[]): object => ({ type: "and", predicates });

describe("conversations", () => {
  test("are answered in the shape of their medium, and nowhere else", async () => {
    await using centre = await desk({ callsPerHour: 1200 });
    await centre.clock.advance(300_000);
    const { json } = await centre.ask("POST", QUERY, { interval: today(centre.clock), paging: { pageSize: 100 } });
    const plurals: Record<string, string> = {
      voice: "calls",
      callback: "callbacks",
      chat: "chats",
      email: "emails",
      message: "messages",
    };
    const seen = new Set<string>();
    for (const { conversationId, participants } of json.conversations) {
      const own = plurals[participants[0].sessions[0].mediaType as string] ?? "";
      seen.add(own);
      for (const plural of Object.values(plurals)) {
        const answer = await centre.ask("GET", `/api/v2/conversations/${plural}/${conversationId}`);
        expect(answer.status).toBe(plural === own ? 200 : 404);
        if (plural === own) expect(answer.json.participants[0]).toMatchObject({ state: expect.any(String) });
      }
      const generic = await centre.ask("GET", `/api/v2/conversations/${conversationId}`);
      expect(generic.json.participants[0][own]).toHaveLength(1);
    }
    expect(seen.size).toBe(5);
  });

  test("of a user are none for client credentials; a switch refuses them", async () => {
    await using empty = await desk();
    expect(await empty.ask("GET", "/api/v2/conversations")).toMatchObject({ status: 200, json: { entities: [] } });
    await using refusing = await desk({ switches: { conversationsWithoutUser: "refused" } });
    expect(await refusing.ask("GET", "/api/v2/conversations")).toMatchObject({
      status: 400,
      json: { code: "bad.request" },
    });
  });

  test("that somebody emits are answered in both shapes, until something newer is said", async () => {
    await using centre = await desk();
    const { emulator, ask } = centre;
    const leg = {
      id: "p",
      purpose: "agent",
      state: "alerting",
      user: { id: "u" },
      queue: { id: "q" },
      startTime: "2023-11-14T22:13:20.000Z",
    };
    emulator.emit({ topicName: "v2.users.u.conversations.chats", eventBody: { id: "c", participants: [leg] } });
    expect((await ask("GET", "/api/v2/conversations/chats/c")).json).toEqual({ id: "c", participants: [leg] });
    const generic = (await ask("GET", "/api/v2/conversations/c")).json;
    expect(generic.participants).toMatchObject([
      { id: "p", purpose: "agent", userId: "u", queueId: "q", chats: [{ state: "alerting" }] },
    ]);
    const newer = {
      ...generic,
      participants: [{ ...generic.participants[0], chats: [{ id: "s", state: "connected" }] }],
    };
    emulator.emit({ topicName: "v2.routing.queues.q.conversations", eventBody: newer });
    expect((await ask("GET", "/api/v2/conversations/chats/c")).json.participants).toMatchObject([
      { id: "p", state: "connected", user: { id: "u" }, queue: { id: "q" } },
    ]);
    expect((await ask("GET", "/api/v2/conversations/calls/c")).status).toBe(404);
    emulator.emit({ topicName: "v2.users.u.conversations.chats", eventBody: { id: "c", participants: [] } });
    expect((await ask("GET", "/api/v2/conversations/c")).json.participants).toEqual([]);
    emulator.emit({ topicName: "v2.routing.queues.q.conversations", eventBody: newer });
    await centre.clock.advance(5000);
    const { json } = await ask("POST", QUERY, {
      interval: today(centre.clock),
      segmentFilters: [and(matches("userId", "U"))],
    });
    expect(json).toMatchObject({ totalHits: 1, conversations: [{ conversationId: "c" }] });
    emulator.reset();
    const anew = await newToken(emulator);
    expect((await call(emulator, "GET", "/api/v2/conversations/c", anew)).status).toBe(404);
  });
});

describe("the details query", () => {
  test("pages through all conversations, in both orders", async () => {
    await using centre = await desk({ callsPerHour: 900 });
    await centre.clock.advance(600_000);
    const read = async (order: string): Promise<string[]> => {
      const ids: string[] = [];
      for (let pageNumber = 1; ; pageNumber += 1) {
        const { json } = await centre.ask("POST", QUERY, {
          interval: today(centre.clock),
          order,
          paging: { pageSize: 40, pageNumber },
        });
        if (json.conversations === undefined) break;
        ids.push(...json.conversations.map(({ conversationId }: { conversationId: string }) => conversationId));
      }
      return ids;
    };
    const rising = await read("asc");
    expect(rising.length).toBeGreaterThan(80);
    expect(new Set(rising).size).toBe(rising.length);
    expect(await read("desc")).toEqual(rising.toReversed());
  });

  test("tells of segments as they were lived: waiting, alerting, talking, wrapping up", async () => {
    await using centre = await desk({ callsPerHour: 900 });
    await centre.clock.advance(1_200_000);
    const ask = async (
      type: string,
    ): Promise<readonly { purpose: string; segmentStart: string; segmentEnd?: string }[]> => {
      const query = {
        interval: today(centre.clock),
        segmentFilters: [and(matches("segmentType", type))],
        paging: { pageSize: 100 },
      };
      const { json } = await centre.ask("POST", QUERY, query);
      return json.conversations.flatMap(
        ({
          participants,
        }: {
          participants: { purpose: string; sessions: { segments: { segmentType: string }[] }[] }[];
        }) =>
          participants.flatMap(({ purpose, sessions }) =>
            sessions.flatMap(({ segments }) =>
              segments.filter(({ segmentType }) => segmentType === type).map((one) => ({ purpose, ...one })),
            ),
          ),
      );
    };
    const purposes = {
      alert: ["agent"],
      wrapup: ["agent"],
      ivr: ["ivr"],
      scheduled: ["acd"],
      dialing: ["agent", "customer"],
      interact: ["acd", "agent", "customer"],
    };
    for (const [type, wanted] of Object.entries(purposes)) {
      const segments = await ask(type);
      expect(new Set(segments.map(({ purpose }) => purpose)), type).toEqual(new Set(wanted));
      for (const { segmentStart, segmentEnd } of segments) {
        expect(Number.isNaN(Date.parse(segmentStart))).toBe(false);
        if (segmentEnd !== undefined) expect(segmentEnd >= segmentStart).toBe(true);
      }
    }
  });

  test("knows what happened with a lag, while the conversation itself is there at once", async () => {
    await using centre = await desk({ switches: { analyticsLagMs: 10_000 } });
    const { emulator, clock, ask } = centre;
    const at = (ms: number): string => new Date(Date.parse("2023-11-14T22:13:20.000Z") + ms).toISOString();
    const customer = { id: "a", purpose: "customer", state: "terminated", connectedTime: at(0), endTime: at(25_000) };
    const agent = { id: "b", purpose: "agent", user: { id: "u" }, initialState: "alerting", startTime: at(6000) };
    const answered = { ...agent, connectedTime: at(9000), endTime: at(25_000), disconnectType: "peer" };
    const participants = [customer, answered];
    emulator.emit({ topicName: "v2.users.u.conversations.calls", eventBody: { id: "c", participants } });
    expect((await ask("GET", "/api/v2/conversations/calls/c")).status).toBe(200);
    const read = async (): Promise<unknown> => (await ask("GET", "/api/v2/analytics/conversations/c/details")).json;
    const list = async (): Promise<number> =>
      (await ask("POST", QUERY, { interval: today(clock), segmentFilters: [and(matches("userId", "u"))] })).json
        .totalHits;
    await clock.advance(9999);
    expect(await read()).toMatchObject({ status: 404 });
    await clock.advance(1);
    expect(await read()).toMatchObject({ conversationStart: at(0), participants: [{ purpose: "customer" }] });
    expect(await list()).toBe(0);
    await clock.advance(6000);
    const alerting = { segmentType: "alert", segmentStart: at(6000) };
    expect(await read()).toMatchObject({ participants: [{}, { sessions: [{ segments: [alerting] }] }] });
    expect(await list()).toBe(1);
    await clock.advance(4000);
    const talking = { segmentType: "interact", segmentStart: at(9000) };
    const open = (await read()) as { participants: { sessions: { segments: object[] }[] }[] };
    expect(open).not.toHaveProperty("conversationEnd");
    const segments = [
      { ...alerting, segmentEnd: at(9000), conference: false },
      { ...talking, conference: false },
    ];
    expect(open.participants[1]?.sessions[0]?.segments).toEqual(segments);
    await clock.advance(15_000);
    expect(await read()).toMatchObject({ conversationEnd: at(25_000) });
  });

  test("is ordered by what is asked for", async () => {
    await using centre = await desk({ callsPerHour: 900, switches: { analyticsLagMs: 0 } });
    await centre.clock.advance(600_000);
    const read = async (orderBy: string, order = "asc"): Promise<Record<string, string>[]> => {
      const query = { interval: today(centre.clock), orderBy, order, paging: { pageSize: 100 } };
      return (await centre.ask("POST", QUERY, query)).json.conversations;
    };
    const ends = (await read("conversationEnd")).map(({ conversationEnd }) => conversationEnd ?? "still open");
    expect(new Set(ends).size).toBeGreaterThan(20);
    expect(ends).toEqual(ends.toSorted((a, b) => a.localeCompare(b)));
    const latest = (await read("conversationEnd", "desc")).map(
      ({ conversationEnd }) => conversationEnd ?? "still open",
    );
    expect(latest[0]).toBe("still open");
    const starts = (await read("segmentStart")).map(({ conversationStart }) => conversationStart);
    expect(starts).toEqual(starts.toSorted((a = "", b = "") => a.localeCompare(b)));
  });

  test.each([
    [{ order: "up" }, "order must be asc, desc or unordered"],
    [{ orderBy: "mood" }, "orderBy must be one of conversationStart"],
    [{}, "interval must be two instants"],
    [{ interval: "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z" }, "interval must be two instants"],
    [{ interval: "2026-01-01T00:00:00Z/2026-03-01T00:00:00Z" }, "at most 31 days"],
    [{ interval: "I", conversationFilters: {} }, "interval"],
    [{ conversationFilters: {} }, "filters must be a list"],
    [{ segmentFilters: [{ type: "xor", predicates: [] }] }, "type of a filter must be and or or"],
    [{ segmentFilters: [and(matches("mood", "good"))] }, "dimension must be one of queueId"],
    [{ segmentFilters: [and({ dimension: "queueId" })] }, "needs a value"],
    [{ segmentFilters: [and({ dimension: "queueId", operator: "like", value: "x" })] }, "operator must be"],
    [{ paging: { pageSize: 101 } }, "pageSize must be a whole number from 1 to 100"],
    [{ paging: { pageNumber: 0 } }, "pageNumber must be"],
  ])("refuses %j", async (query, message) => {
    await using centre = await desk();
    const interval = Object.keys(query).length > 0 && !("interval" in query) ? { interval: today(centre.clock) } : {};
    const answer = await centre.ask("POST", QUERY, { ...interval, ...query });
    expect(answer).toMatchObject({
      status: 400,
      json: { code: "bad.request", message: expect.stringContaining(message) },
    });
  });

  test("has one conversation under its own path, a method of its own, and a permission", async () => {
    await using centre = await desk({ callsPerHour: 900 });
    await centre.clock.advance(120_000);
    expect((await centre.ask("GET", QUERY)).status).toBe(405);
    const { json } = await centre.ask("POST", QUERY, { interval: today(centre.clock) });
    const [first] = json.conversations;
    expect((await centre.ask("GET", `/api/v2/analytics/conversations/${first.conversationId}/details`)).json).toEqual(
      first,
    );
    const permissions = [
      "analytics:conversationDetail:view",
      "conversation:communication:view",
      "analytics:queueObservation:view",
    ];
    centre.emulator.faults.inject({ fault: "permissions_removed", permissions });
    expect((await centre.ask("POST", QUERY, { interval: today(centre.clock) })).status).toBe(403);
    expect((await centre.ask("GET", `/api/v2/conversations/${first.conversationId}`)).status).toBe(403);
    expect((await centre.ask("POST", "/api/v2/analytics/queues/observations/query", {})).status).toBe(403);
  });
});

describe("statistics and users", () => {
  test("the observations query answers for the queues and metrics that are asked for", async () => {
    await using centre = await desk({ callsPerHour: 900 });
    await centre.clock.advance(120_000);
    const [queue] = centre.emulator.directory.queues;
    const ask = (metrics?: unknown): ReturnType<typeof call> =>
      centre.ask("POST", "/api/v2/analytics/queues/observations/query", {
        filter: { type: "or", predicates: [matches("queueId", queue?.id ?? "")] },
        metrics,
      });
    const { json } = await ask(["oWaiting", "oInteracting"]);
    expect(json.results).toMatchObject([
      { group: { queueId: queue?.id }, data: [{ metric: "oWaiting" }, { metric: "oInteracting" }] },
    ]);
    expect(json.results[0].data).toHaveLength(2);
    expect((await ask()).json.results[0].data.length).toBeGreaterThan(8);
    expect((await ask("oWaiting")).status).toBe(400);
    expect((await centre.ask("POST", "/api/v2/analytics/queues/observations/query", {})).status).toBe(400);
  });

  test("users can be listed with presence and routing status", async () => {
    await using centre = await desk();
    const { json } = await centre.ask("GET", "/api/v2/users?expand=presence,routingStatus&pageSize=1");
    expect(json.entities[0]).toMatchObject({
      presence: { presenceDefinition: { systemPresence: "On Queue" } },
      routingStatus: { status: "IDLE" },
    });
    expect((await centre.ask("GET", "/api/v2/users?pageSize=1")).json.entities[0]).not.toHaveProperty("presence");
  });

  test("users can be asked for by id with all their states, up to a hundred at once", async () => {
    await using centre = await desk();
    const [first, second] = centre.emulator.directory.users;
    centre.emulator.emit([
      { topicName: `v2.users.${first?.id}.station`, eventBody: { associatedStation: { id: "st" } } },
      { topicName: `v2.users.${second?.id}.outofoffice`, eventBody: { user: { id: second?.id }, active: true } },
    ]);
    const expand = "expand=presence,routingStatus,station,outOfOffice";
    const path = `/api/v2/users?id=${first?.id},nobody,${second?.id}&${expand}&pageSize=100`;
    const { json } = await centre.ask("GET", path);
    expect(json).toMatchObject({
      total: 2,
      entities: [
        { id: first?.id, station: { associatedStation: { id: "st" } }, outOfOffice: { active: false } },
        { id: second?.id, station: {}, outOfOffice: { active: true }, presence: {}, routingStatus: {} },
      ],
    });
    const many = Array.from({ length: 101 }, (_, index) => `u${index}`);
    expect(await centre.ask("GET", `/api/v2/users?id=${many.join(",")}`)).toMatchObject({
      status: 400,
      json: { code: "constraint.validation" },
    });
    expect((await centre.ask("GET", `/api/v2/users?id=${many.slice(1).join("&id=")}`)).json.total).toBe(0);
  });

  test("reads stand still, are empty, lose an entry or fail, as faults say", async () => {
    await using centre = await desk({ callsPerHour: 900, switches: { analyticsLagMs: 0 } });
    const { emulator, clock, ask } = centre;
    await clock.advance(600_000);
    const page = (pageNumber: number): ReturnType<typeof ask> =>
      ask("POST", QUERY, { interval: today(clock), paging: { pageSize: 5, pageNumber } });
    const idsOf = async (pageNumber: number): Promise<string[]> =>
      ((await page(pageNumber)).json.conversations as { conversationId: string }[]).map((one) => one.conversationId);
    const [, second] = (await idsOf(2)) as [string, string];
    emulator.faults.inject({ fault: "moving-pages", path: "/api/v2/analytics/*" });
    expect((await idsOf(2))[0]).toBe(second);
    emulator.faults.inject({ fault: "odd-answer", kind: "empty-list", path: "/api/v2/users*" });
    expect((await ask("GET", "/api/v2/users?expand=presence")).json).toMatchObject({ entities: [], total: 0 });
    emulator.faults.inject({ fault: "odd-answer", path: "/api/v2/conversations/*" });
    expect(await ask("GET", `/api/v2/conversations/${second}`)).toMatchObject({ status: 200, json: { status: 503 } });
    const id = emulator.directory.users[0]?.id ?? "";
    emulator.faults.inject({ fault: "stale-rest" });
    const eventBody = { id, routingStatus: { status: "COMMUNICATING" } };
    emulator.emit({ topicName: `v2.users.${id}.routingStatus`, eventBody });
    const status = async (): Promise<unknown> =>
      (await ask("GET", `/api/v2/users?id=${id}&expand=routingStatus`)).json.entities[0].routingStatus.status;
    expect(await status()).not.toBe("COMMUNICATING");
    emulator.faults.clear();
    expect(await status()).toBe("COMMUNICATING");
  });

  test("what is emitted about a user is what REST says of it, activity and out of office too", async () => {
    await using centre = await desk();
    const { emulator, ask } = centre;
    const id = emulator.directory.users[0]?.id ?? "";
    const presenceDefinition = { id: "d", systemPresence: "MEAL" };
    const eventBody = {
      id,
      routingStatus: { status: "COMMUNICATING" },
      presence: { presenceDefinition, presenceMessage: "soup" },
    };
    emulator.emit([
      { topicName: `v2.users.${id}.activity`, eventBody },
      { topicName: `v2.users.${id}.outofoffice`, eventBody: { user: { id }, active: true } },
      { topicName: `v2.users.${id}.station`, eventBody: { associatedStation: { id: "st" } } },
      {
        topicName: `v2.users.${id}.presence`,
        eventBody: { primary: false, presenceDefinition: { systemPresence: "BUSY" } },
      },
    ]);
    expect((await ask("GET", `/api/v2/users/${id}/presences/purecloud`)).json).toMatchObject({
      presenceDefinition: { id: "d", systemPresence: "Meal" },
      message: "soup",
    });
    expect((await ask("GET", `/api/v2/users/${id}/routingstatus`)).json).toMatchObject({
      userId: id,
      status: "COMMUNICATING",
    });
    expect((await ask("GET", `/api/v2/users/${id}/outofoffice`)).json).toMatchObject({ active: true });
    expect((await ask("GET", `/api/v2/users/${id}/station`)).json).toMatchObject({ associatedStation: { id: "st" } });
    const queueId = emulator.directory.users[0]?.queueIds[0];
    const members = await ask("GET", `/api/v2/routing/queues/${queueId}/members?presence=MEAL`);
    expect(members.json.entities.map((member: { id: string }) => member.id)).toEqual([id]);
  });
});

test("the client is told what it may do: all that is asked for anywhere, without what it lacks", async () => {
  await using centre = await desk({
    deniedPermissions: ["routing:queue:view"],
    topicPermissions: { "v2.users.{id}.presence": ["presence:presence:view"] },
  });
  const ask = async (): Promise<{ permissions: readonly string[]; divisions: readonly string[] }> => {
    const { json } = await centre.ask("GET", "/api/v2/authorization/subjects/me");
    expect(json).toMatchObject({ id: centre.emulator.clientId, grants: [{ role: { name: "Events" } }, {}, {}] });
    const [{ role }] = json.grants;
    return {
      divisions: json.grants.map(({ division }: { division: { name: string } }) => division.name),
      permissions: role.policies.flatMap((policy: { domain: string; entityName: string; actions: string[] }) =>
        policy.actions.map((action) => `${policy.domain}:${policy.entityName}:${action}`),
      ),
    };
  };
  const { permissions, divisions } = await ask();
  expect(divisions).toEqual(["Home", "Europe", "Americas"]);
  expect(permissions).toContain("analytics:conversationDetail:view");
  expect(permissions).toContain("routing:queue:search");
  expect(permissions).toContain("presence:presence:view");
  expect(permissions).not.toContain("routing:queue:view");
  centre.emulator.faults.inject({ fault: "permissions_removed", permissions: ["routing:queue:search"] });
  expect((await ask()).permissions).not.toContain("routing:queue:search");
});

test("members that a client leaves null count as not given, in queries", async () => {
  await using centre = await desk({ callsPerHour: 900, switches: { analyticsLagMs: 0 } });
  await centre.clock.advance(60_000);
  const bare = { interval: today(centre.clock) };
  const nulls = { paging: null, segmentFilters: null, conversationFilters: null, order: null, orderBy: null };
  const full = (await centre.ask("POST", QUERY, { ...bare, ...nulls })).json;
  expect(full.totalHits).toBeGreaterThan(0);
  expect(full).toEqual((await centre.ask("POST", QUERY, bare)).json);
  const [queue] = centre.emulator.directory.queues;
  const filter = { ...and({ ...matches("queueId", queue?.id ?? ""), range: null }), clauses: null };
  const path = "/api/v2/analytics/queues/observations/query";
  expect((await centre.ask("POST", path, { filter, metrics: null })).json.results).toHaveLength(1);
});
