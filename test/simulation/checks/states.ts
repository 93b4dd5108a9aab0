/**
 * What was asked for after gaps. P8, freshness: a state that was asked for is never admitted behind a younger one of the same object.
 * And a gap that is said to be repaired is: of each object that it hid something of, its last state came, or a younger one.
 */
import type { Admission } from "../truth.ts";
import { at, type Check } from "./facts.ts";
import { coverOf } from "./gaps.ts";

/** Answers of the model are behind by less. */
const STALE_MS = 5_000;

/** P8. What a former life has seen is not known any more; what came out of the store is. */
export const neverBackInTime: Check = ({ truth }) => {
  const newest = new Map<string, Admission>();
  return truth.admissions.flatMap((admission) => {
    const { key, mark, origin, life } = admission;
    if (key === undefined || mark < 0) return [];
    const object = `${life}/${key}`;
    const before = newest.get(object);
    if (before === undefined || before.mark <= mark) newest.set(object, admission);
    if (origin !== "reconciled" || before === undefined || before.mark <= mark) return [];
    const when = `${at(admission.at)}, after ${before.mark} at ${at(before.at)}`;
    return [`P8 state ${mark} of ${key} was asked for and admitted at ${when}`];
  });
};

/** The outcome `repaired` is true. */
export const repairedIsRepaired: Check = ({ truth }) => {
  const youngest = new Map<string, number>();
  for (const { key, mark } of truth.admissions) {
    if (key !== undefined) youngest.set(key, Math.max(youngest.get(key) ?? 0, mark));
  }
  const repaired = truth.gaps.flatMap(({ n, from, to = Infinity, outcomes }) => {
    const topics = [...(outcomes ?? [])].filter(([, outcome]) => outcome === "repaired").map(([topic]) => topic);
    return topics.length === 0 ? [] : [{ n, from, to, covers: coverOf({ topics }) }];
  });
  return truth.emissions.flatMap(({ mark, topic, key, at: saidAt }) => {
    if (truth.receipts.has(mark) || (youngest.get(key) ?? -1) >= mark) return [];
    const gap = repaired.find(({ from, to, covers }) => saidAt >= from && saidAt <= to && covers(topic));
    if (gap === undefined) return [];
    const isHeld = truth.holds.some((hold) => hold.from <= gap.to && hold.to >= gap.to)
      ? " (frames were held back)"
      : "";
    const isFresh = gap.to - saidAt < STALE_MS ? " (an answer may be so old)" : "";
    return [
      `P7 gap ${gap.n} is called repaired, but event ${mark} of ${key}, said at ${at(saidAt)}, or a younger one never came${isFresh}${isHeld}`,
    ];
  });
};
