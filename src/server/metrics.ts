/**
 * `/metrics` for Prometheus. Nothing is counted here per event: on each scrape the figures of {@link Service.status} are
 * written into instruments of a registry of our own, so a scrape costs what a status costs and the line costs nothing.
 * Scrapes at the same time share one reading.
 */
import { collectDefaultMetrics, Counter, Registry } from "prom-client";
import type { Service, ServiceStatus } from "../ports/service.ts";
import type { MetricWriter } from "./metric-writer.ts";
import { createMetricWriter } from "./metric-writer.ts";
import { writeQueueMetrics } from "./queue-metrics.ts";
import { writeSourceMetrics } from "./source-metrics.ts";

/** The registry behind `/metrics`. */
export interface Metrics {
  readonly contentType: string;
  /** The exposition text. */
  scrape(): Promise<string>;
  /** Counts one answer of the HTTP server. */
  answered(method: string, route: string, status: number): void;
}

/** What {@link createMetrics} takes. */
export interface MetricsOptions {
  readonly service: Service;
  /** CPU, memory, event loop, garbage collection of the process. */
  readonly processMetrics: boolean;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Metrics of one service. */
export function createMetrics({ service, processMetrics }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "ringfirst_http_requests_total",
    help: "Answers of the HTTP server.",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const writer = createMetricWriter(registry);
  let running: Promise<string> | undefined;

  const scrape = async (): Promise<string> => {
    const status = await service.status();
    writer.begin();
    writeServiceMetrics(writer, status);
    writeQueueMetrics(writer, status);
    return registry.metrics();
  };

  return {
    contentType: registry.contentType,
    scrape() {
      running ??= scrape().finally(() => {
        running = undefined;
      });
      return running;
    },
    answered(method, route, status) {
      requests.inc({ method: METHODS.has(method) ? method : "other", route, status: String(status) });
    },
  };
}

const INTAKE_RESULTS = [
  ["admitted", "admitted"],
  ["coalesced", "coalesced"],
  ["duplicates", "duplicate"],
  ["full", "full"],
  ["tooLarge", "too_large"],
] as const;

function writeServiceMetrics(to: MetricWriter, status: ServiceStatus): void {
  const { intake, store, pressure, gaps } = status;
  to.gauge("ringfirst_info", "Version and store of the running service; always 1.", 1, {
    version: status.version,
    store: store.name,
    durability: store.durability,
  });
  to.gauge("ringfirst_ready", "1 while the service is ready, else 0.", status.ready ? 1 : 0);
  to.gauge("ringfirst_start_time_seconds", "When the service was started, Unix time.", status.startedAt / 1_000);
  to.counter("ringfirst_intake_received_total", "Events given to intake.", intake.received);
  for (const [field, result] of INTAKE_RESULTS) {
    to.counter("ringfirst_intake_results_total", "Events by what intake answered.", intake[field], { result });
  }
  to.gauge("ringfirst_intake_pending", "Events received and not yet admitted.", intake.pending);
  to.counter(
    "ringfirst_rule_errors_total",
    "Rule expressions that threw; such a rule does not match.",
    intake.ruleErrors,
  );
  for (const { name, matched } of status.rules) {
    to.counter("ringfirst_rule_matches_total", "Events that a rule classified.", matched, { rule: name });
  }
  to.gauge("ringfirst_store_payload_bytes", "Bytes of payloads in the store, each counted once.", store.payloadBytes);
  to.gauge("ringfirst_store_dedup_ids", "Ids in the dedup window.", store.dedupIds);
  to.gauge("ringfirst_store_last_seq", "The highest arrival number given.", store.lastSeq);
  to.counter("ringfirst_unrouted_total", "Events that no sink wanted.", store.unrouted);
  to.gauge("ringfirst_pressure_level", "Fill of the fullest work queue, 0 to 1.", pressure.level);
  to.gauge("ringfirst_pressure_holding", "1 while sources that can wait are held back.", pressure.holding ? 1 : 0);
  to.gauge("ringfirst_gaps_open", "Intervals of possible loss that have not ended.", gaps.open);
  to.gauge("ringfirst_gaps_asking", "Ended intervals of possible loss whose state is being asked for.", gaps.asking);
  to.counter("ringfirst_gaps_total", "Intervals of possible loss, as far back as the ledger is kept.", gaps.total);
  for (const [outcome, value] of Object.entries(gaps.outcomes)) {
    to.counter("ringfirst_gaps_settled_total", "Intervals of possible loss by outcome, since the start.", value, {
      outcome,
    });
  }
  const kept = gaps.trouble === undefined ? 0 : 1;
  to.gauge("ringfirst_gap_ledger_failing", "1 while the gap ledger can't be kept on disk.", kept);
  writeSourceMetrics(to, status);
}
