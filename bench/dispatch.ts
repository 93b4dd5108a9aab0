/**
 * Asynchronous dispatch with priorities and a handler that does nothing, in memory, against p-queue and fastq.
 *
 *     node bench/dispatch.ts
 *
 * A wave of events is taken in while nothing is handed over, then let go with 256 hands; until the last handler has ended, for
 * ringfirst until the last settlement. ringfirst does more: dedup, leases, retries, limits, and where it says so order per key.
 */
import { LINE_NAMES } from "./dispatch/ringfirst.ts";
import { CONCURRENCY, EVENTS, type Settings } from "./dispatch/wave.ts";
import { contest, type Entrant, type Result } from "./measure/contest.ts";
import { machine, times, whole } from "./measure/figures.ts";
import { versionsOf } from "./measure/versions.ts";

const WAVES = [1_000, 100_000];
const PEERS: ReadonlyMap<string, string> = new Map([
  ["p-queue", "p-queue"],
  ["fastq", "fastq, callbacks (no priorities)"],
  ["fastq.promise", "fastq.promise (no priorities)"],
]);

function entrant(module: string, name: string, settings: Settings): Entrant {
  return { name, module: new URL(module, import.meta.url), settings };
}

function print(wave: number, results: readonly Result[]): void {
  const columns = ["events/s", "events/cpu s", "of p-queue"].map((text) => text.padStart(13)).join("");
  console.log(`\n${"".padEnd(45)}dispatch${"".padEnd(31)}with admission`);
  console.log(`waves of ${whole(wave).padEnd(35)}${columns}${columns}`);
  const peer = results.find(({ name }) => name === "p-queue");
  for (const { name, failed, rate } of results) {
    const parts = ["dispatch", "whole"].map((part) => {
      const { perSecond, perCpuSecond } = rate(part);
      const ratio = times(perCpuSecond, peer?.rate(part).perCpuSecond ?? Number.NaN, 13);
      return `${whole(perSecond, 13)}${whole(perCpuSecond, 13)}${ratio}`;
    });
    console.log(`${name.padEnd(44)}${failed === undefined ? parts.join("") : `not measured: ${failed}`}`);
  }
}

console.log(machine(versionsOf("p-queue", "fastq")));
console.log(
  `Medians of 5 rounds of ${whole(EVENTS)} events, contenders in turn; ${CONCURRENCY} hands, a handler that does nothing.`,
);
console.log(
  "ringfirst remembers ids, gives leases and settles. fastq knows no priorities: it hands over in the order of arrival.",
);
for (const wave of WAVES) {
  const ringfirst = LINE_NAMES.map((who) => entrant("./dispatch/ringfirst.ts", `ringfirst ${who}`, { who, wave }));
  const peers = [...PEERS].map(([who, name]) => entrant("./dispatch/peers.ts", name, { who, wave }));
  print(wave, await contest([...ringfirst, ...peers]));
}
