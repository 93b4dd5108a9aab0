/** Moments in which nothing is heard and all looks well: each is a declared gap. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GenesysRig, genesysRig, PRESENCE, USER } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const SUBSCRIPTIONS = /\/subscriptions$/u;
const STATION = `v2.users.${USER}.station`;

/** Time with a heartbeat every ten seconds. */
async function fly({ platform, clock, source }: GenesysRig, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    await clock.advance(Math.min(left, 10_000));
    platform.heartbeat();
    const heard = (): boolean => source.status().connections.some(({ lastFrameAt }) => lastFrameAt === clock.now());
    await eventually("heard", heard);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a channel that is gone while its socket goes on with heartbeats", () => {
  test("is a gap from the last event or the last good look at its list, not from when it was found out", async () => {
    const rig = await genesysRig();
    const { platform, clock, context, source, channel, proveFlow } = rig;
    await proveFlow("last");
    const lastAt = clock.now();
    // Its socket stays, and belongs to nothing.
    platform.expire(await channel());
    await fly(rig, 70_000);
    await eventually("another channel", () => platform.seen("POST", CHANNELS).length === 2);
    await fly(rig, 10_000);
    await proveFlow("on");
    const gap = context.gaps.at(-1);
    expect(gap?.cause).toContain("the channel is not known any more");
    expect(gap?.from).toBe(lastAt);
    expect(gap?.to).toBeGreaterThan(lastAt + 50_000);
    expect(source.status().rivals?.evictions.count).toBe(1);
  });

  test("the answer to our ping that says so is no sign of life", async () => {
    const { platform, clock, context, live, proveFlow } = await genesysRig();
    await proveFlow("last");
    const lastAt = clock.now();
    const first = await live();
    await clock.advance(19_000);
    first.send('{"result":"404","status":"error"}');
    await eventually("another channel", () => platform.seen("POST", CHANNELS).length === 2);
    await proveFlow("on");
    expect(context.gaps.at(-1)).toMatchObject({ from: lastAt, topics: [PRESENCE] });
  });
});

describe("a socket that died unseen before its successor stood", () => {
  test("leaves a gap from its last answer to the moment of joining, though the move looked whole", async () => {
    const { platform, clock, context, live, channel, proveFlow } = await genesysRig();
    await proveFlow("last");
    const first = await live();
    await clock.advance(5_000);
    await platform.answered();
    const provenAt = clock.now();
    await clock.advance(2_000);
    const lastAt = clock.now();
    const fault = { kind: "answer", status: 503 } as const;
    platform.traps.push({ method: "POST", path: CHANNELS, fault, times: 1 });
    platform.system(await channel(), "v2.system.socket_closing");
    await eventually("failed", () => context.logger.text().includes("503"));
    first.freeze();
    await clock.advance(4_000);
    await eventually("joined", () => context.logger.text().includes("without a gap"));
    const joinedAt = clock.now();
    const gaps = context.gaps.length;
    await clock.advance(1_000);
    expect(context.gaps.length).toBe(gaps);
    await clock.advance(1_000);
    await eventually("a gap", () => context.gaps.length === gaps + 1);
    // The notice was its last sign, but what was sent since the last answer may have been on its way.
    const gap = context.gaps.at(-1);
    expect(gap?.cause).toContain("dead or behind, unseen, when its successor stood");
    expect(gap).toMatchObject({ from: provenAt, to: joinedAt });
    expect(joinedAt).toBe(lastAt + 4_000);
    await proveFlow("on");
  });

  test("one that answers in the overlap, or ends with a close frame, leaves none", async () => {
    for (const ends of [false, true]) {
      const { clock, platform, context, live, channel, proveFlow } = await genesysRig();
      const first = await live();
      const gaps = context.gaps.length;
      platform.system(await channel(), "v2.system.socket_closing");
      await eventually("joined", () => context.logger.text().includes("without a gap"));
      await platform.answered();
      if (ends) first.close(1001);
      else await eventually("asked", () => first.received.length > 1);
      await eventually("answered", () => !ends || first.closed !== undefined);
      await proveFlow("on");
      await clock.advance(10_000);
      expect(context.gaps.length).toBe(gaps);
    }
  });
});

