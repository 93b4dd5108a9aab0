/** The work queue of the backlog bench: on disk, all at its defaults but the bound of its backlog. */
import { setTimeout } from "node:timers/promises";
import { sqliteStore } from "../../src/stores/sqlite/index.ts";
import { createWorkQueue, type WorkQueue } from "../../src/work-queue.ts";

export const PAYLOAD_BYTES = 1_300;

export function openQueue(path: string): Promise<WorkQueue> {
  const limits = { maxEvents: 2_000_000, maxBytes: 4 * 2 ** 30 };
  return createWorkQueue({ sinks: [{ name: "sink", limits }], store: sqliteStore({ path }) });
}

/** Resident bytes when everything dead is gone and its pages were given back. */
export async function settledRss(): Promise<number> {
  for (let n = 0; n < 5; n += 1) {
    globalThis.gc?.();
    await setTimeout(200);
  }
  return process.memoryUsage.rss();
}
