/** The reconciler with an API in the test's hands: in which order it asks, how much at once, and when it does not. */
import { describe, expect, test } from "vitest";
import { topicIdentity } from "../../../../src/core/topic.ts";
import type { Net } from "../../../../src/ports/net.ts";
import { Reconciler } from "../../../../src/sources/genesys/reconcile/reconciler.ts";
import type { ApiAnswer, ApiCall } from "../../../../src/sources/genesys/rest.ts";
import { createFakeClock, type FakeClock } from "../../../../src/testing/fake-clock.ts";
import { foreignCall, ForeignStates } from "../../../support/foreign-states.ts";
import { createSpyContext, type SpyContext } from "../../../support/source-context.ts";

const NO_NET: Net = {
  request: () => Promise.reject(new Error("no network here")),
  openSocket: () => {
    throw new Error("no network here");
  },
};
const TOKEN = { value: "t", expiresAt: 0, renewAt: 0 } as never;

interface Rig {
  readonly clock: FakeClock;
  readonly context: SpyContext;
  readonly reconciler: Reconciler;
  readonly states: ForeignStates;
  /** What was asked, in order: the path without what all have in common. */
  readonly asked: string[];
  readonly calls: ApiCall[];
  /** How many were under way at most. */
  readonly most: () => number;
  /** Answers in the place of the states. */
  readonly answers: Map<string, ApiAnswer>;
  /** A gap of these topics that has just ended. */
  readonly gap: (topics: readonly string[], from?: number) => void;
  readonly live: (topic: string, key: string, body: unknown) => void;
}

function rig(subscribed?: readonly string[]): Rig {
  const clock = createFakeClock();
  const context = createSpyContext(clock, NO_NET);
  const states = new ForeignStates();
  const calls: ApiCall[] = [];
  const asked: string[] = [];
  const answers = new Map<string, ApiAnswer>();
  let under = 0;
  let most = 0;
  const wanted = new Set<string>();
  const call = async (one: ApiCall): Promise<ApiAnswer> => {
    calls.push(one);
    const url = new URL(one.path, "http://platform");
    const name = url.pathname.replace("/api/v2/", "");
    asked.push(name);
    most = Math.max(most, (under += 1));
    await new Promise<void>((resolve) => void clock.setTimer(10, resolve));
    under -= 1;
    const request = {
      method: one.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: {},
      body: JSON.stringify(one.body ?? null),
    };
    const { status, body } = states.answer(request) ?? { status: 404 };
    if (answers.has(name)) return answers.get(name) as ApiAnswer;
    if (status === 200) return { kind: "ok", status, json: body, token: TOKEN };
    if (status === 404) return { kind: "gone", reason: "not there" };
    return { kind: "refused", status, code: "missing.permissions", reason: "missing", message: "missing" };
  };
  const reconciler = new Reconciler({
    name: "main",
    plan: { atStart: true, afterGaps: true, analyticsLagMs: 60_000 },
    api: { call },
    context,
    subscribed: () => new Set((subscribed ?? [...wanted]).map(topicIdentity)),
    receive: (event) => void context.receive(event),
  });
  return {
    clock,
    context,
    reconciler,
    states,
    asked,
    calls,
    answers,
    most: () => most,
    gap(topics, from = clock.now() - 1_000) {
      for (const topic of topics) wanted.add(topic);
      reconciler.context.openGap({ topics, cause: "cut", from }).end(clock.now());
    },
    live(topic, key, body) {
      const at = clock.now();
      reconciler.note(topic, key, new TextEncoder().encode(JSON.stringify(body)), { at, sentAfter: at });
    },
  };
}

const CONVERSATIONS = "v2.users.u1.conversations";
const presence = (n: number): string => `v2.users.u${n}.presence`;

