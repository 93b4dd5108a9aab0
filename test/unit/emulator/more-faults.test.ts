/** The faults beyond the first ones: channels in trouble, answers that mislead, frames that contradict. */
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { FAULTS } from "../../../src/emulator/fault-list.ts";
import { call, login, newChannel, newToken, openSocket, refusedStatus } from "../../support/emulator-client.ts";
import type { FaultStage } from "./fault-stage.ts";
import { faultStage, TOPIC } from "./fault-stage.ts";

const CHANNELS = "/api/v2/notifications/channels";

function readBack({ emulator, channel }: FaultStage): Promise<string[]> {
  return call(emulator, "GET", `${CHANNELS}/${channel.id}/subscriptions`, channel.token).then(({ json }) =>
    json.entities.map(({ id }: { id: string }) => id),
  );
}

describe("a channel in trouble", () => {
  test("topics_lost takes topics away without a word, and a read-back shows it", async () => {
    await using stage = await faultStage();
    const { emulator, channel, socket, say } = stage;
    const kept = "v2.users.b.presence";
    await call(emulator, "POST", `${CHANNELS}/${channel.id}/subscriptions`, channel.token, [{ id: kept }]);
    emulator.faults.inject({ fault: "topics_lost", topics: "v2.users.a.*" });
    say("lost");
    emulator.emit({ topicName: kept, eventBody: { message: "heard" } });
    await socket.until(1);
    expect(stage.heard()).toEqual(["heard"]);
    expect(await readBack(stage)).toEqual([kept]);
  });

  test("channel_gone silently leaves a socket that hears nothing, and no channel", async () => {
    await using stage = await faultStage();
    const { emulator, channel, socket, say } = stage;
    emulator.faults.inject({ fault: "channel_gone", silent: true });
    say("lost");
    socket.ws.send(JSON.stringify({ message: "ping" }));
    await socket.until(1);
    expect(stage.heard()).toEqual([]);
    expect((await call(emulator, "HEAD", `${CHANNELS}/${channel.id}`, channel.token)).status).toBe(404);
  });

  test("token_revoked without notice ends the token and says nothing first", async () => {
    await using stage = await faultStage();
    const { emulator, channel, socket } = stage;
    emulator.faults.inject({ fault: "token_revoked", notice: false });
    expect((await socket.closed).code).toBe(1000);
    expect(socket.texts).toEqual([]);
    expect((await call(emulator, "GET", CHANNELS, channel.token)).status).toBe(401);
  });

  test("takeover drops the socket as often as the rival comes back", async () => {
    await using stage = await faultStage();
    const { emulator, clock, channel, socket } = stage;
    emulator.faults.inject({ fault: "takeover", rounds: 2, everyMs: 500 });
    expect(await socket.closed).toEqual({ code: 1000, reason: "replaced by another connection" });
    const second = await openSocket(channel.connectUri);
    await clock.advance(500);
    expect((await second.closed).code).toBe(1000);
    const third = await openSocket(channel.connectUri);
    await clock.advance(5000);
    emulator.emit({ topicName: TOPIC, eventBody: {} });
    await third.until(1);
    third.ws.terminate();
  });

  test("foreign-channels evict ours, connected ones only when theirs are connected too", async () => {
    await using stage = await faultStage({ limits: { channelsPerClient: 3 } });
    const { emulator, channel, socket } = stage;
    emulator.faults.inject({ fault: "foreign-channels", channels: 5 });
    expect((await call(emulator, "HEAD", `${CHANNELS}/${channel.id}`, channel.token)).status).toBe(200);
    emulator.faults.inject({ fault: "foreign-channels", channels: 3, connected: true });
    expect((await socket.closed).code).toBe(1000);
    expect(await refusedStatus(channel.connectUri)).toBe(401);
    const { json } = await call(emulator, "GET", `${CHANNELS}?includechannels=oauthclient`, channel.token);
    expect(json.entities).toHaveLength(3);
    expect(json.entities.every((one: object) => !("id" in one))).toBe(true);
  });

  test("permissions_removed refuses topics and reads until its time is over", async () => {
    await using stage = await faultStage();
    const { emulator, clock, channel } = stage;
    const topics = [{ id: "v2.analytics.queues.q.observations" }];
    const subscribe = (): Promise<number> =>
      call(emulator, "POST", `${CHANNELS}/${channel.id}/subscriptions`, channel.token, topics).then(
        ({ status }) => status,
      );
    expect(await subscribe()).toBe(200);
    const permissions = ["analytics:queueObservation:view", "routing:queue:view"];
    emulator.faults.inject({ fault: "permissions_removed", permissions, forMs: "1m" });
    expect(await subscribe()).toBe(403);
    const refused = await call(emulator, "GET", "/api/v2/routing/queues", channel.token);
    expect(refused).toMatchObject({ status: 403, json: { code: "missing.permissions" } });
    await clock.advance(60_000);
    expect(await subscribe()).toBe(200);
  });
});

