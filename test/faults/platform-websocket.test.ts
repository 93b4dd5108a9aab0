/**
 * The second wire against a foreign server with real sockets: every line of its description (docs/protocol.md, 2). The source's
 * clock is moved by hand, so a token's hour and a ping's half minute take no time; the network is the machine's.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { compileRules } from "../../src/core/classify.ts";
import { DEFAULT_CLASSES } from "../../src/core/rule.ts";
import type { Source } from "../../src/ports/source.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemNet } from "../../src/runtime/net.ts";
import { platformWebsocketSource } from "../../src/sources/platform-websocket/index.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { eventually } from "../support/eventually.ts";
import type { ForeignPlatform, ForeignSocket } from "../support/foreign-platform.ts";
import { startForeignPlatform } from "../support/foreign-platform.ts";
import type { SpyContext } from "../support/source-context.ts";
import { createSpyContext } from "../support/source-context.ts";

const CLIENT_ID = "client & id";
const SECRET = "canary+client/secret=&?";

interface Line {
  readonly clock: FakeClock;
  readonly platform: ForeignPlatform;
  readonly context: SpyContext;
  readonly source: Source;
  /** The nth socket that stood, from 0, once the source has heard from it. */
  readonly socket: (n: number) => Promise<ForeignSocket>;
  /** Lets the pause of the source go by. */
  readonly retry: (ms?: number) => Promise<void>;
  readonly state: (state: string) => Promise<string>;
  /** Lets time and I/O go on, a little of each in turn, until `look` says yes. */
  readonly pass: (what: string, look: () => boolean) => Promise<void>;
}

