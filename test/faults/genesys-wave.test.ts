/** Maintenance: all sockets are told to end in the same second, and there are fewer free channels than lines that want one. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GenesysRig, genesysRig } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;

async function lines(count: number): Promise<GenesysRig> {
  const topics = Array.from({ length: count }, (_, n) => `v2.users.user-${n}.presence`);
  const rig = await genesysRig({ topics, limits: { topicsPerChannel: 1 } });
  await eventually("the first line", () => rig.platform.standing().length === 1);
  await rig.clock.advance(10_000);
  await rig.live(count);
  return rig;
}

const made = ({ platform }: GenesysRig): number => platform.seen("POST", CHANNELS).length;
const tellAll = ({ platform }: GenesysRig): void => {
  for (const { channel } of platform.standing()) platform.system(channel, "v2.system.socket_closing");
};

/** Steps of a quarter of a second, with turns for answers over real sockets. */
async function fly({ platform, clock }: GenesysRig, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await clock.advance(250);
    if (passed % 5_000 === 0) platform.heartbeat();
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a wave of closing notices", () => {
  test.each([8, 12, 15, 19])(
    "%d lines: each moves to a channel of its own as soon as one is free, within the grace, without a gap",
    async (count) => {
      const rig = await lines(count);
      const { platform, context, source } = rig;
      const gaps = context.gaps.length;
      const old = platform.standing();
      const before = platform.requests.length;
      tellAll(rig);
      await fly(rig, 45_000);
      expect(made(rig)).toBe(2 * count);
      expect(old.every(({ closed }) => closed !== undefined)).toBe(true);
      expect(platform.standing().length).toBe(count);
      expect(source.status()).toMatchObject({ state: "live", rivals: { evictions: { count: 0 } } });
      expect(context.gaps.length).toBe(gaps);
      // Of the 300 that a minute has.
      expect(platform.requests.length - before).toBeLessThan(9 * count + 10);
    },
  );

  test("20 lines: there is none to move to, so each comes back on its own channel at once, with a gap", async () => {
    const rig = await lines(20);
    const { platform, context } = rig;
    const gaps = context.gaps.length;
    tellAll(rig);
    await fly(rig, 2_000);
    await rig.live(20);
    expect(made(rig)).toBe(20);
    expect(context.gaps.slice(gaps).map(({ cause, to }) => [cause, to !== undefined])).toEqual(
      Array.from({ length: 20 }, () => ["no channel is free, so the socket is replaced on the same channel", true]),
    );
    expect(platform.sockets.length).toBe(40);
  });

  test("sockets that end while their lines wait: they wait no longer, and come back on their own channels", async () => {
    const rig = await lines(19);
    const { platform, context } = rig;
    const gaps = context.gaps.length;
    const old = platform.standing();
    tellAll(rig);
    await fly(rig, 4_000);
    for (const socket of old) if (socket.closed === undefined) socket.close(1001);
    await fly(rig, 5_000);
    await rig.live(19);
    expect(context.gaps.length).toBeGreaterThan(gaps + 10);
    expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
    expect(rig.source.status().rivals?.evictions.count).toBe(0);
  });
});
