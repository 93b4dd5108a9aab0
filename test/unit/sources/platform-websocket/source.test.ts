import { describe, expect, test } from "vitest";
import { connected, frame, HOUR, SECRET, seen, setUp, summary } from "./set-up.ts";

describe("connecting", () => {
  test("opens the socket with the token in its address, within ten seconds, bounded", async () => {
    const { net } = await setUp();
    expect(net.last.request).toEqual({
      url: "wss://api.test/v2/platform/websocket?access_token=canary-token-1",
      handshakeTimeoutMs: 10_000,
      maxFrameBytes: 1_000,
    });
  });

  test("is starting until it stands, then live, and was blind until then", async () => {
    const { source, net, clock, context, startedAt } = await setUp();
    expect(source.status().state).toBe("starting");
    await clock.advance(300);
    net.last.open();
    expect(source.status()).toMatchObject({
      state: "live",
      since: startedAt + 300,
      reason: undefined,
      connections: [{ name: "socket 1", state: "live", since: startedAt + 300, reconnects: 0, topicCount: 0 }],
    });
    expect(context.gaps).toEqual([
      {
        topics: ["*"],
        cause: "not connected yet",
        atStart: true,
        from: startedAt,
        to: startedAt + 300,
        // Its wire has nothing that could be asked for what was missed.
        asking: false,
        findings: [],
        withdrawn: false,
      },
    ]);
  });

  test("start a second time changes nothing", async () => {
    const { source, context, clock, net } = await setUp();
    source.start(context);
    await clock.settle();
    expect(net.sockets.length).toBe(1);
  });
});

describe("frames", () => {
  test("go on with topic, key and the bytes of data", async () => {
    const { net, context, clock } = await connected();
    net.last.frame('{"topic":"presence:status","data":{ "userId":"u" }}');
    expect(context.events).toEqual([
      {
        topic: "presence:status",
        text: '{ "userId":"u" }',
        encoding: "json",
        origin: "live",
        receivedAt: clock.now(),
        key: "u",
      },
    ]);
  });

  test("that do not parse are counted and kept raw, with a sample for the log: masked, cut, one line", async () => {
    const { net, context } = await connected();
    const hostile = `<b>+49 170 1234567\n\u001b[31m canary-token-1 ${SECRET}\u202e${"x".repeat(500)}`;
    for (let count = 0; count < 5; count += 1) net.last.frame(hostile);
    expect(context.malformedReasons.length).toBe(5);
    expect(context.events.map(({ topic, text, encoding, key }) => ({ topic, text, encoding, key }))).toEqual(
      Array.from({ length: 5 }, () => ({ topic: "", text: hostile, encoding: "text", key: undefined })),
    );
    const [sample = ""] = context.malformedSamples;
    expect(sample).toContain("<b>+## ### #######");
    expect(sample.length).toBeLessThanOrEqual(81);
    expect(sample).not.toMatch(/[\p{Cc}\u202e\d]/u);
    expect(context.logger.text() + context.malformedSamples.join("")).not.toContain("canary");
    net.last.frame(frame(1));
    expect(context.events.at(-1)?.topic).toBe("conversation:activity");
  });

  test("in binary that are no JSON are called binary", async () => {
    const { net, context } = await connected();
    net.last.bytes(new TextEncoder().encode("plain"), true);
    net.last.bytes(new TextEncoder().encode(frame(1)), true);
    expect(context.events.map(({ encoding }) => encoding)).toEqual(["binary", "json"]);
  });

  test("are not read while intake is behind", async () => {
    const { net, context, source, clock } = await connected();
    context.behind = true;
    net.last.frame(frame(1));
    net.last.frame(frame(2));
    expect(net.last.acts).toEqual(["ping", "pause"]);
    context.behind = false;
    // While nothing is read, silence is no sign of a dead link.
    await clock.advance(120_000);
    expect(net.last.acts).not.toContain("terminate");
    source.resume();
    expect(net.last.acts.at(-1)).toBe("resume");
    expect(context.events.length).toBe(2);
  });
});

