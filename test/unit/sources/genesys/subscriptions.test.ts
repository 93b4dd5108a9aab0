import { describe, expect, test } from "vitest";
import type { Channel, ChannelsApi, ReadBack } from "../../../../src/sources/genesys/channels-api.ts";
import { Subscriptions } from "../../../../src/sources/genesys/subscriptions.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import { createScriptedNet } from "../../../support/scripted-net.ts";
import { createSpyContext } from "../../../support/source-context.ts";

const TOPIC = "v2.users.u-1.presence";

/** The topics of a line whose channel stands, its list written more than ten seconds ago, and read back by hand. */
async function standing() {
  const clock = createFakeClock();
  const asked: ((answer: ReadBack) => Promise<void>)[] = [];
  const gone: string[] = [];
  const channels = {
    subscribe: () => Promise.resolve({ kind: "subscribed", rejected: [], missing: [] } as const),
    extend: () => Promise.resolve({ kind: "subscribed", rejected: [], missing: [] } as const),
    readBack: () =>
      new Promise<ReadBack>((resolve) => {
        asked.push(async (answer) => {
          resolve(answer);
          await clock.settle();
        });
      }),
  } satisfies Partial<ChannelsApi> as unknown as ChannelsApi;
  const context = createSpyContext(clock, createScriptedNet());
  const token = { value: "t", expiresAt: Infinity, renewAt: Infinity };
  const channel: Channel = { id: "c", connectUri: "wss://x/", expiresAt: undefined, lifeMs: 1, token };
  const options = { name: "channel 1", topics: [TOPIC], context, channels, combine: false };
  const subscriptions = new Subscriptions(options, (reason) => gone.push(reason));
  await subscriptions.take(channel);
  subscriptions.stand(channel);
  await clock.advance(11_000);
  return { clock, asked, gone, subscriptions, context, channel };
}

const WHOLE: ReadBack = { kind: "read", missing: [] };

test("a look that is asked for while one is under way follows it: what was asked before may know nothing of it", async () => {
  const { clock, asked, gone, subscriptions } = await standing();
  subscriptions.verify();
  subscriptions.verify();
  expect(asked).toHaveLength(1);
  await asked[0]?.(WHOLE);
  await clock.advance(10_000);
  expect(asked).toHaveLength(2);
  await asked[1]?.({ kind: "gone", reason: "401" });
  expect(gone).toHaveLength(1);
});

test("a look that fails is made again as soon as it may be, and no sooner; else within twenty seconds", async () => {
  const { clock, asked, gone, subscriptions } = await standing();
  subscriptions.verify();
  await asked[0]?.({ kind: "failed", reason: "the budget is spent", retryAfterMs: 23_000 });
  await clock.advance(22_999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked).toHaveLength(2);
  await asked[1]?.({ kind: "failed", reason: "503", retryAfterMs: 1 });
  await clock.advance(9_999);
  expect(asked).toHaveLength(2);
  await clock.advance(1);
  await asked[2]?.({ kind: "failed", reason: "no network" });
  await clock.advance(19_999);
  expect(asked).toHaveLength(3);
  await clock.advance(1);
  expect(asked).toHaveLength(4);
  await asked[3]?.(WHOLE);
  await clock.advance(50_000);
  expect(asked).toHaveLength(4);
  expect(gone).toEqual([]);
});

describe("a list that is written anew", () => {
  const STATION = "v2.users.u-1.station";

  test("is read before: what it had lost is a gap since it was last whole, and stands when it is written", async () => {
    const { clock, asked, subscriptions, context } = await standing();
    const wholeAt = subscriptions.goodAt;
    subscriptions.want([TOPIC, STATION], clock.now());
    await clock.settle();
    expect(asked).toHaveLength(1);
    expect(subscriptions.goodAt).toBe(wholeAt);
    await asked[0]?.({ kind: "read", missing: [TOPIC] });
    expect(context.gaps).toMatchObject([
      { topics: [STATION], to: clock.now() },
      { topics: [TOPIC], from: wholeAt, to: clock.now() },
    ]);
    expect(subscriptions.goodAt).toBe(clock.now());
  });

  test("is written though it can't be read, and then nobody knows whether it was whole", async () => {
    const { clock, asked, subscriptions, context } = await standing();
    const wholeAt = subscriptions.goodAt;
    subscriptions.want([TOPIC, STATION], clock.now());
    await clock.settle();
    await asked[0]?.({ kind: "failed", reason: "503" });
    expect(context.gaps[1]).toMatchObject({ topics: [TOPIC], from: wholeAt, to: clock.now() });
    expect(context.gaps[1]?.cause).toContain("nobody knows whether it was whole");
    expect(subscriptions.goodAt).toBe(clock.now());
  });

  test("to give its channel a new life waits for the look that is under way", async () => {
    const { clock, asked, subscriptions } = await standing();
    subscriptions.verify();
    const extended = subscriptions.extend();
    await asked[0]?.(WHOLE);
    await clock.settle();
    expect(asked).toHaveLength(2);
    await asked[1]?.(WHOLE);
    expect(await extended).toBe(true);
  });

  test("whose channel is gone is told as such", async () => {
    const { clock, asked, gone, subscriptions } = await standing();
    const extended = subscriptions.extend();
    await clock.settle();
    await asked[0]?.({ kind: "gone", reason: "404" });
    expect(await extended).toBe(false);
    expect(gone).toHaveLength(1);
  });

  test("on a channel that is come back to is read first too", async () => {
    const { clock, asked, subscriptions, context, channel } = await standing();
    const wholeAt = subscriptions.goodAt;
    subscriptions.stand(undefined);
    subscriptions.want([TOPIC, STATION], clock.now());
    const taken = subscriptions.take(channel);
    await asked[0]?.({ kind: "read", missing: [TOPIC] });
    expect((await taken).kind).toBe("subscribed");
    expect(context.gaps[1]).toMatchObject({ topics: [TOPIC], from: wholeAt, to: undefined });
    subscriptions.stand(channel);
    expect(context.gaps[1]?.to).toBe(clock.now());
  });
});
