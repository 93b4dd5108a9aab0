import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import {
  APPLICATION_ID,
  migrate,
  MIGRATIONS,
  pragma,
  SCHEMA_VERSION,
  versionOf,
} from "../../../src/stores/sqlite/schema.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function database(): { readonly db: DatabaseSync; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-schema-"));
  folders.push(folder);
  const path = join(folder, "queue.db");
  return { db: new DatabaseSync(path), path };
}

test("an empty file becomes one of this version, and says that it is ours", () => {
  const { db, path } = database();
  migrate(db);
  expect(pragma(db, "user_version")).toBe(SCHEMA_VERSION);
  expect(pragma(db, "application_id")).toBe(APPLICATION_ID);
  migrate(db);
  db.close();
  expect(versionOf(path)).toBe(SCHEMA_VERSION);
});

test("a file of an older version goes through each step after it, and keeps what it has", () => {
  const { db } = database();
  migrate(db);
  db.exec("INSERT INTO sink (name) VALUES ('crm')");
  const later = [
    ...MIGRATIONS,
    "ALTER TABLE sink ADD COLUMN note TEXT; UPDATE sink SET note = 'one'",
    "UPDATE sink SET note = note || ' two'",
  ];
  migrate(db, later);
  expect(pragma(db, "user_version")).toBe(MIGRATIONS.length + 2);
  expect({ ...db.prepare("SELECT name, note FROM sink").get() }).toEqual({ name: "crm", note: "one two" });
  db.close();
});

test("a step that fails leaves the version before it, whole, and can be tried again", () => {
  const { db } = database();
  migrate(db);
  const broken = [...MIGRATIONS, "ALTER TABLE sink ADD COLUMN note TEXT; UPDATE nowhere SET a = 1"];
  expect(() => migrate(db, broken)).toThrow(/nowhere/u);
  expect(pragma(db, "user_version")).toBe(MIGRATIONS.length);
  expect(db.isTransaction).toBe(false);
  migrate(db, [...MIGRATIONS, "ALTER TABLE sink ADD COLUMN note TEXT"]);
  expect(pragma(db, "user_version")).toBe(MIGRATIONS.length + 1);
  db.close();
});
