/** The whole service in one answer, put together from what each room knows. Nothing here changes anything. */
import type { ClassReport, ServiceStatus, SinkReport, SourceReport } from "../ports/service.ts";
import type { Sink } from "../ports/sink.ts";
import type { Source } from "../ports/source.ts";
import type { ClassStats, StoreDriver, StoreStats } from "../ports/store.ts";
import type { DeliveryMeter } from "./delivery-meter.ts";
import type { GapLedger } from "./gaps.ts";
import type { Ingest } from "./ingest.ts";

/** What is counted for one source, next to what it says itself. */
export interface SourceTally {
  readonly source: Source;
  received: number;
  malformed: number;
  lastEventAt: number | undefined;
  paused: boolean;
}

/** One sink as far as status needs it. */
export interface SinkTally {
  readonly name: string;
  readonly type: string;
  readonly concurrency: number;
  readonly paused: boolean;
  trouble?(): string | undefined;
}

/** Where the parts of a status come from. */
export interface StatusInputs {
  readonly version: string;
  readonly state: ServiceStatus["state"];
  readonly startedAt: number;
  readonly now: number;
  readonly classNames: readonly string[];
  readonly ruleNames: readonly string[];
  readonly sources: readonly SourceTally[];
  readonly sinks: readonly SinkTally[];
  readonly driver: StoreDriver;
  readonly queue: { readonly trouble: string | undefined };
  readonly stats: StoreStats;
  readonly ingest: Ingest;
  readonly meter: DeliveryMeter;
  readonly gaps: GapLedger;
  readonly pressure: ServiceStatus["pressure"];
}

/** The answer of `GET /api/status`. */
export function composeStatus(inputs: StatusInputs): ServiceStatus {
  const { version, state, startedAt, now, classNames, stats, meter, driver } = inputs;
  const reasons = unreadyReasons(state, inputs.sources, inputs.sinks, inputs.ingest, inputs.queue);
  return {
    version,
    state,
    ready: reasons.length === 0,
    notReady: reasons,
    startedAt,
    now,
    intake: intakeReport(inputs),
    classes: classNames.map((name) => classReport(name, stats, meter, now)),
    sources: inputs.sources.map(sourceReport),
    sinks: inputs.sinks.map((sink) => sinkReport(sink, stats, meter)),
    store: {
      name: driver.name,
      durability: driver.durability,
      payloadBytes: stats.payloadBytes,
      dedupIds: stats.dedupIds,
      unrouted: stats.unrouted,
      lastSeq: stats.lastSeq,
      trouble: inputs.queue.trouble,
      removedSinks: removedSinks(stats),
    },
    pressure: inputs.pressure,
    gaps: inputs.gaps.summary(),
    rules: ruleReports(inputs),
    recentCritical: meter.recentCritical(),
  };
}

/** Why a service does not do its whole work at the moment, one line each; empty: it is ready. */
export function unreadyReasons(
  state: ServiceStatus["state"],
  sources: readonly SourceTally[],
  sinks: readonly Pick<Sink, "name" | "trouble">[],
  ingest: Pick<Ingest, "trouble">,
  queue: { readonly trouble: string | undefined },
): readonly string[] {
  if (state !== "running") return [`the service is ${state}`];
  const storeTrouble = queue.trouble ?? ingest.trouble;
  const reasons = storeTrouble === undefined ? [] : [storeTrouble];
  for (const sink of sinks) {
    const trouble = sink.trouble?.();
    if (trouble !== undefined) reasons.push(`${sink.name}: ${trouble}`);
  }
  for (const { source } of sources) {
    const status = source.status();
    // Degraded is not enough: what comes on the other connections is missed at this moment.
    if (status.state !== "live")
      reasons.push(`${source.name}: ${status.state}${status.reason === undefined ? "" : `: ${status.reason}`}`);
  }
  return reasons;
}

function intakeReport({ ingest, sources }: StatusInputs): ServiceStatus["intake"] {
  const { received, derived, admitted, coalesced, duplicates, full, tooLarge, ruleErrors } = ingest.counters;
  const malformed = sources.reduce((sum, tally) => sum + tally.malformed, 0);
  const pending = ingest.pendingCount;
  return { received, derived, admitted, coalesced, duplicates, full, tooLarge, malformed, ruleErrors, pending };
}

function classReport(name: string, stats: StoreStats, meter: DeliveryMeter, now: number): ClassReport {
  let waiting = 0;
  let inFlight = 0;
  let oldest: number | undefined;
  for (const sink of Object.values(stats.sinks)) {
    const own: ClassStats | undefined = sink.classes[name];
    if (own === undefined) continue;
    waiting += own.waiting;
    inFlight += own.inFlight;
    if (own.oldestAdmittedAt !== undefined) oldest = Math.min(oldest ?? Infinity, own.oldestAdmittedAt);
  }
  const oldestWaitingMs = oldest === undefined ? undefined : Math.max(0, now - oldest);
  return { name, waiting, inFlight, delivered: meter.delivered(name), oldestWaitingMs, waitMs: meter.waits(name) };
}

function sourceReport({ source, received, malformed, lastEventAt, paused }: SourceTally): SourceReport {
  return { name: source.name, type: source.type, ...source.status(), received, malformed, lastEventAt, paused };
}

function sinkReport(sink: SinkTally, stats: StoreStats, meter: DeliveryMeter): SinkReport {
  const { name, type, concurrency, paused } = sink;
  const queue = stats.sinks[name];
  if (queue === undefined) throw new TypeError(`the store knows no sink ${name}`);
  return { name, type, paused, concurrency, queue, lastFailure: meter.lastFailure(name) };
}

function removedSinks({ sinks }: StoreStats): { readonly name: string; readonly events: number }[] {
  return Object.entries(sinks).flatMap(([name, { removed, dead }]) =>
    removed === true ? [{ name, events: dead }] : [],
  );
}

function ruleReports({ ruleNames, ingest }: StatusInputs): ServiceStatus["rules"] {
  const { rules } = ingest.counters;
  const reports = ruleNames.map((name, index) => ({ name, matched: rules[index + 1] ?? 0 }));
  return [...reports, { name: "(no rule)", matched: rules[0] ?? 0 }];
}
