/**
 * Dispatch: the right half of the line. Gives each sink a line of its own (`consumer.ts`) and all of them one timer
 * (`reclaim.ts`); nothing polls.
 *
 * ```
 *  admitted ──wake──►┐              ┌─► claim ─► handler ─► settle
 *  settled  ──wake──►├─ sink lines ─┤
 *  due      ──wake──►┘              └─► rest
 *     ▲
 *     └── one timer at store.nextDueAt(): lease ends, backoff ends, expiries
 * ```
 */
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { NewEnvelope, ReclaimedLease, Store } from "../ports/store.ts";
import type { Consumer, ConsumerSettings } from "./consumer.ts";
import { SinkLine } from "./consumer.ts";
import type { EnvelopeHandler } from "./delivery.ts";
import type { DrainReport, StopOptions } from "./drain.ts";
import { Reclaimer } from "./reclaim.ts";

export type { Consumer, ConsumerSettings } from "./consumer.ts";
export type { DispatchListener, EnvelopeHandler } from "./delivery.ts";
export type { DrainReport, StopOptions } from "./drain.ts";

/** What dispatch works with. */
export interface DispatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The work queue's time, for the store's verbs. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** The dispatcher of one work queue. */
export interface Dispatch {
  /** Serves a sink from now on. @throws RingfirstError `RF_QUEUE_ARGUMENT` when it is served already */
  consume(sink: string, handler: EnvelopeHandler, settings: ConsumerSettings): Consumer;
  /** Envelopes were admitted. */
  admitted(batch: readonly NewEnvelope[]): void;
  /** Somebody else used the store: lanes may be free, other instants due. */
  touched(): void;
  /** Stops all lines at once and answers for each. Idempotent. */
  close(options?: StopOptions): Promise<readonly DrainReport[]>;
}

/** A dispatcher that serves nobody yet. */
export function createDispatch(options: DispatchOptions): Dispatch {
  return new Lines(options);
}

class Lines implements Dispatch {
  readonly #options: DispatchOptions;
  readonly #lines = new Map<string, SinkLine>();
  readonly #settings = new Map<string, ConsumerSettings>();
  readonly #reclaimer: Reclaimer;
  #closing: Promise<readonly DrainReport[]> | undefined;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#reclaimer = new Reclaimer({
      ...options,
      extendHeld: () => this.#extendHeld(),
      reclaimed: (leases) => this.#reclaimed(leases),
    });
  }

  consume(sink: string, handler: EnvelopeHandler, settings: ConsumerSettings): Consumer {
    if (this.#closing !== undefined) throw new RingfirstError("RF_QUEUE_CLOSED", "the work queue is closing");
    if (this.#lines.has(sink)) {
      throw new RingfirstError("RF_QUEUE_ARGUMENT", `sink ${JSON.stringify(sink)} is being consumed already`);
    }
    const line = new SinkLine(sink, handler, settings, {
      ...this.#options,
      touched: () => this.#reclaimer.refresh(),
      ended: () => this.#ended(sink),
    });
    this.#lines.set(sink, line);
    this.#settings.set(sink, settings);
    line.wake();
    this.#reclaimer.start();
    return line;
  }

  admitted(batch: readonly NewEnvelope[]): void {
    if (this.#lines.size === 0) return;
    if (this.#lines.size === 1) {
      for (const line of this.#lines.values()) line.wake();
    } else {
      const sinks = new Set<string>();
      for (const envelope of batch) for (const sink of envelope.sinks) sinks.add(sink);
      for (const sink of sinks) this.#lines.get(sink)?.wake();
    }
    this.#reclaimer.refresh();
  }

  touched(): void {
    if (this.#lines.size === 0) return;
    for (const line of this.#lines.values()) line.wake();
    this.#reclaimer.refresh();
  }

  close(options?: StopOptions): Promise<readonly DrainReport[]> {
    this.#closing ??= Promise.all([...this.#lines.values()].map((line) => line.stop(options)));
    return this.#closing;
  }

  async #extendHeld(): Promise<boolean> {
    const extended = await Promise.all([...this.#lines.values()].map((line) => line.extendHeld()));
    return extended.every(Boolean);
  }

  #reclaimed(leases: readonly ReclaimedLease[]): void {
    for (const { sink, seq, result } of leases) if (result === "dead") this.#tellDead(sink, seq);
    for (const line of this.#lines.values()) line.wake();
  }

  #tellDead(sink: string, seq: number): void {
    try {
      this.#settings.get(sink)?.listener.deadLettered?.(sink, seq, "the lease of the last attempt ran out");
    } catch {
      // A listener never stops the line.
    }
  }

  #ended(sink: string): void {
    this.#lines.delete(sink);
    this.#settings.delete(sink);
    if (this.#lines.size === 0) this.#reclaimer.stop();
  }
}
