import { expect, test } from "vitest";
import { createPressureGauge } from "../../../src/pipeline/pressure.ts";
import type { SinkStats, StoreStats } from "../../../src/ports/store.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

const sink = (waiting: number, bytes: number): SinkStats => ({
  admitted: waiting,
  acked: 0,
  expired: 0,
  coalesced: 0,
  shed: 0,
  discarded: 0,
  dead: 0,
  waiting,
  inFlight: 0,
  refused: 0,
  redriven: 0,
  retried: 0,
  reclaimed: 0,
  bytes,
  lanes: 0,
  backoffs: 0,
  classes: {},
});

const stats = (sinks: Record<string, SinkStats>): StoreStats => ({
  sinks,
  admitted: 0,
  duplicates: 0,
  full: 0,
  tooLarge: 0,
  unrouted: 0,
  dedupIds: 0,
  payloadBytes: 0,
  lastSeq: 0,
});

test("pressure holds above the high level, lets go below the low one, and reads by itself only while it holds", async () => {
  const clock = createFakeClock();
  const holds: boolean[] = [];
  let crm = sink(0, 0);
  const limits = new Map([
    ["crm", { maxEvents: 100, maxBytes: 1_000 }],
    ["log", { maxEvents: 100, maxBytes: 1_000 }],
  ]);
  const gauge = createPressureGauge({
    clock,
    limits,
    stats: () => Promise.resolve(stats({ crm, log: sink(1, 1) })),
    pauseAbove: 0.9,
    resumeBelow: 0.7,
    hold: (held) => holds.push(held),
  });

  crm = sink(90, 0);
  gauge.admitted(1_000);
  await clock.settle();
  expect(gauge).toMatchObject({ level: 0.9, holding: false });
  expect(clock.timerCount).toBe(0);

  crm = sink(10, 950);
  gauge.admitted(999);
  await clock.settle();
  expect(gauge.holding).toBe(false);
  gauge.admitted(1);
  await clock.settle();
  expect(gauge).toMatchObject({ level: 0.95, holding: true });

  crm = sink(80, 0);
  await clock.advance(100);
  expect(gauge).toMatchObject({ level: 0.8, holding: true });

  crm = sink(69, 0);
  await clock.advance(100);
  expect(gauge.holding).toBe(false);
  expect(holds).toEqual([true, false]);
  expect(clock.timerCount).toBe(0);
});
