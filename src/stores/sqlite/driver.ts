/** The driver of the store on disk: from options to an open store, and what is said on the way. */
import { QueueCore } from "../../core/queue-core.ts";
import { invalid, numberIn } from "../../core/option-check.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import { SILENT_LOGGER } from "../../ports/logger.ts";
import type { StoreConfig, StoreDriver } from "../../ports/store.ts";
import { systemClock } from "../../runtime/clock.ts";
import { Blocks, type Retention } from "./blocks.ts";
import { type DiskThread, startDiskThread } from "./disk-thread.ts";
import { createGapFile, type GapFiles } from "./gap-file.ts";
import { Link } from "./link.ts";
import type { DiskSettings, KeptFacts, Opened, Trouble } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { restore } from "./restore.ts";
import { Shelf } from "./shelf.ts";
import { SqliteStore } from "./store.ts";

/** What {@link sqliteStore} takes. */
export interface SqliteStoreOptions {
  /** The database file; it is made, with its folder, when there is none. Beside it stand its log and a ballast of some MB. */
  readonly path: string;
  /**
   * What an admitted envelope survives: `full`, loss of power (flushed to the disk before the answer), or `process`, the end of
   * the process by whatever cause. @defaultValue `"full"`
   */
  readonly sync?: "full" | "process";
  /**
   * Envelopes that are over stay readable (`history`) for so many hours, and within so many bytes. Absent: they are gone with
   * their end. @defaultValue of its parts: 24 hours, 1 GiB
   */
  readonly keep?: { readonly hours?: number; readonly maxBytes?: number };
  /** Told of start-up, damage and trouble. @defaultValue says nothing */
  readonly logger?: Logger;
  /** @defaultValue the machine's */
  readonly clock?: Clock;
}

/** What only tests set. */
export interface SqliteTestOptions {
  /** A module's URL: its `probe(name)` is called at named points of the disk thread. */
  readonly probe?: string;
  readonly ballastBytes?: number;
  /** In place of a worker thread. */
  readonly startThread?: (settings: DiskSettings) => DiskThread;
  /** In place of the machine's files, for the gap ledger. */
  readonly gapFiles?: GapFiles;
}

const BALLAST_BYTES = 4 * 2 ** 20;
/** After an end that was none of ours, numbers that may have been given and not written are passed over. */
const SKIPPED_SEQS = 1_000_000;
const SKIPPED_TOKENS = 2 ** 24;
/** A line on how far a start has come, every so many milliseconds. */
const TELL_EVERY_MS = 1_000;

/**
 * A store in a file, by Node's own SQLite.
 *
 * Opening rejects with `RF_STORE_LOCKED` (another process has the file), `RF_STORE_UNUSABLE` (no file of ours, or not to be
 * opened), `RF_STORE_NEWER` (written by a newer version). `admit` rejects with `RF_STORE_FULL` or `RF_STORE_FAILING`, both
 * `retryable`, while the disk is full or fails; all else goes on.
 *
 * @example
 * ```ts
 * import { createWorkQueue } from "ringfirst/work-queue";
 * import { sqliteStore } from "ringfirst/stores/sqlite";
 *
 * const queue = await createWorkQueue({
 *   sinks: [{ name: "crm" }],
 *   store: sqliteStore({ path: "./data/queue.db", sync: "full" }),
 * });
 * await queue.close();
 * ```
 *
 * @throws RingfirstError `RF_OPTION_INVALID` for an empty path
 */
export function sqliteStore(options: SqliteStoreOptions): StoreDriver {
  return sqliteStoreForTests(options, {});
}

/** @internal {@link sqliteStore} with what tests need to make a disk fail. */
export function sqliteStoreForTests(options: SqliteStoreOptions, test: SqliteTestOptions): StoreDriver {
  const { path, sync = "full", logger = SILENT_LOGGER, clock = systemClock() } = options;
  if (path === "") throw invalid("path", "the path of a file", '""');
  const retention = resolveKeep(options.keep);
  const { probe, ballastBytes = BALLAST_BYTES, startThread = startDiskThread } = test;
  return {
    name: "sqlite",
    durability: sync,
    open: (config, now) => {
      const settings = { path, sync, ballastBytes, probe };
      return openStore(() => startThread(settings), { path, retention, clock, logger }, config, now);
    },
    gapLog: () => createGapFile(`${path}-gaps.ndjson`, test.gapFiles),
  };
}

