/** What is dispatched: so many events, one fifth critical, one fifth high, the rest standard, in the order of their arrival. */
import type { Round } from "../measure/contender.ts";
import type { Stopwatch } from "../measure/stopwatch.ts";

/** Events of one round, whatever the size of its waves. */
export const EVENTS = 100_000;
/** Handed over at once, by everybody. */
export const CONCURRENCY = 256;

/** Taking in, handing over, and both. */
export function roundOf(admission: Stopwatch, dispatch: Stopwatch): Round {
  const [taken, handed] = [admission.sample(EVENTS), dispatch.sample(EVENTS)];
  const both = { wallMs: taken.wallMs + handed.wallMs, cpuMs: taken.cpuMs + handed.cpuMs };
  return { dispatch: handed, whole: { count: EVENTS, ...both } };
}

export interface Settings {
  readonly who: string;
  /** So many events are taken in before the first is handed over. */
  readonly wave: number;
}

const RANKS = [2, 2, 1, 2, 0] as const;

/** Of the n-th event: 0 is the most urgent. */
export function rankOf(n: number): number {
  return RANKS[n % RANKS.length] ?? 2;
}

/** Resolves when it was called so often. */
export function countdown(count: number): { readonly one: () => void; readonly done: Promise<void> } {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let left = count;
  const one = (): void => {
    left -= 1;
    if (left === 0) resolve();
  };
  return { one, done };
}
