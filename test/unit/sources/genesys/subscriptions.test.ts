import { expect, test } from "vitest";
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
  return { clock, asked, gone, subscriptions };
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

test("a look that fails is made again as soon as it may be, and no sooner; else within a minute", async () => {
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
  await clock.advance(59_999);
  expect(asked).toHaveLength(3);
  await clock.advance(1);
  expect(asked).toHaveLength(4);
  await asked[3]?.(WHOLE);
  await clock.advance(200_000);
  expect(asked).toHaveLength(4);
  expect(gone).toEqual([]);
});
