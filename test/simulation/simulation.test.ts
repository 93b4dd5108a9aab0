/**
 * A share of the simulation (`npm run test:sim` runs more of it): some seeds must end well, and one seed is one history. A failure here
 * prints the seed, its faults made few, and the line that repeats it.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tellRun } from "./report.ts";
import { simulate } from "./run.ts";
import { shrink } from "./shrink.ts";

const MAIN = join(import.meta.dirname, "main.ts");
/** With crashes and an overlap, and short. */
const SEED = 17;
const MINUTE = 60_000;

test(
  "one seed is one history: twice in one process, and in a process of its own",
  async () => {
    const first = await simulate({ seed: SEED });
    const second = await simulate({ seed: SEED });
    expect(second.hash).toBe(first.hash);
    expect(second.steps).toBe(first.steps);
    const other = spawnSync(process.execPath, [MAIN, "--seed", String(SEED)], { encoding: "utf8" });
    expect(other.stdout).toContain(`trace ${first.hash}`);
  },
  MINUTE,
);

test(
  "another seed is another history",
  async () => {
    const [one, other] = [await simulate({ seed: SEED }), await simulate({ seed: SEED + 1 })];
    expect(one.hash).not.toBe(other.hash);
  },
  MINUTE,
);

/** Chosen by nobody; their number is a matter of time. */
const FROM = 1;
const SHARE = Array.from({ length: 12 }, (_, place) => FROM + place);

describe("whatever goes wrong, the promises hold", () => {
  test.each(SHARE)(
    "seed %i",
    async (seed) => {
      const result = await simulate({ seed });
      const told = result.findings.length === 0 ? "" : await tellRun(await shrink(result));
      expect(told).toBe("");
    },
    2 * MINUTE,
  );
});

test(
  "a failing run is told with few faults, the end of its trace and the line that repeats it",
  async () => {
    // A gap that has to be there, held against a run that is said to have had no faults.
    const failed = await simulate({
      seed: SEED,
      judge: ({ gaps }) => (gaps.length > 4 ? ["P0 more than four gaps"] : []),
    });
    expect(failed.findings).toEqual(["P0 more than four gaps"]);
    const small = await shrink(failed);
    expect(small.faults.length).toBeLessThan(failed.faults.length);
    const told = await tellRun(small);
    expect(told).toMatch(/WRONG P0 more than four gaps/u);
    expect(told).toMatch(new RegExp(`again: npm run test:sim -- --seed ${SEED} --only [\\d,]+`, "u"));
    expect(told).toMatch(/the end of the trace:\n {4}\d+\.\d{3} /u);
  },
  MINUTE,
);
