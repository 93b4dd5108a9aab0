import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/core/outcome.ts";
import { dead, retry } from "../../../src/core/outcome.ts";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import { byHand, dispatchRig } from "../../support/dispatch-rig.ts";

describe("handing over", () => {
  test("begins with what waits already, and wakes on each admission", async () => {
    const rig = dispatchRig();
    rig.store.put({}, 0);
    const seen: string[] = [];
    rig.dispatch.consume("crm", (envelope) => void seen.push(envelope.id), rig.settings());
    await rig.clock.settle();
    await rig.admit({}, {});
    expect(seen).toEqual(["e1", "e2", "e3"]);
    expect(rig.states()).toEqual(["acked", "acked", "acked"]);
    expect(rig.clock.timerCount).toBe(0);
  });

  test("serves several sinks, each by itself", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    for (const sink of ["crm", "log"]) {
      rig.dispatch.consume(sink, (envelope) => void seen.push(`${sink} ${envelope.id}`), rig.settings());
    }
    await rig.admit({ sink: "log" }, { sink: "crm" }, { sink: "other" });
    expect(seen.sort()).toEqual(["crm e2", "log e1"]);
  });

  test("never claims more than hands are free", async () => {
    const rig = dispatchRig();
    const { handler, out, started } = byHand();
    const consumer = rig.dispatch.consume("crm", handler, rig.settings({ concurrency: 3 }));
    await rig.admit(...Array.from({ length: 10 }, () => ({})));
    expect([started.length, consumer.busy]).toEqual([3, 3]);
    expect(rig.states().filter((state) => state === "out")).toHaveLength(3);
    out.get("e2")?.done();
    await rig.clock.settle();
    expect(started).toEqual(["e1", "e2", "e3", "e4"]);
  });

  test("hands a ringing call over first under a flood with slow handlers", async () => {
    const rig = dispatchRig();
    const { handler, out, started } = byHand();
    rig.dispatch.consume("crm", handler, rig.settings({ concurrency: 4, reserve: { critical: 1 } }));
    await rig.admit(...Array.from({ length: 50 }, () => ({})));
    expect(started).toHaveLength(3);
    await rig.admit({ class: "critical" });
    expect(started.at(-1)).toBe("e51");
    await rig.admit({ class: "critical" });
    expect(started).toHaveLength(4);
    out.get("e1")?.done();
    await rig.clock.settle();
    expect(started.at(-1)).toBe("e52");
  });

  test("keeps the reserve through a flood of everything", async () => {
    const rig = dispatchRig();
    const { handler, out, started } = byHand();
    const kinds = new Map<string, string>();
    rig.dispatch.consume("crm", handler, rig.settings({ concurrency: 5, reserve: { critical: 2, high: 1 } }));
    for (let round = 0; round < 40; round += 1) {
      const given = ["standard", "high", "standard", "standard", "critical"][round % 5] ?? "";
      kinds.set(`e${round + 1}`, given);
      await rig.admit({ class: given });
      const busy = started.filter((id) => out.has(id)).map((id) => kinds.get(id));
      expect(busy.filter((kind) => kind === "standard").length).toBeLessThanOrEqual(2);
      expect(busy.length).toBeLessThanOrEqual(5);
      if (round % 3 === 0) {
        const first = started.find((id) => out.has(id)) ?? "";
        out.get(first)?.done();
        out.delete(first);
        await rig.clock.settle();
      }
    }
  });

  test("gives other work its turn while more is waiting", async () => {
    const rig = dispatchRig();
    let seen = 0;
    let monotonic = 0;
    // Each handler takes 100 µs of the clock.
    const { clock } = rig;
    const ticking = Object.assign(Object.create(clock) as typeof clock, { monotonic: () => monotonic });
    const { createDispatch } = await import("../../../src/pipeline/dispatch.ts");
    const { SILENT_LOGGER } = await import("../../../src/ports/logger.ts");
    let turns = 0;
    ticking.defer = (fn) => {
      turns += 1;
      clock.defer(fn);
    };
    const dispatch = createDispatch({
      store: rig.store,
      clock: ticking,
      now: () => clock.now(),
      logger: SILENT_LOGGER,
    });
    for (let n = 0; n < 100; n += 1) rig.store.put({}, 0);
    dispatch.consume(
      "crm",
      () => {
        seen += 1;
        monotonic += 0.1;
      },
      rig.settings({ concurrency: 64 }),
    );
    for (let round = 0; round < 10; round += 1) await clock.settle();
    expect(seen).toBe(100);
    // 10 ms of work in turns of a quarter of a millisecond and no more than one look in eight late.
    expect(turns).toBeGreaterThanOrEqual(12);
    // What a slow handler can't hand over in a turn is not claimed ahead (Q5).
    const claims = rig.store.calls.filter(({ verb }) => verb === "claim").map(({ count }) => count);
    expect(Math.max(...claims.slice(3))).toBeLessThanOrEqual(4);
  });

  test("where other work takes long, a turn grows with it: a flood of arrivals does not starve the sinks", async () => {
    const rig = dispatchRig();
    const { clock } = rig;
    let monotonic = 0;
    let arrivalsMs = 0;
    let handedMs = 0;
    const ticking = Object.assign(Object.create(clock) as typeof clock, { monotonic: () => monotonic });
    // Each time the sockets have their turn, they take 12 ms of the clock.
    ticking.defer = (fn) => {
      monotonic += 12;
      arrivalsMs += 12;
      clock.defer(fn);
    };
    const { createDispatch } = await import("../../../src/pipeline/dispatch.ts");
    const { SILENT_LOGGER } = await import("../../../src/ports/logger.ts");
    const dispatch = createDispatch({
      store: rig.store,
      clock: ticking,
      now: () => clock.now(),
      logger: SILENT_LOGGER,
    });
    for (let n = 0; n < 500; n += 1) rig.store.put({}, 0);
    dispatch.consume(
      "crm",
      () => {
        monotonic += 0.2;
        handedMs += 0.2;
      },
      rig.settings({ concurrency: 16 }),
    );
    for (let round = 0; round < 100; round += 1) await clock.settle();
    expect(rig.states().every((state) => state === "acked")).toBe(true);
    expect(handedMs / (handedMs + arrivalsMs)).toBeGreaterThan(0.3);
    expect(handedMs / (handedMs + arrivalsMs)).toBeLessThan(0.5);
  });

  test("claims more at once while hand-overs are quick", async () => {
    const rig = dispatchRig();
    for (let n = 0; n < 200; n += 1) rig.store.put({}, 0);
    rig.dispatch.consume("crm", () => undefined, rig.settings({ concurrency: 64 }));
    for (let round = 0; round < 10; round += 1) await rig.clock.settle();
    const claims = rig.store.calls.filter(({ verb }) => verb === "claim").map(({ count }) => count);
    expect(claims.slice(0, 6)).toEqual([4, 8, 16, 32, 64, 64]);
    expect(rig.states().every((state) => state === "acked")).toBe(true);
  });

  test("settles what ends together in one call", async () => {
    const rig = dispatchRig();
    const { handler, out } = byHand();
    rig.dispatch.consume("crm", handler, rig.settings());
    await rig.admit({}, {}, {});
    for (const { done } of out.values()) done();
    await rig.clock.settle();
    expect(rig.store.calls.filter(({ verb }) => verb === "settle")).toEqual([{ verb: "settle", count: 3 }]);
  });

  test("refuses a second consumer of a sink, and takes one after the first has stopped", async () => {
    const rig = dispatchRig();
    const first = rig.dispatch.consume("crm", () => undefined, rig.settings());
    expect(() => rig.dispatch.consume("crm", () => undefined, rig.settings())).toThrow(
      expect.objectContaining({ code: "RF_QUEUE_ARGUMENT" }) as Error,
    );
    const stopped = first.stop();
    await rig.clock.settle();
    await stopped;
    const seen: string[] = [];
    rig.dispatch.consume("crm", (envelope) => void seen.push(envelope.id), rig.settings());
    await rig.admit({});
    expect(seen).toEqual(["e1"]);
  });
});