describe("a dead link", () => {
  test("is pinged every 30 seconds and lives as long as anything comes", async () => {
    const { net, clock } = await connected();
    for (let round = 1; round <= 5; round += 1) {
      await clock.advance(30_000);
      expect(net.last.acts).toEqual(Array.from({ length: round + 1 }, () => "ping"));
      if (round % 2 === 0) net.last.pong();
      else net.last.frame(frame(round));
    }
    expect(net.last.ended).toBe(false);
  });

  test("is cut when neither a frame nor a pong comes within ten seconds of a ping; blind since the last sign", async () => {
    const { net, clock, context, source } = await connected();
    await clock.advance(12_000);
    net.last.frame(frame(1));
    const lastSign = clock.now();
    await clock.advance(18_000 + 9_999);
    expect(net.last.acts).not.toContain("terminate");
    await clock.advance(1);
    expect(net.last.acts).toContain("terminate");
    expect(context.gaps.at(-1)).toMatchObject({ from: lastSign, to: undefined });
    expect(summary(source.status())).toBe("waiting: nothing came for 28 s, not even a pong: the link was cut");
    await clock.advance(1_000);
    net.last.open();
    expect(context.gaps.at(-1)?.to).toBe(clock.now());
  });

  test("that never answers the first ping is cut too", async () => {
    const { net, clock } = await setUp();
    net.last.open();
    await clock.advance(10_000);
    expect(net.last.acts).toEqual(["ping", "terminate"]);
  });

  test("is judged by monotonic time: a step of the wall clock cuts nothing", async () => {
    const { net, clock } = await connected();
    clock.stepWallClock(HOUR);
    net.last.pong();
    await clock.advance(29_000);
    expect(net.last.acts).not.toContain("terminate");
  });
});

describe("a lost socket", () => {
  test.each([1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013, 4000])(
    "closed with %d is replaced after a backoff",
    async (code) => {
      const parts = await connected();
      const { net, clock, context, source } = parts;
      await clock.advance(20_000);
      net.last.pong();
      const lastSign = clock.now();
      await clock.advance(5_000);
      net.last.end({ kind: "closed", code, reason: "" });
      expect(source.status().state).toBe("waiting");
      expect(net.sockets.length).toBe(1);
      await clock.advance(500);
      expect(net.sockets.length).toBe(2);
      net.last.open();
      net.last.frame(frame(7));
      expect(source.status()).toMatchObject({ state: "live", connections: [{ reconnects: 1 }] });
      expect(seen(parts)).toEqual([7]);
      // A closing handshake proves that all before it came; a cut proves nothing since the last sign of life.
      expect(context.gaps.at(-1)?.from).toBe(code === 1006 ? lastSign : lastSign + 5_000);
      expect(context.gaps.at(-1)?.to).toBe(clock.now());
      expect(context.gaps.length).toBe(2);
    },
  );

  test("and lost again: waits grow, up to half a minute, and never a tight loop", async () => {
    const { net, clock } = await connected();
    for (let round = 0; round < 30; round += 1) {
      net.last.end({ kind: "closed", code: 1011, reason: "" });
      const before = net.sockets.length;
      await clock.advance(30_000);
      expect(net.sockets.length).toBe(before + 1);
      net.last.open();
    }
    const flaps = net.sockets.length;
    for (let ms = 0; ms < 60_000; ms += 10) {
      if (!net.last.ended) {
        net.last.open();
        net.last.end({ kind: "closed", code: 1011, reason: "" });
      }
      await clock.advance(10);
    }
    expect(net.sockets.length - flaps).toBeLessThan(20);
  });

  test("that can't be opened is tried again: DNS, refused, timeout, 404, 429, 503, an HTML page", async () => {
    const { net, clock, source } = await setUp();
    const ends = [
      { kind: "failed", reason: "dns", message: "the name is not known" },
      { kind: "failed", reason: "timeout", message: "no answer in 10 s" },
      { kind: "refused", status: 404, headers: {}, body: "" },
      { kind: "refused", status: 503, headers: {}, body: "" },
      { kind: "refused", status: 200, headers: {}, body: "<html>canary-token-1" },
    ] as const;
    for (const end of ends) {
      net.last.end(end);
      expect(source.status().state).toBe("waiting");
      expect(source.status().reason).not.toContain("canary");
      const before = net.sockets.length;
      await clock.advance(30_000);
      expect(net.sockets.length).toBe(before + 1);
    }
    net.last.end({ kind: "refused", status: 429, headers: { "retry-after": "90" }, body: "" });
    const before = net.sockets.length;
    await clock.advance(89_000);
    expect(net.sockets.length).toBe(before);
    await clock.advance(1_000);
    expect(net.sockets.length).toBe(before + 1);
  });
});

