import { describe, expect, test } from "vitest";
import { createGapLedger } from "../../../src/pipeline/gaps.ts";
import { SILENT_LOGGER } from "../../../src/ports/logger.ts";
import type { GapRecord } from "../../../src/ports/service.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

function ledger() {
  const clock = createFakeClock(10_000);
  const told: string[] = [];
  const gaps = createGapLedger({
    clock,
    logger: SILENT_LOGGER,
    listener: {
      gapOpened: (gap: GapRecord) => told.push(`open ${gap.n}`),
      gapEnded: (gap: GapRecord) => told.push(`end ${gap.n}`),
    },
  });
  return { clock, told, gaps };
}

const report = (from: number) => ({ topics: ["v2.users.u1.presence"], cause: "socket closed (1006)", from });

describe("the gap ledger", () => {
  test("keeps each interval with its cause, and ends it once", () => {
    const { gaps, told } = ledger();
    const open = gaps.open("main", report(9_000));
    expect(gaps.summary()).toMatchObject({
      open: 1,
      total: 1,
      recent: [{ n: 1, source: "main", from: 9_000, to: undefined }],
    });
    open.end(12_000);
    open.end(99_000);
    expect(gaps.list()).toEqual([
      {
        n: 1,
        source: "main",
        topics: ["v2.users.u1.presence"],
        cause: "socket closed (1006)",
        from: 9_000,
        to: 12_000,
      },
    ]);
    expect(told).toEqual(["open 1", "end 1"]);
  });

  test("an interval never ends before it began and never begins in the future, whatever the clocks say", () => {
    const { gaps } = ledger();
    gaps.open("main", report(50_000)).end(1);
    expect(gaps.list()[0]).toMatchObject({ from: 10_000, to: 10_000 });
  });

  test("is bounded: ended gaps go first, open ones stay, the total goes on counting", () => {
    const { gaps } = ledger();
    gaps.open("main", report(1));
    for (let at = 0; at < 1_500; at += 1) gaps.open("main", report(at)).end(at + 1);
    expect(gaps.list().length).toBe(1_000);
    expect(gaps.list()[0]?.to).toBeUndefined();
    expect(gaps.summary()).toMatchObject({ open: 1, total: 1_501 });
  });
});