describe("pause and resume", () => {
  test("a paused sink is not claimed from, and goes on at resume", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    const consumer = rig.dispatch.consume("crm", ({ id }) => void seen.push(id), rig.settings());
    consumer.pause();
    await rig.admit({}, {});
    await rig.clock.advance(100_000);
    expect([consumer.paused, seen]).toEqual([true, []]);
    expect(rig.store.calls.filter(({ verb }) => verb === "claim").length).toBeLessThanOrEqual(1);
    consumer.resume();
    await rig.clock.settle();
    expect([consumer.paused, seen]).toEqual([false, ["e1", "e2"]]);
  });

  test("what is out while the sink is paused goes on", async () => {
    const rig = dispatchRig();
    const { handler, out } = byHand();
    const consumer = rig.dispatch.consume("crm", handler, rig.settings());
    await rig.admit({});
    consumer.pause();
    out.get("e1")?.done();
    await rig.clock.settle();
    expect(rig.states()).toEqual(["acked"]);
  });
});

describe("listeners", () => {
  test("hear of each hand-over and each end", async () => {
    const rig = dispatchRig();
    const told: unknown[] = [];
    const outcomes: Record<string, Outcome | undefined> = { e1: undefined, e2: retry("later"), e3: dead("never") };
    const listener = {
      handedOver: (sink: string, { id }: ClaimedEnvelope) => void told.push(["handedOver", sink, id]),
      settled: (sink: string, { id }: ClaimedEnvelope, outcome: Outcome, tookMs: number) =>
        void told.push(["settled", sink, id, outcome, tookMs]),
      deadLettered: (sink: string, seq: number, cause: string) => void told.push(["deadLettered", sink, seq, cause]),
    };
    const { clock } = rig;
    const handler = async ({ id }: ClaimedEnvelope): Promise<unknown> => {
      await new Promise<void>((resolve) => clock.setTimer(7, resolve));
      return outcomes[id];
    };
    const backoff = { initialMs: 1e9, maxMs: 1e9 };
    rig.dispatch.consume("crm", handler, rig.settings({ listener, backoff }));
    await rig.admit({}, {}, {});
    await clock.advance(7);
    expect(told).toEqual([
      ["handedOver", "crm", "e1"],
      ["handedOver", "crm", "e2"],
      ["handedOver", "crm", "e3"],
      ["settled", "crm", "e1", { result: "ack" }, 7],
      ["settled", "crm", "e2", { result: "retry", cause: "later" }, 7],
      ["settled", "crm", "e3", { result: "dead", cause: "never" }, 7],
      ["deadLettered", "crm", 3, "never"],
    ]);
  });

  test("that throw stop nothing and are told of once", async () => {
    const rig = dispatchRig();
    const broken = (): never => {
      throw new Error("listener broken");
    };
    const listener = { handedOver: broken, settled: broken, deadLettered: broken, stale: broken };
    rig.dispatch.consume("crm", ({ id }) => (id === "e2" ? dead("never") : undefined), rig.settings({ listener }));
    await rig.admit({}, {}, {});
    expect(rig.states()).toEqual(["acked", "dead", "acked"]);
    expect(rig.lines).toEqual(["warn crm: a dispatch listener throws: listener broken"]);
  });
});
