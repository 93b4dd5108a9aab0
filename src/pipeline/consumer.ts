/**
 * The line of one sink: claims, hands over, settles. It runs when it is woken (by an admission, by an end that frees a hand
 * or a lane, by `resume`, by the reclaim timer) and rests otherwise.
 *
 * ```
 *  woken ─► claim(max, classes) ─► hand over ─┬─ answered at once ─► settle ─► claim …
 *             ▲   Q4, Q5                      └─ promise ─► (time limit, lease) ─► settle ─► woken
 *             └── nothing more, no hand free, paused: rest
 * ```
 * D1  Never claims more than hands are free, nor more than it can hand over in one turn: what waits in the store can still
 *     be overtaken, what was claimed can't (Q5).
 * D2  A turn takes about a quarter of a millisecond, then pending I/O has its turn: sockets must be read, or urgency waits in
 *     TCP. Where the I/O's turn takes long (a flood of arrivals), the next turn grows to half of it, within a bound: else the
 *     sinks would starve, and a ringing call would wait in the queue instead.
 * D6  A claim may have to wait for a disk; what is urgent and at hand does not wait with it. With such a store a claim leaves
 *     some hands free, and an admission meanwhile takes what is at hand with these.
 * D3  Whatever a handler or a listener does, the line goes on. Each delivery ends exactly once.
 * D4  A store that refuses is asked again with backoff; nothing is lost and nothing spins.
 */
import type { BackoffOptions } from "../core/backoff.ts";
import { backoffMs } from "../core/backoff.ts";
import { causeOf } from "../core/cause.ts";
import type { ClaimPlan } from "../core/hands.ts";
import { Hands } from "../core/hands.ts";
import type { Outcome } from "../core/outcome.ts";
import { ACK, dead, retry } from "../core/outcome.ts";
import { isRingfirstError } from "../errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { ClaimedEnvelope, Store } from "../ports/store.ts";
import type { DispatchListener, EnvelopeHandler } from "./delivery.ts";
import { Delivery, isThenable, LazyContext, thrownOutcome, toOutcome } from "./delivery.ts";
import type { Drainable, DrainReport, StopOptions } from "./drain.ts";
import { drain } from "./drain.ts";
import { Settler } from "./settle.ts";
import { Upkeep } from "./upkeep.ts";

/** D2, in milliseconds. Measured: 0.05 starves dispatch, 1 lets sockets wait. */
const TURN_MS = 0.25;
/** D2: however long the I/O took, sockets wait no longer than this. */
const LONGEST_TURN_MS = 8;
/** Hand-overs between two looks at the clock. */
const LOOK_EVERY = 8;
/** How many are claimed at once before it is known how long a hand-over takes. */
const FIRST_WINDOW = 4;
/** Settlements that may wait for the store for each hand, and at least. */
const PENDING_PER_HAND = 4;
const MIN_PENDING = 4_096;
/** Of the free hands, how many a claim that may wait takes at most (D6). */
const WAITING_SHARE = 0.75;
const CLAIM_RETRY = { initialMs: 50, maxMs: 5_000 };

/** How a sink's work is handed out, nothing left open. */
export interface ConsumerSettings {
  readonly concurrency: number;
  readonly reserve: Readonly<Record<string, number>>;
  readonly leaseMs: number;
  readonly timeoutMs: number;
  /** The attempt whose failure makes a dead letter. */
  readonly maxAttempts: number;
  readonly backoff: BackoffOptions;
  readonly drainMs: number;
  readonly listener: DispatchListener;
}

/** What a line shares with the others of its work queue. */
export interface ConsumerContext {
  readonly store: Pick<Store, "claim" | "settle" | "extend" | "stats" | "claimsMayWait">;
  readonly clock: Clock;
  /** The work queue's time. */
  readonly now: () => number;
  readonly logger: Logger;
  /** Something in the store may be due at another instant than before. */
  readonly touched: () => void;
  /** The line has come to its end. */
  readonly ended: (line: SinkLine) => void;
}

/** A handle on a sink that is being served. */
export interface Consumer {
  readonly sink: string;
  /** Claims nothing more until `resume`; what is out goes on. */
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  /** Deliveries that are out. */
  readonly busy: number;
  /**
   * Stops claiming, lets deliveries finish within the budget, then aborts their signals. What was aborted keeps its lease
   * until the work queue is closed (then the attempt is not counted) or the lease ends. Idempotent.
   */
  stop(options?: StopOptions): Promise<DrainReport>;
  /** Resolves when the consumer has stopped; never rejects. */
  readonly closed: Promise<void>;
}

