/**
 * Opening the file: whose it is, how its last owner ended, what is damaged; and what is said of it.
 *
 * O1  A file that is not ours, or of a newer version, or in another process's hands is refused and left as it is.
 * O2  What is damaged is put aside, never written over; what can be read of it goes into a new file, and what is lost is said.
 *     There is no silent empty queue.
 */
import { copyFileSync, existsSync, renameSync } from "node:fs";
import { type DiskPlan, planFor } from "./ballast.ts";
import { Database, type DatabaseSettings } from "./database.ts";
import { isDamage, isFull, Refusal, sqliteCode, wordsOf } from "./disk-error.ts";
import { type FileKind, flushFolder, isEmpty, kindOf, prepareFile } from "./file.ts";
import { checkLog, type LogReport } from "./log-check.ts";
import type { Mark } from "./mark.ts";
import type { DiskSettings, Opened } from "./messages.ts";
import { salvage } from "./salvage.ts";
import { SCHEMA_VERSION, versionOf } from "./schema.ts";

const SQLITE_BUSY = 5;

/** An open database, and what was found. */
export interface OpenedDatabase {
  readonly database: Database;
  readonly opened: Opened;
}

/**
 * Opens a file, makes it when there is none, and saves what can be saved when it is damaged. `witness`: how far it had come.
 */
export function openDatabase(
  { path, ballastBytes }: DiskSettings,
  now: number,
  sinks: readonly string[],
  settingsFor: (plan: DiskPlan) => Omit<DatabaseSettings, "path">,
  witness: Mark,
): OpenedDatabase {
  const mark = witness.read();
  const kind = look(path);
  if (kind === "ours" && versionOf(path) > SCHEMA_VERSION) throw newer(path);
  const log = checkLog(`${path}-wal`);
  const damage = kind === "absent" ? whatWasThere(path, now, mark, log) : logDamage(path, now, log);
  prepare(path);
  const settings: DatabaseSettings = { path, ...settingsFor(planFor(path, ballastBytes)) };
  const database = kind === "absent" ? connect(settings) : connectOrSave(settings, kind, now, damage);
  try {
    const { closed, ...kept } = database.facts();
    if (kind !== "absent") damage.push(...missing(kept.lastGroup, closed, mark, log));
    // From here on a log that is missing is a loss; but what is missing already is forgotten only when it could be told.
    witness.write(Math.max(mark ?? 0, kept.lastGroup));
    database.begin(sinks);
    flushFolder(path);
    witness.write(kept.lastGroup);
    const clean = closed && damage.length === 0;
    const opened = { ...kept, created: kind === "absent", clean, damage, sinks: database.facts().sinks };
    return { database, opened };
  } catch (error) {
    database.close(false);
    throw error;
  }
}

/** Opens the file again after an error: SQLite reads its log back and checks it, then the log is copied back. */
export function reopenDatabase(path: string, settings: Omit<DatabaseSettings, "path">): Database {
  const database = new Database({ path, ...settings });
  try {
    database.checkpoint();
    return database;
  } catch (error) {
    database.close(false);
    throw error;
  }
}

function look(path: string): Exclude<FileKind, "foreign"> {
  let kind: FileKind;
  try {
    kind = kindOf(path);
  } catch (error) {
    throw unusable(`${path}: ${wordsOf(error)}`);
  }
  if (kind === "foreign") {
    throw unusable(`${path} is no file of ringfirst: it was left as it is; name another path for the store`);
  }
  return kind;
}

function prepare(path: string): void {
  try {
    prepareFile(path);
  } catch (error) {
    throw unusable(`${path} can't be made or opened for writing: ${wordsOf(error)}`);
  }
}

function connect(settings: DatabaseSettings): Database {
  try {
    return new Database(settings);
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) {
      throw new Refusal({
        code: "RF_STORE_LOCKED",
        message: `${settings.path} is in use by another process: one service has a store; end the other one, or name another path`,
      });
    }
    if (isDamage(error) || isFull(error)) throw error;
    throw unusable(`${settings.path} can't be opened: ${wordsOf(error)}`);
  }
}

/** O2. What is told of it goes into `damage`. */
function connectOrSave(settings: DatabaseSettings, kind: "ours" | "damaged", now: number, damage: string[]): Database {
  const found = kind === "damaged" ? "its first bytes are damaged" : tryToConnect(settings);
  if (typeof found !== "string") return found;
  damage.push(...salvage(settings.path, now, found));
  return connect(settings);
}

/** The database; or what makes no sense in it. */
function tryToConnect(settings: DatabaseSettings): Database | string {
  let database: Database | undefined;
  try {
    database = connect(settings);
    database.facts();
    const [complaint] = database.check();
    if (complaint === undefined) return database;
    database.close(false);
    return complaint;
  } catch (error) {
    database?.close(false);
    if (isDamage(error)) return wordsOf(error);
    throw error;
  }
}

/** There is no database, or an empty one. Was there one before? */
function whatWasThere(path: string, now: number, mark: number | undefined, log: LogReport): string[] {
  const said: string[] = [];
  if (mark !== undefined && mark > 0) {
    said.push(`the database is gone or empty, and ${mark} groups of changes had been written: all that waited is lost`);
  }
  if (log.commits + log.lostCommits > 0 && isEmpty(path)) {
    const aside = `${path}-wal.damaged-${now}`;
    renameSync(`${path}-wal`, aside);
    said.push(`the log of a database that is gone was put aside as ${aside}`);
  }
  return said;
}

/** Commits in the log that SQLite will not take. */
function logDamage(path: string, now: number, log: LogReport): string[] {
  if (log.lostCommits === 0) return [];
  const aside = `${path}-wal.damaged-${now}`;
  if (!existsSync(aside)) copyFileSync(`${path}-wal`, aside);
  return [
    `the database's log is damaged after ${log.commits} commits: the ${log.lostCommits} after them are lost; a copy is ${aside}`,
  ];
}

/** What had been told to be durable and is not there. */
function missing(lastGroup: number, closed: boolean, mark: number | undefined, log: LogReport): string[] {
  if (mark !== undefined && mark > lastGroup) {
    return [`the last ${mark - lastGroup} groups of changes that were written are missing: what they brought is lost`];
  }
  if (mark === undefined && !closed && !log.present) {
    return ["the database's log is missing: what was written since it was last copied back is lost"];
  }
  return [];
}

function newer(path: string): Refusal {
  return new Refusal({
    code: "RF_STORE_NEWER",
    message: `${path} was written by a newer version of ringfirst (schema ${versionOf(path)}, this one knows ${SCHEMA_VERSION}): use that version, or name another path`,
  });
}

function unusable(message: string): Refusal {
  return new Refusal({ code: "RF_STORE_UNUSABLE", message });
}
