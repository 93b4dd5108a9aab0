/**
 * How far the database had come, noted beside it: the number of the last group that was told to be durable. A log that was cut
 * at the end of a commit, a database that is gone, or one of yesterday look whole by themselves; against this they don't.
 *
 * It is a witness and no promise: it is not flushed, so that a loss of power may leave an older one, and where it can't be
 * written nothing is said.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** The number, then its checksum. */
const BYTES = 12;
/** Made when there is none, never emptied, never through a link. */
const HOW = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;

/** The file of one store (see the top of this file). */
export class Mark {
  readonly #path: string;
  readonly #bytes = Buffer.alloc(BYTES);
  #file: number | undefined;

  constructor(databasePath: string) {
    this.#path = `${databasePath}-mark`;
  }

  /** Undefined when there is none, or none that can be believed. */
  read(): number | undefined {
    const bytes = Buffer.alloc(BYTES);
    try {
      const file = openSync(this.#path, "r");
      try {
        if (readSync(file, bytes, 0, BYTES, 0) < BYTES) return undefined;
      } finally {
        closeSync(file);
      }
    } catch {
      return undefined;
    }
    return crc32(bytes.subarray(0, 8)) === bytes.readUInt32LE(8) ? bytes.readDoubleLE(0) : undefined;
  }

  write(group: number): void {
    this.#bytes.writeDoubleLE(group, 0);
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(0, 8)), 8);
    try {
      this.#file ??= openSync(this.#path, HOW, 0o600);
      writeSync(this.#file, this.#bytes, 0, BYTES, 0);
    } catch {
      // See the top of this file.
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
