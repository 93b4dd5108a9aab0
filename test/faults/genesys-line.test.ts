/** The Genesys source against a foreign platform: what goes over the wire, and every way in which a socket or a login fails. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { genesysRig, PRESENCE, USER } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const SUBSCRIPTIONS = /\/subscriptions$/u;

describe("the way in", () => {
  test("login by Basic header, a channel, its whole list of topics, then events as they are", async () => {
    const { platform, context, live } = await genesysRig();
    const socket = await live();
    const [login] = platform.seen("POST", /^\/oauth\/token$/u);
    expect(login?.headers.authorization).toBe(`Basic ${btoa("client-1:canary-client-secret")}`);
    expect(login?.body).toBe("grant_type=client_credentials");
    const [put] = platform.seen("PUT", SUBSCRIPTIONS);
    expect(put?.query).toEqual({ ignoreErrors: "true" });
    expect(JSON.parse(put?.body ?? "")).toEqual([{ id: PRESENCE }]);
    socket.send(
      `{"topicName":"${PRESENCE}","version":"2","eventBody": {"a" : 1e2},"metadata":{"CorrelationId":"c-9"}}`,
    );
    const [event] = await context.received(1);
    expect(event).toMatchObject({
      topic: PRESENCE,
      text: '{"a" : 1e2}',
      encoding: "json",
      origin: "live",
      key: USER,
      correlationId: "c-9",
    });
    expect(event).not.toHaveProperty("id");
  });

  test("the key of a conversation is the body's id; members in another order and escaped names change nothing", async () => {
    const topic = `v2.users.${USER}.conversations`;
    const { context, live } = await genesysRig({ topics: [topic] });
    const socket = await live();
    socket.send(
      `{ "metadata": {}, "eventBody": { "participants": [], "id": "c-1" },\n "topic\\u004eame": "${topic}" }`,
    );
    expect((await context.received(1))[0]).toMatchObject({ topic, key: "c-1" });
  });

  test("heartbeats, notices and answers in the socket are no events", async () => {
    const { platform, context, live, channel, proveFlow } = await genesysRig();
    const socket = await live();
    platform.heartbeat();
    platform.system(await channel(), "v2.subscription.updated");
    platform.system(await channel(), "v2.system.something_new");
    socket.send('{"result":"200","status":"subscribed","correlationId":"x"}');
    await proveFlow("after");
    expect(context.events.length).toBe(1);
    expect(context.malformedReasons).toEqual([]);
  });

  test("a topic without permission is told with its reason, and the others flow", async () => {
    const denied = `v2.users.${USER}.station`;
    const { context, source, proveFlow } = await genesysRig({
      topics: [denied, PRESENCE],
      prepare: ({ forbidden }) => void forbidden.add(denied.toLowerCase()),
    });
    await proveFlow("1");
    expect(source.status().rejectedTopics).toEqual([
      {
        topic: denied,
        reason: expect.stringContaining("routing:queue:view") as string,
        missingPermissions: ["routing:queue:view"],
      },
    ]);
    const warned = context.logger.lines.filter(({ level, message }) => level === "warn" && message.includes(denied));
    expect(warned.length).toBe(1);
  });
});

describe("frames that do not parse", () => {
  test.each([
    ["", "text"],
    ["null", "text"],
    ["[1,2]", "text"],
    ['{"topicName":"v2', "text"],
    ["<html>no</html>", "text"],
    ['{"topicName":7}', "text"],
    [`{"eventBody":${"[".repeat(100)}${"]".repeat(100)},"topicName":"x"}`, "text"],
  ])("%j is counted, kept raw, and the next event comes", async (frame, encoding) => {
    const { context, live, proveFlow } = await genesysRig();
    (await live()).send(frame);
    await proveFlow("next");
    expect(context.events[0]).toMatchObject({ topic: "", text: frame, encoding });
    expect(context.malformedReasons.length).toBe(1);
  });

  test("bytes that are no text are kept as bytes", async () => {
    const { context, live, proveFlow } = await genesysRig();
    (await live()).send(Buffer.from([0xff, 0xfe, 0x00]));
    await proveFlow("next");
    expect(context.events[0]).toMatchObject({ topic: "", encoding: "binary" });
  });

  test("a frame above the limit closes the socket: a gap, then the same channel again", async () => {
    const { platform, context, live, proveFlow } = await genesysRig({ limits: { maxFrameBytes: 2_048 } });
    const socket = await live();
    socket.send(`{"topicName":"${PRESENCE}","eventBody":"${"x".repeat(3_000)}"}`);
    await eventually("the socket is closed", () => socket.closed !== undefined);
    await proveFlow("after");
    expect(platform.channels.length).toBe(1);
    expect(context.gaps.at(-1)?.to).toBeDefined();
    expect(platform.sockets.length).toBe(2);
  });
});

describe("a socket that ends", () => {
  test.each([1000, 1001, 1008, 1009, 1011, 1012, 1013, 4000, 4999])(
    "closed with %d: a declared gap, and events flow again",
    async (code) => {
      const { platform, context, live, proveFlow } = await genesysRig();
      const first = await live();
      const before = context.gaps.length;
      first.close(code);
      await eventually("another socket", () => platform.sockets.length === 2);
      await proveFlow("again");
      expect(context.gaps.length).toBe(before + 1);
      expect(context.gaps.at(-1)).toMatchObject({ topics: [PRESENCE], to: expect.any(Number) as number });
      // The channel is still known, so it is come back to.
      expect(platform.seen("POST", CHANNELS).length).toBe(1);
    },
  );

  test("cut without a close frame: the gap begins at the last sign of life", async () => {
    const { platform, clock, context, live, proveFlow } = await genesysRig();
    const first = await live();
    await clock.advance(5_000);
    const lastSign = clock.now();
    await proveFlow("last");
    await clock.advance(9_000);
    first.cut();
    await eventually("another socket", () => platform.sockets.length === 2);
    await proveFlow("again");
    expect(context.gaps.at(-1)).toMatchObject({ from: lastSign, to: clock.now() });
    expect(context.logger.text()).toContain("1006");
  });

  test("a stall without an end: asked after 20 s, cut after 35 s, and flowing again", async () => {
    const { platform, clock, live, proveFlow } = await genesysRig();
    const first = await live();
    const asked = first.received.length;
    first.freeze();
    await clock.advance(20_000);
    await eventually("a ping", () => first.received.length > asked);
    expect(first.received.at(-1)).toBe('{"message":"ping"}');
    await clock.advance(14_900);
    expect(first.closed).toBeUndefined();
    await clock.advance(200);
    await eventually("another socket", () => platform.sockets.length === 2);
    await proveFlow("again");
  });

  test("a channel that is gone meanwhile is replaced", async () => {
    const { platform, live, channel, retry, proveFlow } = await genesysRig();
    const first = await live();
    platform.expire(await channel());
    first.cut();
    await retry();
    await eventually("another channel", () => platform.seen("POST", CHANNELS).length === 2);
    await proveFlow("again");
  });

  test("a fight over one channel slows down instead of going round", async () => {
    const { platform, live } = await genesysRig();
    let fights = 0;
    for (; fights < 6; fights += 1) {
      const count = platform.sockets.length;
      const socket = platform.sockets.at(-1) ?? (await live());
      await eventually("standing", () => socket.closed === undefined && platform.standing().length === 1);
      await live();
      socket.close(1000);
      const came = await eventually("answered", () => platform.sockets.length > count, 300).catch(() => false);
      if (!came) break;
    }
    expect(fights).toBeLessThan(3);
  });
});

describe("an upgrade that is refused", () => {
  test.each([401, 403, 404])("%d: the channel is not tried again, a new one is made", async (status) => {
    const { platform, proveFlow } = await genesysRig({
      prepare: ({ upgradeFaults }) => void upgradeFaults.push({ kind: "answer", status }),
    });
    await proveFlow("1");
    expect(platform.seen("POST", CHANNELS).length).toBe(2);
  });

  test.each([429, 500, 503])("%d: the same channel, after a pause that obeys Retry-After", async (status) => {
    const headers = { "retry-after": "20" };
    const { platform, clock, retry, proveFlow } = await genesysRig({
      prepare: ({ upgradeFaults }) => void upgradeFaults.push({ kind: "answer", status, headers }),
    });
    await retry(19_900);
    expect(platform.sockets.length).toBe(0);
    await clock.advance(200);
    await proveFlow("1");
    expect(platform.seen("POST", CHANNELS).length).toBe(1);
  });
});

describe("REST that fails", () => {
  test.each([408, 429, 500, 502, 503, 504])("%d on creating a channel is tried again, not hammered", async (status) => {
    const { platform, retry, proveFlow } = await genesysRig({
      prepare: ({ traps }) =>
        void traps.push({
          method: "POST",
          path: CHANNELS,
          fault: { kind: "answer", status, body: "<html>" },
          times: 2,
        }),
    });
    await retry();
    await retry();
    await proveFlow("1");
    expect(platform.seen("POST", CHANNELS).length).toBe(3);
  });

  test("an answer that is lost after the list was taken: the list is sent again", async () => {
    const { platform, retry, proveFlow } = await genesysRig({
      prepare: ({ traps }) =>
        void traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault: { kind: "lost-answer" }, times: 1 }),
    });
    await retry();
    await proveFlow("1");
    expect(platform.seen("PUT", SUBSCRIPTIONS).length).toBe(2);
  });

  test("a 401 in mid-life costs one new token, and the line goes on", async () => {
    const { platform, proveFlow } = await genesysRig({
      prepare: ({ traps }) =>
        void traps.push({
          method: "POST",
          path: CHANNELS,
          fault: { kind: "answer", status: 401, body: "{}" },
          times: 1,
        }),
    });
    await proveFlow("1");
    expect(platform.tokens.length).toBe(2);
  });

  test("a wrong secret: refused, one clear line, tried again in minutes", async () => {
    const { platform, clock, context, state } = await genesysRig({ secret: "canary-wrong" });
    expect(await state("refused")).toContain("secret");
    expect(context.logger.lines.filter(({ level }) => level === "error").length).toBe(1);
    await clock.advance(180_000);
    expect(platform.seen("POST", /oauth/u).length).toBe(1);
    await clock.advance(180_000);
    await eventually("another try", () => platform.seen("POST", /oauth/u).length === 2);
  });

  test("a connectUri elsewhere is not connected to", async () => {
    const { platform, state } = await genesysRig({
      prepare: (platform) => void (platform.connectUri = (id) => `wss://streaming.evil.example/channels/${id}`),
    });
    expect(await state("refused")).toContain("connectUri");
    expect(platform.sockets.length).toBe(0);
  });
});
