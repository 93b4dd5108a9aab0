/** ringfirst in a steady cycle: the synchronous core, and the public verbs around it. The only place that knows their settings. */
import { QueueCore } from "../../src/core/queue-core.ts";
import type { NewEnvelope } from "../../src/ports/store.ts";
import { createWorkQueue } from "../../src/work-queue.ts";
import type { Contender } from "../measure/contender.ts";
import { Stopwatch } from "../measure/stopwatch.ts";
import { BATCH, CYCLES, PORTION } from "./cycle.ts";
import { Events } from "./events.ts";

export interface Settings {
  readonly depth: number;
  /** 0: none. */
  readonly keys: number;
  /** Ids remembered; 0: no dedup. */
  readonly dedupIds: number;
  /** Through `createWorkQueue`: every verb is a promise. */
  readonly isPublic: boolean;
}

const CLASSES = [
  { name: "critical", neverShed: true, minShare: 0 },
  { name: "high", neverShed: false, minShare: 0.1 },
  { name: "standard", neverShed: false, minShare: 0.05 },
];
const LEASE_MS = 30_000;

export async function open(settings: Settings): Promise<Contender> {
  const events = new Events(settings.keys);
  const queue = settings.isPublic ? await publicVerbs(settings) : core(settings);
  for (let left = settings.depth; left > 0; left -= BATCH) await queue.admit(events.envelopes(Math.min(left, BATCH)));
  // A window that is still filling up forgets nothing.
  for (let ids = settings.depth; ids < settings.dedupIds; ids += BATCH) await queue.cycle(events.envelopes(BATCH));
  return {
    round: async () => {
      const watch = new Stopwatch();
      for (let done = 0; done < CYCLES; done += PORTION) {
        const batches = Array.from({ length: PORTION / BATCH }, () => events.envelopes(BATCH));
        await queue.run(watch, batches);
      }
      return { whole: watch.sample(CYCLES) };
    },
  };
}

interface Cycled {
  readonly admit: (batch: readonly NewEnvelope[]) => unknown;
  readonly cycle: (batch: readonly NewEnvelope[]) => unknown;
  readonly run: (watch: Stopwatch, batches: readonly (readonly NewEnvelope[])[]) => void | Promise<void>;
}

function core({ depth, dedupIds }: Settings): Cycled {
  const queue = new QueueCore<Uint8Array>({
    classes: CLASSES,
    sinks: [{ name: "s", maxAttempts: 8, limits: { maxEvents: 2 * depth + BATCH, maxBytes: 2 ** 50 } }],
    dedup: { windowMs: 600_000, maxCount: dedupIds },
    deadLetters: { maxCount: 1_000 },
    ledger: { maxLines: 1_000 },
    sizeOf: (payload) => payload.byteLength,
    now: 0,
  });
  let time = 1;
  const cycle = (batch: readonly NewEnvelope[]): void => {
    time += 1;
    queue.admit(batch, time);
    const claimed = queue.claim("s", { max: BATCH, leaseMs: LEASE_MS }, time);
    if (claimed.length !== BATCH) throw new Error(`${claimed.length} of ${BATCH} were claimed`);
    queue.settle(
      claimed.map(({ token }) => ({ token, result: "ack" })),
      time,
    );
  };
  return {
    admit: (batch) => queue.admit(batch, time),
    cycle,
    run: (watch, batches) => watch.time(() => batches.forEach(cycle)),
  };
}

async function publicVerbs({ depth, dedupIds }: Settings): Promise<Cycled> {
  const queue = await createWorkQueue({
    classes: CLASSES,
    sinks: [{ name: "s", limits: { maxEvents: 2 * depth + BATCH, maxBytes: 2 ** 50 } }],
    dedup: { maxCount: dedupIds },
  });
  const cycle = async (batch: readonly NewEnvelope[]): Promise<void> => {
    await queue.admit(batch);
    const claimed = await queue.claim("s", { max: BATCH, leaseMs: LEASE_MS });
    if (claimed.length !== BATCH) throw new Error(`${claimed.length} of ${BATCH} were claimed`);
    await queue.settle(claimed.map(({ token }) => ({ token, result: "ack" })));
  };
  return {
    admit: (batch) => queue.admit(batch),
    cycle,
    run: (watch, batches) =>
      watch.timeAsync(async () => {
        for (const batch of batches) await cycle(batch);
      }),
  };
}
