/**
 * The vendor's own client for JavaScript against the emulator: what it asks is answered as it expects, and refusals look like the platform's.
 *
 * The client keeps global state and watches a file in the home directory, so the home is an empty folder here.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type PlatformClient from "purecloud-platform-client-v2";
import type { Emulator } from "../../src/emulator/index.ts";
import { createEmulator } from "../../src/emulator/index.ts";
import { openSocket } from "../support/emulator-client.ts";

type Client = typeof PlatformClient;

const DENIED = "architect:dependencyTracking:view";
const DENIED_TOPIC = "v2.architect.dependencytracking.build";
const UUID = /^[0-9a-f-]{36}$/;

const home = mkdtempSync(join(tmpdir(), "ringfirst-sdk-"));
const homeBefore = process.env["HOME"];
let client: Client;
let emulator: Emulator;

/** What the client rejects with: the parsed error body. */
async function rejection(promise: Promise<unknown>): Promise<Readonly<Record<string, unknown>>> {
  try {
    await promise;
  } catch (error) {
    return error as Readonly<Record<string, unknown>>;
  }
  throw new Error("the call was not refused");
}

beforeAll(() => {
  process.env["HOME"] = home;
  client = createRequire(import.meta.url)("purecloud-platform-client-v2") as Client;
});

afterAll(() => {
  if (homeBefore === undefined) delete process.env["HOME"];
  else process.env["HOME"] = homeBefore;
  rmSync(home, { recursive: true, force: true });
});

beforeEach(async () => {
  emulator = createEmulator({ callsPerHour: 0, agents: 60, queues: 3, limits: { requestsPerMinute: 25 } });
  await emulator.listen();
  const { instance } = client.ApiClient;
  instance.config.setGateway({ protocol: "http", host: "127.0.0.1", port: emulator.port });
  await instance.loginClientCredentialsGrant(emulator.clientId, emulator.clientSecret);
});

afterEach(async () => {
  await emulator.close();
});

const presence = (at: number): string => `v2.users.${emulator.directory.users[at]?.id}.presence`;

describe("the login", () => {
  test("refuses an unknown client with 400", async () => {
    const error = await rejection(client.ApiClient.instance.loginClientCredentialsGrant("somebody", "else"));
    const data = { error: "invalid_client", description: "client not found: invalid_client" };
    expect(error["response"]).toMatchObject({ status: 400, data });
  });

  test("refuses a wrong secret with 401", async () => {
    const error = await rejection(client.ApiClient.instance.loginClientCredentialsGrant(emulator.clientId, "wrong"));
    const data = { error: "invalid_client", description: "authentication failed: invalid_client" };
    expect(error["response"]).toMatchObject({ status: 401, data });
  });

  test("gives a token that the token check knows, until it is revoked", async () => {
    const tokens = new client.TokensApi();
    await tokens.headTokensMe();
    await tokens.deleteTokensMe();
    // The client rejects with the body, and an answer to HEAD has none.
    expect(await rejection(tokens.headTokensMe())).toBeUndefined();
    const error = await rejection(new client.NotificationsApi().getNotificationsChannels());
    expect(error).toMatchObject({ code: "bad.credentials", status: 401 });
  });
});

