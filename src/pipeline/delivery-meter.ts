/** What the line has delivered so far: waits per class, the last failure per sink, the last critical events. */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { Outcome } from "../core/outcome.ts";
import type { CriticalGlimpse, SinkReport, WaitSummary } from "../ports/service.ts";
import type { ClaimedEnvelope } from "../ports/store.ts";
import { parseEventRecord } from "../core/event-record.ts";
import type { Clock } from "../ports/clock.ts";

/** Critical events remembered for people who watch. */
const GLIMPSES = 10;
/** Waits are recorded in whole microseconds, from 1. */
const MICROS = 1_000;

/** Counts hand-overs and their ends. */
export interface DeliveryMeter {
  handedOver(sink: string, envelope: ClaimedEnvelope): void;
  settled(sink: string, envelope: ClaimedEnvelope, outcome: Outcome): void;
  /** First hand-overs of one class, by the event's own class. */
  waits(className: string): WaitSummary;
  delivered(className: string): number;
  lastFailure(sink: string): SinkReport["lastFailure"];
  /** Newest first. */
  recentCritical(): readonly CriticalGlimpse[];
}

interface ClassMeter {
  delivered: number;
  readonly waits: RecordableHistogram;
}

/** Kept as it came; read only when somebody looks. */
interface Glimpse {
  readonly sink: string;
  readonly envelope: ClaimedEnvelope;
  readonly result: Outcome["result"];
  readonly at: number;
}

/** A meter at zero; `topClass` is the class whose events are remembered one by one. */
export function createDeliveryMeter(clock: Clock, topClass: string): DeliveryMeter {
  const classes = new Map<string, ClassMeter>();
  const failures = new Map<string, NonNullable<SinkReport["lastFailure"]>>();
  const glimpses: Glimpse[] = [];

  const meterOf = (className: string): ClassMeter => {
    let meter = classes.get(className);
    if (meter === undefined) {
      meter = { delivered: 0, waits: createHistogram() };
      classes.set(className, meter);
    }
    return meter;
  };

  const remember = (sink: string, envelope: ClaimedEnvelope, outcome: Outcome): void => {
    glimpses.unshift({ sink, envelope, result: outcome.result, at: clock.now() });
    if (glimpses.length > GLIMPSES) glimpses.pop();
  };

  return {
    handedOver(_sink, envelope) {
      // Only the first hand-over says how long urgency had to wait; later ones wait on purpose.
      if (envelope.attempt > 1 || envelope.redriven > 0) return;
      meterOf(envelope.class).waits.record(Math.max(1, Math.round(envelope.waitedMs * MICROS)));
    },
    settled(sink, envelope, outcome) {
      if (outcome.result === "ack") meterOf(envelope.class).delivered += 1;
      else failures.set(sink, { at: clock.now(), cause: outcome.cause });
      if (envelope.class === topClass) remember(sink, envelope, outcome);
    },
    waits(className) {
      const waits = classes.get(className)?.waits;
      if (waits === undefined || waits.count === 0) return { count: 0, p50: 0, p99: 0, max: 0 };
      return {
        count: waits.count,
        p50: waits.percentile(50) / MICROS,
        p99: waits.percentile(99) / MICROS,
        max: waits.max / MICROS,
      };
    },
    delivered: (className) => classes.get(className)?.delivered ?? 0,
    lastFailure: (sink) => failures.get(sink),
    recentCritical: () => glimpses.map(toCriticalGlimpse),
  };
}

function toCriticalGlimpse({ sink, envelope, result, at }: Glimpse): CriticalGlimpse {
  const { id, key, waitedMs } = envelope;
  return { id, topic: parseEventRecord(envelope.payload).topic, key, sink, waitedMs, at, result };
}
