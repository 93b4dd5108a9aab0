/** Errors of the disk thread on their way to whoever called a verb: messages can't carry an Error's code. */
import { RingfirstError } from "../../errors.ts";
import type { DiskError } from "./messages.ts";

/** Carries a {@link DiskError} through the disk thread. */
export class Refusal extends Error {
  readonly diskError: DiskError;

  constructor(diskError: DiskError) {
    super(diskError.message);
    this.diskError = diskError;
  }
}

const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** SQLite's code of an error, without what it adds for experts; undefined for errors of others. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

/** The file makes no sense (any more). */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** There is no room on the disk. */
export function isFull(error: unknown): boolean {
  if (sqliteCode(error) === SQLITE_FULL) return true;
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === "ENOSPC" || error.code === "EDQUOT";
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What is sent of an error. */
export function toDiskError(error: unknown): DiskError {
  if (error instanceof Refusal) return error.diskError;
  if (isFull(error))
    return { code: "RF_STORE_FULL", message: `the store's disk is full (${wordsOf(error)}): make room on it` };
  return { code: "RF_STORE_FAILING", message: wordsOf(error) };
}

/** The error as the caller gets it. */
export function toRingfirstError({ code, message }: DiskError): RingfirstError {
  return new RingfirstError(code, message, { retryable: code !== "RF_STORE_UNUSABLE" && code !== "RF_STORE_NEWER" });
}
