/**
 * Settle: takes the ends of one sink's deliveries to the store, in batches.
 *
 * S1  What ends in one turn goes to the store as one batch, at once: lanes become free when the store takes it, whenever it
 *     answers. A store that groups its writes groups them behind this.
 * S2  An end is never dropped: while the store refuses to work, what it refused is kept and offered again with backoff, its leases
 *     are kept alive by the upkeep, and nothing new is claimed (`blocked`). One line is logged at the start and one at the end.
 * S3  Bounded: above `maxPending` nothing new is claimed.
 */
import { backoffMs } from "../core/backoff.ts";
import { causeOf } from "../core/cause.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Settlement, Store } from "../ports/store.ts";
import type { Delivery } from "./delivery.ts";

const RETRY = { initialMs: 50, maxMs: 5_000 };

/** What settling needs of the rest of the line. */
export interface SettlerOptions {
  readonly sink: string;
  readonly store: Pick<Store, "settle">;
  readonly clock: Clock;
  readonly now: () => number;
  readonly logger: Logger;
  readonly maxPending: number;
  /** A batch is with the store: lanes become free, in the order of calls. */
  readonly sent: () => void;
  /** The store's answer to one end. */
  readonly answered: (delivery: Delivery, result: "settled" | "stale") => void;
  /** After the answers to a batch. */
  readonly batchDone: () => void;
  /** The store has refused; the ends wait, and their leases must be kept alive. */
  readonly troubled: () => void;
}

/** The ends of one sink's deliveries on their way to the store. */
export class Settler {
  readonly #options: SettlerOptions;
  #waiting: Delivery[] = [];
  /** With the store. */
  readonly #sending = new Set<readonly Delivery[]>();
  #sendingCount = 0;
  /** Refused, to be offered again. */
  #refused: readonly Delivery[] = [];
  #scheduled = false;
  #failures = 0;
  #retryTimer: Timer | undefined;
  #closed = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  get pendingCount(): number {
    return this.#waiting.length + this.#sendingCount + this.#refused.length;
  }

  /** Nothing may be claimed: the store is in trouble (S2) or behind (S3). */
  get blocked(): boolean {
    return this.#failures > 0 || this.pendingCount > this.#options.maxPending;
  }

  /** Deliveries that have ended and still hold their lease. */
  *unsettled(): Generator<Delivery> {
    for (const batch of this.#sending) yield* batch;
    yield* this.#refused;
    yield* this.#waiting;
  }

  /** Takes the end of a delivery; it goes out with the next `flush`. */
  add(delivery: Delivery): void {
    this.#waiting.push(delivery);
  }

  /** Flushes when the current turn of microtasks has ended: handlers that end together are settled together. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#closed || this.#failures > 0 || this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#offer(batch);
  }

  /** Sends nothing any more; what is pending stays leased. */
  close(): void {
    this.#closed = true;
    this.#retryTimer?.cancel();
  }

  #offer(batch: readonly Delivery[]): void {
    this.#sending.add(batch);
    this.#sendingCount += batch.length;
    this.#settle(batch).then(
      (results) => this.#taken(batch, results),
      (error: unknown) => this.#failed(batch, error),
    );
    this.#options.sent();
  }

  /** The store's own promise, without a step more: the ends of one batch are told before the next hand-over. */
  #settle(batch: readonly Delivery[]): Promise<readonly ("settled" | "stale")[]> {
    const { store, now } = this.#options;
    try {
      return store.settle(batch.map(toSettlement), now());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #taken(batch: readonly Delivery[], results: readonly ("settled" | "stale")[]): void {
    const { answered, batchDone, logger, sink } = this.#options;
    this.#back(batch);
    if (this.#failures > 0 && this.#refused.length === 0)
      logger.info({ sink, failures: this.#failures }, `${sink}: the store settles again`);
    if (this.#refused.length === 0) this.#failures = 0;
    let at = 0;
    for (const delivery of batch) {
      answered(delivery, results[at] ?? "stale");
      at += 1;
    }
    this.flush();
    batchDone();
  }

  #back(batch: readonly Delivery[]): void {
    this.#sending.delete(batch);
    this.#sendingCount -= batch.length;
  }

  #failed(batch: readonly Delivery[], error: unknown): void {
    this.#back(batch);
    this.#refused = [...this.#refused, ...batch];
    if (this.#closed) return;
    const { clock, logger, sink, troubled } = this.#options;
    this.#failures += 1;
    troubled();
    if (this.#failures === 1) {
      logger.error(
        { sink, pending: this.pendingCount },
        `${sink}: the store does not settle: ${causeOf(error)}; kept and tried again, nothing is claimed meanwhile`,
      );
    }
    const waitMs = backoffMs(RETRY, this.#failures, clock.random(), 1);
    this.#retryTimer?.cancel();
    this.#retryTimer = clock.setTimer(waitMs, () => this.#offerAgain(), { keepAlive: true });
  }

  #offerAgain(): void {
    const refused = this.#refused;
    this.#refused = [];
    this.#offer(refused);
  }
}

function toSettlement({ envelope: { token }, outcome, delayMs }: Delivery): Settlement {
  if (outcome === undefined || outcome.result === "ack") return { token, result: "ack" };
  const { result, cause } = outcome;
  return result === "dead" ? { token, result, cause } : { token, result, cause, delayMs };
}
