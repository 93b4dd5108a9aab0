/**
 * Opens the queue with what it holds, then admits a critical event every 5 ms while 16 hands drain the rest: from the call of `admit`
 * to the call of the handler.
 */
import { setTimeout } from "node:timers/promises";
import { quantile } from "../measure/figures.ts";
import { openQueue, PAYLOAD_BYTES, settledRss } from "./queue.ts";

export interface UrgentSettings {
  readonly path: string;
  /** Critical events. */
  readonly count: number;
}

export interface Urgent {
  readonly openMs: number;
  readonly rssOpen: number;
  readonly rssAfter: number;
  readonly peakRss: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Events of the backlog that were handed over meanwhile, and how many were left at the end. */
  readonly drainedPerSecond: number;
  readonly left: number;
}

const EVERY_MS = 5;
const CONCURRENCY = 16;

export async function run({ path, count }: UrgentSettings): Promise<Urgent> {
  const opening = performance.now();
  const queue = await openQueue(path);
  const openMs = performance.now() - opening;
  const rssOpen = await settledRss();
  const waits: number[] = [];
  const admittedAt = new Map<string, number>();
  const done = Promise.withResolvers<void>();
  let drained = 0;
  const handler = async ({ id }: { readonly id: string }): Promise<void> => {
    const at = admittedAt.get(id);
    if (at === undefined) {
      drained += 1;
      return;
    }
    waits.push(performance.now() - at);
    if (waits.length === count) done.resolve();
  };
  queue.consume("sink", handler, { concurrency: CONCURRENCY });
  await setTimeout(500);
  drained = 0;
  const from = performance.now();
  for (let n = 0; n < count; n += 1) {
    const wait = from + n * EVERY_MS - performance.now();
    await setTimeout(Math.max(0, wait));
    const id = `urgent-${process.pid}-${n}`;
    admittedAt.set(id, performance.now());
    const payload = new Uint8Array(PAYLOAD_BYTES);
    void queue.admit([{ id, class: "critical", key: `call-${n}`, payload, sinks: ["sink"] }]);
  }
  await done.promise;
  const drainedPerSecond = (drained / (performance.now() - from)) * 1_000;
  const left = (await queue.stats()).sinks["sink"]?.waiting ?? Number.NaN;
  const rssAfter = await settledRss();
  await queue.close({ budgetMs: 0 });
  const [p50 = 0, p99 = 0, p999 = 0, max = 0] = [0.5, 0.99, 0.999, 1].map((part) => quantile(waits, part));
  const peakRss = process.resourceUsage().maxRSS * 1_024;
  return { openMs, rssOpen, rssAfter, peakRss, p50, p99, p999, max, drainedPerSecond, left };
}
