import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeEventRecord } from "../../../src/core/event-record.ts";
import { toEvent } from "../../../src/core/event.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { ndjsonSink } from "../../../src/sinks/ndjson.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ndjson-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function event(seq: number, body = '{"n":1}'): ReturnType<typeof toEvent> {
  const payload = encodeEventRecord({
    source: "main",
    topic: "t",
    type: "",
    origin: "live",
    encoding: "json",
    receivedAt: 1_700_000_000_000,
    correlationId: "",
    body: new TextEncoder().encode(body),
  });
  const at = { class: "high", laneClass: "high", key: "k", redriven: 0, waitedMs: 0, replaced: 0 };
  return toEvent({ ...at, seq, id: `e${seq}`, payload });
}

const context = { signal: new AbortController().signal, attempt: 1 };
const file = (path: string): ReturnType<typeof ndjsonSink> => ndjsonSink({ name: "log", path, clock: systemClock() });

describe("the ndjson sink on a file", () => {
  test("appends one CloudEvent per line to a file that only its owner reads", async () => {
    const path = join(folder, "events.ndjson");
    const sink = file(path);
    const outcomes = await Promise.all([1, 2, 3].map(async (seq) => sink.deliver(event(seq), context)));
    expect(outcomes).toEqual([{ result: "ack" }, { result: "ack" }, { result: "ack" }]);
    await sink.close();
    const again = file(path);
    await again.deliver(event(4, '{\n  "a":\r\n "\u2028\u009b"\n}'), context);
    await again.close();
    const lines = readFileSync(path, "utf8").split(/[\n\u2028]/);
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(["e1", "e2", "e3", "e4"]);
    expect(JSON.parse(lines[3] ?? "")).toMatchObject({ data: { a: "\u2028\u009b" } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(sink).toMatchObject({ name: "log", type: "ndjson" });
  });

  test("says that it is closed", async () => {
    const sink = file(join(folder, "x"));
    await sink.close();
    await sink.close();
    expect(await sink.deliver(event(1), context)).toEqual({ result: "retry", cause: "the sink is closed" });
  });

  test.each([
    ["a folder that does not exist", "missing/x", /the folder does not exist \(ENOENT\)/],
    ["a folder", ".", /the path is a folder \(EISDIR\)/],
    ["a symbolic link", "link", /symbolic link, which is not followed \(ELOOP\)/],
  ])("tries again later on %s, and does not tell the path", async (_what, name, cause) => {
    writeFileSync(join(folder, "target"), "");
    symlinkSync(join(folder, "target"), join(folder, "link"));
    const outcome = await file(join(folder, name)).deliver(event(1), context);
    expect(outcome).toEqual({ result: "retry", cause: expect.stringMatching(cause) as string });
    expect(JSON.stringify(outcome)).not.toContain(folder);
    expect(readFileSync(join(folder, "target"), "utf8")).toBe("");
  });

  test("writes on when the trouble is over", async () => {
    const sink = file(join(folder, "later", "x"));
    expect(await sink.deliver(event(1), context)).toMatchObject({ result: "retry" });
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "later"));
    expect(await sink.deliver(event(1), context)).toEqual({ result: "ack" });
    await sink.close();
  });

  test("tries again later when the disk is full", async () => {
    const sink = file("/dev/full");
    expect(await sink.deliver(event(1), context)).toEqual({
      result: "retry",
      cause: "not written: no space is left on the device (ENOSPC)",
    });
    await sink.close();
  });

  test("refuses a path that is none", () => {
    for (const path of ["", "a\0b"]) {
      expect(() => ndjsonSink({ name: "log", path, clock: createFakeClock() })).toThrow(/sink log: path/);
    }
  });
});

/** A process with the sink on its standard output; it tells the outcomes on standard error. */
const PROGRAM = `
const [root, count] = process.argv.slice(1);
const { ndjsonSink } = await import(root + "sinks/ndjson.ts");
const { systemClock } = await import(root + "runtime/clock.ts");
const { toEvent } = await import(root + "core/event.ts");
const { encodeEventRecord } = await import(root + "core/event-record.ts");
const record = { source: "main", topic: "t", type: "", origin: "live", encoding: "json", receivedAt: 1, correlationId: "" };
const payload = encodeEventRecord({ ...record, body: new TextEncoder().encode(JSON.stringify("x".repeat(2000))) });
const event = (seq) => toEvent({ seq, id: "e" + seq, payload, class: "high", laneClass: "high", key: "k", redriven: 0, waitedMs: 0, replaced: 0 });
const sink = ndjsonSink({ name: "log", path: "-", clock: systemClock() });
const context = { signal: new AbortController().signal, attempt: 1 };
const tally = {};
let turns = 0;
const ticking = setInterval(() => { turns += 1; process.stderr.write("tick\\n"); }, 20);
for (let seq = 1; seq <= Number(count); seq += 16) {
  const outcomes = await Promise.all(Array.from({ length: 16 }, (_, n) => sink.deliver(event(seq + n), context)));
  for (const { result, cause = "" } of outcomes) tally[result + cause] = (tally[result + cause] ?? 0) + 1;
}
clearInterval(ticking);
await sink.close();
process.stderr.write("tally " + JSON.stringify(tally) + "\\n");
`;

function start(count: number): ReturnType<typeof spawn> {
  const root = new URL("../../../src/", import.meta.url).href;
  const args = ["--input-type=module", "-e", PROGRAM, root, String(count)];
  return spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
  });
}

async function readAll(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  if (stream !== null) for await (const chunk of stream) text += String(chunk);
  return text;
}

const tallyOf = (errors: string): unknown => JSON.parse(/^tally (.*)$/m.exec(errors)?.[1] ?? "null");

describe("the ndjson sink on standard output", () => {
  test("gives every line to a pipe, through full buffers, and leaves the rest of the process alone", async () => {
    const child = start(1_600);
    const errors = readAll(child.stderr);
    // The reader sleeps at first: the pipe is full, and only the lines wait.
    await once(child.stderr ?? child, "data");
    await once(child.stderr ?? child, "data");
    const lines = (await readAll(child.stdout)).split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(
      Array.from({ length: 1_600 }, (_, n) => `e${n + 1}`),
    );
    expect(tallyOf(await errors)).toEqual({ ack: 1_600 });
  });

  test("survives a reader that goes away", async () => {
    const child = start(320);
    const errors = readAll(child.stderr);
    child.stdout?.once("data", () => child.stdout?.destroy());
    const [code] = (await once(child, "exit")) as [number | null];
    const tally = tallyOf(await errors) as Record<string, number>;
    expect(code).toBe(0);
    expect(Object.values(tally).reduce((sum, count) => sum + count, 0)).toBe(320);
    expect(tally["retrynot written: the reader has closed the pipe (EPIPE)"]).toBeGreaterThan(0);
  });
});
