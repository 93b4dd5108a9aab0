/** The store on disk in a folder of its own, for tests that end it as they like. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../src/ports/store.ts";
import { sqliteStoreForTests } from "../../src/stores/sqlite/driver.ts";
import { SqliteStore } from "../../src/stores/sqlite/store.ts";
import { startNearDisk } from "./near-disk.ts";
import type { WalkedStore } from "./queue-walk.ts";

/** In memory where the system has such a folder: these tests say nothing of loss of power, and need not wait for a disk. */
const FOLDER = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** The store with its thread. */
export function sqlitePlace(sync: "full" | "process"): WalkedStore {
  const { path, dispose } = freshPath(tmpdir());
  return { driver: sqliteStoreForTests({ path, sync }, { ballastBytes: 0 }), kill: killSqlite, dispose };
}

/** The store with its disk's work done in this thread, see `near-disk.ts`. */
export function nearSqlitePlace(): WalkedStore {
  const { path, dispose } = freshPath(FOLDER);
  const driver = sqliteStoreForTests({ path, sync: "process" }, { ballastBytes: 0, startThread: startNearDisk });
  return { driver, kill: killSqlite, dispose };
}

/** As `kill -9`. */
export async function killSqlite(store: Store): Promise<void> {
  if (!(store instanceof SqliteStore)) throw new Error("this is another store");
  await store.kill();
}

function freshPath(parent: string): { readonly path: string; readonly dispose: () => Promise<void> } {
  const folder = mkdtempSync(join(parent, "ringfirst-queue-"));
  return { path: join(folder, "queue.db"), dispose: async () => rmSync(folder, { recursive: true, force: true }) };
}
