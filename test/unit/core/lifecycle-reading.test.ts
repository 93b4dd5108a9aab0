/** What lifecycle events say, what is made of snapshots that say little or nothing, and how much is remembered. */
import { describe, expect, test } from "vitest";
import { Lifecycle } from "../../../src/core/lifecycle.ts";
import type { LifecycleEvent } from "../../../src/core/lifecycle-event.ts";
import { Story } from "../../support/conversation-story.ts";
import { LAG_MS, START, toLine } from "../../support/lifecycle-timeline.ts";

test("an event says all that is known, once, whichever topic it came by", () => {
  const story = new Story("c1", START);
  story.customer();
  story.offer("ada");
  const lifecycle = new Lifecycle();
  const told = [
    ...lifecycle.take({ medium: "any", body: story.body("generic"), receivedAt: START + LAG_MS }),
    ...lifecycle.take({ medium: "call", body: story.body("call"), receivedAt: START + LAG_MS + 1 }),
  ];
  expect(told).toEqual([
    {
      id: "conversation/c1/ada/call/ringing",
      type: "ringing",
      conversationId: "c1",
      participantId: "ada",
      userId: "user-ada",
      queueId: "queue-1",
      mediaType: "call",
      communicationId: "call-of-ada",
      at: START + LAG_MS,
      exact: false,
      late: false,
      legState: "ringing",
      deadlineAt: START + LAG_MS + 8_000,
    },
  ]);
});

test("a second call of the same participant is a leg of its own", () => {
  const lifecycle = new Lifecycle();
  const call = (id: string, state: string, more: object = {}) => ({ id, state, initialState: "alerting", ...more });
  const ended = { connectedTime: iso(1), disconnectedTime: iso(5), disconnectType: "endpoint" };
  const take = (seconds: number, calls: readonly object[]): readonly string[] => {
    const body = { id: "c1", participants: [{ id: "ada", purpose: "agent", calls }] };
    return lifecycle.take({ medium: "any", body, receivedAt: START + seconds * 1000 }).map(({ id }) => id);
  };
  take(0, [call("one", "alerting")]);
  take(1, [call("one", "connected", { connectedTime: iso(1) })]);
  take(5, [call("one", "terminated", ended)]);
  expect(take(6, [call("one", "terminated", ended), call("two", "alerting")])).toEqual([
    "conversation/c1/ada/call.1/ringing",
  ]);
  const ada = { id: "ada", purpose: "agent", state: "connected", connectedTime: iso(8), wrapup: { code: "sold" } };
  const flat = { id: "c1", participants: [ada] };
  // Which of the two it is, the shape per medium does not say.
  expect(lifecycle.take({ medium: "call", body: flat, receivedAt: START + 8_000 })).toEqual([]);
});

test("supervisors who listen are no agents of the conversation, until they join in", () => {
  const lifecycle = new Lifecycle();
  const boss = {
    id: "boss",
    purpose: "user",
    state: "connected",
    monitoredParticipantId: "ada",
    connectedTime: iso(1),
  };
  const take = (participant: object) =>
    lifecycle.take({ medium: "call", body: { id: "c1", participants: [participant] }, receivedAt: START + 1_000 });
  expect(take(boss)).toEqual([]);
  expect(take({ ...boss, bargedParticipantId: "ada" }).map(({ type }) => type)).toEqual(["answered"]);
});

test.each([null, [], "text", { id: "c1" }, { id: 7, participants: [] }, { id: "c1", participants: "x" }])(
  "%j is no conversation, and counted",
  (body) => {
    const lifecycle = new Lifecycle();
    expect(lifecycle.take({ medium: "any", body, receivedAt: START })).toEqual([]);
    expect(lifecycle.counters.unreadable).toBe(1);
  },
);

test("members of strange types are as good as absent", () => {
  const participants = [
    null,
    7,
    { purpose: "agent", state: "alerting" },
    { id: "x", purpose: "agent", state: 5, calls: "none", emails: [null, 3] },
    {
      id: "ada",
      purpose: "agent",
      state: "alerting",
      startTime: "yesterday",
      alertingTimeoutMs: "8",
      user: [],
      wrapup: 1,
    },
  ];
  const told = new Lifecycle().take({ medium: "call", body: { id: "c1", participants }, receivedAt: START });
  expect(told).toMatchObject([{ type: "ringing", participantId: "ada", at: START }]);
  expect(told[0]?.deadlineAt).toBeUndefined();
});

