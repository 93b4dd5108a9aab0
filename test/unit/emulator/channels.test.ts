import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { call, newChannel, newToken, openSocket, refusedStatus } from "../../support/emulator-client.ts";

async function started(
  options: EmulatorOptions = {},
): Promise<{ readonly emulator: Emulator & AsyncDisposable; readonly token: string }> {
  const emulator = createEmulator({ callsPerHour: 0, ...options });
  await emulator.listen();
  return { emulator, token: await newToken(emulator) };
}

const isThere = async (emulator: Emulator, token: string, id: string): Promise<boolean> =>
  (await call(emulator, "HEAD", `/api/v2/notifications/channels/${id}`, token)).status === 200;

const presence = (id: string): string => `v2.users.${id}.presence`;

const subscriptions = (id: string): string => `/api/v2/notifications/channels/${id}/subscriptions`;

describe("channels", () => {
  test("the 21st silently ends the least recently used, unconnected ones first", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const channels = [];
    for (let count = 0; count < 20; count += 1) channels.push(await newChannel(emulator, token));
    const [first, second, third] = channels;
    const connected = await openSocket(String(first?.connectUri));
    await call(emulator, "PUT", subscriptions(String(second?.id)), token, [{ id: presence("1") }]);
    const next = await newChannel(emulator, token);
    expect(await isThere(emulator, token, String(third?.id))).toBe(false);
    expect(await isThere(emulator, token, String(first?.id))).toBe(true);
    expect(await isThere(emulator, token, String(second?.id))).toBe(true);
    expect(await isThere(emulator, token, next.id)).toBe(true);
    expect((await call(emulator, "GET", "/api/v2/notifications/channels", token)).json.entities).toHaveLength(20);
    expect(await refusedStatus(String(third?.connectUri))).toBe(401);
    connected.ws.terminate();
  });

  test("when all are connected, the least recently used loses its socket", async () => {
    const { emulator, token } = await started({
      limits: { channelsPerClient: 2 },
      switches: { channelGoneCode: 4002 },
    });
    await using _ = emulator;
    const [one, two] = [await newChannel(emulator, token), await newChannel(emulator, token)];
    const sockets = [await openSocket(one.connectUri), await openSocket(two.connectUri)];
    await newChannel(emulator, token);
    expect((await sockets[0]?.closed)?.code).toBe(4002);
    expect(await isThere(emulator, token, two.id)).toBe(true);
    sockets[1]?.ws.terminate();
  });

  test("live 24 hours, and subscribing again starts the time anew", async () => {
    const clock = createFakeClock();
    const { emulator, token } = await started({ clock, tokenLifeS: 172_800 });
    await using _ = emulator;
    const [kept, left] = [await newChannel(emulator, token), await newChannel(emulator, token)];
    await clock.advance(86_399_000);
    await call(emulator, "POST", subscriptions(kept.id), token, [{ id: presence("1") }]);
    await clock.advance(1000);
    expect(await isThere(emulator, token, kept.id)).toBe(true);
    expect(await isThere(emulator, token, left.id)).toBe(false);
    expect(await refusedStatus(left.connectUri)).toBe(401);
  });

  test("have one socket: a second replaces the first", async () => {
    const { emulator, token } = await started({ switches: { replacedCode: 4003 } });
    await using _ = emulator;
    const channel = await newChannel(emulator, token, [presence("a")]);
    const first = await openSocket(channel.connectUri);
    const second = await openSocket(channel.connectUri);
    expect((await first.closed).code).toBe(4003);
    emulator.emit({ topicName: presence("a"), eventBody: { primary: true } });
    await second.until(1);
    expect(first.events()).toEqual([]);
    second.ws.terminate();
  });

  test.each([[401], [404]])(
    "an unknown one is refused at the handshake with the status that is set (%i)",
    async (status) => {
      const { emulator } = await started({ switches: { unknownChannelStatus: status } });
      await using _ = emulator;
      expect(await refusedStatus(`ws://127.0.0.1:${emulator.port}/channels/streaming-0-nobody`)).toBe(status);
    },
  );

  test("need no token on the socket, and greet nobody", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const socket = await openSocket((await newChannel(emulator, token)).connectUri);
    socket.ws.send(JSON.stringify({ message: "ping" }));
    await socket.until(1);
    expect(socket.texts).toEqual(['{"topicName":"channel.metadata","eventBody":{"message":"pong"}}']);
    socket.ws.terminate();
  });

  test("are told under the address that the caller can reach", async () => {
    const { emulator, token } = await started({ publicUrl: "https://emulator.example/" });
    await using _ = emulator;
    expect((await newChannel(emulator, token)).connectUri).toMatch(
      /^wss:\/\/emulator\.example\/channels\/streaming-0-[0-9a-z]{26}$/,
    );
  });
});

