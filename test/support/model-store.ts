/**
 * The reference model as a durable store: the "disk" is the model itself, kept by the driver. Two uses: the conformance suite
 * and the model are held against each other, and the walks of the property tests are proven to work before a real store is
 * blamed. Strict order only (Q3 is not the model's).
 */
import { QueueNames, requirePositive } from "../../src/core/queue-arguments.ts";
import { RingfirstError } from "../../src/errors.ts";
import type { ClassStats, SinkStats, Store, StoreConfig, StoreDriver, StoreStats } from "../../src/ports/store.ts";
import { ReferenceModel } from "../../src/testing/reference-model.ts";

/** A driver with a disk of its own. */
export function modelStore(): StoreDriver {
  let disk: ReferenceModel | undefined;
  let clean = true;
  return {
    name: "model",
    durability: "process",
    open: async (config, now) => {
      if (disk === undefined) disk = new ReferenceModel(config, now);
      else disk.reopen(clean ? "close" : "crash", config);
      clean = false;
      return openModelStore(disk, config, () => (clean = true));
    },
  };
}

/** As `kill -9`: the store is let go without being closed. */
export async function killModelStore(_store: Store): Promise<void> {}

function openModelStore(disk: ReferenceModel, config: StoreConfig, closed: () => void): Store {
  let model: ReferenceModel | undefined = disk;
  const names = new QueueNames(config.classes, config.sinks);
  const open = (): ReferenceModel => {
    if (model === undefined) throw new RingfirstError("RF_QUEUE_CLOSED", "the work queue is closed");
    return model;
  };
  return {
    admit: async (batch, now) => {
      for (const item of batch) names.checkItem(item);
      return open().admit(batch, now);
    },
    claim: async (sink, options, now) => {
      names.sink(sink);
      requirePositive("max", options.max);
      requirePositive("leaseMs", options.leaseMs);
      if (options.classes !== undefined) names.allowedRanks(options.classes);
      return open().claim(sink, options, now);
    },
    settle: async (batch, now) => {
      for (const end of batch) names.checkEnd(end);
      return open().settle(batch, now);
    },
    extend: async (tokens, leaseMs, now) => {
      requirePositive("leaseMs", leaseMs);
      return open().extend(tokens, leaseMs, now);
    },
    reclaim: async (now) => open().reclaim(now),
    nextDueAt: () => model?.nextDueAt(),
    stats: async (now) => statsOf(open(), config, now),
    deadLetters: async ({ sink, after = 0, limit = 100 }, now) => {
      if (sink !== undefined) names.sink(sink);
      requirePositive("limit", limit);
      const sinks = sink === undefined ? config.sinks.map(({ name }) => name) : [sink];
      const letters = sinks.flatMap((name) => open().deadLetters(name, now));
      return letters
        .filter(({ seq }) => seq > after)
        .slice(0, limit)
        .map((letter) => ({ ...letter, payload: payloadOf(disk, letter.sink, letter.seq) }));
    },
    redrive: async (sink, seqs, now) => {
      names.sink(sink);
      return open().redrive(sink, seqs, now);
    },
    discard: async (sink, seqs, now) => {
      names.sink(sink);
      return open().discard(sink, seqs, now);
    },
    ledger: async ({ after = 0, limit = 100 }) =>
      open()
        .lines.map((line, index) => ({ ...line, n: index + 1 }))
        .slice(-config.ledger.maxLines)
        .filter(({ n }) => n > after)
        .slice(0, limit),
    close: async () => {
      if (model !== undefined) closed();
      model = undefined;
    },
  };
}

function payloadOf(model: ReferenceModel, sink: string, seq: number): Uint8Array {
  const row = model.rows.find((one) => one.sink === sink && one.seq === seq);
  return row?.envelope.payload ?? new Uint8Array(0);
}

/** What `stats` says of a model. */
export function statsOf(model: ReferenceModel, config: StoreConfig, now: number): StoreStats {
  const dedupIds = model.knownIds(now);
  const held = model.rows.filter(({ place }) => place === "waiting" || place === "inFlight" || place === "dead");
  const bytes = new Map(held.map((row) => [row.seq, row.envelope.payload.length]));
  return {
    ...model.totals,
    sinks: Object.fromEntries(config.sinks.map(({ name }) => [name, sinkStatsOf(model, config, name, now)])),
    dedupIds,
    payloadBytes: [...bytes.values()].reduce((sum, size) => sum + size, 0),
    lastSeq: model.lastSeq,
  };
}

function sinkStatsOf(model: ReferenceModel, config: StoreConfig, sink: string, now: number): SinkStats {
  const classes = Object.fromEntries(config.classes.map(({ name }) => [name, model.stats(sink, name, now)]));
  const sum = (name: Exclude<keyof ClassStats, "oldestAdmittedAt">): number =>
    Object.values(classes).reduce((total, one) => total + one[name], 0);
  const held = model.rows.filter((row) => row.sink === sink && (row.place === "waiting" || row.place === "inFlight"));
  return {
    admitted: sum("admitted"),
    acked: sum("acked"),
    expired: sum("expired"),
    coalesced: sum("coalesced"),
    shed: sum("shed"),
    discarded: sum("discarded"),
    dead: sum("dead"),
    waiting: sum("waiting"),
    inFlight: sum("inFlight"),
    refused: sum("refused"),
    ...model.counts(sink),
    bytes: held.reduce((total, row) => total + row.envelope.payload.length, 0),
    lanes: new Set(held.map(({ lane }) => lane)).size,
    backoffs: model.backoffs(sink),
    classes,
  };
}