describe("a list that is taken without being taken", () => {
  test("a page of HTML with status 200 is no answer: it is asked again, and the line does not stand before", async () => {
    const { clock, context, source, proveFlow } = await genesysRig({
      prepare: ({ traps }) => {
        const fault = { kind: "answer", status: 200, body: "<html>maintenance</html>" } as const;
        traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault, times: 1 });
      },
    });
    await eventually("refused", () => context.logger.text().includes("something else than the channel's list"));
    expect(source.status().state).not.toBe("live");
    await clock.advance(2_000);
    await proveFlow("on");
    expect(context.gaps.at(-1)?.to).toBeDefined();
    expect(source.status().rejectedTopics).toEqual([]);
  });

  test("what the list lost is found when the line comes back to the same channel", async () => {
    const { platform, clock, context, live, channel, proveFlow } = await genesysRig({ topics: [PRESENCE, STATION] });
    await proveFlow("before");
    const goodAt = clock.now();
    const mine = await channel();
    mine.topics.splice(mine.topics.indexOf(STATION), 1);
    await clock.advance(5_000);
    (await live()).cut();
    await eventually("written anew", () => mine.topics.length === 2);
    await proveFlow("after");
    const lost = context.gaps.find(({ cause }) => cause.includes("gone from the channel's list"));
    expect(lost).toMatchObject({ topics: [STATION], from: goodAt, to: clock.now() });
    expect(platform.seen("POST", CHANNELS).length).toBe(1);
  });

  test("what the list lost is found when the channel is left", async () => {
    const { platform, clock, context, channel, proveFlow } = await genesysRig({ topics: [PRESENCE, STATION] });
    await proveFlow("before");
    const goodAt = clock.now();
    const old = await channel();
    old.topics.splice(old.topics.indexOf(STATION), 1);
    await clock.advance(5_000);
    platform.system(old, "v2.system.socket_closing");
    await eventually("joined", () => context.logger.text().includes("without a gap"));
    const joinedAt = clock.now();
    await clock.advance(2_000);
    await eventually("emptied", () => old.topics.length === 0);
    const lost = context.gaps.find(({ cause }) => cause.includes("gone from the channel's list"));
    expect(lost).toMatchObject({ topics: [STATION], from: goodAt, to: joinedAt });
  });

  test("a channel that is gone when it is left is a gap since its last event, though the move looked whole", async () => {
    const rig = await genesysRig({ topics: [PRESENCE, STATION] });
    const { platform, clock, context, channel, proveFlow } = rig;
    await fly(rig, 20_000);
    await clock.advance(5_000);
    await platform.answered();
    await proveFlow("last");
    const lastAt = clock.now();
    const old = await channel();
    const socket = old.socket;
    platform.expire(old);
    await fly(rig, 30_000);
    socket?.send(JSON.stringify({ topicName: "v2.system.socket_closing", version: "2", eventBody: {}, metadata: {} }));
    await eventually("joined", () => context.logger.text().includes("without a gap"));
    const joinedAt = clock.now();
    await clock.advance(2_000);
    await eventually("a gap", () => context.gaps.at(-1)?.cause.includes("nobody knows since when") === true);
    expect(context.gaps.at(-1)).toMatchObject({ topics: [PRESENCE, STATION], from: lastAt, to: joinedAt });
  });

  test("a channel that is gone at a stop is a gap since its last event", async () => {
    const { platform, clock, context, source, channel, proveFlow } = await genesysRig();
    await proveFlow("last");
    const old = await channel();
    platform.expire(old);
    await clock.advance(4_000);
    const gaps = context.gaps.length;
    const stoppedAt = clock.now();
    const closing = source.close();
    await clock.advance(1_000);
    await closing;
    expect(context.gaps.length).toBe(gaps + 1);
    expect(context.gaps.at(-1)).toMatchObject({ topics: [PRESENCE], from: stoppedAt - 4_000, to: stoppedAt });
  });

  test("what the list lost is found at a stop, and the next start doubts nothing", async () => {
    const { clock, context, source, channel, proveFlow } = await genesysRig({ topics: [PRESENCE, STATION] });
    await proveFlow("before");
    const goodAt = clock.now();
    const mine = await channel();
    mine.topics.splice(mine.topics.indexOf(STATION), 1);
    await clock.advance(4_000);
    expect(source.status().connections[0]?.wholeUntil).toBe(goodAt);
    const stoppedAt = clock.now();
    await source.close();
    expect(context.gaps.at(-1)).toMatchObject({ topics: [STATION], from: goodAt, to: stoppedAt });
    expect(source.status().connections[0]?.wholeUntil).toBe(stoppedAt);
    expect(mine.topics).toEqual([]);
  });

  test("a notice that is read late has the gap begin before all that was not read with it", async () => {
    const rig = await genesysRig();
    const { platform, clock, context, source, channel, proveFlow } = rig;
    await proveFlow("last");
    const lastAt = clock.now();
    source.pause();
    const mine = await channel();
    platform.system(mine, `v2.system.no_longer_subscribed.${mine.id}`);
    platform.emit(PRESENCE, { mark: "never read" });
    // Its list is read back meanwhile, and is whole.
    for (let n = 0; n < 8; n += 1) {
      await clock.advance(10_000);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    source.resume();
    await eventually("a gap", () => context.gaps.at(-1)?.cause.includes("another channel took") === true);
    expect(context.gaps.at(-1)?.from).toBeLessThanOrEqual(lastAt);
  });

  test("what the list had lost before another channel took the topics over lies in the gap", async () => {
    const { platform, clock, context, channel, proveFlow } = await genesysRig({ topics: [PRESENCE, STATION] });
    await proveFlow("before");
    const goodAt = clock.now();
    const mine = await channel();
    mine.topics.splice(mine.topics.indexOf(STATION), 1);
    await clock.advance(8_000);
    await proveFlow("the rest goes on");
    platform.system(mine, `v2.system.no_longer_subscribed.${mine.id}`);
    await eventually("a gap", () => context.gaps.at(-1)?.cause.includes("another channel took") === true);
    expect(context.gaps.at(-1)).toMatchObject({ topics: [PRESENCE, STATION], from: goodAt });
  });

  test("a list that can't be read at a stop is doubted by the next start, from when it was last whole", async () => {
    const { platform, clock, context, source, channel, proveFlow } = await genesysRig();
    await proveFlow("before");
    const goodAt = clock.now();
    const [gaps, mine] = [context.gaps.length, await channel()];
    await clock.advance(4_000);
    platform.traps.push({ method: "GET", path: SUBSCRIPTIONS, fault: { kind: "answer", status: 503 }, times: 9 });
    await source.close();
    expect(source.status().connections[0]?.wholeUntil).toBe(goodAt);
    expect(context.gaps.length).toBe(gaps);
    expect(mine.topics).toEqual([]);
  });

  test("a notice that the list changed is looked into later, where the list was just written", async () => {
    const rig = await genesysRig({ topics: [PRESENCE, STATION] });
    const { platform, clock, context, channel, proveFlow } = rig;
    await proveFlow("before");
    const mine = await channel();
    await clock.advance(3_000);
    mine.topics.splice(0, 1);
    platform.system(mine, "v2.subscription.updated");
    await proveFlowOf(rig, STATION);
    await clock.advance(8_000);
    await eventually("mended", () => mine.topics.length === 2);
    expect(context.gaps.at(-1)?.topics).toEqual([PRESENCE]);
  });
});

