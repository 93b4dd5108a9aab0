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
const CROWDED = /no channel is free/u;

/** P7, from the event's side. */
export const missedLiesInGaps: Check = ({ truth }) => {
  const down = downtimes(truth);
  const gaps = truth.gaps.map((gap) => ({ gap, span: spanOf(gap, truth), covers: coverOf(gap) }));
  return truth.emissions.flatMap(({ mark, topic, at: saidAt, sockets }) => {
    if (truth.receipts.has(mark) || within(saidAt, down)) return [];
    const declared = gaps.some(({ span, covers }) => within(saidAt, [span]) && covers(topic));
    if (declared) return [];
    const asleep = within(saidAt, [...truth.stops, ...truth.holds]) ? " (nothing was read then)" : "";
    const on = sockets.length === 0 ? "on no socket" : `on socket ${sockets.join(", ")}`;
    return [`P7 event ${mark} of ${topic}, said at ${at(saidAt)} ${on}, never came, and no gap says so${asleep}`];
  });
};

/** P7, from the gap's side. */
export const gapsHaveCauses: Check = (facts) => {
  const { truth, faults } = facts;
  const spans: Span[] = [];
  for (const { at, lastsMs } of faults) spans.push({ from: at - BEFORE_MS, to: at + lastsMs + AFTERMATH_MS });
  for (const { startedAt, runningAt, end } of truth.lives) {
    spans.push({ from: startedAt, to: (runningAt ?? startedAt) + AFTERMATH_MS });
    if (end !== undefined) spans.push({ from: end.at - BEFORE_MS, to: end.at + AFTERMATH_MS });
  }
  const first = faults[0]?.at ?? Infinity;
  return truth.gaps
    .filter(({ from, cause }) => !within(from, spans) && !(CROWDED.test(cause) && from > first))
    .map(({ from, cause }) => `P7 a gap from ${at(from)} has no cause in the faults: ${cause}`);
};

/** Times at which nobody of ours was there. */
function downtimes({ lives, longestWayMs }: Truth): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const { runningAt, blindFrom } of lives) {
    if (runningAt === undefined) continue;
    spans.push({ from, to: runningAt });
    from = (blindFrom ?? Infinity) - longestWayMs;
  }
  spans.push({ from, to: Infinity });
  return spans;
}

/** What was on its way when the last sign of life came is part of it. */
function spanOf({ from, to, life }: DeclaredGap, { lives, longestWayMs }: Truth): Span {
  return { from: from - longestWayMs, to: to ?? lives[life]?.end?.at ?? Infinity };
}

function coverOf({ topics }: DeclaredGap): (topic: string) => boolean {
  const names = new Set<string>();
  const patterns: RegExp[] = [];
  for (const topic of topics) {
    const lower = topic.toLowerCase();
    if (lower.includes("{*}")) patterns.push(patternOf(lower));
    else names.add(lower);
  }
  return (topic) => names.has(topic.toLowerCase()) || patterns.some((pattern) => pattern.test(topic.toLowerCase()));
}

function patternOf(topic: string): RegExp {
  return new RegExp(`^${topic.replaceAll(".", "\\.").replace("{*}", "[^.]+")}$`, "u");
}

/** What a run was worth to these checks. */
export function missedCount({ truth }: Facts): number {
  return truth.emissions.filter(({ mark }) => !truth.receipts.has(mark)).length;
}
