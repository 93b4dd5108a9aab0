/**
 * The database file: its tables, its version, and how an older one is brought up to date.
 *
 * ```
 *  block      block | moved, first seq, ended at, gone, facts   envelopes stored together, all but ids and payloads
 *  content    block | contents                           their ids and payloads: read only when handed over
 *  entry      seq, sink | state                          only what is no longer as it was admitted
 *  flight     1 | entries                                what is in flight
 *  ids        first | count | ids                        the dedup window, a page a group
 *  ledger     first | last | lines                       what ended without a delivery, JSON, a row a group
 *  ended      n | last seq | lines                       with `keep`: how envelopes ended, JSON, a row a group
 *  sink       sink | name                                numbers of sinks, given once
 *  fact       name | value                               counters and other single facts
 * ```
 * V1  `application_id` says that the file is ours; `user_version` is the version of the schema.
 * V2  A file of a newer version is refused and not touched: going back is done with a copy.
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** "rgf1". */
export const APPLICATION_ID = 0x72_67_66_31;
/** Of the database; its log has frames of a page each. */
export const PAGE_BYTES = 8_192;

/** From each version to the next, in one transaction each; the first makes an empty file into version 1. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE block (
    block INTEGER PRIMARY KEY, moved INTEGER NOT NULL, first INTEGER NOT NULL, content_bytes INTEGER NOT NULL,
    ended_at REAL, gone BLOB, facts BLOB NOT NULL
  ) STRICT;
  CREATE INDEX block_by_end ON block (ended_at, moved);
  CREATE TABLE content (block INTEGER PRIMARY KEY, contents BLOB NOT NULL) STRICT;
  CREATE TABLE entry (seq INTEGER, sink INTEGER, state BLOB NOT NULL, PRIMARY KEY (seq, sink)) STRICT, WITHOUT ROWID;
  CREATE TABLE flight (one INTEGER PRIMARY KEY CHECK (one = 1), entries BLOB NOT NULL) STRICT;
  CREATE TABLE ids (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;
  CREATE TABLE ledger (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, lines TEXT NOT NULL) STRICT;
  CREATE TABLE ended (n INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, lines TEXT NOT NULL) STRICT;
  CREATE TABLE sink (sink INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** The number that a pragma answers. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
}

/** What must be said before a database has its first page. */
export const FIRST_PRAGMAS: string = `PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`;

/** Brings a file of an older version up to date; each step whole or not at all. */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  for (let version = pragma(db, "user_version"); version < migrations.length; version += 1) {
    try {
      db.exec(
        `BEGIN IMMEDIATE; ${migrations[version] ?? ""}; PRAGMA user_version = ${version + 1}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`,
      );
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

/** The schema version in a file's header, without opening it as a database. */
export function versionOf(path: string): number {
  const header = Buffer.alloc(4);
  const file = openSync(path, "r");
  try {
    return readSync(file, header, 0, 4, 60) === 4 ? header.readUInt32BE(0) : 0;
  } finally {
    closeSync(file);
  }
}
