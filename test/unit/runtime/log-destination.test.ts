import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fdDestination } from "../../../src/runtime/log-destination.ts";

const droppedNote = (count: number): string => `dropped ${count}\n`;

function inFile(run: (fd: number, read: () => string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-log-"));
  const path = join(folder, "log");
  const fd = openSync(path, "a");
  return run(fd, () => readFileSync(path, "utf8")).finally(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
}

describe("the log's way out", () => {
  test("writes every line in order", () =>
    inFile(async (fd, read) => {
      const destination = fdDestination(fd, { droppedNote });
      const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}\n`);
      for (const line of lines) destination.write(line);
      await destination.flush(5_000);
      expect(read()).toBe(lines.join(""));
      expect(destination.droppedCount).toBe(0);
    }));

  test("drops what is beyond its bound, and says how much", () =>
    inFile(async (fd, read) => {
      const destination = fdDestination(fd, { maxBytes: 100, droppedNote });
      for (let index = 0; index < 30; index += 1) destination.write(`line ${String(index).padStart(3, "0")}\n`);
      await destination.flush(5_000);
      const written = read().split("\n");
      expect(destination.droppedCount).toBe(30 - written.filter((line) => line.startsWith("line")).length);
      expect(written).toContain(`dropped ${destination.droppedCount}`);
    }));

  test("a descriptor that is gone ends the output and throws nothing", async () => {
    const destination = fdDestination(987_654, { droppedNote });
    destination.write("a\n");
    await destination.flush(5_000);
    destination.write("b\n");
    expect(destination.droppedCount).toBe(1);
  });

  test("a reader that stands still holds nobody up, and learns later what it missed", async () => {
    const script = new URL("fixtures/flood-log.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "pipe"] });
    let facts = "";
    child.stdout.on("data", (chunk: Buffer) => (facts += chunk.toString()));
    // Its stderr is a pipe that nobody reads until the child has said how the flood went.
    await once(child.stdout, "data");
    const { slowestTurnMs, dropped } = JSON.parse(facts) as { slowestTurnMs: number; dropped: number };
    expect(dropped).toBeGreaterThan(0);
    expect(slowestTurnMs).toBeLessThan(500);
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
    await once(child, "close");
    expect(log.includes("log lines were dropped")).toBe(true);
    // It may have been told in more than one line, when the pipe took some in between.
    const told = [...log.matchAll(/"count":(\d+)/gu)].map(([, count]) => Number(count));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(dropped);
  });
});
