/**
 * Files of the gap ledger on the model disk. They outlive processes.
 *
 * - F1  What was written is there for the next process. A loss of power keeps what was flushed, and of the rest all or nothing.
 * - F2  A name that was changed is changed after a loss of power if the file was flushed since, else perhaps.
 * - F3  Calls of a process that has ended are never answered.
 * - F4  Now and then what is there can't be read for the first minutes of a process.
 */
import type { GapFiles, OpenGapFile } from "../../../src/stores/sqlite/gap-file.ts";
import type { Chance } from "../chance.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Timeline } from "../timeline.ts";
import type { DiskWeather } from "./disk.ts";

/** A file. What was written since it was flushed can be taken back. */
class Inode {
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;
  #undo: { readonly size: number; readonly position: number; readonly bytes: Uint8Array }[] = [];

  get size(): number {
    return this.#size;
  }

  get text(): string {
    return this.#bytes.toString("utf8", 0, this.#size);
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(2 * end);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#undo.push({ size: this.#size, position, bytes: new Uint8Array(this.#bytes.subarray(position, end)) });
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, end);
  }

  flush(): void {
    this.#undo = [];
  }

  takeBack(): void {
    for (const { size, position, bytes } of this.#undo.toReversed()) {
      this.#bytes.set(bytes, position);
      this.#size = size;
    }
    this.#undo = [];
  }
}

const STEP_MS = 1;
const FLUSH_MS = 6;
const WRITES = 1;
const UNREAD_CHANCE = 0.2;
const UNREAD_MS = 600_000;

/** The files (see the top of this file). */
export class ModelGapFiles {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #weather: DiskWeather;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();

  constructor(timeline: Timeline, chance: Chance, weather: DiskWeather) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#weather = weather;
  }

  /** F1, F2. */
  losePower(): void {
    const names = this.#chance.hits(0.5) ? this.#names : this.#durableNames;
    this.#durableNames = new Map(names);
    this.#names = new Map(names);
    for (const inode of new Set(names.values())) {
      if (this.#chance.hits(0.5)) inode.takeBack();
      else inode.flush();
    }
  }

  /** The operating system goes on after a process. */
  survive(): void {
    for (const inode of this.#names.values()) inode.flush();
    this.#durableNames = new Map(this.#names);
  }

  /** As a process sees them. */
  filesFor(process: SimProcess): GapFiles {
    const unreadUntil = this.#chance.hits(UNREAD_CHANCE) ? this.#timeline.now + this.#chance.between(1, UNREAD_MS) : 0;
    return {
      open: (path, flags) => {
        const kind = (flags & WRITES) === 0 ? "read" : "write";
        const isUnread = kind === "read" && this.#names.has(path) && this.#timeline.now < unreadUntil;
        if (isUnread) return this.#step(process, STEP_MS, () => fail(path), kind);
        return this.#step(process, STEP_MS, () => this.#open(process, path, flags), kind);
      },
      rename: (from, to) =>
        this.#step(process, STEP_MS, () => {
          const inode = this.#names.get(from);
          if (inode === undefined) throw missing(from);
          this.#names.delete(from);
          this.#names.set(to, inode);
        }),
    };
  }

  #open(process: SimProcess, path: string, flags: number): OpenGapFile {
    const writes = (flags & WRITES) !== 0;
    if (!writes && !this.#names.has(path)) throw missing(path);
    // An old file of that name stays what it is under its other names.
    const inode = (writes ? undefined : this.#names.get(path)) ?? new Inode();
    this.#names.set(path, inode);
    return {
      stat: () => Promise.resolve({ size: inode.size }),
      readFile: () => this.#step(process, STEP_MS, () => inode.text, "read"),
      write: (bytes, from, length, position) => {
        const own = bytes.slice(from, from + length);
        return this.#step(process, STEP_MS, () => {
          this.#refuse("full");
          inode.write(own, position);
          return { bytesWritten: length };
        });
      },
      datasync: () =>
        this.#step(process, FLUSH_MS, () => {
          inode.flush();
          for (const [name, one] of this.#names) if (one === inode) this.#durableNames.set(name, inode);
        }),
      close: () => Promise.resolve(),
    };
  }

  /** A failing disk can still be read, as that of the store. */
  #step<T>(process: SimProcess, ms: number, act: () => T, kind: "read" | "write" = "write"): Promise<T> {
    return new Promise((resolve, reject) => {
      const tookMs = this.#chance.between(0.05, 1) * ms * this.#weather.slowness;
      process.enter(this.#timeline.now + tookMs, () => {
        try {
          if (kind === "write") this.#refuse("failing");
          resolve(act());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #refuse(trouble: DiskWeather["trouble"]): void {
    if (this.#weather.trouble === trouble) throw new Error(`the model's disk is ${trouble}`);
  }
}

function fail(path: string): never {
  throw Object.assign(new Error(`the model's disk can't read ${path}`), { code: "EIO" });
}

function missing(path: string): Error {
  return Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });
}
