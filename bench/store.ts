/**
 * The disk: windows of 1,024 events of 1 KB, put durably and settled durably, against a file that is appended to and flushed (the
 * limit), lmdb, classic-level and a plain table in node:sqlite.
 *
 *     node bench/store.ts [folder]      (default bench/data: it must be on the disk that is meant)
 *
 * "one by one": the next step begins when the last is on disk; every payload is written. "in flight": eight windows on their way at
 * once; ringfirst with a consumer attached, as the service runs: what is settled before its group is written, never is.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contest, type Entrant, type Result } from "./measure/contest.ts";
import { fileSystem, machine, times, whole } from "./measure/figures.ts";
import { versionsOf } from "./measure/versions.ts";
import { IN_FLIGHT, PAYLOAD_BYTES, type Settings, WINDOW, WINDOWS } from "./store/window.ts";

const STORES: readonly (readonly [name: string, module: string, who?: string])[] = [
  ["ringfirst, sync full", "ringfirst", "full"],
  ["ringfirst, sync process (no flush)", "ringfirst", "process"],
  ["file, append + fdatasync (the limit)", "file"],
  ["lmdb", "lmdb"],
  ["classic-level", "classic-level"],
  ["node:sqlite, a table", "node-sqlite"],
];

const base = process.argv[2] ?? fileURLToPath(new URL("data", import.meta.url));
mkdirSync(base, { recursive: true });
const folder = mkdtempSync(join(base, "store-"));

function entrants(isPipelined: boolean): Entrant[] {
  return STORES.map(([name, file, who = file]) => {
    const own = join(folder, `${file}-${who}-${isPipelined ? "in-flight" : "one-by-one"}`);
    mkdirSync(own);
    const settings: Settings = { who, folder: own, isPipelined };
    return { name, module: new URL(`./store/${file}.ts`, import.meta.url), settings };
  });
}

/** `limit`: puts of the file, which writes once and never looks back. */
function print(title: string, results: readonly Result[], parts: readonly string[], limit: number): void {
  const file = results.find(({ name }) => name.startsWith("file"))?.rate().perSecond ?? Number.NaN;
  const columns = [
    ...parts.map((part) => (part === "whole" ? "put + settle" : part)),
    "per cpu s",
    "of the file",
    "of its puts",
  ];
  console.log(`\n${title.padEnd(38)}${columns.map((column) => column.padStart(14)).join("")}`);
  for (const { name, failed, rate } of results) {
    if (failed !== undefined) {
      console.log(`${name.padEnd(38)}  not measured: ${failed}`);
      continue;
    }
    const { perSecond, perCpuSecond } = rate();
    const rates = [...parts.map((part) => rate(part).perSecond), perCpuSecond].map((value) => whole(value, 14));
    console.log(`${name.padEnd(38)}${rates.join("")}${times(perSecond, file, 14)}${times(perSecond, limit, 14)}`);
  }
}

console.log(
  `${machine(versionsOf("lmdb", "classic-level"))}, SQLite ${process.versions["sqlite"]}; ${fileSystem(base)}`,
);
console.log(
  `Events a second, medians of 5 rounds of ${WINDOWS} windows of ${WINDOW} events of ${PAYLOAD_BYTES} bytes, contenders in turn.`,
);
console.log("ringfirst does more: class, order per key, dedup, leases, counters. The others put and delete by number.");
try {
  const alone = await contest(entrants(false));
  const limit = alone.find(({ name }) => name.startsWith("file"))?.rate("put").perSecond ?? Number.NaN;
  print("one by one", alone, ["put", "settle", "whole"], limit);
  print(`${IN_FLIGHT} windows in flight`, await contest(entrants(true)), ["whole"], limit);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
