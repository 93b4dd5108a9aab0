/**
 * Files that are damaged, cut, missing, foreign or in other hands. What must hold: who opens them is told what is lost, the
 * damaged file is kept, the store works afterwards; there is never a silent empty queue.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test } from "vitest";
import type { Store } from "../../src/ports/store.ts";
import { sqliteStoreForTests } from "../../src/stores/sqlite/driver.ts";
import { sqliteStore } from "../../src/stores/sqlite/index.ts";
import { BASE_CONFIG } from "../../src/testing/conformance-kit.ts";
import { scratchFolder } from "../support/disk-rig.ts";
import { createLogSpy } from "../support/log-spy.ts";
import { startNearDisk } from "../support/near-disk.ts";
import { killSqlite } from "../support/sqlite-place.ts";

const NOW = 1_700_000_000_000;
const EVENTS = 400;
/** `npm run test:disk` looks longer. */
const FLIPS = process.env["RINGFIRST_DISK"] === "long" ? 2_000 : 120;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function place(): string {
  const folder = scratchFolder();
  folders.push(folder);
  return join(folder, "queue.db");
}

async function open(path: string): Promise<{ store: Store; errors: () => string[] }> {
  const log = createLogSpy();
  const driver = sqliteStoreForTests(
    { path, sync: "process", logger: log },
    { ballastBytes: 0, startThread: startNearDisk },
  );
  const store = await driver.open(BASE_CONFIG, NOW);
  return { store, errors: () => log.lines.filter(({ level }) => level === "error").map(({ message }) => message) };
}

/** A store in which this many events wait, ended in one of two ways. */
async function filled(path: string, ending: "close" | "kill"): Promise<void> {
  const { store } = await open(path);
  for (let n = 0; n < EVENTS; n += 50) {
    const batch = Array.from({ length: 50 }, (_, at) => ({
      id: `event ${n + at}`,
      class: "standard",
      key: `k${(n + at) % 7}`,
      payload: new Uint8Array(500).fill((n + at) % 251),
      sinks: ["crm"],
    }));
    await store.admit(batch, NOW);
  }
  if (ending === "close") await store.close();
  else await killSqlite(store);
}

/** How many can be handed over with their own payload, and that the store takes new ones afterwards. */
async function handedOver(store: Store): Promise<number> {
  let count = 0;
  for (;;) {
    const claimed = await store.claim("crm", { max: 100, leaseMs: 1_000 }, NOW);
    const { crm } = (await store.stats(NOW)).sinks;
    if (claimed.length === 0 && crm?.waiting === 0) break;
    for (const { id, payload } of claimed) {
      const n = Number(id.split(" ")[1]);
      expect(payload).toEqual(new Uint8Array(500).fill(n % 251));
    }
    count += claimed.length;
    await store.settle(
      claimed.map(({ token }) => ({ token, result: "ack" })),
      NOW,
    );
  }
  const again = { id: "after", class: "standard", payload: new Uint8Array(1), sinks: ["crm"] };
  expect((await store.admit([again], NOW))[0]?.status).toBe("admitted");
  return count;
}

/** Opens what was damaged: all is there, or the loss is said and nothing else. */
async function judged(path: string): Promise<{ readonly count: number; readonly said: readonly string[] }> {
  const { store, errors } = await open(path);
  const count = await handedOver(store);
  const dead = (await store.stats(NOW)).sinks["crm"]?.dead ?? 0;
  await store.close();
  if (count < EVENTS) expect([...errors(), dead > 0 ? `${dead} dead letters` : ""].join("")).not.toBe("");
  return { count, said: errors() };
}

function flipBit(path: string, at: number, bit: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1 << bit;
  writeFileSync(path, bytes);
}

describe("a flipped bit", () => {
  test(
    "anywhere in the database ends in all being there, or in the loss being said",
    { timeout: 900_000 },
    async () => {
      const source = place();
      await filled(source, "close");
      const { size } = statSync(source);
      let told = 0;
      let seed = 12_345;
      const random = (): number => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return seed / 2 ** 31;
      };
      for (let n = 0; n < FLIPS; n += 1) {
        const path = join(dirname(source), `flipped-${n}.db`);
        copyFileSync(source, path);
        flipBit(
          path,
          n % 3 === 0 ? Math.floor(random() * 8_192) : Math.floor(random() * size),
          Math.floor(random() * 8),
        );
        try {
          const { said } = await judged(path);
          if (said.length > 0) told += 1;
        } catch (error) {
          // What can't be opened at all is refused with words, and stays as it is.
          expect(error).toMatchObject({ code: expect.stringMatching(/^RF_STORE_/u) as string });
          expect(existsSync(path)).toBe(true);
        }
        for (const name of readdirSync(dirname(source))) {
          if (name.startsWith(`flipped-${n}.db`)) rmSync(join(dirname(source), name));
        }
      }
      expect(told).toBeGreaterThan(0);
    },
  );

  test("in the log of a store that was killed is told, whatever frame it is in", { timeout: 60_000 }, async () => {
    const source = place();
    await filled(source, "kill");
    const { size } = statSync(`${source}-wal`);
    let lost = 0;
    for (let n = 0; n < 24; n += 1) {
      const path = join(dirname(source), `flipped-${n}.db`);
      for (const end of ["", "-wal", "-mark"]) if (existsSync(source + end)) copyFileSync(source + end, path + end);
      flipBit(`${path}-wal`, Math.floor((size * (n + 0.5)) / 24), n % 8);
      const { count } = await judged(path);
      if (count < EVENTS) lost += 1;
    }
    expect(lost).toBeGreaterThan(0);
  });
});

