/** The running service: the verbs of the `Service` port, start and close, on the rooms that `ringfirst.ts` put in a line. */
import type { Classifier } from "./core/classify.ts";
import { toEvent } from "./core/event.ts";
import type { GapQuery, GapRecord } from "./core/gap.ts";
import type { ResolvedDelivery } from "./options.ts";
import { closeLine, type CloseReport } from "./pipeline/close.ts";
import type { DeliveryMeter } from "./pipeline/delivery-meter.ts";
import { explainEvent } from "./pipeline/explain.ts";
import type { GapLedger } from "./pipeline/gaps.ts";
import type { Ingest } from "./pipeline/ingest.ts";
import type { Observers } from "./pipeline/observers.ts";
import type { PressureGauge } from "./pipeline/pressure.ts";
import type { ExplainingRouter } from "./pipeline/route.ts";
import { createSourceContext } from "./pipeline/source-context.ts";
import { composeStatus, type SourceTally, unreadyReasons } from "./pipeline/status.ts";
import type { Clock } from "./ports/clock.ts";
import type { Logger } from "./ports/logger.ts";
import type { Net } from "./ports/net.ts";
import type { ExplainQuery, Explanation, Service, ServiceStatus } from "./ports/service.ts";
import type { Sink } from "./ports/sink.ts";
import type { PushSource, Source } from "./ports/source.ts";
import type { DeadLetter, DeadLetterQuery, DiscardResult, RedriveResult, StoreDriver } from "./ports/store.ts";
import { VERSION } from "./version.ts";
import type { Consumer, ConsumeOptions, DispatchListener, WorkQueue } from "./work-queue.ts";

/** What `on` tells; listeners are told, never asked, and can't stop the line. */
export interface RingfirstEventMap extends Record<string, unknown> {
  /** The service takes events from here on. */
  readonly started: { readonly at: number };
  /** Events may be missed from here on. */
  readonly gapOpened: GapRecord;
  /** The stream is whole again. */
  readonly gapEnded: GapRecord;
  /** What the gap hid is known as far as it will be. */
  readonly gapSettled: GapRecord;
  /** An event was given up and is kept as a dead letter, named by sink and sequence. */
  readonly deadLettered: { readonly sink: string; readonly sequence: number; readonly cause: string };
  /** The service has ended. */
  readonly closed: CloseReport;
}

/** A running service; must be closed. */
export interface Ringfirst extends Service, AsyncDisposable {
  /** Starts sinks, then sources. Returns at once: sources connect and reconnect behind. Idempotent. */
  start(): void;
  /** Stops taking, lets deliveries finish within `drainMs`, releases everything, and says what was left. Idempotent. */
  close(options?: { readonly signal?: AbortSignal }): Promise<CloseReport>;
  /** Resolves with the report of `close`; never rejects. */
  readonly closed: Promise<CloseReport>;
  /** Calls `listener` at each such event until the returned function is called. */
  on<Name extends keyof RingfirstEventMap & string>(
    name: Name,
    listener: (event: RingfirstEventMap[Name]) => void,
  ): () => void;
}

/** A sink and how it is served. */
export interface ServedSink {
  readonly sink: Sink;
  readonly delivery: ResolvedDelivery;
  readonly consume: ConsumeOptions;
}

/** The rooms of one service. */
export interface ServiceRooms {
  readonly clock: Clock;
  readonly net: Net;
  readonly logger: Logger;
  readonly drainMs: number;
  readonly classNames: readonly string[];
  readonly sources: readonly SourceTally[];
  readonly sinks: readonly ServedSink[];
  readonly driver: StoreDriver;
  readonly queue: WorkQueue;
  readonly classifier: Classifier;
  readonly router: ExplainingRouter;
  readonly ingest: Ingest;
  readonly gaps: GapLedger;
  readonly meter: DeliveryMeter;
  readonly pressure: PressureGauge;
  readonly observers: Observers<RingfirstEventMap>;
}

const TELL_DEAD_EVERY_MS = 10_000;

/** The service in these rooms, not started yet. */
export function createService(rooms: ServiceRooms): Ringfirst {
  return new RunningService(rooms);
}

class RunningService implements Ringfirst {
  readonly closed: Promise<CloseReport>;
  readonly #rooms: ServiceRooms;
  readonly #startedAt: number;
  readonly #consumers = new Map<string, Consumer>();
  readonly #deadTold = new Map<string, { at: number; untold: number }>();
  readonly #settledListeners = new Set<() => void>();
  #state: ServiceStatus["state"] = "starting";
  #closing: Promise<CloseReport> | undefined;
  #resolveClosed: (report: CloseReport) => void = () => undefined;

