/** What the checks are given: what really happened, the faults that were planned, and what the store had at the end. */
import type { LedgerLine, DeadLetter } from "../../../src/ports/store.ts";
import type { Fault } from "../faults.ts";
import type { Truth } from "../truth.ts";

/** All of one run. */
export interface Facts {
  readonly truth: Truth;
  readonly faults: readonly Fault[];
  readonly deadLetters: readonly DeadLetter[];
  readonly ledger: readonly LedgerLine[];
  /** A loss of power may take what was only written (`sync: "process"` makes no promise there, and the runs lose no power then). */
  readonly endedAt: number;
}

/** Answers what is wrong, one line each. */
export type Check = (facts: Facts) => readonly string[];

/** An interval; `to` is undefined where it has no end. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Whether an instant lies in one of these. */
export function within(at: number, spans: readonly Span[]): boolean {
  return spans.some(({ from, to }) => at >= from && at <= to);
}

/** Times in which the disk, or the whole process, may have been behind. */
export function heldUp({ faults, truth }: Facts): readonly Span[] {
  const spans: Span[] = truth.stops.map(({ from, to }) => ({ from: from - 1_000, to: to + 5_000 }));
  for (const { kind, at, lastsMs } of faults) {
    if (kind.startsWith("disk")) spans.push({ from: at - 1_000, to: at + lastsMs + 10_000 });
  }
  return spans;
}

/** Seconds, for people. */
export function at(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}
