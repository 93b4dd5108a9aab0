import { stripTypeScriptTypes } from "node:module";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { openFolder, type ProgramFolder, type ProgramRun } from "./program.ts";

const SECRET = "canary-client-secret-5d1e";
const TOKEN = "canary-service-token-93aa";
const ID = "canary-client";

let folder: ProgramFolder;
beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

/** An emulator with these credentials, and the environment that points a service at it. */
async function emulate(...more: string[]): Promise<{ run: ProgramRun; url: string; env: Record<string, string> }> {
  const run = folder.run(["emulate", "--port", "0", "--client-id", ID, "--client-secret", SECRET, "--json", ...more]);
  await run.says(/\n/);
  const { url } = JSON.parse(run.stdout) as { url: string };
  const env = {
    GENESYS_CLIENT_ID: ID,
    GENESYS_CLIENT_SECRET: SECRET,
    GENESYS_REGION: "us-east-1",
    GENESYS_ENDPOINT: url,
    RINGFIRST_TOKEN: TOKEN,
  };
  return { run, url, env };
}

/** A configuration with a free port: the usual one may be taken on this machine. */
function configure(name: string, sinks: string, reconcile = true): string {
  const path = join(folder.path, name);
  writeFileSync(
    path,
    `sources:
  - name: main
    type: genesys
    region: us-east-1
    clientId: \${GENESYS_CLIENT_ID}
    clientSecret: \${GENESYS_CLIENT_SECRET}
    topics: ["v2.routing.queues.{*}.conversations", "v2.users.{*}.presence", "v2.users.{*}.routingStatus"]
    endpoints: { login: "\${GENESYS_ENDPOINT}", api: "\${GENESYS_ENDPOINT}" }
    reconcile: ${reconcile}
  - { name: local, type: http }
sinks:
${sinks}
server: { port: 0, token: "\${RINGFIRST_TOKEN:-}" }
drainMs: 20000
`,
  );
  return name;
}

const TO_STDOUT = '  - { name: out, type: ndjson, path: "-" }';

