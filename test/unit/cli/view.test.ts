import { describe, expect, test } from "vitest";
import type { DemoView } from "../../../src/cli/demo/view.ts";
import { clock, composeFrame, sparkline } from "../../../src/cli/demo/view.ts";
import { columnsOf, painter } from "../../../src/cli/text.ts";
import { sampleStatus } from "./fixtures/sample-status.ts";

const VIEW: DemoView = {
  title: "a made-up contact centre: 24 agents, 6 queues",
  statusCommand: "ringfirst status --token t",
  emulatorUrl: "http://127.0.0.1:7480",
  elapsedMs: 83_000,
  durationMs: undefined,
  phase: "running",
  status: sampleStatus(),
  rates: [1, 5, 9, 40],
  verdict: { produced: 900, sent: 812, delivered: 800, outstanding: 12, duplicates: 0, unknown: 0, orderViolations: 0 },
  rings: Array.from({ length: 30 }, (_, index) => ({ at: index * 1_000, what: `call ${index}`, waitedMs: 0.2 })),
  happenings: [{ at: 1_000, level: "warn", text: "the socket was cut\u001B[2J" }],
};
const plain = painter(false);

describe("the demo's live view", () => {
  test("shows classes, the source, the judge's word, critical events and what happened", () => {
    const text = composeFrame(VIEW, { columns: 100, rows: 30 }, plain).join("\n");
    expect(text).toMatch(/critical +0 +1 +42 +0\.21 ms +1\.8 ms/);
    expect(text).toContain("main live  1 channel, 54 topics  40 events/s");
    expect(text).toContain("ledger: 812 sent, 800 delivered, 12 under way, 0 out of order");
    expect(text).toContain("call 29");
    expect(text).toContain("the socket was cut");
    expect(text).toContain("01:23");
  });

  test.each([
    [200, 50],
    [100, 30],
    [80, 24],
    [60, 20],
    [40, 15],
    [20, 6],
    [5, 2],
    [1, 1],
  ])("keeps to %i columns and %i rows, coloured or not", (columns, rows) => {
    for (const paint of [plain, painter(true)]) {
      const lines = composeFrame(VIEW, { columns, rows }, paint);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(columnsOf(line), JSON.stringify(line)).toBeLessThanOrEqual(columns);
    }
  });

  test("foreign text can't reach the terminal as an escape sequence", () => {
    const status = { ...sampleStatus(), notReady: ["main: refused\u001B]0;x\u0007"] };
    const text = composeFrame({ ...VIEW, status }, { columns: 100, rows: 30 }, plain).join("\n");
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
  });

  test("the newest critical event stands on top", () => {
    const lines = composeFrame(VIEW, { columns: 100, rows: 30 }, plain);
    const places = ["call 29", "call 28"].map((what) => lines.findIndex((line) => line.includes(what)));
    expect(places[0]).toBeGreaterThan(0);
    expect(places[1]).toBe((places[0] ?? 0) + 1);
  });

  test("bars are scaled to the highest value and cut to the newest", () => {
    expect(sparkline([0, 4, 8], 10)).toBe("▁▅█");
    expect(sparkline([9, 0, 8], 2)).toBe("▁█");
    expect(sparkline([0, 0], 5)).toBe("▁▁");
  });

  test("time is minutes and seconds, and hours when there are any", () => {
    expect(clock(83_999)).toBe("01:23");
    expect(clock(3_723_000)).toBe("1:02:03");
  });
});
