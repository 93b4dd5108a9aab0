/** The thread in which the disk is waited for: messages to it, messages from it, and its end. */
import { Worker } from "node:worker_threads";
import type { DiskSettings, FromDisk, ToDisk } from "./messages.ts";

/** A thread that runs a `Disk`, or what stands for one. */
export interface DiskThread {
  /** Messages are handled in order; the buffers in `transfer` are given away. */
  post(message: ToDisk, transfer: ArrayBuffer[]): void;
  /** Called once, before the first message. */
  listen(onMessage: (message: FromDisk) => void, onEnd: (cause: string) => void): void;
  terminate(): Promise<void>;
}

/** The worker's file beside this one, of the kind that runs: TypeScript in the sources, JavaScript in the package. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/** The thread handles buffers and few objects: a small nursery is enough, and the memory is better used elsewhere. */
const YOUNG_MB = 4;

/** A worker thread with a disk in it. */
export function startDiskThread(settings: DiskSettings): DiskThread {
  // Flags of the program that we are used in are not for this thread; some would end it.
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };
  const worker = new Worker(WORKER, { workerData: settings, resourceLimits, execArgv: [] });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(onMessage, onEnd) {
      worker.on("message", onMessage);
      worker.on("error", (error) => onEnd(error instanceof Error ? error.message : String(error)));
      worker.on("exit", () => onEnd("it ended"));
    },
    async terminate() {
      await worker.terminate();
    },
  };
}
