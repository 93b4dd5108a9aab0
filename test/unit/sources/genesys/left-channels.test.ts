import { describe, expect, test } from "vitest";
import type { Channel, ChannelsApi, ReadBack } from "../../../../src/sources/genesys/channels-api.ts";
import { LeftChannels } from "../../../../src/sources/genesys/left-channels.ts";
import { Subscriptions } from "../../../../src/sources/genesys/subscriptions.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import { createScriptedNet } from "../../../support/scripted-net.ts";
import { createSpyContext } from "../../../support/source-context.ts";

const TOPIC = "v2.users.u-1.presence";
const token = { value: "t", expiresAt: Infinity, renewAt: Infinity };
const WHOLE: ReadBack = { kind: "read", missing: [] };
const FAILED = { kind: "failed", reason: "503" } as const;

/** Channels whose lists were written, and whose looks are answered in this order; the last answer stays. */
async function rig(answers: ReadBack[]) {
  const clock = createFakeClock();
  const emptied: string[] = [];
  const released = new Set<string>();
  let looks = 0;
  const channels = {
    subscribe: () => Promise.resolve({ kind: "subscribed", rejected: [], missing: [] } as const),
    readBack: () => Promise.resolve(answers[Math.min(looks++, answers.length - 1)] ?? WHOLE),
    release: ({ id }) => void released.add(id),
    leave: async ({ id }) => void emptied.push(id),
  } satisfies Partial<ChannelsApi> as unknown as ChannelsApi;
  const context = createSpyContext(clock, createScriptedNet());
  const options = { name: "channel 1", topics: [TOPIC], context, channels, combine: false };
  const subscriptions = new Subscriptions(options, () => undefined);
  const written = async (id: string): Promise<Channel> => {
    const channel: Channel = { id, connectUri: "wss://x/", expiresAt: undefined, lifeMs: 1, token };
    await subscriptions.take(channel);
    return channel;
  };
  const left = new LeftChannels({ context, channels, subscriptions });
  const start = clock.now();
  await clock.advance(30_000);
  const last = { goodAt: start, heardAt: start + 5_000, joinedAt: start + 30_000, blindFrom: start + 30_000 };
  return { clock, start, left, last, written, emptied, released, gaps: context.gaps, looks: () => looks };
}

describe("a list that was left", () => {
  test("and can't be read is tried again, then emptied; until it is read it may have been lost since it was whole", async () => {
    const { clock, start, left, last, written, emptied, released, gaps, looks } = await rig([FAILED, FAILED, WHOLE]);
    left.leave(await written("a"), last);
    expect(released.size).toBe(0);
    await clock.settle();
    // Others may have its place meanwhile.
    expect([...released]).toEqual(["a"]);
    await clock.advance(1_000);
    expect(looks()).toBe(2);
    expect([left.wholeUntil, emptied]).toEqual([start, []]);
    await clock.advance(5_000);
    expect([left.wholeUntil, emptied, gaps]).toEqual([undefined, ["a"], []]);
  });

  test("and can't be read at all is a gap from when it was whole", async () => {
    const { clock, start, left, last, written, emptied, gaps, looks } = await rig([FAILED]);
    left.leave(await written("a"), last);
    for (let n = 0; n < 6; n += 1) await clock.advance(5_000);
    expect(looks()).toBe(4);
    expect(gaps).toMatchObject([{ topics: [TOPIC], from: start, to: start + 30_000 }]);
    expect(gaps[0]?.cause).toContain("could not be read");
    expect([left.wholeUntil, emptied]).toEqual([undefined, ["a"]]);
  });

  test("and may not be read is not asked for again", async () => {
    const { clock, left, last, written, emptied, gaps, looks } = await rig([{ kind: "refused", reason: "403" }]);
    left.leave(await written("a"), last);
    await clock.settle();
    expect([looks(), gaps.length, emptied]).toEqual([1, 1, ["a"]]);
  });

  test("and can't be read for minutes, as the platform says, is not waited for", async () => {
    const { clock, left, last, written, emptied, gaps, looks } = await rig([{ ...FAILED, retryAfterMs: 600_000 }]);
    left.leave(await written("a"), last);
    await clock.settle();
    expect([looks(), gaps.length, emptied]).toEqual([1, 1, ["a"]]);
  });

  test("and can't be read at a stop holds up nothing, is emptied, and is what the next start doubts", async () => {
    const { clock, start, left, last, written, emptied, gaps } = await rig([FAILED]);
    left.leave(await written("a"), last);
    await clock.settle();
    left.leave(await written("b"), { ...last, goodAt: start + 10_000 });
    await left.settled();
    expect(emptied.toSorted()).toEqual(["a", "b"]);
    expect([left.wholeUntil, gaps]).toEqual([start, []]);
  });

  test("while its socket still delivers beside its successor's is doubted too, and left once it has none", async () => {
    const { clock, start, left, last, written, emptied } = await rig([WHOLE]);
    const [a, b] = [await written("a"), await written("b")];
    left.expect([a], last);
    expect([left.wholeUntil, emptied]).toEqual([start, []]);
    left.expect([b], { ...last, goodAt: start + 20_000 });
    await clock.settle();
    expect([left.wholeUntil, emptied]).toEqual([start + 20_000, ["a"]]);
    // What was known when its successor stood counts, and it is left once.
    left.leave(b, last);
    left.leave(b, last);
    await left.settled();
    expect([left.wholeUntil, emptied]).toEqual([undefined, ["a", "b"]]);
  });
});
