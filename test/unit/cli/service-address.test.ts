import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CliContext } from "../../../src/cli/context.ts";
import { createOutput } from "../../../src/cli/output.ts";
import { runFilePath, writeRunFile } from "../../../src/cli/run-file.ts";
import { findService, statusCommand } from "../../../src/cli/service-address.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "ringfirst-address-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function context(env: Readonly<Record<string, string>> = {}): CliContext {
  const stream = new PassThrough();
  const output = createOutput(stream, stream, env);
  return { env, cwd, stdin: stream, output, exitNow() {}, exitCode: 0 };
}

const RUN = { url: "http://127.0.0.1:7999", token: "from-the-run-file", pid: process.pid, startedAt: 1, version: "1" };

describe("finding the running service", () => {
  test("the command line comes first, then the environment, then the run file", () => {
    writeRunFile(runFilePath(cwd), RUN);
    const env = { RINGFIRST_URL: "http://env:1/", RINGFIRST_TOKEN: "from-env" };
    expect(findService({ url: "http://flag:2", token: "from-flag" }, context(env))).toEqual({
      url: "http://flag:2",
      token: "from-flag",
    });
    expect(findService({}, context(env))).toEqual({ url: "http://env:1", token: "from-env" });
    expect(findService({}, context())).toEqual({ url: RUN.url, token: RUN.token });
    expect(findService({ token: "t" }, context())).toEqual({ url: "http://127.0.0.1:7470", token: "t" });
  });

  test("the run file's token goes to no other address than its own", () => {
    writeRunFile(runFilePath(cwd), RUN);
    expect(findService({ url: RUN.url }, context()).token).toBe(RUN.token);
    expect(() => findService({ url: "http://elsewhere:1" }, context())).toThrow(/no token for http:\/\/elsewhere:1/);
  });

  test("a run file beside the store is found by the store's path", () => {
    writeRunFile(runFilePath(cwd, "./store/queue.db"), RUN);
    expect(findService({}, context(), "./store/queue.db").url).toBe(RUN.url);
    expect(() => findService({}, context())).toThrow(/there is no .*data\/ringfirst\.run\.json/);
  });

  test("a URL that is none is wrong usage", () => {
    for (const url of ["7470", "ftp://x", "localhost:7470"]) {
      expect(() => findService({ url, token: "t" }, context())).toThrow(/must look like http:\/\/127\.0\.0\.1:7470/);
    }
  });
});

test("what to type elsewhere names the address only where it is not the usual one", () => {
  expect(statusCommand({ url: "http://127.0.0.1:7470/", token: "t" })).toBe("ringfirst status --token t");
  expect(statusCommand({ url: "http://127.0.0.1:41234", token: "t" })).toBe(
    "ringfirst status --token t --url http://127.0.0.1:41234",
  );
});
