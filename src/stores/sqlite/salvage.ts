/**
 * Saving what can be read of a damaged file: it is put aside under another name, and its rows go into a new one. Each table is
 * read from its beginning until a page that makes no sense, then from its end; what lies between is lost, and said to be.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { isFull, wordsOf } from "./disk-error.ts";
import { flushFolder, prepareFile, repairHeader } from "./file.ts";
import { FIRST_PRAGMAS, migrate } from "./schema.ts";

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

/** Rows that are asked for one by one, at most. */
const MOST_ASKED = 100_000;

/**
 * Puts the file aside and makes a new one of what can be read; answers what is to be said of it. The new one takes its place
 * when it is whole: who is interrupted begins again with the damaged one.
 */
export function salvage(path: string, now: number, cause: string): string[] {
  const aside = freeName(`${path}.damaged-${now}`);
  const copy = `${aside}-copy`;
  const saved = `${path}.saved`;
  const said = [`the file is damaged (${cause}); it was put aside as ${aside}`];
  try {
    for (const end of ["", "-wal"]) {
      if (!existsSync(path + end)) continue;
      copyFileSync(path + end, aside + end);
      copyFileSync(path + end, copy + end);
    }
    rmSync(saved, { force: true });
    prepareFile(saved);
    said.push(...rescue(copy, saved));
    rmSync(`${path}-wal`, { force: true });
    renameSync(saved, path);
  } finally {
    for (const end of ["", "-wal", "-shm"]) rmSync(copy + end, { force: true });
    for (const end of ["", "-journal"]) rmSync(saved + end, { force: true });
  }
  flushFolder(path);
  return said;
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let n = 1; existsSync(name); n += 1) name = `${wanted}-${n}`;
  return name;
}

function rescue(from: string, to: string): string[] {
  const fresh = new DatabaseSync(to);
  try {
    fresh.exec(FIRST_PRAGMAS);
    migrate(fresh);
    const lost = copyTables(from, fresh);
    if (lost.length === TABLES.length) return ["nothing of it can be read: all that waited in it is lost"];
    return lost.length === 0 ? ["all its rows can be read"] : [`not all of it can be read: ${lost.join("; ")}`];
  } finally {
    fresh.close();
  }
}

/** What could not be copied, by table. */
function copyTables(from: string, fresh: DatabaseSync): string[] {
  repairHeader(from);
  const source = new DatabaseSync(from, { timeout: 100 });
  try {
    return TABLES.flatMap(({ name, key }) => copyTable(source, fresh, name, key));
  } finally {
    source.close();
  }
}

/** Copies what can be read of a table; [] when that was all. */
function copyTable(source: DatabaseSync, fresh: DatabaseSync, name: string, key: string): string[] {
  const into = new TableCopy(fresh, name);
  const first = into.take(() => source.prepare(`SELECT * FROM ${name} ORDER BY ${key}`).iterate());
  if (first === undefined && into.refused === 0) return [];
  const backwards = key.split(", ").map((column) => `${column} DESC`);
  const low = into.lastKey;
  const second = into.take(() => source.prepare(`SELECT * FROM ${name} ORDER BY ${backwards.join(", ")}`).iterate());
  // Numbers without gaps: what lies between two bad places can be asked for one by one.
  if (key === "block" && low !== undefined && into.lastKey !== undefined) {
    for (let one = low + 1; one < into.lastKey && one - low < MOST_ASKED; one += 1) {
      into.take(() => source.prepare(`SELECT * FROM ${name} WHERE block = ${one}`).iterate());
    }
  }
  const cause = second ?? first ?? `${into.refused} rows make no sense`;
  return [`${name}: ${into.copied} rows were saved, others not (${cause})`];
}

/** Rows on their way into a new table. */
class TableCopy {
  readonly #fresh: DatabaseSync;
  readonly #name: string;
  #insert: StatementSync | undefined;
  copied = 0;
  refused = 0;
  /** Of the last row that was taken, the first column. */
  lastKey: number | undefined;

  constructor(fresh: DatabaseSync, name: string) {
    this.#fresh = fresh;
    this.#name = name;
  }

  /** Takes rows until one can't be read; answers why not. */
  take(rows: () => Iterable<Record<string, SQLOutputValue>>): string | undefined {
    this.#fresh.exec("BEGIN");
    try {
      for (const row of rows()) this.#put(Object.values(row));
      return undefined;
    } catch (error) {
      if (isFull(error)) throw error;
      return wordsOf(error);
    } finally {
      if (this.#fresh.isTransaction) this.#fresh.exec("COMMIT");
    }
  }

  #put(values: SQLOutputValue[]): void {
    const marks = values.map(() => "?").join(", ");
    this.#insert ??= this.#fresh.prepare(`INSERT OR IGNORE INTO ${this.#name} VALUES (${marks})`);
    try {
      this.copied += Number(this.#insert.run(...values).changes);
      this.lastKey = Number(values[0]);
    } catch (error) {
      if (isFull(error)) throw error;
      // A value that has the wrong kind now.
      this.refused += 1;
    }
  }
}
