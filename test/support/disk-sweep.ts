/** The scenario with a fault at the n-th act, for every n until a run passes without reaching n. */
import type { FaultKind } from "./disk-faults.ts";
import { DiskRig } from "./disk-rig.ts";
import { Scenario } from "./disk-scenario.ts";

/** How a sweep went. */
export interface SweepReport {
  readonly runs: number;
  /** What did not hold, by n and the name of the act. */
  readonly failures: readonly string[];
}

/** Faults at the acts n to n + count - 1. */
export async function sweep(kind: FaultKind, count: number, from = 1, step = 1): Promise<SweepReport> {
  const failures: string[] = [];
  let runs = 0;
  for (let first = from; ; first += step) {
    const rig = new DiskRig({ kind, first, count });
    try {
      const scenario = new Scenario(rig);
      await scenario.run();
      await scenario.judge();
    } catch (error) {
      const act = rig.names[first - 1];
      const cause = error instanceof Error ? error.message : String(error);
      failures.push(`${kind} at act ${first} (${act}), ${count} of them: ${cause}`);
    } finally {
      rig.remove();
    }
    if (!rig.struck) return { runs, failures };
    runs += 1;
  }
}
