import { describe, expect, test } from "vitest";
import { sampleStatus } from "../../support/fake-service.ts";
import { serve, TOKEN } from "./serve.ts";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A strict reader of the text format 0.0.4. */
function parse(text: string): { samples: Sample[]; help: Map<string, string>; types: Map<string, string> } {
  const samples: Sample[] = [];
  const help = new Map<string, string>();
  const types = new Map<string, string>();
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = "", rest = ""] = comment;
      const into = kind === "HELP" ? help : types;
      expect(into.has(name)).toBe(false);
      into.set(name, rest);
      continue;
    }
    const sample =
      /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[\d.]+(?:e[+-]?\d+)?|Nan|[+-]Inf)$/.exec(
        line,
      );
    expect(sample, line).not.toBeNull();
    const labels: Record<string, string> = {};
    for (const [, label = "", value = ""] of (sample?.[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[label] = value;
    samples.push({ name: sample?.[1] ?? "", labels, value: Number(sample?.[3]) });
  }
  return { samples, help, types };
}

describe("/metrics", () => {
  test("is text that Prometheus reads; every metric has a help and a type, ours begin with ringfirst_", async () => {
    const { ask } = await serve({}, { processMetrics: true });
    const answer = await ask({ path: "/metrics" });
    expect(answer.headers["content-type"]).toContain("text/plain; version=0.0.4");
    const { samples, help, types } = parse(answer.text);
    expect(samples.length).toBeGreaterThan(80);
    for (const { name } of samples) {
      const base = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
      expect([name, types.has(base), help.has(base)]).toEqual([name, true, true]);
      expect(name).toMatch(/^(ringfirst|process|nodejs)_/);
      if (name.startsWith("ringfirst_"))
        expect([name, types.get(name)]).toEqual([name, name.endsWith("_total") ? "counter" : "gauge"]);
    }
    expect(new Set(samples.map(({ name, labels }) => JSON.stringify([name, labels]))).size).toBe(samples.length);
    for (const name of [
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
      "nodejs_eventloop_lag_p99_seconds",
    ]) {
      expect(types.has(name)).toBe(true);
    }
  });

  test("tells the figures of the status", async () => {
    const { ask } = await serve();
    const { samples } = parse((await ask({ path: "/metrics" })).text);
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
      )?.value;
    expect(value("ringfirst_info", { version: "0.0.0-test", store: "memory", durability: "none" })).toBe(1);
    expect(value("ringfirst_ready")).toBe(1);
    expect(value("ringfirst_intake_received_total")).toBe(11);
    expect(value("ringfirst_intake_results_total", { result: "duplicate" })).toBe(14);
    expect(value("ringfirst_intake_results_total", { result: "too_large" })).toBe(16);
    expect(value("ringfirst_class_waiting", { class: "standard" })).toBe(31);
    expect(value("ringfirst_class_oldest_waiting_seconds", { class: "critical" })).toBe(2.4);
    expect(value("ringfirst_class_oldest_waiting_seconds", { class: "standard" })).toBe(0);
    expect(value("ringfirst_class_wait_seconds", { class: "critical", quantile: "0.99" })).toBe(2.5);
    expect(value("ringfirst_class_waits_total", { class: "critical" })).toBe(25);
    expect(value("ringfirst_source_state", { source: 'gate\\"way\\n', state: "live" })).toBe(1);
    expect(value("ringfirst_source_state", { source: 'gate\\"way\\n', state: "refused" })).toBe(0);
    expect(value("ringfirst_source_malformed_total")).toBe(42);
    expect(value("ringfirst_source_silent_seconds")).toBe(1);
    expect(value("ringfirst_source_reconnects_total")).toBe(3);
    expect(value("ringfirst_source_topics", { state: "no_room" })).toBe(73);
    expect(value("ringfirst_source_topics", { state: "rejected" })).toBe(74);
    expect(value("ringfirst_source_channels", { of: "others" })).toBe(76);
    expect(value("ringfirst_source_topics_until_limit")).toBe(79);
    expect(value("ringfirst_source_requests_left")).toBe(80);
    expect(value("ringfirst_source_looked_up_seconds")).toBe(3);
    expect(value("ringfirst_sink_ended_total", { sink: "log", class: "critical", result: "shed" })).toBe(105);
    expect(value("ringfirst_sink_ended_total", { sink: "log", class: "standard", result: "acked" })).toBe(202);
    expect(value("ringfirst_sink_dead_letters", { sink: "log", class: "critical" })).toBe(108);
    expect(value("ringfirst_sink_last_failure_seconds", { sink: "log" })).toBe(10);
    expect(value("ringfirst_gaps_open")).toBe(1);
    expect(value("ringfirst_gaps_asking")).toBe(2);
    expect(value("ringfirst_gaps_settled_total", { outcome: "repaired" })).toBe(3);
    expect(value("ringfirst_gap_ledger_failing")).toBe(0);
    expect(value("ringfirst_rule_matches_total", { rule: "ringing" })).toBe(61);
  });

  test("what retired connections counted goes on counting, where none is left too", async () => {
    const first = sampleStatus();
    const retired = { reconnects: 4, overlaps: { count: 5, ms: 6_000, folded: 7 } };
    const [source] = first.sources;
    if (source === undefined) throw new Error("the sample has no source");
    const status = { ...first, sources: [{ ...source, retired }] };
    const { ask } = await serve({ status });
    const read = async () => {
      const { samples } = parse((await ask({ path: "/metrics" })).text);
      const names = ["reconnects_total", "overlaps_total", "overlap_seconds_total", "folded_total"];
      return names.map((name) => samples.find((sample) => sample.name === `ringfirst_source_${name}`)?.value);
    };
    expect(await read()).toEqual([7, 5, 6, 7]);
    status.sources = [{ ...source, retired, connections: [] }];
    expect(await read()).toEqual([4, 5, 6, 7]);
  });

  test("a second scrape tells totals, not sums of scrapes, and forgets labels that are gone", async () => {
    const first = sampleStatus();
    const status = { ...first };
    const { ask } = await serve({ status });
    await ask({ path: "/metrics" });
    status.sinks = [];
    const [left, right] = await Promise.all([ask({ path: "/metrics" }), ask({ path: "/metrics" })]);
    for (const answer of [left, right]) {
      const { samples } = parse(answer.text);
      expect(samples.find(({ name }) => name === "ringfirst_intake_received_total")?.value).toBe(11);
      expect(samples.filter(({ name }) => name.startsWith("ringfirst_sink_"))).toEqual([]);
    }
  });

  test("counts answers by route, never by what callers make up", async () => {
    const { ask, askBare } = await serve();
    await ask({ path: "/api/status" });
    await ask({ method: "POST", path: "/api/sinks/canary-name/pause" });
    await askBare({ path: "/canary-path" });
    await ask({ method: "PROPFIND", path: "/api/status" });
    const { text } = await ask({ path: "/metrics" });
    expect(text).toContain('ringfirst_http_requests_total{method="GET",route="/api/status",status="200"} 1');
    expect(text).toContain(
      'ringfirst_http_requests_total{method="POST",route="/api/sinks/:name/pause",status="404"} 1',
    );
    expect(text).toContain('ringfirst_http_requests_total{method="GET",route="none",status="401"} 1');
    expect(text).toContain('ringfirst_http_requests_total{method="other",route="/api/status",status="405"} 1');
    expect(text).not.toContain("canary");
    expect(text).not.toContain(TOKEN);
  });
});
