import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Emulator } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import type { FakeClock } from "../../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import type { TestChannel, TestSocket } from "../../support/emulator-client.ts";
import { call, login, newChannel, newToken, openSocket, refusedStatus } from "../../support/emulator-client.ts";

const TOPIC = "v2.users.a.presence";

interface Stage {
  readonly emulator: Emulator;
  readonly clock: FakeClock;
  readonly channel: TestChannel;
  readonly socket: TestSocket;
  /** Emits events with these messages. */
  readonly say: (...messages: string[]) => void;
  /** What the socket has got. */
  readonly heard: () => unknown[];
}

/** An emulator with one socket that listens to one topic. */
async function stage(): Promise<Stage> {
  const clock = createFakeClock();
  const emulator = createEmulator({ callsPerHour: 0, clock, heartbeatMs: 1000 });
  await emulator.listen();
  const channel = await newChannel(emulator, await newToken(emulator), [TOPIC]);
  const socket = await openSocket(channel.connectUri);
  return {
    emulator,
    clock,
    channel,
    socket,
    say: (...messages) => emulator.emit(messages.map((message) => ({ topicName: TOPIC, eventBody: { message } }))),
    heard: () => socket.events().map(({ eventBody }) => eventBody["message"]),
  };
}

describe("faults of sockets", () => {
  test("close ends with the code and reason that are wanted", async () => {
    const { emulator, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "close", code: 1013, reason: "try again" });
    expect(await socket.closed).toEqual({ code: 1013, reason: "try again" });
  });

  test("drop ends without a close frame", async () => {
    const { emulator, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "drop" });
    expect((await socket.closed).code).toBe(1006);
  });

  test("count and socket name say whom it hits", async () => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    const other = await openSocket((await newChannel(emulator, channel.token, [TOPIC])).connectUri);
    emulator.faults.inject({ fault: "close", socket: "s2" });
    await other.closed;
    const third = await openSocket((await newChannel(emulator, channel.token, [TOPIC])).connectUri);
    emulator.faults.inject({ fault: "drop", count: 1 });
    await socket.closed;
    emulator.emit({ topicName: TOPIC, eventBody: {} });
    await third.until(1);
    third.ws.terminate();
  });

  test("forMs hits sockets that open meanwhile, afterMs waits", async () => {
    const { emulator, clock, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "close", code: 1012, afterMs: 500, forMs: 2000 });
    await clock.advance(499);
    expect(emulator.faults.active()).toMatchObject([{ fault: "close", waiting: true }]);
    await clock.advance(1);
    expect((await socket.closed).code).toBe(1012);
    expect((await (await openSocket(channel.connectUri)).closed).code).toBe(1012);
    await clock.advance(2000);
    const later = await openSocket(channel.connectUri);
    emulator.emit({ topicName: TOPIC, eventBody: {} });
    await later.until(1);
    later.ws.terminate();
  });

  test("a silent stall stops every byte, and the ledger tells what was withheld", async () => {
    const { emulator, clock, socket, say, heard } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "stall", forMs: 4500 });
    say("lost");
    socket.ws.send(JSON.stringify({ message: "ping" }));
    await clock.advance(4500);
    say("seen");
    await socket.until(1);
    expect(heard()).toEqual(["seen"]);
    expect(socket.texts.filter((text) => text.includes("Heartbeat"))).toEqual([]);
    expect(emulator.ledger().events).toMatchObject([{ sockets: [], withheld: ["s1"] }, { sockets: ["s1"] }]);
    socket.ws.terminate();
  });

  test("a stall with heartbeats stops events only", async () => {
    const { emulator, clock, socket, say, heard } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "stall", heartbeats: true });
    say("lost");
    await clock.advance(3000);
    await socket.until(3);
    expect(heard()).toEqual([]);
    emulator.faults.clear();
    say("seen");
    await socket.until(4);
    expect(heard()).toEqual(["seen"]);
    socket.ws.terminate();
  });

  test.each(["truncated", "text", "unknown-fields"])(
    "malformed sends a %s frame and the socket lives on",
    async (kind) => {
      const { emulator, socket, say } = await stage();
      await using _ = emulator;
      emulator.faults.inject({ fault: "malformed", kind });
      say("after");
      await socket.until(2);
      const parses = ((): boolean => {
        try {
          return JSON.parse(String(socket.texts[0])) !== undefined;
        } catch {
          return false;
        }
      })();
      expect(parses).toBe(kind === "unknown-fields");
      expect(socket.texts[1]).toContain("after");
      socket.ws.terminate();
    },
  );

  test("malformed can be binary", async () => {
    const { emulator, socket } = await stage();
    await using _ = emulator;
    const isBinary = new Promise((resolve) => {
      socket.ws.once("message", (_data, binary) => resolve(binary));
    });
    emulator.faults.inject({ fault: "malformed", kind: "binary" });
    expect(await isBinary).toBe(true);
    socket.ws.terminate();
  });

  test("socket_closing gives notice, closes after the grace time and leaves the channel", async () => {
    const { emulator, clock, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "socket_closing", graceMs: 800 });
    await socket.until(1);
    expect(socket.events()).toMatchObject([
      { topicName: "v2.system.socket_closing", eventBody: { channelId: channel.id } },
    ]);
    await clock.advance(799);
    expect(socket.ws.readyState).toBe(WebSocket.OPEN);
    await clock.advance(1);
    expect((await socket.closed).code).toBe(1001);
    const next = await openSocket(channel.connectUri);
    emulator.emit({ topicName: TOPIC, eventBody: {} });
    await next.until(1);
    next.ws.terminate();
  });

  test("token_revoked gives notice, ends the token and its channels", async () => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "token_revoked" });
    await socket.closed;
    expect(socket.events()).toMatchObject([
      { topicName: `v2.system.token_revoked.${channel.id}`, eventBody: { reason: "user_tokens_revoked" } },
    ]);
    expect((await call(emulator, "GET", "/api/v2/users", channel.token)).status).toBe(401);
    expect(await refusedStatus(channel.connectUri)).toBe(401);
  });

  test("no_longer_subscribed gives notice and empties the channel; the socket stays", async () => {
    const { emulator, channel, socket, say } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "no_longer_subscribed" });
    say("lost");
    socket.ws.send(JSON.stringify({ message: "ping" }));
    await socket.until(2);
    expect(socket.events()).toMatchObject([
      {
        topicName: `v2.system.no_longer_subscribed.${channel.id}`,
        eventBody: { reason: "another_channel_subscribed" },
      },
    ]);
    socket.ws.terminate();
  });

  test("channel_gone closes the socket and forgets the channel", async () => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "channel_gone" });
    expect((await socket.closed).code).toBe(1000);
    expect(await refusedStatus(channel.connectUri)).toBe(401);
    const { status } = await call(
      emulator,
      "GET",
      `/api/v2/notifications/channels/${channel.id}/subscriptions`,
      channel.token,
    );
    expect(status).toBe(404);
  });
});

