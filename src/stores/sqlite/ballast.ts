/**
 * Room that is kept free for hard times. On a full disk SQLite can't even delete, so a queue that is to empty itself needs
 * some: a file of zeros beside the database, given up when a write finds no room, made anew when there is enough again.
 *
 * On small disks (a few MB, as in tests and some containers) all sizes shrink with it.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const CHUNK = 65_536;

/** How much room a store plans with on its disk. */
export interface DiskPlan {
  readonly ballastBytes: number;
  /** Length of the database's log at which it is copied back. */
  readonly walBytes: number;
  /** Below this much free room nothing new is taken. */
  readonly reserveBytes: number;
}

/** Sizes for the disk that a path is on. */
export function planFor(path: string, wanted: number): DiskPlan {
  const { blocks, bsize } = statfsSync(dirname(path));
  const share = Math.max(CHUNK, Math.floor((blocks * bsize) / 16));
  const walBytes = Math.min(8 * 2 ** 20, share);
  return { ballastBytes: Math.min(wanted, share), walBytes, reserveBytes: 2 * walBytes };
}

/** Free bytes on the disk that a path is on, for this user. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

/** The file of one store (see the top of this file). */
export class Ballast {
  readonly #path: string;
  readonly #bytes: number;

  constructor(databasePath: string, bytes: number) {
    this.#path = `${databasePath}-ballast`;
    this.#bytes = bytes;
  }

  /** Whether it is there, whole. */
  get stands(): boolean {
    return existsSync(this.#path) && statSync(this.#path).size === this.#bytes;
  }

  /** Makes it; throws what the disk says when there is no room, and leaves nothing then. */
  make(): void {
    if (this.stands) return;
    const file = openSync(this.#path, "w", 0o600);
    try {
      const zeros = new Uint8Array(CHUNK);
      for (let at = 0; at < this.#bytes; at += CHUNK) {
        const length = Math.min(CHUNK, this.#bytes - at);
        if (writeSync(file, zeros, 0, length) < length) throw new Error("no room for the ballast");
      }
      fsyncSync(file);
    } catch (error) {
      this.release();
      throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives it up. */
  release(): void {
    rmSync(this.#path, { force: true });
  }
}