  constructor(rooms: ServiceRooms) {
    this.#rooms = rooms;
    this.#startedAt = rooms.clock.now();
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  start(): void {
    if (this.#state !== "starting") return;
    const { clock, logger, observers, sinks, sources, driver } = this.#rooms;
    this.#state = "running";
    for (const sink of sinks) this.#serve(sink);
    for (const tally of sources) tally.source.start(createSourceContext(tally, this.#rooms));
    logger.info({ sources: sources.length, sinks: sinks.length, store: driver.name }, "started");
    observers.emit("started", { at: clock.now() });
  }

  on<Name extends keyof RingfirstEventMap & string>(
    name: Name,
    listener: (event: RingfirstEventMap[Name]) => void,
  ): () => void {
    return this.#rooms.observers.on(name, listener);
  }

  async status(): Promise<ServiceStatus> {
    const { clock, driver, queue, sources, classifier, pressure } = this.#rooms;
    const sinks = this.#rooms.sinks.map(({ sink, delivery }) => {
      const paused = this.#consumers.get(sink.name)?.paused ?? false;
      const trouble = (): string | undefined => sink.trouble?.();
      return { name: sink.name, type: sink.type, concurrency: delivery.concurrency, paused, trouble };
    });
    return composeStatus({
      ...this.#rooms,
      version: VERSION,
      state: this.#state,
      startedAt: this.#startedAt,
      now: clock.now(),
      ruleNames: classifier.ruleNames,
      sources,
      sinks,
      driver,
      queue,
      stats: await queue.stats(),
      pressure: { level: pressure.level, holding: pressure.holding },
    });
  }

  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const { sources, ingest, queue } = this.#rooms;
    const sinks = this.#rooms.sinks.map(({ sink }) => sink);
    const reasons = unreadyReasons(this.#state, sources, sinks, ingest, queue);
    return { ready: reasons.length === 0, reasons };
  }

  explain(query: ExplainQuery): Explanation {
    const { classifier, router, clock } = this.#rooms;
    return explainEvent(query, classifier, router, clock.now());
  }

  pushSource(): PushSource | undefined {
    return this.#rooms.sources.map(({ source }) => source).find(isPushSource);
  }

  gaps(query: GapQuery = {}): readonly GapRecord[] {
    return this.#rooms.gaps.query(query);
  }

  deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetter[]> {
    return this.#rooms.queue.deadLetters(query);
  }

  redrive(sink: string, seqs: readonly number[]): Promise<readonly RedriveResult[]> {
    return this.#rooms.queue.redrive(sink, seqs);
  }

  discard(sink: string, seqs: readonly number[]): Promise<readonly DiscardResult[]> {
    return this.#rooms.queue.discard(sink, seqs);
  }

  pauseSink(name: string): boolean {
    this.#consumers.get(name)?.pause();
    return this.#consumers.has(name);
  }

  resumeSink(name: string): boolean {
    this.#consumers.get(name)?.resume();
    return this.#consumers.has(name);
  }

  close(options: { readonly signal?: AbortSignal } = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(options.signal);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #serve({ sink, consume }: ServedSink): void {
    const listener = this.#listener();
    const consumer = this.#rooms.queue.consume(
      sink.name,
      (envelope, context) => sink.deliver(toEvent(envelope), context),
      { ...consume, listener },
    );
    this.#consumers.set(sink.name, consumer);
  }

  #listener(): DispatchListener {
    const { meter, observers } = this.#rooms;
    return {
      handedOver: (sink, envelope) => meter.handedOver(sink, envelope),
      settled: (sink, envelope, outcome) => {
        meter.settled(sink, envelope, outcome);
        for (const tell of this.#settledListeners) tell();
      },
      deadLettered: (sink, sequence, cause) => {
        this.#tellDead(sink, sequence, cause);
        observers.emit("deadLettered", { sink, sequence, cause });
      },
    };
  }

  /** A sink that is down makes many; all are counted and kept, one line in ten seconds tells of them. */
  #tellDead(sink: string, sequence: number, cause: string): void {
    const { clock, logger } = this.#rooms;
    const told = this.#deadTold.get(sink) ?? { at: -Infinity, untold: 0 };
    this.#deadTold.set(sink, told);
    told.untold += 1;
    if (clock.monotonic() - told.at < TELL_DEAD_EVERY_MS) return;
    const more = told.untold > 1 ? ` (and ${told.untold - 1} more since the last such line)` : "";
    logger.warn({ sink, sequence, count: told.untold }, `${sink}: event ${sequence} is a dead letter: ${cause}${more}`);
    told.at = clock.monotonic();
    told.untold = 0;
  }

  async #close(signal: AbortSignal | undefined): Promise<CloseReport> {
    const { clock, logger, drainMs, driver, sources, ingest, gaps, observers } = this.#rooms;
    this.#state = "draining";
    const report = await closeLine(
      {
        clock,
        logger,
        budgetMs: drainMs,
        durable: driver.durability !== "none",
        async closeSources() {
          gaps.leave();
          await Promise.allSettled(sources.map(({ source }) => source.close()));
        },
        closeIngest: (giveUp) => ingest.close(giveUp),
        backlog: () => this.#backlog(),
        onSettled: (tell) => {
          this.#settledListeners.add(tell);
          return () => this.#settledListeners.delete(tell);
        },
        stopDeliveries: (budgetMs, giveUp) => this.#stopDeliveries(budgetMs, giveUp),
        release: () => this.#release(),
      },
      signal,
    );
    this.#state = "closed";
    observers.emit("closed", report);
    this.#resolveClosed(report);
    return report;
  }

  async #backlog(): Promise<{ readonly waiting: number; readonly inFlight: number }> {
    const sinks = Object.values((await this.#rooms.queue.stats()).sinks);
    return {
      waiting: sinks.reduce((sum, sink) => sum + sink.waiting, 0),
      inFlight: sinks.reduce((sum, sink) => sum + sink.inFlight, 0),
    };
  }

  async #stopDeliveries(budgetMs: number, signal: AbortSignal): Promise<{ aborted: number }> {
    const stops = [...this.#consumers.values()].map((consumer) => consumer.stop({ budgetMs, signal }));
    const reports = await Promise.all(stops);
    return { aborted: reports.reduce((sum, report) => sum + report.aborted, 0) };
  }

  async #release(): Promise<void> {
    const { pressure, sinks, queue, gaps } = this.#rooms;
    pressure.stop();
    await gaps.close();
    await Promise.allSettled(sinks.map(({ sink }) => sink.close()));
    await queue.close({ budgetMs: 0 });
  }
}

function isPushSource(source: Source): source is PushSource {
  return "push" in source && typeof source.push === "function";
}