describe("a channel", () => {
  test("is created without a body, found by HEAD and listed", async () => {
    const api = new client.NotificationsApi();
    const channel = await api.postNotificationsChannels();
    expect(channel.id).toMatch(/^streaming-\d-[0-9a-z]{26}$/);
    expect(channel.connectUri).toBe(`ws://127.0.0.1:${emulator.port}/channels/${channel.id}`);
    expect(new Date(String(channel.expires)).getTime() - Date.now()).toBeGreaterThan(86_000_000);
    await api.headNotificationsChannel(String(channel.id));
    expect(await api.getNotificationsChannels({ includechannels: "oauthclient" })).toMatchObject({
      entities: [{ id: channel.id }],
    });
    expect(await rejection(api.headNotificationsChannel("streaming-0-unknown"))).toBeUndefined();
  });

  test("takes topics, adds with POST, replaces with PUT and is emptied by DELETE", async () => {
    const api = new client.NotificationsApi();
    const { id } = await api.postNotificationsChannels();
    const first = await api.putNotificationsChannelSubscriptions(String(id), [{ id: presence(0) }]);
    expect(first.entities).toMatchObject([
      { id: presence(0), state: "Permitted", selfUri: expect.stringContaining(presence(0)) },
    ]);
    await api.postNotificationsChannelSubscriptions(String(id), [{ id: presence(1) }]);
    expect((await api.getNotificationsChannelSubscriptions(String(id))).entities?.map((entity) => entity.id)).toEqual([
      presence(0),
      presence(1),
    ]);
    await api.putNotificationsChannelSubscriptions(String(id), [{ id: presence(2) }]);
    expect((await api.getNotificationsChannelSubscriptions(String(id))).entities?.map((entity) => entity.id)).toEqual([
      presence(2),
    ]);
    await api.deleteNotificationsChannelSubscriptions(String(id));
    expect((await api.getNotificationsChannelSubscriptions(String(id))).entities).toEqual([]);
  });

  test("refuses the whole request for one forbidden topic, with the platform's error", async () => {
    const api = new client.NotificationsApi();
    const { id } = await api.postNotificationsChannels();
    const error = await rejection(
      api.putNotificationsChannelSubscriptions(String(id), [{ id: presence(0) }, { id: DENIED_TOPIC }]),
    );
    expect(error).toMatchObject({
      status: 403,
      code: "notification.unauthorized.topic",
      message: `The user does not have permission "${DENIED}" required for topic "${DENIED_TOPIC}"`,
      contextId: expect.stringMatching(UUID),
    });
    expect((await api.getNotificationsChannelSubscriptions(String(id))).entities).toEqual([]);
  });

  test("with ignoreErrors takes the good topics and says why it rejects the others", async () => {
    const api = new client.NotificationsApi();
    const { id } = await api.postNotificationsChannels();
    const topics = [{ id: presence(0) }, { id: DENIED_TOPIC }];
    const answer = await api.postNotificationsChannelSubscriptions(String(id), topics, { ignoreErrors: true });
    expect(answer.entities).toMatchObject([
      { id: presence(0), state: "Permitted" },
      {
        id: DENIED_TOPIC,
        state: "Rejected",
        missingPermissions: [DENIED],
        rejectionReason: expect.stringContaining(DENIED),
      },
    ]);
  });

  test("refuses an unknown topic with 400, and a channel that is not there with 404", async () => {
    const api = new client.NotificationsApi();
    const { id } = await api.postNotificationsChannels();
    const unknown = await rejection(api.putNotificationsChannelSubscriptions(String(id), [{ id: "v2.users.1.mood" }]));
    expect(unknown).toMatchObject({ status: 400, code: "notification.invalid.topic" });
    const gone = await rejection(api.putNotificationsChannelSubscriptions("streaming-0-gone", [{ id: presence(0) }]));
    expect(gone).toMatchObject({ status: 404, code: "entity.not.found" });
  });

  test("delivers events on its connectUri as it came, under the single topic of a combined one", async () => {
    const api = new client.NotificationsApi();
    const channel = await api.postNotificationsChannels();
    const userId = emulator.directory.users[0]?.id;
    await api.putNotificationsChannelSubscriptions(String(channel.id), [
      { id: `v2.users.${userId}?presence&routingStatus` },
    ]);
    const socket = await openSocket(String(channel.connectUri));
    emulator.emit([
      { topicName: presence(1), eventBody: { primary: true } },
      { topicName: presence(0), eventBody: { primary: true, presenceDefinition: { systemPresence: "BUSY" } } },
    ]);
    await socket.until(1);
    expect(socket.events()).toEqual([
      {
        topicName: presence(0),
        version: "2",
        eventBody: { primary: true, presenceDefinition: { systemPresence: "BUSY" } },
        metadata: { CorrelationId: expect.stringMatching(UUID) },
      },
    ]);
    socket.ws.terminate();
  });
});

describe("the catalogue", () => {
  test("lists topics with what was asked to be expanded", async () => {
    const api = new client.NotificationsApi();
    const plain = await api.getNotificationsAvailabletopics();
    expect(plain.entities?.length).toBeGreaterThan(230);
    expect(Object.keys(plain.entities?.[0] ?? {})).toEqual(["id"]);
    const { entities } = await api.getNotificationsAvailabletopics({
      expand: ["description", "requiresPermissions", "transports"],
    });
    expect(entities?.find((topic) => topic.id === DENIED_TOPIC)).toMatchObject({ requiresPermissions: [DENIED] });
    expect(Object.keys(entities?.[0] ?? {}).sort()).toEqual(["description", "id", "requiresPermissions", "transports"]);
  });
});

describe("the directory", () => {
  test("is read page by page", async () => {
    const api = new client.UsersApi();
    const first = await api.getUsers({ pageSize: 50, pageNumber: 1 });
    const second = await api.getUsers({ pageSize: 50, pageNumber: 2 });
    expect(first).toMatchObject({ total: 60, pageCount: 2, nextUri: expect.stringContaining("pageNumber=2") });
    expect(second.nextUri).toBeUndefined();
    const ids = [...(first.entities ?? []), ...(second.entities ?? [])].map((user) => user.id);
    expect(ids).toEqual(emulator.directory.users.map((user) => user.id));
  });

  test("tells queues and their members", async () => {
    const api = new client.RoutingApi();
    const queues = await api.getRoutingQueues({ name: "Sup*" });
    expect(queues.entities).toMatchObject([{ name: "Support" }]);
    const members = await api.getRoutingQueueMembers(String(queues.entities?.[0]?.id), { pageSize: 100 });
    expect(members.entities?.map((member) => member.id)).toEqual(emulator.directory.queues[0]?.memberIds);
  });
});

