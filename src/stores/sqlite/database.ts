/**
 * The database as the disk thread has it: one connection, one transaction a group.
 *
 * B1  A group is written whole or not at all, and in order. Written (`apply`) it survives the end of the process; flushed
 *     (`flush`) the loss of power.
 * B2  Commits don't wait for the disk: SQLite runs with `synchronous = NORMAL`, and the log file is flushed here, beside the
 *     next transaction. It is the same flush that `FULL` would make inside of the commit. A checkpoint flushes for itself.
 * B3  Only this process has the file: `locking_mode = EXCLUSIVE`, from the first read on.
 * B4  The log stays short: it is copied back (checkpoint) when it has grown to `walBytes`, so that a full disk has to find
 *     little room for it.
 * B5  SQLite copies the log back when it closes, and does not look at its checksums then. After an error nobody knows whether
 *     what stands in the log is what was written: what does not fit is cut off first (`cutLog`).
 */
import { closeSync, fdatasync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Group, LoadedBlock, Opened, ReadBlock } from "./messages.ts";
import { HistoryTables } from "./history-tables.ts";
import { LedgerTable } from "./ledger-table.ts";
import { isDamage } from "./disk-error.ts";
import { cutLog } from "./log-check.ts";
import { FIRST_PRAGMAS, migrate, PAGE_BYTES, pragma } from "./schema.ts";

/** What a group writes besides its blocks, in pages; more or less. */
const SMALL_PAGES = 8;
/** Of facts, at once. */
const PORTION_BYTES = 512 * 1_024;
/** Pages given back to the disk at once, when enough are free; looked at every so many groups. */
const VACUUM_PAGES = 1_024;
const LOOK_EVERY = 16;

const ALL_PAGES = 2 ** 31 - 1;
const INSERT_BLOCK = `INSERT OR REPLACE INTO block (block, moved, first, content_bytes, facts) VALUES (?, ?, ?, ?, ?)`;

/** What a database is opened with. */
export interface DatabaseSettings {
  readonly path: string;
  /** The log is copied back when it is longer. */
  readonly walBytes: number;
  /** Called at named points; may throw. */
  readonly probe: (name: string) => void;
}

/** The open database (see the top of this file). */
export class Database {
  readonly #settings: DatabaseSettings;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #ledger: LedgerTable;
  readonly #history: HistoryTables;
  #walFile: number | undefined;
  #open = true;
  /** Written to the log since it was last copied back; roughly. */
  #logBytes = 0;
  #groups = 0;

  /** Opens, locks and migrates. Throws what SQLite throws. */
  constructor(settings: DatabaseSettings) {
    this.#settings = settings;
    settings.probe("open");
    this.#db = new DatabaseSync(settings.path, { timeout: 100 });
    try {
      this.#db.exec(
        `PRAGMA locking_mode = EXCLUSIVE; ${FIRST_PRAGMAS};
         PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -4096;
         PRAGMA journal_size_limit = ${settings.walBytes}; BEGIN EXCLUSIVE; COMMIT`,
      );
      settings.probe("migrate");
      migrate(this.#db);
      this.#ledger = new LedgerTable(this.#db);
      this.#history = new HistoryTables(this.#db);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** What there is besides envelopes. */
  facts(): Omit<Opened, "created" | "clean" | "damage"> & { readonly closed: boolean } {
    const kept = this.#fact("kept") ?? "";
    const flight = this.#get("SELECT entries FROM flight")?.["entries"];
    const sinks = this.#statement("SELECT sink, name FROM sink ORDER BY sink").all();
    return {
      // Without the fact it was made and never used.
      closed: this.#fact("closed") !== "no",
      kept,
      lastGroup: Number(this.#fact("group") ?? 0),
      flight: flight instanceof Uint8Array ? flight : undefined,
      sinks: sinks.map((row) => [Number(row["sink"]), String(row["name"])]),
      blockCount: this.#number("SELECT count(*) FROM block WHERE ended_at IS NULL"),
      lastBlock: this.#number("SELECT max(block) FROM block"),
      lastId: this.#number("SELECT first + count - 1 FROM ids ORDER BY first DESC LIMIT 1"),
      lastLine: this.#number("SELECT last FROM ledger ORDER BY first DESC LIMIT 1"),
    };
  }

  /** Gives numbers to sinks that have none, and marks the file as in use: until {@link Database.close}. */
  begin(sinks: readonly string[]): void {
    this.#transaction(() => {
      for (const name of sinks) this.#run("INSERT OR IGNORE INTO sink (name) VALUES (?)", name);
      this.#setFact("closed", "no");
    });
    this.checkpoint();
  }

  /** Complaints of SQLite about the tables that are read at the start, [] when there are none. */
  check(): string[] {
    const tables = ["block", "entry", "flight", "ids", "ledger", "ended", "sink", "fact"];
    return tables.flatMap((table) => {
      const found = this.#db.prepare(`PRAGMA quick_check('${table}')`).all();
      return found.map((row) => String(Object.values(row)[0])).filter((text) => text !== "ok");
    });
  }

  /** Blocks above `after`: those of envelopes that were moved, or the others. */
  load(after: number, moved: boolean): LoadedBlock[] {
    const loaded: LoadedBlock[] = [];
    let bytes = 0;
    const rows = this.#statement(
      "SELECT block, facts, content_bytes, gone FROM block WHERE block > ? AND moved = ? AND ended_at IS NULL ORDER BY block LIMIT 2000",
    );
    for (const row of rows.iterate(after, moved ? 1 : 0)) {
      const { block, facts, gone } = row;
      if (!(facts instanceof Uint8Array)) continue;
      const contentBytes = Number(row["content_bytes"]);
      loaded.push({ block: Number(block), facts, contentBytes, gone: gone instanceof Uint8Array ? gone : undefined });
      bytes += facts.length;
      if (bytes > PORTION_BYTES) break;
    }
    return loaded;
  }

