/** The disk thread: messages in, messages out. What it does is `disk.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import { Disk } from "./disk.ts";
import { ownBuffer } from "./bytes.ts";
import type { DiskSettings, FromDisk, ToDisk } from "./messages.ts";

const settings = workerData as DiskSettings;
const port = parentPort;
if (port === null) throw new Error("this file is the disk thread of a store, not a program");

const probe = settings.probe === undefined ? () => undefined : await loadProbe(settings.probe);
const disk = new Disk(settings, (message) => port.postMessage(message, buffersOf(message)), probe);
port.on("message", (message: ToDisk) => disk.handle(message));

/** What is read for the other thread is given away, not copied. */
function buffersOf(message: FromDisk): ArrayBuffer[] {
  if (message.kind !== "answer" || !Array.isArray(message.answer)) return [];
  const rows: readonly object[] = message.answer;
  return rows.flatMap((row) => Object.values(row).flatMap((value) => ownBuffer(value) ?? []));
}

async function loadProbe(url: string): Promise<(name: string) => void> {
  const { probe } = (await import(url)) as { probe: (name: string) => void };
  return probe;
}
