/**
 * The work queue, usable by itself as `ringfirst/work-queue`: a priority queue with order per key, leases, retries, dead
 * letters and reserved hands, on any store. What each rule means: `docs/work-queue.md` (Q1 to Q14).
 *
 * This file joins three things and adds nothing to the meaning: a store (the rules), the dispatcher (who is handed what,
 * when) and the time, which the verbs here take from the clock.
 */
import { QueueTime } from "./core/queue-time.ts";
import type { PriorityClass } from "./core/rule.ts";
import { RingfirstError } from "./errors.ts";
import type { DeliveryOptions } from "./options.ts";
import { integerIn, invalid, numberIn } from "./core/option-check.ts";
import { DEFAULTS, resolveClasses, resolveDedup, resolveDelivery, resolveLimits } from "./options.ts";
import type {
  Consumer,
  ConsumerSettings,
  Dispatch,
  DispatchListener,
  DrainReport,
  EnvelopeHandler,
  StopOptions,
} from "./pipeline/dispatch.ts";
import { createDispatch } from "./pipeline/dispatch.ts";
import type { Clock } from "./ports/clock.ts";
import type { Logger } from "./ports/logger.ts";
import { SILENT_LOGGER } from "./ports/logger.ts";
import type {
  AdmitResult,
  ClaimedEnvelope,
  ClaimOptions,
  DeadLetter,
  DeadLetterQuery,
  DiscardResult,
  History,
  LeaseToken,
  LedgerLine,
  NewEnvelope,
  QueueLimits,
  ReclaimedLease,
  RedriveResult,
  Settlement,
  Store,
  StoreConfig,
  StoreDriver,
  StoreStats,
} from "./ports/store.ts";
import { systemClock } from "./runtime/clock.ts";
import { memoryStore } from "./stores/memory.ts";

export { memoryStore } from "./stores/memory.ts";
export type { Consumer, DispatchListener, DrainReport, EnvelopeHandler, StopOptions } from "./pipeline/dispatch.ts";

/** One sink of a work queue. */
export interface WorkQueueSink {
  /** Unique. */
  readonly name: string;
  /** The last failed attempt makes a dead letter. @defaultValue `8` */
  readonly maxAttempts?: number;
  /** @defaultValue `limits` of the work queue */
  readonly limits?: Partial<QueueLimits>;
}

/** What {@link createWorkQueue} takes. */
export interface WorkQueueOptions {
  readonly sinks: readonly WorkQueueSink[];
  /** Most urgent first. @defaultValue critical (never shed), high (share 0.1), standard (share 0.05) */
  readonly classes?: readonly PriorityClass[];
  /** For each sink that names none. @defaultValue 1,000,000 events, 2 GiB */
  readonly limits?: Partial<QueueLimits>;
  /** @defaultValue `memoryStore()` */
  readonly store?: StoreDriver;
  /** @defaultValue ten minutes, 1,000,000 ids */
  readonly dedup?: { readonly windowMs?: number; readonly maxCount?: number };
  /** Per sink. @defaultValue 100,000 */
  readonly deadLetters?: { readonly maxCount?: number };
  /** Lines kept on what ended without a delivery. @defaultValue 10,000 */
  readonly ledger?: { readonly maxLines?: number };
  /** How long a hand-over is good without a sign of life, in milliseconds. @defaultValue `30_000` */
  readonly leaseMs?: number;
  /** How long `close` lets deliveries finish, in milliseconds. @defaultValue `10_000` */
  readonly drainMs?: number;
  /** @defaultValue the machine's */
  readonly clock?: Clock;
  /** @defaultValue says nothing */
  readonly logger?: Logger;
}

/** How one sink's work is handed to a handler. */
export interface ConsumeOptions extends DeliveryOptions {
  /** @defaultValue `leaseMs` of the work queue */
  readonly leaseMs?: number;
  /** Told of each delivery; costs nothing when absent. */
  readonly listener?: DispatchListener;
}

