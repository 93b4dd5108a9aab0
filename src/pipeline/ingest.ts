/**
 * Ingest: the first room of the line. Takes received events from the sources, classifies each, and admits them to the
 * work queue in batches.
 *
 * ```
 *  source ── receive ──►┐                                        ┌─► store ─► answers
 *  source ── receive ──►├─ classify ─► pending batch ─► admit() ─┤
 *  POST   ── admit ────►┘   (one copy of the bytes)              └─ fails: kept, tried again
 * ```
 * I1  Arrival order is admission order. A store that takes effect at once gets each batch at once, whatever it answers when: an
 *     urgent event does not wait for the disk to have those before it. Any other gets one batch at a time, and what comes
 *     meanwhile is the next.
 * I2  What a live source gave is never dropped here: while the store refuses to work, what it refused is kept and tried again in
 *     order, the sources are held back, and the service is not ready. Items that came with a question (`admit`) are answered
 *     with the failure instead: the asker still has them.
 * I3  What is pending is bounded: above the high mark sources are held back, below the low mark let go.
 */
import { backoffMs } from "../core/backoff.ts";
import type { Classification, Classifier, ClassifyInput } from "../core/classify.ts";
import { createEventRecordEncoder } from "../core/event-record.ts";
import { RingfirstError } from "../errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { AdmitResult, NewEnvelope } from "../ports/store.ts";
import type { IntakeResult, ReceivedEvent } from "../ports/source.ts";
import type { Deriver } from "./derive.ts";

/** Pending events and payload bytes above which sources are held back, and below which they are let go. */
const HIGH_EVENTS = 20_000;
const HIGH_BYTES = 32 * 2 ** 20;
const LOW_SHARE = 0.5;
/** The largest batch given to the store at once. */
const MAX_BATCH = 4_096;
/** Batches that may be with a store that takes effect at once; what it holds unanswered is bounded as what is pending here. */
const MAX_BATCHES = 256;
const RETRY = { initialMs: 50, maxMs: 2_000 };
/** One line at most in so many milliseconds on events that found no room. */
const COMPLAIN_EVERY_MS = 10_000;

/** Chooses the sinks for a classified event. */
export interface SinkRouter {
  route(input: ClassifyInput, classification: Classification): readonly string[];
}

/** What ingest counts. */
export interface IntakeCounters {
  received: number;
  /** Made of received ones (`derive.ts`); what follows counts both. */
  derived: number;
  admitted: number;
  coalesced: number;
  duplicates: number;
  full: number;
  tooLarge: number;
  ruleErrors: number;
  /** Given by sources and never admitted because the service ended first. */
  abandoned: number;
  /** By index of the rule; the last place counts events that no rule matched. */
  readonly rules: number[];
}

/** What ingest needs of the rest of the house. */
export interface IngestOptions {
  /** The work queue's admit. */
  readonly admit: (batch: readonly NewEnvelope[]) => Promise<readonly AdmitResult[]>;
  /** Whether what is admitted takes effect when it is called, in the order of calls (I1). */
  readonly appliesAtOnce: boolean;
  readonly classifier: () => Classifier;
  readonly router: () => SinkRouter;
  /** Makes more events of received ones. */
  readonly deriver?: Deriver | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when sources shall stop or may go on. */
  readonly hold: (held: boolean) => void;
  /** Called after each answered batch. */
  readonly admittedBatch?: (count: number) => void;
}

/** The running intake. */
export interface Ingest {
  /** Takes one event; false: hold back. Never throws. */
  receive(source: string, event: ReceivedEvent): boolean;
  /** Takes a batch and answers. Rejects with what the store said when it can't admit now. */
  admit(source: string, events: readonly ReceivedEvent[]): Promise<readonly IntakeResult[]>;
  /** Resolves when all that was received before is with the store; never where that does not come to pass. */
  settled(): Promise<void>;
  readonly counters: Readonly<IntakeCounters>;
  /** Received and not yet answered by the store. */
  readonly pendingCount: number;
  /** Why the store does not admit at the moment. */
  readonly trouble: string | undefined;
  /** Resolves when nothing is pending, or with what was given up when the signal is aborted. Takes nothing afterwards. */
  close(signal: AbortSignal): Promise<number>;
}

