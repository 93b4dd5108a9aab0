/**
 * Opening the file: whose it is, how its last owner ended, what is damaged; and what is said of it.
 *
 * O1  A file that is not ours, or of a newer version, or in another process's hands is refused and left as it is.
 * O2  What is damaged is put aside, never written over; what can be read of it goes into a new file, and what is lost is said.
 *     There is no silent empty queue.
 */
import { type DiskPlan, planFor } from "./ballast.ts";
import { Database, type DatabaseSettings } from "./database.ts";
import { Refusal } from "./disk-error.ts";
import { flushFolder, kindOf, prepareFile } from "./file.ts";
import { checkLog, type LogReport } from "./log-check.ts";
import type { Opened } from "./messages.ts";
import { salvage } from "./salvage.ts";
import { SCHEMA_VERSION, versionOf } from "./schema.ts";

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Opens a file, makes it when there is none, and saves what can be saved when it is damaged. */
export function openDatabase(
  path: string,
  now: number,
  sinks: readonly string[],
  settingsFor: (plan: DiskPlan) => Omit<DatabaseSettings, "path">,
  ballastBytes: number,
): { readonly database: Database; readonly opened: Opened } {
  const damage: string[] = [];
  const kind = look(path);
  prepare(path);
  const settings: DatabaseSettings = { path, ...settingsFor(planFor(path, ballastBytes)) };
  if (kind === "ours" && versionOf(path) > SCHEMA_VERSION) throw newer(path);
  const log = kind === "absent" ? undefined : checkLog(`${path}-wal`);
  if (kind === "damaged") damage.push(...salvage(path, now, "its first bytes are damaged"));
  let database = kind === "absent" ? connect(settings) : connectOrSave(settings, now, damage);
  let facts = database.facts();
  if (kind !== "absent" && !facts.closed && damage.length === 0) {
    damage.push(...logDamage(log));
    const complaints = complaintsOf(database);
    if (complaints.length > 0) {
      database.close(false);
      damage.push(...salvage(path, now, complaints[0] ?? ""));
      database = connect(settings);
      facts = database.facts();
    }
  }
  const { closed, ...kept } = facts;
  database.begin(sinks);
  flushFolder(path);
  const opened = { ...kept, created: kind === "absent", clean: closed && damage.length === 0, damage };
  return { database, opened: { ...opened, sinks: database.facts().sinks } };
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

function look(path: string): ReturnType<typeof kindOf> {
  let kind: ReturnType<typeof kindOf>;
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
    const code = sqliteCode(error);
    if (code === SQLITE_BUSY) {
      throw new Refusal({
        code: "RF_STORE_LOCKED",
        message: `${settings.path} is in use by another process: one service has a store; end the other one, or name another path`,
      });
    }
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) throw error;
    throw unusable(`${settings.path} can't be opened: ${wordsOf(error)}`);
  }
}

function connectOrSave(settings: DatabaseSettings, now: number, damage: string[]): Database {
  try {
    const database = connect(settings);
    try {
      database.facts();
      return database;
    } catch (error) {
      database.close(false);
      throw error;
    }
  } catch (error) {
    const code = sqliteCode(error);
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) throw error;
    damage.push(...salvage(settings.path, now, wordsOf(error)));
    return connect(settings);
  }
}

function complaintsOf(database: Database): string[] {
  try {
    return database.check();
  } catch (error) {
    return [wordsOf(error)];
  }
}

/** The last owner was ended from outside: what its log says of what is lost. */
function logDamage(log: LogReport | undefined): string[] {
  if (log === undefined || !log.present) {
    return ["the database's log is missing: what was written since it was last copied back is lost"];
  }
  if (log.lostCommits === 0) return [];
  return [`the database's log is damaged after ${log.commits} commits: the ${log.lostCommits} after them are lost`];
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

function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