/** An open work queue. Every verb is one atomic act; its time comes from the clock. */
export interface WorkQueue extends AsyncDisposable {
  /** See `Store.appliesAtOnce`. */
  readonly appliesAtOnce: boolean;
  /** Why nothing new is taken at the moment (a full disk, say), in words; undefined: all is well. */
  readonly trouble: string | undefined;
  /** Settled envelopes, where the store keeps some. */
  readonly history: History | undefined;
  /**
   * Takes a batch in; resolves when it will survive what the store promises (Q12). With `appliesAtOnce` a consumer may be handed an
   * envelope before that.
   */
  admit(batch: readonly NewEnvelope[]): Promise<readonly AdmitResult[]>;
  /** Takes the next envelopes under leases. For programs that do without {@link WorkQueue.consume}. */
  claim(
    sink: string,
    options: Omit<ClaimOptions, "leaseMs"> & { readonly leaseMs?: number },
  ): Promise<readonly ClaimedEnvelope[]>;
  settle(batch: readonly Settlement[]): Promise<readonly ("settled" | "stale")[]>;
  /** @param leaseMs - from now on. @defaultValue `leaseMs` of the work queue */
  extend(tokens: readonly LeaseToken[], leaseMs?: number): Promise<readonly ("extended" | "stale")[]>;
  /** Takes back leases that ran out. Runs by itself while a sink is consumed. */
  reclaim(): Promise<readonly ReclaimedLease[]>;
  /** When `reclaim` will next have something to do, epoch milliseconds. */
  nextDueAt(): number | undefined;
  stats(): Promise<StoreStats>;
  deadLetters(query?: DeadLetterQuery): Promise<readonly DeadLetter[]>;
  redrive(sink: string, seqs: readonly number[]): Promise<readonly RedriveResult[]>;
  discard(sink: string, seqs: readonly number[]): Promise<readonly DiscardResult[]>;
  ledger(query?: { readonly after?: number; readonly limit?: number }): Promise<readonly LedgerLine[]>;
  /**
   * Hands a sink's envelopes to a handler, the most urgent first, each key in order. The handler returns (done), returns an
   * `Outcome` (as it says) or throws (tried again with backoff). A sink has one consumer at a time.
   *
   * @throws RingfirstError `RF_QUEUE_ARGUMENT` for an unknown sink or one that is consumed already, `RF_OPTION_INVALID`
   */
  consume(sink: string, handler: EnvelopeHandler, options?: ConsumeOptions): Consumer;
  /** Drains the consumers (`drainMs`, or `budgetMs`), gives leases back and releases the store. Idempotent. */
  close(options?: StopOptions): Promise<readonly DrainReport[]>;
}

/**
 * Opens a work queue.
 *
 * @example
 * ```ts
 * import { createWorkQueue } from "ringfirst/work-queue";
 *
 * const queue = await createWorkQueue({ sinks: [{ name: "crm" }] });
 * queue.consume("crm", async (envelope, { signal, attempt }) => {
 *   await fetch("https://crm.example.com/calls", { method: "POST", body: envelope.payload, signal });
 * });
 * await queue.admit([
 *   { id: "1", class: "critical", key: "call-7", payload: new TextEncoder().encode("ringing"), sinks: ["crm"] },
 * ]);
 * await queue.close();
 * ```
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export async function createWorkQueue(options: WorkQueueOptions): Promise<WorkQueue> {
  const settings = resolveWorkQueue(options);
  const { clock } = settings;
  const time = new QueueTime();
  const store = await settings.driver.open(settings.config, time.read(clock.now(), clock.monotonic()));
  return new OpenQueue(store, settings, time);
}

interface Settings {
  readonly driver: StoreDriver;
  readonly config: StoreConfig;
  readonly leaseMs: number;
  readonly drainMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LONGEST_MS = 86_400_000;

function resolveWorkQueue(options: WorkQueueOptions): Settings {
  const limits = resolveLimits("limits", options.limits);
  const names = new Set<string>();
  const sinks = options.sinks.map(({ name, maxAttempts, limits: own }, place) => {
    if (name === "") throw invalid(`sinks[${place}].name`, "a name", '""');
    if (names.has(name)) throw invalid(`sinks[${place}].name`, "a name used once", JSON.stringify(name));
    names.add(name);
    const path = `sinks[${place}]`;
    return {
      name,
      maxAttempts: integerIn(`${path}.maxAttempts`, maxAttempts ?? DEFAULTS.delivery.maxAttempts, 1, 1_000),
      limits: resolveLimits(`${path}.limits`, own, limits),
    };
  });
  const maxCount = options.deadLetters?.maxCount ?? DEFAULTS.deadLetters.maxCount;
  const maxLines = options.ledger?.maxLines ?? DEFAULTS.ledger.maxLines;
  return {
    driver: options.store ?? memoryStore(),
    config: {
      classes: resolveClasses(options.classes),
      sinks,
      dedup: resolveDedup(options.dedup),
      deadLetters: { maxCount: integerIn("deadLetters.maxCount", maxCount, 0, Number.MAX_SAFE_INTEGER) },
      ledger: { maxLines: integerIn("ledger.maxLines", maxLines, 0, Number.MAX_SAFE_INTEGER) },
    },
    leaseMs: resolveLease("leaseMs", options.leaseMs ?? DEFAULTS.leaseMs),
    drainMs: numberIn("drainMs", options.drainMs ?? DEFAULTS.drainMs, 0, LONGEST_MS),
    clock: options.clock ?? systemClock(),
    logger: options.logger ?? SILENT_LOGGER,
  };
}

/** A lease of less than 100 ms could not be extended in time. */
function resolveLease(path: string, leaseMs: number): number {
  return numberIn(path, leaseMs, 100, LONGEST_MS);
}

class OpenQueue implements WorkQueue {
  readonly #store: Store;
  readonly #settings: Settings;
  readonly #time: QueueTime;
  readonly #dispatch: Dispatch;
  #closing: Promise<readonly DrainReport[]> | undefined;

