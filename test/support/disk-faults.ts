/** Faults of a disk, each at the n-th act of the store's disk thread, as SQLite and as Node say them. */
import { copyFileSync, existsSync, openSync, closeSync, ftruncateSync, rmSync, statSync } from "node:fs";

/** What happens at the n-th act. */
export type FaultKind =
  | "sqlite-eio"
  | "sqlite-full"
  | "sqlite-readonly"
  | "fs-eio"
  | "fs-enospc"
  /** What was just written is there only in part, and the disk says so. */
  | "short-write"
  /** The process ends: its files stay as they are. */
  | "kill"
  /** Power is lost: the files are as they were at the last flush that was done. */
  | "power-loss";

export const ERRORS: readonly FaultKind[] = [
  "sqlite-eio",
  "sqlite-full",
  "sqlite-readonly",
  "fs-eio",
  "fs-enospc",
  "short-write",
];
export const ENDS: readonly FaultKind[] = ["kill", "power-loss"];

/** Acts that are over when they are told: the process can end there, but nothing can fail. */
export const NOTICES: readonly string[] = ["after-sync", "before-answer"];

/** Thrown into the disk thread at its end; the test lets the store go then. */
export const GONE = "the process is gone";

const ENDINGS = ["", "-wal", "-mark", "-ballast"];

function sqliteError(errcode: number, errstr: string): Error {
  return Object.assign(new Error(errstr), { code: "ERR_SQLITE_ERROR", errcode, errstr });
}

function systemError(code: string, errno: number, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}, write`), { code, errno, syscall: "write" });
}

/** The error of a kind. */
export function errorOf(kind: FaultKind): Error {
  switch (kind) {
    case "sqlite-eio":
      return sqliteError(10, "disk I/O error");
    case "sqlite-full":
      return sqliteError(13, "database or disk is full");
    case "sqlite-readonly":
      return sqliteError(8, "attempt to write a readonly database");
    case "fs-enospc":
      return systemError("ENOSPC", -28, "no space left on device");
    case "fs-eio":
    case "short-write":
      return systemError("EIO", -5, "i/o error");
    case "kill":
    case "power-loss":
      return new Error(GONE);
  }
}

/** Cuts the end of a file off. */
export function cutEnd(path: string, bytes: number): void {
  const file = openSync(path, "r+");
  try {
    ftruncateSync(file, Math.max(0, statSync(path).size - bytes));
  } finally {
    closeSync(file);
  }
}

/** The files of a store in another place, as they are now. */
export function copyStore(from: string, to: string): void {
  for (const end of ENDINGS) {
    rmSync(to + end, { force: true });
    if (existsSync(from + end)) copyFileSync(from + end, to + end);
  }
}
