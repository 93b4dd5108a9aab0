/** A status as lines of text. */
import type { GapRecord } from "../../core/gap.ts";
import type { ServiceStatus, SinkReport, SourceReport } from "../../ports/service.ts";
import { table, type Column } from "../table.ts";
import { headroomLines } from "./headroom.ts";
import { reconciliationLines } from "./reconciliation.ts";
import { count, duration, type Paint, printable } from "../text.ts";

/** The whole answer for people. */
export function statusLines(status: ServiceStatus, paint: Paint): string[] {
  return [
    ...headLines(status, paint),
    "",
    ...classTable(status, paint),
    "",
    ...sourceTable(status.sources, status.now, paint),
    ...status.sources.flatMap((source) => [
      ...headroomLines(source, status.now, paint),
      ...reconciliationLines(source, paint),
    ]),
    "",
    ...sinkTable(status.sinks, paint),
    ...gapLines(status, paint),
  ];
}

function headLines(status: ServiceStatus, paint: Paint): string[] {
  const { version, state, ready, notReady, startedAt, now, intake, store } = status;
  const word = ready ? paint("green", "ready") : paint("yellow", "not ready");
  return [
    `${paint("bold", "ringfirst")} ${version}  ${state}, ${word}, up for ${duration(now - startedAt)}`,
    ...notReady.map((reason) => paint("yellow", `  ${printable(reason)}`)),
    `${count(intake.received)} received, ${count(intake.admitted + intake.coalesced)} admitted, ${count(intake.duplicates)} duplicates, ` +
      `${count(intake.full + intake.tooLarge)} refused, ${count(intake.malformed)} malformed; store ${store.name}, ${bytes(store.payloadBytes)}`,
    ...(store.removedSinks ?? []).map(({ name, events }) => {
      const what = `${count(events)} events of sink ${printable(name)}, which is not configured any more`;
      return paint("yellow", `${what}: kept as its dead letters until they are discarded`);
    }),
  ];
}

function classTable({ classes }: ServiceStatus, paint: Paint): string[] {
  const rows = classes.map(({ name, waiting, inFlight, delivered, waitMs, oldestWaitingMs }) => [
    printable(name),
    count(waiting),
    count(inFlight),
    count(delivered),
    waitMs.count === 0 ? "-" : duration(waitMs.p50),
    waitMs.count === 0 ? "-" : duration(waitMs.p99),
    duration(oldestWaitingMs),
  ]);
  return table(titles(paint, "CLASS", ["WAITING", "IN FLIGHT", "DELIVERED", "P50 WAIT", "P99 WAIT", "OLDEST"]), rows);
}

function sourceTable(sources: readonly SourceReport[], now: number, paint: Paint): string[] {
  const rows = sources.map((source) => {
    const topics = source.connections.reduce((sum, one) => sum + one.topicCount, 0);
    const last = source.lastEventAt === undefined ? "never" : `${duration(Math.max(0, now - source.lastEventAt))} ago`;
    const trouble =
      source.reason ?? (source.rejectedTopics.length > 0 ? `${source.rejectedTopics.length} topics refused` : "");
    const state = source.state === "live" ? paint("green", source.state) : paint("yellow", source.state);
    return [
      printable(source.name),
      state,
      count(source.connections.length),
      count(topics),
      count(source.received),
      last,
      printable(trouble),
    ];
  });
  const columns = titles(paint, "SOURCE", []).concat(
    titles(paint, "STATE", ["CONNECTIONS", "TOPICS", "RECEIVED", "LAST EVENT"]),
    { title: "" },
  );
  return table(columns, rows);
}

function sinkTable(sinks: readonly SinkReport[], paint: Paint): string[] {
  const rows = sinks.map(({ name, type, paused, queue, lastFailure }) => [
    printable(name),
    paused ? paint("yellow", `${type}, paused`) : type,
    count(queue.waiting),
    count(queue.inFlight),
    count(queue.acked),
    count(queue.retried),
    count(queue.dead),
    lastFailure === undefined ? "" : printable(`last failure: ${lastFailure.cause}`),
  ]);
  const columns = titles(paint, "SINK", []).concat(
    titles(paint, "TYPE", ["WAITING", "IN FLIGHT", "DELIVERED", "RETRIED", "DEAD"]),
    { title: "" },
  );
  return table(columns, rows);
}

function gapLines({ gaps, now }: ServiceStatus, paint: Paint): string[] {
  if (gaps.total === 0) return [];
  const lines = gaps.recent.slice(-5).map((gap) => `  ${gapText(gap, now)}`);
  const asking = gaps.asking > 0 ? `, ${count(gaps.asking)} being asked about` : "";
  const trouble = gaps.trouble === undefined ? [] : [paint("yellow", `  ${printable(gaps.trouble)}`)];
  return [
    "",
    paint("dim", `GAPS  ${count(gaps.total)} in all, ${count(gaps.open)} open${asking}`),
    ...trouble,
    ...lines,
  ];
}

function gapText({ source, cause, from, to, state }: GapRecord, now: number): string {
  const length = to === undefined ? `open for ${duration(now - from)}` : `${duration(to - from)}, ${state}`;
  return `${new Date(from).toISOString()}  ${printable(source)}  ${length}  ${printable(cause)}`;
}

function titles(paint: Paint, first: string, numbers: readonly string[]): Column[] {
  return [
    { title: paint("dim", first) },
    ...numbers.map((title): Column => ({ title: paint("dim", title), align: "right" })),
  ];
}

function bytes(value: number): string {
  if (value < 1_024) return `${value} B`;
  if (value < 1_048_576) return `${(value / 1_024).toFixed(0)} KiB`;
  return `${(value / 1_048_576).toFixed(1)} MiB`;
}