interface Pending {
  readonly envelope: NewEnvelope;
  /** Set for items that came with a question. */
  readonly ask: Ask | undefined;
}

interface Ask {
  readonly results: IntakeResult[];
  missing: number;
  resolve(results: readonly IntakeResult[]): void;
  reject(error: unknown): void;
}

/** An intake that is ready to take events. */
export function createIngest(options: IngestOptions): Ingest {
  return new IngestLine(options);
}

class IngestLine implements Ingest {
  readonly counters: IntakeCounters = {
    received: 0,
    derived: 0,
    admitted: 0,
    coalesced: 0,
    duplicates: 0,
    full: 0,
    tooLarge: 0,
    ruleErrors: 0,
    abandoned: 0,
    rules: [],
  };
  trouble: string | undefined;

  readonly #options: IngestOptions;
  readonly #idPrefix: string;
  /**
   * From Node's pool of 8 KiB: a third of the cost of memory of its own. An event that waits longest keeps at most its slab,
   * so memory stays within a small factor of the payload bytes that are counted.
   */
  readonly #encode = createEventRecordEncoder((length) => Buffer.allocUnsafe(length));
  #nextId = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  /** With the store at the moment; kept until it answers (I2). */
  readonly #batches = new Set<readonly Pending[]>();
  #batchedCount = 0;
  /** Refused by the store, oldest first; to be offered again. */
  #refused: readonly Pending[] = [];
  #scheduled = false;
  #held = false;
  #closed = false;
  /** Closed, and nothing is waited for any more. */
  #over = false;
  #failures = 0;
  #retryTimer: Timer | undefined;
  #complainedAt = -Infinity;
  #whenEmpty: (() => void) | undefined;
  #taken = 0;
  /** Who waits until so many of those that were taken are with the store, fewest first. */
  #waiters: { readonly taken: number; readonly resolve: () => void }[] = [];

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#idPrefix = `${options.clock.uuid().replaceAll("-", "").slice(0, 16)}-`;
  }

  get pendingCount(): number {
    return this.#pending.length + this.#batchedCount + this.#refused.length;
  }

  receive(source: string, event: ReceivedEvent): boolean {
    if (this.#closed) {
      this.counters.abandoned += 1;
      return false;
    }
    this.counters.received += 1;
    this.#take(this.#toEnvelope(source, event), undefined);
    this.#derive(source, event);
    return !this.#held;
  }

  admit(source: string, events: readonly ReceivedEvent[]): Promise<readonly IntakeResult[]> {
    if (this.#closed)
      return Promise.reject(new RingfirstError("RF_SERVICE_CLOSED", "the service is closing and takes nothing more"));
    if (events.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const ask: Ask = { results: [], missing: events.length, resolve, reject };
      for (const event of events) {
        this.counters.received += 1;
        this.#take(this.#toEnvelope(source, event), ask);
        this.#derive(source, event);
      }
    });
  }

  settled(): Promise<void> {
    if (this.pendingCount === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ taken: this.#taken, resolve }));
  }

  async close(signal: AbortSignal): Promise<number> {
    this.#closed = true;
    if (this.pendingCount > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#over = true;
    this.#retryTimer?.cancel();
    const left = this.pendingCount;
    this.counters.abandoned += left;
    return left;
  }

  /** Beside the event, behind it, and unasked for: a derived event is nobody's question. */
  #derive(source: string, event: ReceivedEvent): void {
    const { deriver } = this.#options;
    if (deriver === undefined) return;
    for (const derived of deriver.deriveFrom(event)) {
      this.counters.derived += 1;
      this.#take(this.#toEnvelope(source, derived), undefined);
    }
  }

  /** Classifies and copies: after this the source's bytes are free. */
  #toEnvelope(source: string, event: ReceivedEvent): NewEnvelope {
    const { counters } = this;
    const input: ClassifyInput = {
      topic: event.topic,
      body: event.body,
      encoding: event.encoding,
      source,
      origin: event.origin,
      receivedAt: event.receivedAt,
      correlationId: event.correlationId,
      key: event.key,
    };
    const classification = this.#options.classifier().classify(input);
    counters.ruleErrors += classification.ruleErrors;
    const place = classification.ruleIndex + 1;
    counters.rules[place] = (counters.rules[place] ?? 0) + 1;
    return {
      id: event.id ?? this.#idPrefix + (this.#nextId += 1).toString(36),
      class: classification.class,
      key: classification.key,
      coalesceKey: classification.coalesceKey,
      expiresAt: classification.ttlMs === undefined ? undefined : event.receivedAt + classification.ttlMs,
      payload: this.#encode({
        source,
        topic: event.topic,
        type: event.type ?? "",
        origin: event.origin,
        encoding: event.encoding,
        receivedAt: event.receivedAt,
        correlationId: event.correlationId ?? "",
        body: event.body,
      }),
      sinks: this.#options.router().route(input, classification),
    };
  }

  #take(envelope: NewEnvelope, ask: Ask | undefined): void {
    this.#pending.push({ envelope, ask });
    this.#taken += 1;
    this.#pendingBytes += envelope.payload.length;
    if (!this.#held && (this.#pending.length > HIGH_EVENTS || this.#pendingBytes > HIGH_BYTES)) this.#setHeld(true);
    this.#schedule();
  }

  /** The batch goes out when the current turn of the event loop has given all it has: a socket's chunk is one batch. */
  #schedule(): void {
    if (this.#scheduled || !this.#maySend()) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#maySend() && this.#pending.length > 0) this.#send();
    });
  }

  #maySend(): boolean {
    return this.#failures === 0 && this.#batches.size < (this.#options.appliesAtOnce ? MAX_BATCHES : 1);
  }

  #send(): void {
    if (this.#pending.length <= MAX_BATCH) {
      const batch = this.#pending;
      this.#pending = [];
      this.#offer(batch);
    } else {
      const batch = this.#pending.slice(0, MAX_BATCH);
      this.#pending = this.#pending.slice(MAX_BATCH);
      this.#offer(batch);
      this.#schedule();
    }
  }

  #offer(batch: readonly Pending[]): void {
    this.#batches.add(batch);
    this.#batchedCount += batch.length;
    this.#options.admit(batch.map((item) => item.envelope)).then(
      (results) => this.#answered(batch, results),
      (error: unknown) => this.#failed(batch, error),
    );
  }

  #back(batch: readonly Pending[]): void {
    this.#batches.delete(batch);
    this.#batchedCount -= batch.length;
  }

  #answered(batch: readonly Pending[], results: readonly AdmitResult[]): void {
    this.#back(batch);
    if (this.#refused.length === 0) {
      if (this.#failures > 0) this.#options.logger.info({ failures: this.#failures }, "the store takes events again");
      this.#failures = 0;
      this.trouble = undefined;
    }
    let noRoom = 0;
    for (let at = 0; at < batch.length; at += 1) {
      const item = batch[at];
      const result = results[at];
      if (item === undefined || result === undefined) continue;
      this.#pendingBytes -= item.envelope.payload.length;
      if (this.#count(result)) noRoom += 1;
      if (item.ask !== undefined) answer(item.ask, toIntakeResult(item.envelope, result));
    }
    if (noRoom > 0) this.#complain(noRoom);
    this.#options.admittedBatch?.(batch.length);
    this.#afterBatch();
  }

  /** I2: questions are answered with the failure, the rest is offered again when all that is out has come back. */
  #failed(batch: readonly Pending[], error: unknown): void {
    this.#back(batch);
    const asks = new Set(batch.map((item) => item.ask).filter((ask) => ask !== undefined));
    for (const ask of asks) ask.reject(error);
    // A question is refused whole: what of it waits for a later batch goes too.
    const stays = (item: Pending): boolean => {
      if (item.ask === undefined || !asks.has(item.ask)) return true;
      this.#pendingBytes -= item.envelope.payload.length;
      return false;
    };
    this.#refused = [...this.#refused, ...batch.filter(stays)];
    if (asks.size > 0) this.#pending = this.#pending.filter(stays);
    if (this.#over) return;
    this.#failures += 1;
    this.#tellTrouble(error);
    if (this.#refused.length === 0) {
      // Nothing is left to try again with: the next that comes finds out, and nobody shall wait for it by staying away.
      if (this.#batches.size === 0) this.#failures = 0;
      this.#retryTimer?.cancel();
      this.#retryTimer = this.#options.clock.setTimer(RETRY.maxMs, () => this.#forgetTrouble());
      this.#afterBatch();
      return;
    }
    if (!this.#held) this.#setHeld(true);
    const waitMs = backoffMs(RETRY, this.#failures, this.#options.clock.random(), 1);
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#options.clock.setTimer(waitMs, () => this.#offerAgain(), { keepAlive: true });
  }

  #forgetTrouble(): void {
    this.#retryTimer = undefined;
    if (this.#failures === 0) this.trouble = undefined;
  }

  #tellTrouble(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    const isNew = this.trouble === undefined;
    this.trouble = `the store does not take events: ${cause}`;
    if (!isNew) return;
    this.#options.logger.error(
      { pending: this.pendingCount },
      `${this.trouble}; kept in memory and tried again, sources are held back`,
    );
  }

  #offerAgain(): void {
    this.#retryTimer = undefined;
    if (this.#batches.size > 0) return;
    const refused = this.#refused;
    this.#refused = [];
    this.#offer(refused);
  }

  #afterBatch(): void {
    // Batches come back in their order.
    const done = this.#taken - this.pendingCount;
    while (this.#waiters[0] !== undefined && this.#waiters[0].taken <= done) this.#waiters.shift()?.resolve();
    const { size } = this.#batches;
    if (this.#refused.length > 0 && size === 0 && this.#retryTimer === undefined) this.#offerAgain();
    if (this.#held && this.#pending.length <= HIGH_EVENTS * LOW_SHARE && this.#pendingBytes <= HIGH_BYTES * LOW_SHARE) {
      this.#setHeld(false);
    }
    if (this.#pending.length > 0) this.#schedule();
    else if (this.pendingCount === 0) this.#whenEmpty?.();
  }

  #setHeld(held: boolean): void {
    this.#held = held;
    this.#options.hold(held);
  }

  /** Counts one answer; true when the event found no room anywhere. */
  #count(result: AdmitResult): boolean {
    const { counters } = this;
    switch (result.status) {
      case "admitted":
        counters.admitted += 1;
        return false;
      case "coalesced":
        counters.coalesced += 1;
        return false;
      case "duplicate":
        counters.duplicates += 1;
        return false;
      case "full":
        counters.full += 1;
        return true;
      case "too-large":
        counters.tooLarge += 1;
        return true;
    }
  }

  #complain(count: number): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#complainedAt < COMPLAIN_EVERY_MS) return;
    this.#complainedAt = now;
    const { full, tooLarge } = this.counters;
    this.#options.logger.error(
      { count, full, tooLarge },
      "no room: events were refused by every sink and are lost; raise limits.maxEvents or maxBytes, or make the sinks faster",
    );
  }
}

function answer(ask: Ask, result: IntakeResult): void {
  ask.results.push(result);
  ask.missing -= 1;
  if (ask.missing === 0) ask.resolve(ask.results);
}

function toIntakeResult(envelope: NewEnvelope, result: AdmitResult): IntakeResult {
  const base = { id: envelope.id, class: envelope.class, key: envelope.key };
  return "seq" in result ? { ...base, status: result.status, seq: result.seq } : { ...base, status: result.status };
}