describe("a refused socket", () => {
  test("with 401 gets a new token at once", async () => {
    const { net, clock, asked, invalidated } = await setUp();
    net.last.end({ kind: "refused", status: 401, headers: {}, body: "" });
    await clock.settle();
    expect(asked).toEqual([false, true]);
    expect(invalidated).toEqual(["canary-token-1"]);
    expect(net.last.request.url).toContain("canary-token-2");
  });

  test("with 401 to every token counts as refused and is asked rarely", async () => {
    const { net, clock, source, asked } = await setUp();
    for (let ms = 0; ms < 60_000; ms += 100) {
      if (!net.last.ended) net.last.end({ kind: "refused", status: 401, headers: {}, body: "" });
      await clock.advance(100);
    }
    expect(summary(source.status())).toBe("refused: the socket was refused (401): the token is not accepted");
    expect(asked.length).toBe(3);
    await clock.advance(360_000);
    expect(asked.length).toBe(4);
  });

  test.each([
    [
      "no scope named",
      "Forbidden",
      [
        "conversation:activity needs conversation:read",
        "routing:agent:status needs routing:agent:read",
        "presence:status needs presence:read",
      ],
    ],
    [
      "one scope named",
      '{"error":"insufficient_scope","scope":"presence:read"}',
      ["(403): the OAuth client lacks a scope; presence:status needs presence:read."],
    ],
  ])("with 403 (%s) tells which feed needs which scope, and tries again in minutes", async (_, body, words) => {
    const { net, clock, source, context } = await setUp();
    net.last.end({ kind: "refused", status: 403, headers: {}, body });
    const status = source.status();
    expect(status.state).toBe("refused");
    for (const word of words) expect(status.reason).toContain(word);
    expect(status.reason).not.toContain("insufficient");
    expect(context.logger.lines.filter(({ level }) => level === "error").length).toBe(1);
    await clock.advance(239_000);
    expect(net.sockets.length).toBe(1);
    await clock.advance(122_000);
    expect(net.sockets.length).toBe(2);
    net.last.open();
    expect(source.status().state).toBe("live");
  });

  test("whose close says a secret does not pass it on", async () => {
    const { net, source, context } = await connected();
    net.last.end({
      kind: "closed",
      code: 1008,
      reason: `bad canary-token-1 for ${encodeURIComponent(SECRET)}\nfake line`,
    });
    expect(source.status().reason).toBe("the socket was closed (1008)");
    expect(context.logger.text() + JSON.stringify(context.gaps)).not.toContain("canary");
  });
});

describe("tokens", () => {
  test("refused are told, and asked for again in minutes", async () => {
    const { source, clock, answers, net } = await setUp();
    net.last.end({ kind: "refused", status: 500, headers: {}, body: "" });
    answers.push({ kind: "refused", status: 401, reason: `status 401 for ${SECRET}` });
    await clock.advance(500);
    expect(summary(source.status())).toBe("refused: status 401 for [redacted]");
    await clock.advance(360_000);
    net.last.open();
    expect(source.status().state).toBe("live");
  });

  test("that fail are asked for again with a backoff, and Retry-After wins", async () => {
    const { source, clock, answers, asked, net } = await setUp();
    net.last.end({ kind: "refused", status: 500, headers: {}, body: "" });
    answers.push({ kind: "failed", reason: "status 429", retryAfterMs: 45_000 }, { kind: "failed", reason: "reset" });
    await clock.advance(500);
    expect(asked.length).toBe(2);
    await clock.advance(44_000);
    expect(asked.length).toBe(2);
    expect(summary(source.status())).toBe("waiting: status 429");
    await clock.advance(5_000);
    expect(asked.length).toBeGreaterThanOrEqual(3);
  });
});
