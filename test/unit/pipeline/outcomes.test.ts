import { describe, expect, test } from "vitest";
import { dead, retry } from "../../../src/core/outcome.ts";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import type { DeliveryContext } from "../../../src/ports/sink.ts";
import { dispatchRig } from "../../support/dispatch-rig.ts";

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
        // oxlint-disable-next-line unicorn/no-thenable
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
