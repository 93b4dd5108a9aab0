/** Others on our client and our channels: told apart, said plainly, and never fought for ever. */
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { eventually } from "../support/eventually.ts";
import { type GenesysRig, genesysRig, PRESENCE } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const HOUR_MS = 3_600_000;

/** A second socket on the same channel, of another program. */
function steal(connectUri: string): WebSocket {
  const socket = new WebSocket(connectUri);
  socket.on("error", () => {});
  onTestFinished(() => socket.terminate());
  return socket;
}

const isLive = ({ source }: GenesysRig): boolean => source.status().state === "live";
const made = ({ platform }: GenesysRig): number => platform.seen("POST", CHANNELS).length;

/** Does `harm` to the line each time it stands, for a fake hour. */
async function harmForAnHour(rig: GenesysRig, harm: () => Promise<void>): Promise<void> {
  for (let passed = 0; passed < HOUR_MS; passed += 5_000) {
    // Answers over real sockets: a few turns of the event loop for each step of the clock.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (isLive(rig)) await harm();
    await rig.clock.advance(5_000);
    rig.platform.heartbeat();
  }
}

describe("a second socket on our channel", () => {
  test("is driven off once, then the channel is left to it; the second time shows it, and is said and counted", async () => {
    const rig = await genesysRig();
    const { platform, context, source, live, channel, retry, proveFlow } = rig;
    const first = await live();
    const { connectUri } = await channel();
    steal(connectUri);
    await eventually("taken", () => first.closed !== undefined);
    await eventually("taken back", () => platform.sockets.length === 3);
    await proveFlow("back");
    expect(made(rig)).toBe(1);
    // The platform may have closed it for a reason of its own.
    expect(source.status().rivals).toMatchObject({ takeovers: { count: 0 }, evictions: { count: 0 } });
    expect(context.logger.text()).not.toContain("another");

    const thief = steal(connectUri);
    await retry();
    await eventually("left", () => made(rig) === 2);
    await proveFlow("on a channel of its own");
    await new Promise((resolve) => setImmediate(resolve));
    expect(thief.readyState).toBe(WebSocket.OPEN);
    expect(source.status().rivals?.takeovers.count).toBe(1);
    // What nobody of ours reads is not subscribed any more.
    await eventually("emptied", () => platform.channels[0]?.topics.length === 0);
    const causes = context.gaps.slice(1).map(({ cause }) => cause);
    expect(causes).toEqual([
      "the socket was closed (1000)",
      "the socket was closed (1000) again, and its channel goes on: another socket took it; it is left for a new channel",
    ]);
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
    expect(context.logger.text()).toContain(
      "another socket took the channel, twice within an hour: another program knows",
    );
    expect(context.logger.text()).not.toContain(connectUri);
  });

  test.each([1000, 1001, 4001])(
    "is not what a platform shows that closes sockets with %d now and then",
    async (code) => {
      const rig = await genesysRig();
      const { platform, clock, source, context, live, proveFlow } = rig;
      for (let hour = 1; hour <= 3; hour += 1) {
        const socket = await live();
        const sockets = platform.sockets.length;
        socket.close(code);
        await eventually("again", () => platform.sockets.length > sockets);
        await proveFlow(`after ${hour}`);
        expect(context.gaps.at(-1)?.cause).toMatch(new RegExp(`^the socket was closed \\(${code}\\)$`, "u"));
        for (let passed = 0; passed < HOUR_MS; passed += 10_000) {
          await clock.advance(10_000);
          platform.heartbeat();
          await eventually("heard", () => source.status().connections[0]?.lastFrameAt === clock.now());
        }
      }
      expect(made(rig)).toBe(1);
      expect(source.status().rivals?.takeovers.count).toBe(0);
      expect(context.logger.text()).not.toContain("another");
    },
  );

  test("that goes on on whatever we make is answered in minutes", async () => {
    const rig = await genesysRig();
    await rig.live();
    await harmForAnHour(rig, async () => {
      const last = rig.platform.standing().at(-1);
      if (last === undefined) return;
      steal(last.channel.connectUri);
      await eventually("taken", () => last.closed !== undefined);
    });
    expect(rig.source.status().rivals?.takeovers.count).toBeGreaterThan(5);
    expect(rig.platform.sockets.length).toBeLessThan(60);
    expect(made(rig)).toBeLessThan(25);
  });
});

