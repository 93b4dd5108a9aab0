/** The store on disk in a folder of its own, for tests that end it as they like. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../src/ports/store.ts";
import { sqliteStoreForTests } from "../../src/stores/sqlite/index.ts";
import { SqliteStore } from "../../src/stores/sqlite/store.ts";
import type { WalkedStore } from "./queue-walk.ts";

/** A file that nobody else has. `process`: kill tests say nothing of fsync, and are quicker without. */
export function sqlitePlace(sync: "full" | "process" = "process"): WalkedStore {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-queue-"));
  return {
    driver: sqliteStoreForTests({ path: join(folder, "queue.db"), sync }, { ballastBytes: 0 }),
    kill: killSqlite,
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** As `kill -9`. */
export async function killSqlite(store: Store): Promise<void> {
  if (!(store instanceof SqliteStore)) throw new Error("this is another store");
  await store.kill();
}
