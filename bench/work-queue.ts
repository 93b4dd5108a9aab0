/**
 * The work queue in memory: a steady cycle of admit, claim and settle at a depth, against push and pop of five published heaps; and
 * what one waiting event takes of memory.
 *
 *     node bench/work-queue.ts [depth …]      (default 1,000 100,000 1,000,000)
 *
 * A cycle of ringfirst does more than one of a heap: order per key (a tenth as many keys as events wait), leases with tokens,
 * minimum shares, limits, counters, and where it says so a window of known ids. "without keys" is the nearest to a heap.
 */
import { contest, type Entrant, type Result } from "./measure/contest.ts";
import { machine, times, whole } from "./measure/figures.ts";
import { versionsOf } from "./measure/versions.ts";
import { BATCH } from "./work-queue/cycle.ts";
import { HEAP_NAMES, type Settings as HeapSettings } from "./work-queue/heaps.ts";
import type { Settings } from "./work-queue/ringfirst.ts";

const asked = process.argv.slice(2).map(Number);
const DEPTHS = asked.length > 0 ? asked : [1_000, 100_000, 1_000_000];
/** Below, what a queue holds is mostly itself. */
const TELLING_DEPTH = 100_000;

function entrants(depth: number): Entrant[] {
  const keys = Math.max(2 * BATCH, depth / 10);
  const ringfirst = (name: string, settings: Omit<Settings, "depth">): Entrant => ({
    name: `ringfirst ${name}`,
    module: new URL("./work-queue/ringfirst.ts", import.meta.url),
    settings: { depth, ...settings } satisfies Settings,
  });
  const heap = (name: string): Entrant => ({
    name,
    module: new URL("./work-queue/heaps.ts", import.meta.url),
    settings: { heap: name, depth, keys } satisfies HeapSettings,
  });
  return [
    ringfirst("core, keyed", { keys, dedupIds: 0, isPublic: false }),
    ringfirst("core, keyed, dedup of 1,000,000 ids", { keys, dedupIds: 1_000_000, isPublic: false }),
    ringfirst("core, without keys", { keys: 0, dedupIds: 0, isPublic: false }),
    ringfirst("createWorkQueue, keyed, dedup (async)", { keys, dedupIds: 1_000_000, isPublic: true }),
    ...HEAP_NAMES.map(heap),
  ];
}

function print(depth: number, results: readonly Result[]): void {
  const heaps = results.filter(({ name }) => HEAP_NAMES.includes(name));
  const best = Math.max(...heaps.map(({ rate }) => rate().perCpuSecond).filter((rate) => rate > 0));
  console.log(`\ndepth ${whole(depth)}${" ".repeat(36)}cycles/s   cycles/cpu s   of the best heap   bytes an event`);
  for (const { name, failed, rate, heldBytes } of results) {
    if (failed !== undefined) {
      console.log(`${name.padEnd(44)} not measured: ${failed}`);
      continue;
    }
    const { perSecond, perCpuSecond } = rate();
    const rates = `${whole(perSecond, 14)} ${whole(perCpuSecond, 14)} ${times(perCpuSecond, best, 18)}`;
    console.log(`${name.padEnd(38)}${rates} ${depth < TELLING_DEPTH ? "" : whole(heldBytes / depth, 16)}`);
  }
}

console.log(machine(versionsOf(...HEAP_NAMES)));
console.log(
  "Medians of 5 rounds, contenders in turn. ringfirst's cycle is admit + claim + settle, with leases, minimum shares,",
);
console.log(
  "limits and counters, and where it says so order per key and dedup; a heap's is push + pop of the same events.",
);
console.log("The payload is shared and not counted in the bytes; the event's id is, and with dedup the window of ids.");
for (const depth of DEPTHS) print(depth, await contest(entrants(depth)));
