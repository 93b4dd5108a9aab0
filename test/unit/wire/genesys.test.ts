import { describe, expect, test } from "vitest";
import { keyPlace, systemTopic } from "../../../src/wire/genesys.ts";

const ID = "7b2f9c1e-7f7d-4b6a-9d1c-0e1f2a3b4c5d";
const OTHER = "11111111-2222-4333-8444-555555555555";

describe("the key of a topic", () => {
  test.each([
    `v2.users.${ID}.conversations`,
    `v2.users.${ID}.conversations.calls`,
    `v2.routing.queues.${ID}.conversations`,
    `v2.routing.queues.${ID}.conversations.cobrowseSessions`,
    `V2.Routing.Queues.${ID}.Conversations.emails`,
  ])("%s: a snapshot of a conversation, whose id is in the body", (topic) => {
    expect(keyPlace(topic)).toEqual({ in: "body" });
  });

  test.each([
    `v2.conversations.${ID}.transcription`,
    `v2.conversations.chats.${ID}.messages`,
    `v2.detail.events.conversation.${ID}.user.start`,
    `v2.analytics.conversation.${ID}.metrics`,
    `v2.speechandtextanalytics.conversation.${ID}.sentiment`,
    `v2.speechandtextanalytics.conversations.${ID}.categories`,
    `v2.users.${ID}.presence`,
    `v2.users.${ID}.routingStatus`,
    `v2.users.${ID}.conversationsummary`,
    `v2.analytics.queues.${ID}.observations`,
    `v2.routing.queues.${ID}.users`,
    `v2.operations.events.${ID}`,
    `v2.externalcontacts.contacts.${ID}.notes.${OTHER}`,
  ])("%s: the id in the name", (topic) => {
    expect(keyPlace(topic)).toEqual({ in: "topic", key: ID });
  });

  test.each(["v2.quality.evaluations", "v2.outbound.settings"])("%s: none", (topic) => {
    expect(keyPlace(topic)).toEqual({ in: "nowhere" });
  });

  test("a person or a queue is a subject whatever its id looks like", () => {
    expect(keyPlace("v2.users.anna.presence")).toEqual({ in: "topic", key: "anna" });
    expect(keyPlace("v2.routing.queues.sales.users")).toEqual({ in: "topic", key: "sales" });
  });

  test("an id keeps its case", () => {
    expect(keyPlace(`v2.users.${ID.toUpperCase()}.station`)).toEqual({ in: "topic", key: ID.toUpperCase() });
    expect(keyPlace(`v2.conversations.${ID.toUpperCase()}.transcription`)).toEqual({
      in: "topic",
      key: ID.toUpperCase(),
    });
  });
});

describe("topics that arrive without a subscription", () => {
  test.each([
    ["channel.metadata", "heartbeat"],
    ["Channel.Metadata", "heartbeat"],
    ["v2.system.socket_closing", "socket-closing"],
    ["v2.system.no_longer_subscribed.streaming-0-x", "no-longer-subscribed"],
    ["v2.system.token_revoked.streaming-0-x", "token-revoked"],
    ["v2.subscription.updated", "subscription-updated"],
    ["v2.system.something.new", "other"],
  ])("%s is %s", (topic, meaning) => {
    expect(systemTopic(topic)).toBe(meaning);
  });

  test.each([`v2.users.${ID}.presence`, "v2.systematic.things", "channel.metadata.more"])(
    "%s is an event's",
    (topic) => {
      expect(systemTopic(topic)).toBeUndefined();
    },
  );
});
