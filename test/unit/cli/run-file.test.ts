import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRunFile, removeRunFile, runFilePath, writeRunFile, type RunFile } from "../../../src/cli/run-file.ts";

const RUN: RunFile = {
  url: "http://127.0.0.1:7470",
  token: "t".repeat(32),
  pid: process.pid,
  startedAt: 1,
  version: "1",
};
/** No process has it: above every limit of the kernel. */
const DEAD_PID = 2 ** 30;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringfirst-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the run file", () => {
  test("lies in the data folder, or beside the store", () => {
    expect(runFilePath("/srv/app")).toBe("/srv/app/data/ringfirst.run.json");
    expect(runFilePath("/srv/app", "./store/ringfirst.db")).toBe("/srv/app/store/ringfirst.run.json");
    expect(runFilePath("/srv/app", "/var/lib/rf/q.db")).toBe("/var/lib/rf/ringfirst.run.json");
  });

  test("only its owner may read it, whatever lay there before", () => {
    const path = runFilePath(folder);
    mkdirSync(dirname(path));
    writeFileSync(path, "old", { mode: 0o644 });
    writeRunFile(path, RUN);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(RUN);
    expect(readdirSync(dirname(path))).toEqual(["ringfirst.run.json"]);
  });

  test("is believed while its process lives", () => {
    const path = runFilePath(folder);
    expect(readRunFile(path)).toEqual({ kind: "none" });
    writeRunFile(path, RUN);
    expect(readRunFile(path)).toEqual({ kind: "running", run: RUN });
    writeRunFile(path, { ...RUN, pid: DEAD_PID });
    expect(readRunFile(path)).toMatchObject({ kind: "stale" });
  });

  test.each([
    "",
    "null",
    "[]",
    "{}",
    '{"url":1}',
    JSON.stringify({ ...RUN, pid: -1 }),
    JSON.stringify({ ...RUN, pid: 0 }),
  ])("is not believed when it holds %j", (text) => {
    const path = join(folder, "x.json");
    writeFileSync(path, text);
    expect(readRunFile(path)).toMatchObject({ kind: "unreadable" });
  });

  test("is removed by the service that wrote it, and by no other", () => {
    const path = runFilePath(folder);
    writeRunFile(path, RUN);
    removeRunFile(path, { ...RUN, token: "another" });
    expect(readRunFile(path).kind).toBe("running");
    removeRunFile(path, RUN);
    removeRunFile(path, RUN);
    expect(readRunFile(path).kind).toBe("none");
  });
});
