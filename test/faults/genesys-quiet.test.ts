/** Heartbeats go on, and nothing else comes: lists that the platform forgot, and channels that it serves no more. */
import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type GenesysRig, genesysRig, PRESENCE } from "../support/genesys-rig.ts";

const CHANNELS = /^\/api\/v2\/notifications\/channels$/u;
const MINUTE_MS = 60_000;

/** Minutes with heartbeats, and an event in each where there shall be one. */
async function pass(
  { platform, clock, source, marks }: GenesysRig,
  minutes: number,
  hasEvents: boolean,
): Promise<void> {
  for (let n = 0; n < minutes; n += 1) {
    if (hasEvents) {
      const mark = `${clock.now()}`;
      platform.emit(PRESENCE, { mark });
      await eventually("the event", () => marks().includes(mark));
    }
    for (let half = 0; half < 2; half += 1) {
      await clock.advance(MINUTE_MS / 2);
      platform.heartbeat();
      const heard = (): boolean => source.status().connections.every(({ lastFrameAt }) => lastFrameAt === clock.now());
      await eventually("heard", heard);
      // A move under way speaks over real sockets: it is let speak before the clock goes on.
      const isMoving = (): boolean => source.status().connections.some((one) => one.state === "moving");
      for (let turn = 0; turn < 100 && isMoving(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await platform.answered();
    }
  }
}

describe("a list that the platform forgot", () => {
  test("is found by reading it back within minutes, written anew, and the time without it is a gap from when it was good", async () => {
    const rig = await genesysRig();
    const { platform, clock, context, channel, proveFlow } = rig;
    await proveFlow("before");
    await pass(rig, 7, true);
    const goodAt = clock.now();
    const mine = await channel();
    mine.topics.length = 0;
    expect(platform.emit(PRESENCE, { mark: "missed" })).toBe(0);
    const missedAt = clock.now();
    await pass(rig, 6, false);
    await eventually("written anew", () => mine.topics.length === 1);
    await proveFlow("after");
    const gap = context.gaps.at(-1);
    expect(gap?.cause).toContain("gone from the channel's list");
    expect(gap?.topics).toEqual([PRESENCE]);
    expect(gap?.from).toBeLessThanOrEqual(missedAt);
    expect(gap?.from).toBeGreaterThan(goodAt - 6 * MINUTE_MS);
    expect(gap?.to).toBeGreaterThanOrEqual(missedAt);
    // The socket and the channel are the same.
    expect(platform.seen("POST", CHANNELS).length).toBe(1);
  });
});

describe("a silence that is too long for this hour", () => {
  test("degrades the source, says why, is a gap, and is left for another channel once; with the first event all is well", async () => {
    const rig = await genesysRig();
    const { platform, clock, context, source, live, state, marks, proveFlow } = rig;
    await live();
    // The same hour on three working days; nobody is there in between.
    const hour = 3_600_000;
    const nine = Date.UTC(2023, 10, 21, 9);
    for (const day of [0, 1]) {
      await clock.advance(nine + day * 24 * hour - clock.now());
      await eventually("there", () => source.status().state === "live");
      await proveFlow(`day ${day}`);
      await clock.advance(MINUTE_MS / 4);
      await pass(rig, 65, true);
    }
    await clock.advance(nine + 48 * hour - clock.now());
    await eventually("there", () => source.status().state === "live");
    await proveFlow("day 2");
    await pass(rig, 3, true);
    const [gaps, eventAt] = [context.gaps.length, context.events.at(-1)?.receivedAt];
    const channels = platform.seen("POST", CHANNELS).length;
    expect(source.status().reason).toBeUndefined();

    await pass(rig, 9, false);
    expect(await state("degraded")).toMatch(
      /channel 1: too quiet: heartbeats only, for \d+ minutes, and at this hour something comes in \d+ % of the minutes/u,
    );
    await eventually("another channel", () => platform.seen("POST", CHANNELS).length === channels + 1);
    await clock.advance(2_000);
    await eventually("one socket", () => platform.standing().length === 1);
    // Whether something was missed nobody can know: from the last event until another channel stood.
    expect(context.gaps.length).toBe(gaps + 1);
    const gap = context.gaps.at(-1);
    expect(gap).toMatchObject({ topics: [PRESENCE], cause: expect.stringContaining("too quiet") as string });
    // From the last answer before it, as it may have been on its way for so long; the clock goes in half minutes here.
    expect(gap?.from).toBeLessThanOrEqual(eventAt ?? 0);
    expect(gap?.from).toBeGreaterThan((eventAt ?? 0) - MINUTE_MS / 2);
    expect(gap?.to).toBeGreaterThan((gap?.from ?? 0) + 5 * MINUTE_MS);
    expect(source.status().rivals?.evictions.count).toBe(0);
    await pass(rig, 10, false);
    expect(platform.seen("POST", CHANNELS).length).toBe(channels + 1);
    platform.emit(PRESENCE, { mark: "at last" });
    await eventually("an event", () => marks().includes("at last"));
    expect(source.status()).toMatchObject({ state: "live", reason: undefined });
    expect(context.logger.text()).toContain("events come again");
  });
});
