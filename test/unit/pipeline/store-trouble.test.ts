import { describe, expect, test } from "vitest";
import { RingfirstError } from "../../../src/errors.ts";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import { byHand, claimed, dispatchRig } from "../../support/dispatch-rig.ts";
import type { SimpleStore } from "../../support/simple-store.ts";
import { simpleStore } from "../../support/simple-store.ts";

describe("a store in trouble", () => {
  const claims = (rig: ReturnType<typeof dispatchRig>): number =>
    rig.store.calls.filter(({ verb }) => verb === "claim").length;

  test("is asked to claim again with backoff, without spinning, and told of once", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    rig.store.fail("claim", 6);
    rig.dispatch.consume("crm", ({ id }) => void seen.push(id), rig.settings());
    await rig.admit({}, {});
    await rig.admit({});
    expect(claims(rig)).toBe(1);
    await rig.clock.advance(60_000);
    expect(seen).toEqual(["e1", "e2", "e3"]);
    expect(claims(rig)).toBeLessThan(12);
    expect(rig.lines.filter((line) => line.includes("hands nothing over"))).toEqual([
      "error crm: the store hands nothing over: disk full; tried again",
    ]);
  });

  test("loses no end of a delivery: nothing is claimed until it is settled", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    rig.store.fail("settle", 4);
    rig.dispatch.consume("crm", ({ id }) => void seen.push(id), rig.settings({ concurrency: 1, leaseMs: 100 }));
    await rig.admit({});
    await rig.admit({}, {});
    expect(seen).toEqual(["e1"]);
    await rig.clock.advance(60_000);
    expect(seen).toEqual(["e1", "e2", "e3"]);
    expect(rig.states()).toEqual(["acked", "acked", "acked"]);
    expect(rig.lines.map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "error crm: the store does not settle: disk full; kept and tried again, nothing is claimed meanwhile",
      "info crm: the store settles again",
    ]);
    expect(rig.clock.timerCount).toBe(0);
  });

  test("that is slow to settle holds back new claims at a bound", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = 6_000;
    const slow: SimpleStore = {
      ...simpleStore(),
      claim: (_sink, { max }) => {
        const given = Array.from({ length: Math.min(max, left) }, (_, n) => claimed(left - n));
        left -= given.length;
        return Promise.resolve(given);
      },
      settle: (batch) => promise.then(() => batch.map(() => "settled")),
      nextDueAt: () => undefined,
    };
    const rig = dispatchRig(slow);
    let seen = 0;
    rig.dispatch.consume("crm", () => void (seen += 1), rig.settings({ concurrency: 1_000 }));
    for (let round = 0; round < 20; round += 1) await rig.clock.settle();
    expect(seen).toBeGreaterThan(4_000);
    expect(seen).toBeLessThanOrEqual(4_096 + 1_000);
    resolve();
    for (let round = 0; round < 20; round += 1) await rig.clock.settle();
    expect(seen).toBe(6_000);
  });

  test("that can't extend leases is asked again, and told of once", async () => {
    const rig = dispatchRig();
    const { handler, started } = byHand();
    rig.store.fail("extend", 2);
    rig.dispatch.consume("crm", handler, rig.settings({ leaseMs: 3_000, timeoutMs: 1e9 }));
    await rig.admit({});
    await rig.clock.advance(30_000);
    expect(started).toEqual(["e1"]);
    expect(rig.lines).toEqual(["error crm: the store does not extend leases: disk full"]);
  });

  test("that can neither extend nor reclaim is asked again with backoff", async () => {
    const rig = dispatchRig();
    const { handler, started } = byHand();
    rig.store.fail("reclaim", 2);
    rig.dispatch.consume("crm", handler, rig.settings({ leaseMs: 100_000, timeoutMs: 1e9 }));
    await rig.admit({});
    // Somebody else's lease runs out while ours can't be extended.
    rig.store.put({ sink: "log" }, rig.clock.now());
    await rig.store.claim("log", { max: 1, leaseMs: 10 }, rig.clock.now());
    rig.store.fail("extend", 1);
    rig.dispatch.touched();
    await rig.clock.advance(20_000);
    expect(started).toEqual(["e1"]);
    expect(rig.states()).toEqual(["out", "waiting"]);
    expect(rig.lines.filter((line) => line.includes("reclaim"))).toEqual([
      "error the store does not reclaim leases: leases can't be extended; tried again",
    ]);
  });

  test("that is closed ends the claims in silence", async () => {
    const rig = dispatchRig();
    rig.store.fail("claim", 1, new RingfirstError("RF_QUEUE_CLOSED", "closed"));
    rig.dispatch.consume("crm", () => undefined, rig.settings());
    await rig.clock.advance(60_000);
    expect([claims(rig), rig.lines, rig.clock.timerCount]).toEqual([1, [], 0]);
  });

  test("that lost a lease before it settled its end is told so, once", async () => {
    const rig = dispatchRig();
    const stale: string[] = [];
    const listener = { stale: (_sink: string, { id }: ClaimedEnvelope) => void stale.push(id) };
    rig.store.fail("settle", 2);
    const seen: string[] = [];
    rig.dispatch.consume("crm", ({ id }) => void seen.push(id), rig.settings({ leaseMs: 3, listener }));
    await rig.admit({});
    await rig.store.reclaim(rig.clock.now() + 1e9);
    await rig.clock.advance(60_000);
    expect([stale, seen, rig.states()]).toEqual([["e1"], ["e1", "e1"], ["acked"]]);
  });

  test("that throws instead of rejecting, or answers too little, breaks nothing", async () => {
    const store = simpleStore();
    let calls = 0;
    const rig = dispatchRig({
      ...store,
      settle: (batch, now) => {
        calls += 1;
        if (calls === 1) throw new Error("not even a promise");
        return store.settle(batch, now).then(() => []);
      },
    });
    const stale: string[] = [];
    const listener = { stale: (_sink: string, { id }: ClaimedEnvelope) => void stale.push(id) };
    rig.dispatch.consume("crm", () => undefined, rig.settings({ listener }));
    store.put({}, rig.clock.now());
    rig.dispatch.touched();
    await rig.clock.advance(10_000);
    expect([calls, stale]).toEqual([2, ["e1"]]);
  });

  test("that answers after the stop is not listened to", async () => {
    for (const verb of ["settle", "reclaim"] as const) {
      const rig = dispatchRig();
      rig.store.put({ sink: "log" }, rig.clock.now());
      await rig.store.claim("log", { max: 1, leaseMs: 10 }, rig.clock.now());
      const { promise, reject } = Promise.withResolvers<never>();
      rig.store[verb] = () => promise;
      const consumer = rig.dispatch.consume("crm", () => undefined, rig.settings());
      await rig.admit({});
      await rig.clock.advance(20);
      const stopped = consumer.stop({ budgetMs: 0 });
      await rig.clock.advance(1_000);
      await stopped;
      reject(new Error("too late"));
      await rig.clock.advance(60_000);
      expect([rig.lines, rig.clock.timerCount]).toEqual([[], 0]);
    }
  });

  test("that ends a reclaim after the stop sets no timer", async () => {
    const rig = dispatchRig();
    rig.store.put({ sink: "log" }, rig.clock.now());
    await rig.store.claim("log", { max: 1, leaseMs: 10 }, rig.clock.now());
    const release = rig.store.hold("reclaim");
    const consumer = rig.dispatch.consume("crm", () => undefined, rig.settings());
    await rig.clock.advance(20);
    const stopped = consumer.stop();
    await rig.clock.settle();
    await stopped;
    release();
    await rig.clock.settle();
    expect(rig.clock.timerCount).toBe(0);
  });

  test("that is closed ends the reclaims in silence", async () => {
    const rig = dispatchRig();
    rig.store.put({ sink: "log" }, rig.clock.now());
    await rig.store.claim("log", { max: 1, leaseMs: 10 }, rig.clock.now());
    rig.store.fail("reclaim", 1, new RingfirstError("RF_QUEUE_CLOSED", "closed"));
    rig.dispatch.consume("crm", () => undefined, rig.settings());
    await rig.clock.advance(60_000);
    expect([rig.lines, rig.clock.timerCount]).toEqual([[], 0]);
  });
});