describe("the order of the questions", () => {
  test("calls that ring come first, then people, then other calls, then what has ended; four at once", async () => {
    const { clock, states, gap, asked, most, calls, context } = rig();
    const at = clock.now();
    for (let n = 1; n <= 12; n += 1) {
      const state = n <= 4 ? "terminated" : n >= 11 ? "alerting" : "connected";
      states.conversations.set(`c-${n}`, foreignCall(`c-${n}`, { userId: "u1", queueId: "q", state, at }));
    }
    states.standing.set("u1", { routingStatus: { status: "IDLE", startTime: "2026-03-04T10:00:01.000Z" } });
    for (let n = 2; n <= 201; n += 1)
      states.standing.set(`u${n}`, { presence: { presenceDefinition: { systemPresence: "Meal" } } });
    gap([CONVERSATIONS, "v2.users.u1.routingStatus", ...Array.from({ length: 200 }, (_, n) => presence(n + 2))]);
    await clock.advance(4_000);
    expect(asked.slice(0, 4)).toEqual(["analytics/conversations/details/query", "users", "users", "users"]);
    const rest = asked.slice(4).filter((name) => name !== "users");
    expect(rest).toEqual(
      ["c-11", "c-12", "c-5", "c-6", "c-7", "c-8", "c-9", "c-10", "c-1", "c-2", "c-3", "c-4"].map(
        (id) => `conversations/${id}`,
      ),
    );
    expect(asked.indexOf("conversations/c-12")).toBeLessThan(asked.lastIndexOf("users"));
    expect(asked.lastIndexOf("users")).toBeLessThan(asked.indexOf("conversations/c-5"));
    expect(asked.filter((name) => name === "users").length).toBe(5);
    expect(most()).toBe(4);
    expect(new Set(calls.map(({ priority }) => priority))).toEqual(new Set(["reconcile"]));
    expect(context.events.length).toBe(12 + 201);
  });

  test("a call that live events showed ringing is asked for before anybody searches", async () => {
    const { clock, states, gap, asked, live } = rig();
    const call = foreignCall("c-1", { userId: "u1", queueId: "q", state: "alerting", at: clock.now() });
    live(CONVERSATIONS, "c-1", call.generic);
    states.conversations.set("c-1", call);
    await clock.advance(10_000);
    gap([CONVERSATIONS]);
    await clock.advance(1);
    expect(new Set(asked)).toEqual(new Set(["conversations/c-1", "analytics/conversations/details/query"]));
  });
});

describe("what is not asked", () => {
  test("while intake is behind: nothing; then all of it", async () => {
    const { clock, states, gap, asked, reconciler, context } = rig();
    states.standing.set("u1", { presence: { presenceDefinition: { systemPresence: "Meal" } } });
    reconciler.hold(true);
    gap([presence(1)]);
    await clock.advance(60_000);
    expect(asked).toEqual([]);
    reconciler.hold(false);
    await clock.advance(1_000);
    expect(context.events.length).toBe(1);
  });

  test("conversations and people of whom live events have told since the gap's end", async () => {
    const { clock, states, gap, asked, live, reconciler, context } = rig();
    const call = foreignCall("c-1", { userId: "u1", queueId: "q", state: "connected", at: clock.now() });
    states.conversations.set("c-1", call);
    reconciler.hold(true);
    gap([CONVERSATIONS, presence(1)]);
    live(CONVERSATIONS, "c-1", call.generic);
    live(presence(1), "u1", { presenceDefinition: { systemPresence: "MEAL" } });
    reconciler.hold(false);
    await clock.advance(70_000);
    expect(new Set(asked)).toEqual(new Set(["analytics/conversations/details/query"]));
    expect(context.gaps[0]?.findings.map(({ outcome }) => outcome)).toEqual(["repaired", "repaired"]);
  });

  test("conversations that live events have shown to be over", async () => {
    const { clock, gap, asked, live } = rig();
    live(
      CONVERSATIONS,
      "c-1",
      foreignCall("c-1", { userId: "u1", queueId: "q", state: "terminated", at: clock.now() }).generic,
    );
    gap([CONVERSATIONS]);
    await clock.advance(1_000);
    expect(asked).toEqual(["analytics/conversations/details/query"]);
  });

  test("topics that are subscribed no more", async () => {
    const { clock, gap, asked, context } = rig([]);
    gap([CONVERSATIONS, presence(1)]);
    await clock.advance(1_000);
    expect(asked).toEqual([]);
    expect(context.gaps[0]?.findings).toMatchObject([{ topics: [CONVERSATIONS, presence(1)], outcome: "unknowable" }]);
  });

  test("the next page after the close", async () => {
    const { clock, states, gap, asked, reconciler, context } = rig();
    for (let n = 0; n < 300; n += 1)
      states.conversations.set(
        `c-${n}`,
        foreignCall(`c-${n}`, { userId: "u1", queueId: "q", state: "connected", at: 0 }),
      );
    gap([CONVERSATIONS]);
    await clock.advance(5);
    reconciler.close();
    await clock.advance(60_000);
    expect(asked).toEqual(["analytics/conversations/details/query"]);
    expect(context.events).toEqual([]);
  });

  test("anything after the close, and the gaps that end then are the ledger's", async () => {
    const { clock, gap, asked, reconciler, context } = rig();
    reconciler.close();
    gap([presence(1)]);
    await clock.advance(1_000);
    expect(asked).toEqual([]);
    expect(context.gaps[0]).toMatchObject({ asking: false, findings: [] });
    expect(clock.timerCount).toBe(0);
  });
});