async function setUp(prepare: (platform: ForeignPlatform) => void = () => {}, secret = SECRET): Promise<Line> {
  const platform = await startForeignPlatform({ clientId: CLIENT_ID, clientSecret: SECRET });
  prepare(platform);
  const clock = createFakeClock();
  const context = createSpyContext(clock, systemNet());
  const source = platformWebsocketSource({
    name: "gateway",
    region: "us-east-1",
    clientId: CLIENT_ID,
    clientSecret: secret,
    endpoints: { api: platform.api, socket: platform.socketBase },
    limits: { maxFrameBytes: 4_096 },
  });
  onTestFinished(async () => {
    await source.close();
    await platform.close();
    // P9: whatever the test did to it, no secret came out.
    const told = context.logger.text() + JSON.stringify([source.status(), context.gaps, context.malformedReasons]);
    expect(told).not.toContain("canary");
    expect(told).not.toContain(encodeURIComponent(SECRET));
  });
  source.start(context);
  return {
    clock,
    platform,
    context,
    source,
    async socket(n) {
      const socket = await eventually(`socket ${n}`, () => platform.sockets[n]);
      await eventually(`socket ${n} is live`, () => {
        const live = source.status().connections.find(({ state }) => state === "live");
        return live !== undefined && platform.sockets.findLast(({ closed }) => closed === undefined) === socket;
      });
      return socket;
    },
    async retry(ms = 500) {
      await eventually("a pause", () => source.status().state === "waiting" || source.status().state === "refused");
      await clock.advance(ms);
    },
    async pass(what, look) {
      for (let turns = 0; !look(); turns += 1) {
        if (turns > 5_000) throw new Error(`not seen: ${what}`);
        await clock.advance(20);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    state: (state) =>
      eventually(`state ${state}`, () => source.status().state === state && (source.status().reason ?? "no reason")),
  };
}

const activity = (n: number, state = "connected"): string =>
  JSON.stringify({
    topic: "conversation:activity",
    data: { conversationId: "c1", participantId: "p", state, timestamp: n },
  });

describe("the token", () => {
  test("is asked for with the credentials in the form body, at {base}/oauth/token, and goes into the socket's address", async () => {
    const { platform, socket } = await setUp();
    const { token, path } = await socket(0);
    expect(platform.tokenRequests).toEqual([
      {
        method: "POST",
        path: "/oauth/token",
        contentType: "application/x-www-form-urlencoded",
        authorization: undefined,
        form: { grant_type: "client_credentials", client_id: CLIENT_ID, client_secret: SECRET },
      },
    ]);
    expect([path, token]).toEqual(["/v2/platform/websocket", platform.tokens[0]]);
  });

  test("429 is waited out as Retry-After says, then asked for again", async () => {
    const fault = { kind: "answer", status: 429, headers: { "retry-after": "7" }, body: "slow down" } as const;
    const { platform, clock, state, socket } = await setUp(({ tokenFaults }) => void tokenFaults.push(fault));
    expect(await state("waiting")).toContain("429");
    await clock.advance(6_900);
    expect(platform.tokenRequests.length).toBe(1);
    await clock.advance(100);
    await socket(0);
    expect(platform.tokenRequests.length).toBe(2);
  });

  test("network errors are retried with growing waits", async () => {
    const { platform, clock, pass, socket } = await setUp(({ tokenFaults }) => {
      tokenFaults.push({ kind: "reset" }, { kind: "reset" }, { kind: "reset" });
    });
    const from = clock.now();
    await pass("four requests", () => platform.tokenRequests.length === 4);
    expect(clock.now() - from).toBeGreaterThan(200);
    await socket(0);
  });

  test.each([400, 401, 403, 404, 302])(
    "status %d fails with the status, is told in one line, and is tried again in minutes",
    async (status) => {
      const { platform, clock, context, state, socket } = await setUp(({ tokenFaults }) => {
        tokenFaults.push({
          kind: "answer",
          status,
          headers: { location: "http://127.0.0.1:9/" },
          body: `<html>${SECRET}`,
        });
      });
      expect(await state("refused")).toContain(String(status));
      const errors = context.logger.lines.filter(({ level }) => level === "error");
      expect(errors.length).toBe(1);
      expect(String(errors[0]?.fields["reason"])).not.toContain("\n");
      await clock.advance(239_000);
      expect(platform.tokenRequests.length).toBe(1);
      await clock.advance(121_000);
      await socket(0);
    },
  );

  test("wrong credentials are refused and leave the source up", async () => {
    const { platform, state } = await setUp(undefined, "canary wrong secret");
    expect(await state("refused")).toMatch(/401.*secret/);
    expect(platform.sockets).toEqual([]);
  });

  test.each([
    ["HTML", "<html></html>"],
    ["no token", "{}"],
    ["a token with a line break", '{"access_token":"a\\nb","expires_in":60}'],
    ["an ended token", '{"access_token":"a","expires_in":-1}'],
  ])("an answer that is none (%s) is tried again", async (_, body) => {
    const { retry, socket } = await setUp(
      ({ tokenFaults }) => void tokenFaults.push({ kind: "answer", status: 200, body }),
    );
    await retry();
    await socket(0);
  });

  test("that never comes is given up after ten seconds, and so is a handshake", { timeout: 60_000 }, async () => {
    const silentToken = await setUp(({ tokenFaults }) => void tokenFaults.push({ kind: "silence" }));
    const silentSocket = await setUp(({ upgradeFaults }) => void upgradeFaults.push({ kind: "silence" }));
    const clock = systemClock();
    const from = clock.monotonic();
    await Promise.all(
      [silentToken, silentSocket].map(async ({ source }) => {
        await eventually("the limit", () => source.status().state === "waiting", 15_000);
        expect(clock.monotonic() - from).toBeGreaterThan(9_500);
      }),
    );
    for (const { clock, socket } of [silentToken, silentSocket]) {
      await clock.advance(500);
      await socket(0);
    }
  });
});

describe("frames", () => {
  const classifier = compileRules([{ use: "defaults" }], DEFAULT_CLASSES);

  test.each([
    [
      "conversation:activity",
      { conversationId: "c", participantId: "p", state: "ringing", timestamp: "t" },
      "c",
      "critical",
    ],
    [
      "conversation:activity",
      { conversationId: "c", participantId: "p", state: "alert", timestamp: "t" },
      "c",
      "critical",
    ],
    [
      "conversation:activity",
      { conversationId: "c", participantId: "p", state: "connected", timestamp: "t" },
      "c",
      "standard",
    ],
    ["routing:agent:status", { agentId: "a", status: "IDLE", timestamp: "t" }, "a", "high"],
    ["presence:status", { userId: "u", presence: "Available", timestamp: "t" }, "u", "high"],
    ["others:alike", { x: 1 }, undefined, "standard"],
  ])("%s %j has the key %s and the class %s", async (topic, data, key, className) => {
    const { socket, context, clock } = await setUp();
    (await socket(0)).send(`{"topic":"${topic}","data": ${JSON.stringify(data)} }`);
    const [event] = await context.received(1);
    expect(event).toEqual({
      topic,
      text: JSON.stringify(data),
      encoding: "json",
      origin: "live",
      receivedAt: clock.now(),
      key,
    });
    const input = {
      topic,
      body: new TextEncoder().encode(event?.text),
      encoding: "json",
      source: "gateway",
      origin: "live",
      receivedAt: 0,
      key,
    } as const;
    expect(classifier.classify(input)).toMatchObject({ class: className, key, ruleErrors: 0 });
  });

  test("that do not parse are standard, kept raw, counted and logged, and the next event goes on", async () => {
    const deep = `${"[".repeat(2_000)}${"]".repeat(2_000)}`;
    const hostile = [
      "",
      " ",
      "null",
      "7",
      "[]",
      "{}",
      "{",
      '{"topic":1}',
      '{"topic":"t"}',
      '{"topic":"t","data":',
      "<html>",
      deep,
      '{"__proto__":{"topic":"t","data":1}}',
    ];
    const { socket, context } = await setUp();
    const wire = await socket(0);
    for (const frame of hostile) wire.send(frame);
    wire.send(Uint8Array.of(0x1f, 0x8b, 0xff));
    wire.send(activity(1));
    const events = await context.received(hostile.length + 2);
    expect(context.malformedReasons.length).toBe(hostile.length + 1);
    expect(events.slice(0, hostile.length).map(({ topic, key, text }) => ({ topic, key, text }))).toEqual(
      hostile.map((text) => ({ topic: "", key: undefined, text })),
    );
    expect(events.at(-1)).toMatchObject({ topic: "conversation:activity", key: "c1" });
    for (const { encoding } of events.slice(0, -1)) {
      const input = {
        topic: "",
        body: new Uint8Array(),
        encoding,
        source: "gateway",
        origin: "live",
        receivedAt: 0,
      } as const;
      expect(classifier.classify(input)).toMatchObject({ class: "standard", key: undefined });
    }
    expect(context.malformedSamples.length).toBe(context.malformedReasons.length);
  });

  test("that are too large end the socket, and the next one stands", async () => {
    const { socket, context, retry } = await setUp();
    (await socket(0)).send(activity(1).padEnd(4_097));
    await retry();
    (await socket(1)).send(activity(2));
    expect((await context.received(1)).length).toBe(1);
  });
});

describe("a refused socket", () => {
  test("401: gets a new token and connects with it", async () => {
    const { platform, socket } = await setUp(({ upgradeFaults }) => {
      upgradeFaults.push({ kind: "answer", status: 401, body: "canary-access-token-1" });
    });
    expect((await socket(0)).token).toBe(platform.tokens[1]);
    expect(platform.tokenRequests.length).toBe(2);
  });

  test("403: says which feed needs which scope", async () => {
    const { state, clock, socket } = await setUp(({ upgradeFaults }) => {
      upgradeFaults.push({ kind: "answer", status: 403, body: "no canary" });
    });
    const reason = await state("refused");
    expect(reason).toContain("conversation:activity needs conversation:read");
    expect(reason).toContain("routing:agent:status needs routing:agent:read");
    expect(reason).toContain("presence:status needs presence:read");
    await clock.advance(360_000);
    await socket(0);
  });

  test.each([404, 429, 500, 503, 200, 302])("%d: is tried again", async (status) => {
    const { retry, socket } = await setUp(
      ({ upgradeFaults }) => void upgradeFaults.push({ kind: "answer", status, body: "<html>" }),
    );
    await retry();
    await socket(0);
  });

  test("cut in the handshake: is tried again", async () => {
    const { retry, socket } = await setUp(({ upgradeFaults }) => void upgradeFaults.push({ kind: "reset" }));
    await retry();
    await socket(0);
  });
});

describe("a socket that ends", () => {
  test.each<[string, (socket: ForeignSocket) => void, RegExp]>([
    ["without a close frame (1006)", (socket) => socket.cut(), /cut \(1006\)/],
    ["with 1000", (socket) => socket.close(1000), /1000/],
    ["with 1001", (socket) => socket.close(1001), /1001/],
    ["with 1011", (socket) => socket.close(1011, "oops"), /1011, "oops"/],
    ["with 1012", (socket) => socket.close(1012), /1012/],
    ["with 1013", (socket) => socket.close(1013), /1013/],
    ["with 4242", (socket) => socket.close(4242), /4242/],
  ])("%s is replaced after a backoff, and the blind interval is declared", async (_, end, words) => {
    const { socket, context, retry, source, clock } = await setUp();
    const first = await socket(0);
    first.send(activity(1));
    await context.received(1);
    await clock.advance(2_000);
    end(first);
    await retry();
    const second = await socket(1);
    second.send(activity(2));
    await context.received(2);
    expect(context.gaps.at(-1)).toMatchObject({
      topics: ["*"],
      cause: expect.stringMatching(words) as string,
      to: clock.now(),
    });
    expect(source.status().connections).toMatchObject([{ state: "live", reconnects: 1 }]);
  });
});

describe("pings", () => {
  test("of the provider are answered", async () => {
    const { socket } = await setUp();
    const wire = await socket(0);
    wire.ping();
    await eventually("a pong", () => wire.pongs === 1);
  });

  test("of our own go out every 30 seconds", async () => {
    const { socket, clock, source, context } = await setUp();
    const wire = await socket(0);
    for (let count = 1; count <= 4; count += 1) {
      await eventually(`ping ${count}`, () => wire.pings === count);
      // A frame behind the pong, so that the pong has come when the frame has.
      wire.send(activity(count));
      await context.received(count);
      await clock.advance(30_000);
    }
    expect(source.status().state).toBe("live");
  });

  test("that nobody answers cut the link (half-open), and the next one stands", async () => {
    const { socket, clock, retry, context } = await setUp();
    const wire = await socket(0);
    await eventually("the first ping", () => wire.pings === 1);
    wire.send(activity(1));
    await context.received(1);
    const lastSign = clock.now();
    await clock.advance(20_000);
    wire.freeze();
    await clock.advance(20_000);
    await retry();
    await socket(1);
    expect(wire.closed).toBe(1006);
    expect(context.gaps.at(-1)?.cause).toContain("nothing came for");
    expect(context.gaps.at(-1)?.from).toBeGreaterThanOrEqual(lastSign);
  });
});

describe("the end of a token", () => {
  test("is met 60 seconds before: a second socket stands before the first goes, and each event goes on once", async () => {
    const { platform, socket, clock, context, source, pass } = await setUp((platform) => {
      platform.lifeS = 150;
    });
    const old = await socket(0);
    let n = 0;
    const tick = async (ms: number): Promise<void> => {
      platform.broadcast(activity((n += 1)));
      await context.received(n);
      await clock.advance(ms);
    };
    for (let ms = 0; ms < 89_000; ms += 1_000) {
      // The ping that time has brought must be answered in time that is not real.
      await eventually("the ping", () => old.pings === Math.floor(ms / 30_000) + 1);
      await tick(1_000);
    }
    expect(platform.tokenRequests.length).toBe(1);
    await tick(1_000);
    await eventually("the renewal", () => platform.tokenRequests.length === 2);
    await eventually("both stand", () => platform.standing().length === 2);
    for (let round = 0; round < 5; round += 1) await tick(10);
    await eventually("both are known", () => source.status().connections.length === 2);
    for (let round = 0; round < 5; round += 1) await tick(10);
    expect(platform.standing().length).toBe(2);
    await pass("the old one has gone", () => old.closed !== undefined);
    await eventually("one is left", () => source.status().connections.length === 1);
    platform.revoke(platform.tokens[0] ?? "");
    for (let round = 0; round < 5; round += 1) await tick(10);
    expect(context.events.map(({ text }) => (JSON.parse(text) as { timestamp: number }).timestamp)).toEqual(
      Array.from({ length: n }, (_, index) => index + 1),
    );
    expect(old.closed).toBe(1000);
    expect(platform.standing().map(({ token }) => token)).toEqual([platform.tokens[1]]);
    expect(context.gaps.map(({ cause }) => cause)).toEqual(["not connected yet"]);
    expect(source.status().state).toBe("live");
  });

  test("that the provider makes early (revoked) costs a reconnect with a new token", async () => {
    const { platform, socket, retry } = await setUp();
    const first = await socket(0);
    platform.revoke(first.token);
    await retry();
    expect((await socket(1)).token).toBe(platform.tokens[1]);
  });
});
