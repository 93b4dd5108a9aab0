/**
 * The disk thread's work in this thread, a message a turn: quick to start, the same on every run, and ended as `kill -9` ends
 * it: what SQLite has given to the operating system by then stays, to the byte, and nothing more is written.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import type { DiskThread } from "../../src/stores/sqlite/disk-thread.ts";
import { Disk } from "../../src/stores/sqlite/disk.ts";
import type { DiskSettings, FromDisk, ToDisk } from "../../src/stores/sqlite/messages.ts";

/** What makes up a database: itself and its log. */
const PARTS = ["", "-wal"];

/** In place of a worker thread; `sync: "process"` only, since a flush would need a thread after all. */
export function startNearDisk(settings: DiskSettings): DiskThread {
  const inbox: ToDisk[] = [];
  let hear: (message: FromDisk) => void = () => undefined;
  let ended = false;
  let closing = -1;
  let closed = false;
  const disk = new Disk(settings, answer, () => undefined);

  function answer(message: FromDisk): void {
    if (ended) return;
    if (message.kind === "answer" && message.id === closing) closed = true;
    const copy = structuredClone(message);
    setImmediate(() => {
      if (!ended) hear(copy);
    });
  }

  function handleNext(): void {
    const message = inbox.shift();
    if (message !== undefined && !ended) disk.handle(message);
  }

  return {
    post(message) {
      if (ended) return;
      if (message.kind === "question" && message.question.ask === "close") closing = message.id;
      inbox.push(structuredClone(message));
      setImmediate(handleNext);
    },
    listen(onMessage) {
      hear = onMessage;
    },
    async terminate() {
      if (ended) return;
      ended = true;
      if (closed) return;
      const left = PARTS.filter((part) => existsSync(settings.path + part));
      for (const part of left) copyFileSync(settings.path + part, `${settings.path}.left${part}`);
      // Only now is the database closed, which writes to it.
      disk.handle({ kind: "question", id: 0, question: { ask: "close" } });
      for (const part of [...PARTS, "-shm"]) rmSync(settings.path + part, { force: true });
      for (const part of left) renameSync(`${settings.path}.left${part}`, settings.path + part);
    },
  };
}
