/** Makes a failing run small: faults are left out, first in halves, then one by one, as long as it still fails in the same way. */
import { type RunResult, simulate } from "./run.ts";

/** Tries at most. */
const MAX_RUNS = 60;

/** The smallest run that was found. */
export async function shrink(failed: RunResult): Promise<RunResult> {
  const promise = promiseOf(failed);
  let best = failed;
  let runs = 0;
  for (let size = Math.ceil(best.faults.length / 2); size >= 1 && runs < MAX_RUNS;) {
    let smaller = false;
    for (let from = 0; from < best.faults.length && runs < MAX_RUNS; from += size) {
      const only = best.faults.filter((_, place) => place < from || place >= from + size).map(({ place }) => place);
      runs += 1;
      const result = await simulate({ seed: failed.seed, only, ...(failed.judge && { judge: failed.judge }) });
      if (promiseOf(result) !== promise) continue;
      best = result;
      smaller = true;
      break;
    }
    if (!smaller) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return best;
}

/** The promise that is broken first: another one is another failure. */
function promiseOf({ findings }: RunResult): string | undefined {
  return findings[0]?.split(" ")[0];
}
