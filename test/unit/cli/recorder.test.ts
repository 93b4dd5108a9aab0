import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Recorder, type RecorderOptions, type RecordingEnd } from "../../../src/cli/record/recorder.ts";
import { progressLine, type RecordSummary, summaryLines } from "../../../src/cli/record/report.ts";
import { sizeBytes, sizeText } from "../../../src/cli/record/size.ts";
import { openFileTarget, type RecordTarget } from "../../../src/cli/record/target.ts";
import { momentValue, speedValue } from "../../../src/cli/replay/values.ts";
import { columnsOf } from "../../../src/cli/text.ts";
import { type RecordingItem, RecordingReader } from "../../../src/core/recording-read.ts";
import type { ReceivedEvent } from "../../../src/ports/source.ts";
import { httpSource } from "../../../src/sources/http.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

/** A target in memory whose writes wait until they are let through. */
function slowTarget(): RecordTarget & {
  readonly text: () => string;
  letThrough(error?: Error): void;
  isClosed: boolean;
} {
  const written: Uint8Array[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  return {
    isClosed: false,
    text: () => Buffer.concat(written).toString(),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        waiting.push((error) => {
          if (error === undefined) written.push(bytes);
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
    letThrough: (error) => waiting.shift()?.(error),
    async close() {
      this.isClosed = true;
    },
  };
}

function eventOf(topic: string, length = 2): ReceivedEvent {
  const body = new TextEncoder().encode(`"${"x".repeat(length)}"`);
  return { topic, body, encoding: "json", origin: "live", receivedAt: 0 };
}

function setUp(options: Partial<RecorderOptions> = {}) {
  const clock = createFakeClock();
  const target = slowTarget();
  const holds: boolean[] = [];
  const ends: RecordingEnd[] = [];
  const recorder = new Recorder({
    clock,
    target,
    sources: ["main"],
    anonymiser: undefined,
    maxBytes: undefined,
    hold: (held) => holds.push(held),
    ended: (end) => ends.push(end),
    ...options,
  });
  return { clock, target, holds, ends, recorder };
}

function itemsOf(text: string): RecordingItem[] {
  const reader = new RecordingReader();
  return [...reader.push(new TextEncoder().encode(text)), ...reader.end()];
}

describe("a recorder", () => {
  test("writes a header and each event with the moment at which it came, by the clock that never steps", async () => {
    const { clock, target, recorder } = setUp();
    await clock.settle();
    target.letThrough();
    await clock.advance(100);
    recorder.take("main", eventOf("a"));
    clock.stepWallClock(-3_600_000);
    await clock.advance(50);
    recorder.take("main", eventOf("b"));
    target.letThrough();
    await clock.settle();
    target.letThrough();
    await clock.settle();
    await recorder.finish();
    const [header, ...events] = itemsOf(target.text());
    expect(header).toMatchObject({ kind: "header", header: { startedAt: 1_700_000_000_000, anonymised: false } });
    expect(events.map((item) => item.kind === "event" && [item.event.topic, item.event.at])).toEqual([
      ["a", 100],
      ["b", 150],
    ]);
    expect(target.isClosed).toBe(true);
  });

  test("asks sources to wait while the target is behind, and lets them go when it is not", async () => {
    const { clock, target, recorder, holds } = setUp();
    await clock.settle();
    const answers = Array.from({ length: 10 }, () => recorder.take("main", eventOf("a", 1_000_000)));
    expect(answers).toEqual([true, true, true, true, true, true, true, true, false, false]);
    expect(holds).toEqual([true]);
    target.letThrough();
    await clock.settle();
    expect(holds).toEqual([true]);
    target.letThrough();
    await clock.settle();
    expect(holds).toEqual([true, false]);
  });

  test("never passes its limit of bytes, and ends once, before the event that would", async () => {
    const { clock, target, recorder, ends } = setUp({ maxBytes: 500 });
    for (let n = 0; n < 20; n += 1) expect(recorder.take("main", eventOf(`t.${n}`, 40))).toBe(true);
    expect(ends).toEqual([{ kind: "full" }]);
    await clock.settle();
    target.letThrough();
    await recorder.finish();
    expect(target.text().length).toBeLessThanOrEqual(500);
    expect(target.text().length).toBe(recorder.bytes);
    expect(itemsOf(target.text()).filter(({ kind }) => kind === "event")).toHaveLength(recorder.events);
    expect(recorder.events).toBeGreaterThan(2);
  });

  test("ends when its target fails, takes nothing more, and still lets go of it", async () => {
    const { clock, target, recorder, ends } = setUp();
    await clock.settle();
    target.letThrough(new Error("no space"));
    await clock.settle();
    expect(ends).toEqual([{ kind: "failed", error: new Error("no space") }]);
    recorder.take("main", eventOf("a"));
    expect(recorder.events).toBe(0);
    await recorder.finish();
    expect(target.isClosed).toBe(true);
  });
});

describe("the file of a recording", () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), "ringfirst-record-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  }

  test("is its owner's only, and holds all that was written", async () => {
    const path = join(folder(), "a.ndjson");
    const target = await openFileTarget(path, "a.ndjson", false);
    await target.write(Buffer.from("one\n"));
    await target.write(Buffer.alloc(3_000_000, 0x61));
    await target.close();
    expect(readFileSync(path, "utf8")).toBe(`one\n${"a".repeat(3_000_000)}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is not written over, unless that is wanted; then it is the owner's only as well", async () => {
    const path = join(folder(), "a.ndjson");
    writeFileSync(path, "something of yours that is longer", { mode: 0o644 });
    await expect(openFileTarget(path, "a.ndjson", false)).rejects.toThrow(
      "--out: a.ndjson is there already; --force writes over it",
    );
    const target = await openFileTarget(path, "a.ndjson", true);
    await target.write(Buffer.from("new"));
    await target.close();
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is never reached through a symbolic link, nor in a folder that is not there", async () => {
    const place = folder();
    writeFileSync(join(place, "real"), "yours");
    symlinkSync(join(place, "real"), join(place, "link"));
    await expect(openFileTarget(join(place, "link"), "link", true)).rejects.toThrow(
      "--out: link can't be written (ELOOP)",
    );
    await expect(openFileTarget(join(place, "no/a"), "no/a", false)).rejects.toThrow("(ENOENT)");
    expect(readFileSync(join(place, "real"), "utf8")).toBe("yours");
  });
});

describe("what is said of a recording", () => {
  const summary: RecordSummary = {
    out: "a\u001b[31m.ndjson",
    events: 1_234,
    bytes: 2_300_000,
    tookMs: 20_000,
    anonymised: true,
    ended: "failed",
    reason: "the recording can't be written: ENOSPC",
    sources: [{ name: "main", events: 1_234, malformed: 2, gaps: 1 }],
  };

  test("has the facts, and nothing that steers a terminal", () => {
    expect(summaryLines(summary, undefined)).toEqual([
      "1,234 events in 20 s (2.3 MB) to a·[31m.ndjson, anonymised; ended because it failed: the recording can't be written: ENOSPC",
      "  main: 1,234 events, 2 that did not parse, 1 gap in which events may have been missed",
    ]);
  });

  test("fits a narrow terminal", () => {
    for (const line of summaryLines(summary, 40)) expect(columnsOf(line)).toBeLessThanOrEqual(40);
    const line = progressLine(65_000, { events: 5, bytes: 900 }, [httpSource({ name: "local" })], 30);
    expect(line).toBe("01:05  5 events, 900 B; local…");
  });
});

describe("option values", () => {
  test.each([
    ["500", 500],
    ["1.5kB", 1_500],
    ["100MB", 100_000_000],
    ["2 GiB", 2 ** 31],
  ])("an amount of bytes: %s", (text, bytes) => {
    expect(sizeBytes(text)).toBe(bytes);
  });

  test.each(["", "0", "-1", "5TB", "ten", "1e3"])("no amount of bytes: %j", (text) => {
    expect(() => sizeBytes(text)).toThrow(/An amount of bytes is allowed/u);
  });

  test("amounts are shown short", () => {
    expect([0, 999, 1_000, 45_678, 1_500_000, 3e9].map(sizeText)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "46 kB",
      "1.5 MB",
      "3.0 GB",
    ]);
  });

  test("speeds and moments", () => {
    expect(["10", "0.5", "2x", "max", "original"].map(speedValue)).toEqual([10, 0.5, 2, "max", 1]);
    for (const text of ["", "0", "-1", "fast", "NaN", "1e9"]) expect(() => speedValue(text)).toThrow(/is allowed/u);
    expect(momentValue("5m")).toBe(300_000);
    expect(momentValue("0")).toBe(0);
    expect(momentValue("2026-03-04T10:15:00+01:00")).toEqual(new Date("2026-03-04T09:15:00Z"));
    for (const text of ["soon", "2026-03-04T10:15:00", "2026-13-04T10:15:00Z"])
      expect(() => momentValue(text)).toThrow();
  });
});
