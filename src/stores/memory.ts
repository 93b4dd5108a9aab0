/**
 * The work queue in memory: the synchronous core behind the store port, nothing else. It ends with the process
 * (durability `none`), and holds each payload once, however many sinks have it.
 */
import { QueueCore } from "../core/queue-core.ts";
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store, StoreConfig, StoreDriver } from "../ports/store.ts";
import { systemClock } from "../runtime/clock.ts";

/**
 * A store that lives as long as the process.
 *
 * @example
 * ```ts
 * import { createWorkQueue, memoryStore } from "ringfirst/work-queue";
 *
 * const queue = await createWorkQueue({ sinks: [{ name: "crm" }], store: memoryStore() });
 * await queue.close();
 * ```
 */
export function memoryStore(): StoreDriver {
  return {
    name: "memory",
    durability: "none",
    open: async (config, now) => openMemoryStore(config, now),
  };
}

function openMemoryStore(config: StoreConfig, now: number): Store {
  let open: QueueCore<Uint8Array> | undefined = new QueueCore({
    ...config,
    sizeOf: byteLength,
    now,
    seed: seedFrom(systemClock()),
  });
  const core = (): QueueCore<Uint8Array> => {
    if (open === undefined) throw new RingfirstError("RF_QUEUE_CLOSED", "the work queue is closed");
    return open;
  };
  return {
    appliesAtOnce: true,
    admit: async (batch, now) => core().admit(batch, now),
    claim: async (sink, options, now) => core().claim(sink, options, now),
    settle: async (batch, now) => core().settle(batch, now),
    extend: async (tokens, leaseMs, now) => core().extend(tokens, leaseMs, now),
    reclaim: async (now) => core().reclaim(now),
    nextDueAt: () => open?.nextDueAt(),
    stats: async (now) => core().stats(now),
    deadLetters: async (query, now) => core().deadLetters(query, now),
    redrive: async (sink, seqs, now) => core().redrive(sink, seqs, now),
    discard: async (sink, seqs, now) => core().discard(sink, seqs, now),
    ledger: async (query) => core().ledger(query),
    close: async () => {
      // Nothing outlives the process: leases are given back by letting everything go.
      open = undefined;
    },
  };
}

function seedFrom(clock: Clock): number {
  return Math.floor(clock.random() * 2 ** 32);
}

function byteLength(payload: Uint8Array): number {
  return payload.byteLength;
}
