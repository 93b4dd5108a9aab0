/**
 * The line, left to right. Read this page first.
 *
 * ```
 *  sources ──────► ingest ─────────────────► work queue ─────► dispatch ─────► sinks
 *  sockets, HTTP   classify: class and key   per sink, by      urgent first,   handler, ndjson,
 *                  route: which sinks        class and lane    order per key   webhook
 * ```
 * An event's way, file by file: a source (`sources/genesys/supervisor.ts`) gives it to its context (`pipeline/source-context.ts`),
 * which gives it to `pipeline/ingest.ts`; there `core/classify.ts` finds its class and key and `pipeline/route.ts` its sinks; it is
 * admitted to `work-queue.ts`, whose rules are the store's (`stores/memory.ts`, `stores/sqlite/`, both on `core/queue-core.ts`); `pipeline/dispatch.ts` hands
 * it to a sink (`sinks/`) when it is the most urgent.
 *
 * Here the rooms are built and put in a line; `service.ts` starts them (sinks first, then sources), asks them and stops them.
 * Around the line: `gaps` (what may have been missed), `pressure` and `flow` (who is held back), the `meter` (how long
 * events waited).
 */
import { compileRules } from "./core/classify.ts";
import { invalid, numberIn } from "./core/option-check.ts";
import { DEFAULTS, resolveClasses, resolveDelivery, resolveLimits, type RingfirstOptions } from "./options.ts";
import { createDeriver } from "./pipeline/derive.ts";
import { createDeliveryMeter } from "./pipeline/delivery-meter.ts";
import { createFlow } from "./pipeline/flow.ts";
import { createGapLedger } from "./pipeline/gaps.ts";
import { createIngest } from "./pipeline/ingest.ts";
import { createObservers } from "./pipeline/observers.ts";
import { createPressureGauge } from "./pipeline/pressure.ts";
import { reachOf } from "./pipeline/reach.ts";
import { createRouter } from "./pipeline/route.ts";
import { SILENT_LOGGER } from "./ports/logger.ts";
import { systemClock } from "./runtime/clock.ts";
import { systemNet } from "./runtime/net.ts";
import { createService, type Ringfirst, type RingfirstEventMap } from "./service.ts";
import { memoryStore } from "./stores/memory.ts";
import { createWorkQueue } from "./work-queue.ts";

export type { CloseReport } from "./pipeline/close.ts";
export type { Ringfirst, RingfirstEventMap } from "./service.ts";

/**
 * Builds the line: opens the store, compiles rules and conditions. Nothing flows before `start`.
 *
 * @throws RingfirstError `RF_OPTION_INVALID` or `RF_RULE_INVALID`, naming what is wrong
 * @example
 * ```ts
 * import { createRingfirst, genesysSource, handlerSink } from "ringfirst";
 *
 * const service = await createRingfirst({
 *   sources: [
 *     genesysSource({
 *       name: "main",
 *       region: "us-east-1",
 *       clientId: "…",
 *       clientSecret: "…",
 *       topics: ["v2.routing.queues.{*}.conversations", "v2.users.{*}.presence"],
 *     }),
 *   ],
 *   sinks: [{ sink: handlerSink({ name: "popup", handle: (event) => console.log(event.class, event.key, event.body) }) }],
 * });
 * service.start();
 * ```
 */
export async function createRingfirst(options: RingfirstOptions): Promise<Ringfirst> {
  const { clock = systemClock(), logger = SILENT_LOGGER, net = systemNet(), store: driver = memoryStore() } = options;
  const { classes, drainMs, pauseAbove, resumeBelow, sinks, limits } = resolve(options);
  const observers = createObservers<RingfirstEventMap>(logger);
  const meter = createDeliveryMeter(clock, classes[0]?.name ?? "");

  // The sources, and what may hold them back.
  const sources = options.sources.map((source) => {
    return { source, received: 0, malformed: 0, lastEventAt: undefined, paused: false };
  });
  const flow = createFlow(sources);
  const gaps = createGapLedger({
    clock,
    logger,
    listener: {
      gapOpened: (gap) => observers.emit("gapOpened", gap),
      gapEnded: (gap) => observers.emit("gapEnded", gap),
      gapSettled: (gap) => observers.emit("gapSettled", gap),
    },
    reach: () => reachOf(sources, clock.now()),
    log: driver.gapLog?.(),
  });

  // What decides: class, key, sinks.
  const classifier = compileRules(options.rules ?? [{ use: "defaults" }], classes);
  const router = createRouter(options.sinks.map(({ sink, when }) => ({ name: sink.name, when })));

  // The work queue, and ingest before it; dispatch and sinks stand behind it (`service.ts`, start).
  const queue = await createWorkQueue({
    ...options,
    store: driver,
    classes,
    drainMs,
    clock,
    logger,
    sinks: sinks.map(({ sink, delivery }) => {
      return { name: sink.name, maxAttempts: delivery.maxAttempts, limits: limits.get(sink.name) ?? {} };
    }),
  });
  // The store is ours now, and with it the ledger.
  await gaps.load(sources.map(({ source }) => source.name));
  const pressure = createPressureGauge({
    clock,
    stats: () => queue.stats(),
    limits,
    pauseAbove,
    resumeBelow,
    hold: (held) => flow.pressed(held),
  });
  const ingest = createIngest({
    admit: (batch) => queue.admit(batch),
    appliesAtOnce: queue.appliesAtOnce,
    classifier: () => classifier,
    router: () => router,
    deriver: options.lifecycle ? createDeriver(options.lifecycle === true ? {} : options.lifecycle) : undefined,
    clock,
    logger,
    hold: (held) => flow.lagging(held),
    admittedBatch: (count) => pressure.admitted(count),
  });

  return createService({
    clock,
    net,
    logger,
    drainMs,
    classNames: classes.map(({ name }) => name),
    sources,
    sinks,
    classifier,
    router,
    ingest,
    driver,
    queue,
    gaps,
    meter,
    pressure,
    observers,
  });
}

/** All options checked and filled in, before anything is opened. */
function resolve(options: RingfirstOptions) {
  requireUnique("sources", options.sources);
  requireUnique(
    "sinks",
    options.sinks.map(({ sink }) => sink),
  );
  const classes = resolveClasses(options.classes);
  const forAll = resolveLimits("limits", options.limits);
  const { pressure = {} } = options;
  const pauseAbove = numberIn("pressure.pauseAbove", pressure.pauseAbove ?? DEFAULTS.pressure.pauseAbove, 0, 1);
  const low = pressure.resumeBelow ?? Math.min(DEFAULTS.pressure.resumeBelow, pauseAbove);
  return {
    classes,
    drainMs: numberIn("drainMs", options.drainMs ?? DEFAULTS.drainMs, 0, 86_400_000),
    pauseAbove,
    resumeBelow: numberIn("pressure.resumeBelow", low, 0, pauseAbove),
    limits: new Map(
      options.sinks.map(({ sink, limits }) => [sink.name, resolveLimits(`sink ${sink.name}: limits`, limits, forAll)]),
    ),
    sinks: options.sinks.map((entry) => {
      const delivery = resolveDelivery(`sink ${entry.sink.name}`, entry, classes);
      return { sink: entry.sink, delivery, consume: entry };
    }),
  };
}

function requireUnique(path: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const [place, { name }] of named.entries()) {
    if (name === "") throw invalid(`${path}[${place}].name`, "a name", '""');
    if (seen.has(name)) throw invalid(`${path}[${place}].name`, "a name used once", JSON.stringify(name));
    seen.add(name);
  }
}