describe("ringfirst demo", () => {
  test("ends by itself with one JSON line; by the emulator's ledger nothing is lost and nothing out of order", async () => {
    const run = folder.run(["demo", "--duration", "3s", "--json", "--port", "0", "--emulator-port", "0"]);
    expect(await run.exit).toBe(0);
    const lines = run.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    const summary = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
    expect(Object.keys(summary)).toEqual([
      "produced",
      "received",
      "admitted",
      "delivered",
      "lost",
      "duplicates",
      "orderViolations",
      "seconds",
      "classes",
      "reconciled",
    ]);
    expect(summary).toMatchObject({ lost: 0, duplicates: 0, orderViolations: 0 });
    expect(summary["delivered"]).toBeGreaterThan(20);
    expect(summary["delivered"]).toBe(summary["received"]);
    expect(Object.keys(summary["classes"] as object)).toEqual(["critical", "high", "standard"]);
    expect((summary["classes"] as { critical: { delivered: number } }).critical.delivered).toBeGreaterThan(0);
  });

  test("Ctrl-C ends it with the summary for people", async () => {
    const run = folder.run(["demo", "--port", "0", "--emulator-port", "0"]);
    await run.says(/00:02 .* main live /);
    run.signal("SIGINT");
    expect(await run.exit).toBe(0);
    expect(run.stdout).toMatch(/By the emulator's own ledger: 0 lost, 0 out of order/);
  });
});

describe("ringfirst emulate", () => {
  test("prints what to set, and lets in who has it and nobody else", async () => {
    const run = folder.run(["emulate", "--port", "0"]);
    const [, url = ""] = await run.says(/GENESYS_ENDPOINT=(\S+)/);
    const id = /GENESYS_CLIENT_ID=(\S+)/.exec(run.stdout)?.[1] ?? "";
    const secret = /GENESYS_CLIENT_SECRET=(\S+)/.exec(run.stdout)?.[1] ?? "";
    const login = (password: string): Promise<Response> =>
      fetch(`${url}/oauth/token`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${id}:${password}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
    expect((await login(secret)).status).toBe(200);
    expect((await login("wrong")).status).toBeGreaterThanOrEqual(400);
    run.signal("SIGTERM");
    expect(await run.exit).toBe(0);
  });
});

/** The gap ledger of the service of this folder. */
function gapFile(): string {
  const path = join(folder.path, "data", "ringfirst.db-gaps.ndjson");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe("ringfirst serve", () => {
  test.each(["genesys", "platform-websocket"])(
    "starts from the environment alone on the %s wire, and delivers lines of JSON until SIGTERM",
    async (wire) => {
      const { env } = await emulate("--rate", "60");
      const service = folder.run(["serve", "--json"], { ...env, GENESYS_WIRE: wire });
      await service.says(/"priorityclass":"critical"/);
      service.signal("SIGTERM");
      expect(await service.exit).toBe(0);
      expect(service.stderr).toMatch(
        /stopped: (everything was delivered|\d+ events? waiting, 0 deliveries given up, 0 not admitted; kept)/,
      );
      const events = service.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      for (const event of events) expect(event).toMatchObject({ specversion: "1.0", source: "/ringfirst/main" });
      expect(service.stdout + service.stderr).not.toContain(SECRET);
      expect(service.stdout + service.stderr).not.toContain(TOKEN);
    },
  );

  test("writes a run file for its owner alone, by which status finds it, and removes it at the end", async () => {
    const { env } = await emulate("--rate", "60");
    const config = configure("ringfirst.yaml", TO_STDOUT);
    const { RINGFIRST_TOKEN: _given, ...withoutToken } = env;
    const service = folder.run(["serve", "--config", config], withoutToken);
    const [, url = ""] = await service.says(/listens at (\S+),/);
    await service.says(/"priorityclass"/);
    const runFile = join(folder.path, "data", "ringfirst.run.json");
    expect(statSync(runFile).mode & 0o777).toBe(0o600);
    const run = JSON.parse(readFileSync(runFile, "utf8")) as { readonly token: string };
    expect(run).toMatchObject({ pid: service.pid, url });
    expect(run.token.length).toBeGreaterThan(20);
    // Shown once, as notebooks do; in no log line.
    expect(service.stderr.split("\n").filter((line) => line.includes(run.token))).toEqual([
      expect.stringContaining(`log in at ${url}/?token=${run.token}`),
    ]);
    expect(service.stdout).not.toContain(run.token);

    const status = folder.run(["status", "--json"]);
    expect(await status.exit).toBe(0);
    const answer = JSON.parse(status.stdout) as { state: string; sources: { state: string }[] };
    expect(answer.state).toBe("running");
    expect(answer.sources[0]?.state).toBe("live");
    const people = folder.run(["status"]);
    expect(await people.exit).toBe(0);
    expect(people.stdout).toMatch(/main +live/);

    const stranger = folder.run(["status", "--token", "wrong-wrong-wrong-wrong"], {
      RINGFIRST_URL: url,
    });
    expect(await stranger.exit).toBe(1);
    expect(stranger.stderr).toMatch(/401/);

    service.signal("SIGINT");
    expect(await service.exit).toBe(0);
    expect(existsSync(runFile)).toBe(false);
    const late = folder.run(["status"]);
    expect(await late.exit).toBe(1);
    expect(late.stderr).toMatch(/no running service found.*ringfirst serve/);
  });

  test("a run file whose process was killed is not believed, and the next service takes its place", async () => {
    const { env } = await emulate();
    const config = configure("ringfirst.yaml", TO_STDOUT);
    const first = folder.run(["serve", "-c", config], env);
    await first.says(/listens at/);
    first.signal("SIGKILL");
    await first.exit;
    const status = folder.run(["status"]);
    expect(await status.exit).toBe(1);
    expect(status.stderr).toMatch(/process \d+\) has ended/);
    const second = folder.run(["serve", "-c", config], env);
    await second.says(/listens at/);
    const found = folder.run(["status"]);
    expect(await found.exit).toBe(0);
  });

  test.each([
    ["where it had answers, since its lists of topics were last seen whole", false],
    ["where it was still asking, since the gap that it asked about", true],
  ])(
    "after it was killed, gaps tells since when nobody was there, and which topics that concerns: %s",
    async (_, asks) => {
      const { env } = await emulate("--rate", "60");
      const config = configure("killed.yaml", TO_STDOUT, asks);
      const first = folder.run(["serve", "-c", config], env);
      await first.says(/"priorityclass"/);
      // Its first sign of life.
      await eventually("a sign of life", () => gapFile().includes("alive"));
      first.signal("SIGKILL");
      await first.exit;
      const lastSign = Number(/"alive","at": *(\d+)/u.exec(gapFile())?.[1]);
      const wholeAt = Number(/.*"whole","source":"main","at": *(\d+)/su.exec(gapFile())?.[1]);
      const second = folder.run(["serve", "-c", config], env);
      await second.says(/nobody was there for \d+ s|"priorityclass"/);
      await second.says(/"priorityclass"/);
      const gaps = folder.run(["gaps", "--json"]);
      expect(await gaps.exit).toBe(0);
      const { gaps: told } = JSON.parse(gaps.stdout) as {
        gaps: { cause: string; from: number; to: number; findings: { why: string }[] }[];
      };
      const away = told.find(({ cause }) => cause.startsWith("the service was not running"));
      expect(away?.from).toBeLessThanOrEqual(lastSign);
      // What the killed run had asked and not heard is asked by the next one, from where that gap began.
      const left = told.filter(({ findings }) =>
        findings.some(({ why }) => why.startsWith("the service stopped before")),
      );
      expect(left.length > 0).toBe(asks);
      expect(away?.cause.includes("what a gap before that hid was not known yet")).toBe(asks);
      if (asks) expect(away?.from).toBe(Math.min(...left.map(({ from }) => from)));
      else expect(away?.from).toBe(Math.min(lastSign, wholeAt));
      const people = folder.run(["gaps", "--since", "1h", "--topics"]);
      expect(await people.exit).toBe(0);
      expect(people.stdout).toMatch(/gap \d+ .*the service was not running(, and .*)?; not connected yet/);
      expect(people.stdout).toMatch(/ {4}v2\.users\.[0-9a-f-]{36}\.presence/);
      const none = folder.run(["gaps", "--source", "elsewhere"]);
      expect(await none.exit).toBe(0);
      expect(none.stdout).toMatch(/no such gaps; \d+ in all/);
    },
  );

  test("while it waits for a receiver, the first signal drains and the second ends it at once", async () => {
    const asked: string[] = [];
    // A receiver that takes requests and never answers.
    const receiver = createServer((request) => asked.push(request.url ?? "")).listen(0, "127.0.0.1");
    await new Promise((resolve) => receiver.once("listening", resolve));
    try {
      const { port } = receiver.address() as AddressInfo;
      const { env } = await emulate("--rate", "60");
      const url = `http://127.0.0.1:${port}/hook`;
      const config = configure(
        "stuck.yaml",
        `  - { name: crm, type: webhook, url: "${url}", allowPrivate: ["127.0.0.1/32"] }`,
      );
      const service = folder.run(["serve", "-c", config], env);
      await service.says(/listens at/);
      await new Promise<void>((resolve) => {
        receiver.once("request", () => resolve());
      });
      service.signal("SIGTERM");
      await service.says(/stopping/);
      const secondAt = performance.now();
      // Somebody without patience: a signal that comes right behind the first counts as the same one, a later one does not.
      const again = setInterval(() => service.signal("SIGTERM"), 100);
      expect(await service.exit.finally(() => clearInterval(again))).toBe(1);
      expect(performance.now() - secondAt).toBeLessThan(5_000);
      expect(existsSync(join(folder.path, "data", "ringfirst.run.json"))).toBe(false);
    } finally {
      receiver.closeAllConnections();
      receiver.close();
    }
  });

  test("wrong credentials leave it up and not ready, and it says why without showing them", async () => {
    const { env } = await emulate();
    const config = configure("ringfirst.yaml", TO_STDOUT);
    const wrong = { ...env, GENESYS_CLIENT_SECRET: `${SECRET}-wrong` };
    const service = folder.run(["serve", "-c", config], wrong);
    const [, url = ""] = await service.says(/listens at (http:\S+),/);
    await service.says(/"level":"(warn|error)".*(credential|client|secret)/i);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    const status = folder.run(["status"]);
    expect(await status.exit).toBe(0);
    expect(status.stdout).toMatch(/not ready/);
    expect(service.stdout + service.stderr + status.stdout + status.stderr).not.toContain(SECRET);
    service.signal("SIGTERM");
    expect(await service.exit).toBe(0);
  });

  test("without any configuration it says what to do (2)", async () => {
    const service = folder.run(["serve"]);
    expect(await service.exit).toBe(2);
    expect(service.stderr).toMatch(/--config.*GENESYS_CLIENT_ID/);
    expect(service.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(service.stdout).toBe("");
  });
});

describe("ringfirst config and explain", () => {
  test("config check names file, line and what is allowed (2), and says what is right (0)", async () => {
    writeFileSync(
      join(folder.path, "bad.yaml"),
      "sources:\n  - name: a\n    type: genesis\nsinks:\n  - { name: o, type: ndjson }\n",
    );
    const bad = folder.run(["config", "check", "bad.yaml"]);
    expect(await bad.exit).toBe(2);
    expect(bad.stderr).toMatch(/bad\.yaml:3:\d+: .*genesys/);
    const config = configure("good.yaml", TO_STDOUT);
    const env = { GENESYS_CLIENT_ID: ID, GENESYS_CLIENT_SECRET: SECRET, GENESYS_ENDPOINT: "http://127.0.0.1:7480" };
    const good = folder.run(["config", "check", "--config", config], env);
    expect(await good.exit).toBe(0);
    const print = folder.run(["config", "print", config], env);
    expect(await print.exit).toBe(0);
    expect(print.stdout).toMatch(/clientId: canary-client/);
    expect(print.stdout).toMatch(/leaseMs: 30000/);
    expect(good.stdout + print.stdout + print.stderr).not.toContain(SECRET);
    const schema = folder.run(["config", "schema"]);
    expect(await schema.exit).toBe(0);
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: "object" });
  });

  test("explain tells class and rule of a ringing call by the built-in rules", async () => {
    const explain = folder.run(["explain", "--json"]);
    explain.input('{"topic":"conversation:activity","data":{"conversationId":"c-1","state":"ringing"}}');
    expect(await explain.exit).toBe(0);
    expect(JSON.parse(explain.stdout)).toMatchObject({ class: "critical", sinks: [] });
  });

  test("explain says what is wrong with an event that is none (2)", async () => {
    const explain = folder.run(["explain"]);
    explain.input("ring ring");
    expect(await explain.exit).toBe(2);
    expect(explain.stderr).toMatch(/the event in stdin: not JSON/);
  });
});

describe("the command line", () => {
  test.each([
    [["dmo"], /unknown command 'dmo' \(Did you mean demo\?\)/],
    [["serve", "--confg", "x"], /unknown option '--confg' \(Did you mean --config\?\)/],
    [["demo", "--duration", "soon"], /A duration is allowed: 500ms, 20s/],
  ])("%j is wrong usage (2), told in one line", async (args, message) => {
    const run = folder.run(args);
    expect(await run.exit).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test.each([[[]], [["--help"]], [["serve", "--help"]], [["--version"]]])("%j answers on stdout (0)", async (args) => {
    const run = folder.run(args);
    expect(await run.exit).toBe(0);
    expect(run.stdout).not.toBe("");
    expect(run.stderr).toBe("");
  });

  test("on a Node that is too old it says so in one line and loads nothing else (2)", () => {
    const source = readFileSync(join(import.meta.dirname, "../../src/cli/main.ts"), "utf8");
    const program = join(folder.path, "main.mjs");
    writeFileSync(program, stripTypeScriptTypes(source));
    // The program beside it does not exist here: loading anything would fail with another message.
    const old = join(folder.path, "old.mjs");
    writeFileSync(old, 'Object.defineProperty(process, "versions", { value: { node: "20.11.0" } });');
    const run = spawnSync(process.execPath, ["--import", old, program, "demo"], { encoding: "utf8", cwd: folder.path });
    expect(run.status).toBe(2);
    expect(run.stdout).toBe("");
    expect(run.stderr).toMatch(/^ringfirst: needs Node\.js 24 or newer, found 20\.11\.0: .+\n$/);
  });

  test("main.ts itself uses nothing that an old Node can't parse", () => {
    const source = readFileSync(join(import.meta.dirname, "../../src/cli/main.ts"), "utf8");
    const code = source.replace(/^#!.*|\/\*[^]*?\*\//gm, "");
    expect(code).not.toMatch(/^\s*import\s+[^(]/m);
    expect(code).not.toMatch(/\?\?=|\|\|=|&&=|#\w|^\s*await|\bstatic\b|\d_\d/m);
  });
});
