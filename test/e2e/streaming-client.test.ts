/**
 * The vendor's streaming client (XMPP) against the emulator: it connects, subscribes, gets its events, and comes back after what goes wrong.
 *
 * It waits two seconds and more before it comes back, so this takes its time.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Emulator, EmulatorOptions, UserLogin } from "../../src/emulator/index.ts";
import { createEmulator } from "../../src/emulator/index.ts";
import { bodyHash } from "../../src/emulator/ledger.ts";
import { call } from "../support/emulator-client.ts";
import type { StreamingClient } from "../support/streaming-client.ts";
import { loadStreamingClient, newStreamingClient } from "../support/streaming-client.ts";

const Client = loadStreamingClient();
const DENIED = "v2.architect.dependencytracking.build";

let emulator: Emulator;
let user: UserLogin;
let client: StreamingClient;
let failures: unknown[];
/** Topics and bodies, in the order of their coming. */
let notes: [string, unknown][];

async function connect(options: EmulatorOptions = {}, clientOptions: Readonly<Record<string, unknown>> = {}) {
  if (Client === undefined) throw new Error("the client is not installed");
  emulator = createEmulator({ callsPerHour: 0, ...options });
  await emulator.listen();
  user = emulator.login();
  ({ client, failures } = newStreamingClient(Client, emulator, user, clientOptions));
  notes = [];
  client.on("notify", ({ topic, data }: { readonly topic: string; readonly data: unknown }) =>
    notes.push([topic, data]),
  );
  await client.connect();
}

const mine = (name: string): string => `v2.users.${user.userId}.${name}`;
const emit = (topic: string, eventBody: unknown): unknown => emulator.emit({ topicName: topic, eventBody });
const happened = (event: string): Promise<unknown> => new Promise((resolve) => client.once(event, resolve));
const noted = (count: number) => vi.waitFor(() => expect(notes.length).toBeGreaterThanOrEqual(count), 5000);

/** What the client has on its channel. */
async function topics(): Promise<readonly string[]> {
  const path = `/api/v2/notifications/channels/${client.config.channelId}/subscriptions`;
  const { json } = await call(emulator, "GET", path, user.accessToken);
  return (json.entities as { id: string }[]).map(({ id }) => id);
}

