import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/core/outcome.ts";
import { dead, retry } from "../../../src/core/outcome.ts";
import { RingfirstError } from "../../../src/errors.ts";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import type { DeliveryContext } from "../../../src/ports/sink.ts";
import { dispatchRig } from "../../support/dispatch-rig.ts";
import type { SimpleStore } from "../../support/simple-store.ts";
import { simpleStore } from "../../support/simple-store.ts";

function envelope(seq: number): ClaimedEnvelope {
  const base = {
    class: "standard",
    laneClass: "standard",
    key: undefined,
    attempt: 1,
    redriven: 0,
    waitedMs: 0,
    replaced: 0,
  };
  return { ...base, token: seq, seq, id: `e${seq}`, payload: new Uint8Array(0) };
}

/** A handler that tests answer by hand, in any order. */
function byHand(): {
  readonly handler: (envelope: ClaimedEnvelope, context: DeliveryContext) => Promise<unknown>;
  readonly out: Map<
    string,
    {
      readonly done: (answer?: unknown) => void;
      readonly fail: (reason: unknown) => void;
      readonly context: DeliveryContext;
    }
  >;
  readonly started: string[];
} {
  const out: ReturnType<typeof byHand>["out"] = new Map();
  const started: string[] = [];
  return {
    out,
    started,
    handler: (envelope, context) => {
      started.push(envelope.id);
      return new Promise((resolve, reject) => {
        out.set(envelope.id, { done: resolve, fail: reject, context });
      });
    },
  };
}

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

