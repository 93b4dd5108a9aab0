/** Figures of the sources for Prometheus. */
import type { ServiceStatus, SourceReport } from "../ports/service.ts";
import type { MetricWriter } from "./metric-writer.ts";

const SOURCE_STATES = ["starting", "live", "degraded", "waiting", "refused", "closed"] as const;

/** Writes the sources of a status. */
export function writeSourceMetrics(to: MetricWriter, { sources, now }: ServiceStatus): void {
  for (const report of sources) {
    const source = report.name;
    for (const state of SOURCE_STATES) {
      to.gauge("ringfirst_source_state", "1 for the state that a source is in.", report.state === state ? 1 : 0, {
        source,
        type: report.type,
        state,
      });
    }
    to.counter("ringfirst_source_received_total", "Events of a source.", report.received, { source });
    to.counter("ringfirst_source_malformed_total", "Frames that did not parse.", report.malformed, { source });
    to.gauge("ringfirst_source_paused", "1 while a source is held back.", report.paused ? 1 : 0, { source });
    const silentMs = report.lastEventAt === undefined ? undefined : Math.max(0, now - report.lastEventAt);
    const silent = silentMs === undefined ? undefined : silentMs / 1_000;
    to.gauge("ringfirst_source_silent_seconds", "Time since the last event of a source.", silent, { source });
    to.gauge("ringfirst_source_rejected_topics", "Topics that the provider refused.", report.rejectedTopics.length, {
      source,
    });
    for (const [state, connections] of Map.groupBy(report.connections, (connection) => connection.state)) {
      to.gauge("ringfirst_source_connections", "Connections of a source by state.", connections.length, {
        source,
        state,
      });
    }
    const past = report.retired?.reconnects ?? 0;
    const reconnects = report.connections.reduce((sum, connection) => sum + connection.reconnects, past);
    to.counter("ringfirst_source_reconnects_total", "Reconnects of a source's connections.", reconnects, { source });
    const quiet = report.connections.filter(({ tooQuiet }) => tooQuiet === true).length;
    const tooQuiet = "Connections on which nothing but signs of life comes, for longer than is usual at this hour.";
    to.gauge("ringfirst_source_too_quiet", tooQuiet, quiet, { source });
    writeOverlaps(to, report);
    writeRivals(to, report);
    writeHeadroom(to, report, now);
    writeReconciliation(to, report);
  }
}

/** What a source asks for after gaps, where it asks. */
function writeReconciliation(to: MetricWriter, { name: source, reconciliation }: SourceReport): void {
  if (reconciliation === undefined) return;
  const { handedOn, unchanged, behind, failed } = reconciliation;
  const results = { handed_on: handedOn, unchanged, behind, failed };
  for (const [result, value] of Object.entries(results)) {
    const help = "States asked for after gaps: handed on, nothing new, older than live events; questions that failed.";
    to.counter("ringfirst_source_reconciled_total", help, value, { source, result });
  }
}

function writeOverlaps(to: MetricWriter, { name: source, connections, retired }: SourceReport): void {
  const overlaps = [...connections, ...(retired === undefined ? [] : [retired])].flatMap((one) => one.overlaps ?? []);
  if (overlaps.length === 0) return;
  const sum = (of: "count" | "folded" | "ms"): number => overlaps.reduce((total, one) => total + one[of], 0);
  const moves = "Times in which a successor delivered before the old socket went.";
  to.counter("ringfirst_source_overlaps_total", moves, sum("count"), { source });
  to.counter("ringfirst_source_overlap_seconds_total", "How long these took.", sum("ms") / 1_000, { source });
  const folded = "Events that both sockets carried, handed on once.";
  to.counter("ringfirst_source_folded_total", folded, sum("folded"), { source });
}

function writeRivals(to: MetricWriter, { name: source, rivals }: SourceReport): void {
  if (rivals === undefined) return;
  const help = "Signs of others on the same OAuth client or channel: evictions, takeovers, displacements.";
  for (const [sign, { count }] of Object.entries(rivals)) {
    to.counter("ringfirst_source_rivals_total", help, count, { source, sign });
  }
}

/** What a source uses of its provider's limits, where it has some. */
function writeHeadroom(to: MetricWriter, { name: source, headroom }: SourceReport, now: number): void {
  if (headroom === undefined) return;
  const { wanted, planned, noRoom, rejected, channels, requests } = headroom;
  const topics = { wanted, planned, no_room: noRoom, rejected };
  for (const [state, value] of Object.entries(topics)) {
    const help = "Topics: wanted, with a place on a channel, without room for one, refused by the provider.";
    to.gauge("ringfirst_source_topics", help, value, { source, state });
  }
  const inUse = "Channels of the OAuth client in use, by whose they are.";
  to.gauge("ringfirst_source_channels", inUse, channels.own, { source, of: "own" });
  to.gauge("ringfirst_source_channels", inUse, channels.others, { source, of: "others" });
  to.gauge("ringfirst_source_channels_limit", "Channels that an OAuth client may have.", channels.limit, { source });
  const left = "So many topics fit before there is no room for more.";
  to.gauge("ringfirst_source_topics_until_limit", left, headroom.topicsUntilLimit, { source });
  const next = "So many topics fit before one more channel is needed.";
  to.gauge("ringfirst_source_topics_until_next_channel", next, headroom.topicsUntilNextChannel, { source });
  to.gauge("ringfirst_source_requests_left", "Requests left in the client's window.", requests.left, { source });
  to.gauge("ringfirst_source_requests_allowed", "Requests in the client's window.", requests.allowed, { source });
  const age = headroom.lookedUpAt === undefined ? undefined : Math.max(0, now - headroom.lookedUpAt) / 1_000;
  to.gauge("ringfirst_source_looked_up_seconds", "Since people and queues were last looked up.", age, { source });
}
