/** The demo without a terminal: one readable line a second. */
import type { ServiceStatus } from "../../ports/service.ts";
import { count, duration, printable } from "../text.ts";
import type { Verdict } from "./judge.ts";
import { clock } from "./view.ts";

/** What is known each second. */
export interface DemoSecond {
  readonly status: ServiceStatus;
  readonly verdict: Verdict;
  readonly elapsedMs: number;
  /** Events received in this second. */
  readonly perSecond: number;
}

/** `00:12  40 events/s | critical 42 done, 0 waiting, p99 1.8 ms | ... | main live | 3 under way, 0 out of order`. */
export function progressLine({ status, verdict, elapsedMs, perSecond }: DemoSecond): string {
  const classes = status.classes.map(({ name, delivered, waiting, waitMs }) => {
    const wait = waitMs.count === 0 ? "" : `, p99 ${duration(waitMs.p99)}`;
    return `${printable(name)} ${count(delivered)} done, ${count(waiting)} waiting${wait}`;
  });
  const sources = status.sources
    .filter(({ type }) => type !== "http")
    .map(
      ({ name, state, reason }) =>
        `${printable(name)} ${state}${reason === undefined ? "" : ` (${printable(reason)})`}`,
    );
  const ledger = `${count(verdict.outstanding)} under way, ${count(verdict.orderViolations)} out of order`;
  return `${clock(elapsedMs)}  ${[`${count(perSecond)} events/s`, ...classes, ...sources, ledger].join(" | ")}`;
}