describe("what a handler answers", () => {
  const ends = async (answer: () => unknown): Promise<{ state: string | undefined; cause: string | undefined }> => {
    const rig = dispatchRig();
    rig.dispatch.consume("crm", answer, rig.settings({ backoff: { initialMs: 1_000, maxMs: 1_000 } }));
    await rig.admit({});
    const [entry] = rig.store.entries;
    return { state: entry?.state, cause: entry?.causes[0] };
  };
  const thrown = (reason: unknown) => (): never => {
    throw reason;
  };

  test.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["anything", () => ({ some: "answer" })],
    ["an ack", () => ({ result: "ack" })],
    ["a promise", () => Promise.resolve()],
    ["an object whose then is no function", () => JSON.parse('{"then":1}') as unknown],
  ])("%s is done", async (_what, answer) => {
    expect(await ends(answer)).toEqual({ state: "acked", cause: undefined });
  });

  test.each<[string, () => unknown, string]>([
    ["a throw", thrown(new Error("broken")), "broken"],
    ["a thrown string", thrown("broken"), "broken"],
    ["a thrown null", thrown(null), "threw object: null"],
    ["a rejection", () => Promise.reject(new Error("broken\n\u001b[2J")), "broken [2J"],
    ["a retry", () => retry("later"), "later"],
    ["a promised retry", () => Promise.resolve(retry("later")), "later"],
    ["a retry without a cause", () => ({ result: "retry" }), "failed without a reason"],
    [
      "a retry with a cause that is none",
      () => ({ result: "retry", cause: 5, retryAfterMs: "x" }),
      "failed without a reason",
    ],
    [
      "a getter that throws",
      () => ({
        get result(): never {
          throw new Error("gotcha");
        },
      }),
      "gotcha",
    ],
    [
      "a then that throws",
      () => ({
        get then(): never {
          throw new Error("gotcha");
        },
      }),
      "gotcha",
    ],
  ])("%s is tried again", async (_what, answer, cause) => {
    expect(await ends(answer)).toEqual({ state: "waiting", cause });
  });

  test.each<[string, () => unknown]>([
    ["dead", () => dead("never")],
    ["a promise of dead", () => Promise.resolve(dead("never"))],
  ])("%s is given up", async (_what, answer) => {
    expect(await ends(answer)).toEqual({ state: "dead", cause: "never" });
  });

  test("twice counts once, and the line goes on", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    const twice = {
      // oxlint-disable-next-line unicorn/no-thenable
      then(done: (value: unknown) => void, failed: (reason: unknown) => void): void {
        done(undefined);
        failed(new Error("second word"));
        throw new Error("third word");
      },
    };
    rig.dispatch.consume("crm", (envelope) => (seen.push(envelope.id), twice), rig.settings());
    await rig.admit({}, {});
    expect(seen).toEqual(["e1", "e2"]);
    expect(rig.states()).toEqual(["acked", "acked"]);
    expect(rig.store.calls.filter(({ verb }) => verb === "settle").reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  test("a failed event is tried again after its backoff, by the timer, with the attempt counted", async () => {
    const rig = dispatchRig();
    const attempts: number[] = [];
    const handler = (_envelope: ClaimedEnvelope, { attempt }: DeliveryContext): unknown => {
      attempts.push(attempt);
      return attempt < 3 ? retry("not yet", attempt * 1_000) : undefined;
    };
    rig.dispatch.consume("crm", handler, rig.settings({ backoff: { initialMs: 0, maxMs: 0 } }));
    await rig.admit({});
    await rig.clock.advance(999);
    expect(attempts).toEqual([1]);
    await rig.clock.advance(1);
    expect(attempts).toEqual([1, 2]);
    await rig.clock.advance(2_000);
    expect(attempts).toEqual([1, 2, 3]);
    expect([rig.states(), rig.clock.timerCount]).toEqual([["acked"], 0]);
  });

  test("the wait that a receiver asked for wins where it is longer", async () => {
    const rig = dispatchRig();
    let calls = 0;
    rig.dispatch.consume("crm", () => ((calls += 1), retry("busy", 90_000)), rig.settings());
    await rig.admit({});
    await rig.clock.advance(89_999);
    expect(calls).toBe(1);
    await rig.clock.advance(2);
    expect(calls).toBe(2);
  });

  test("a failing key delays no other key", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    const handler = ({ id, key }: ClaimedEnvelope): unknown => (seen.push(id), key === "bad" ? retry("no") : undefined);
    rig.dispatch.consume("crm", handler, rig.settings({ concurrency: 1, backoff: { initialMs: 1e6, maxMs: 1e6 } }));
    await rig.admit({ key: "bad" }, { key: "bad" }, { key: "good" }, {});
    expect(seen).toEqual(["e1", "e3", "e4"]);
  });

  test("the consumer may give up earlier than the sink's work queue", async () => {
    const rig = dispatchRig();
    rig.dispatch.consume(
      "crm",
      () => retry("no"),
      rig.settings({ maxAttempts: 2, backoff: { initialMs: 0, maxMs: 0 } }),
    );
    await rig.admit({});
    await rig.clock.advance(1);
    expect(rig.states()).toEqual(["dead"]);
    expect(rig.store.entries[0]?.causes).toEqual(["no", "no"]);
  });
});

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
        const claimed = Array.from({ length: Math.min(max, left) }, (_, n) => envelope(left - n));
        left -= claimed.length;
        return Promise.resolve(claimed);
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

