import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type ClassifyInput, compileRules } from "../../../src/core/classify.ts";
import { DEFAULT_RULES } from "../../../src/core/default-rules.ts";
import { DEFAULT_CLASSES } from "../../../src/core/rule.ts";
import { SAMPLES } from "../../fixtures/genesys-samples.ts";

const classifier = compileRules([{ use: "defaults" }], DEFAULT_CLASSES);
const NOON = Date.parse("2026-03-04T12:00:00Z");
const QUEUE = "v2.routing.queues.q-1.conversations";

function inputOf(topic: string, body: unknown, receivedAt = NOON): ClassifyInput {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return { topic, body: bytes, encoding: "json", source: "main", origin: "live", receivedAt, key: "k" };
}

/** The rule that matches; its class goes with it. */
function ruleOf(topic: string, body: unknown, receivedAt = NOON): string | undefined {
  const answer = classifier.classify(inputOf(topic, body, receivedAt));
  expect(answer.ruleErrors).toBe(0);
  return classifier.ruleNames[answer.ruleIndex];
}

const RINGING = "ringing";
const WAITING = "waiting in a queue";
const AGENT_STATE = "state of an agent";
const REST = "everything else";
const GOLDEN: Readonly<Record<string, string>> = {
  "userCalls.alerting": RINGING,
  "userConversations.alerting": RINGING,
  "userCallbacks.alerting": RINGING,
  "userChats.alerting": RINGING,
  "userEmails.alerting": RINGING,
  "userMessages.alerting": RINGING,
  "queueCalls.waiting": WAITING,
  "queueConversations.waiting": WAITING,
  userPresence: AGENT_STATE,
  "userRoutingStatus.idle": AGENT_STATE,
  "userRoutingStatus.notResponding": AGENT_STATE,
  userActivity: AGENT_STATE,
  userOutOfOffice: AGENT_STATE,
  userStation: AGENT_STATE,
};

describe("the built-in rules on every sample of the wire", () => {
  test.each(SAMPLES)("$name", ({ name, topic, body }) => {
    expect(ruleOf(topic, body)).toBe(GOLDEN[name] ?? REST);
  });

  test("every golden answer belongs to a sample", () => {
    const names = new Set(SAMPLES.map(({ name }) => name));
    expect(Object.keys(GOLDEN).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe("ringing", () => {
  const media = ["calls", "callbacks", "chats", "emails", "messages", "internalMessages", "videos"];
  const others = ["socialExpressions", "cobrowsesessions", "screenshares"];

  test.each([...media, ...others])("is found on the communications of %s", (medium) => {
    for (const state of ["alerting", "offering", "dialing", "contacting"]) {
      const participants = [{ purpose: "customer" }, { purpose: "agent", [medium]: [{ id: "x" }, { state }] }];
      expect(ruleOf("v2.users.u-1.conversations", { id: "c", participants })).toBe(RINGING);
      expect(ruleOf(QUEUE, { id: "c", participants })).toBe(RINGING);
    }
  });

  test.each(["alerting", "offering", "dialing", "contacting"])("is found on the participant: %s", (state) => {
    expect(ruleOf(`${QUEUE}.calls`, { id: "c", participants: [{ purpose: "agent", state }] })).toBe(RINGING);
  });

  test("is not found where it only was: initialState, names, texts", () => {
    const participants = [
      {
        purpose: "agent",
        name: "alerting",
        calls: [{ state: "connected", initialState: "alerting" }],
        attributes: { state: "alerting" },
      },
    ];
    expect(ruleOf("v2.users.u-1.conversations", { id: "c", participants })).toBe(REST);
  });

  test("is asked of topics in any casing, and of conversation topics only", () => {
    const body = { id: "c", participants: [{ state: "alerting" }] };
    expect(ruleOf("V2.Users.u-1.Conversations.Calls", body)).toBe(RINGING);
    expect(ruleOf("v2.users.u-1.conversations.c-1.recordings", body)).toBe(REST);
  });
});

describe("waiting in a queue", () => {
  const acd = { purpose: "acd", state: "connected" };
  const customer = { purpose: "customer", state: "connected" };

  test.each([
    ["after an offer that was not answered", [customer, acd, { purpose: "agent", state: "terminated" }], WAITING],
    [
      "while an agent speaks and consults another queue",
      [customer, acd, { purpose: "agent", state: "connected" }],
      REST,
    ],
    [
      "while a user outside the queues speaks",
      [customer, acd, { purpose: "user", calls: [{ state: "connected" }] }],
      REST,
    ],
    [
      "when the caller has hung up",
      [
        { purpose: "customer", state: "terminated" },
        { purpose: "acd", state: "terminated" },
      ],
      REST,
    ],
    ["in the generic shape", [{ purpose: "acd", messages: [{ state: "connected" }] }], WAITING],
  ])("%s", (_, participants, rule) => {
    expect(ruleOf(QUEUE, { id: "c", participants })).toBe(rule);
  });

  test("is asked of queue topics only", () => {
    expect(ruleOf("v2.users.u-1.conversations.calls", { id: "c", participants: [customer, acd] })).toBe(REST);
  });
});

describe("callback due", () => {
  const at = "2026-03-04T12:00:00.000Z";
  const flat = { id: "c", participants: [{ purpose: "acd", state: "scheduled", callbackScheduledTime: at }] };
  const generic = {
    id: "c",
    participants: [{ purpose: "acd", callbacks: [{ state: "scheduled", callbackScheduledTime: at }] }],
  };

  test.each([flat, generic])("from its time on", (body) => {
    expect(ruleOf(`${QUEUE}.callbacks`, body, NOON - 1)).toBe(REST);
    expect(ruleOf(`${QUEUE}.callbacks`, body, NOON)).toBe("callback due");
  });
});

describe("the platform-websocket dialect", () => {
  test.each([
    ["conversation:activity", { state: "ringing" }, "critical"],
    ["conversation:activity", { state: "alert" }, "critical"],
    ["conversation:activity", { state: "connected" }, "standard"],
    ["conversation:activity", {}, "standard"],
    ["routing:agent:status", { status: "IDLE" }, "high"],
    ["presence:status", { presence: "AWAY" }, "high"],
    ["something:else", { state: "ringing" }, "standard"],
    ["", "not a frame", "standard"],
  ])("%s with %j is %s", (topic, body, wanted) => {
    expect(classifier.classify(inputOf(topic, body)).class).toBe(wanted);
  });
});

test("the rules as a file are the rules in code", () => {
  const file: unknown = parse(readFileSync("docs/default-rules.yaml", "utf8"));
  expect(file).toEqual({ rules: DEFAULT_RULES });
});

test("the key is the wire's own, and nothing is coalesced or ended early", () => {
  for (const { topic, body } of SAMPLES) {
    expect(classifier.classify(inputOf(topic, body))).toMatchObject({
      key: "k",
      coalesceKey: undefined,
      ttlMs: undefined,
    });
  }
});