describe("frames of the past, in pieces, in doubt", () => {
  test("replay sends what was sent before once more, in its order", async () => {
    await using stage = await faultStage();
    const { emulator, clock, socket, say, heard } = stage;
    say("1", "2");
    await clock.advance(60_000);
    say("3");
    emulator.faults.inject({ fault: "replay", backMs: "1m", events: 5 });
    await socket.until(5);
    expect(heard()).toEqual(["1", "2", "3", "1", "2"]);
  });

  test("fragment sends a frame in pieces with time between, and what follows waits for it", async () => {
    await using stage = await faultStage();
    const { emulator, clock, socket, say, heard } = stage;
    emulator.faults.inject({ fault: "fragment", parts: 4, everyMs: 100 });
    say("slow", "next");
    await clock.advance(200);
    socket.ws.ping();
    await new Promise((resolve) => {
      socket.ws.once("pong", resolve);
    });
    expect(heard()).toEqual([]);
    await clock.advance(100);
    await socket.until(2);
    expect(heard()).toEqual(["slow", "next"]);
  });

  test("reorder by a depth lets so many frames overtake", async () => {
    await using stage = await faultStage();
    stage.emulator.faults.inject({ fault: "reorder", depth: 3 });
    stage.say("1", "2", "3", "4", "5");
    await stage.socket.until(5);
    expect(stage.heard()).toEqual(["2", "3", "4", "1", "5"]);
  });

  test("frame faults choose by topic, by socket and by share; each frame meets the oldest that fits", async () => {
    await using stage = await faultStage();
    const { emulator, socket, say, heard } = stage;
    emulator.faults.inject({ fault: "gap", topic: "v2.users.*.station", count: 100 });
    emulator.faults.inject({ fault: "gap", socket: "s9", count: 100 });
    emulator.faults.inject({ fault: "duplicate", copies: 3 });
    say("thrice");
    await socket.until(3);
    emulator.faults.inject({ fault: "gap", topic: "*.presence", share: 0.5, count: 1000 });
    say(...Array.from({ length: 200 }, (_, at) => String(at)));
    emulator.faults.clear();
    say("end");
    const got = emulator.ledger().events.filter(({ sockets }) => sockets.length > 0).length;
    await socket.until(got + 2);
    expect(heard().slice(0, 3)).toEqual(["thrice", "thrice", "thrice"]);
    expect(heard().at(-1)).toBe("end");
    expect(got).toBeGreaterThan(60);
    expect(got).toBeLessThan(140);
  });

  test("a frame that was held when its socket went is withheld in the ledger", async () => {
    await using stage = await faultStage();
    const { emulator, clock, socket, say } = stage;
    emulator.faults.inject({ fault: "delay", delayMs: 500 });
    say("late");
    emulator.faults.inject({ fault: "drop" });
    await socket.closed;
    await clock.advance(500);
    expect(emulator.ledger().events).toMatchObject([{ sockets: [], withheld: ["s1"] }]);
  });

  const participants = [
    {
      id: "11111111-0000-4000-8000-000000000001",
      purpose: "customer",
      state: "connected",
      connectedTime: "2026-01-01T00:00:00.000Z",
    },
    {
      id: "11111111-0000-4000-8000-000000000002",
      purpose: "agent",
      user: { id: "a" },
      state: "terminated",
      endTime: "2026-01-01T00:00:09.000Z",
    },
  ];
  test.each([
    ["late-connected", [{ state: "connected" }, { state: "terminated" }]],
    ["backwards", [{ state: "alerting" }, { state: "connected" }]],
    ["twin-agent", [{}, { user: { id: "a" } }, { user: { id: "a" } }]],
    ["no-participants", []],
  ])("odd-snapshot %s", async (kind, wanted) => {
    const topic = "v2.users.a.conversations.calls";
    await using stage = await faultStage();
    const { emulator, channel, socket } = stage;
    await call(emulator, "POST", `${CHANNELS}/${channel.id}/subscriptions`, channel.token, [{ id: topic }]);
    emulator.faults.inject({ fault: "odd-snapshot", kind });
    stage.say("no conversation");
    emulator.emit({ topicName: topic, eventBody: { id: "c", participants } });
    await socket.until(2);
    const legs = socket.events()[1]?.eventBody["participants"] as readonly object[];
    expect(legs).toMatchObject(wanted);
    expect(legs).toHaveLength(wanted.length);
    if (kind === "late-connected") expect(legs[0]).not.toHaveProperty("connectedTime");
    if (kind === "twin-agent") expect(new Set(legs.map((leg) => (leg as { id: string }).id)).size).toBe(3);
    const [first, second] = emulator.ledger().events;
    expect([first?.sockets, second?.sockets]).toEqual([["s1"], ["s1"]]);
  });

  test.each([
    ["empty", ""],
    ["null", "null"],
    ["number", "42"],
    ["html", "<html><body>upstream error</body></html>"],
  ])("malformed %s", async (kind, text) => {
    await using stage = await faultStage();
    stage.emulator.faults.inject({ fault: "malformed", kind });
    await stage.socket.until(1);
    expect(stage.socket.texts).toEqual([text]);
  });

  test("malformed can be of a wanted text or size", async () => {
    await using stage = await faultStage();
    stage.emulator.faults.inject({ fault: "malformed", text: "{" });
    stage.emulator.faults.inject({ fault: "malformed", kind: "big", bytes: 5000 });
    stage.emulator.faults.inject({ fault: "malformed", kind: "deep" });
    await stage.socket.until(3);
    expect(stage.socket.texts.map(({ length }) => length)).toEqual([1, expect.closeTo(5000, -2), expect.any(Number)]);
    expect(stage.socket.texts[2]).toContain("[".repeat(100_000));
  });
});

