/**
 * Deals seeds to runners, and gives their results in the order of the seeds, whichever ends first: what is told does not depend on how
 * many run at once.
 *
 * - D1  Seeds are dealt in order; a runner has one at a time. Of those that were dealt none is left out.
 * - D2  A runner that breaks down breaks the run down, when its seed's turn comes.
 */
import type { RunResult } from "./run.ts";

/** Runs one seed after the other. */
export interface Runner {
  run(seed: number): Promise<RunResult>;
}

/** What is dealt. */
export interface Dealing {
  readonly from: number;
  /** So many at most. */
  readonly count: number;
  /** No more are dealt when it is. */
  readonly isOver: () => boolean;
}

/** The results. */
export async function* deal(runners: readonly Runner[], { from, count, isOver }: Dealing): AsyncGenerator<RunResult> {
  const results = new Map<number, Promise<RunResult>>();
  let next = from;
  const work = async (runner: Runner): Promise<void> => {
    while (next < from + count && !isOver()) {
      const result = runner.run(next);
      results.set(next, result);
      next += 1;
      // It waits before anybody else does, so the next seed is dealt when this one's result is given.
      await result;
    }
  };
  try {
    // D2: its result says it too.
    for (const runner of runners) work(runner).catch(() => undefined);
    for (let seed = from; results.has(seed); seed += 1) {
      const result = await results.get(seed)!;
      results.delete(seed);
      yield result;
    }
  } finally {
    next = Infinity;
  }
}
