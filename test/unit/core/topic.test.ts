import { describe, expect, test } from "vitest";
import { topicProblem } from "../../../src/core/topic.ts";

describe("a topic to subscribe to", () => {
  test.each([
    "v2.users.{*}.presence",
    "v2.users.{*}?presence&station",
    "v2.users.7b2f9c1e-7f7d-4b6a-9d1c-0e1f2a3b4c5d?presence&routingStatus",
    "v2.users.{*}?presence&conversations.calls",
    "v2.routing.queues.{*}.conversations",
    "v2.flows.abc",
  ])("%s is one", (topic) => {
    expect(topicProblem(topic)).toBeUndefined();
  });

  test.each([
    ["v2.users.*.presence", '"*" outside'],
    ["v2.users.{*}x.presence", '"*" outside'],
    ["v2.users.u1?{*}&station", '"*" outside'],
    ["v2.users.u1?", "empty part"],
    ["v2.users.u1?presence&", "empty part"],
    ["v2.users.u1?presence&&station", "empty part"],
    ["v2.users..presence", "empty part"],
    ["v2.users.u1?presence?station", "twice"],
    ["v2.users.u1.pre sence", "character"],
    ["v2.system.socket_closing", "system topic"],
    ["channel.metadata", "system topic"],
    ["users.u1.presence", "not of the form"],
    [`v2.users.${"x".repeat(191)}`, "longer than 199"],
  ])("%s is none", (topic, why) => {
    expect(topicProblem(topic)).toContain(why);
  });
});
