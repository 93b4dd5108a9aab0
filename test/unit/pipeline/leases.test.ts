import { describe, expect, test } from "vitest";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import { byHand, dispatchRig } from "../../support/dispatch-rig.ts";
import { simpleStore } from "../../support/simple-store.ts";

describe("time limits and leases", () => {
  test("a delivery that takes too long is aborted and has failed; its late answer is ignored", async () => {
    const rig = dispatchRig();
    const { handler, out } = byHand();
    const consumer = rig.dispatch.consume(
      "crm",
      handler,
      rig.settings({ timeoutMs: 5_000, backoff: { initialMs: 1e6, maxMs: 1e6 } }),
    );
    await rig.admit({});
    const { context, done } = out.get("e1") ?? {};
    const signal = context?.signal;
    await rig.clock.advance(4_999);
    expect(signal?.aborted).toBe(false);
    await rig.clock.advance(1);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ name: "TimeoutError", message: "time limit of 5000 ms" });
    expect([rig.states(), consumer.busy]).toEqual([["waiting"], 0]);
    expect(rig.store.entries[0]?.causes).toEqual(["time limit of 5000 ms"]);
    done?.();
    await rig.clock.settle();
    expect(rig.states()).toEqual(["waiting"]);
  });

  test("a signal that is asked for after the limit is aborted already", async () => {
    const rig = dispatchRig();
    const { handler, out } = byHand();
    rig.dispatch.consume("crm", handler, rig.settings({ timeoutMs: 10, backoff: { initialMs: 1e6, maxMs: 1e6 } }));
    await rig.admit({});
    await rig.clock.advance(10);
    expect(out.get("e1")?.context.signal.aborted).toBe(true);
  });

  test("each delivery has its own limit, whenever it began", async () => {
    const rig = dispatchRig();
    const { handler } = byHand();
    const settings = rig.settings({ timeoutMs: 1_000, backoff: { initialMs: 1e6, maxMs: 1e6 } });
    rig.dispatch.consume("crm", handler, { ...settings, backoff: { initialMs: 1e9, maxMs: 1e9 } });
    await rig.admit({});
    await rig.clock.advance(600);
    await rig.admit({});
    await rig.clock.advance(400);
    expect(rig.states()).toEqual(["waiting", "out"]);
    await rig.clock.advance(600);
    expect(rig.states()).toEqual(["waiting", "waiting"]);
  });

  test("a lease lives as long as its handler", async () => {
    const rig = dispatchRig();
    const { handler, out, started } = byHand();
    rig.dispatch.consume("crm", handler, rig.settings({ leaseMs: 3_000, timeoutMs: 1e9 }));
    await rig.admit({}, {});
    await rig.clock.advance(60_000);
    expect(started).toEqual(["e1", "e2"]);
    const extensions = rig.store.calls.filter(({ verb }) => verb === "extend");
    expect(extensions).toHaveLength(60);
    expect(extensions.every(({ count }) => count === 2)).toBe(true);
    for (const { done } of out.values()) done();
    await rig.clock.settle();
    expect([rig.states(), rig.clock.timerCount]).toEqual([["acked", "acked"], 0]);
  });

  test("a lease that somebody else ended ends the delivery, and its answer is void", async () => {
    const rig = dispatchRig();
    const { handler, out, started } = byHand();
    const stale: string[] = [];
    const listener = { stale: (_sink: string, { id }: ClaimedEnvelope) => void stale.push(id) };
    const consumer = rig.dispatch.consume("crm", handler, rig.settings({ leaseMs: 3_000, listener }));
    await rig.admit({});
    const first = out.get("e1");
    const signal = first?.context.signal;
    await rig.store.reclaim(rig.clock.now() + 1e9);
    await rig.clock.advance(1_000);
    expect([signal?.aborted, stale, started, consumer.busy]).toEqual([true, ["e1"], ["e1", "e1"], 1]);
    first?.done();
    await rig.clock.settle();
    expect(rig.states()).toEqual(["out"]);
    out.get("e1")?.done();
    await rig.clock.settle();
    expect(rig.states()).toEqual(["acked"]);
  });

  test("an answer after the lease is stale, and told so", async () => {
    const rig = dispatchRig();
    const { handler, out } = byHand();
    const stale: string[] = [];
    const listener = { stale: (_sink: string, { id }: ClaimedEnvelope) => void stale.push(id) };
    rig.dispatch.consume("crm", handler, rig.settings({ listener }));
    await rig.admit({});
    const first = out.get("e1");
    await rig.store.reclaim(rig.clock.now() + 1e9);
    first?.done();
    await rig.clock.settle();
    expect(stale).toEqual(["e1"]);
    expect(out.size).toBe(1);
    expect(rig.states()).toEqual(["out"]);
  });

  test("a process that was asleep keeps the deliveries that still run", async () => {
    const rig = dispatchRig();
    const { handler, started } = byHand();
    rig.dispatch.consume("crm", handler, rig.settings({ leaseMs: 30_000, timeoutMs: 1e9 }));
    await rig.admit({});
    rig.clock.stepWallClock(3_600_000);
    await rig.clock.advance(60_000);
    expect(started).toEqual(["e1"]);
    expect(rig.states()).toEqual(["out"]);
  });

  test("leases of others that run out are taken back by the one timer, and handed over", async () => {
    const rig = dispatchRig();
    rig.store.put({}, rig.clock.now());
    await rig.store.claim("crm", { max: 1, leaseMs: 5_000 }, rig.clock.now());
    const seen: number[] = [];
    rig.dispatch.consume("crm", (_envelope, { attempt }) => void seen.push(attempt), rig.settings());
    await rig.clock.advance(4_999);
    expect(seen).toEqual([]);
    await rig.clock.advance(2);
    expect(seen).toEqual([2]);
  });

  test("a lease that runs out on its last attempt is told as a dead letter", async () => {
    const rig = dispatchRig(simpleStore(undefined, 1));
    rig.store.put({}, rig.clock.now());
    rig.store.put({ sink: "unserved" }, rig.clock.now());
    await rig.store.claim("crm", { max: 1, leaseMs: 5_000 }, rig.clock.now());
    await rig.store.claim("unserved", { max: 1, leaseMs: 5_000 }, rig.clock.now());
    const told: unknown[] = [];
    const listener = {
      deadLettered: (...given: unknown[]) => {
        told.push(given);
        throw new Error("listener");
      },
    };
    rig.dispatch.consume("crm", () => undefined, rig.settings({ listener }));
    await rig.clock.advance(6_000);
    expect(told).toEqual([["crm", 1, "the lease of the last attempt ran out"]]);
  });

  test("one signal for each delivery, however often it is asked for", async () => {
    const rig = dispatchRig();
    const { handler, out } = byHand();
    rig.dispatch.consume("crm", handler, rig.settings());
    await rig.admit({});
    const context = out.get("e1")?.context;
    expect(context?.signal).toBe(context?.signal);
  });

  test("a lost lease of a paused sink leaves no timer behind", async () => {
    const rig = dispatchRig();
    const { handler } = byHand();
    const broken = (): never => {
      throw new Error("listener broken");
    };
    const settings = rig.settings({ leaseMs: 3_000, timeoutMs: 2_500, listener: { stale: broken } });
    const consumer = rig.dispatch.consume("crm", handler, settings);
    await rig.admit({});
    consumer.pause();
    await rig.store.reclaim(rig.clock.now() + 1e9);
    await rig.clock.advance(60_000);
    expect([rig.states(), consumer.busy, rig.clock.timerCount]).toEqual([["waiting"], 0, 0]);
    expect(rig.lines).toEqual(["warn crm: a dispatch listener throws: listener broken"]);
  });

  test("the timer that finds nothing due any more rests", async () => {
    const rig = dispatchRig();
    rig.store.put({}, rig.clock.now());
    const [other] = await rig.store.claim("crm", { max: 1, leaseMs: 5_000 }, rig.clock.now());
    rig.dispatch.consume("crm", () => undefined, rig.settings());
    await rig.store.settle([{ token: other?.token ?? -1, result: "ack" }], rig.clock.now());
    await rig.clock.advance(6_000);
    expect([rig.states(), rig.clock.timerCount]).toEqual([["acked"], 0]);
  });

  test("what stays due after a reclaim is looked at again at an easy pace", async () => {
    const store = simpleStore();
    const rig = dispatchRig({ ...store, nextDueAt: () => 1 });
    const consumer = rig.dispatch.consume("crm", () => undefined, rig.settings());
    await rig.clock.advance(1_000);
    const reclaims = store.calls.filter(({ verb }) => verb === "reclaim").length;
    expect(reclaims).toBeGreaterThan(10);
    expect(reclaims).toBeLessThanOrEqual(101);
    await Promise.all([consumer.stop(), rig.clock.settle()]);
    expect(rig.clock.timerCount).toBe(0);
  });
});
