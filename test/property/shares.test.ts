/**
 * Minimum shares (Q3) by their two bounds, in every window of hand-overs, under random loads, filters and failures; and
 * that a hand-over always takes the best lane of the class it serves. `RINGFIRST_RUNS` multiplies the number of runs.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import type { NewEnvelope, Settlement, StoreConfig } from "../../src/ports/store.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { ReferenceModel } from "../../src/testing/reference-model.ts";
import { checkProperty } from "../support/check-property.ts";
import { nearSqlitePlace } from "../support/sqlite-place.ts";
import type { WalkedStore } from "../support/queue-walk.ts";

const CLASSES = ["critical", "high", "standard"] as const;

/** What was seen at one hand-over. */
interface HandOver {
  readonly allowed: readonly string[];
  readonly claimable: ReadonlySet<string>;
  readonly strict: string;
  readonly served: string;
}

const config = (minShares: readonly number[]): StoreConfig => ({
  classes: CLASSES.map((name, rank) => ({ name, neverShed: false, minShare: minShares[rank] ?? 0 })),
  sinks: [{ name: "a", maxAttempts: 100, limits: { maxEvents: 1_000, maxBytes: 1_000 } }],
  dedup: { windowMs: 0, maxCount: 0 },
  deadLetters: { maxCount: 10 },
  ledger: { maxLines: 0 },
});

const minShares = fc.constantFrom(
  [0, 0.1, 0.05],
  [0, 0.5, 0],
  [0, 0.25, 0.25],
  [0, 0.4, 0.1],
  [0, 0.1, 0.4],
  [0, 0, 0.33],
  [0, 0.3, 0.17],
  [0.2, 0.2, 0.1],
);

const filters = fc.constantFrom<readonly string[]>(
  CLASSES,
  CLASSES,
  CLASSES,
  ["critical"],
  ["critical", "high"],
  ["critical", "standard"],
);

const rounds = fc.array(
  fc.record({
    admit: fc.array(
      fc.record({ class: fc.constantFrom(...CLASSES), key: fc.constantFrom(undefined, undefined, "k") }),
      {
        maxLength: 3,
      },
    ),
    max: fc.integer({ min: 1, max: 3 }),
    allowed: filters,
    ends: fc.constantFrom("ack", "ack", "ack", "retry"),
  }),
  { minLength: 10, maxLength: 40, size: "max" },
);

/** A load that stays: so many of each class at the start. */
const loads = fc.constantFrom([40, 20, 15], [40, 5, 20], [30, 30, 0], [0, 30, 20], [5, 5, 5]);

function checkBounds(className: string, share: number, several: boolean, run: readonly HandOver[]): void {
  const counted = run.filter(({ allowed }) => allowed.includes(className));
  for (let from = 0; from < counted.length; from += 1) {
    let served = 0;
    let guards = 0;
    for (let to = from; to < counted.length && counted[to]?.claimable.has(className) === true; to += 1) {
      const handOver = counted[to];
      if (handOver?.served === className) {
        served += 1;
        if (handOver.strict !== className) guards += 1;
      }
      const n = to - from + 1;
      // Shares are decimals: the products are rounded before the whole part is taken.
      const owed = Number((n * share).toFixed(6));
      assert.ok(served >= Math.floor(owed) - 1, `${className} had ${served} of ${n}, share ${share}`);
      const most = Math.ceil(owed) + (several ? 1 : 0);
      assert.ok(guards <= most, `${className} had ${guards} guard claims of ${n}, share ${share}`);
    }
  }
}

interface Place {
  readonly name: string;
  readonly numRuns: number;
  readonly open: () => WalkedStore;
}

const PLACES: readonly Place[] = [
  {
    name: "keep both bounds in every window of hand-overs",
    numRuns: 400,
    open: () => ({ driver: memoryStore(), dispose: async () => undefined }),
  },
  { name: "keep both bounds on disk too", numRuns: 40, open: nearSqlitePlace },
];

describe("minimum shares", () => {
  test.each(PLACES)("$name", { timeout: 600_000 }, async ({ name, numRuns, open }) => {
    const property = fc.asyncProperty(minShares, loads, rounds, async (shares, load, run) => {
      const setup = config(shares);
      const { driver, dispose } = open();
      const [store, model] = [await driver.open(setup, 0), new ReferenceModel(setup, 0)];
      let ids = 0;
      const admit = async (drafts: readonly { class: string; key?: string | undefined }[]): Promise<void> => {
        const batch = drafts.map((draft): NewEnvelope => {
          ids += 1;
          return { id: String(ids), ...draft, payload: new Uint8Array(0), sinks: ["a"] };
        });
        assert.deepEqual(await store.admit(batch, 0), model.admit(batch, 0));
      };
      await admit(CLASSES.flatMap((name, rank) => Array.from({ length: load[rank] ?? 0 }, () => ({ class: name }))));
      const seen: HandOver[] = [];
      for (const round of run) {
        await admit(round.admit);
        const claimed = await store.claim("a", { max: round.max, leaseMs: 10, classes: round.allowed }, 0);
        const tokens: number[] = [];
        for (const one of claimed) {
          const claimable = model.claimable("a", round.allowed);
          const best = claimable.find((row) => model.laneClass(row) === one.laneClass);
          const strict = claimable[0];
          assert.ok(best !== undefined && strict !== undefined);
          assert.equal(one.seq, best.seq, "the best lane of the class that is served");
          const names = new Set(claimable.map((row) => model.laneClass(row)));
          seen.push({
            allowed: round.allowed,
            claimable: names,
            strict: model.laneClass(strict),
            served: one.laneClass,
          });
          const expected = model.handOver(best, 10);
          assert.deepEqual({ ...one, token: 0 }, { ...expected, token: 0 });
          tokens.push(expected.token);
        }
        if (claimed.length < round.max) assert.deepEqual(model.claimable("a", round.allowed), []);
        const end = (token: number): Settlement =>
          round.ends === "ack" ? { token, result: "ack" } : { token, result: "retry", delayMs: 0, cause: "" };
        assert.deepEqual(
          await store.settle(
            claimed.map(({ token }) => end(token)),
            0,
          ),
          model.settle(tokens.map(end), 0),
        );
      }
      const several = shares.filter((share) => share > 0).length > 1;
      for (const [rank, name] of CLASSES.entries()) {
        const share = shares[rank] ?? 0;
        if (share > 0) checkBounds(name, share, several, seen);
        else
          assert.ok(
            seen.every(({ served, strict }) => served !== name || strict === name),
            "no share, no guard claim",
          );
      }
      await store.close();
      await dispose();
    });
    await checkProperty(property, { file: "test/property/shares.test.ts", test: name, numRuns });
  });
});
