/** The sqlite store under the conformance suite: each case has a file of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import type { Store } from "../../src/ports/store.ts";
import { sqliteStore } from "../../src/stores/sqlite/index.ts";
import { SqliteStore } from "../../src/stores/sqlite/store.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfirst-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

async function crash(store: Store): Promise<void> {
  if (!(store instanceof SqliteStore)) throw new Error("not the store under test");
  await store.kill();
}

storeConformance({
  test: (name, run) => test(name, run),
  skip: (name, reason) => test.skip(`${name} (${reason})`),
  create: () => {
    count += 1;
    return sqliteStore({ path: join(folder, `${count}.db`), sync: "process" });
  },
  crash,
});
