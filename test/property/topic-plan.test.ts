/** The planner against plain models: every topic once or refused by name, never above a limit, and no move that is not needed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combineTopics, MAX_TOPIC_CHARACTERS, singleTopics, topicIdentity } from "../../src/core/topic.ts";
import { changePlan, distinctTopics, loadOf, planTopics, roomOf } from "../../src/core/topic-plan.ts";

const PARTS = ["presence", "station", "activity", "routingStatus", "conversations.calls"];
const user = fc.integer({ min: 0, max: 40 });
const topic = fc.oneof(
  fc.tuple(user, fc.constantFrom(...PARTS)).map(([n, part]) => `v2.users.u${n}.${part}`),
  user.map((n) => `V2.Users.U${n}.Presence`),
  fc.tuple(user, fc.subarray(PARTS, { minLength: 1 })).map(([n, parts]) => `v2.users.u${n}?${parts.join("&")}`),
  user.map((n) => `v2.flows.f${n}`),
);
const topics = fc.array(topic, { maxLength: 120 });
const identities = (list: readonly string[]): string[] => [...new Set(list.flatMap(singleTopics).map(topicIdentity))];

describe("planning topics", () => {
  test("each single topic is on exactly one channel, in the order given, and no channel has more than its limit", () => {
    fc.assert(
      fc.property(topics, fc.integer({ min: 1, max: 30 }), (wanted, topicsPerChannel) => {
        const plan = planTopics(wanted, { topicsPerChannel, channels: 1_000 });
        if (plan.kind !== "plan") throw new Error("a plan expected");
        expect(plan.channels.flat().map(topicIdentity)).toEqual(identities(wanted));
        for (const channel of plan.channels) {
          expect(channel.length).toBeGreaterThan(0);
          expect(channel.length).toBeLessThanOrEqual(topicsPerChannel);
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

describe("from one plan to the next", () => {
  const limits = fc.record({
    topicsPerChannel: fc.integer({ min: 1, max: 25 }),
    channels: fc.integer({ min: 1, max: 6 }),
  });

  test("over any sequence of wishes: nothing dropped in silence, no limit passed, nobody moved, no room left unused", () => {
    fc.assert(
      fc.property(fc.array(topics, { maxLength: 12 }), limits, (wishes, limit) => {
        let plan: readonly (readonly string[])[] = [];
        for (const wish of wishes) {
          const next = changePlan(plan, wish, limit);
          const wanted = new Set(identities(wish));
          // L1
          const all = [...next.channels.flat(), ...next.refused].map(topicIdentity);
          expect(all.toSorted()).toEqual([...wanted].toSorted());
          // L2
          expect(next.channels.length).toBeLessThanOrEqual(limit.channels);
          for (const channel of next.channels) expect(channel.length).toBeLessThanOrEqual(limit.topicsPerChannel);
          // L3: what stays is at the head of its channel, as it was.
          for (const [place, channel] of plan.entries()) {
            const stays = channel.filter((one) => wanted.has(topicIdentity(one)));
            expect(next.channels[place]?.slice(0, stays.length)).toEqual(stays);
          }
          const full = (channel: readonly string[] | undefined): boolean => channel?.length === limit.topicsPerChannel;
          const opened = next.channels.slice(plan.length);
          if (opened.length > 0) expect(next.channels.slice(0, -1).every(full)).toBe(true);
          // L4
          if (next.refused.length > 0) expect(next.channels.filter(full).length).toBe(limit.channels);
          plan = next.channels;
        }
      }),
      { numRuns: 300 },
    );
  });

  test("the limits of the platform: 20,000 fit, the next ones are refused by name, and take the first room there is", () => {
    const wanted = Array.from({ length: 20_003 }, (_, n) => `v2.users.u${n}.presence`);
    const first = changePlan([], wanted);
    expect(first.channels.map(({ length }) => length)).toEqual(Array.from({ length: 20 }, () => 1_000));
    expect(first.refused).toEqual(wanted.slice(20_000));
    const second = changePlan(first.channels, wanted.slice(2));
    expect(second.channels[0]?.slice(-2)).toEqual(wanted.slice(20_000, 20_002));
    expect(second.refused).toEqual(wanted.slice(20_002));
  });

  test("a topic that two channels have is left on the first", () => {
    expect(changePlan([["v2.a.b"], ["V2.A.B", "v2.c.d"]], ["v2.a.b", "v2.c.d"]).channels).toEqual([
      ["v2.a.b"],
      ["v2.c.d"],
    ]);
  });

  test("where combined entries count once, a channel takes as many entries as it may, and no entry is too long", () => {
    fc.assert(
      fc.property(fc.array(topics, { maxLength: 8 }), limits, (wishes, limit) => {
        const counted = { ...limit, combinedAsOne: true };
        let plan: readonly (readonly string[])[] = [];
        for (const wish of wishes) {
          const next = changePlan(plan, wish, counted);
          const all = [...next.channels.flat(), ...next.refused].map(topicIdentity);
          expect(all.toSorted()).toEqual(identities(wish).toSorted());
          for (const channel of next.channels) {
            const entries = combineTopics(channel);
            expect(entries.length).toBe(loadOf(channel, counted));
            expect(entries.length).toBeLessThanOrEqual(limit.topicsPerChannel);
          }
          plan = next.channels;
        }
      }),
    );
  });

  test("how much room there is: until the next channel, and until the limit", () => {
    const limit = { topicsPerChannel: 10, channels: 3 };
    expect(roomOf([["v2.a.b", "v2.a.c"], []], limit)).toEqual({ channels: 1, untilNextChannel: 8, untilLimit: 28 });
    expect(roomOf([], limit)).toEqual({ channels: 0, untilNextChannel: 0, untilLimit: 30 });
    fc.assert(
      fc.property(topics, limits, (wanted, given) => {
        const { channels, refused } = changePlan([], wanted, given);
        fc.pre(refused.length === 0);
        const { untilLimit, untilNextChannel } = roomOf(channels, given);
        const more = (count: number): string[] => Array.from({ length: count }, (_, n) => `v2.more.m${n}.x`);
        expect(changePlan(channels, [...wanted, ...more(untilLimit)], given).refused).toEqual([]);
        expect(changePlan(channels, [...wanted, ...more(untilLimit + 1)], given).refused.length).toBe(1);
        const next = changePlan(channels, [...wanted, ...more(untilNextChannel)], given);
        expect(next.channels.length).toBe(channels.length);
      }),
    );
  });
});

describe("combined entries", () => {
  test("stand for the same topics, in fewer entries, each under 200 characters", () => {
    fc.assert(
      fc.property(topics, fc.integer({ min: 0, max: 60 }), (wanted, padding) => {
        const singles = distinctTopics(wanted).map((one) =>
          one.replace(/\.u(\d+)/iu, `.u$1${"x".repeat(padding * 3)}`),
        );
        fc.pre(singles.every(({ length }) => length <= MAX_TOPIC_CHARACTERS));
        const entries = combineTopics(singles);
        expect(identities(entries).toSorted()).toEqual(identities(singles).toSorted());
        expect(entries.every(({ length }) => length <= MAX_TOPIC_CHARACTERS)).toBe(true);
        // Parts with dots are not known to be taken.
        for (const entry of entries) expect(entry.split("?")[1] ?? "").not.toContain(".");
      }),
    );
  });

  test("are cut before the last part, as official clients do, and ids are not made parts", () => {
    expect(
      combineTopics([
        "v2.users.u1.presence",
        "v2.users.u1.conversations.calls",
        "v2.users.U1.routingStatus",
        "v2.flows.f1",
        "v2.users.u1.conversations.callbacks",
        "v2.flows.f2",
      ]),
    ).toEqual([
      "v2.users.u1?presence&routingStatus",
      "v2.users.u1.conversations?calls&callbacks",
      "v2.flows.f1",
      "v2.flows.f2",
    ]);
  });
});
