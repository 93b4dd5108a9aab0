/** P11 and good manners: no war of reconnects, no hammering. The bounds are far above what a healthy day needs. */
import type { Truth } from "../truth.ts";
import { at, type Check } from "./facts.ts";

const MINUTE_MS = 60_000;
/** In any minute, and in any ten. */
const BOUNDS: Readonly<Record<Truth["calls"][number]["kind"], readonly [minute: number, tenMinutes: number]>> = {
  token: [12, 80],
  create: [20, 80],
  // Runs with many people have two lines, and each may have its first ten tries within seconds.
  socket: [30, 80],
  api: [150, 600],
  // What is asked for after gaps may use what is left of the client's 300 a minute, which the model counts; minutes need not be its.
  state: [600, 3_200],
};

/** Of one channel's line. */
const TAKEBACKS = 6;

/** P11: against a second owner that wants the channel too, a few tries in ten minutes are enough; a new life knows nothing of it. */
export const noReconnectWar: Check = ({ truth: { takebacks, lives, channelsNeeded } }) => {
  const starts = lives.map(({ startedAt }) => startedAt);
  return over("takeback", takebacks, starts, 10 * MINUTE_MS, TAKEBACKS * channelsNeeded);
};

/** Bounded reconnects, logins and calls, in each life. */
export const boundedCalls: Check = ({ truth }) => {
  const starts = truth.lives.map(({ startedAt }) => startedAt);
  return (Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]).flatMap((kind) => {
    const times = truth.calls.filter((call) => call.kind === kind).map((call) => call.at);
    const [minute, tenMinutes] = BOUNDS[kind];
    return [...over(kind, times, starts, MINUTE_MS, minute), ...over(kind, times, starts, 10 * MINUTE_MS, tenMinutes)];
  });
};

function over(kind: string, times: readonly number[], starts: readonly number[], ms: number, bound: number): string[] {
  let from = 0;
  for (let to = 0; to < times.length; to += 1) {
    while (times[to]! - times[from]! > ms) from += 1;
    // A new life may begin anew.
    const lives = 1 + starts.filter((start) => start > times[from]! && start <= times[to]!).length;
    const count = to - from + 1;
    if (count <= bound * lives) continue;
    return [`P11 ${count} calls of kind ${kind} within ${ms / MINUTE_MS} min until ${at(times[to]!)}`];
  }
  return [];
}
