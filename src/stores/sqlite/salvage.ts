/**
 * Saving what can be read of a damaged file: it is put aside under another name, and its rows go into a new one. Each table is
 * read from its beginning until a page that makes no sense, then from its end; what lies between is lost, and said to be.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { flushFolder, prepareFile, repairMagic } from "./file.ts";
import { migrate } from "./schema.ts";

const TABLES: readonly { readonly name: string; readonly key: string }[] = [
  { name: "block", key: "block" },
  { name: "content", key: "block" },
  { name: "entry", key: "seq, sink" },
  { name: "flight", key: "one" },
  { name: "ids", key: "first" },
  { name: "ledger", key: "first" },
  { name: "ended", key: "n" },
  { name: "sink", key: "sink" },
  { name: "fact", key: "name" },
];

/** Puts the file aside and makes a new one of what can be read; answers what is to be said of it. */
export function salvage(path: string, now: number, cause: string): string[] {
  const aside = `${path}.damaged-${now}`;
  for (const end of ["", "-wal"]) if (existsSync(path + end)) renameSync(path + end, aside + end);
  rmSync(`${path}-shm`, { force: true });
  const copy = `${aside}-copy`;
  for (const end of ["", "-wal"]) if (existsSync(aside + end)) copyFileSync(aside + end, copy + end);
  const said = [`the file is damaged (${cause}); it was put aside as ${aside}`];
  prepareFile(path);
  const fresh = new DatabaseSync(path);
  try {
    migrate(fresh);
    said.push(...rescue(copy, fresh));
  } finally {
    fresh.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(copy + end, { force: true });
  }
  flushFolder(path);
  return said;
}

function rescue(from: string, fresh: DatabaseSync): string[] {
  let source: DatabaseSync;
  try {
    repairMagic(from);
    source = new DatabaseSync(from, { timeout: 100 });
  } catch {
    return ["nothing of it can be read: all that waited in it is lost"];
  }
  try {
    const lost = TABLES.flatMap(({ name, key }) => copyTable(source, fresh, name, key));
    if (lost.length === TABLES.length) return ["nothing of it can be read: all that waited in it is lost"];
    return lost.length === 0 ? ["all its rows can be read"] : [`not all of it can be read: ${lost.join("; ")}`];
  } finally {
    source.close();
  }
}

/** Copies what can be read of a table; [] when that was all. */
function copyTable(source: DatabaseSync, fresh: DatabaseSync, name: string, key: string): string[] {
  let copied = 0;
  const copy = (order: string): string | undefined => {
    fresh.exec("BEGIN");
    try {
      const rows = source.prepare(`SELECT * FROM ${name} ORDER BY ${order}`).iterate();
      for (const row of rows) {
        const values = Object.values(row);
        const marks = values.map(() => "?").join(", ");
        copied += Number(fresh.prepare(`INSERT OR IGNORE INTO ${name} VALUES (${marks})`).run(...values).changes);
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      fresh.exec("COMMIT");
    }
  };
  if (copy(key) === undefined) return [];
  const backwards = key.split(", ").map((column) => `${column} DESC`);
  const cause = copy(backwards.join(", "));
  return cause === undefined ? [] : [`${name}: ${copied} rows were saved, others not (${cause})`];
}
