/** doctor, topics and types as people start them, against an emulator in a process of its own. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compile } from "../support/compile.ts";
import { openFolder, type ProgramFolder, type ProgramRun } from "./program.ts";

const SECRET = "canary-client-secret-9b2f";
const ID = "canary-client-9b2f";

let folder: ProgramFolder;
beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

/** An emulator, and the environment that points at it. */
async function emulate(): Promise<Record<string, string>> {
  const run = folder.run(["emulate", "--port", "0", "--client-id", ID, "--client-secret", SECRET, "--json"]);
  await run.says(/\n/);
  const { url } = JSON.parse(run.stdout) as { url: string };
  return { GENESYS_CLIENT_ID: ID, GENESYS_CLIENT_SECRET: SECRET, GENESYS_REGION: "us-east-1", GENESYS_ENDPOINT: url };
}

async function ended(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ run: ProgramRun; code: number | null }> {
  const run = folder.run(args, env);
  const code = await run.exit;
  expect(`${run.stdout}${run.stderr}`).not.toContain(SECRET);
  return { run, code };
}

describe("ringfirst doctor", () => {
  test("ends with 0 where all is well, with 3 where it found something, and shows no secret", async () => {
    const env = await emulate();
    const well = await ended(["doctor"], env);
    expect(well.code).toBe(0);
    expect(well.run.stdout).toContain("source main");
    expect(well.run.stdout).toContain("Nothing was opened or changed");
    expect(well.run.stdout).not.toContain("\u001B");
    const wrong = await ended(["doctor"], { ...env, GENESYS_CLIENT_SECRET: "other" });
    expect(wrong.code).toBe(3);
    expect(wrong.run.stdout).toMatch(/✗ credentials .*401/u);
  });

  test("--json is one line with every finding", async () => {
    const env = await emulate();
    const { run, code } = await ended(["doctor", "--connect", "--json"], env);
    expect(code).toBe(0);
    expect(run.stdout.trimEnd().split("\n")).toHaveLength(1);
    const report = JSON.parse(run.stdout) as { findings: { check: string }[] };
    expect(report).toMatchObject({
      ok: true,
      from: "the environment",
      connected: true,
      counts: { problem: 0, warning: 0 },
    });
    expect(report.findings.map(({ check }) => check)).toContain("connection");
    expect(run.stdout).not.toContain("streaming-0-");
  });

  test("ends with 2 where no start would take the configuration", async () => {
    expect((await ended(["doctor"])).code).toBe(2);
    const config = {
      sources: [
        { name: "a", type: "genesys", region: "mars-1", clientId: "x", clientSecret: SECRET, topics: ["v2.a"] },
      ],
      sinks: [{ name: "o", type: "ndjson" }],
    };
    writeFileSync(join(folder.path, "ringfirst.json"), JSON.stringify(config));
    const { run, code } = await ended(["doctor", "--json"]);
    expect(code).toBe(2);
    expect(run.stdout).toBe("");
    expect(run.stderr).toContain("mars-1");
  });
});

describe("ringfirst topics", () => {
  test("comes from the account where there is one, else from the list that comes with ringfirst, and says which", async () => {
    const own = await ended(["topics", "presence", "--json"], await emulate());
    expect(own.code).toBe(0);
    expect(JSON.parse(own.run.stdout)).toMatchObject({ from: "main" });
    const builtIn = await ended(["topics", "users", "presence"]);
    expect(builtIn.code).toBe(0);
    expect(builtIn.run.stdout.split("\n").map((line) => line.split("\t")[0])).toContain("v2.users.{id}.presence");
    expect(builtIn.run.stderr).toContain("No account is configured");
  });

  test("ends with 1 where the account refuses, and with 2 for a source that there is not", async () => {
    const env = await emulate();
    const refused = await ended(["topics", "--json"], { ...env, GENESYS_CLIENT_SECRET: "other" });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.run.stderr)).toMatchObject({ error: { code: "RF_PLATFORM" } });
    expect((await ended(["topics", "--source", "nobody"], env)).code).toBe(2);
  });
});

describe("ringfirst types", () => {
  test("writes the account's types to stdout or a file: the same each time, and they compile", async () => {
    const env = await emulate();
    const first = await ended(["types"], env);
    expect(first.code).toBe(0);
    const file = await ended(["types", "--out", "events.ts"], env);
    expect(file.code).toBe(0);
    expect(file.run.stdout).toBe("");
    const code = readFileSync(join(folder.path, "events.ts"), "utf8");
    expect(first.run.stdout).toBe(code);
    expect(code).toContain('readonly "v2.users.{id}.presence": PresenceEventUserPresence;');
    expect(await compile({ "events.ts": code })).toBe("");
  });

  test("takes a saved list, and chooses topics of it", async () => {
    const schema = { type: "object", properties: { rank: { type: "integer" } } };
    const entities = [{ id: "v2.a.{id}", schema }, { id: "v2.b", schema }, { id: "v2.c" }];
    const run = folder.run(["types", "v2.a.*", "--from", "-", "--json"]);
    run.input(JSON.stringify({ entities }));
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ topics: 1, types: 1, withoutSchema: [] });
  });

  test("without an account, or for a topic that there is not, ends with 2 and says what to do", async () => {
    const nobody = await ended(["types"]);
    expect(nobody.code).toBe(2);
    expect(nobody.run.stderr).toContain("GENESYS_CLIENT_ID");
    const typo = await ended(["types", "v2.users.{id}.presense"], await emulate());
    expect(typo.code).toBe(2);
    expect(typo.run.stderr).toContain('did you mean "v2.users.{id}.presence"?');
  });
});
