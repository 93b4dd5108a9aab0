/** Derived events beside the received ones: identity, topic, key; and what it costs events that it does not concern. */
import { describe, expect, test, vi } from "vitest";
import { compileRules } from "../../../src/core/classify.ts";
import { DEFAULT_CLASSES } from "../../../src/core/rule.ts";
import { createDeriver } from "../../../src/pipeline/derive.ts";
import type { ReceivedEvent } from "../../../src/ports/source.ts";
import { SAMPLES } from "../../fixtures/genesys-samples.ts";
import { Story } from "../../support/conversation-story.ts";

const NOW = Date.UTC(2026, 2, 4, 10, 15, 20, 200);
const QUEUE_CALLS = "v2.routing.queues.q1.conversations.calls";

function received(topic: string, body: unknown, more: Partial<ReceivedEvent> = {}): ReceivedEvent {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { topic, body: new TextEncoder().encode(text), encoding: "json", origin: "live", receivedAt: NOW, ...more };
}

function ringingStory(): Story {
  const story = new Story("c1", NOW - 100);
  story.customer();
  story.offer("ada");
  return story;
}

function bodyOf(event: ReceivedEvent | undefined): unknown {
  return JSON.parse(new TextDecoder().decode(event?.body)) as unknown;
}

describe("a snapshot", () => {
  test("gives events of their own topic and type, under the conversation's key, dated and named like their cause", () => {
    const cause = received(QUEUE_CALLS, ringingStory().body("call"), { correlationId: "r1", origin: "reconciled" });
    const [ringing, ...rest] = createDeriver().deriveFrom(cause);
    expect(rest).toEqual([]);
    expect(ringing).toMatchObject({
      id: "conversation/c1/ada/call/ringing",
      topic: "ringfirst.conversation.ringing",
      type: "cloud.genesys.conversation.ringing.v1",
      key: "c1",
      encoding: "json",
      origin: "reconciled",
      receivedAt: NOW,
      correlationId: "r1",
    });
    expect(bodyOf(ringing)).toMatchObject({ type: "ringing", userId: "user-ada", deadlineAt: NOW - 100 + 8_000 });
  });

  test("of another topic of the same conversation gives nothing more", () => {
    const deriver = createDeriver();
    const story = ringingStory();
    expect(deriver.deriveFrom(received("v2.users.u1.conversations", story.body("generic")))).toHaveLength(1);
    expect(deriver.deriveFrom(received("v2.Users.u1.Conversations.Calls", story.body("call")))).toEqual([]);
    expect(deriver.deriveFrom(received("v2.routing.queues.q1.conversations", story.body("generic")))).toEqual([]);
    expect(deriver.counters).toMatchObject({ snapshots: 3, told: 1 });
    expect(deriver.conversationCount).toBe(1);
  });

  test.each([
    ["calls", "call"],
    ["callbacks", "callback"],
    ["chats", "chat"],
    ["emails", "email"],
    ["messages", "message"],
    ["cobrowseSessions", "cobrowse"],
    ["screenshares", "screenshare"],
    ["socialexpressions", "social"],
    ["videos", "video"],
  ])("of %s tells of the medium %s", (segment, mediaType) => {
    const [ringing] = createDeriver().deriveFrom(
      received(`v2.users.u1.conversations.${segment}`, ringingStory().body("call")),
    );
    expect(bodyOf(ringing)).toMatchObject({ mediaType });
  });

  test("in the generic shape on a topic per medium is understood all the same", () => {
    const body = {
      id: "c1",
      participants: [{ id: "ada", purpose: "agent", videos: [{ id: "v", state: "alerting" }] }],
    };
    const [ringing] = createDeriver().deriveFrom(received("v2.routing.queues.q1.conversations.videos", body));
    expect(bodyOf(ringing)).toMatchObject({ type: "ringing", mediaType: "video", communicationId: "v" });
  });
});

describe("the platform's samples", () => {
  test.each([
    ["userCalls.alerting", ["ringing"]],
    ["userCalls.connected", ["ringing", "answered"]],
    ["userCalls.terminated", ["ringing", "answered", "ended"]],
    ["userCalls.noAnswer", ["ringing", "missed"]],
    ["queueCalls.waiting", []],
    ["userConversations.alerting", ["ringing"]],
    ["userConversations.acw", ["ringing", "answered", "ended"]],
    ["userCallbacks.scheduled", []],
    ["userCallbacks.alerting", ["ringing"]],
    ["userChats.alerting", ["ringing"]],
    ["userEmails.alerting", ["ringing"]],
    ["userMessages.alerting", ["ringing"]],
  ])("%s gives %j", (name, types) => {
    const { topic, body } = SAMPLES.find((sample) => sample.name === name) ?? { topic: "", body: undefined };
    const told = createDeriver().deriveFrom(received(topic, body));
    expect(told.map(({ type }) => type)).toEqual(types.map((type) => `cloud.genesys.conversation.${type}.v1`));
  });
});

describe("what is no snapshot of agents", () => {
  const story = ringingStory().body("call");

  test.each([
    ["another topic", "v2.users.u1.presence", story, {}],
    ["typing", "v2.users.u1.conversations.inbound.typing.event", story, {}],
    ["summaries", "v2.users.u1.conversations.summaries", story, {}],
    ["a derived event", "ringfirst.conversation.ringing", story, {}],
    ["text", QUEUE_CALLS, story, { encoding: "text" as const }],
    ["a frame without topic", "", story, {}],
    ["a conversation without agents", QUEUE_CALLS, { id: "c1", participants: [{ id: "x", purpose: "acd" }] }, {}],
  ])("%s is not even parsed", (_what, topic, body, more) => {
    const event = received(topic, body, more);
    const parse = vi.spyOn(JSON, "parse");
    try {
      expect(createDeriver().deriveFrom(event)).toEqual([]);
      expect(parse).not.toHaveBeenCalled();
    } finally {
      parse.mockRestore();
    }
  });

  test("broken JSON gives nothing, and is counted", () => {
    const deriver = createDeriver();
    expect(deriver.deriveFrom(received(QUEUE_CALLS, '{"id":"c1","participants":[{"purpose":"agent"'))).toEqual([]);
    expect(deriver.counters.unreadable).toBe(1);
  });

  test("an agent whose purpose is spelled with escapes is found", () => {
    const body = JSON.stringify(ringingStory().body("generic")).replaceAll('"agent"', String.raw`"\u0061gent"`);
    expect(createDeriver().deriveFrom(received("v2.users.u1.conversations", body))).toHaveLength(1);
  });
});

test("rules match derived events by topic and body", () => {
  const rule = {
    name: "rings now",
    topics: ["ringfirst.conversation.ringing"],
    when: 'body.legState == "ringing"',
    class: "critical",
  };
  const classifier = compileRules([rule], DEFAULT_CLASSES);
  const story = ringingStory();
  const [ringing] = createDeriver().deriveFrom(received(QUEUE_CALLS, story.body("call")));
  story.leaveAll("peer");
  const [late] = createDeriver().deriveFrom(received(QUEUE_CALLS, story.body("call")));
  const classOf = (event: ReceivedEvent | undefined): string =>
    classifier.classify({ ...(event as ReceivedEvent), source: "main", key: event?.key }).class;
  expect([classOf(ringing), classOf(late)]).toEqual(["critical", "standard"]);
});
