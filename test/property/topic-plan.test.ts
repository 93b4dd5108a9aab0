/** The first planner: every topic once, on a channel that has room, in the order given; or all refused with the reason. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topicCount, topicIdentity } from "../../src/core/topic.ts";
import { planTopics } from "../../src/core/topic-plan.ts";

const topics = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((n) => `v2.users.u${n}.presence`),
    fc.integer({ min: 0, max: 40 }).map((n) => `V2.Users.U${n}.Presence`),
    fc.integer({ min: 0, max: 40 }).map((n) => `v2.users.u${n}?presence&station&activity`),
  ),
  { maxLength: 120 },
);

describe("planning topics", () => {
  test("each topic is on exactly one channel, and no channel has more than its limit", () => {
    fc.assert(
      fc.property(topics, fc.integer({ min: 3, max: 30 }), (wanted, topicsPerChannel) => {
        const plan = planTopics(wanted, { topicsPerChannel, channels: 1_000 });
        if (plan.kind !== "plan") throw new Error("a plan expected");
        const planned = plan.channels.flat().map(topicIdentity);
        expect(planned).toEqual([...new Set(wanted.map(topicIdentity))]);
        for (const channel of plan.channels) {
          expect(channel.length).toBeGreaterThan(0);
          expect(channel.reduce((sum, topic) => sum + topicCount(topic), 0)).toBeLessThanOrEqual(topicsPerChannel);
        }
      }),
    );
  });

  test("a plan is stable: what is added behind moves nothing that was planned", () => {
    fc.assert(
      fc.property(topics, topics, (before, added) => {
        const limits = { topicsPerChannel: 10, channels: 1_000 };
        const [first, second] = [planTopics(before, limits), planTopics([...before, ...added], limits)];
        if (first.kind !== "plan" || second.kind !== "plan") throw new Error("plans expected");
        for (const [place, channel] of first.channels.entries()) {
          expect(second.channels[place]?.slice(0, channel.length)).toEqual(channel);
        }
      }),
    );
  });

  test("more than the channels hold is refused whole, with numbers and a way out", () => {
    const wanted = Array.from({ length: 20_001 }, (_, n) => `v2.users.u${n}.presence`);
    const plan = planTopics(wanted);
    expect(plan).toMatchObject({ kind: "too-many", topics: 20_001, channelsNeeded: 21 });
    expect(plan.kind === "too-many" && plan.reason).toContain("20,001 topics need 21 channels of 1,000");
    expect(planTopics(wanted.slice(1)).kind).toBe("plan");
  });

  test("nothing wanted, no channel", () => {
    expect(planTopics([])).toEqual({ kind: "plan", channels: [] });
  });
});
