/**
 * Asynchronous dispatch with priorities and a handler that does nothing, in memory, against p-queue and fastq.
 *
 *     node bench/dispatch.ts
 *
 * A wave of events is taken in while nothing is handed over, then let go with 256 hands; measured until the last handler ended
 * (ringfirst: until the last settlement). ringfirst does more: leases, retries, limits, and where it says so order per key.
 */
import { LINE_NAMES } from "./dispatch/ringfirst.ts";
import { CONCURRENCY, EVENTS, type Settings } from "./dispatch/wave.ts";
import { contest, type Entrant } from "./measure/contest.ts";
import { machine, times, whole } from "./measure/figures.ts";
import { versionsOf } from "./measure/versions.ts";

const WAVES = [1_000, 100_000];
const PEERS: ReadonlyMap<string, string> = new Map([
  ["p-queue", "p-queue"],
  ["fastq", "fastq (no priorities, callbacks)"],
  ["fastq.promise", "fastq.promise (no priorities)"],
]);

function entrant(module: string, name: string, settings: Settings): Entrant {
  return { name, module: new URL(module, import.meta.url), settings };
}

console.log(machine(versionsOf("p-queue", "fastq")));
console.log(`Medians of 5 rounds of ${whole(EVENTS)} events, contenders in turn; ${CONCURRENCY} hands. ringfirst takes leases and settles.`);
console.log("fastq knows no priorities: it hands over in the order of arrival, and is here as the limit of such a loop.");
for (const wave of WAVES) {
  const results = await contest([
    ...LINE_NAMES.map((who) => entrant("./dispatch/ringfirst.ts", `ringfirst ${who}`, { who, wave })),
    ...[...PEERS].map(([who, name]) => entrant("./dispatch/peers.ts", name, { who, wave })),
  ]);
  const peer = results.find(({ name }) => name === "p-queue")?.perCpuSecond ?? Number.NaN;
  console.log(`\nwaves of ${whole(wave).padEnd(36)}events/s   events/cpu s   of p-queue`);
  for (const { name, failed, perSecond, perCpuSecond } of results) {
    const rates = `${whole(perSecond, 14)} ${whole(perCpuSecond, 14)} ${times(perCpuSecond, peer, 12)}`;
    console.log(`${name.padEnd(39)}${failed === undefined ? rates : `not measured: ${failed}`}`);
  }
}
