/** What REST answers at an instant is the state that all frames up to that instant lead to, whatever happens and whoever said it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Emulator } from "../../src/emulator/index.ts";
import { createEmulator } from "../../src/emulator/index.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { call, newChannel, newToken, openSocket } from "../support/emulator-client.ts";

type Body = Readonly<Record<string, unknown>>;

const MEDIA = ["calls", "callbacks", "chats", "emails", "messages"];
const STATUSES = ["IDLE", "INTERACTING", "NOT_RESPONDING", "OFF_QUEUE"];
const PRESENCES = ["AVAILABLE", "AWAY", "ON_QUEUE", "MEAL"];

/** The states as somebody knows them who has read everything at the start and heard every frame since. */
class Listener {
  readonly presences = new Map<string, unknown>();
  readonly routings = new Map<string, unknown>();
  readonly generic = new Map<string, Body>();
  readonly media = new Map<string, Body>();
  readonly observations = new Map<string, unknown>();

  hear(topicName: string, body: Body): void {
    const [, kind, id = ""] = /^v2\.(users|routing\.queues|analytics\.queues)\.([^.]+)/.exec(topicName) ?? [];
    if (topicName.endsWith(".presence")) this.presences.set(id, presenceOf(body));
    if (topicName.endsWith(".routingStatus")) this.routings.set(id, routingOf(body));
    if (topicName.endsWith(".activity")) {
      // It comes after the topic that it repeats, and says nothing else than what is known by then.
      expect(routingOf(body)).toEqual(this.routings.get(id));
      expect(presenceOf(body["presence"] as Body)).toEqual(this.presences.get(id));
    }
    if (topicName.endsWith(".conversations")) this.generic.set(String(body["id"]), body);
    const plural = /\.conversations\.(\w+)$/.exec(topicName)?.[1];
    if (plural !== undefined) this.media.set(`${plural}/${String(body["id"])}`, body);
    if (kind === "analytics.queues") {
      const data = body["data"] as readonly { readonly metrics: unknown }[];
      this.observations.set(id, data[0]?.metrics);
    }
  }
}

/** Spelling apart: events and REST write presences in different ways. */
function presenceOf({ presenceDefinition, modifiedDate }: Body): unknown {
  const { id, systemPresence } = presenceDefinition as { readonly id: string; readonly systemPresence: string };
  return { id, systemPresence: systemPresence.toUpperCase().replaceAll(/[ _]/g, ""), modifiedDate };
}

function routingOf(body: Body): unknown {
  const { status, startTime } = body["routingStatus"] as Body;
  return { status, startTime };
}

function everyTopic({ directory }: Emulator): string[] {
  return [
    ...directory.users.flatMap(({ id }) => [
      `v2.users.${id}?presence&routingStatus&activity&conversations`,
      `v2.users.${id}.conversations?${MEDIA.join("&")}`,
    ]),
    ...directory.queues.flatMap(({ id }) => [
      `v2.routing.queues.${id}.conversations`,
      `v2.routing.queues.${id}.conversations?${MEDIA.join("&")}`,
      `v2.analytics.queues.${id}.observations`,
    ]),
  ];
}

/** Reads all states by REST. */
async function readStates(emulator: Emulator, token: string, known: Listener): Promise<Listener> {
  const states = new Listener();
  const { users, queues } = emulator.directory;
  const ask = async (method: string, path: string, body?: unknown): Promise<Body> => {
    const { status, json } = await call(emulator, method, `/api/v2/${path}`, token, body);
    expect(status, path).toBe(200);
    return json as Body;
  };
  const presences = await ask("GET", `users/presences/purecloud/bulk?id=${users.map(({ id }) => id).join(",")}`);
  for (const one of presences as unknown as readonly Body[])
    states.presences.set(String(one["userId"]), presenceOf(one));
  for (const { id } of users) {
    const { status, startTime } = await ask("GET", `users/${id}/routingstatus`);
    states.routings.set(id, { status, startTime });
  }
  for (const id of known.generic.keys()) states.generic.set(id, await ask("GET", `conversations/${id}`));
  for (const key of known.media.keys()) states.media.set(key, await ask("GET", `conversations/${key}`));
  const predicates = queues.map(({ id }) => ({
    type: "dimension",
    dimension: "queueId",
    operator: "matches",
    value: id,
  }));
  const { results } = await ask("POST", "analytics/queues/observations/query", { filter: { type: "or", predicates } });
  for (const { group, data } of results as readonly {
    readonly group: { readonly queueId: string };
    readonly data: unknown;
  }[])
    states.observations.set(group.queueId, data);
  return states;
}