  constructor(store: Store, settings: Settings, time: QueueTime) {
    this.#store = store;
    this.#settings = settings;
    this.#time = time;
    const { clock, logger } = settings;
    this.#dispatch = createDispatch({ store, clock, logger, now: () => this.#now() });
  }

  get appliesAtOnce(): boolean {
    return this.#store.appliesAtOnce === true;
  }

  get trouble(): string | undefined {
    return this.#store.trouble;
  }

  get history(): History | undefined {
    return this.#store.history;
  }

  async admit(batch: readonly NewEnvelope[]): Promise<readonly AdmitResult[]> {
    const now = this.#now();
    const admitting = this.#store.admit(this.#inQueueTime(batch), now);
    if (this.#store.appliesAtOnce !== true) await admitting;
    this.#dispatch.admitted(batch);
    return await admitting;
  }

  async claim(
    sink: string,
    options: Omit<ClaimOptions, "leaseMs"> & { readonly leaseMs?: number },
  ): Promise<readonly ClaimedEnvelope[]> {
    const leaseMs = options.leaseMs ?? this.#settings.leaseMs;
    const claimed = await this.#store.claim(sink, { ...options, leaseMs }, this.#now());
    this.#dispatch.touched();
    return claimed;
  }

  async settle(batch: readonly Settlement[]): Promise<readonly ("settled" | "stale")[]> {
    const results = await this.#store.settle(batch, this.#now());
    this.#dispatch.touched();
    return results;
  }

  extend(
    tokens: readonly LeaseToken[],
    leaseMs: number = this.#settings.leaseMs,
  ): Promise<readonly ("extended" | "stale")[]> {
    return this.#store.extend(tokens, leaseMs, this.#now());
  }

  async reclaim(): Promise<readonly ReclaimedLease[]> {
    const leases = await this.#store.reclaim(this.#now());
    this.#dispatch.touched();
    return leases;
  }

  nextDueAt(): number | undefined {
    return this.#store.nextDueAt();
  }

  stats(): Promise<StoreStats> {
    return this.#store.stats(this.#now());
  }

  deadLetters(query: DeadLetterQuery = {}): Promise<readonly DeadLetter[]> {
    return this.#store.deadLetters(query, this.#now());
  }

  async redrive(sink: string, seqs: readonly number[]): Promise<readonly RedriveResult[]> {
    const results = await this.#store.redrive(sink, seqs, this.#now());
    this.#dispatch.touched();
    return results;
  }

  discard(sink: string, seqs: readonly number[]): Promise<readonly DiscardResult[]> {
    return this.#store.discard(sink, seqs, this.#now());
  }

  ledger(query: { readonly after?: number; readonly limit?: number } = {}): Promise<readonly LedgerLine[]> {
    return this.#store.ledger(query);
  }

  consume(sink: string, handler: EnvelopeHandler, options: ConsumeOptions = {}): Consumer {
    return this.#dispatch.consume(sink, handler, this.#resolveConsume(sink, options));
  }

  close(options: StopOptions = {}): Promise<readonly DrainReport[]> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(options: StopOptions): Promise<readonly DrainReport[]> {
    const reports = await this.#dispatch.close({ budgetMs: this.#settings.drainMs, ...options });
    await this.#store.close();
    return reports;
  }

  #now(): number {
    const { clock } = this.#settings;
    return this.#time.read(clock.now(), clock.monotonic());
  }

  /** Expiries are instants of the wall clock; they differ from the queue's time only after the clock was set back. */
  #inQueueTime(batch: readonly NewEnvelope[]): readonly NewEnvelope[] {
    if (this.#time.lead === 0) return batch;
    return batch.map((envelope) =>
      envelope.expiresAt === undefined ? envelope : { ...envelope, expiresAt: this.#time.fromWall(envelope.expiresAt) },
    );
  }

  #resolveConsume(sink: string, options: ConsumeOptions): ConsumerSettings {
    const { config, leaseMs, drainMs } = this.#settings;
    const own = config.sinks.find(({ name }) => name === sink);
    if (own === undefined) {
      const names = config.sinks.map(({ name }) => name).join(", ");
      throw new RingfirstError("RF_QUEUE_ARGUMENT", `unknown sink ${JSON.stringify(sink)}; there are: ${names}`);
    }
    const { maxAttempts, ...delivery } = resolveDelivery(`consume(${JSON.stringify(sink)})`, options, config.classes);
    return {
      ...delivery,
      // The sink's own number is the store's; a consumer may only give up earlier.
      maxAttempts: options.retry?.maxAttempts === undefined ? own.maxAttempts : Math.min(maxAttempts, own.maxAttempts),
      leaseMs: resolveLease("leaseMs", options.leaseMs ?? leaseMs),
      drainMs,
      listener: options.listener ?? {},
    };
  }
}
