import { describe, expect, test } from "vitest";
import { QueueCore } from "../../../src/core/queue-core.ts";
import type { NewEnvelope } from "../../../src/core/queue-verbs.ts";

function open(maxEvents: number): QueueCore<number> {
  return new QueueCore<number>({
    classes: [
      { name: "critical", neverShed: true, minShare: 0 },
      { name: "standard", neverShed: false, minShare: 0 },
    ],
    sinks: [{ name: "s", maxAttempts: 2, limits: { maxEvents, maxBytes: 1_000_000 } }],
    dedup: { windowMs: 0, maxCount: 0 },
    deadLetters: { maxCount: 1_000 },
    ledger: { maxLines: 10_000 },
    sizeOf: (payload) => payload,
    now: 0,
  });
}

const item = (id: number, rest: Partial<NewEnvelope<number>> = {}): NewEnvelope<number> => {
  return { id: `${id}`, class: "standard", payload: 1, sinks: ["s"], ...rest };
};
const times = (count: number): number[] => [...Array.from({ length: count }).keys()];
const shed = (core: QueueCore<number>): string[] => core.ledger({ limit: 10_000 }).map((line) => line.id);

describe("QueueCore", () => {
  test("sheds the oldest first, near the limit for the first time and again after it was far away", () => {
    const core = open(400);
    for (const round of [0, 1]) {
      const from = round * 1_000;
      core.admit(
        times(402).map((n) => item(from + n, { key: `key ${n % 150}` })),
        round,
      );
      expect(shed(core).slice(round * 2)).toEqual([`${from}`, `${from + 1}`]);
      for (let claimed = core.claim("s", { max: 50, leaseMs: 9 }, round); claimed.length > 0;) {
        core.settle(
          claimed.map(({ token }) => ({ token, result: "ack" })),
          round,
        );
        claimed = core.claim("s", { max: 50, leaseMs: 9 }, round);
      }
      core.admit([item(from + 900)], round);
      core.settle([{ token: core.claim("s", { max: 1, leaseMs: 9 }, round)[0]!.token, result: "ack" }], round);
    }
  });

  test("two events shed of one lane both say which key they had", () => {
    const core = open(2);
    const bytes = item(3, { payload: 1_000_000 });
    core.admit([item(1, { key: "k" }), item(2, { key: "k" }), bytes], 0);
    expect(core.ledger({}).map(({ reason, key }) => [reason, key])).toEqual([
      ["shed", "k"],
      ["shed", "k"],
    ]);
    expect(core.stats(0).sinks["s"]?.lanes).toBe(1);
  });

  test("a long lane keeps both orders while urgent events come and go behind the others", () => {
    const core = open(1_000);
    core.admit(
      times(300).map((n) => item(n, { key: "k", class: n % 7 === 3 ? "critical" : "standard" })),
      0,
    );
    for (const n of times(300)) {
      const [claimed] = core.claim("s", { max: 2, leaseMs: 9 }, 0);
      expect(claimed).toMatchObject({ id: `${n}`, laneClass: n <= 297 ? "critical" : "standard" });
      core.settle([{ token: claimed!.token, result: "ack" }], 0);
    }
  });

  test("the oldest waiting event of a class is known past those in flight, dead and redriven", () => {
    const core = open(1_000);
    const oldest = (now: number): number | undefined =>
      core.stats(now).sinks["s"]?.classes["standard"]?.oldestAdmittedAt;
    for (const n of times(4)) core.admit([item(n)], n);
    const [first, second] = core.claim("s", { max: 2, leaseMs: 9 }, 4);
    expect(oldest(4)).toBe(2);
    core.settle([{ token: first!.token, result: "dead", cause: "no" }], 4);
    core.settle([{ token: second!.token, result: "retry", delayMs: 1, cause: "later" }], 4);
    expect(oldest(4)).toBe(1);
    core.redrive("s", [first!.seq], 4);
    expect(oldest(4)).toBe(0);
    const [again] = core.claim("s", { max: 1, leaseMs: 9 }, 4);
    expect(again).toMatchObject({ seq: first!.seq, redriven: 1, attempt: 1 });
    expect(oldest(4)).toBe(1);
    core.settle([{ token: again!.token, result: "retry", delayMs: 1, cause: "later" }], 4);
    expect(oldest(4)).toBe(0);
  });
});