describe("what a topic has not told", () => {
  test("a call that ended on a topic that was whole is told on the one that was not", async () => {
    const queue = "v2.routing.queues.q.conversations";
    const { clock, states, gap, live, context } = rig();
    const call = (state: "connected" | "terminated"): ReturnType<typeof foreignCall> =>
      foreignCall("c-1", { userId: "u1", queueId: "q", state, at: clock.now(), isListed: false });
    live(CONVERSATIONS, "c-1", call("connected").generic);
    live(queue, "c-1", call("connected").generic);
    await clock.advance(10_000);
    // The queue's topic is on another channel, which stands.
    live(queue, "c-1", call("terminated").generic);
    states.conversations.set("c-1", call("terminated"));
    await clock.advance(10_000);
    gap([CONVERSATIONS]);
    await clock.advance(1_000);
    expect(context.events.map(({ topic }) => topic)).toEqual([CONVERSATIONS]);
  });

  test("a person who is in the answer though no search has said so gets the call on the own topic", async () => {
    const { clock, states, gap, live, context } = rig();
    const before = foreignCall("c-1", {
      userId: "u1",
      queueId: "q",
      state: "connected",
      at: clock.now(),
      isListed: false,
    });
    live(CONVERSATIONS, "c-1", before.generic);
    const { participants, ...rest } = before.generic as { readonly participants: readonly unknown[] };
    const ringing = {
      id: "second",
      purpose: "agent",
      userId: "u2",
      queueId: "q",
      calls: [{ id: "x", state: "alerting" }],
    };
    states.conversations.set("c-1", { generic: { ...rest, participants: [...participants, ringing] } });
    await clock.advance(10_000);
    gap([CONVERSATIONS, "v2.users.u2.conversations"]);
    await clock.advance(1_000);
    expect(context.events.map(({ topic }) => topic).sort()).toEqual([CONVERSATIONS, "v2.users.u2.conversations"]);
  });
});

describe("several gaps", () => {
  test("one that ends while another one's questions wait asks nothing twice, and both are settled", async () => {
    const { clock, states, gap, asked, context, reconciler } = rig();
    for (let n = 1; n <= 300; n += 1)
      states.standing.set(`u${n}`, { presence: { presenceDefinition: { systemPresence: "Meal" } } });
    const topics = Array.from({ length: 300 }, (_, n) => presence(n + 1));
    await clock.advance(1);
    gap(topics);
    await clock.advance(1);
    expect(asked.length).toBe(4);
    gap(topics);
    await clock.advance(4_000);
    // Two calls waited for both; the four under way were sent too early for the second gap.
    expect(asked.length).toBe(6 + 4);
    expect(context.gaps.flatMap(({ findings }) => findings)).toEqual([]);
    await clock.advance(6_000);
    // Once more for both together, when no answer can be from before their ends.
    expect(asked.length).toBe(6 + 4 + 6);
    expect(reconciler.status().asking).toBe(0);
    for (const seen of context.gaps) expect(seen.findings.flatMap(({ topics: some }) => some).length).toBe(300);
    // What was handed on for the first gap after the second one's end is not handed on twice.
    expect(context.events.length).toBe(300);
  });

  test("what changed right before the end of one, and the first answer did not show, is handed on by the second", async () => {
    const { clock, states, gap, context, asked } = rig();
    const said = (systemPresence: string, second: number): Record<string, unknown> => ({
      presence: { presenceDefinition: { systemPresence }, modifiedDate: `2026-03-04T10:00:0${second}.000Z` },
    });
    states.standing.set("u1", said("Available", 1));
    gap([presence(1)]);
    await clock.advance(1_000);
    // What REST tells is seconds old.
    states.standing.set("u1", said("Meal", 2));
    await clock.advance(3_000);
    expect([asked.length, context.gaps[0]?.findings]).toEqual([1, []]);
    await clock.advance(3_000);
    expect(asked.length).toBe(2);
    const told = context.events.map(({ text }) => text);
    expect([told.length, told[0]?.includes("AVAILABLE"), told[1]?.includes("MEAL")]).toEqual([2, true, true]);
    expect(context.gaps[0]?.findings).toMatchObject([{ outcome: "repaired" }]);
  });

  test("is settled when what was handed on is kept: a crash before that takes it along", async () => {
    const { clock, states, gap, context } = rig();
    let kept = (): void => undefined;
    context.settled = () => new Promise((resolve) => (kept = resolve));
    states.standing.set("u1", { presence: { presenceDefinition: { systemPresence: "Meal" } } });
    gap([presence(1)]);
    await clock.advance(10_000);
    expect([context.events.length, context.gaps[0]?.findings]).toEqual([1, []]);
    kept();
    await clock.settle();
    expect(context.gaps[0]?.findings).toMatchObject([{ outcome: "repaired" }]);
  });

  test("and a live event that comes after the end of one makes the second question needless", async () => {
    const { clock, states, gap, context, asked, live } = rig();
    states.standing.set("u1", { presence: { presenceDefinition: { systemPresence: "Meal" } } });
    gap([presence(1)]);
    await clock.advance(1_000);
    live(presence(1), "u1", { presenceDefinition: { systemPresence: "AVAILABLE" } });
    await clock.advance(6_000);
    expect([asked.length, context.events.length]).toEqual([1, 1]);
    expect(context.gaps[0]?.findings).toMatchObject([{ outcome: "repaired" }]);
  });

  test("a flapping line has one second look for all of its gaps", async () => {
    const { clock, gap, asked, context } = rig();
    for (let n = 0; n < 5; n += 1) {
      gap([CONVERSATIONS]);
      await clock.advance(5_000);
    }
    expect(asked.length).toBe(5);
    await clock.advance(300_000);
    expect(asked.length).toBe(6);
    expect(context.gaps.every(({ findings }) => findings.length === 1)).toBe(true);
  });
});

