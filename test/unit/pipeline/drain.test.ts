import { describe, expect, test } from "vitest";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import type { DeliveryContext } from "../../../src/ports/sink.ts";
import { byHand, dispatchRig } from "../../support/dispatch-rig.ts";

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
