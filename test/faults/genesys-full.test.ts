/** All 20 channels of the client are in use, and something of ours comes to its end: nothing is pushed out, and no gap is made for nothing. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GenesysRig, genesysRig } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const SUBSCRIPTIONS = /\/subscriptions$/u;

/** Lets time go by with a heartbeat every ten seconds, and lets what is under way over real sockets speak. */
async function fly({ platform, clock }: GenesysRig, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    await clock.advance(Math.min(left, 10_000));
    platform.heartbeat();
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Others have the other 19 channels. */
function fillUp({ channels }: GenesysRig["platform"]): void {
  for (let n = 0; n < 19; n += 1) {
    channels.push({ id: `foreign-${n}`, token: "other", topics: [], socket: undefined, connectUri: "ws://x/" });
  }
}

const made = ({ platform }: GenesysRig): number => platform.seen("POST", CHANNELS).length;
const written = ({ platform }: GenesysRig): number => platform.seen("PUT", SUBSCRIPTIONS).length;

test("a notice that the socket ends: the same channel again, and the moment between is a declared gap", async () => {
  const rig = await genesysRig();
  const { platform, context, live, channel, proveFlow } = rig;
  const first = await live();
  fillUp(platform);
  const gaps = context.gaps.length;
  platform.system(await channel(), "v2.system.socket_closing");
  await eventually("the second socket", () => platform.sockets.length === 2);
  await proveFlow("on");
  await eventually("the first is replaced", () => first.closed !== undefined);
  await eventually("the gap ends", () => context.gaps.length > gaps && context.gaps.at(-1)?.to !== undefined);
  expect(made(rig)).toBe(1);
  expect(context.gaps.length).toBe(gaps + 1);
  expect(context.gaps.at(-1)).toMatchObject({ cause: expect.stringContaining("no channel is free") as string });
});

describe("a channel that ends soon", () => {
  /** Ends a thousand seconds after each writing; tokens live on. */
  async function shortLived(): Promise<GenesysRig> {
    let now = (): number => 1_700_000_000_000;
    const rig = await genesysRig({
      prepare: (platform) => {
        platform.tokenLifeS = 172_800;
        platform.expires = () => new Date(now() + 1_000_000).toISOString();
      },
    });
    now = () => rig.clock.now();
    await rig.live();
    fillUp(rig.platform);
    return rig;
  }

  test("is given a new life by subscribing again: the same socket, no gap, again and again", async () => {
    const rig = await shortLived();
    const { platform, context, source, channel, proveFlow } = rig;
    const { id } = await channel();
    const gaps = context.gaps.length;
    const before = written(rig);
    await fly(rig, 3_000_000);
    await proveFlow("on");
    expect(platform.sockets.length).toBe(1);
    expect((await channel()).id).toBe(id);
    expect(written(rig) - before).toBeGreaterThanOrEqual(3);
    expect(written(rig) - before).toBeLessThanOrEqual(4);
    expect(context.gaps.length).toBe(gaps);
    expect(source.status().rivals?.evictions.count).toBe(0);
    expect(context.logger.text()).toContain("subscribed anew, which extends it");
  });

  test("and whose list can't be written for a moment is tried again before its end, on the same socket", async () => {
    const rig = await shortLived();
    const { platform, context, proveFlow } = rig;
    platform.traps.push({ method: "PUT", path: SUBSCRIPTIONS, fault: { kind: "answer", status: 503 }, times: 1 });
    const gaps = context.gaps.length;
    const before = written(rig);
    await fly(rig, 920_000);
    expect(written(rig) - before).toBe(1);
    expect(context.logger.text()).toContain("could not be subscribed anew yet");
    await fly(rig, 75_000);
    expect(written(rig) - before).toBe(2);
    await fly(rig, 500_000);
    await proveFlow("on");
    expect(platform.sockets.length).toBe(1);
    expect(written(rig) - before).toBe(2);
    expect(context.gaps.length).toBe(gaps);
  });

  test("and turns out to be gone is replaced, with a gap and as an eviction", async () => {
    const rig = await shortLived();
    const { platform, context, source, live, channel, proveFlow } = rig;
    const first = await live();
    const mine = await channel();
    // Its socket stands, and nobody has looked since.
    platform.expire(mine);
    platform.channels.push({ id: "foreign-x", token: "other", topics: [], socket: undefined, connectUri: "ws://x/" });
    platform.traps.push({ method: "GET", path: SUBSCRIPTIONS, fault: { kind: "answer", status: 503 }, times: 99 });
    const gaps = context.gaps.length;
    await fly(rig, 940_000);
    await eventually("another channel", () => made(rig) === 2 && first.closed !== undefined);
    await proveFlow("on");
    expect((await channel()).id).not.toBe(mine.id);
    expect(context.gaps.slice(gaps)).toMatchObject([
      { cause: expect.stringContaining("takes no topics any more") as string },
    ]);
    expect(source.status().rivals?.evictions.count).toBe(1);
  });
});

describe("a token that ends soon", () => {
  /** The first token lives a thousand seconds, later ones a day. */
  async function shortToken(): Promise<GenesysRig> {
    const rig = await genesysRig({ prepare: (platform) => void (platform.tokenLifeS = 1_000) });
    await rig.live();
    fillUp(rig.platform);
    rig.platform.tokenLifeS = 86_400;
    return rig;
  }

  test("costs nothing before its end; said once; with its channel gone, a new one, and one gap", async () => {
    const rig = await shortToken();
    const { platform, context, source, live, channel, proveFlow } = rig;
    const first = await live();
    const mine = await channel();
    const gaps = context.gaps.length;
    await fly(rig, 990_000);
    await proveFlow("to the end");
    expect(platform.sockets.length).toBe(1);
    expect(context.gaps.length).toBe(gaps);
    expect(context.logger.text().split("no channel is free for the next one").length).toBe(2);

    platform.revoke(mine.token);
    platform.expire(mine);
    first.close(1000);
    await eventually("another channel", () => made(rig) === 2);
    await proveFlow("on");
    expect(platform.tokens.length).toBe(2);
    expect(context.gaps.length).toBe(gaps + 1);
    expect(context.gaps.at(-1)?.to).toBeDefined();
    expect(source.status().rivals?.evictions.count).toBe(0);
  });

  test("is left for the next one as soon as a channel is free, without a gap", async () => {
    const rig = await shortToken();
    const { platform, context, live, proveFlow } = rig;
    const first = await live();
    const gaps = context.gaps.length;
    await fly(rig, 920_000);
    expect(made(rig)).toBe(1);
    const [foreign] = platform.channels.slice(-1);
    if (foreign !== undefined) platform.expire(foreign);
    await fly(rig, 75_000);
    await eventually("moved", () => made(rig) === 2 && first.closed !== undefined);
    await proveFlow("on");
    expect(context.logger.text()).toContain("its token ends soon; moving to a new channel first");
    expect(context.logger.text()).toContain("without a gap");
    expect(context.gaps.length).toBe(gaps);
  });
});
