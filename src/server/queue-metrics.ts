/** The work queue's share of `/metrics`: per class over all sinks, and per sink and class. */
import type { ServiceStatus, SinkReport } from "../ports/service.ts";
import type { MetricWriter } from "./metric-writer.ts";

const QUANTILES = [
  ["p50", "0.5"],
  ["p99", "0.99"],
  ["max", "1"],
] as const;

/** How an envelope may end; `dead` counts dead letters there are now and so is a gauge. */
const ENDS = ["acked", "expired", "coalesced", "shed", "refused", "discarded"] as const;

/** Writes what the work queue did and holds. */
export function writeQueueMetrics(to: MetricWriter, status: ServiceStatus): void {
  for (const report of status.classes) {
    const labels = { class: report.name };
    to.gauge("ringfirst_class_waiting", "Envelopes that wait, over all sinks.", report.waiting, labels);
    to.gauge("ringfirst_class_in_flight", "Envelopes handed over and not settled.", report.inFlight, labels);
    to.counter("ringfirst_class_delivered_total", "Acknowledged deliveries.", report.delivered, labels);
    const oldest = report.oldestWaitingMs === undefined ? 0 : report.oldestWaitingMs / 1_000;
    to.gauge("ringfirst_class_oldest_waiting_seconds", "Age of the oldest waiting envelope; 0: none.", oldest, labels);
    to.counter(
      "ringfirst_class_waits_total",
      "Hand-overs that the wait quantiles stand on.",
      report.waitMs.count,
      labels,
    );
    for (const [field, quantile] of QUANTILES) {
      to.gauge(
        "ringfirst_class_wait_seconds",
        "From admission to hand-over, since the start, by quantile (1: the longest).",
        report.waitMs[field] / 1_000,
        { ...labels, quantile },
      );
    }
  }
  for (const sink of status.sinks) writeSinkMetrics(to, sink, status.now);
}

function writeSinkMetrics(
  to: MetricWriter,
  { name, type, paused, concurrency, queue, lastFailure }: SinkReport,
  now: number,
): void {
  const labels = { sink: name };
  to.gauge("ringfirst_sink_info", "A sink and its type; always 1.", 1, { sink: name, type });
  to.gauge("ringfirst_sink_paused", "1 while a sink is held back by hand.", paused ? 1 : 0, labels);
  to.gauge("ringfirst_sink_concurrency", "Deliveries at the same time, at most.", concurrency, labels);
  to.gauge("ringfirst_sink_queue_bytes", "Payload bytes waiting and in flight.", queue.bytes, labels);
  to.gauge("ringfirst_sink_lanes", "Lanes with at least one envelope.", queue.lanes, labels);
  to.gauge("ringfirst_sink_backoffs", "Lanes that wait after a failure.", queue.backoffs, labels);
  to.counter("ringfirst_sink_retried_total", "Failed attempts that were put back.", queue.retried, labels);
  to.counter("ringfirst_sink_reclaimed_total", "Leases that ran out.", queue.reclaimed, labels);
  to.counter("ringfirst_sink_redriven_total", "Dead letters given another try.", queue.redriven, labels);
  const sinceFailure = lastFailure === undefined ? undefined : Math.max(0, now - lastFailure.at) / 1_000;
  to.gauge("ringfirst_sink_last_failure_seconds", "Time since the last failed attempt.", sinceFailure, labels);
  for (const [className, stats] of Object.entries(queue.classes)) {
    const own = { sink: name, class: className };
    to.counter("ringfirst_sink_admitted_total", "Envelopes taken in, by own class.", stats.admitted, own);
    to.gauge("ringfirst_sink_waiting", "Envelopes that wait.", stats.waiting, own);
    to.gauge("ringfirst_sink_in_flight", "Envelopes handed over and not settled.", stats.inFlight, own);
    to.gauge("ringfirst_sink_dead_letters", "Dead letters there are now.", stats.dead, own);
    for (const result of ENDS) {
      to.counter("ringfirst_sink_ended_total", "Envelopes by how they ended.", stats[result], { ...own, result });
    }
  }
}
