/**
 * P7, honest gaps, both ways: an event that the platform produced and no socket of ours brought lies in a declared gap of its
 * topic; and a declared gap has something that went wrong at its beginning.
 */
import type { DeclaredGap, Truth } from "../truth.ts";
import { at, type Check, type Facts, type Span, within } from "./facts.ts";

/** What went wrong may show so much later: waits for a slow retry go into minutes, and what a fault left behind goes on. */
const AFTERMATH_MS = 10 * 60_000;
/** A gap goes back to the last sign of life. */
const BEFORE_MS = 60_000;
/** A list that was lost in silence: to when it was last read back, which may have failed a few times. */
const READ_BACK_MS = 90_000;
/** Withdrawn ones leave holes at the beginning too. */
const MANY_GAPS = 500;
/** Numbers from here on are seconds of the time, of a run that did not know which were given. */
const FROM_SECONDS = 1_000_000_000;
const CROWDED = /no channel is free/u;

/** P7, from the event's side. Times without a process are in the ledger too: the next start says so. */
export const missedLiesInGaps: Check = ({ truth }) => {
  const unwatched = beforeAndAfter(truth);
  const gaps = truth.gaps.map((gap) => ({ span: spanOf(gap, truth), covers: coverOf(gap) }));
  // The book is bounded, and drops the oldest.
  const oldest = truth.gaps[0];
  const known = oldest !== undefined && oldest.n > MANY_GAPS && oldest.n < FROM_SECONDS ? oldest.from : 0;
  return truth.emissions.flatMap(({ mark, topic, at: saidAt, sockets }) => {
    if (truth.receipts.has(mark) || saidAt < known || within(saidAt, unwatched)) return [];
    const declared = gaps.some(({ span, covers }) => within(saidAt, [span]) && covers(topic));
    if (declared) return [];
    const isUnknown = truth.lives.some(({ blindFrom, end }) => {
      return end !== undefined && saidAt >= (blindFrom ?? end.at) - truth.longestWayMs && saidAt <= end.at;
    });
    const end = isUnknown ? " (the process ended before it could know)" : "";
    const asleep = within(saidAt, [...truth.stops, ...truth.holds]) ? " (nothing was read then)" : "";
    const dead = within(saidAt, truth.leftDead) ? " (on a dead or slow socket that was let go)" : "";
    const spans = truth.emptied.map((from) => ({ from, to: from + 2 * READ_BACK_MS }));
    const emptied = sockets.length === 0 && within(saidAt, spans) ? " (we emptied the only list)" : "";
    const on = sockets.length === 0 ? "on no socket" : `on socket ${sockets.join(", ")}`;
    return [
      `P7 event ${mark} of ${topic}, said at ${at(saidAt)} ${on}, never came, and no gap says so${asleep}${end}${dead}${emptied}`,
    ];
  });
};

/** A channel that is gone may have been so since it was last heard or looked at, and a list that can't be read since it was whole. */
const SINCE_UNKNOWN = /nobody knows since when|not known whether all was subscribed|nobody knows whether it was whole/u;

/** P7, from the gap's side. */
export const gapsHaveCauses: Check = (facts) => {
  const { truth, faults } = facts;
  const spans: Span[] = [];
  for (const { at, lastsMs, kind } of faults) {
    const isOfLists = kind.startsWith("subscriptions lost") || kind === "displaced";
    const beforeMs = isOfLists ? READ_BACK_MS : BEFORE_MS;
    spans.push({ from: at - beforeMs, to: at + lastsMs + AFTERMATH_MS });
  }
  for (const { startedAt, runningAt, end } of truth.lives) {
    spans.push({ from: startedAt, to: (runningAt ?? startedAt) + AFTERMATH_MS });
    if (end !== undefined) spans.push({ from: end.at - READ_BACK_MS, to: end.at + AFTERMATH_MS });
  }
  const first = faults[0]?.at ?? Infinity;
  return truth.gaps
    .filter(({ from, cause }) => {
      const since = SINCE_UNKNOWN.test(cause)
        ? spans.map((span) => ({ ...span, from: span.from - READ_BACK_MS }))
        : spans;
      return !within(from, since) && !(CROWDED.test(cause) && from > first);
    })
    .map(({ from, cause }) => `P7 a gap from ${at(from)} has no cause in the faults: ${cause}`);
};

/** P7: when all has been well for long, no gap is open, and each has its outcome. */
export const gapsComeToAnEnd: Check = ({ truth }) => {
  return truth.gaps.flatMap(({ n, from, to, cause, outcomes }) => {
    if (to !== undefined && outcomes !== undefined) return [];
    const lacks = to === undefined ? "end" : "outcome";
    return [`P7 gap ${n} from ${at(from)} has no ${lacks} long after the last fault: ${cause}`];
  });
};

/** Before the first start, and after the last stop. */
function beforeAndAfter({ lives, longestWayMs }: Truth): Span[] {
  const first = lives.find(({ runningAt }) => runningAt !== undefined)?.runningAt;
  const spans: Span[] = [{ from: 0, to: first ?? Infinity }];
  const { blindFrom } = lives.at(-1) ?? {};
  if (blindFrom !== undefined) spans.push({ from: blindFrom - longestWayMs, to: Infinity });
  return spans;
}

/** What was on its way when the last sign of life came is part of it. */
function spanOf({ from, to }: DeclaredGap, { longestWayMs }: Truth): Span {
  return { from: from - longestWayMs, to: to ?? Infinity };
}

/** Which topics a gap is about. */
export function coverOf({ topics }: Pick<DeclaredGap, "topics">): (topic: string) => boolean {
  const names = new Set<string>();
  const patterns: RegExp[] = [];
  for (const topic of topics) {
    const lower = topic.toLowerCase();
    if (lower.includes("{*}")) patterns.push(patternOf(lower));
    else names.add(lower);
  }
  return (topic) =>
    names.has("*") || names.has(topic.toLowerCase()) || patterns.some((pattern) => pattern.test(topic.toLowerCase()));
}

function patternOf(topic: string): RegExp {
  return new RegExp(`^${topic.replaceAll(".", "\\.").replace("{*}", "[^.]+")}$`, "u");
}

/** What a run was worth to these checks. */
export function missedCount({ truth }: Facts): number {
  return truth.emissions.filter(({ mark }) => !truth.receipts.has(mark)).length;
}