describe("faults of frames", () => {
  test.each([
    ["gap", ["3"]],
    ["duplicate", ["1", "1", "2", "2", "3"]],
    ["reorder", ["2", "1", "3"]],
  ])("%s", async (fault, wanted) => {
    const { emulator, socket, say, heard } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault, count: 2 });
    say("1", "2", "3");
    await socket.until(wanted.length);
    expect(heard()).toEqual(wanted);
    expect(emulator.faults.active()).toEqual([]);
    socket.ws.terminate();
  });

  test("delay", async () => {
    const { emulator, clock, socket, say, heard } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "delay", delayMs: 700 });
    say("late", "early");
    await socket.until(1);
    expect(heard()).toEqual(["early"]);
    await clock.advance(700);
    await socket.until(2);
    expect(heard()).toEqual(["early", "late"]);
    socket.ws.terminate();
  });

  test("a single frame to be reordered comes late when none follows", async () => {
    const { emulator, clock, socket, say } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "reorder" });
    say("alone");
    expect(socket.texts).toEqual([]);
    await clock.advance(999);
    await clock.advance(1);
    await socket.until(2);
    expect(socket.events()).toHaveLength(1);
    socket.ws.terminate();
  });
});

describe("faults of requests", () => {
  test.each([
    ["unauthorized", {}, 401, "bad.credentials"],
    ["forbidden", {}, 403, "not.authorized"],
    ["rate-limit", { retryAfterS: 7 }, 429, "too.many.requests.retry.after"],
    ["server-error", {}, 503, "service.unavailable"],
    ["server-error", { status: 500 }, 500, "internal.server.error"],
  ])("%s %o", async (fault, params, status, code) => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault, on: "rest", ...params });
    expect((await login(emulator)).status).toBe(200);
    const refused = await call(emulator, "GET", "/api/v2/users", channel.token);
    expect(refused).toMatchObject({ status, json: { code, status } });
    expect(refused.headers.get("retry-after")).toBe(fault === "rate-limit" ? "7" : null);
    expect((await call(emulator, "GET", "/api/v2/users", channel.token)).status).toBe(200);
    socket.ws.terminate();
  });

  test("at the login and at the handshake", async () => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "rate-limit", on: "token" });
    emulator.faults.inject({ fault: "forbidden", on: "upgrade", count: 2 });
    expect((await login(emulator)).status).toBe(429);
    expect(await refusedStatus(channel.connectUri)).toBe(403);
    expect(await refusedStatus(channel.connectUri)).toBe(403);
    const next = await openSocket(channel.connectUri);
    next.ws.terminate();
    socket.ws.terminate();
  });

  test("forMs refuses until the time is over; an HTML page may be the answer", async () => {
    const { emulator, clock, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "server-error", forMs: 1000, html: true });
    const first = await call(emulator, "GET", "/api/v2/users", channel.token);
    expect(first.status).toBe(503);
    expect(first.headers.get("content-type")).toContain("text/html");
    expect((await call(emulator, "GET", "/api/v2/users", channel.token)).status).toBe(503);
    await clock.advance(1000);
    expect((await call(emulator, "GET", "/api/v2/users", channel.token)).status).toBe(200);
    socket.ws.terminate();
  });

  test.each([[0], [-1], [315_360_000], ["soon"], [undefined]])("odd-token says %s in expires_in", async (expiresIn) => {
    const { emulator, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "odd-token", expiresIn });
    expect((await login(emulator)).json.expires_in).toBe(expiresIn);
    expect((await login(emulator)).json.expires_in).toBe(86_400);
    socket.ws.terminate();
  });

  test("a redirect may be the answer", async () => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "server-error", status: 302, location: "https://elsewhere.example/" });
    const answer = await fetch(`${emulator.url}/oauth/token`, { method: "POST", redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "https://elsewhere.example/"]);
    emulator.faults.inject({ fault: "server-error", status: 200, html: true, on: "upgrade" });
    expect(await refusedStatus(channel.connectUri)).toBe(200);
    socket.ws.terminate();
  });

  test("hang never answers, neither a request nor a handshake", async () => {
    const { emulator, channel, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "hang", count: 2 });
    const cut = new AbortController();
    const request = fetch(`${emulator.url}/api/v2/users`, { signal: cut.signal }).catch(() => "cut");
    const ws = new WebSocket(channel.connectUri, { handshakeTimeout: 50 });
    const error = await new Promise<Error>((resolve) => {
      ws.on("error", resolve);
    });
    expect(error.message).toContain("timed out");
    cut.abort();
    expect(await request).toBe("cut");
    socket.ws.terminate();
  });
});

test.each([
  [{ fault: "close", code: 999 }, "code"],
  [{ fault: "close", reason: "x".repeat(124) }, "reason"],
  [{ fault: "server-error", status: 99 }, "status"],
  [{ fault: "rate-limit", retryAfterS: -1 }, "retryAfterS"],
  [{ fault: "gap", count: Number.NaN }, "count"],
])("what can't be done is refused when it is asked for: %o", (request, name) => {
  const emulator = createEmulator({ callsPerHour: 0 });
  expect(() => emulator.faults.inject(request)).toThrow(name);
  expect(emulator.faults.active()).toEqual([]);
});

test("close with 1006 cuts the connection, with 1005 gives no code", async () => {
  for (const code of [1006, 1005]) {
    const { emulator, socket } = await stage();
    await using _ = emulator;
    emulator.faults.inject({ fault: "close", code });
    expect((await socket.closed).code).toBe(code);
  }
});
