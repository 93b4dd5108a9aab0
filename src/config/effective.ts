/** A configuration with its defaults filled in, as it will be run: `config print`. Parts have more defaults of their own; these are the outward ones. */
import { DEFAULT_CLASSES } from "../core/rule.ts";
import { DEFAULTS, resolveClasses } from "../options.ts";
import { type Config, DEFAULT_STORE, type SinkConfig } from "./config.ts";

const INTAKE = { maxFrameBytes: 2 ** 20, maxDepth: 64 };
const SERVER = { host: "127.0.0.1", port: 7470 };

/** What was not said, said. The token stays absent: it is made at each start. */
export function withDefaults(config: Config): Config {
  const { limits, dedup, leaseMs, pressure, deadLetters, drainMs } = DEFAULTS;
  const pauseAbove = config.pressure?.pauseAbove ?? pressure.pauseAbove;
  const inAll = { ...limits, ...INTAKE, ...config.limits };
  return {
    ...config,
    classes: resolveClasses(classesOf(config)),
    rules: config.rules ?? [{ use: "defaults" }],
    sinks: config.sinks.map((sink) => sinkWithDefaults(sink, inAll)),
    lifecycle: config.lifecycle ?? false,
    store: config.store?.type === "memory" ? config.store : { ...DEFAULT_STORE, ...config.store },
    limits: inAll,
    dedup: { ...dedup, ...config.dedup },
    leaseMs: config.leaseMs ?? leaseMs,
    pressure: { pauseAbove, resumeBelow: Math.min(pressure.resumeBelow, pauseAbove), ...config.pressure },
    deadLetters: { ...deadLetters, ...config.deadLetters },
    drainMs: config.drainMs ?? drainMs,
    server: { ...SERVER, ...config.server },
    log: { level: "info", ...config.log },
  };
}

function classesOf({ classes }: Config): typeof DEFAULT_CLASSES {
  if (classes === undefined) return DEFAULT_CLASSES;
  return classes.map(({ name, neverShed, minShare }) => ({
    name,
    ...(neverShed === undefined ? {} : { neverShed }),
    ...(minShare === undefined ? {} : { minShare }),
  }));
}

function sinkWithDefaults(sink: SinkConfig, { maxEvents, maxBytes }: NonNullable<Config["limits"]>): SinkConfig {
  const { concurrency, timeoutMs, ...retry } = DEFAULTS.delivery;
  const delivery = {
    concurrency: sink.concurrency ?? concurrency,
    timeoutMs: sink.timeoutMs ?? timeoutMs,
    retry: { ...retry, ...sink.retry },
    limits: { maxEvents, maxBytes, ...sink.limits },
  };
  return sink.type === "ndjson" ? { path: "-", ...sink, ...delivery } : { ...sink, ...delivery };
}
