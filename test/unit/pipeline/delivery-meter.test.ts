import { expect, test } from "vitest";
import { ACK, retry } from "../../../src/core/outcome.ts";
import { encodeEventRecord } from "../../../src/core/event-record.ts";
import { createDeliveryMeter } from "../../../src/pipeline/delivery-meter.ts";
import type { ClaimedEnvelope } from "../../../src/ports/store.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

const envelope = (className: string, waitedMs: number, attempt = 1): ClaimedEnvelope => ({
  token: 1,
  seq: 1,
  id: `e-${waitedMs}`,
  class: className,
  laneClass: "critical",
  key: "c1",
  attempt,
  redriven: 0,
  waitedMs,
  replaced: 0,
  payload: encodeEventRecord({
    source: "main",
    topic: "v2.routing.queues.q1.conversations",
    type: "",
    origin: "live",
    encoding: "json",
    receivedAt: 1,
    correlationId: "",
    body: new TextEncoder().encode("{}"),
  }),
});

test("waits are kept by the event's own class, to the microsecond, first hand-overs only", () => {
  const meter = createDeliveryMeter(createFakeClock(), "critical");
  for (let at = 1; at <= 100; at += 1) meter.handedOver("crm", envelope("critical", at / 10));
  meter.handedOver("crm", envelope("critical", 60_000, 2));
  meter.handedOver("crm", envelope("standard", 500));
  const waits = meter.waits("critical");
  expect(waits.count).toBe(100);
  expect(waits.p50).toBeCloseTo(5, 1);
  expect(waits.p99).toBeCloseTo(9.9, 1);
  expect(waits.max).toBeCloseTo(10, 1);
  expect(meter.waits("high")).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
});

test("delivered counts acks; the last failure of a sink and the last critical events are remembered", () => {
  const clock = createFakeClock(5_000);
  const meter = createDeliveryMeter(clock, "critical");
  meter.settled("crm", envelope("standard", 1), ACK);
  meter.settled("crm", envelope("critical", 2), retry("503"));
  for (let at = 0; at < 12; at += 1) meter.settled("log", envelope("critical", at), ACK);
  expect([meter.delivered("critical"), meter.delivered("standard"), meter.delivered("high")]).toEqual([12, 1, 0]);
  expect(meter.lastFailure("crm")).toEqual({ at: 5_000, cause: "503" });
  expect(meter.lastFailure("log")).toBeUndefined();
  const recent = meter.recentCritical();
  expect(recent.length).toBe(10);
  expect(recent[0]).toEqual({
    id: "e-11",
    topic: "v2.routing.queues.q1.conversations",
    key: "c1",
    sink: "log",
    waitedMs: 11,
    at: 5_000,
    result: "ack",
  });
});