describe("subscriptions", () => {
  test("over the limit are refused with 400, and the list stays", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const channel = await newChannel(emulator, token, [presence("kept")]);
    const many = Array.from({ length: 1000 }, (_unused, at) => ({ id: presence(`u${at}`) }));
    const refused = await call(emulator, "POST", subscriptions(channel.id), token, many);
    expect(refused).toMatchObject({ status: 400, json: { code: "notification.subscription.too.many.subscriptions" } });
    expect((await call(emulator, "GET", subscriptions(channel.id), token)).json.entities).toHaveLength(1);
    expect((await call(emulator, "PUT", subscriptions(channel.id), token, many)).status).toBe(200);
    const again = await call(emulator, "POST", subscriptions(channel.id), token, many);
    expect(again.status).toBe(200);
  });

  test.each([
    [false, 400],
    [true, 200],
  ])("count a combined topic as one when that is set (%s)", async (combinedCountsAsOne, status) => {
    const { emulator, token } = await started({ limits: { topicsPerChannel: 2 }, switches: { combinedCountsAsOne } });
    await using _ = emulator;
    const channel = await newChannel(emulator, token);
    const topics = [{ id: "v2.users.a?presence&routingStatus" }, { id: "v2.users.b?presence&routingStatus" }];
    expect((await call(emulator, "PUT", subscriptions(channel.id), token, topics)).status).toBe(status);
  });

  test("show a combined topic as permitted and what it lacks under its own name", async () => {
    const { emulator, token } = await started({
      deniedPermissions: ["p:x:view"],
      topicPermissions: { "v2.users.{id}.station": ["p:x:view"] },
    });
    await using _ = emulator;
    const channel = await newChannel(emulator, token);
    const topics = [{ id: "v2.users.a?presence&station" }];
    const { json } = await call(emulator, "PUT", `${subscriptions(channel.id)}?ignoreErrors=true`, token, topics);
    expect(json.entities).toMatchObject([
      { id: "v2.users.a?presence&station", state: "Permitted" },
      { id: "v2.users.a.station", state: "Rejected", missingPermissions: ["p:x:view"] },
    ]);
  });

  test("deliver in the casing of the template, whatever the casing asked for", async () => {
    const { emulator, token } = await started({ callsPerHour: 0 });
    await using _ = emulator;
    const channel = await newChannel(emulator, token, ["V2.Users.A.ROUTINGSTATUS"]);
    const socket = await openSocket(channel.connectUri);
    emulator.emit({ topicName: "v2.users.A.routingStatus", eventBody: {} });
    await socket.until(1);
    expect(socket.events()[0]?.topicName).toBe("v2.users.A.routingStatus");
    socket.ws.terminate();
  });

  test("work inside the socket too", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const channel = await newChannel(emulator, token);
    const socket = await openSocket(channel.connectUri);
    socket.ws.send(JSON.stringify({ message: "subscribe", topics: [presence("a")], correlationId: "x" }));
    await socket.until(1);
    socket.ws.send(JSON.stringify({ message: "subscribe", topics: ["v2.nothing"], correlationId: "y" }));
    await socket.until(2);
    socket.ws.send(JSON.stringify({ message: "unsubscribe", topics: [presence("a")], correlationId: "z" }));
    await socket.until(3);
    expect(socket.texts.map((text) => JSON.parse(text))).toEqual([
      { result: "200", status: "subscribed", correlationId: "x" },
      { result: "400", status: "failure", correlationId: "y" },
      { result: "200", status: "unsubscribed", correlationId: "z" },
    ]);
    expect((await call(emulator, "GET", subscriptions(channel.id), token)).json.entities).toEqual([]);
    socket.ws.terminate();
  });

  test("are announced on the socket when that is set", async () => {
    const { emulator, token } = await started({ switches: { announceSubscriptions: true } });
    await using _ = emulator;
    const channel = await newChannel(emulator, token);
    const socket = await openSocket(channel.connectUri);
    await call(emulator, "DELETE", subscriptions(channel.id), token);
    await socket.until(1);
    expect(socket.events()).toMatchObject([
      { topicName: "v2.subscription.updated", eventBody: { channelId: channel.id } },
    ]);
    socket.ws.terminate();
  });
});

