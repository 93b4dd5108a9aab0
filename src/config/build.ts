/** From a configuration to what runs: options of the service with its sources and sinks made, and settings of the server. */
import type { PriorityClass, Rule, RuleEntry } from "../core/rule.ts";
import { isRingfirstError, RingfirstError } from "../errors.ts";
import { DEFAULTS, type RingfirstOptions, type SinkOptions } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Net } from "../ports/net.ts";
import type { Sink } from "../ports/sink.ts";
import type { Source } from "../ports/source.ts";
import type { StoreDriver } from "../ports/store.ts";
import { ndjsonSink } from "../sinks/ndjson.ts";
import { webhookSink } from "../sinks/webhook/index.ts";
import { genesysSource } from "../sources/genesys/index.ts";
import { httpSource } from "../sources/http.ts";
import { platformWebsocketSource } from "../sources/platform-websocket/index.ts";
import { memoryStore } from "../stores/memory.ts";
import { sqliteStore } from "../stores/sqlite/index.ts";
import { type Config, DEFAULT_STORE, type RuleConfig, type SinkConfig, type SourceConfig } from "./config.ts";

/** What the parts are made with. */
export interface BuildContext {
  readonly clock: Clock;
  readonly net: Net;
  readonly logger: Logger;
}

/** Settings of the HTTP server; what is absent has the server's default. */
export interface ServerSettings {
  readonly host?: string;
  readonly port?: number;
  /** Absent: one is made. */
  readonly token?: string;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
}

/** A service that is ready to be created. */
export interface ServiceSettings {
  readonly options: RingfirstOptions;
  readonly server: ServerSettings;
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" };
}

/**
 * Makes sources, sinks and store as the configuration says; nothing is connected or opened yet.
 *
 * @throws RingfirstError `RF_CONFIG_INVALID` where a part refuses its settings; it names the part
 */
export function buildOptions(config: Config, context: BuildContext): ServiceSettings {
  const { clock, net, logger } = context;
  const { maxEvents, maxBytes } = config.limits ?? {};
  const options: RingfirstOptions = {
    sources: config.sources.map((source, at) => naming(`sources[${at}]`, () => buildSource(source, config))),
    sinks: config.sinks.map((sink, at) => naming(`sinks[${at}]`, () => buildSinkOptions(sink, context))),
    store: naming("store", () => buildStore(config, context)),
    clock,
    net,
    logger,
    ...given({
      classes: config.classes?.map(({ name, neverShed, minShare }): PriorityClass => ({
        name,
        ...given({ neverShed, minShare }),
      })),
      rules: config.rules?.map((rule): RuleEntry => ("use" in rule ? rule : buildRule(rule))),
      limits: given({ maxEvents, maxBytes }),
      dedup: config.dedup && given(config.dedup),
      lifecycle: typeof config.lifecycle === "object" ? given(config.lifecycle) : config.lifecycle,
      leaseMs: config.leaseMs,
      pressure: config.pressure && given(config.pressure),
      deadLetters: config.deadLetters && given(config.deadLetters),
      drainMs: config.drainMs,
    }),
  };
  const { host, port, token, allowedHosts, allowedOrigins } = config.server ?? {};
  const server = given({ host, port, token, allowedHosts, allowedOrigins });
  return { options, server, log: { level: config.log?.level ?? "info" } };
}

function buildRule({ name, class: className, ...rest }: RuleConfig): Rule {
  return { name, class: className, ...given(rest) };
}

function buildSource(source: SourceConfig, config: Config): Source {
  const { maxFrameBytes, maxDepth } = config.limits ?? {};
  const limits = given({ maxFrameBytes, maxDepth });
  switch (source.type) {
    case "http":
      return httpSource({ name: source.name, limits });
    case "platform-websocket": {
      const { name, region, clientId, clientSecret, endpoints } = source;
      return platformWebsocketSource({
        name,
        region,
        clientId,
        clientSecret,
        limits,
        ...given({ endpoints: endpoints && given(endpoints) }),
      });
    }
    case "genesys": {
      const { name, region, clientId, clientSecret, endpoints, lookUpEveryMs, reconcile } = source;
      const topics = source.topics.map((entry) =>
        typeof entry === "string"
          ? entry
          : { topic: entry.topic, ...given({ members: entry.members && given(entry.members) }) },
      );
      return genesysSource({
        name,
        clientId,
        clientSecret,
        topics,
        limits: { ...limits, ...given(source.limits ?? {}) },
        ...given({ region, endpoints: endpoints && given(endpoints), lookUpEveryMs }),
        ...given({ reconcile: typeof reconcile === "object" ? given(reconcile) : reconcile }),
      });
    }
  }
}

function buildSinkOptions(config: SinkConfig, context: BuildContext): SinkOptions {
  const { when, concurrency, reserve, timeoutMs, retry, limits } = config;
  const sink = buildSink(config, context);
  const isChosen = given({ when, concurrency, reserve, timeoutMs });
  return { sink, ...isChosen, ...given({ retry: retry && given(retry), limits: limits && given(limits) }) };
}

function buildSink(config: SinkConfig, { clock, net }: BuildContext): Sink {
  const { name } = config;
  if (config.type === "ndjson") return ndjsonSink({ name, path: config.path ?? "-", clock });
  const { url, secret, allowPrivate, headers, timeoutMs = DEFAULTS.delivery.timeoutMs } = config;
  return webhookSink({ name, url, net, clock, timeoutMs, ...given({ secret, allowPrivate, headers }) });
}

function buildStore({ store }: Config, { clock, logger }: BuildContext): StoreDriver {
  if (store?.type === "memory") return memoryStore();
  const { path = DEFAULT_STORE.path, sync = DEFAULT_STORE.sync } = store ?? {};
  const keep = store?.keep && given(store.keep);
  return sqliteStore({ path, sync, clock, logger, ...given({ keep }) });
}

/** Says in which part of the configuration an option was refused. */
function naming<Part>(path: string, build: () => Part): Part {
  try {
    return build();
  } catch (error) {
    if (!isRingfirstError(error)) throw error;
    throw new RingfirstError("RF_CONFIG_INVALID", `${path}: ${error.message}`, {
      cause: error,
      details: { ...error.details, path },
    });
  }
}

/** Members that may be absent, but are not `undefined`. */
type Given<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

/** The members that have a value: to options, `undefined` is not the same as absent. */
function given<Members extends object>(members: Members): Given<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<Members>;
}