describe("answers", () => {
  test("path and method say which requests a fault is for", async () => {
    await using stage = await faultStage();
    const { emulator, channel } = stage;
    emulator.faults.inject({ fault: "server-error", path: "/api/v2/users/*", method: "get" });
    expect((await call(emulator, "GET", "/api/v2/users", channel.token)).status).toBe(200);
    expect((await call(emulator, "HEAD", "/api/v2/users/x", channel.token)).status).toBe(404);
    expect((await call(emulator, "GET", "/api/v2/users/x", channel.token)).status).toBe(503);
  });

  test("lost-answer cuts the line after the request has taken effect", async () => {
    await using stage = await faultStage();
    const { emulator, channel } = stage;
    const more = "v2.users.b.presence";
    emulator.faults.inject({ fault: "lost-answer", method: "POST" });
    await expect(
      call(emulator, "POST", `${CHANNELS}/${channel.id}/subscriptions`, channel.token, [{ id: more }]),
    ).rejects.toThrow("fetch failed");
    expect(await readBack(stage)).toEqual([TOPIC, more]);
    emulator.faults.inject({ fault: "lost-answer", on: "upgrade" });
    const ws = new WebSocket(channel.connectUri);
    const error = await new Promise<Error>((resolve) => {
      ws.on("error", resolve);
    });
    expect(error.message).toContain("socket hang up");
  });

  test("slow answers late, drips, and holds a handshake", async () => {
    await using stage = await faultStage();
    const { emulator, clock, channel } = stage;
    emulator.faults.inject({ fault: "slow", delayMs: "3s", on: "token" });
    const untilWaiting = async (timers: number): Promise<void> => {
      while (clock.timerCount === timers) await new Promise((resolve) => setImmediate(resolve));
    };
    const before = clock.timerCount;
    const late = login(emulator).then(({ status }) => status);
    // The timer of the token, then that of the answer.
    await untilWaiting(before);
    await clock.settle();
    const pending = Symbol("pending");
    expect(await Promise.race([late, new Promise((resolve) => setImmediate(() => resolve(pending)))])).toBe(pending);
    await clock.advance(3000);
    expect(await late).toBe(200);
    emulator.faults.inject({ fault: "slow", dripMs: 1, on: "rest" });
    const dripping = call(emulator, "GET", "/api/v2/users/none", channel.token);
    let ticks = 0;
    const tick = async (): Promise<undefined> => {
      ticks += 1;
      await clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
      return undefined;
    };
    let answer = await Promise.race([dripping, tick()]);
    while (answer === undefined) answer = await Promise.race([dripping, tick()]);
    expect(answer).toMatchObject({ status: 404, json: { code: "not.found" } });
    expect(ticks).toBeGreaterThan(100);
    emulator.faults.inject({ fault: "slow", on: "upgrade", delayMs: 700 });
    const timers = clock.timerCount;
    const waiting = openSocket(channel.connectUri);
    await untilWaiting(timers);
    await clock.advance(700);
    (await waiting).ws.terminate();
  });

  test("odd-channel makes a channel whose connectUri points elsewhere, or nowhere", async () => {
    await using stage = await faultStage();
    const { emulator, channel } = stage;
    emulator.faults.inject({ fault: "odd-channel", connectUri: "ws://elsewhere.example/channels/x" });
    await call(emulator, "GET", "/api/v2/users", channel.token);
    const odd = await call(emulator, "POST", CHANNELS, channel.token);
    expect(odd.json).toMatchObject({ id: expect.any(String), connectUri: "ws://elsewhere.example/channels/x" });
    emulator.faults.inject({ fault: "odd-channel" });
    expect((await call(emulator, "POST", CHANNELS, channel.token)).json).not.toHaveProperty("connectUri");
    expect((await call(emulator, "POST", CHANNELS, channel.token)).json.connectUri).toContain(emulator.url.slice(7));
  });

  test("odd-answer says 200 and something else", async () => {
    await using stage = await faultStage();
    const { emulator, channel } = stage;
    const ask = (kind: string): Promise<Response> => {
      emulator.faults.inject({ fault: "odd-answer", kind, path: "/api/v2/users" });
      return fetch(`${emulator.url}/api/v2/users`, { headers: { authorization: `Bearer ${channel.token}` } });
    };
    expect(await (await ask("error-body")).json()).toMatchObject({ status: 503, code: "service.unavailable" });
    expect(await (await ask("empty")).text()).toBe("");
    expect(await (await ask("empty-list")).json()).toMatchObject({ entities: [], total: 0 });
    const truncated = await ask("truncated");
    expect(truncated.headers.get("content-type")).toBe("application/json");
    await expect(truncated.json()).rejects.toThrow("JSON");
    expect(await (await ask("not-json")).text()).toContain("<html>");
  });

  test.each([
    ["one-missed", 11],
    ["one-twice", 12],
  ])("moving-pages %s", async (kind, distinct) => {
    await using stage = await faultStage();
    const { emulator, channel } = stage;
    emulator.faults.inject({ fault: "moving-pages", kind, forMs: 10_000 });
    const ids: string[] = [];
    for (const number of [1, 2, 3]) {
      const { json } = await call(emulator, "GET", `/api/v2/users?pageSize=5&pageNumber=${number}`, channel.token);
      ids.push(...json.entities.map(({ id }: { id: string }) => id));
    }
    expect(new Set(ids).size).toBe(distinct);
    expect(ids.length).toBe(kind === "one-twice" ? 13 : 11);
  });

  test("reject-topics refuses topics that are fine otherwise, in the words of a permission or in silence", async () => {
    await using stage = await faultStage();
    const { emulator, channel } = stage;
    const path = `${CHANNELS}/${channel.id}/subscriptions`;
    const topics = [{ id: "v2.users.b?presence&station" }, { id: "v2.users.c.presence" }];
    emulator.faults.inject({ fault: "reject-topics", topics: "*.station" });
    expect(await call(emulator, "POST", path, channel.token, topics)).toMatchObject({
      status: 403,
      json: { code: "notification.unauthorized.topic" },
    });
    emulator.faults.inject({ fault: "reject-topics", topics: "*.station", status: 400 });
    const { json } = await call(emulator, "POST", `${path}?ignoreErrors=true`, channel.token, topics);
    expect(json.entities.map(({ state }: { state: string }) => state)).toEqual(["Permitted", "Rejected", "Permitted"]);
    emulator.faults.inject({ fault: "reject-topics", topics: "*.c.*", silently: true });
    const silent = await call(emulator, "PUT", path, channel.token, topics);
    expect(silent).toMatchObject({ status: 200, json: { entities: [{ id: "v2.users.b?presence&station" }] } });
    expect(await readBack(stage)).toEqual(["v2.users.b?presence&station"]);
  });

  test("stale-rest gives states as they were, while events go on", async () => {
    await using stage = await faultStage();
    const { emulator, clock, channel } = stage;
    const user = emulator.directory.users[0]?.id ?? "";
    const ask = async (): Promise<string> =>
      (await call(emulator, "GET", `/api/v2/users/${user}/routingstatus`, channel.token)).json.status as string;
    const say = (status: string): unknown =>
      emulator.emit({
        topicName: `v2.users.${user}.routingStatus`,
        eventBody: { id: user, routingStatus: { status } },
      });
    say("INTERACTING");
    emulator.faults.inject({ fault: "stale-rest", forMs: 1000 });
    say("NOT_RESPONDING");
    expect(await ask()).toBe("INTERACTING");
    await clock.advance(1000);
    expect(await ask()).toBe("NOT_RESPONDING");
  });
});

