/**
 * Kill tests: a child is ended by force again and again, and the judge reads the whole history. They are kill tests: what a
 * killed process wrote is in the kernel, so they say nothing of fsync or loss of power. `npm run test:crash` has more rounds.
 */
import { describe, expect, test } from "vitest";
import type { JournalFault } from "./journal-store.ts";
import { POINTS } from "./points.ts";
import { endingsOf, runSeries } from "./rounds.ts";

const SEED = Number(process.env["RINGFIRST_SEED"] ?? "1");

describe("the store on disk", () => {
  test("keeps its promises over lives that end anywhere", async () => {
    const points = POINTS.map(({ name }) => `${name}:1`);
    const { breaches, history } = await runSeries({ store: "sqlite", seed: SEED, rounds: 15, offers: 100, points });
    expect(breaches, `once more: npm run test:crash -- --seed ${SEED} --rounds 15 --offers 100`).toEqual([]);
    expect(history.filter(({ e }) => e === "handed").length).toBeGreaterThan(200);
  });
});

describe("the harness", () => {
  test("passes the plainest store that survives kill -9", async () => {
    const { breaches, history } = await runSeries({ store: "journal", seed: SEED, rounds: 4, offers: 40 });
    expect(breaches).toEqual([]);
    expect(history.filter(({ e }) => e === "handed").length).toBeGreaterThan(100);
    expect(history.some(({ e }) => e === "killed")).toBe(true);
  });

  test.each<[JournalFault, RegExp]>([
    ["late", /^round \d+: (P1|P5|Q6|Q11)/],
    ["no-settle", /P5: .* came to (crm|log) again after the store had taken its end/],
    ["no-dedup", /Q11: .* was taken a second time/],
    ["reversed", /P2: /],
  ])("finds out a store with the fault %s", async (fault, breach) => {
    const { breaches } = await runSeries({ store: "journal", fault, seed: SEED, rounds: 8, offers: 40 });
    expect(breaches).toEqual(expect.arrayContaining([expect.stringMatching(breach)]));
  });

  test("fails a crash point that is never reached", async () => {
    const points = ["nowhere"];
    const { breaches } = await runSeries({
      store: "journal",
      seed: SEED,
      rounds: 2,
      offers: 5,
      points,
      pointLimitMs: 800,
    });
    expect(breaches).toEqual([expect.stringMatching(/crash point nowhere was never reached$/)]);
  });

  test("ends lives in every way, as the seed says", () => {
    const endings = endingsOf({ store: "journal", seed: SEED, rounds: 200, offers: 1, points: ["x"] });
    expect(new Set(endings.map(({ how }) => how))).toEqual(new Set(["start", "time", "lines", "point", "stop"]));
    expect(endings).toEqual(endingsOf({ store: "journal", seed: SEED, rounds: 200, offers: 1, points: ["x"] }));
  });
});