test("a line that flaps on and on has looks in between, and no gap is settled before analytics know of it", async () => {
  const { clock, gap, asked, context } = rig();
  const early: number[] = [];
  for (let n = 0; n < 15; n += 1) {
    gap([CONVERSATIONS]);
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1_000);
      early.push(
        ...context.gaps
          .filter(({ to = 0, findings }) => findings.length > 0 && clock.now() - to < 60_000)
          .map(({ to }) => to ?? 0),
      );
    }
  }
  await clock.advance(200_000);
  expect(early).toEqual([]);
  expect(context.gaps.every(({ findings }) => findings.length === 1)).toBe(true);
  expect(asked.length).toBeLessThan(15 + 4);
  expect(asked.length).toBeGreaterThan(15 + 1);
});

describe("answers that are none", () => {
  test("pages that move are read once more; where they move again, the topic is repaired in part", async () => {
    const { clock, gap, asked, answers, context } = rig();
    const json = { conversations: [], totalHits: 3 };
    answers.set("analytics/conversations/details/query", { kind: "ok", status: 200, json, token: TOKEN });
    gap([CONVERSATIONS]);
    await clock.advance(200_000);
    // Two for each look.
    expect(asked.length).toBe(4);
    expect(context.gaps[0]?.findings).toMatchObject([
      { outcome: "partly", why: expect.stringContaining("changed while") as string },
    ]);
  });

  test.each([
    null,
    7,
    "x",
    [],
    { message: "odd" },
    { entities: 7 },
    { conversations: {} },
    { results: {} },
    { entities: [null, { id: 7 }] },
  ])("%j for everything: no event, every topic settled, nothing thrown", async (json) => {
    const { clock, gap, answers, context, reconciler, asked } = rig();
    const topics = [CONVERSATIONS, presence(1), "v2.users.u1.activity", "v2.analytics.queues.q.observations"];
    const names = [
      "analytics/conversations/details/query",
      "analytics/queues/observations/query",
      "users",
      "users/u1/presences/purecloud",
      "users/u1/routingstatus",
      "users/u1/outofoffice",
    ];
    for (const name of names) answers.set(name, { kind: "ok", status: 200, json, token: TOKEN });
    gap(topics);
    await clock.advance(300_000);
    expect(reconciler.status().asking).toBe(0);
    expect(context.events).toEqual([]);
    expect(asked.length).toBeLessThan(15);
    expect(new Set(context.gaps[0]?.findings.flatMap(({ topics: some }) => some))).toEqual(new Set(topics));
    expect(context.logger.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("a platform that fails again and again is given up, with the reason", async () => {
    const { clock, gap, answers, context, asked } = rig();
    answers.set("users", { kind: "failed", reason: "GET /api/v2/users: the platform answered 503" });
    gap([presence(1)]);
    await clock.advance(300_000);
    expect(asked.length).toBe(5);
    expect(context.gaps[0]?.findings).toMatchObject([
      { outcome: "partly", why: expect.stringContaining("503") as string },
    ]);
  });
});