describe("stopping", () => {
  test("lets deliveries finish within the budget", async () => {
    const rig = dispatchRig();
    const { handler, out, started } = byHand();
    const consumer = rig.dispatch.consume("crm", handler, rig.settings({ concurrency: 2 }));
    await rig.admit({}, {}, {});
    const stopped = consumer.stop({ budgetMs: 1_000 });
    expect(consumer.stop()).toBe(stopped);
    await rig.clock.advance(500);
    out.get("e1")?.done();
    out.get("e2")?.fail(new Error("no"));
    await rig.clock.settle();
    expect(await stopped).toEqual({ sink: "crm", finished: 2, aborted: 0, waiting: 2 });
    await consumer.closed;
    await rig.admit({});
    expect([started, rig.clock.timerCount]).toEqual([["e1", "e2"], 0]);
  });

  test("then aborts, keeps the leases of what did not finish, and counts an ack at the last moment", async () => {
    const rig = dispatchRig();
    const seen: string[] = [];
    const handler = (envelope: ClaimedEnvelope, { signal }: DeliveryContext): Promise<unknown> =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => {
          seen.push(`${envelope.id} ${(signal.reason as Error).name}`);
          if (envelope.id === "e1") resolve(undefined);
          if (envelope.id === "e2") reject(signal.reason as Error);
        });
      });
    const consumer = rig.dispatch.consume("crm", handler, rig.settings());
    await rig.admit({}, {}, {});
    const stopped = consumer.stop({ budgetMs: 1_000 });
    await rig.clock.advance(1_000);
    expect(await stopped).toEqual({ sink: "crm", finished: 1, aborted: 2, waiting: 0 });
    expect(seen).toEqual(["e1 AbortError", "e2 AbortError", "e3 AbortError"]);
    expect([rig.states(), rig.clock.timerCount]).toEqual([["acked", "out", "out"], 0]);
  });

  test("ends at once when the signal says so", async () => {
    const rig = dispatchRig();
    const { handler } = byHand();
    const consumer = rig.dispatch.consume("crm", handler, rig.settings());
    await rig.admit({});
    const giveUp = new AbortController();
    const stopped = consumer.stop({ budgetMs: 1e9, signal: giveUp.signal });
    await rig.clock.settle();
    giveUp.abort();
    await rig.clock.settle();
    expect(await stopped).toMatchObject({ aborted: 1 });
  });

  test("does not wait at all when the signal was aborted before", async () => {
    const rig = dispatchRig();
    const { handler } = byHand();
    const consumer = rig.dispatch.consume("crm", handler, rig.settings());
    await rig.admit({});
    const stopped = consumer.stop({ signal: AbortSignal.abort() });
    await rig.clock.settle();
    expect(await stopped).toMatchObject({ aborted: 1 });
  });

  test("finishes what a claim brings after the stop began, and starts nothing when the budget is over", async () => {
    for (const [budgetMs, states] of [
      [1_000, ["acked"]],
      [0, ["out"]],
    ] as const) {
      const rig = dispatchRig();
      const release = rig.store.hold("claim");
      const consumer = rig.dispatch.consume("crm", () => undefined, rig.settings());
      release();
      const again = rig.store.hold("claim");
      await rig.clock.settle();
      await rig.admit({});
      const stopped = consumer.stop({ budgetMs });
      await rig.clock.advance(10);
      again();
      await rig.clock.advance(10);
      await stopped;
      expect(rig.states()).toEqual(states);
    }
  });

  test("gives up ends that the store does not take, and says so", async () => {
    const rig = dispatchRig();
    rig.store.fail("settle", 100);
    rig.store.fail("stats", 1);
    const consumer = rig.dispatch.consume("crm", () => undefined, rig.settings());
    await rig.admit({});
    const stopped = consumer.stop({ budgetMs: 1_000 });
    await rig.clock.advance(2_000);
    expect(await stopped).toEqual({ sink: "crm", finished: 0, aborted: 1, waiting: undefined });
    expect(rig.clock.timerCount).toBe(0);
  });

  test("of the whole dispatcher stops every line, once, and takes no new one", async () => {
    const rig = dispatchRig();
    for (const sink of ["crm", "log"]) rig.dispatch.consume(sink, () => undefined, rig.settings());
    const closed = rig.dispatch.close({ budgetMs: 10 });
    expect(rig.dispatch.close()).toBe(closed);
    await rig.clock.settle();
    expect((await closed).map(({ sink }) => sink)).toEqual(["crm", "log"]);
    expect(() => rig.dispatch.consume("crm", () => undefined, rig.settings())).toThrow(
      expect.objectContaining({ code: "RF_QUEUE_CLOSED" }) as Error,
    );
  });
});