describe("a channel that the platform drops before its end", () => {
  test.each([1000, 1006])(
    "after a socket that ended with %d: said as an eviction, with the channels in use",
    async (code) => {
      const rig = await genesysRig();
      const { platform, clock, context, source, live, channel, proveFlow, retry } = rig;
      const first = await live();
      const mine = await channel();
      for (let n = 0; n < 20; n += 1) {
        platform.channels.push({
          id: `foreign-${n}`,
          token: "other",
          topics: [],
          socket: undefined,
          connectUri: "ws://x/",
        });
      }
      platform.expire(mine);
      if (code === 1006) first.cut();
      else first.close(code);
      await eventually("seen", () => source.status().rivals?.evictions.count === 1);
      if (code === 1006) await retry();
      await proveFlow("on");
      expect(made(rig)).toBe(2);
      expect(source.status().rivals).toMatchObject({
        evictions: { lastAt: expect.any(Number) as number },
        takeovers: { count: 0 },
      });
      const [gap] = context.gaps.slice(-1);
      expect(gap?.cause).toContain("the platform dropped the channel before its end");
      expect(gap?.to).toBeLessThanOrEqual(clock.now());
      await eventually("told", () => /\d+ of 20 are in use, \d of them ours/u.test(context.logger.text()));
      expect(context.logger.text()).toContain("an OAuth client of its own");
    },
  );

  test("again and again: at most a handful of channels in an hour, each of which may push out another's", async () => {
    const rig = await genesysRig();
    await rig.live();
    await harmForAnHour(rig, async () => {
      const last = rig.platform.standing().at(-1);
      if (last === undefined) return;
      rig.platform.expire(last.channel);
      last.cut();
      await eventually("cut", () => last.closed !== undefined);
    });
    expect(rig.source.status().rivals?.evictions.count).toBeGreaterThan(5);
    expect(made(rig)).toBeLessThan(25);
    expect(rig.platform.requests.length).toBeLessThan(400);
  });

  test("is no eviction where its own end has come, or its token is void", async () => {
    const rig = await genesysRig();
    const { platform, source, live, channel, proveFlow } = rig;
    const first = await live();
    const mine = await channel();
    platform.revoke(mine.token);
    platform.expire(mine);
    first.close(1000);
    await eventually("another channel", () => made(rig) >= 2);
    await proveFlow("on");
    expect(source.status().rivals?.evictions.count).toBe(0);
  });
});

describe("another channel that takes our topics over, says the platform", () => {
  test("each time we wait longer, so that two instances do not push each other out for ever", async () => {
    const rig = await genesysRig();
    const { platform, context, source } = rig;
    await rig.live();
    await harmForAnHour(rig, async () => {
      const last = platform.standing().at(-1);
      if (last === undefined) return;
      platform.system(last.channel, `v2.system.no_longer_subscribed.${last.channel.id}`);
      await eventually("told", () => !isLive(rig));
    });
    const { count = 0 } = source.status().rivals?.displacements ?? {};
    expect(count).toBeGreaterThanOrEqual(5);
    expect(count).toBeLessThan(10);
    expect(made(rig)).toBeLessThan(12);
    expect(context.logger.text()).toContain("another channel of the same OAuth client took the topics over");
  });
});

describe("a link that is bad", () => {
  test("is come back to on its channel, and after the third cut in ten minutes on a new one", async () => {
    const rig = await genesysRig();
    const { platform, live, context, source, retry, proveFlow } = rig;
    for (let cuts = 1; cuts <= 3; cuts += 1) {
      const socket = await live();
      const sockets = platform.sockets.length;
      socket.cut();
      if (cuts > 1) await retry();
      await eventually("again", () => platform.sockets.length > sockets);
      await proveFlow(`after ${cuts}`);
    }
    expect(made(rig)).toBe(2);
    expect(context.gaps.at(-1)?.cause).toContain("3 times within ten minutes");
    expect(source.status().rivals?.takeovers.count).toBe(0);
    expect(context.gaps.every(({ topics }) => topics[0] === PRESENCE)).toBe(true);
  });
});
