import { describe, expect, test } from "vitest";
import { MAX_TOPIC_CHARACTERS, topicCount, topicIdentity, topicProblem } from "../../../src/core/topic.ts";

describe("topics", () => {
  test.each([
    "v2.users.7b2f9c1e-7f7d-4b6a-9d1c-0e1f2a3b4c5d.presence",
    "v2.users.7b2f9c1e?presence&routingStatus",
    "v2.routing.queues.{*}.conversations",
    "v2.outbound.settings",
    "v2.users.{*}?presence&station",
    "v2.users.{*}?presence&conversations.calls",
    `v2.${"x".repeat(MAX_TOPIC_CHARACTERS - 3)}`,
  ])("%s can be subscribed", (topic) => {
    expect(topicProblem(topic)).toBeUndefined();
  });

  test.each([
    ["", "of the form"],
    ["conversation:activity", "of the form"],
    ["v2.", "of the form"],
    ["v2.users..presence", "empty part"],
    ["v2.users.*.presence", "*"],
    ["v2.users.a*.presence", "*"],
    ["v2.users.{*}x.presence", "*"],
    ["v2.users.u1?{*}&station", "*"],
    ["v2.users.u1?", "empty part"],
    ["v2.users.u1?presence&&station", "empty part"],
    ["v2.users.u1?presence?station", "twice"],
    ["v2.users.a b.presence", "character"],
    ["v2.users.a\u001B[31m.presence", "character"],
    ["channel.metadata", "system topic"],
    ["v2.system.socket_closing", "system topic"],
    [`v2.${"x".repeat(MAX_TOPIC_CHARACTERS - 2)}`, "199"],
  ])("%j can't: %s", (topic, problem) => {
    expect(topicProblem(topic)).toContain(problem);
  });

  test("case makes no other topic", () => {
    expect(topicIdentity("v2.users.A.routingStatus")).toBe(topicIdentity("V2.Users.a.routingstatus"));
  });

  test("a combined entry counts as all that it stands for", () => {
    expect(topicCount("v2.users.a?presence&routingStatus&station")).toBe(3);
    expect(topicCount("v2.users.a.presence")).toBe(1);
  });
});
