/**
 * Dispatch with priorities and a handler that does nothing: admit, claim, hand over, settle, in memory.
 *
 *     node bench/dispatch.ts [events]        (default 300,000; medians of five)
 *
 * "dispatch": from the first hand-over to the last settlement, of events that were all admitted before. "admit too": with
 * their admission. The last line has a store that costs nothing in place of the memory store: what dispatch itself costs.
 */
import { availableParallelism, cpus } from "node:os";
import { createWorkQueue, type ConsumeOptions, type EnvelopeHandler } from "../src/work-queue.ts";
import type { ClaimedEnvelope, NewEnvelope, Store, StoreDriver } from "../src/ports/store.ts";
import { memoryStore } from "../src/stores/memory.ts";

const EVENTS = Number(process.argv[2] ?? 300_000);
const RUNS = 5;
const BATCH = 1_000;
const CLASSES = ["standard", "standard", "high", "standard", "critical"] as const;
const PAYLOAD = new Uint8Array(64);

interface Scenario {
  readonly name: string;
  readonly keyed: boolean;
  readonly handler: EnvelopeHandler;
  readonly options: ConsumeOptions;
  readonly store?: () => StoreDriver;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "16 hands, no keys", keyed: false, handler: () => undefined, options: { concurrency: 16 } },
  { name: "256 hands, no keys", keyed: false, handler: () => undefined, options: { concurrency: 256 } },
  { name: "256 hands, keyed", keyed: true, handler: () => undefined, options: { concurrency: 256 } },
  {
    name: "256 hands, keyed, 32 reserved for critical",
    keyed: true,
    handler: () => undefined,
    options: { concurrency: 256, reserve: { critical: 32 } },
  },
  { name: "256 hands, async handler", keyed: false, handler: async () => {}, options: { concurrency: 256 } },
  {
    name: "256 hands, a store that costs nothing",
    keyed: false,
    handler: () => undefined,
    options: { concurrency: 256 },
    store: freeStore,
  },
];

/** Gives out envelopes that were made before, and takes every settlement. */
function freeStore(): StoreDriver {
  const base = {
    class: "standard",
    laneClass: "standard",
    key: undefined,
    attempt: 1,
    redriven: 0,
    waitedMs: 0,
    replaced: 0,
  };
  const made = Array.from({ length: EVENTS }, (_, n): ClaimedEnvelope => ({
    ...base,
    token: n,
    seq: n,
    id: `e${n}`,
    payload: PAYLOAD,
  }));
  let given = 0;
  const claim: Store["claim"] = async (_sink, { max }) => {
    const claimed = made.slice(given, given + max);
    given += claimed.length;
    return claimed;
  };
  const memory = memoryStore();
  const open: StoreDriver["open"] = async (config, now) => ({
    ...(await memory.open(config, now)),
    admit: async (batch) => batch.map((_, seq) => ({ status: "admitted", seq })),
    claim,
    settle: async (batch) => batch.map(() => "settled"),
    nextDueAt: () => undefined,
  });
  return { ...memory, open };
}

function batches(keyed: boolean): NewEnvelope[][] {
  const all: NewEnvelope[][] = [];
  for (let from = 0; from < EVENTS; from += BATCH) {
    all.push(
      Array.from({ length: Math.min(BATCH, EVENTS - from) }, (_, n) => ({
        id: `e${from + n}`,
        class: CLASSES[(from + n) % CLASSES.length] ?? "standard",
        key: keyed ? `k${((from + n) * 7_919) % 50_000}` : undefined,
        payload: PAYLOAD,
        sinks: ["sink"],
      })),
    );
  }
  return all;
}

async function run({
  keyed,
  handler,
  options,
  store = memoryStore,
}: Scenario): Promise<{ dispatch: number; whole: number }> {
  const queue = await createWorkQueue({ sinks: [{ name: "sink" }], store: store() });
  const given = batches(keyed);
  const begun = performance.now();
  for (const batch of given) await queue.admit(batch);
  const admitted = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  let handed = 0;
  const counting: EnvelopeHandler = (envelope, context) => {
    handed += 1;
    if (handed === EVENTS) resolve();
    return handler(envelope, context);
  };
  queue.consume("sink", counting, options);
  await promise;
  await queue.close();
  const ended = performance.now();
  if (handed !== EVENTS) throw new Error(`${handed} of ${EVENTS} events were handed over`);
  return { dispatch: (EVENTS / (ended - admitted)) * 1_000, whole: (EVENTS / (ended - begun)) * 1_000 };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const shown = (rate: number): string => `${(rate / 1e6).toFixed(2)} M/s`.padStart(10);

console.log(
  `node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? "?"}, ${EVENTS} events, medians of ${RUNS}`,
);
console.log(`${"".padEnd(46)}${"dispatch".padStart(10)}${"admit too".padStart(10)}`);
for (const scenario of SCENARIOS) {
  await run(scenario);
  const results: { dispatch: number; whole: number }[] = [];
  for (let n = 0; n < RUNS; n += 1) results.push(await run(scenario));
  const dispatch = median(results.map((result) => result.dispatch));
  const whole = median(results.map((result) => result.whole));
  console.log(`${scenario.name.padEnd(46)}${shown(dispatch)}${shown(whole)}`);
}
