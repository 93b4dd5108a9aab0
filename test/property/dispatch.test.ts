/** The dispatcher over the memory store, with random keys, classes, outcomes and handler times. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/outcome.ts";
import { dead, retry } from "../../src/core/outcome.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { DeliveryContext } from "../../src/ports/sink.ts";
import type { ClaimedEnvelope } from "../../src/ports/store.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { createWorkQueue } from "../../src/work-queue.ts";

interface Planned {
  readonly key: string | undefined;
  readonly class: string;
  readonly afterMs: number;
  /** What the handler does at each attempt; afterwards it acknowledges. */
  readonly acts: readonly Act[];
}

interface Act {
  readonly does: "ack" | "throw" | "reject" | "retry" | "dead" | "hang" | "late";
  readonly takesMs: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  does: fc.constantFrom("ack", "throw", "reject", "retry", "dead", "hang", "late"),
  takesMs: fc.constantFrom(0, 0, 5, 40, 90),
});
const planned: fc.Arbitrary<Planned> = fc.record({
  key: fc.constantFrom("a", "a", "b", "c", undefined),
  class: fc.constantFrom("critical", "high", "standard", "standard"),
  afterMs: fc.constantFrom(0, 0, 0, 3, 50),
  acts: fc.array(act, { maxLength: 4 }),
});
const settings = fc.record({ concurrency: fc.integer({ min: 1, max: 6 }), reserve: fc.nat(2), seed: fc.nat() });

const MAX_ATTEMPTS = 4;
const TIME_LIMIT_MS = 100;

/** Does what is planned, and says when the handler's part is over. */
function perform(act: Act | undefined, clock: Clock, end: () => void): unknown {
  const { does, takesMs } = act ?? { does: "ack", takesMs: 1 };
  if (does === "hang") return new Promise(() => undefined);
  if (does === "throw" || (does === "ack" && takesMs === 0)) {
    end();
    if (does === "throw") throw new Error("thrown");
    return undefined;
  }
  const waitMs = does === "late" ? TIME_LIMIT_MS * 3 : takesMs;
  return new Promise((resolve, reject) => {
    clock.setTimer(waitMs, () => {
      end();
      if (does === "reject") reject(new Error("rejected"));
      else if (does === "retry") resolve(retry("again", 7));
      else resolve(does === "dead" ? dead("never") : undefined);
    });
  });
}

describe("the dispatcher over the memory store", () => {
  test("keeps the order of each key, loses nothing, and ends each event once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(planned, { minLength: 1, maxLength: 40 }), settings, async (plan, given) => {
        const clock = createFakeClock(1_700_000_000_000, given.seed);
        const reserve = { critical: Math.min(given.reserve, given.concurrency - 1) };
        const queue = await createWorkQueue({
          sinks: [{ name: "crm", maxAttempts: MAX_ATTEMPTS }],
          clock,
          leaseMs: 150,
        });
        const open = new Set<string>();
        const last = new Map<string, number>();
        const ended = new Map<number, string>();
        // A failed expectation in a handler would only be one more retry: what is wrong is kept here.
        const wrong: string[] = [];
        let out = 0;

        const handler = (envelope: ClaimedEnvelope, { signal, attempt }: DeliveryContext): unknown => {
          const { seq, key } = envelope;
          out += 1;
          if (out > given.concurrency) wrong.push(`${out} hands are busy`);
          if (key !== undefined) {
            if (open.has(key)) wrong.push(`two of key ${key} are out`);
            if (seq <= (last.get(key) ?? 0)) wrong.push(`${seq} after ${last.get(key)} of key ${key}`);
            open.add(key);
          }
          let over = false;
          const end = (): void => {
            if (over) return;
            over = true;
            out -= 1;
            if (key !== undefined) open.delete(key);
          };
          signal.addEventListener("abort", end);
          return perform(plan[seq - 1]?.acts[attempt - 1], clock, end);
        };
        const settled = ({ seq, key, attempt }: ClaimedEnvelope, { result }: Outcome): void => {
          if (ended.has(seq)) wrong.push(`${seq} has ended twice`);
          if (result === "retry") {
            if (attempt === MAX_ATTEMPTS) wrong.push(`${seq} has a last attempt that is tried again`);
            return;
          }
          ended.set(seq, result);
          if (key !== undefined) last.set(key, seq);
        };
        queue.consume("crm", handler, {
          concurrency: given.concurrency,
          reserve,
          timeoutMs: TIME_LIMIT_MS,
          retry: { initialMs: 10, maxMs: 20 },
          listener: { settled: (_sink, envelope, outcome) => settled(envelope, outcome) },
        });
        for (const [at, { key, class: name, afterMs }] of plan.entries()) {
          if (afterMs > 0) await clock.advance(afterMs);
          await queue.admit([{ id: `e${at}`, class: name, key, payload: new Uint8Array(1), sinks: ["crm"] }]);
        }
        await clock.advance(plan.length * MAX_ATTEMPTS * (TIME_LIMIT_MS + 30));
        expect(wrong).toEqual([]);
        const stats = (await queue.stats()).sinks["crm"];
        const dying = [...ended.values()].filter((how) => how === "dead").length;
        expect(ended.size).toBe(plan.length);
        expect(stats).toMatchObject({ waiting: 0, inFlight: 0, dead: dying, acked: plan.length - dying, reclaimed: 0 });
        await queue.close();
        expect(out).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
