import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { grantSteps, permissionsIn, permissionWords } from "../../../src/cli/doctor/admin-words.ts";
import { bytes, howMany } from "../../../src/cli/doctor/amounts.ts";
import { examine } from "../../../src/cli/doctor/examine.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { readHoldings } from "../../../src/cli/doctor/holdings.ts";
import { findingLines, summaryLine } from "../../../src/cli/doctor/report.ts";
import { columnsOf, painter } from "../../../src/cli/text.ts";
import type { Config } from "../../../src/config/config.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { systemNet } from "../../../src/runtime/net.ts";

const plain = painter(false);
const folder = mkdtempSync(join(tmpdir(), "ringfirst-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function findingsOf(config: Partial<Config>, connect = false): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const whole: Config = { sources: [], sinks: [], ...config };
  const take = (finding: Finding): void => void findings.push(finding);
  await examine(whole, { clock: systemClock(), net: systemNet(), connect, cwd: folder, take });
  expect(JSON.stringify(findings)).not.toContain("canary");
  return findings;
}

function level(findings: readonly Finding[], part: string, check: string): string | undefined {
  return findings.find((finding) => finding.part === part && finding.check === check)?.level;
}

describe("doctor on the platform-websocket wire", () => {
  const source = (url: string, clientSecret = "canary-secret"): Config["sources"][number] => ({
    type: "platform-websocket",
    name: "gw",
    region: "us-east-1",
    clientId: "canary-id",
    clientSecret,
    endpoints: { api: url },
  });
  const emulator = createEmulator({
    clientId: "canary-id",
    clientSecret: "canary-secret",
    callsPerHour: 0,
    deniedScopes: [],
  });
  afterAll(() => emulator.close());

  test("logs in and opens no socket unless it is asked to", async () => {
    await emulator.listen();
    const still = await findingsOf({ sources: [source(emulator.url)] });
    expect(level(still, "source gw", "credentials")).toBe("ok");
    expect(level(still, "source gw", "socket")).toBe("unchecked");
    const tried = await findingsOf({ sources: [source(emulator.url)] }, true);
    expect(level(tried, "source gw", "socket")).toBe("ok");
  });

  test("says what is wrong with the login or the socket", async () => {
    await emulator.listen();
    const wrong = await findingsOf({ sources: [source(emulator.url, "canary-wrong")] }, true);
    expect(level(wrong, "source gw", "credentials")).toBe("problem");
    expect(level(wrong, "source gw", "socket")).toBe("unchecked");
    emulator.faults.inject({ fault: "forbidden", on: "upgrade", count: 1 });
    const scope = await findingsOf({ sources: [source(emulator.url)] }, true);
    expect(scope.find(({ check }) => check === "socket")).toMatchObject({ level: "problem" });
    expect(scope.find(({ check }) => check === "socket")?.todo.join()).toContain("conversation:read");
  });
});

describe("doctor on this machine", () => {
  test("judges the shape of webhook addresses, and shows only their host", async () => {
    const webhook = { type: "webhook", url: "https://crm.example.com/canary-path?canary=1" } as const;
    const findings = await findingsOf({
      sinks: [
        { ...webhook, name: "plain" },
        { ...webhook, name: "signed", secret: `whsec_${btoa("x".repeat(32))}` },
        { ...webhook, name: "private", url: "https://10.1.2.3/canary" },
        { ...webhook, name: "secret", secret: "canary-no-key" },
      ],
    });
    const sinks = findings.filter(({ part }) => part.startsWith("sink"));
    expect(sinks.map((finding) => finding.level)).toEqual(["ok", "ok", "problem", "problem"]);
    expect(sinks.map(({ todo }) => todo.length)).toEqual([1, 0, 1, 1]);
    expect(sinks[0]?.found).toContain("https://crm.example.com, not signed");
  });

  test("looks whether files can be written without writing them", async () => {
    mkdirSync(join(folder, "there"), { recursive: true });
    writeFileSync(join(folder, "file"), "");
    const path = (name: string, path: string): Config["sinks"][number] => ({ type: "ndjson", name, path });
    const findings = await findingsOf({
      sinks: [
        path("new", "there/a/b.ndjson"),
        path("folder", "there"),
        path("below", "file/b.ndjson"),
        path("out", "-"),
      ],
    });
    const levels = findings.filter(({ part }) => part.startsWith("sink")).map((finding) => finding.level);
    expect(levels).toEqual(["ok", "problem", "problem", "ok"]);
  });

  test("looks at the store's place, its room and who may read it", async () => {
    const store = { type: "sqlite", path: "data/queue.db" } as const;
    mkdirSync(join(folder, "data"));
    expect((await findingsOf({ store })).map(({ check, level }) => [check, level])).toEqual([
      ["path", "ok"],
      ["space", expect.stringMatching(/ok|warning|problem/u)],
      ["mode", "ok"],
    ]);
    writeFileSync(join(folder, "data/queue.db"), "");
    chmodSync(join(folder, "data/queue.db"), 0o644);
    const open = (await findingsOf({ store })).find(({ check }) => check === "mode");
    expect(open).toMatchObject({ level: "warning", todo: ["chmod 600 data/queue.db"] });
    chmodSync(join(folder, "data/queue.db"), 0o600);
    expect(level(await findingsOf({ store }), "store", "mode")).toBe("ok");
    symlinkSync(join(folder, "data/queue.db"), join(folder, "data/link.db"));
    const link = { ...store, path: "data/link.db" };
    expect(level(await findingsOf({ store: link }), "store", "path")).toBe("problem");
  });
});

describe("permissions in the words of the admin screens", () => {
  test("are titled as the list of a role's permissions has them", () => {
    expect(permissionWords("routing:queue:view")).toBe("Routing > Queue > View");
    expect(permissionWords("analytics:conversationAggregate:view")).toBe("Analytics > Conversation Aggregate > View");
    expect(permissionWords("wfm:agentAdherence:*")).toBe("Wfm > Agent Adherence > All Permissions");
  });

  test("are found in what the platform says", () => {
    const text = 'The user does not have permission "a:bC:view" required; see routing:queue:view, at 10:15:00';
    expect(permissionsIn(text)).toEqual(["a:bC:view", "routing:queue:view"]);
    expect(permissionsIn("nothing of the kind: here")).toEqual([]);
  });

  test("become steps also where none is named", () => {
    expect(grantSteps([])).toHaveLength(1);
    expect(grantSteps(["a:b:view", "c:d:view"], "any")[0]).toContain(" or ");
  });
});

describe("what the client holds", () => {
  const grant = (domain: string, entityName: string, ...actions: string[]) => ({
    role: { name: "r", policies: [{ domain, entityName, actions }] },
  });

  test.each([
    ["routing", "queue", "view", true],
    ["routing", "*", "*", true],
    ["*", "*", "*", true],
    ["Routing", "Queue", "View", true],
    ["routing", "queue", "edit", false],
    ["routing", "skill", "view", false],
  ])("by a policy %s:%s:%s, to view queues: %s", (domain, entity, action, expected) => {
    const holdings = readHoldings({ grants: [grant(domain, entity, action)] });
    expect(holdings.kind === "known" && holdings.has("routing:queue:view")).toBe(expected);
  });

  test("is not known where the answer does not say", () => {
    expect(readHoldings({}).kind).toBe("unknown");
    expect(readHoldings(null).kind).toBe("unknown");
    expect(readHoldings({ grants: [{ role: { name: "r" } }] }).kind).toBe("unknown");
    expect(readHoldings({ grants: [] }).kind).toBe("known");
  });
});

describe("the report", () => {
  const finding: Finding = {
    part: "source main",
    check: "topic",
    level: "problem",
    found: "v2.users.{*}.presence: refused: the client lacks a permission \u001B[2J that it would need",
    todo: ["Admin > People & Permissions > Roles / Permissions > a role for this client"],
  };

  test("stays within a narrow terminal, indented, without foreign escapes", () => {
    const lines = findingLines(finding, true, 60, plain);
    expect(lines.slice(0, 2)).toEqual(["", "source main"]);
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(60);
    expect(lines.join("\n")).not.toContain("\u001B");
    expect(lines[2]).toMatch(/^ {2}✗ topic {8}v2\.users/u);
    expect(lines.at(-1)).toMatch(/^ {19}\S/u);
  });

  test("is a line a finding where nobody looks", () => {
    expect(findingLines(finding, false, undefined, plain)).toHaveLength(2);
  });

  test("ends with how many of each", () => {
    expect(summaryLine([finding, { ...finding, level: "ok" }], false, plain)).toMatch(
      /^1 problem, 1 in order\. Nothing was opened/u,
    );
    expect(summaryLine([{ ...finding, level: "unchecked" }], true, plain)).toMatch(
      /^0 in order, 1 not checked\. What was opened/u,
    );
  });

  test("writes amounts as people do", () => {
    expect([0, 1_023, 1_024, 1_572_864, 2 ** 31, 2 ** 43].map(bytes)).toEqual([
      "0 B",
      "1023 B",
      "1 KiB",
      "1.5 MiB",
      "2 GiB",
      "8 TiB",
    ]);
    expect([howMany(1, "topic"), howMany(2_000, "topic")]).toEqual(["1 topic", "2,000 topics"]);
  });
});
