/** Options of the library in one place: shape, units, bounds, defaults, and one function each that fills them in. */
import type { BackoffOptions } from "./core/backoff.ts";
import type { LifecycleOptions } from "./core/lifecycle.ts";
import { integerIn, invalid, numberIn } from "./core/option-check.ts";
import type { PriorityClass, RuleEntry } from "./core/rule.ts";
import { DEFAULT_CLASSES } from "./core/rule.ts";
import type { Clock } from "./ports/clock.ts";
import type { Logger } from "./ports/logger.ts";
import type { Net } from "./ports/net.ts";
import type { Sink } from "./ports/sink.ts";
import type { Source } from "./ports/source.ts";
import type { QueueLimits, StoreConfig, StoreDriver } from "./ports/store.ts";

/** When and how often a failed delivery is tried again. */
export interface RetryOptions {
  /** The first attempt included; the last failed one makes a dead letter. @defaultValue `8` */
  readonly maxAttempts?: number;
  /** Upper end of the first wait, in milliseconds (full jitter). @defaultValue `200` */
  readonly initialMs?: number;
  /** Upper end of every wait, in milliseconds. @defaultValue `60_000` */
  readonly maxMs?: number;
}

/** How a sink's work is handed out. */
export interface DeliveryOptions {
  /** Deliveries at the same time, of different lanes. @defaultValue `16` */
  readonly concurrency?: number;
  /** Of these, how many are kept free for a class and may not be taken by others (docs/work-queue.md Q4). @defaultValue `{}` */
  readonly reserve?: Readonly<Record<string, number>>;
  /** Time limit of one delivery, in milliseconds; then its signal is aborted and the attempt has failed. @defaultValue `30_000` */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

/** A sink and how it is served. */
export interface SinkOptions extends DeliveryOptions {
  readonly sink: Sink;
  /** CEL over `topic`, `body`, `event`, `class`, `key`; absent: everything. A condition that throws takes the event. */
  readonly when?: string;
  /** @defaultValue `limits` of the service */
  readonly limits?: Partial<QueueLimits>;
}

/** What `createRingfirst` takes. */
export interface RingfirstOptions {
  readonly sources: readonly Source[];
  readonly sinks: readonly SinkOptions[];
  /** Most urgent first. @defaultValue critical (never shed), high (share 0.1), standard (share 0.05) */
  readonly classes?: readonly PriorityClass[];
  /** @defaultValue `[{ use: "defaults" }]` */
  readonly rules?: readonly RuleEntry[];
  /**
   * Lifecycle events (`ringing`, `answered`, `missed`, …) of conversations, beside the provider's snapshots (docs/lifecycle.md).
   *
   * @defaultValue `false`
   */
  readonly lifecycle?: boolean | LifecycleOptions;
  /** @defaultValue `memoryStore()` */
  readonly store?: StoreDriver;
  /** Per sink. @defaultValue 1,000,000 events, 2 GiB */
  readonly limits?: Partial<QueueLimits>;
  /** @defaultValue ten minutes, 1,000,000 ids */
  readonly dedup?: { readonly windowMs?: number; readonly maxCount?: number };
  /** How long a hand-over is good without a sign of life, in milliseconds. @defaultValue `30_000` */
  readonly leaseMs?: number;
  /** Sources that can wait are held back above, and let go below, these shares of the limits. @defaultValue `0.9` and `0.7` */
  readonly pressure?: { readonly pauseAbove?: number; readonly resumeBelow?: number };
  /** Per sink. @defaultValue 100,000 */
  readonly deadLetters?: { readonly maxCount?: number };
  /** How long `close` lets deliveries finish, in milliseconds. @defaultValue `10_000` */
  readonly drainMs?: number;
  /** @defaultValue the machine's */
  readonly clock?: Clock;
  /** @defaultValue the machine's */
  readonly net?: Net;
  /** @defaultValue says nothing */
  readonly logger?: Logger;
}

/** Delivery options with nothing left open. */
export interface ResolvedDelivery {
  readonly concurrency: number;
  readonly reserve: Readonly<Record<string, number>>;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly backoff: BackoffOptions;
}

/** The type of {@link DEFAULTS}. */
interface Defaults {
  readonly limits: QueueLimits;
  readonly dedup: StoreConfig["dedup"];
  readonly leaseMs: number;
  readonly pressure: { readonly pauseAbove: number; readonly resumeBelow: number };
  readonly deadLetters: StoreConfig["deadLetters"];
  readonly ledger: StoreConfig["ledger"];
  readonly drainMs: number;
  readonly delivery: {
    readonly concurrency: number;
    readonly timeoutMs: number;
    readonly maxAttempts: number;
    readonly initialMs: number;
    readonly maxMs: number;
  };
}

/** What stands where nothing was said. */
export const DEFAULTS: Defaults = {
  limits: { maxEvents: 1_000_000, maxBytes: 2 ** 31 },
  dedup: { windowMs: 600_000, maxCount: 1_000_000 },
  leaseMs: 30_000,
  pressure: { pauseAbove: 0.9, resumeBelow: 0.7 },
  deadLetters: { maxCount: 100_000 },
  ledger: { maxLines: 10_000 },
  drainMs: 10_000,
  delivery: { concurrency: 16, timeoutMs: 30_000, maxAttempts: 8, initialMs: 200, maxMs: 60_000 },
};

/**
 * Classes with defaults filled in: the first is never shed unless it says otherwise.
 *
 * @throws RingfirstError `RF_OPTION_INVALID` for an empty list, a name twice, or shares out of bounds
 */
export function resolveClasses(
  classes: readonly PriorityClass[] = DEFAULT_CLASSES,
): readonly Required<PriorityClass>[] {
  if (classes.length === 0) throw invalid("classes", "at least one class", "an empty list");
  const names = new Set<string>();
  let shares = 0;
  const resolved = classes.map((entry, rank) => {
    if (entry.name === "") throw invalid(`classes[${rank}].name`, "a name", '""');
    if (names.has(entry.name)) throw invalid(`classes[${rank}].name`, "a name used once", JSON.stringify(entry.name));
    names.add(entry.name);
    const minShare = numberIn(`classes[${rank}].minShare`, entry.minShare ?? 0, 0, 0.5);
    shares += minShare;
    return { name: entry.name, neverShed: entry.neverShed ?? rank === 0, minShare };
  });
  if (shares > 0.5 + Number.EPSILON)
    throw invalid("classes", "minShare of all classes at most 0.5 together", String(shares));
  return resolved;
}

/** Delivery options with defaults filled in. @throws RingfirstError `RF_OPTION_INVALID` */
export function resolveDelivery(
  path: string,
  options: DeliveryOptions,
  classes: readonly Required<PriorityClass>[],
): ResolvedDelivery {
  const concurrency = integerIn(`${path}.concurrency`, options.concurrency ?? DEFAULTS.delivery.concurrency, 1, 10_000);
  const reserve = options.reserve ?? {};
  let reserved = 0;
  for (const [name, hands] of Object.entries(reserve)) {
    if (!classes.some((entry) => entry.name === name)) {
      throw invalid(`${path}.reserve`, `one of ${classes.map((entry) => entry.name).join(", ")}`, JSON.stringify(name));
    }
    reserved += integerIn(`${path}.reserve.${name}`, hands, 0, concurrency);
  }
  if (reserved > concurrency) {
    throw invalid(`${path}.reserve`, `at most ${concurrency} (concurrency) in all`, String(reserved));
  }
  const without = classes.filter(({ name }) => (reserve[name] ?? 0) === 0);
  if (reserved === concurrency && without.length > 0) {
    const names = without.map(({ name }) => name).join(", ");
    throw invalid(`${path}.reserve`, `at least one hand left over for ${names}`, `all ${concurrency} reserved`);
  }
  return {
    concurrency,
    reserve,
    timeoutMs: numberIn(`${path}.timeoutMs`, options.timeoutMs ?? DEFAULTS.delivery.timeoutMs, 1, 86_400_000),
    maxAttempts: integerIn(
      `${path}.retry.maxAttempts`,
      options.retry?.maxAttempts ?? DEFAULTS.delivery.maxAttempts,
      1,
      1_000,
    ),
    backoff: {
      initialMs: numberIn(
        `${path}.retry.initialMs`,
        options.retry?.initialMs ?? DEFAULTS.delivery.initialMs,
        0,
        86_400_000,
      ),
      maxMs: numberIn(`${path}.retry.maxMs`, options.retry?.maxMs ?? DEFAULTS.delivery.maxMs, 0, 86_400_000),
    },
  };
}

/** Bounds of a work queue with defaults filled in. @throws RingfirstError `RF_OPTION_INVALID` */
export function resolveLimits(
  path: string,
  limits: Partial<QueueLimits> = {},
  fallback: QueueLimits = DEFAULTS.limits,
): QueueLimits {
  return {
    maxEvents: integerIn(`${path}.maxEvents`, limits.maxEvents ?? fallback.maxEvents, 1, Number.MAX_SAFE_INTEGER),
    maxBytes: integerIn(`${path}.maxBytes`, limits.maxBytes ?? fallback.maxBytes, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** The dedup window with defaults filled in. @throws RingfirstError `RF_OPTION_INVALID` */
export function resolveDedup(
  dedup: { readonly windowMs?: number; readonly maxCount?: number } = {},
): StoreConfig["dedup"] {
  return {
    windowMs: numberIn("dedup.windowMs", dedup.windowMs ?? DEFAULTS.dedup.windowMs, 0, Number.MAX_SAFE_INTEGER),
    maxCount: integerIn("dedup.maxCount", dedup.maxCount ?? DEFAULTS.dedup.maxCount, 0, Number.MAX_SAFE_INTEGER),
  };
}
