/**
 * The main job as a whole: frames over a real socket from another process, through the Genesys source, the built-in rules,
 * the work queue in memory and the dispatcher, to a handler.
 *
 *     node bench/line/index.ts [frames]      (default 150,000; medians of five)
 *
 * "bytes": the handler gets the event and looks at nothing. "parsed": it reads `event.body`. "durable": as "bytes", with the store on
 * disk, `sync: full`, until each event is settled and the store is closed. "paced": 20,000 frames a second, and how long a
 * critical event waited from admission to hand-over.
 */
import { fork } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRingfirst, genesysSource, handlerSink, type RingfirstEvent, sqliteStore } from "../../src/index.ts";
import type { StoreDriver } from "../../src/ports/store.ts";
import { memoryStore } from "../../src/stores/memory.ts";

const FRAMES = Number(process.argv[2] ?? 150_000);
const RUNS = 5;
const PACE = 20_000;

const child = fork(new URL("./flood.ts", import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
const { port, meanBytes } = await new Promise<{ port: number; meanBytes: number }>((resolve) => {
  child.once("message", (told) => resolve(told as { port: number; meanBytes: number }));
});

interface Run {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly criticalMs: { readonly p50: number; readonly p99: number };
}

/** On the disk that the benches are on, not in a file system in memory. */
const data = fileURLToPath(new URL("../data", import.meta.url));
mkdirSync(data, { recursive: true });
const folder = mkdtempSync(join(data, "line-"));
let files = 0;

function onDisk(): StoreDriver {
  files += 1;
  return sqliteStore({ path: join(folder, `${files}.db`), sync: "full" });
}

async function run(
  look: (event: RingfirstEvent) => void,
  perSecond: number,
  store: () => StoreDriver = memoryStore,
): Promise<Run> {
  let left = FRAMES;
  const done = Promise.withResolvers<void>();
  const handle = (event: RingfirstEvent): void => {
    look(event);
    left -= 1;
    if (left === 0) done.resolve();
  };
  const url = `http://127.0.0.1:${port}`;
  const service = await createRingfirst({
    sources: [
      genesysSource({
        name: "main",
        clientId: "id",
        clientSecret: "s",
        topics: ["v2.users.u1.presence"],
        endpoints: { login: url, api: url },
      }),
    ],
    sinks: [{ sink: handlerSink({ name: "bench", handle }), concurrency: 64 }],
    limits: { maxEvents: FRAMES + 1 },
    store: store(),
  });
  service.start();
  while (!service.readiness().ready) await new Promise((resolve) => setTimeout(resolve, 5));
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  child.send({ frames: FRAMES, perSecond });
  await done.promise;
  const { classes } = await service.status();
  const waits = classes.find(({ name }) => name === "critical")?.waitMs ?? { p50: Number.NaN, p99: Number.NaN };
  await service.close({ signal: AbortSignal.abort() });
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    perSecond: FRAMES / seconds,
    cpuMicros: (cpu.user + cpu.system) / FRAMES,
    criticalMs: { p50: waits.p50, p99: waits.p99 },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

console.log(
  `Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? "?"}; ${FRAMES} frames of ${meanBytes} bytes, medians of ${RUNS}`,
);
const cases: readonly (readonly [string, (event: RingfirstEvent) => void, number, (() => StoreDriver)?])[] = [
  ["bytes", () => undefined, 0],
  ["parsed", (event) => void event.body, 0],
  ["durable", () => undefined, 0, onDisk],
  ["paced", () => undefined, PACE],
  ["paced, durable", () => undefined, PACE, onDisk],
];
for (const [name, look, perSecond, store] of cases) {
  await run(look, perSecond, store);
  const runs: Run[] = [];
  for (let n = 0; n < RUNS; n += 1) runs.push(await run(look, perSecond, store));
  const rate = Math.round(median(runs.map((each) => each.perSecond))).toLocaleString("en");
  const cpu = median(runs.map((each) => each.cpuMicros)).toFixed(1);
  const p50 = median(runs.map((each) => each.criticalMs.p50)).toFixed(3);
  const p99 = median(runs.map((each) => each.criticalMs.p99)).toFixed(1);
  console.log(
    `${name.padEnd(14)} ${rate.padStart(9)} events/s  ${cpu.padStart(6)} µs of processor an event  critical wait p50 ${p50} ms, p99 ${p99} ms`,
  );
}
child.kill();
rmSync(folder, { recursive: true, force: true });
