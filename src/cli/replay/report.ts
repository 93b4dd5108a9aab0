/** What is said at the end of a replay. */
import type { ServiceStatus } from "../../ports/service.ts";
import type { ReplayReport } from "../../sources/replay.ts";
import { table } from "../table.ts";
import { count, duration, fit, type Paint, printable } from "../text.ts";
import { wrap } from "../wrap.ts";
import type { DryReport } from "./dry.ts";

/** A replay that has ended. */
export interface ReplaySummary {
  readonly events: number;
  readonly wrongLines: number;
  readonly torn: boolean;
  readonly rounds: number;
  readonly ended: ReplayReport["ended"];
  readonly reason: string | undefined;
  readonly tookMs: number;
  /** Events a second. */
  readonly rate: number;
  readonly lateMs: ReplayReport["lateMs"];
  readonly classes: Readonly<
    Record<string, { readonly delivered: number; readonly waitMs: { readonly p50: number; readonly p99: number } }>
  >;
  readonly sinks: Readonly<
    Record<string, { readonly delivered: number; readonly dead: number; readonly left: number }>
  >;
}

/** Columns are cut where the terminal is narrower; undefined: a pipe. */
type Width = number | undefined;

/** The summary of a play. */
export function summarise(report: ReplayReport, status: ServiceStatus, tookMs: number): ReplaySummary {
  const { events, wrongLines, torn, rounds, ended, reason, lateMs } = report;
  return {
    events,
    wrongLines,
    torn,
    rounds,
    ended,
    reason,
    tookMs: Math.round(tookMs),
    rate: tookMs > 0 ? Math.round((events / tookMs) * 1_000) : 0,
    lateMs: lateMs && { mean: rounded(lateMs.mean), max: rounded(lateMs.max) },
    classes: Object.fromEntries(
      status.classes.map(({ name, delivered, waitMs }) => {
        return [name, { delivered, waitMs: { p50: rounded(waitMs.p50), p99: rounded(waitMs.p99) } }];
      }),
    ),
    sinks: Object.fromEntries(
      status.sinks.map(({ name, queue: { acked, dead, waiting, inFlight } }) => {
        return [name, { delivered: acked, dead, left: waiting + inFlight }];
      }),
    ),
  };
}

/** For people. */
export function summaryLines(summary: ReplaySummary, paint: Paint, width: Width): string[] {
  const { events, rounds, ended, reason, tookMs, rate, lateMs, classes, sinks } = summary;
  const times = rounds > 1 ? `, ${count(rounds)} rounds` : "";
  const late =
    lateMs === undefined ? "" : `; late by ${duration(lateMs.mean)} on average, ${duration(lateMs.max)} at most`;
  const early = ended === "closed" ? "; stopped before the end" : "";
  const why = reason === undefined ? "" : `; ${printable(reason)}`;
  return [
    ...wrap(
      `${count(events)} events in ${duration(tookMs)} (${count(rate)} a second${times})${late}${early}${why}`,
      width,
    ),
    ...linesNote(summary, width),
    "",
    ...columns(
      [
        { title: "class" },
        { title: "delivered", align: "right" },
        { title: "wait p50", align: "right" },
        { title: "p99", align: "right" },
      ],
      Object.entries(classes).map(([name, { delivered, waitMs }]) => {
        const waits = delivered === 0 ? ["-", "-"] : [duration(waitMs.p50), duration(waitMs.p99)];
        return [printable(name), count(delivered), ...waits];
      }),
      paint,
      width,
    ),
    "",
    ...columns(
      [
        { title: "sink" },
        { title: "delivered", align: "right" },
        { title: "given up", align: "right" },
        { title: "left", align: "right" },
      ],
      Object.entries(sinks).map(([name, { delivered, dead, left }]) => {
        return [printable(name), count(delivered), count(dead), count(left)];
      }),
      paint,
      width,
    ),
  ];
}

/** For people. */
export function dryLines(report: DryReport, paint: Paint, width: Width): string[] {
  const { events, spanMs, classes, rules, sinks, ruleErrors } = report;
  const section = (title: string, counts: Readonly<Record<string, number>>): string[] => {
    const rows = Object.entries(counts).map(([name, n]) => [
      name === "" ? "(no rule: the last class)" : printable(name),
      count(n),
    ]);
    return ["", ...columns([{ title }, { title: "events", align: "right" }], rows, paint, width)];
  };
  const failed = ruleErrors === 0 ? "" : `; expressions of rules failed ${count(ruleErrors)} times`;
  return [
    ...wrap(`${count(events)} events of ${duration(spanMs)}; nothing was admitted or delivered${failed}`, width),
    ...linesNote(report, width),
    ...section("class", classes),
    ...section("rule", rules),
    ...section("sink", sinks),
  ];
}

function linesNote(
  { wrongLines, torn }: { readonly wrongLines: number; readonly torn: boolean },
  width: Width,
): string[] {
  const wrong =
    wrongLines === 0 ? [] : [`${count(wrongLines)} line${wrongLines === 1 ? " was" : "s were"} no event and left out`];
  return [...wrong, ...(torn ? ["the last line was cut off"] : [])].flatMap((line) => wrap(line, width));
}

function columns(
  titles: Parameters<typeof table>[0],
  rows: readonly (readonly string[])[],
  paint: Paint,
  width: Width,
): string[] {
  return table(titles, rows).map((line, at) => {
    const cut = width === undefined ? line : fit(line, width);
    return at === 0 ? paint("dim", cut) : cut;
  });
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
