import { describe, expect, test } from "vitest";
import { Permissions } from "../../../src/emulator/permissions.ts";
import { createTopicCatalogue } from "../../../src/emulator/topics.ts";

const catalogue = createTopicCatalogue({
  permissions: new Permissions(["wfm:agentSchedule:view", "analytics:queueObservation:view"]),
  topicPermissions: {},
  topicLength: 200,
  combinedTakesDots: true,
  isKnown: () => true,
});

const codes = (id: string): string[] => catalogue.read(id).refused.map(({ code }) => code);

describe("an entry", () => {
  test.each([
    "v2.users.0f6a1d2e-3b4c-4d5e-8f60-718293a4b5c6.presence",
    "v2.routing.queues.q.conversations.cobrowseSessions",
    "v2.detail.events.conversation.c.customer.start",
    "v2.audits.entitytype.Queue.entityid.q",
    "v2.quality.evaluations",
  ])("%s is taken as it is", (id) => {
    expect(catalogue.read(id)).toEqual({ id, granted: [id], refused: [] });
  });

  test.each([
    "v2.users.u.mood",
    "v2.users..presence",
    "v2.users.u.presence.more",
    "v2.users.{id}.presence",
    "v2.users.*.presence",
    "v2.users.u?presence&",
    "users.u.presence",
    "",
  ])("%s is no topic", (id) => {
    expect(codes(id)).toContain("notification.invalid.topic");
  });

  test.each(["channel.metadata", "v2.system.socket_closing", "v2.system.token_revoked.c", "v2.subscription.updated"])(
    "%s can't be subscribed",
    (id) => {
      expect(codes(id)).toEqual(["notification.invalid.topic"]);
    },
  );

  test("of 200 characters is too long, of 199 is not", () => {
    const of = (length: number): string => `v2.users.${"u".repeat(length - "v2.users..presence".length)}.presence`;
    expect(codes(of(200))).toEqual(["notification.invalid.topic"]);
    expect(codes(of(199))).toEqual([]);
  });

  test("is read without case and granted in the template's casing; ids keep theirs", () => {
    expect(catalogue.read("v2.USERS.AbC.routingstatus").granted).toEqual(["v2.users.AbC.routingStatus"]);
  });

  test("that is combined stands for its contents", () => {
    expect(catalogue.read("v2.users.u?presence&routingStatus&conversations").granted).toEqual([
      "v2.users.u.presence",
      "v2.users.u.routingStatus",
      "v2.users.u.conversations",
    ]);
  });

  test("needs all its permissions, or any where any is enough", () => {
    expect(catalogue.read("v2.analytics.queues.q.observations").refused).toMatchObject([
      {
        status: 403,
        code: "notification.unauthorized.topic",
        message:
          'The user does not have permission "analytics:queueObservation:view" required for topic "v2.analytics.queues.q.observations"',
        missingPermissions: ["analytics:queueObservation:view"],
      },
    ]);
    expect(catalogue.read("v2.users.u.workforcemanagement.adherence").refused).toEqual([]);
  });
});
