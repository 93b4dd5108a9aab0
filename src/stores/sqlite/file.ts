/** The database file before SQLite has it: whose it is, who may read it, and what its log looks like. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { APPLICATION_ID, PAGE_BYTES } from "./schema.ts";

const MAGIC = "SQLite format 3\0";
const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const VERSION_AT = 60;

/** What stands at a path. */
export type FileKind =
  /** Nothing, or an empty file: a new store can be made there. */
  | "absent"
  | "ours"
  /** It says that it is ours, but its first bytes are not those of a database any more. */
  | "damaged"
  /** Another program's database, or no database at all. */
  | "foreign";

/** What SQLite and the store put beside the database. */
const BESIDE = ["-wal", "-ballast", "-mark"];

/** Looks at a path without changing anything. Throws what the file system says, and for a link: who writes through one? */
export function kindOf(path: string): FileKind {
  for (const end of BESIDE) {
    const beside = lstatSync(path + end, { throwIfNoEntry: false });
    if (beside !== undefined && !beside.isFile()) throw new Error(`${path}${end} is not a file, or a symbolic link`);
  }
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return "absent";
  if (stat.isSymbolicLink()) throw new Error("is a symbolic link; name the file itself");
  if (!stat.isFile()) throw new Error("is not a file");
  if (stat.size === 0) return "absent";
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  const isDatabase = header.toString("latin1", 0, MAGIC.length) === MAGIC;
  const id = header.readUInt32BE(APPLICATION_ID_AT);
  if (id === APPLICATION_ID) {
    // Both are written at once: a version of 0 with our id never was.
    return isDatabase && header.readUInt32BE(VERSION_AT) > 0 ? "ours" : "damaged";
  }
  // A process that was killed while it made the file leaves a database without anything in it.
  return isDatabase && id === 0 && stat.size <= 2 * 65_536 ? "absent" : "foreign";
}

/** Whether there is nothing, or an empty file. */
export function isEmpty(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** Makes an empty file that only its owner may read, and its folder where there is none. */
export function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  // Older files, or those that were copied there, may be open to others.
  for (const end of ["", ...BESIDE]) {
    const mode = statSync(path + end, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) chmodSync(path + end, 0o600);
  }
}

/** Makes the names of new files survive a loss of power. */
export function flushFolder(path: string): void {
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } catch {
    // Not every system can; there the names are as safe as it makes them.
  } finally {
    closeSync(folder);
  }
}

/** Puts right what is the same in the header of each of our databases: with a wrong page size nothing else makes sense. */
export function repairHeader(path: string): void {
  const file = openSync(path, "r+");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(file, header, 0, HEADER_BYTES, 0);
    header.write(MAGIC, 0, "latin1");
    header.writeUInt16BE(PAGE_BYTES, 16);
    // Written and read with a log, no reserved bytes, and the fractions that SQLite demands.
    header.set([2, 2, 0, 64, 32, 32], 18);
    header.writeUInt32BE(Math.floor(statSync(path).size / PAGE_BYTES), 28);
    // Format of the schema, UTF-8, incremental vacuum.
    header.writeUInt32BE(4, 44);
    header.writeUInt32BE(1, 56);
    header.writeUInt32BE(1, 64);
    writeSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
}