describe("requests for faults", () => {
  test("what waits and is cleared never acts, and nor does its end", async () => {
    await using stage = await faultStage();
    const { emulator, clock, socket, say } = stage;
    emulator.faults.inject({ fault: "drop", afterMs: 500 });
    emulator.faults.inject({ fault: "gap", forMs: 700 });
    emulator.faults.clear();
    const timers = clock.timerCount;
    await clock.advance(600);
    emulator.faults.inject({ fault: "gap", forMs: 10_000 });
    await clock.advance(600);
    say("lost");
    emulator.faults.clear();
    say("heard");
    await socket.until(1);
    expect(stage.heard()).toEqual(["heard"]);
    expect(clock.timerCount).toBe(timers);
  });

  test("a parameter that a fault does not know is refused with those it knows", async () => {
    await using stage = await faultStage();
    const post = (fault: unknown): Promise<{ status: number; json: { error: string } }> =>
      call(stage.emulator, "POST", "/_emulator/faults", undefined, fault);
    expect((await post({ fault: "drop", code: 1006 })).json.error).toBe(
      "drop has no code; it may have afterMs, forMs, count, socket",
    );
    expect((await post({ fault: "close", forMs: "soon" })).json.error).toContain(
      "forMs of close must be milliseconds, or a text like 500ms, 5s, 2m",
    );
    expect((await post({ fault: "permissions_removed" })).json.error).toContain("needs permissions");
    expect((await post({ fault: "malformed", kind: "odd" })).json.error).toContain("truncated | text | binary");
    expect((await post({ fault: "vanish" })).json.error).toContain("fault must be one of close, drop");
    expect(stage.emulator.faults.active()).toEqual([]);
  });

  test("GET lists every fault with all its parameters and what each may be", async () => {
    await using stage = await faultStage();
    const { json } = await call(stage.emulator, "GET", "/_emulator/faults");
    expect(Object.keys(json.faults)).toEqual(Object.keys(FAULTS));
    for (const { about, parameters } of Object.values<{ about: string; parameters: Record<string, string> }>(
      json.faults,
    )) {
      expect(about).not.toBe("");
      for (const text of Object.values(parameters)) expect(text.length).toBeGreaterThan(4);
    }
    expect(json.faults.takeover.parameters).toMatchObject({ rounds: expect.stringContaining("1000") });
  });

  test("every fault begins and ends without parameters, save those that need some", async () => {
    await using stage = await faultStage();
    for (const name of Object.keys(FAULTS)) {
      const needs = name === "permissions_removed" ? { permissions: ["a:b:c"] } : {};
      expect(stage.emulator.faults.inject({ fault: name, ...needs, afterMs: 10 })).toMatchObject({
        fault: name,
        waiting: true,
      });
    }
    await stage.clock.advance(100_000);
    stage.emulator.faults.clear();
    expect(stage.emulator.faults.active()).toEqual([]);
    const token = await newToken(stage.emulator);
    expect((await newChannel(stage.emulator, token, [TOPIC])).id).toContain("streaming-");
  });
});
