import { describe, expect, test } from "vitest";
import type { Channel, ChannelsApi, ReadBack, SubscribeAnswer } from "../../../../src/sources/genesys/channels-api.ts";
import { Subscriptions } from "../../../../src/sources/genesys/subscriptions.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import { createScriptedNet } from "../../../support/scripted-net.ts";
import { createSpyContext } from "../../../support/source-context.ts";

const TOPIC = "v2.users.u-1.presence";

const token = { value: "t", expiresAt: Infinity, renewAt: Infinity };
const CHANNEL: Channel = { id: "c", connectUri: "wss://x/", expiresAt: undefined, lifeMs: 1, token };

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
  const channel = CHANNEL;
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

describe("what is known of the list", () => {
  const STATION = "v2.users.u-1.station";
  const OTHER = "v2.users.u-2.presence";
  const FAILED: ReadBack = { kind: "failed", reason: "503" };
  const MINUTE_MS = 60_000;

  /** A platform whose answers are at hand, and whose lists lose what the test says. */
  async function platform() {
    const clock = createFakeClock();
    const log: string[] = [];
    const told: Platform = {
      read: async () => undefined,
      put: async () => ({ kind: "subscribed", rejected: [], missing: [] }),
      lost: new Set(),
    };
    const put = async ({ id }: Channel): Promise<SubscribeAnswer> => {
      log.push(`put ${id}`);
      const answer = await told.put();
      if (answer.kind === "subscribed") told.lost.clear();
      return answer;
    };
    const channels = {
      subscribe: put,
      extend: put,
      readBack: async ({ id }: Channel, topics: readonly string[]): Promise<ReadBack> => {
        log.push(`get ${id}`);
        return (await told.read()) ?? { kind: "read", missing: topics.filter((topic) => told.lost.has(topic)) };
      },
    } satisfies Partial<ChannelsApi> as unknown as ChannelsApi;
    const context = createSpyContext(clock, createScriptedNet());
    const options = { name: "channel 1", topics: [TOPIC, STATION], context, channels, combine: false };
    const subscriptions = new Subscriptions(options, () => undefined);
    const channel = (id: string): Channel => ({ ...CHANNEL, id });
    const stand = async (one: Channel): Promise<void> => {
      await subscriptions.take(one);
      subscriptions.stand(one);
    };
    const a = channel("a");
    await stand(a);
    await clock.advance(11_000);
    const pass = async (minutes: number): Promise<void> => {
      for (let n = 0; n < minutes; n += 1) await clock.advance(MINUTE_MS);
    };
    const age = (): number => clock.now() - subscriptions.goodAt;
    return { clock, log, told, context, subscriptions, a, b: channel("b"), stand, pass, age };
  }

  /** An answer by hand. */
  function byHand(told: Platform): (answer?: ReadBack) => void {
    let end: (answer?: ReadBack) => void = () => undefined;
    told.read = () => new Promise((resolve) => (end = resolve));
    return (answer) => end(answer);
  }

  test("one loss is one gap, however often it can't be mended", async () => {
    const { told, context, pass, age } = await platform();
    told.lost.add(STATION);
    told.put = async () => ({ kind: "failed", reason: "503" });
    await pass(180);
    expect(context.gaps).toMatchObject([{ topics: [STATION], to: undefined }]);
    // The rest is whole.
    expect(age()).toBeLessThan(3 * MINUTE_MS);
    told.put = async () => ({ kind: "subscribed", rejected: [], missing: [] });
    await pass(5);
    expect(context.gaps).toMatchObject([{ topics: [STATION], to: expect.any(Number) as number }]);
  });

  test("coming back to a channel again and again tells its loss once", async () => {
    const { clock, told, context, subscriptions, a } = await platform();
    subscriptions.stand(undefined);
    told.lost.add(STATION);
    told.put = async () => ({ kind: "failed", reason: "503" });
    for (let n = 0; n < 10; n += 1) {
      await subscriptions.take(a);
      await clock.advance(1_000);
    }
    expect(context.gaps).toHaveLength(1);
  });

  test("goes on though topics are rejected and tried again at any moment", async () => {
    const { clock, told, pass, age } = await platform();
    told.put = async () => ({
      kind: "subscribed",
      rejected: [{ topic: STATION, reason: "no", missingPermissions: [] }],
      missing: [],
    });
    told.lost.add(STATION);
    told.read = () => new Promise((resolve) => void clock.setTimer(20_000, () => resolve(undefined)));
    for (let n = 0; n < 300; n += 1) {
      await pass(1);
      expect(age()).toBeLessThan(4 * MINUTE_MS);
    }
  });

  test.each<[string, () => SubscribeAnswer]>([
    ["a topic is never listed", () => ({ kind: "subscribed", rejected: [], missing: [OTHER] })],
    ["the list is refused", () => ({ kind: "refused", reason: "400" })],
    ["the list can't be written", () => ({ kind: "failed", reason: "503" })],
  ])("is no older where %s, and the losses of others are found", async (_, answer) => {
    const { clock, told, context, subscriptions, pass, age } = await platform();
    told.put = async () => answer();
    subscriptions.want([TOPIC, STATION, OTHER], clock.now());
    await pass(180);
    expect(age()).toBeLessThan(3 * MINUTE_MS);
    const before = clock.now();
    told.lost.add(TOPIC);
    await pass(3);
    const lost = context.gaps.find(({ topics }) => topics.includes(TOPIC));
    expect(before - (lost?.from ?? 0)).toBeLessThan(3 * MINUTE_MS);
  });

  test("does not become younger by an extension of which nothing worked", async () => {
    const { told, subscriptions } = await platform();
    const { goodAt } = subscriptions;
    told.read = async () => FAILED;
    told.put = async () => ({ kind: "failed", reason: "503" });
    expect(await subscriptions.extend()).toBe(false);
    expect(subscriptions.goodAt).toBe(goodAt);
  });

  test("does not become younger by a look at the channel before", async () => {
    const { clock, told, subscriptions, b, stand } = await platform();
    const answer = byHand(told);
    subscriptions.verify();
    await stand(b);
    const { goodAt } = subscriptions;
    await clock.advance(9_000);
    answer();
    await clock.settle();
    expect(subscriptions.goodAt).toBe(goodAt);
  });

  test("a channel that was left while its list was read is neither believed nor written", async () => {
    const { clock, log, told, context, subscriptions, b, stand } = await platform();
    const answer = byHand(told);
    subscriptions.want([TOPIC, STATION, OTHER], clock.now());
    await clock.settle();
    await stand(b);
    const gaps = context.gaps.length;
    answer({ kind: "read", missing: [TOPIC, STATION] });
    await clock.settle();
    expect(log.filter((one) => one === "put a")).toHaveLength(1);
    expect(context.gaps.length).toBe(gaps);
  });

  test("nothing is written after the close", async () => {
    const { clock, log, told, subscriptions } = await platform();
    const answer = byHand(told);
    subscriptions.want([TOPIC, STATION, OTHER], clock.now());
    await clock.settle();
    subscriptions.close();
    answer();
    await clock.settle();
    expect(log).toEqual(["put a", "get a"]);
  });
});

/** What a test has the platform answer; `read`: undefined, what is so. */
interface Platform {
  read: () => Promise<ReadBack | undefined>;
  put: () => Promise<SubscribeAnswer>;
  readonly lost: Set<string>;
}
