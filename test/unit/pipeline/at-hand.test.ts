/** A store whose claims may wait for a disk (D6): what is urgent and at hand does not wait with them. */
import { expect, test } from "vitest";
import type { ClaimOptions } from "../../../src/ports/store.ts";
import { byHand, dispatchRig, type DispatchRig } from "../../support/dispatch-rig.ts";
import { simpleStore, type SimpleStore } from "../../support/simple-store.ts";

interface SlowDisk {
  readonly store: SimpleStore;
  readonly asked: ClaimOptions[];
  /** Lets the claims that wait for the disk be answered, now and from now on. */
  release(): void;
}

/** Claims are answered when they are released; those for what is at hand at once, with critical ones only. */
function slowDisk(): SlowDisk {
  const memory = simpleStore();
  const asked: ClaimOptions[] = [];
  const waiting = Promise.withResolvers<void>();
  const store: SimpleStore = {
    ...memory,
    claimsMayWait: true,
    async claim(sink, options, now) {
      asked.push(options);
      if (options.atHand === true) return memory.claim(sink, { ...options, classes: ["critical"] }, now);
      const claimed = await memory.claim(sink, options, now);
      await waiting.promise;
      return claimed;
    },
  };
  return { store, asked, release: waiting.resolve };
}

async function flooded(
  disk: SlowDisk,
  concurrency: number,
): Promise<{ rig: DispatchRig; hands: ReturnType<typeof byHand> }> {
  const rig = dispatchRig(disk.store);
  const hands = byHand();
  for (let n = 0; n < 10; n += 1) disk.store.put({ id: `standard ${n}` }, rig.clock.now());
  rig.dispatch.consume("crm", hands.handler, rig.settings({ concurrency }));
  await rig.clock.settle();
  return { rig, hands };
}

test("a claim that may wait leaves hands free, and an urgent event that comes meanwhile is handed over at once", async () => {
  const disk = slowDisk();
  const { rig, hands } = await flooded(disk, 4);
  expect(disk.asked.map(({ max, atHand }) => [max, atHand])).toEqual([[3, false]]);
  await rig.admit({ id: "ring", class: "critical" });
  expect(hands.started).toEqual(["ring"]);
  disk.release();
  await rig.clock.settle();
  expect(hands.started).toEqual(["ring", "standard 0", "standard 1", "standard 2"]);
});

test("with one hand only, it is next", async () => {
  const disk = slowDisk();
  const { rig, hands } = await flooded(disk, 1);
  await rig.admit({ id: "ring", class: "critical" });
  disk.release();
  await rig.clock.settle();
  hands.out.get("standard 0")?.done();
  await rig.clock.settle();
  expect(hands.started).toEqual(["standard 0", "ring"]);
});

test("hands that were asked for at hand, and not used, are used for what waits", async () => {
  const disk = slowDisk();
  const { rig, hands } = await flooded(disk, 4);
  await rig.admit({ id: "late standard" });
  expect(hands.started).toEqual([]);
  disk.release();
  await rig.clock.settle();
  expect(hands.started).toHaveLength(4);
  for (let n = 0; n < 10; n += 1) {
    for (const { done } of hands.out.values()) done();
    await rig.clock.settle();
  }
  expect(hands.started).toHaveLength(11);
});