describe.skipIf(Client === undefined)("the streaming client", () => {
  beforeEach(() => {
    vi.spyOn(console, "error").mockImplementation(() => {}); // where it tells of sockets that are refused
  });

  afterEach(async () => {
    await client.disconnect();
    await emulator.close();
    vi.restoreAllMocks();
  });

  test("combines topics with one prefix, and gets their events under the single names", async () => {
    await connect();
    const presences: unknown[] = [];
    await Promise.all([
      client.notifications.subscribe(mine("presence"), (data) => presences.push(data)),
      client.notifications.subscribe(mine("routingStatus")),
      client.notifications.subscribe(`v2.routing.queues.${emulator.directory.queues[0]?.id}.users`),
    ]);
    expect([...(await topics())].sort()).toEqual([
      `v2.routing.queues.${emulator.directory.queues[0]?.id}.users`,
      `v2.users.${user.userId}?routingStatus&presence`,
    ]);
    const body = { message: `<&>"' é \u{1F600} ]]> \uFFFE \r\n`, list: [1, null, {}] };
    emit(mine("presence"), body);
    emit(mine("station"), { nobody: "listens" });
    emit(mine("routingStatus"), { routingStatus: { status: "IDLE" } });
    await noted(2);
    expect(notes).toEqual([
      [mine("presence"), body],
      [mine("routingStatus"), { routingStatus: { status: "IDLE" } }],
    ]);
    expect(presences).toEqual([body]);
  });

  test("adds in bulk, and is told which topics it may not have", async () => {
    await connect({}, { enablePartialBulkResubscribe: true });
    await client.notifications.bulkSubscribe([mine("presence")], { replace: true });
    const answer = await client.notifications.bulkSubscribe([mine("station"), DENIED], { replace: false });
    expect(answer).toMatchObject({ [mine("station")]: { state: "Permitted" }, [DENIED]: { state: "Rejected" } });
    expect(await topics()).toEqual([mine("presence"), mine("station")]);
    await expect(client.notifications.subscribe(DENIED)).rejects.toMatchObject({ name: "StreamingSubscriptionError" });
  });

  test("subscribes at once, on the stream itself", async () => {
    await connect();
    const heard: unknown[] = [];
    const handler = (data: unknown): void => void heard.push(data);
    await client.notifications.subscribe(mine("presence"), handler, true);
    emit(mine("presence"), { n: 1 });
    await noted(1);
    await client.notifications.unsubscribe(mine("presence"), handler, true);
    expect(await topics()).toEqual([]);
    expect(heard).toEqual([{ n: 1 }]);
    await expect(client.notifications.subscribe(DENIED, handler, true)).rejects.toMatchObject({
      error: { condition: "forbidden" },
    });
  });

  test("is pinged and answers, or pings by itself where that is refused", async () => {
    for (const serverSidePings of [true, false]) {
      await connect({ heartbeatMs: 200, switches: { serverSidePings } });
      const raw: string[] = [];
      const { activeStanzaInstance: stanza } = client as unknown as {
        activeStanzaInstance: {
          pinger?: { performPing(): Promise<void>; numberOfFailedPings: number };
          serverMonitor?: unknown;
          on(event: "raw:incoming" | "raw:outgoing", handler: (text: string) => void): void;
        };
      };
      stanza.on("raw:incoming", (text) => raw.push(text));
      stanza.on("raw:outgoing", (text) => raw.push(text));
      expect(stanza.serverMonitor !== undefined).toBe(serverSidePings);
      await stanza.pinger?.performPing();
      expect(stanza.pinger?.numberOfFailedPings ?? 0).toBe(0);
      const isPing = (text: string): boolean => text.includes("<ping ");
      const isAnswer = (text: string): boolean => /^<iq[^>]* type="result"/.test(text);
      await vi.waitFor(() => {
        expect(raw.filter(isPing).length).toBeGreaterThan(0);
        expect(raw.filter(isAnswer).length).toBeGreaterThan(0);
      }, 5000);
      if (!serverSidePings) continue;
      await client.disconnect();
      await emulator.close();
    }
  });

  test("comes back to its channel after a cut and a close, and its topics are still there", async () => {
    await connect();
    await client.notifications.subscribe(mine("presence"));
    const { channelId } = client.config;
    for (const fault of ["drop", "close"] as const) {
      const back = happened("connected");
      emulator.faults.inject({ fault });
      emit(mine("presence"), { lost: true });
      await back;
      emit(mine("presence"), { after: fault });
    }
    await noted(2);
    expect(notes).toEqual([
      [mine("presence"), { after: "drop" }],
      [mine("presence"), { after: "close" }],
    ]);
    expect(client.config.channelId).toBe(channelId);
  });

  test.each(["socket_closing", "no_longer_subscribed"] as const)(
    "takes a new channel after %s, and subscribes there",
    async (fault) => {
      await connect();
      await client.notifications.subscribe(mine("presence"));
      const { channelId } = client.config;
      const back = happened("connected");
      emulator.faults.inject({ fault });
      await back;
      expect(client.config.channelId).not.toBe(channelId);
      await vi.waitFor(async () => expect(await topics()).toEqual([mine("presence")]), 5000);
      emit(mine("presence"), { after: fault });
      await vi.waitFor(() => expect(notes).toContainEqual([mine("presence"), { after: fault }]), 5000);
    },
  );

  test("gives up when its token was revoked, and says that the token is to blame", async () => {
    await connect();
    emulator.faults.inject({ fault: "token_revoked" });
    await vi.waitFor(() => expect(failures).toMatchObject([{ type: "invalid_token" }]), 10_000);
  });

  test("keeps its channel beyond the channel's life by subscribing again", async () => {
    await connect({ limits: { channelLifeMs: 4000 } });
    await client.notifications.subscribe(mine("presence"));
    await vi.waitFor(
      () => expect(notes.filter(([topic]) => topic === "streaming-subscriptions-expiring")).toHaveLength(2),
      15_000,
    );
    emit(mine("presence"), { still: "here" });
    await vi.waitFor(() => expect(notes.at(-1)).toEqual([mine("presence"), { still: "here" }]), 5000);
  });

  test("gets the centre's traffic, event for event as the ledger has it", async () => {
    await connect({ callsPerHour: 3600, rate: 200, agents: 5, queues: 2 });
    const names = emulator.directory.users.flatMap(({ id }) => [
      `v2.users.${id}.presence`,
      `v2.users.${id}.routingStatus`,
      `v2.users.${id}.conversations`,
    ]);
    await client.notifications.bulkSubscribe(names, { replace: true });
    await noted(150);
    emulator.stopTraffic();
    const sent = emulator.ledger({ limit: 100_000 }).events.filter(({ sockets }) => sockets.length > 0);
    await noted(sent.length);
    expect(notes.map(([topic, body]) => [topic, bodyHash(JSON.stringify(body))])).toEqual(
      sent.map(({ topic, hash }) => [topic, hash]),
    );
  });
});
