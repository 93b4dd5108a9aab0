import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { GapChange, GapRecord } from "../../../src/core/gap.ts";
import type { KeptGaps } from "../../../src/ports/gap-log.ts";
import { createGapFile } from "../../../src/stores/sqlite/gap-file.ts";
import { eventually } from "../../support/eventually.ts";

function place(): { readonly folder: string; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-gaps-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, "queue.db-gaps.ndjson") };
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function gap(n: number, over: Partial<GapRecord> = {}): GapRecord {
  const topics = ["v2.users.u1.presence", "v2.users.u2.presence"];
  const rest = { topicCount: 2, cause: "cut", from: 1_000 * n, to: undefined, atStart: false, findings: [] };
  return { n, source: "main", topics, state: "open", ...rest, ...over };
}

async function keep(path: string, changes: readonly GapChange[], aliveAt?: number): Promise<void> {
  const file = createGapFile(path);
  await file.load();
  for (const change of changes) file.note(change);
  if (aliveAt !== undefined) file.alive(aliveAt);
  await file.close();
  expect(file.trouble).toBeUndefined();
}

async function read(path: string): Promise<KeptGaps> {
  const file = createGapFile(path);
  const kept = await file.load();
  await file.close();
  return kept;
}

describe("the gap ledger on disk", () => {
  test("comes back as it was: gaps, their findings, sources, and until when the service was there", async () => {
    const { path } = place();
    const findings = [{ topics: ["v2.users.u1.presence"], outcome: "repaired" as const, why: "asked" }];
    const changes: GapChange[] = [
      { kind: "started", sources: ["main", "other"] },
      { kind: "opened", gap: gap(1) },
      { kind: "opened", gap: gap(2) },
      { kind: "ended", n: 1, to: 1_500 },
      { kind: "settled", n: 1, findings },
      { kind: "withdrawn", n: 2 },
      { kind: "looked", source: "main", at: 777 },
    ];
    await keep(path, changes, 9_000);
    const kept = await read(path);
    expect(kept).toEqual({
      gaps: [gap(1, { to: 1_500, state: "asking", findings })],
      total: 2,
      sources: ["main", "other"],
      looked: new Map([["main", 777]]),
      aliveAt: 9_000,
      damaged: 0,
    });
    // The next run goes on with it.
    await keep(
      path,
      [
        { kind: "ended", n: 1, to: 99_000 },
        { kind: "opened", gap: gap(3) },
      ],
      9_500,
    );
    expect(await read(path)).toMatchObject({
      gaps: [{ n: 1, to: 1_500 }, { n: 3 }],
      total: 3,
      looked: new Map([["main", 777]]),
      aliveAt: 9_500,
    });
  });

  test("nothing is there at first, and nothing is made by looking", async () => {
    const { path } = place();
    expect(await read(path)).toEqual({
      gaps: [],
      total: 0,
      sources: [],
      looked: new Map(),
      aliveAt: undefined,
      damaged: 0,
    });
    expect(existsSync(path)).toBe(false);
  });

  test("signs of life cost no room, and the number of a gap that was taken back is not given again", async () => {
    const { path } = place();
    const file = createGapFile(path);
    await file.load();
    file.note({ kind: "opened", gap: gap(7) });
    file.note({ kind: "withdrawn", n: 7 });
    file.alive(1);
    await eventually("all of it", () => textOf(path).includes("withdrawn"));
    const { size } = statSync(path);
    for (let at = 1; at < 50; at += 1) {
      file.alive(at * 1_000_000_000);
      await eventually("the next sign of life", () => textOf(path).includes(`${at * 1_000_000_000}}`));
    }
    expect(statSync(path).size).toBe(size);
    await file.close();
    expect(await read(path)).toMatchObject({ total: 7, aliveAt: 49_000_000_000, gaps: [] });
  });

  test("a sign of life is flushed, and one that says nothing new is not written again", async () => {
    const { path } = place();
    const calls: string[] = [];
    const file = createGapFile(path, {
      rename,
      open: async (name, flags, mode) => {
        const real = await open(name, flags, mode);
        return {
          stat: () => real.stat(),
          readFile: (encoding) => real.readFile(encoding),
          write: (bytes, from, length, position) => {
            calls.push("write");
            return real.write(bytes, from, length, position);
          },
          datasync: () => {
            calls.push("flush");
            return real.datasync();
          },
          close: () => real.close(),
        };
      },
    });
    await file.load();
    file.alive(1_000);
    await eventually("the file", () => textOf(path).includes("1000}"));
    for (const at of [2_000, 2_000, 2_000]) {
      file.alive(at);
      await eventually("the sign of life", () => textOf(path).includes(`${at}}`) && calls.at(-1) === "flush");
    }
    await file.close();
    expect(calls).toEqual(["write", "flush", "write", "flush"]);
  });

  test("is for its owner alone, and never written through a link", async () => {
    const { folder, path } = place();
    await keep(path, [{ kind: "opened", gap: gap(1) }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const other = join(folder, "other");
    writeFileSync(other, "mine");
    const link = join(folder, "link");
    symlinkSync(other, link);
    const file = createGapFile(link);
    expect(await file.load()).toMatchObject({ gaps: [] });
    expect(file.trouble).toMatch(/can't be kept in .*link: /u);
    file.note({ kind: "opened", gap: gap(1) });
    await file.close();
    expect(readFileSync(other, "utf8")).toBe("mine");
  });

  test("lines that can't be read are left out and counted, the rest counts", async () => {
    const { path } = place();
    await keep(
      path,
      [
        { kind: "opened", gap: gap(1) },
        { kind: "opened", gap: gap(2) },
      ],
      5_000,
    );
    const lines = readFileSync(path, "utf8").split("\n");
    const broken = lines.map((line) => (line.includes('"n":2') && line.includes("opened") ? line.slice(0, 40) : line));
    writeFileSync(path, ["", "null", "[]", '{"kind":"later"}', '{"kind":"ended","n":"1"}', ...broken].join("\n"));
    expect(await read(path)).toMatchObject({ gaps: [{ n: 1 }], aliveAt: 5_000, damaged: 5 });
    // And the next start puts it right.
    await keep(path, [{ kind: "opened", gap: gap(3) }]);
    expect(await read(path)).toMatchObject({ gaps: [{ n: 1 }, { n: 3 }], damaged: 0 });
  });

  test("what can't be written is told, waits, and is kept as soon as it can be", async () => {
    const { folder, path } = place();
    await keep(path, [{ kind: "opened", gap: gap(1) }], 1_000);
    const file = createGapFile(path);
    await file.load();
    await rename(folder, `${folder}-gone`);
    file.note({ kind: "opened", gap: gap(2) });
    await eventually("trouble", () => file.trouble?.includes("ENOENT") === true);
    file.note({ kind: "ended", n: 2, to: 3_000 });
    await rename(`${folder}-gone`, folder);
    file.alive(4_000);
    await eventually("the end of the trouble", () => file.trouble === undefined);
    await file.close();
    expect(await read(path)).toMatchObject({ gaps: [{ n: 1 }, { n: 2, to: 3_000 }], aliveAt: 4_000 });
  });

  test("does not grow for ever: a file that is twice what it holds is written anew", async () => {
    const { path } = place();
    const file = createGapFile(path);
    await file.load();
    const topics = Array.from({ length: 1_000 }, (_, at) => `v2.users.${at}.presence`);
    for (let n = 1; n <= 1_500; n += 1) {
      file.note({ kind: "opened", gap: gap(n, { topics, topicCount: topics.length }) });
      file.note({ kind: "withdrawn", n: n - 1 });
      if (n % 100 === 0) await eventually("the gap in the file", () => textOf(path).includes(`"n":${n},`));
    }
    await file.close();
    expect(statSync(path).size).toBeLessThan(10_000_000);
    expect(await read(path)).toMatchObject({ total: 1_500, gaps: [{ n: 1_500 }], damaged: 0 });
  });

  test("a foreign folder in its place is told, and nothing breaks", async () => {
    const { path } = place();
    await mkdir(path);
    chmodSync(path, 0o700);
    const file = createGapFile(path);
    expect(await file.load()).toMatchObject({ gaps: [], total: 0 });
    expect(file.trouble).toContain("EISDIR");
    file.note({ kind: "opened", gap: gap(1) });
    await file.close();
    expect(file.trouble).toContain("can't be kept");
  });
});