interface OpenSettings {
  readonly path: string;
  readonly retention: Retention | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

function resolveKeep(keep: SqliteStoreOptions["keep"]): Retention | undefined {
  if (keep === undefined) return undefined;
  const hours = numberIn("keep.hours", keep.hours ?? 24, 0, 24 * 3_650);
  return {
    ms: hours * 3_600_000,
    maxBytes: numberIn("keep.maxBytes", keep.maxBytes ?? 2 ** 30, 0, Number.MAX_SAFE_INTEGER),
  };
}

async function openStore(
  startThread: () => DiskThread,
  { path, retention, clock, logger }: OpenSettings,
  config: StoreConfig,
  now: number,
): Promise<SqliteStore> {
  let store: SqliteStore | undefined;
  const link = new Link(startThread(), clock, {
    written: (n) => store?.groupWritten(n),
    trouble: (trouble) => tellTrouble(logger, path, trouble),
  });
  try {
    const startedAt = clock.monotonic();
    const opened = await link.ask({ ask: "open", sinks: config.sinks.map(({ name }) => name), now });
    link.startAt(opened.lastGroup);
    const parts = createParts(opened, retention, config, now, Math.floor(clock.random() * 2 ** 32), () =>
      store?.schedule(),
    );
    // Without a retention they go with the first group.
    for (const kept of await link.ask({ ask: "load-kept" })) parts.blocks.addKept(kept);
    const { lines, told } = progressLines(logger, clock, path);
    const losses = await restore({ ...parts, link, opened, now, progress: lines });
    tellOpened(logger, path, opened, losses, clock.monotonic() - startedAt, told());
    store = new SqliteStore({
      ...parts,
      link,
      clock,
      path,
      ledgerKept: config.ledger.maxLines,
      keeps: retention !== undefined,
    });
    store.schedule();
    return store;
  } catch (error) {
    await link.end();
    throw error;
  }
}

function createParts(
  opened: Opened,
  retention: Retention | undefined,
  config: StoreConfig,
  now: number,
  seed: number,
  dirty: () => void,
) {
  const kept: KeptFacts = opened.kept === "" ? NOTHING_KEPT : (JSON.parse(opened.kept) as KeptFacts);
  const numbers = new Map(opened.sinks.map(([number, name]) => [name, number]));
  const configured = new Set(config.sinks.map(({ name }) => name));
  const removed = opened.sinks.filter(([, name]) => !configured.has(name)).map(([, name]) => name);
  const limits = { maxEvents: Infinity, maxBytes: Infinity };
  const sinks = [...config.sinks, ...removed.map((name) => ({ name, maxAttempts: 1, limits, removed: true }))];
  const classNames = config.classes.map(({ name }) => name);
  const shelf = new Shelf(classNames.length);
  const blocks = new Blocks(opened.lastBlock, retention);
  const outbox = new Outbox({
    classNames,
    sinkNumbers: sinks.map(({ name }) => numbers.get(name) ?? 0),
    blocks,
    shelf,
    ledgerKept: config.ledger.maxLines,
    dedupCount: config.dedup.maxCount,
    lastId: opened.lastId,
    lastLine: opened.lastLine,
    historySinks: retention === undefined ? undefined : sinks.map(({ name }) => name),
    dirty,
  });
  const ended = opened.clean || opened.created;
  const nextToken = kept.nextToken + (ended ? 0 : SKIPPED_TOKENS);
  const core = new QueueCore<Uint8Array>({
    ...config,
    sinks,
    sizeOf: (payload) => payload.byteLength,
    now,
    firstSeq: kept.lastSeq + 1 + (ended ? 0 : SKIPPED_SEQS),
    firstToken: nextToken,
    seed,
    contents: () => shelf,
    journal: outbox,
    ledgerWriter: (line) => outbox.line(line),
  });
  const isConfigured = (name: string): boolean => configured.has(name);
  return { core, outbox, blocks, shelf, nextToken, sinkNames: new Map(opened.sinks), isConfigured };
}

const NOTHING_KEPT: KeptFacts = { lastSeq: 0, nextToken: 1, now: 0, counters: undefined };

/** Lines on how far a long start has come. */
function progressLines(logger: Logger, clock: Clock, path: string) {
  let toldAt = clock.monotonic();
  let count = 0;
  const lines = (done: number, total: number, envelopes: number): void => {
    count = envelopes;
    if (clock.monotonic() - toldAt < TELL_EVERY_MS) return;
    toldAt = clock.monotonic();
    const share = Math.floor((100 * done) / Math.max(1, total));
    logger.info({ path, envelopes, share }, `reading the store: ${share} %, ${envelopes} events so far`);
  };
  return { lines, told: () => count };
}

function tellOpened(
  logger: Logger,
  path: string,
  opened: Opened,
  losses: readonly string[],
  tookMs: number,
  envelopes: number,
): void {
  for (const line of [...opened.damage, ...losses]) logger.error({ path }, `the store ${path}: ${line}`);
  if (opened.created) {
    logger.info({ path }, `the store ${path} is new`);
    return;
  }
  const how = opened.clean ? "" : "; it was not closed: what was in flight is handed over again";
  const facts = { path, envelopes, clean: opened.clean, tookMs: Math.round(tookMs) };
  logger.info(facts, `the store ${path} holds ${envelopes} events${how}`);
}

function tellTrouble(logger: Logger, path: string, trouble: Trouble | undefined): void {
  if (trouble === undefined) logger.info({ path }, `the store ${path}: the disk works again, new events are taken`);
  else if (trouble.kind === "full") {
    const text = `the store ${path}: the disk is full (${trouble.cause}); nothing new is taken until there is room, deliveries go on`;
    logger.error({ path }, text);
  } else {
    const text = `the store ${path}: the disk fails (${trouble.cause}); nothing new is taken, tried again`;
    logger.error({ path }, text);
  }
}