describe("states after a gap", () => {
  test("of users are read together and one by one", async () => {
    const [first, second] = emulator.directory.users;
    const ids = [String(first?.id), String(second?.id)];
    emulator.emit({
      topicName: `v2.users.${first?.id}.routingStatus`,
      eventBody: { id: first?.id, routingStatus: { status: "COMMUNICATING", startTime: "2026-01-01T00:00:00.000Z" } },
    });
    const users = new client.UsersApi();
    const expand = ["presence", "routingStatus", "station", "outOfOffice"];
    const { entities } = await users.getUsers({ id: ids, expand, pageSize: 100 });
    expect(entities).toMatchObject([
      { id: ids[0], routingStatus: { status: "COMMUNICATING" }, station: {}, outOfOffice: { active: false } },
      {
        id: ids[1],
        routingStatus: { status: "IDLE" },
        presence: { presenceDefinition: { systemPresence: "On Queue" } },
      },
    ]);
    expect(await users.getUserRoutingstatus(String(ids[0]))).toMatchObject({ status: "COMMUNICATING" });
    expect(await users.getUserStation(String(ids[0]))).toEqual({});
    expect(await users.getUserOutofoffice(String(ids[0]))).toMatchObject({ active: false });
    expect(await users.getUserQueues(String(ids[0]))).toMatchObject({ total: first?.queueIds.length });
    const bulk = await new client.PresenceApi().getUsersPresencesPurecloudBulk({ id: ids });
    expect(bulk).toMatchObject(ids.map((userId) => ({ userId, presenceDefinition: { systemPresence: "On Queue" } })));
  });

  test("of conversations and queues are read one by one and by queries", async () => {
    const at = new Date(Date.now() - 60_000).toISOString();
    const leg = { id: "p", purpose: "agent", state: "alerting", startTime: at, user: { id: "u" }, queue: { id: "q" } };
    const eventBody = { id: "c-1", participants: [leg] };
    emulator.emit({ topicName: "v2.users.u.conversations.calls", eventBody });
    const conversations = new client.ConversationsApi();
    expect(await conversations.getConversationsCall("c-1")).toEqual(eventBody);
    expect(await conversations.getConversation("c-1")).toMatchObject({
      participants: [{ userId: "u", calls: [{ state: "alerting" }] }],
    });
    expect(await conversations.getConversations()).toMatchObject({ entities: [] });
    const predicate = { type: "dimension", dimension: "conversationEnd", operator: "notExists" };
    const { conversations: found, totalHits } = await conversations.postAnalyticsConversationsDetailsQuery({
      interval: `${new Date(Date.now() - 3_600_000).toISOString()}/${new Date(Date.now() + 60_000).toISOString()}`,
      order: "desc",
      orderBy: "conversationStart",
      paging: { pageSize: 25, pageNumber: 1 },
      segmentFilters: [{ type: "or", predicates: [{ type: "dimension", dimension: "userId", value: "u" }] }],
      conversationFilters: [{ type: "and", predicates: [predicate] }],
    });
    expect({ found, totalHits }).toMatchObject({ found: [{ conversationId: "c-1" }], totalHits: 1 });
    const queueId = String(emulator.directory.queues[0]?.id);
    const filter = { type: "or", predicates: [{ type: "dimension", dimension: "queueId", value: queueId }] };
    const observed = await new client.AnalyticsApi().postAnalyticsQueuesObservationsQuery({
      filter,
      metrics: ["oWaiting"],
    });
    expect(observed.results).toMatchObject([{ group: { queueId }, data: [{ metric: "oWaiting" }] }]);
  });

  test("of the client itself are its grants", async () => {
    const { grants } = await new client.AuthorizationApi().getAuthorizationSubjectsMe();
    expect(grants?.[0]?.role?.policies).toContainEqual(expect.objectContaining({ domain: "analytics" }));
  });
});

test("too many requests are refused with 429, Retry-After and the three headers", async () => {
  const { instance } = client.ApiClient;
  instance.setReturnExtendedResponses(true);
  try {
    const api = new client.NotificationsApi();
    const calls = await Promise.allSettled(Array.from({ length: 26 }, () => api.getNotificationsChannels()));
    const refused = calls
      .filter((result) => result.status === "rejected")
      .map((result) => result.reason as Record<string, unknown>);
    expect(refused).toHaveLength(1);
    const headers = refused[0]?.["headers"] as Record<string, string>;
    expect(refused[0]).toMatchObject({ status: 429 });
    expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    expect(headers).toMatchObject({
      "inin-ratelimit-allowed": "25",
      "inin-ratelimit-count": "26",
      "inin-correlation-id": expect.stringMatching(UUID),
    });
  } finally {
    instance.setReturnExtendedResponses(false);
  }
});