describe("sockets", () => {
  test("get a heartbeat every 30 seconds", async () => {
    const clock = createFakeClock();
    const { emulator, token } = await started({ clock });
    await using _ = emulator;
    const socket = await openSocket((await newChannel(emulator, token)).connectUri);
    await clock.advance(29_999);
    await clock.advance(30_001);
    await socket.until(2);
    expect(new Set(socket.texts)).toEqual(
      new Set(['{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}']),
    );
    socket.ws.terminate();
  });

  test("bear whatever the client sends", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const socket = await openSocket((await newChannel(emulator, token)).connectUri);
    for (const junk of ["2026-03-04T10:00:00Z", "{", "[]", "null", '{"message":7}', "x".repeat(100_000)])
      socket.ws.send(junk);
    socket.ws.send(Buffer.from([0, 255, 1]));
    socket.ws.ping();
    socket.ws.send(JSON.stringify({ message: "ping" }));
    await socket.until(1);
    expect(socket.texts).toHaveLength(1);
    socket.ws.terminate();
  });

  test("get what happens while they are open; nothing is replayed", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const channel = await newChannel(emulator, token, [presence("a")]);
    emulator.emit({ topicName: presence("a"), eventBody: { message: "missed" } });
    const socket = await openSocket(channel.connectUri);
    emulator.emit({ topicName: presence("b"), eventBody: { message: "somebody else's" } });
    emulator.emit({ topicName: presence("a"), eventBody: { message: "seen" } });
    await socket.until(1);
    expect(socket.events().map(({ eventBody }) => eventBody["message"])).toEqual(["seen"]);
    expect(emulator.ledger().events.map(({ sockets }) => sockets)).toEqual([[], [], ["s1"]]);
    socket.ws.terminate();
  });

  test("are cut when more than the limit waits for a client", async () => {
    const { emulator, token } = await started({ limits: { bufferedBytes: 10_000 } });
    await using _ = emulator;
    const socket = await openSocket((await newChannel(emulator, token, [presence("a")])).connectUri);
    socket.ws.pause();
    const frame = { topicName: presence("a"), eventBody: { message: "x".repeat(1000) } };
    emulator.emit(Array.from({ length: 20 }, () => frame));
    const sent = emulator.ledger().events.filter(({ sockets }) => sockets.length > 0);
    expect(sent.length).toBeLessThan(10);
    socket.ws.resume();
    expect((await socket.closed).code).toBe(1006);
  });

  test("are closed with 1001 when the emulator shuts down", async () => {
    const { emulator, token } = await started();
    const socket = await openSocket((await newChannel(emulator, token)).connectUri);
    await emulator.close();
    expect((await socket.closed).code).toBe(1001);
  });
});