describe("of a leg of which little is said", () => {
  const take = (participant: object, medium: "any" | "call" = "call"): readonly LifecycleEvent[] =>
    new Lifecycle().take({
      medium,
      body: { id: "c1", participants: [{ id: "ada", purpose: "agent", ...participant }] },
      receivedAt: START + 60_000,
    });

  test("an end without a connection is a missed offer", () => {
    expect(take({ state: "terminated", direction: "inbound", disconnectType: "peer" }).map(toLine)).toEqual([
      "60s ringing ada (late, ended)",
      "60s missed ada because abandoned",
    ]);
  });

  test("an end as only offers end is a missed offer, whatever the direction", () => {
    const told = take({ state: "terminated", direction: "outbound", disconnectType: "transfer.noanswer" });
    expect(told.map(({ type }) => type)).toEqual(["ringing", "missed"]);
  });

  test("the participant's times stand for those of its only communication", () => {
    const calls = [{ id: "one", state: "connected" }];
    expect(take({ connectedTime: iso(55), calls }, "any").map(toLine)).toEqual(["55s answered ada"]);
    expect(take({ connectedTime: iso(55), calls, chats: calls }, "any").map(toLine)).toEqual([
      "60s answered ada",
      "60s answered ada",
    ]);
  });

  test("instants may be epoch milliseconds; those of 1970 are none", () => {
    expect(take({ state: "alerting", startTime: START + 58_000 })).toMatchObject([{ at: START + 58_000, exact: true }]);
    expect(take({ state: "alerting", startTime: iso(-START / 1000) })).toMatchObject([
      { at: START + 60_000, exact: false },
    ]);
  });

  test("a time limit in seconds will do", () => {
    const calls = [{ state: "alerting", queueMediaSettings: { alertingTimeoutSeconds: 7 } }];
    expect(take({ calls }, "any").map(toLine)).toEqual(["60s ringing ada until 67s"]);
  });

  test("a start ahead of our clock sets no later deadline", () => {
    expect(take({ state: "alerting", startTime: iso(600), alertingTimeoutMs: 8_000 })[0]?.deadlineAt).toBe(
      START + 68_000,
    );
  });
});

describe("memory", () => {
  const ring = (lifecycle: Lifecycle, id: string, receivedAt: number, isOver = false): number => {
    const story = new Story(id, receivedAt);
    story.offer("ada");
    if (isOver) story.leaveAll("peer");
    return lifecycle.take({ medium: "call", body: story.body("call"), receivedAt }).length;
  };

  test("a conversation that is over is forgotten after a while, one that is not is kept", () => {
    const lifecycle = new Lifecycle({ forgetAfterMs: 60_000 });
    ring(lifecycle, "over", START, true);
    ring(lifecycle, "open", START);
    ring(lifecycle, "other", START + 59_999);
    expect(lifecycle.size).toBe(3);
    ring(lifecycle, "other", START + 60_000);
    expect(lifecycle.size).toBe(2);
    expect(lifecycle.counters.forgotten).toBe(1);
    expect(ring(lifecycle, "open", START)).toBe(0);
  });

  test("states alone say that a conversation is over", () => {
    const lifecycle = new Lifecycle({ forgetAfterMs: 60_000 });
    const body = { id: "c1", participants: [{ id: "ada", purpose: "agent", state: "terminated" }] };
    lifecycle.take({ medium: "call", body, receivedAt: START });
    ring(lifecycle, "other", START + 60_000);
    expect(lifecycle.counters.forgotten).toBe(1);
  });

  test("beyond the bound the one that was heard of longest ago goes, those that are over first", () => {
    const lifecycle = new Lifecycle({ maxConversations: 2 });
    ring(lifecycle, "a", START);
    ring(lifecycle, "b", START, true);
    ring(lifecycle, "c", START);
    ring(lifecycle, "a", START);
    ring(lifecycle, "d", START);
    expect(lifecycle.size).toBe(2);
    expect(lifecycle.counters.evicted).toBe(2);
    expect(ring(lifecycle, "a", START)).toBe(0);
    expect(ring(lifecycle, "c", START)).toBe(1);
  });

  test("a thread with more legs than find room goes on with its newest", () => {
    const lifecycle = new Lifecycle();
    const story = new Story("thread", START);
    const take = (): readonly string[] =>
      lifecycle.take({ medium: "call", body: story.body("call"), receivedAt: story.now }).map(({ type }) => type);
    for (let n = 0; n < 505; n += 1) {
      story.now += 3_600_000;
      story.offer(`agent${n}`);
      if (n >= 495) expect(take()).toEqual(["ringing"]);
      story.leave(`agent${n}`, "transfer.noanswer");
      if (n >= 495) expect(take()).toEqual(["missed"]);
    }
    expect(lifecycle.counters.untracked).toBe(0);
  });

  test("where no leg of so many is over, one more is not followed, and counted", () => {
    const lifecycle = new Lifecycle();
    const story = new Story("crowd", START);
    for (let n = 0; n < 501; n += 1) story.offer(`agent${n}`);
    const told = lifecycle.take({ medium: "call", body: story.body("call"), receivedAt: START });
    expect([told.length, lifecycle.counters.untracked]).toEqual([500, 1]);
  });

  test.each([
    { maxConversations: 0 },
    { forgetAfterMs: -1 },
    { forgetAfterMs: 1_000, recallMs: 2_000 },
    { lateAfterMs: Number.NaN },
  ])("%j is refused", (options) => {
    expect(() => new Lifecycle(options)).toThrow(expect.objectContaining({ code: "RF_OPTION_INVALID" }));
  });
});

function iso(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}