  loadIds(after: number): { readonly first: number; readonly ids: Uint8Array }[] {
    const rows = this.#statement("SELECT first, ids FROM ids WHERE first > ? ORDER BY first LIMIT 50").all(after);
    return rows.flatMap(({ first, ids }) => (ids instanceof Uint8Array ? [{ first: Number(first), ids }] : []));
  }

  loadStates(afterSeq: number, afterSink: number): { readonly seq: number; sink: number; state: Uint8Array }[] {
    const rows = this.#statement(
      "SELECT seq, sink, state FROM entry WHERE (seq, sink) > (?, ?) ORDER BY seq, sink LIMIT 5000",
    ).all(afterSeq, afterSink);
    return rows.flatMap(({ seq, sink, state }) => {
      return state instanceof Uint8Array ? [{ seq: Number(seq), sink: Number(sink), state }] : [];
    });
  }

  read(block: number, withFacts: boolean): ReadBlock {
    this.#settings.probe("read");
    return {
      block,
      contents: this.#blob("SELECT contents AS blob FROM content WHERE block = ?", block),
      facts: withFacts ? this.#blob("SELECT facts AS blob FROM block WHERE block = ?", block) : undefined,
    };
  }

  /** Undefined when there is none, and when its page is damaged: nobody may wait for it then. */
  #blob(sql: string, block: number): Uint8Array | undefined {
    try {
      const blob = this.#get(sql, block)?.["blob"];
      return blob instanceof Uint8Array ? blob : undefined;
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }

  get history(): HistoryTables {
    return this.#history;
  }

  get ledger(): LedgerTable {
    return this.#ledger;
  }

  /** B1. */
  apply(group: Group): void {
    const { probe } = this.#settings;
    this.#transaction(() => {
      this.#ledger.append(group, (block) => this.read(block, false).contents);
      for (const { block, moved, first, facts, contents } of group.blocks) {
        this.#run(INSERT_BLOCK, block, moved ? 1 : 0, first, contents.length, facts);
        this.#run("INSERT OR REPLACE INTO content VALUES (?, ?)", block, contents);
        this.#logBytes += facts.length + contents.length;
      }
      for (const { block, bits, endedAt } of group.gone) {
        this.#run("UPDATE block SET gone = ?, ended_at = ? WHERE block = ?", bits, endedAt ?? null, block);
      }
      for (const block of group.endedBlocks) {
        this.#run("DELETE FROM block WHERE block = ?", block);
        this.#run("DELETE FROM content WHERE block = ?", block);
      }
      for (const { seq, sink, state } of group.states) {
        this.#run("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", seq, sink, state);
      }
      for (const seq of group.endedStates) this.#run("DELETE FROM entry WHERE seq = ?", seq);
      if (group.flight !== undefined) this.#run("INSERT OR REPLACE INTO flight VALUES (1, ?)", group.flight);
      if (group.ids !== undefined) {
        const { first, count, ids } = group.ids;
        this.#run("INSERT OR REPLACE INTO ids VALUES (?, ?, ?)", first, count, ids);
      }
      // All pages before the one that `idsFrom` is on.
      this.#run("DELETE FROM ids WHERE first < (SELECT max(first) FROM ids WHERE first <= ?)", group.idsFrom);
      this.#history.append(group);
      this.#setFact("kept", group.kept);
      this.#setFact("group", String(group.n));
      probe("before-commit");
    });
    this.#logBytes += SMALL_PAGES * PAGE_BYTES;
    probe("after-commit");
  }

  /** B2: flushes the log file. */
  flush(done: (error: Error | null) => void): void {
    try {
      this.#settings.probe("before-sync");
      this.#walFile ??= openSync(`${this.#settings.path}-wal`, "r+");
      fdatasync(this.#walFile, done);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Copies the log back when it is long, and gives pages that are free back to the disk. */
  tidy(): void {
    if (this.#logBytes >= this.#settings.walBytes) this.checkpoint("PASSIVE");
    this.#groups += 1;
    if (this.#groups % LOOK_EVERY === 0 && this.#isRoomy()) this.giveBack(VACUUM_PAGES);
  }

  /** Whether a good part of the file is free pages. */
  #isRoomy(): boolean {
    const free = this.freePages;
    return free > VACUUM_PAGES && free > pragma(this.#db, "page_count") / 4;
  }

  /** Copies the log back; `TRUNCATE` also gives its room back to the disk. */
  checkpoint(mode: "PASSIVE" | "TRUNCATE" = "TRUNCATE"): void {
    this.#settings.probe("checkpoint");
    const answer = this.#statement(`PRAGMA wal_checkpoint(${mode})`).get();
    if (Number(answer?.["busy"] ?? 0) !== 0) throw new Error("the log can't be copied back");
    this.#logBytes = 0;
  }

  get freePages(): number {
    return pragma(this.#db, "freelist_count");
  }

  /** Gives up to so many free pages back to the disk. */
  giveBack(pages: number): void {
    this.#db.exec(`PRAGMA incremental_vacuum(${pages})`);
  }

  /** Marks the file as well closed, or leaves it as one that ended otherwise; releases it. Idempotent. */
  close(well: boolean): void {
    if (!this.#open) return;
    if (!well) this.distrust();
    this.#open = false;
    try {
      if (well) this.#closeWell();
    } catch (error) {
      this.distrust();
      throw error;
    } finally {
      if (this.#walFile !== undefined) closeSync(this.#walFile);
      this.#db.close();
    }
  }

  /** B5: before a connection that has seen an error is closed, by whomever. Throws what the file system says. */
  distrust(): void {
    cutLog(`${this.#settings.path}-wal`);
  }

  #closeWell(): void {
    this.#transaction(() => {
      this.#run("DELETE FROM flight");
      this.#setFact("closed", "yes");
    });
    if (this.#isRoomy()) this.giveBack(ALL_PAGES);
    this.checkpoint();
  }

  #transaction(act: () => void): void {
    const { probe } = this.#settings;
    probe("begin");
    this.#run("BEGIN IMMEDIATE");
    try {
      act();
      this.#run("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#run("ROLLBACK");
      throw error;
    }
  }

  #fact(name: string): string | undefined {
    const value = this.#get("SELECT value FROM fact WHERE name = ?", name)?.["value"];
    return typeof value === "string" ? value : undefined;
  }

  #setFact(name: string, value: string): void {
    this.#run("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, value);
  }

  #number(sql: string): number {
    return Number(Object.values(this.#get(sql) ?? {})[0] ?? 0);
  }

  #get(sql: string, ...values: (number | string)[]): Record<string, unknown> | undefined {
    return this.#statement(sql).get(...values);
  }

  #run(sql: string, ...values: (number | string | Uint8Array | null)[]): void {
    this.#statement(sql).run(...values);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
