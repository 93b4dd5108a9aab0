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
import { APPLICATION_ID } from "./schema.ts";

const MAGIC = "SQLite format 3\0";
const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;

/** What stands at a path. */
export type FileKind =
  /** Nothing, or an empty file: a new store can be made there. */
  | "absent"
  | "ours"
  /** It says that it is ours, but its first bytes are not those of a database any more. */
  | "damaged"
  /** Another program's database, or no database at all. */
  | "foreign";

/** Looks at a path without changing anything. Throws what the file system says, and for a link: who writes through one? */
export function kindOf(path: string): FileKind {
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
  if (id === APPLICATION_ID) return isDatabase ? "ours" : "damaged";
  // A process that was killed while it made the file leaves a database without anything in it.
  return isDatabase && id === 0 && stat.size <= 2 * 65_536 ? "absent" : "foreign";
}

/** Makes an empty file that only its owner may read, and its folder where there is none. */
export function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  // An older file, or one that was copied there, may be open to others.
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
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

/** Puts a file's first bytes right, where only these are damaged. */
export function repairMagic(path: string): void {
  const file = openSync(path, "r+");
  try {
    writeSync(file, Buffer.from(MAGIC, "latin1"), 0, MAGIC.length, 0);
  } finally {
    closeSync(file);
  }
}
