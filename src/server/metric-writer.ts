/** Figures that are known elsewhere, written into Prometheus instruments. */
import type { Registry } from "prom-client";
import { Counter, Gauge } from "prom-client";

/** Writes values into instruments that it makes at first use; counters are set, not added to. */
export interface MetricWriter {
  gauge(name: string, help: string, value: number | undefined, labels?: Readonly<Record<string, string>>): void;
  counter(name: string, help: string, value: number, labels?: Readonly<Record<string, string>>): void;
}

/** A writer into `registry`; `begin` forgets the values of the reading before. */
export function createMetricWriter(registry: Registry): MetricWriter & { begin(): void } {
  const gauges = new Map<string, Gauge>();
  const counters = new Map<string, Counter>();
  return {
    /** Label sets that are gone (a closed connection, an idle class) must not be told for ever. */
    begin() {
      for (const metric of [...gauges.values(), ...counters.values()]) metric.reset();
    },
    gauge(name, help, value, labels = {}) {
      if (value === undefined) return;
      let gauge = gauges.get(name);
      if (gauge === undefined) {
        gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] });
        gauges.set(name, gauge);
      }
      gauge.set(labels, value);
    },
    counter(name, help, value, labels = {}) {
      let counter = counters.get(name);
      if (counter === undefined) {
        counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] });
        counters.set(name, counter);
      }
      counter.inc(labels, value);
    },
  };
}
