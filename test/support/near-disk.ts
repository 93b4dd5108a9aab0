/**
 * The disk thread's work in this thread, a message a turn: quick to start, the same on every run. Messages are copied as a thread
 * would get them.
 *
 * `inlineDisk` shows each act of the disk, so that a test can make it fail; `startNearDisk` ends as `kill -9` ends a process:
 * what SQLite has given to the operating system by then stays, to the byte, and nothing more is written.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import type { DiskThread } from "../../src/stores/sqlite/disk-thread.ts";
import { Disk } from "../../src/stores/sqlite/disk.ts";
import type { DiskSettings, FromDisk, ToDisk } from "../../src/stores/sqlite/messages.ts";

/** What a test knows of a disk that it runs. */
export interface DiskWatch {
  /** Called before each act; an error thrown here is the act's. */
  readonly probe: (act: string) => void;
  /** The process has ended: nothing is heard of it any more. */
  readonly gone: () => boolean;
}

/** A disk thread that runs in this one. After its end it says nothing more; what the disk had written stays written. */
export function inlineDisk(settings: DiskSettings, watch: DiskWatch): DiskThread {
  return runDisk(settings, watch).thread;
}

/** What makes up a database: itself and its log. */
const PARTS = ["", "-wal"];

/** In place of a worker thread; `sync: "process"` only, since a flush would need a thread after all. */
export function startNearDisk(settings: DiskSettings): DiskThread {
  const { thread, disk, heard } = runDisk(settings, { probe: () => undefined, gone: () => false });
  return {
    ...thread,
    async terminate() {
      await thread.terminate();
      if (heard.closed) return;
      const left = PARTS.filter((part) => existsSync(settings.path + part));
      for (const part of left) copyFileSync(settings.path + part, `${settings.path}.left${part}`);
      // Only now is the database closed, which writes to it.
      disk.handle({ kind: "question", id: 0, question: { ask: "close" } });
      heard.closed = true;
      for (const part of [...PARTS, "-shm"]) rmSync(settings.path + part, { force: true });
      for (const part of left) renameSync(`${settings.path}.left${part}`, settings.path + part);
    },
  };
}

interface RunningDisk {
  readonly thread: DiskThread;
  readonly disk: Disk;
  /** Whether it was closed well. */
  readonly heard: { closed: boolean };
}

function runDisk(settings: DiskSettings, { probe, gone }: DiskWatch): RunningDisk {
  const heard = { closed: false };
  let tell: (message: FromDisk) => void = () => undefined;
  let closing: number | undefined;
  let terminated = false;
  const isOver = (): boolean => terminated || gone();
  const answer = (message: FromDisk): void => {
    if (isOver()) return;
    heard.closed ||= message.kind === "answer" && message.id === closing;
    const copy = structuredClone(message);
    setImmediate(() => {
      if (!isOver()) tell(copy);
    });
  };
  const disk = new Disk(settings, answer, probe);
  const thread: DiskThread = {
    post(message: ToDisk, transfer) {
      if (message.kind === "question" && message.question.ask === "close") closing = message.id;
      const copy = structuredClone(message, { transfer });
      setImmediate(() => {
        if (!isOver()) disk.handle(copy);
      });
    },
    listen(onMessage) {
      tell = onMessage;
    },
    async terminate() {
      terminated = true;
    },
  };
  return { thread, disk, heard };
}
