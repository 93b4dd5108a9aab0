import {
  chmodSync,
  existsSync,
  lstatSync,
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
import { createGapFile, type GapFiles } from "../../../src/stores/sqlite/gap-file.ts";
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
      { kind: "whole", source: "main", at: 888 },
      { kind: "skipped", n: 1 },
    ];
    await keep(path, changes, 9_000);
    const kept = await read(path);
    expect(kept).toEqual({
      gaps: [gap(1, { to: 1_500, state: "asking", findings })],
      total: 2,
      skipped: 1,
      sources: ["main", "other"],
      looked: new Map([["main", 777]]),
      whole: new Map([["main", 888]]),
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
      skipped: 1,
      looked: new Map([["main", 777]]),
      whole: new Map([["main", 888]]),
      aliveAt: 9_500,
    });
  });

  test("nothing is there at first, and nothing is made by looking", async () => {
    const { path } = place();
    expect(await read(path)).toEqual({
      gaps: [],
      total: 0,
      skipped: 0,
      sources: [],
      looked: new Map(),
      whole: new Map(),
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
    expect(file.trouble).toMatch(/gap ledger .*link can't be read/u);
    file.note({ kind: "opened", gap: gap(1) });
    await file.close();
    expect(readFileSync(other, "utf8")).toBe("mine");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
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
    expect(file.trouble).toContain("can't be read");
  });

  describe("that can't be read at a start", () => {
    /** A disk whose files can't be read while `trouble` is set. */
    function moody(code: string) {
      const disk = { trouble: code as string | undefined };
      const files: GapFiles = {
        rename,
        async open(path, flags, mode) {
          const isRead = (flags & 3) === 0;
          if (isRead && disk.trouble !== undefined)
            throw Object.assign(new Error(`${disk.trouble}: no luck`), { code: disk.trouble });
          return open(path, flags, mode);
        },
      };
      return { disk, files };
    }

    const KEPT: readonly GapChange[] = [
      { kind: "started", sources: ["main"] },
      { kind: "looked", source: "main", at: 4_000 },
      { kind: "whole", source: "main", at: 4_100 },
      { kind: "opened", gap: gap(1) },
      { kind: "opened", gap: gap(2) },
    ];

    test.each(["EIO", "EACCES", "EMFILE"])("for %s is not written over, whatever is noted meanwhile", async (code) => {
      const { path } = place();
      await keep(path, KEPT, 5_000);
      const before = textOf(path);
      const { files } = moody(code);
      const file = createGapFile(path, files);
      expect(await file.load()).toMatchObject({ gaps: [], aliveAt: undefined, unread: `${code}: no luck` });
      file.note({ kind: "opened", gap: gap(70) });
      file.alive(80_000);
      await file.close();
      expect(textOf(path)).toBe(before);
      expect(file.trouble).toMatch(/can't be read, so it is not written over: .*no luck.*move it away/u);
      // The next start that can read it knows since when nobody was there.
      expect(await read(path)).toMatchObject({ gaps: [{ n: 1 }, { n: 2 }], aliveAt: 5_000 });
    });

    test("is read again later: what it held is told, once, and what was noted meanwhile is kept with it", async () => {
      const { path } = place();
      await keep(path, KEPT, 5_000);
      const { disk, files } = moody("EIO");
      const file = createGapFile(path, files);
      const late: KeptGaps[] = [];
      await file.load((kept) => {
        late.push(kept);
        file.note({ kind: "skipped", n: 7 });
        file.note({ kind: "opened", gap: gap(72, { from: 5_000, to: 80_000 }) });
      });
      file.note({ kind: "started", sources: ["main", "other"] });
      file.note({ kind: "opened", gap: gap(70) });
      file.note({ kind: "opened", gap: gap(71) });
      file.note({ kind: "withdrawn", n: 70 });
      await eventually("trouble", () => file.trouble !== undefined);
      disk.trouble = undefined;
      await eventually("the end of the trouble", () => {
        file.alive(90_000);
        return file.trouble === undefined;
      });
      file.note({ kind: "ended", n: 71, to: 91_000 });
      await file.close();
      expect(late).toMatchObject([{ gaps: [{ n: 1 }, { n: 2 }], total: 2, sources: ["main"], aliveAt: 5_000 }]);
      expect(await read(path)).toEqual({
        gaps: [
          gap(1),
          gap(2),
          gap(71, { to: 91_000, state: "asking" }),
          gap(72, { from: 5_000, to: 80_000, state: "asking" }),
        ],
        total: 72,
        skipped: 7,
        sources: ["main", "other"],
        looked: new Map([["main", 4_000]]),
        whole: new Map(),
        aliveAt: 90_000,
        damaged: 0,
      });
    });

    test("and is moved away by somebody, leaves its place to a new one", async () => {
      const { path } = place();
      await keep(path, KEPT, 5_000);
      const { disk, files } = moody("EACCES");
      const file = createGapFile(path, files);
      await file.load(() => expect.unreachable("nothing was read"));
      file.note({ kind: "opened", gap: gap(70) });
      await eventually("trouble", () => file.trouble !== undefined);
      await rename(path, `${path}-mine`);
      disk.trouble = undefined;
      file.alive(90_000);
      await file.close();
      expect(file.trouble).toBeUndefined();
      expect(await read(path)).toMatchObject({ gaps: [{ n: 70 }], aliveAt: 90_000 });
      expect(await read(`${path}-mine`)).toMatchObject({ gaps: [{ n: 1 }, { n: 2 }], aliveAt: 5_000 });
    });
  });
});
