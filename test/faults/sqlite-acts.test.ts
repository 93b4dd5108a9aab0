/**
 * Each act of the store's disk fails once: the n-th for every n, until a run passes without reaching n. What must hold is said
 * in `test/support/disk-scenario.ts`.
 */
import { expect, test } from "vitest";
import { ENDS, ERRORS } from "../support/disk-faults.ts";
import { DiskRig } from "../support/disk-rig.ts";
import { Scenario } from "../support/disk-scenario.ts";
import { sweep } from "../support/disk-sweep.ts";

/** Fewer would mean that the sweep no longer reaches what it was written for. */
const LEAST_ACTS = 60;

test("without any fault the scenario passes, and uses every kind of act", async () => {
  const rig = new DiskRig();
  try {
    const scenario = new Scenario(rig);
    await scenario.run();
    await scenario.judge();
    expect([...new Set(rig.names)].toSorted()).toEqual(
      [
        "after-commit", "after-sync", "ballast", "before-answer", "before-commit", "before-sync", "begin", "checkpoint",
        "migrate", "open", "read",
      ], // prettier-ignore
    );
  } finally {
    rig.remove();
  }
});

/** Acts in a row that fail; `npm run test:disk` tries longer troubles too. */
const COUNTS = process.env["RINGFIRST_DISK"] === "long" ? [1, 2, 3, 8, 30] : [1];

for (const kind of [...ERRORS, ...ENDS]) {
  for (const count of COUNTS) {
    const what = count === 1 ? `${kind} at the n-th act` : `${kind} at the n-th act and ${count - 1} more`;
    test(
      `${what}, for every n: nothing promised is lost, and the store gets over it`,
      { timeout: 300_000 },
      async () => {
        const { runs, failures } = await sweep(kind, count);
        expect(failures).toEqual([]);
        expect(runs).toBeGreaterThan(LEAST_ACTS);
      },
    );
  }
}