describe("a part that is missing", () => {
  test("a log that is gone, or cut at the end of a commit, is a loss that is said", async () => {
    for (const damage of ["gone", "cut"]) {
      const path = place();
      await filled(path, "kill");
      if (damage === "gone") rmSync(`${path}-wal`);
      else truncateSync(`${path}-wal`, 32 + Math.floor(statSync(`${path}-wal`).size / 2 / 8_216) * 8_216);
      const { count, said } = await judged(path);
      expect(count).toBeLessThan(EVENTS);
      expect(said.join("\n")).toMatch(/missing|lost/u);
    }
  });

  test("a database that was emptied, or whose end is cut off, is put aside or told of", async () => {
    for (const left of [0, 5_000, 30_000]) {
      const path = place();
      await filled(path, "close");
      truncateSync(path, left);
      const { said } = await judged(path);
      expect(said.join("\n")).toMatch(/gone or empty|damaged|lost/u);
    }
  });

  test("the damaged file is kept beside the new one", async () => {
    const path = place();
    await filled(path, "close");
    const file = openSync(path, "r+");
    writeSync(file, new Uint8Array(20_000).fill(0x5a), 0, 20_000, 16_384);
    closeSync(file);
    const { said } = await judged(path);
    expect(said.join("\n")).toContain("put aside as");
    expect(readdirSync(dirname(path)).some((name) => name.includes(".damaged-"))).toBe(true);
  });
});

describe("a file that is not ours to open", () => {
  test("is refused with words, and left as it is", async () => {
    const text = place();
    writeFileSync(text, "shopping list\n".repeat(1_000));
    await expect(open(text)).rejects.toMatchObject({ code: "RF_STORE_UNUSABLE" });
    expect(readFileSync(text, "utf8")).toContain("shopping list");

    const foreign = place();
    const other = new DatabaseSync(foreign);
    other.exec("CREATE TABLE mine (a); PRAGMA application_id = 7; PRAGMA user_version = 3");
    other.close();
    await expect(open(foreign)).rejects.toMatchObject({ code: "RF_STORE_UNUSABLE" });

    const newer = place();
    await filled(newer, "close");
    const raised = new DatabaseSync(newer);
    raised.exec("PRAGMA user_version = 999");
    raised.close();
    await expect(open(newer)).rejects.toMatchObject({ code: "RF_STORE_NEWER" });
  });

  test("nor are folders, links, and places that can't be written to", async () => {
    const openReal = (path: string): Promise<Store> => sqliteStore({ path }).open(BASE_CONFIG, NOW);
    const folder = place();
    mkdirSync(folder);
    await expect(openReal(folder)).rejects.toMatchObject({ code: "RF_STORE_UNUSABLE" });
    const linked = place();
    await filled(linked, "close");
    const link = join(dirname(linked), "link.db");
    symlinkSync(linked, link);
    await expect(openReal(link)).rejects.toMatchObject({ code: "RF_STORE_UNUSABLE" });
    await expect(openReal(join(linked, "below a file", "queue.db"))).rejects.toMatchObject({
      code: "RF_STORE_UNUSABLE",
    });
  });

  test("a second process is told that the file is in use", async () => {
    const path = place();
    const first = await sqliteStore({ path, sync: "process" }).open(BASE_CONFIG, NOW);
    const script = `
      import { sqliteStore } from ${JSON.stringify(new URL("../../src/stores/sqlite/index.ts", import.meta.url).href)};
      const config = ${JSON.stringify(BASE_CONFIG)};
      sqliteStore({ path: ${JSON.stringify(path)} }).open(config, ${NOW}).then(
        () => console.log("opened"),
        (error) => console.log(error.code, error.message),
      );`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(child, "close");
    expect(said).toMatch(/^RF_STORE_LOCKED .* in use by another process/u);
    await first.close();
  });

  test("all its files are for their owner only, and are made so when they were not", async () => {
    const path = place();
    const store = await sqliteStore({ path, sync: "process" }).open(BASE_CONFIG, NOW);
    await store.admit([{ id: "1", class: "standard", payload: new Uint8Array(1), sinks: ["crm"] }], NOW);
    const modes = readdirSync(dirname(path)).map((name) => [name, statSync(join(dirname(path), name)).mode & 0o777]);
    expect(modes.length).toBeGreaterThan(2);
    for (const [, mode] of modes) expect(mode).toBe(0o600);
    await store.close();
    chmodSync(path, 0o644);
    const again = await sqliteStore({ path, sync: "process" }).open(BASE_CONFIG, NOW);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await again.close();
  });
});
