import { describe, expect, test } from "vitest";
import { toQuery } from "../../../src/cli/explain/read-event.ts";

describe("the event that explain is given", () => {
  test.each([
    [
      { topicName: "v2.a", eventBody: { id: 1 }, version: "2" },
      { topic: "v2.a", body: { id: 1 } },
    ],
    [
      { topic: "conversation:activity", data: { state: "ringing" } },
      { topic: "conversation:activity", body: { state: "ringing" } },
    ],
    [
      { topic: "own", body: null, key: "k" },
      { topic: "own", body: null, key: "k" },
    ],
    [
      { specversion: "1.0", id: "1", type: "t", topic: "v2.a", subject: "s", data: 5 },
      { topic: "v2.a", body: 5, key: "s" },
    ],
    [{ specversion: "1.0", id: "1", type: "t" }, { topic: "t" }],
    [[{ topic: "alone in a list" }], { topic: "alone in a list" }],
  ])("%j is understood", (value, query) => {
    expect(toQuery(value, "stdin")).toEqual(query);
  });

  test("a frame has the key that its source would give it", () => {
    const id = "5d1e93aa-0b1c-4d2e-8f30-aa5566778899";
    const conversation = { topicName: `v2.routing.queues.${id}.conversations`, eventBody: { id: "call-1" } };
    expect(toQuery(conversation, "stdin").key).toBe("call-1");
    expect(toQuery({ topicName: `v2.users.${id}.presence`, eventBody: {} }, "stdin").key).toBe(id);
    const activity = { topic: "conversation:activity", data: { conversationId: "c-1", agentId: "a-1" } };
    expect(toQuery(activity, "stdin").key).toBe("c-1");
    expect(toQuery({ topic: "orders.new", body: { conversationId: "c-1" } }, "stdin").key).toBeUndefined();
  });

  test.each([null, 7, "text", [], [{ topic: "a" }, { topic: "b" }], {}, { topic: 7 }])(
    "%j is a usage error",
    (value) => {
      expect(() => toQuery(value, "ring.json")).toThrow(/the event in ring\.json: .* expected/);
    },
  );
});