/** One sink's line (see the top of this file). */
export class SinkLine implements Consumer, Drainable {
  readonly sink: string;
  readonly closed: Promise<void>;
  readonly #handler: EnvelopeHandler;
  readonly #settings: ConsumerSettings;
  readonly #context: ConsumerContext;
  readonly #hands: Hands;
  readonly #settler: Settler;
  readonly #upkeep: Upkeep;
  /** Out, with an answer still to come; oldest first. */
  readonly #running = new Set<Delivery>();
  readonly #resolveClosed: () => void;

  #pumping = false;
  /** Woken while pumping: there may be more than the last claim saw. */
  #again = false;
  #window = FIRST_WINDOW;
  /** Hands promised to claims that the store has not answered yet. */
  #asked = 0;
  #takingAtHand = false;
  #turnMs = TURN_MS;
  #paused = false;
  #claimFailures = 0;
  #claimTimer: Timer | undefined;
  #listenerFailed = false;

  #stopping: Promise<DrainReport> | undefined;
  #given = false;
  #finished = 0;
  #whenIdle: (() => void) | undefined;

  constructor(sink: string, handler: EnvelopeHandler, settings: ConsumerSettings, context: ConsumerContext) {
    this.sink = sink;
    this.#handler = handler;
    this.#settings = settings;
    this.#context = context;
    const { concurrency, reserve, leaseMs, timeoutMs } = settings;
    const { store, clock, now, logger } = context;
    this.#hands = new Hands(concurrency, reserve);
    this.#settler = new Settler({
      sink,
      store,
      clock,
      now,
      logger,
      maxPending: Math.max(MIN_PENDING, concurrency * PENDING_PER_HAND),
      sent: () => this.wake(),
      answered: (delivery, result) => this.#answered(delivery, result),
      batchDone: () => this.#batchDone(),
      troubled: () => this.#upkeep.begin(),
    });
    this.#upkeep = new Upkeep({
      sink,
      store,
      clock,
      now,
      logger,
      timeoutMs,
      leaseMs,
      running: this.#running,
      unsettled: () => this.#settler.unsettled(),
      timedOut: (delivery) => this.#timedOut(delivery),
      lost: (delivery) => this.#lost(delivery),
    });
    ({ promise: this.closed, resolve: this.#resolveClosed } = Promise.withResolvers<void>());
  }

  get paused(): boolean {
    return this.#paused;
  }

  get busy(): number {
    return this.#settings.concurrency - this.#hands.free;
  }

  get unfinished(): number {
    const pending = this.#settler.pendingCount;
    return this.#given ? pending : this.busy + pending + (this.#pumping ? 1 : 0) + (this.#takingAtHand ? 1 : 0);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  /** There may be something to claim. */
  wake(): void {
    this.#again = true;
    if (this.#asked > 0 && this.#context.store.claimsMayWait === true && !this.#takingAtHand) void this.#takeAtHand();
    if (this.#pumping || this.#claimTimer !== undefined || this.#plan() === undefined) return;
    this.#pumping = true;
    void this.#pump();
  }

  /** Extends the leases of all that is out (before a reclaim); false when the store could not. */
  extendHeld(): Promise<boolean> {
    return this.#upkeep.extend();
  }

  stop(options: StopOptions = {}): Promise<DrainReport> {
    this.#stopping ??= this.#drain(options);
    return this.#stopping;
  }

  whenIdle(fn: () => void): void {
    this.#whenIdle = fn;
    this.#checkIdle();
  }

  abort(): void {
    this.#given = true;
    const reason = new DOMException("the sink is stopped", "AbortError");
    for (const delivery of this.#running) {
      delivery.abandoned = true;
      LazyContext.abort(delivery.context, reason);
    }
  }

  // --- claiming and handing over ---------------------------------------------------------------------------------------

  #plan(): ClaimPlan | undefined {
    if (this.#paused || this.#stopping !== undefined || this.#settler.blocked) return undefined;
    return this.#hands.next(this.#window, this.#asked);
  }

  async #pump(): Promise<void> {
    const { clock } = this.#context;
    let spentMs = 0;
    for (;;) {
      const plan = this.#patient(this.#plan());
      if (plan === undefined) break;
      this.#again = false;
      const askedAt = clock.monotonic();
      const claiming = this.#claim(plan, false);
      spentMs += clock.monotonic() - askedAt;
      const envelopes = await claiming;
      if (envelopes === undefined) break;
      spentMs = await this.#handOverAll(envelopes, spentMs);
      if (envelopes.length < plan.max && !this.#again) break;
    }
    this.#pumping = false;
    this.#context.touched();
    this.#checkIdle();
  }

  /** A claim; undefined when the store refused, the next try is then set (D4). */
  async #claim({ max, classes }: ClaimPlan, atHand: boolean): Promise<readonly ClaimedEnvelope[] | undefined> {
    const { store, now } = this.#context;
    const { leaseMs } = this.#settings;
    this.#asked += max;
    try {
      const envelopes = await store.claim(this.sink, { max, leaseMs, classes, atHand }, now());
      this.#claimFailures = 0;
      return envelopes;
    } catch (error) {
      this.#claimFailed(error);
      return undefined;
    } finally {
      this.#asked -= max;
    }
  }

  /** D6: a claim that may wait leaves hands for what is at hand. */
  #patient(plan: ClaimPlan | undefined): ClaimPlan | undefined {
    if (plan === undefined || this.#context.store.claimsMayWait !== true) return plan;
    return { ...plan, max: Math.min(plan.max, Math.max(1, Math.floor(this.#hands.free * WAITING_SHARE))) };
  }

  /** D6. */
  async #takeAtHand(): Promise<void> {
    this.#takingAtHand = true;
    for (;;) {
      const plan = this.#plan();
      if (plan === undefined) break;
      const envelopes = await this.#claim(plan, true);
      if (envelopes === undefined || envelopes.length === 0) break;
      await this.#handOverAll(envelopes, 0);
    }
    this.#takingAtHand = false;
    // While hands were asked for here, the pump may have found none and gone to rest.
    if (this.#again && !this.#pumping) this.wake();
    this.#context.touched();
    this.#checkIdle();
  }

  #claimFailed(error: unknown): void {
    if (isRingfirstError(error) && error.code === "RF_QUEUE_CLOSED") return;
    const { clock, logger } = this.#context;
    this.#claimFailures += 1;
    if (this.#claimFailures === 1) {
      logger.error({ sink: this.sink }, `${this.sink}: the store hands nothing over: ${causeOf(error)}; tried again`);
    }
    const waitMs = backoffMs(CLAIM_RETRY, this.#claimFailures, clock.random(), 1);
    this.#claimTimer = clock.setTimer(waitMs, () => this.#claimAgain(), { keepAlive: true });
  }

  #claimAgain(): void {
    this.#claimTimer = undefined;
    this.wake();
  }

  /** Hands over what was claimed, in turns (D2); answers how much of the current turn is spent. */
  async #handOverAll(envelopes: readonly ClaimedEnvelope[], spentMs: number): Promise<number> {
    const { clock } = this.#context;
    let spent = spentMs;
    let batchMs = 0;
    let handed = 0;
    let since = clock.monotonic();
    for (const envelope of envelopes) {
      this.#handOver(envelope, since);
      handed += 1;
      if (handed % LOOK_EVERY !== 0 && handed < envelopes.length) continue;
      const at = clock.monotonic();
      batchMs += at - since;
      spent += at - since;
      since = at;
      if (spent < this.#turnMs) continue;
      this.#settler.flush();
      this.#context.touched();
      await new Promise<void>((resolve) => clock.defer(resolve));
      since = clock.monotonic();
      this.#turnMs = Math.min(Math.max((since - at) / 2, TURN_MS), LONGEST_TURN_MS);
      spent = 0;
    }
    this.#settler.flush();
    this.#learn(envelopes.length, batchMs);
    return spent;
  }

  /** D1: the next claim is as large as what can be handed over in one turn. */
  #learn(count: number, tookMs: number): void {
    if (tookMs > TURN_MS) this.#window = Math.max(1, Math.floor((count * TURN_MS) / tookMs));
    else if (count === this.#window && tookMs < TURN_MS / 2) {
      this.#window = Math.min(this.#window * 2, this.#settings.concurrency);
    }
  }

  #handOver(envelope: ClaimedEnvelope, startedAt: number): void {
    // Given up while this turn was waiting for I/O: it keeps its lease, and closing the store gives it back.
    if (this.#given) return;
    const { listener } = this.#settings;
    this.#hands.take(envelope.laneClass);
    const delivery = new Delivery(
      envelope,
      listener.settled === undefined ? startedAt : this.#context.clock.monotonic(),
    );
    if (listener.handedOver !== undefined) this.#tellHandedOver(envelope);
    let outcome: Outcome;
    try {
      const answer = this.#handler(envelope, delivery.context);
      if (isThenable(answer)) {
        this.#await(delivery, answer);
        return;
      }
      outcome = toOutcome(answer);
    } catch (thrown) {
      outcome = thrownOutcome(thrown);
    }
    this.#end(delivery, outcome);
  }

  #await(delivery: Delivery, answer: PromiseLike<unknown>): void {
    this.#running.add(delivery);
    this.#upkeep.begin();
    // `resolve` adopts foreign thenables: what they do twice, or too late, or by throwing, is theirs.
    void Promise.resolve(answer).then(
      (value) => this.#endLater(delivery, toOutcome(value)),
      (thrown: unknown) => this.#endLater(delivery, thrownOutcome(thrown)),
    );
  }

  // --- ends ------------------------------------------------------------------------------------------------------------

  #endLater(delivery: Delivery, outcome: Outcome): void {
    // Given up by the drain and not done: the lease is given back, so that the attempt does not count.
    if (delivery.abandoned && outcome.result !== "ack") return;
    if (!this.#running.delete(delivery)) return;
    this.#end(delivery, outcome);
    this.#settler.schedule();
  }

  /** D3: called once for each delivery. */
  #end(delivery: Delivery, outcome: Outcome): void {
    const { listener, maxAttempts, backoff } = this.#settings;
    const { envelope } = delivery;
    const { clock } = this.#context;
    this.#hands.give(envelope.laneClass);
    delivery.outcome = outcome;
    if (listener.settled !== undefined) delivery.tookMs = clock.monotonic() - delivery.startedAt;
    if (outcome.result === "retry") {
      delivery.delayMs = backoffMs(backoff, envelope.attempt, clock.random(), outcome.retryAfterMs);
      if (envelope.attempt >= maxAttempts) delivery.outcome = dead(outcome.cause);
    }
    this.#settler.add(delivery);
  }

  #timedOut(delivery: Delivery): void {
    const text = `time limit of ${this.#settings.timeoutMs} ms`;
    // Ended first: what the handler says when it sees the signal comes too late.
    this.#endLater(delivery, retry(text));
    LazyContext.abort(delivery.context, new DOMException(text, "TimeoutError"));
  }

  /** The lease is over: the envelope waits again or is with somebody else (Q6), this answer would be stale. */
  #lost(delivery: Delivery): void {
    if (!this.#running.delete(delivery)) return;
    this.#hands.give(delivery.envelope.laneClass);
    LazyContext.abort(delivery.context, new DOMException("the lease is over", "AbortError"));
    this.#tellStale(delivery);
    this.wake();
  }

  #answered(delivery: Delivery, result: "settled" | "stale"): void {
    if (this.#stopping !== undefined) this.#finished += 1;
    if (result === "stale") this.#tellStale(delivery);
    else this.#tellSettled(delivery);
  }

  #batchDone(): void {
    if (this.#running.size === 0 && this.#settler.pendingCount === 0) this.#upkeep.end();
    this.#context.touched();
    this.wake();
    this.#checkIdle();
  }

  // --- listeners (D3: one that throws is told of once) -----------------------------------------------------------------

  #tellHandedOver(envelope: ClaimedEnvelope): void {
    try {
      this.#settings.listener.handedOver?.(this.sink, envelope);
    } catch (error) {
      this.#listenerThrew(error);
    }
  }

  #tellSettled({ envelope, outcome = ACK, tookMs }: Delivery): void {
    const { listener } = this.#settings;
    try {
      listener.settled?.(this.sink, envelope, outcome, tookMs);
      if (outcome.result === "dead") listener.deadLettered?.(this.sink, envelope.seq, outcome.cause);
    } catch (error) {
      this.#listenerThrew(error);
    }
  }

  #tellStale({ envelope }: Delivery): void {
    try {
      this.#settings.listener.stale?.(this.sink, envelope);
    } catch (error) {
      this.#listenerThrew(error);
    }
  }

  #listenerThrew(error: unknown): void {
    if (this.#listenerFailed) return;
    this.#listenerFailed = true;
    this.#context.logger.warn({ sink: this.sink }, `${this.sink}: a dispatch listener throws: ${causeOf(error)}`);
  }

  // --- rest ------------------------------------------------------------------------------------------------------------

  #checkIdle(): void {
    if (this.unfinished === 0) this.#whenIdle?.();
  }

  async #drain({ budgetMs = this.#settings.drainMs, signal }: StopOptions): Promise<DrainReport> {
    const { clock, now, store, ended } = this.#context;
    // `stop` stores this promise first, so that nothing is claimed from here on.
    await Promise.resolve();
    this.#claimTimer?.cancel();
    await drain(this, clock, budgetMs, signal);
    const aborted = this.busy + this.#settler.pendingCount;
    this.#given = true;
    this.#settler.close();
    this.#upkeep.end();
    ended(this);
    const waiting = await store.stats(now()).then(
      (stats) => stats.sinks[this.sink]?.waiting,
      () => undefined,
    );
    this.#resolveClosed();
    return { sink: this.sink, finished: this.#finished, aborted, waiting };
  }
}