/** One event on this topic arrives. */
async function proveFlowOf({ platform, context }: GenesysRig, topic: string): Promise<void> {
  const before = context.events.length;
  platform.emit(topic, { mark: "other" });
  await eventually("an event", () => context.events.length > before);
}

describe("a channel that is left", () => {
  test("is emptied though its socket ended before its successor stood", async () => {
    const { platform, context, live, channel, proveFlow } = await genesysRig();
    const first = await live();
    const old = await channel();
    platform.system(old, "v2.system.socket_closing");
    first.close(1001);
    await eventually("the next", () => platform.standing().length === 1 && platform.sockets.length === 2);
    await proveFlow("on");
    await eventually("emptied", () => old.topics.length === 0);
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
  });

  test("one that was made and never connected to is not taken for the one that the line came back to", async () => {
    const { platform, live, channel, retry, proveFlow } = await genesysRig();
    const first = await live();
    const old = await channel();
    // The successor's channel is made; its socket is refused for a while, and meanwhile the first one is shut.
    for (let n = 0; n < 2; n += 1) platform.upgradeFaults.push({ kind: "answer", status: 503 });
    platform.system(old, "v2.system.socket_closing");
    await eventually("the successor is refused", () => platform.upgradeFaults.length === 1);
    first.close(1001);
    await retry();
    if (platform.upgradeFaults.length > 0) await eventually("refused again", () => platform.upgradeFaults.length === 0);
    await retry();
    await proveFlow("back");
    const [standing] = platform.standing();
    expect(standing?.channel.topics).toEqual([PRESENCE]);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await proveFlow("and on");
    expect(standing?.channel.topics).toEqual([PRESENCE]);
  });

  test("an upgrade that is refused for some seconds is come back to within seconds, and is no eviction", async () => {
    const { platform, live, retry, source, proveFlow } = await genesysRig();
    await live();
    for (let n = 0; n < 5; n += 1) platform.upgradeFaults.push({ kind: "answer", status: 404 });
    const { sockets } = platform;
    sockets.at(-1)?.cut();
    for (let n = 0; n < 6 && platform.upgradeFaults.length > 0; n += 1) await retry(20_000);
    await retry(20_000).catch(() => undefined);
    await proveFlow("on");
    // The one that stood may be taken for one; those that never stood are not.
    expect(source.status().rivals?.evictions.count).toBeLessThanOrEqual(1);
  });
});
