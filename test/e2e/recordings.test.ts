/** `record` and `replay` as users start them, against the emulator. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openFolder, type ProgramFolder } from "./program.ts";

const SECRET = "canary-client-secret-77b1";
const ID = "canary-client";

let folder: ProgramFolder;
beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder.close());

async function emulate(...more: string[]): Promise<{ url: string; env: Record<string, string> }> {
  const given = ["--client-id", ID, "--client-secret", SECRET, "--rate", "60"];
  const run = folder.run(["emulate", "--port", "0", ...given, "--json", ...more]);
  await run.says(/\n/);
  const { url } = JSON.parse(run.stdout) as { url: string };
  const env = {
    GENESYS_CLIENT_ID: ID,
    GENESYS_CLIENT_SECRET: SECRET,
    GENESYS_REGION: "us-east-1",
    GENESYS_ENDPOINT: url,
  };
  return { url, env };
}

/** Stands before the emulator's API and notes what is asked; sockets go past it. */
async function openWitness(target: string): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const place = requests.push(`${request.method} ${request.url} `) - 1;
    request.on("data", (chunk: Buffer) => (requests[place] += chunk.toString()));
    const { method } = request;
    // The emulator names its sockets by the host that it was asked under.
    const headers = { ...request.headers, host: new URL(target).host };
    const onward = ask(`${target}${request.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

interface Line {
  readonly at: number;
  readonly topic: string;
  readonly body: unknown;
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line) as Line);
}

const inFolder = (name: string): string => join(folder.path, name);
const GOOD = '{"at":5,"source":"main","topic":"v2.users.u-1.presence","body":{"n":1}}\n';
const HEADER =
  '{"ringfirst":"recording","version":1,"startedAt":"2026-03-04T10:15:00.000Z","sources":["main"],"anonymised":false}\n';

describe("ringfirst record", () => {
  test("records until a signal, leaves the channel empty, and replay plays the same events in the same order", async () => {
    const { url, env } = await emulate();
    const api = await openWitness(url);
    const run = folder.run(["record", "--out", "a.ndjson"], { ...env, GENESYS_ENDPOINT: api.url });
    await run.says(/recording to a\.ndjson/);
    expect(run.stderr.replaceAll("\n", " ")).toMatch(/A client has 20, and one more pushes out the one least recently/);
    await expect.poll(() => statSync(inFolder("a.ndjson")).size, { timeout: 20_000 }).toBeGreaterThan(100_000);
    run.signal("SIGINT");
    expect(await run.exit).toBe(0);
    const [, events = ""] =
      /^([\d,]+) events in .* to a\.ndjson; ended because it was asked to stop/.exec(run.stdout) ?? [];
    const recorded = linesOf(readFileSync(inFolder("a.ndjson"), "utf8"));
    expect(recorded).toHaveLength(Number(events.replaceAll(",", "")));
    expect(statSync(inFolder("a.ndjson")).mode & 0o777).toBe(0o600);
    expect(run.stdout + run.stderr + readFileSync(inFolder("a.ndjson"), "utf8")).not.toContain(SECRET);
    expect(recorded.map(({ at }) => at)).toEqual(recorded.map(({ at }) => at).toSorted((a, b) => a - b));

    // A channel can't be deleted; what it would go on costing are its topics.
    const first = api.requests.find((request) => request.startsWith("PUT /api/v2/notifications/channels/"));
    expect(first).toMatch(/ \[\{"id":/);
    expect(api.requests.at(-1)).toMatch(/^PUT .*\/subscriptions\S* \[\]$/);

    writeFileSync(
      inFolder("one-lane.yaml"),
      "sources: [{ name: main, type: http }]\nrules: [{ name: all, class: critical, key: \"'one'\" }]\nsinks: [{ name: out, type: ndjson }]\n",
    );
    const replay = folder.run(["replay", "a.ndjson", "--speed", "max", "--config", "one-lane.yaml"]);
    expect(await replay.exit).toBe(0);
    const played = replay.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { topic: string; data: unknown; origin: string; source: string });
    expect(played.map(({ topic, data }) => ({ topic, body: data }))).toEqual(
      recorded.map(({ topic, body }) => ({ topic, body })),
    );
    expect(new Set(played.map(({ origin, source }) => `${origin} ${source}`))).toEqual(
      new Set(["replayed /ringfirst/main"]),
    );
    expect(replay.stderr).toMatch(
      /the work queue is in memory, for this run only; no store of the configuration is used/,
    );
  });

  test("anonymised, says nothing of the centre's people, and its events are classified as before", async () => {
    const { env } = await emulate("--seed", "7");
    const plain = folder.run(["record", "--out", "plain.ndjson", "--duration", "4s", "--json"], env);
    const hidden = folder.run(["record", "--out", "hidden.ndjson", "--duration", "4s", "--json", "--anonymise"], env);
    expect([await plain.exit, await hidden.exit]).toEqual([0, 0]);
    expect(JSON.parse(hidden.stdout)).toMatchObject({ ended: "duration", anonymised: true });
    const before = readFileSync(inFolder("plain.ndjson"), "utf8");
    const after = readFileSync(inFolder("hidden.ndjson"), "utf8");
    const ids = new Set(before.match(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/gu));
    const names = new Set(Array.from(before.matchAll(/"name":"([^"]{4,})"/gu), ([, name = ""]) => name));
    const numbers = new Set(before.match(/\+\d{7,}/gu));
    expect(Math.min(ids.size, names.size, numbers.size)).toBeGreaterThan(3);
    for (const secret of [...ids, ...names, ...numbers]) expect(after).not.toContain(secret);
    const counts = async (file: string): Promise<Record<string, number>> => {
      const run = folder.run(["replay", file, "--dry", "--json"]);
      expect(await run.exit).toBe(0);
      return (JSON.parse(run.stdout) as { classes: Record<string, number> }).classes;
    };
    const [classes, hiddenClasses] = [await counts("plain.ndjson"), await counts("hidden.ndjson")];
    expect(classes["critical"]).toBeGreaterThan(5);
    // The two were recorded side by side, not at the same instants.
    expect(Math.abs((hiddenClasses["critical"] ?? 0) - (classes["critical"] ?? 0))).toBeLessThan(15);
  });

  test("writes to stdout for a pipe, keeps to its limit, and leaves files alone that are there", async () => {
    const { env } = await emulate();
    const piped = folder.run(["record", "--out", "-", "--max-bytes", "50kB", "--json"], env);
    expect(await piped.exit).toBe(0);
    expect(piped.stdout.length).toBeLessThanOrEqual(50_000);
    expect(linesOf(piped.stdout).length).toBeGreaterThan(3);
    expect(piped.stderr).toMatch(/"ended":"max-bytes"/);
    writeFileSync(inFolder("mine.ndjson"), "mine");
    const refused = folder.run(["record", "--out", "mine.ndjson"], env);
    expect(await refused.exit).toBe(2);
    expect(refused.stderr).toMatch(/mine\.ndjson is there already; --force writes over it/);
    expect(readFileSync(inFolder("mine.ndjson"), "utf8")).toBe("mine");
  });

  test("of topics that are named asks for no others", async () => {
    const { env } = await emulate();
    const run = folder.run(["record", "--out", "-", "--max-bytes", "5kB", "--topics", "v2.users.{*}.presence"], env);
    expect(await run.exit).toBe(0);
    for (const { topic } of linesOf(run.stdout)) expect(topic).toMatch(/^v2\.users\.[^.]+\.presence$/);
  });

  test("with wrong credentials says so and fails, and its file is a recording without events", async () => {
    const { env } = await emulate();
    const wrong = { ...env, GENESYS_CLIENT_SECRET: "wrong-secret" };
    const run = folder.run(["record", "--out", "none.ndjson", "--duration", "2s"], wrong);
    expect(await run.exit).toBe(1);
    expect(run.stdout).toMatch(/^0 events .*main is refused: /);
    expect(linesOf(readFileSync(inFolder("none.ndjson"), "utf8"))).toEqual([]);
  });
});

describe("ringfirst replay", () => {
  test("tells of each wrong line with its number, plays the others, and ends with code 3", async () => {
    writeFileSync(inFolder("a.ndjson"), `${HEADER}${GOOD}{"at":"x"}\n${GOOD}nope\n${GOOD}${GOOD.slice(0, 20)}`);
    const run = folder.run(["replay", "a.ndjson", "--speed", "max", "--json"]);
    expect(await run.exit).toBe(3);
    expect(run.stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(run.stderr).toMatch(/^line 3: at: a number from 0 expected, found "x"; left out\nline 5: a JSON object/m);
    const summary = run.stderr.trimEnd().split("\n").at(-1) ?? "";
    expect(JSON.parse(summary)).toMatchObject({ events: 3, wrongLines: 2, torn: true, ended: "end" });
  });

  test.each([
    [
      "a newer version",
      HEADER.replace('"version":1', '"version":9'),
      /it has version 9; this ringfirst reads up to version 1/,
    ],
    ["no header", GOOD, /line 1 is no header: found another one; a recording begins with/],
    ["nothing", "", /it is empty/],
  ])("refuses a file with %s", async (_what, text, message) => {
    writeFileSync(inFolder("a.ndjson"), text);
    const run = folder.run(["replay", "a.ndjson"]);
    expect(await run.exit).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(run.stdout).toBe("");
  });

  test("calls the configured webhook without credentials of the platform, and makes no store but one that is named", async () => {
    const bodies: string[] = [];
    const receiver = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        bodies.push(text);
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void receiver.close());
    const { port } = receiver.address() as AddressInfo;
    writeFileSync(
      inFolder("ringfirst.yaml"),
      `sources:
  - { name: main, type: genesys, region: us-east-1, clientId: "\${GENESYS_CLIENT_ID}", clientSecret: "\${GENESYS_CLIENT_SECRET}", topics: ["v2.users.{*}.presence"] }
sinks:
  - { name: crm, type: webhook, url: "http://127.0.0.1:${port}/", allowPrivate: ["127.0.0.0/8"] }
store: { type: sqlite, path: ./data/production.db }
`,
    );
    writeFileSync(inFolder("a.ndjson"), HEADER + GOOD.repeat(5));
    const run = folder.run(["replay", "a.ndjson", "--json"]);
    expect(await run.exit).toBe(0);
    expect(bodies).toHaveLength(5);
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({
      origin: "replayed",
      topic: "v2.users.u-1.presence",
      data: { n: 1 },
    });
    expect(JSON.parse(run.stdout)).toMatchObject({ events: 5, sinks: { crm: { delivered: 5, dead: 0, left: 0 } } });
    expect(() => statSync(inFolder("data"))).toThrow(/ENOENT/);
    const kept = folder.run(["replay", "a.ndjson", "--store", "mine.db"]);
    expect(await kept.exit).toBe(0);
    expect(kept.stderr).toMatch(/the work queue is kept in mine\.db, as --store says/);
    expect(statSync(inFolder("mine.db")).isFile()).toBe(true);
  });

  test("reads stdin, loops until a signal, and refuses to loop over what can be read once", async () => {
    const piped = folder.run(["replay", "-", "--dry", "--json"]);
    piped.input(HEADER + GOOD);
    expect(await piped.exit).toBe(0);
    expect(JSON.parse(piped.stdout)).toMatchObject({ events: 1, classes: { standard: expect.any(Number) as number } });
    const twice = folder.run(["replay", "-", "--loop"]);
    twice.input(HEADER + GOOD);
    expect(await twice.exit).toBe(2);
    writeFileSync(inFolder("a.ndjson"), HEADER + GOOD);
    const looped = folder.run(["replay", "a.ndjson", "--loop"]);
    await looped.says(/(?:\{"specversion"[^\n]*\n){20}/);
    looped.signal("SIGTERM");
    expect(await looped.exit).toBe(0);
    expect(looped.stderr).toMatch(/stopped before the end/);
  });
});
