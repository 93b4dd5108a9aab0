/**
 * A million standard events on disk: the memory they take, how long a start with them takes, and how long a critical event waits
 * behind them, against an empty queue.
 *
 *     node bench/backlog.ts [events] [folder]      (default 1,000,000 and bench/data: it must be on the disk that is meant)
 *
 * Each step runs in a process of its own. Waits are from the call of `admit` to the call of the handler, of a critical event
 * every 5 ms while 16 hands drain the backlog with a handler that does nothing: the hardest case, as the queue is never at rest.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Filled, FillSettings } from "./backlog/fill.ts";
import { PAYLOAD_BYTES } from "./backlog/queue.ts";
import type { Urgent, UrgentSettings } from "./backlog/urgent.ts";
import { fileSystem, machine, megabytes, times, whole } from "./measure/figures.ts";
import { inOwnProcess } from "./measure/scenario.ts";

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const CRITICAL = 2_000;
const base = process.argv[3] ?? fileURLToPath(new URL("data", import.meta.url));
mkdirSync(base, { recursive: true });
const folder = mkdtempSync(join(base, "backlog-"));

const fill = (settings: FillSettings): Promise<Filled> =>
  inOwnProcess(new URL("./backlog/fill.ts", import.meta.url), settings);
const urgent = (path: string): Promise<Urgent> =>
  inOwnProcess(new URL("./backlog/urgent.ts", import.meta.url), { path, count: CRITICAL } satisfies UrgentSettings);

const ms = (value: number): string => `${value.toFixed(2)} ms`.padStart(10);
const waits = ({ p50, p99, p999, max }: Urgent): string =>
  `critical: p50 ${ms(p50)}  p99 ${ms(p99)}  p99.9 ${ms(p999)}  max ${ms(max)}`;

function print(filled: Filled, behind: Urgent, empty: Urgent): void {
  const { rssBefore, rss, peakRss, perSecond } = filled;
  console.log(`  admitted   ${whole(perSecond)} events/s, each batch durable`);
  console.log(
    `  memory     ${megabytes(rssBefore)} before, ${megabytes(rss)} with the backlog (peak ${megabytes(peakRss)})`,
  );
  console.log(
    `  opened     in ${(behind.openMs / 1_000).toFixed(2)} s, ${megabytes(behind.rssOpen)} then (empty: ${megabytes(empty.rssOpen)})`,
  );
  console.log(
    `  drained    ${whole(behind.drainedPerSecond)} events/s meanwhile, ${whole(behind.left)} left; ${megabytes(behind.rssAfter)} then (peak ${megabytes(behind.peakRss)})`,
  );
  console.log(`  ${waits(behind)}`);
  console.log(`  of empty:  p50 ${times(behind.p50, empty.p50, 10)}  p99 ${times(behind.p99, empty.p99, 10)}`);
}

console.log(`${machine()}; ${fileSystem(base)}`);
console.log(
  `${whole(EVENTS)} standard events of ${PAYLOAD_BYTES} bytes, sync full, dedup of 1,000,000 ids; ${whole(CRITICAL)} critical events.`,
);
try {
  const empty = await urgent(join(folder, "empty.db"));
  console.log(`\nempty queue\n  ${waits(empty)}`);
  for (const keys of [50_000, EVENTS]) {
    const path = join(folder, `${keys}.db`);
    console.log(`\n${whole(keys)} keys`);
    const filled = await fill({ path, events: EVENTS, keys });
    print(filled, await urgent(path), empty);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
