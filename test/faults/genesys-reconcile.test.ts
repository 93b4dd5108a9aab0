/** Reconciliation against a foreign platform, with its clock and its REST in the test's hands: what a gap hid, and what is in the way. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { foreignCall } from "../support/foreign-states.ts";
import { PRESENCE, USER } from "../support/genesys-rig.ts";
import {
  CALLS,
  CONVERSATIONS,
  DETAILS,
  json,
  outcomes,
  QUEUE,
  QUEUE_CONVERSATIONS,
  reconcileRig,
  ROUTING,
  STATION,
  whys,
} from "../support/reconcile-rig.ts";
import type { SeenEvent } from "../support/source-context.ts";

describe("what a gap hid", () => {
  test("a call that began to ring in it comes as an event on each topic that would have carried it, in the topic's shape", async () => {
    const { clock, states, gap, settled, reconciled, source } = await reconcileRig([
      CONVERSATIONS,
      CALLS,
      QUEUE_CONVERSATIONS,
    ]);
    const call = foreignCall("c-1", { userId: USER, queueId: QUEUE, state: "alerting", at: clock.now() + 5_000 });
    states.conversations.set("c-1", call);
    const seen = await gap();
    await settled();
    const events = new Map(reconciled().map((event) => [event.topic, event]));
    expect(new Set(events.keys())).toEqual(new Set([CONVERSATIONS, CALLS, QUEUE_CONVERSATIONS]));
    for (const topic of [CONVERSATIONS, QUEUE_CONVERSATIONS]) {
      expect(events.get(topic)).toMatchObject({
        key: "c-1",
        encoding: "json",
        origin: "reconciled",
        receivedAt: seen.to,
      });
      expect(json(events.get(topic) as SeenEvent)).toEqual(call.generic);
    }
    expect(json(events.get(CALLS) as SeenEvent)).toEqual(call.media?.["calls"]);
    expect(seen.asking).toBe(true);
    expect(outcomes(seen)).toEqual({
      [CONVERSATIONS]: "repaired",
      [CALLS]: "repaired",
      [QUEUE_CONVERSATIONS]: "repaired",
    });
    expect(whys(seen)).toContain("states in between are not");
    expect(source.status().reconciliation).toEqual({
      asking: 0,
      askedAt: seen.to,
      handedOn: 3,
      // When no answer can be from before the gap's end any more, it is asked once more.
      unchanged: 3,
      behind: 0,
      failed: 0,
    });
  });

  test("a call that was live before and ended in it is asked for though analytics do not list it", async () => {
    const { clock, platform, states, context, gap, settled, reconciled } = await reconcileRig([CONVERSATIONS]);
    const before = foreignCall("c-1", { userId: USER, queueId: QUEUE, state: "connected", at: clock.now() });
    const ended = foreignCall("c-1", {
      userId: USER,
      queueId: QUEUE,
      state: "terminated",
      at: clock.now() + 1_000,
      isListed: false,
    });
    await eventually("sent", () => platform.emit(CONVERSATIONS, before.generic) > 0);
    await context.received(1);
    states.conversations.set("c-1", ended);
    await gap();
    await settled();
    expect(reconciled().map(json)).toEqual([ended.generic]);
  });

  test("how a person stands comes in the shape of the events, and is asked for in one call", async () => {
    const { platform, states, gap, settled, reconciled } = await reconcileRig([PRESENCE, ROUTING, STATION]);
    states.standing.set(USER, {
      presence: {
        userId: USER,
        primary: true,
        message: "",
        presenceDefinition: { id: "p", systemPresence: "On Queue" },
        modifiedDate: "2026-03-04T10:00:00.000Z",
      },
      routingStatus: { userId: USER, status: "NOT_RESPONDING", startTime: "2026-03-04T10:00:01.000Z" },
      station: {
        associatedStation: { id: "s", name: "Desk 7", type: "inin_webrtc", associatedUser: { id: USER, name: "x" } },
      },
    });
    const seen = await gap();
    await settled();
    expect(Object.fromEntries(reconciled().map((event) => [event.topic, json(event)]))).toEqual({
      [PRESENCE]: {
        source: "PURECLOUD",
        presenceDefinition: { id: "p", systemPresence: "ON_QUEUE" },
        primary: true,
        message: "",
        modifiedDate: "2026-03-04T10:00:00.000Z",
      },
      [ROUTING]: { id: USER, routingStatus: { status: "NOT_RESPONDING", startTime: "2026-03-04T10:00:01.000Z" } },
      [STATION]: { associatedStation: { id: "s", name: "Desk 7", associatedUser: { id: USER } } },
    });
    expect(reconciled().map(({ key }) => key)).toEqual([USER, USER, USER]);
    // And once more, when no answer can be from before the gap's end.
    expect(platform.seen("GET", /^\/api\/v2\/users/u).length).toBe(2);
    expect(new Set(Object.values(outcomes(seen)))).toEqual(new Set(["repaired"]));
  });

  test("what nobody keeps is unknowable, and said so by the topic's family", async () => {
    const summary = `v2.users.${USER}.conversationsummary`;
    const { gap, settled, platform } = await reconcileRig([summary]);
    const seen = await gap();
    await settled();
    expect(seen.findings).toEqual([
      {
        topics: [summary],
        outcome: "unknowable",
        why: "nobody keeps what v2.users.{id}.conversationsummary told; it can't be asked for",
      },
    ]);
    expect(platform.seen("GET", /^\/api\/v2\/(users|conversations)/u).length).toBe(0);
  });

  test("the numbers of a queue come as they are now, and the sums of the half hour do not", async () => {
    const topic = `v2.analytics.queues.${QUEUE}.observations`;
    const { states, gap, settled, reconciled } = await reconcileRig([topic]);
    const group = { queueId: QUEUE, mediaType: "voice" };
    states.numbers = [{ group, data: [{ metric: "oWaiting", stats: { count: 3 } }] }];
    const seen = await gap();
    await settled();
    expect(reconciled().map(json)).toMatchObject([
      { group, data: [{ metrics: [{ metric: "oWaiting", stats: { count: 3 } }] }] },
    ]);
    expect(outcomes(seen)).toEqual({ [topic]: "partly" });
  });

  test("at the start the state there is comes as reconciled events, and nothing does where nobody wants it", async () => {
    const standing = {
      presence: { presenceDefinition: { systemPresence: "Available" }, modifiedDate: "2026-03-04T10:00:00.000Z" },
    };
    for (const atStart of [true, false]) {
      const { states, live, settled, reconciled, platform } = await reconcileRig([PRESENCE], { atStart });
      states.standing.set(USER, standing);
      await live();
      await settled();
      expect(reconciled().length).toBe(atStart ? 1 : 0);
      expect(platform.seen("GET", /^\/api\/v2\/users/u).length > 0).toBe(atStart);
    }
  });

  test("with reconcile: false nothing is asked, and the gap is the ledger's", async () => {
    const { platform, gap, source } = await reconcileRig([PRESENCE], false);
    expect((await gap()).asking).toBe(false);
    expect(source.status().reconciliation).toBeUndefined();
    expect(platform.seen("GET", /^\/api\/v2\/users/u).length).toBe(0);
  });
});

describe("what is newer", () => {
  test("a live event during the question wins over its answer", async () => {
    const { clock, platform, states, context, gap, settled, reconciled } = await reconcileRig([CONVERSATIONS]);
    const at = clock.now() + 10_000;
    const ringing = foreignCall("c-1", { userId: USER, queueId: QUEUE, state: "alerting", at });
    const answered = foreignCall("c-1", { userId: USER, queueId: QUEUE, state: "connected", at: at + 1_000 });
    states.conversations.set("c-1", ringing);
    let isSent = false;
    states.before = ({ path }) => {
      if (path.endsWith("/conversations/c-1") && !isSent) isSent = platform.emit(CONVERSATIONS, answered.generic) > 0;
    };
    platform.traps.push({
      method: "GET",
      path: /conversations\/c-1$/u,
      times: 1,
      fault: { kind: "answer", status: 503 },
    });
    const seen = await gap();
    await settled(500);
    expect(platform.seen("GET", /conversations\/c-1$/u).length).toBeLessThanOrEqual(2);
    expect(isSent).toBe(true);
    await eventually("the live one", () => context.events.length > 0);
    expect(context.events.map(({ origin }) => origin)).toEqual(["live"]);
    expect(reconciled()).toEqual([]);
    expect(outcomes(seen)).toEqual({ [CONVERSATIONS]: "repaired" });
  });

  test("an answer that is behind what was live before the gap is not handed on, but asked for again until it has caught up", async () => {
    const { clock, platform, states, context, gap, settled, reconciled, source } = await reconcileRig([CONVERSATIONS]);
    const call = (state: "alerting" | "connected" | "terminated"): ReturnType<typeof foreignCall> =>
      foreignCall("c-1", { userId: USER, queueId: QUEUE, state, at: clock.now() });
    const answered = call("connected");
    await eventually("sent", () => platform.emit(CONVERSATIONS, answered.generic) > 0);
    await context.received(1);
    states.conversations.set("c-1", call("alerting"));
    const seen = await gap();
    await eventually("an answer that is behind", () => source.status().reconciliation?.behind === 1);
    expect(reconciled()).toEqual([]);
    const ended = call("terminated");
    states.conversations.set("c-1", ended);
    await clock.advance(5_000);
    await settled();
    expect(reconciled().map(json)).toEqual([ended.generic]);
    expect(outcomes(seen)).toEqual({ [CONVERSATIONS]: "repaired" });
  });

  test("an answer that stays behind is given up, and the topic is repaired in part", async () => {
    const { clock, platform, states, context, gap, settled, reconciled, source } = await reconcileRig([ROUTING]);
    const routingStatus = (status: string, second: number): Record<string, unknown> => ({
      status,
      startTime: `2026-03-04T10:00:0${second}.000Z`,
    });
    await eventually(
      "sent",
      () => platform.emit(ROUTING, { id: USER, routingStatus: routingStatus("INTERACTING", 5) }) > 0,
    );
    await context.received(1);
    states.standing.set(USER, { routingStatus: routingStatus("IDLE", 1) });
    const seen = await gap();
    for (let times = 1; times < 4; times += 1) {
      await eventually("an answer that is behind", () => source.status().reconciliation?.behind === times);
      await clock.advance(5_000);
    }
    await settled();
    expect(reconciled()).toEqual([]);
    expect(outcomes(seen)).toEqual({ [ROUTING]: "partly" });
    expect(whys(seen)).toContain("stayed older");
  });

  test("a state that is as it was is not handed on, and counts as repaired", async () => {
    const { platform, states, context, gap, settled, reconciled, source } = await reconcileRig([ROUTING]);
    const routingStatus = { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" };
    await eventually("sent", () => platform.emit(ROUTING, { id: USER, routingStatus }) > 0);
    await context.received(1);
    states.standing.set(USER, { routingStatus });
    const seen = await gap();
    await settled();
    expect(reconciled()).toEqual([]);
    expect(outcomes(seen)).toEqual({ [ROUTING]: "repaired" });
    expect(source.status().reconciliation).toMatchObject({ unchanged: 2, handedOn: 0, behind: 0 });
  });

  test("a presence of a second source is not taken for how the person stands", async () => {
    const { platform, states, context, gap, settled, reconciled } = await reconcileRig([PRESENCE]);
    const definition = (name: string): unknown => ({ id: "p", systemPresence: name });
    await eventually(
      "sent",
      () =>
        platform.emit(PRESENCE, {
          source: "TEAMS",
          primary: false,
          presenceDefinition: definition("BUSY"),
          modifiedDate: "2026-03-04T11:00:00.000Z",
        }) > 0,
    );
    await context.received(1);
    states.standing.set(USER, {
      presence: { primary: true, presenceDefinition: definition("Meal"), modifiedDate: "2026-03-04T10:00:00.000Z" },
    });
    await gap();
    await settled();
    expect(reconciled().map(json)).toMatchObject([{ presenceDefinition: definition("MEAL") }]);
  });
});

describe("a second source of presence", () => {
  test("does not hide what the primary one said", async () => {
    const { platform, states, context, gap, settled, reconciled, source } = await reconcileRig([PRESENCE], {
      atStart: false,
      analyticsLagMs: 0,
    });
    const said = (name: string, primary: boolean, minute: number): Record<string, unknown> => ({
      primary,
      presenceDefinition: { id: "p", systemPresence: name },
      modifiedDate: `2026-03-04T10:0${minute}:00.000Z`,
    });
    await eventually("sent", () => platform.emit(PRESENCE, said("MEAL", true, 5)) > 0);
    platform.emit(PRESENCE, said("BUSY", false, 6));
    await context.received(2);
    states.standing.set(USER, { presence: said("Available", true, 1) });
    await gap();
    await eventually("an answer that is behind", () => source.status().reconciliation?.behind === 1);
    states.standing.set(USER, { presence: said("Meal", true, 5) });
    await settled(500);
    expect(reconciled()).toEqual([]);
  });
});

describe("what analytics know late", () => {
  test("a second look finds the call that the first one could not, and only then the topic is settled", async () => {
    const { clock, platform, states, gap, settled, reconciled } = await reconcileRig([CONVERSATIONS], {
      atStart: false,
    });
    const at = clock.now() + 5_000;
    const call = { userId: USER, queueId: QUEUE, state: "alerting" as const, at };
    states.conversations.set("c-1", foreignCall("c-1", { ...call, isListed: false }));
    const seen = await gap();
    await eventually("the first look", () => platform.seen("POST", DETAILS).length === 1);
    states.before = ({ path }) => {
      if (path.endsWith("details/query")) states.conversations.set("c-1", foreignCall("c-1", call));
    };
    await settled(1_000);
    expect(clock.now() - (seen.to ?? 0)).toBeGreaterThanOrEqual(75_000);
    expect(clock.now() - (seen.to ?? 0)).toBeLessThan(80_000);
    expect(platform.seen("POST", DETAILS).length).toBe(2);
    expect(reconciled().map(({ key }) => key)).toEqual(["c-1"]);
    expect(outcomes(seen)).toEqual({ [CONVERSATIONS]: "repaired" });
  });

  test("what the first look found is not asked for by the second, new or not", async () => {
    const { clock, platform, states, context, gap, settled } = await reconcileRig([CONVERSATIONS], { atStart: false });
    for (const id of ["c-1", "c-2"]) {
      const call = foreignCall(id, { userId: USER, queueId: QUEUE, state: "alerting", at: clock.now() });
      states.conversations.set(id, call);
      if (id === "c-1") await eventually("sent", () => platform.emit(CONVERSATIONS, call.generic) > 0);
    }
    await context.received(1);
    await gap();
    await settled(1_000);
    expect(platform.seen("POST", DETAILS).length).toBe(2);
    // At once, and when no answer can be from before the gap's end.
    for (const path of [/conversations\/c-1$/u, /conversations\/c-2$/u])
      expect(platform.seen("GET", path).length).toBe(2);
  });

  test("all pages are read", async () => {
    const { clock, platform, states, gap, settled, reconciled } = await reconcileRig([CONVERSATIONS]);
    const at = clock.now();
    for (let n = 0; n < 230; n += 1) {
      states.conversations.set(
        `c-${n}`,
        foreignCall(`c-${n}`, { userId: USER, queueId: QUEUE, state: "terminated", at }),
      );
    }
    const seen = await gap();
    await settled();
    expect(platform.seen("POST", DETAILS).map(({ body }) => (JSON.parse(body) as { paging: unknown }).paging)).toEqual(
      [1, 2, 3].map((pageNumber) => ({ pageSize: 100, pageNumber })),
    );
    expect(reconciled().length).toBe(230);
    expect(outcomes(seen)).toEqual({ [CONVERSATIONS]: "repaired" });
  });
});

describe("what is in the way", () => {
  test("429 and a spent budget are waited for, with everything handed on in the end", async () => {
    const { clock, platform, states, gap, settled, reconciled } = await reconcileRig([ROUTING]);
    states.standing.set(USER, { routingStatus: { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" } });
    platform.traps.push({
      method: "GET",
      path: /\/users$/u,
      times: 1,
      fault: { kind: "answer", status: 429, headers: { "retry-after": "7" } },
    });
    const seen = await gap();
    await settled(500);
    expect(clock.now() - (seen.to ?? 0)).toBeGreaterThanOrEqual(7_000);
    expect(clock.now() - (seen.to ?? 0)).toBeLessThan(10_000);
    // And once more, though this answer came late enough: the question had begun earlier.
    expect(platform.seen("GET", /\/users$/u).length).toBe(3);
    expect(reconciled().length).toBe(1);
    expect(outcomes(seen)).toEqual({ [ROUTING]: "repaired" });
  });

  test("the last fifth of the window is left to those who reconnect and subscribe", async () => {
    const { clock, platform, states, live, gap, settled, reconciled } = await reconcileRig([ROUTING]);
    states.standing.set(USER, { routingStatus: { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" } });
    await live();
    const headers = { "inin-ratelimit-count": "245", "inin-ratelimit-allowed": "300", "inin-ratelimit-reset": "20" };
    // The way back to a channel reads its list.
    platform.traps.push({
      method: "GET",
      path: /subscriptions$/u,
      times: 1,
      fault: {
        kind: "answer",
        status: 200,
        headers,
        body: JSON.stringify({ entities: [{ id: ROUTING, state: "Permitted" }] }),
      },
    });
    const seen = await gap();
    await settled(500);
    expect(clock.now() - (seen.to ?? 0)).toBeGreaterThanOrEqual(20_000);
    expect(platform.seen("GET", /\/users$/u).length).toBe(2);
    expect(reconciled().length).toBe(1);
  });

  test("a missing permission hides one part: it is named, the others are known, and nobody is asked one by one in vain", async () => {
    const colleagues = ["a1", "a2", "a3"];
    const topics = colleagues.flatMap((id) => [`v2.users.${id}.routingStatus`, `v2.users.${id}.station`]);
    const { platform, states, gap, settled, reconciled, source } = await reconcileRig(topics);
    const routingStatus = { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" };
    for (const id of colleagues) states.standing.set(id, { routingStatus, station: {} });
    states.denied.add("expand:station");
    const seen = await gap();
    await settled();
    expect(reconciled().map(({ topic }) => topic)).toEqual(topics.filter((topic) => topic.endsWith("routingStatus")));
    expect(outcomes(seen)).toEqual(
      Object.fromEntries(topics.map((topic) => [topic, topic.endsWith("station") ? "unknowable" : "repaired"])),
    );
    expect(whys(seen)).toContain("missing the following permission(s): expand:station");
    expect(source.status().reconciliation?.failed).toBeGreaterThan(0);
    expect(platform.seen("GET", /\/station$/u).length).toBe(1);
  });

  test("without the right to search, calls that were live are known, others are not, and the reason is told", async () => {
    const { clock, platform, states, context, gap, settled, reconciled } = await reconcileRig(
      [CONVERSATIONS, QUEUE_CONVERSATIONS],
      { atStart: false },
    );
    states.denied.add("analytics:conversationDetail:view");
    const call = { userId: USER, queueId: "other", at: clock.now() };
    await eventually(
      "sent",
      () => platform.emit(CONVERSATIONS, foreignCall("c-1", { ...call, state: "alerting" }).generic) > 0,
    );
    await context.received(1);
    states.conversations.set("c-1", foreignCall("c-1", { ...call, state: "connected" }));
    const seen = await gap();
    await settled();
    expect(reconciled().map(({ topic }) => topic)).toEqual([CONVERSATIONS]);
    expect(outcomes(seen)).toEqual({ [CONVERSATIONS]: "partly", [QUEUE_CONVERSATIONS]: "unknowable" });
    expect(whys(seen)).toContain("analytics:conversationDetail:view");
    expect(platform.seen("POST", DETAILS).length).toBeLessThanOrEqual(2);
  });

  test("a topic that the platform refuses is not asked for by the back door", async () => {
    const { platform, states, gap, settled, reconciled } = await reconcileRig([ROUTING, PRESENCE]);
    states.standing.set(USER, {
      routingStatus: { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" },
      presence: { presenceDefinition: { systemPresence: "Meal" } },
    });
    platform.forbidden.add(ROUTING.toLowerCase());
    const seen = await gap();
    await settled();
    expect(reconciled().map(({ topic }) => topic)).toEqual([PRESENCE]);
    expect(outcomes(seen)).toEqual({ [ROUTING]: "unknowable", [PRESENCE]: "repaired" });
  });

  test("a gap during a reconciliation joins it: what waits is asked for once, and both gaps are settled", async () => {
    const { platform, states, context, gap, settled } = await reconcileRig([ROUTING]);
    states.standing.set(USER, { routingStatus: { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" } });
    platform.traps.push({ method: "GET", path: /\/users$/u, times: 1, fault: { kind: "answer", status: 503 } });
    const first = await gap();
    await eventually("failed", () => platform.seen("GET", /\/users$/u).length === 1);
    const second = await gap();
    await settled(500);
    expect([outcomes(first), outcomes(second)]).toEqual([{ [ROUTING]: "repaired" }, { [ROUTING]: "repaired" }]);
    expect(context.events.length).toBe(1);
  });

  test("a close during it stops asking at once, and leaves the rest to the ledger", async () => {
    const { clock, platform, states, gap, source, reconciled } = await reconcileRig([CONVERSATIONS, ROUTING]);
    for (let n = 0; n < 30; n += 1) {
      states.conversations.set(
        `c-${n}`,
        foreignCall(`c-${n}`, { userId: USER, queueId: QUEUE, state: "connected", at: clock.now() }),
      );
    }
    platform.traps.push({ method: "GET", path: /conversations\/c-/u, times: 4, fault: { kind: "silence" } });
    const seen = await gap();
    await eventually("asked", () => platform.seen("GET", /conversations\/c-/u).length === 4);
    const closing = source.close();
    await clock.advance(60_000);
    await closing;
    const asked = platform.seen("GET", /conversations\/c-/u).length;
    await clock.advance(60_000);
    expect(platform.seen("GET", /conversations\/c-/u).length).toBe(asked);
    expect(asked).toBe(4);
    expect(reconciled().filter(({ topic }) => topic === CONVERSATIONS)).toEqual([]);
    expect(outcomes(seen)).not.toHaveProperty([CONVERSATIONS]);
  });
});