/** Conversations that wait for or talk to an agent now: by the query, and by the frames. */
async function activeConversations(emulator: Emulator, token: string, now: number): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let pageNumber = 1; ; pageNumber += 1) {
    const { json } = await call(emulator, "POST", "/api/v2/analytics/conversations/details/query", token, {
      interval: `${new Date(now - 86_400_000).toISOString()}/${new Date(now + 60_000).toISOString()}`,
      conversationFilters: [
        { type: "and", predicates: [{ type: "dimension", dimension: "conversationEnd", operator: "notExists" }] },
      ],
      segmentFilters: [{ type: "or", predicates: ["acd", "agent"].map((value) => ({ dimension: "purpose", value })) }],
      paging: { pageSize: 10, pageNumber },
    });
    for (const { conversationId } of json.conversations ?? []) ids.add(conversationId as string);
    if (pageNumber * 10 >= json.totalHits) return ids;
  }
}

function isActive(body: Body): boolean {
  const legs = body["participants"] as readonly Body[];
  return legs.some((leg) => leg["endTime"] === undefined) && legs.some(({ purpose }) => purpose !== "customer");
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("routing" as const), user: fc.nat(5), word: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("presence" as const), user: fc.nat(5), word: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("fault" as const), name: fc.constantFrom("gap", "delay", "duplicate") }),
  },
);

/** Says something about a user in the place of the centre. */
function say(emulator: Emulator, kind: "routing" | "presence", user: number, word: number, now: number): void {
  const id = emulator.directory.users[user]?.id ?? "";
  const at = new Date(now).toISOString();
  if (kind === "routing") {
    const routingStatus = { status: STATUSES[word], startTime: at };
    emulator.emit({ topicName: `v2.users.${id}.routingStatus`, eventBody: { id, routingStatus } });
    return;
  }
  const systemPresence = PRESENCES[word] ?? "";
  const presenceDefinition = { id: emulator.directory.presenceIds.get(systemPresence), systemPresence };
  emulator.emit({
    topicName: `v2.users.${id}.presence`,
    eventBody: { presenceDefinition, primary: true, modifiedDate: at },
  });
}

test("REST says what all frames together say", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(step, { minLength: 3, maxLength: 12 }),
      async (seed, steps) => {
        const clock = createFakeClock(undefined, seed);
        await using emulator = createEmulator({
          clock,
          seed,
          agents: 6,
          queues: 2,
          callsPerHour: 600,
          heartbeatMs: 86_000_000,
          limits: { requestsPerMinute: 1_000_000 },
          switches: { analyticsLagMs: 0 },
        });
        await emulator.listen();
        const token = await newToken(emulator);
        const socket = await openSocket((await newChannel(emulator, token, everyTopic(emulator))).connectUri);
        // Another socket is the one that faults hit; the platform's state doesn't depend on it.
        const unlucky = await openSocket((await newChannel(emulator, token, everyTopic(emulator))).connectUri);
        const start = await readStates(emulator, token, new Listener());
        const listener = Object.assign(new Listener(), start);
        let heard = 0;
        for (const one of steps) {
          if (one.kind === "time") await clock.advance(one.ms);
          else if (one.kind === "fault") emulator.faults.inject({ fault: one.name, socket: "s2", count: 5 });
          else say(emulator, one.kind, one.user, one.word, clock.now());
          const owed = emulator
            .ledger({ limit: 1_000_000 })
            .events.filter(({ sockets }) => sockets.includes("s1")).length;
          await socket.until(owed);
          for (const { topicName, eventBody } of socket.events().slice(heard)) listener.hear(topicName, eventBody);
          heard = owed;
          const read = await readStates(emulator, token, listener);
          expect(read).toEqual(listener);
          // To the letter: what goes out is put together from parts, what REST answers is made anew.
          for (const [id, body] of read.generic)
            expect(JSON.stringify(listener.generic.get(id))).toBe(JSON.stringify(body));
          for (const [key, body] of read.media)
            expect(JSON.stringify(listener.media.get(key))).toBe(JSON.stringify(body));
          const active = Array.from(listener.generic).filter(([, body]) => isActive(body));
          expect(await activeConversations(emulator, token, clock.now())).toEqual(new Set(active.map(([id]) => id)));
          compared += listener.generic.size + active.length;
        }
        socket.ws.terminate();
        unlucky.ws.terminate();
      },
    ),
    { numRuns: 30 },
  );
  expect(compared).toBeGreaterThan(100);
});
