/** A configuration that has the right shape, variables and secrets filled in. It holds secrets: show it through `redactConfig` only. */

/** Credentials and place of a provider. */
interface Access {
  readonly name: string;
  readonly region: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Never set after loading: what it held is in `clientSecret`. */
  readonly clientSecretFile?: string | undefined;
}

/** A topic, or one whose `{*}` stands for the members of a queue or division. */
export type TopicConfig =
  | string
  | {
      readonly topic: string;
      readonly members?: { readonly queue?: string | undefined; readonly division?: string | undefined } | undefined;
    };

/** The real platform. */
export interface GenesysSourceConfig extends Omit<Access, "region"> {
  readonly type: "genesys";
  /** Absent only where both endpoints are given. */
  readonly region?: string | undefined;
  readonly topics: readonly TopicConfig[];
  readonly endpoints?: { readonly login?: string | undefined; readonly api?: string | undefined } | undefined;
  readonly lookUpEveryMs?: number | undefined;
  readonly reconcile?:
    | boolean
    | {
        readonly atStart?: boolean | undefined;
        readonly afterGaps?: boolean | undefined;
        readonly analyticsLagMs?: number | undefined;
      }
    | undefined;
  readonly limits?:
    | {
        readonly topicsPerChannel?: number | undefined;
        readonly channels?: number | undefined;
        readonly combinedCountOnce?: boolean | undefined;
      }
    | undefined;
}

/** The second wire. */
export interface PlatformWebsocketSourceConfig extends Access {
  readonly type: "platform-websocket";
  readonly endpoints?: { readonly api?: string | undefined; readonly socket?: string | undefined } | undefined;
}

/** Events that programs send. */
export interface HttpSourceConfig {
  readonly type: "http";
  readonly name: string;
}

/** One entry of `sources`. */
export type SourceConfig = GenesysSourceConfig | PlatformWebsocketSourceConfig | HttpSourceConfig;

/** One entry of `classes`. */
export interface ClassConfig {
  readonly name: string;
  readonly neverShed?: boolean | undefined;
  readonly minShare?: number | undefined;
}

/** One entry of `rules` that is no `use: defaults`. */
export interface RuleConfig {
  readonly name: string;
  readonly topics?: readonly string[] | undefined;
  readonly when?: string | undefined;
  readonly class: string;
  readonly key?: string | undefined;
  readonly coalesceKey?: string | undefined;
  readonly ttlMs?: number | undefined;
}

/** Bounds of a work queue. */
export interface LimitsConfig {
  readonly maxEvents?: number | undefined;
  readonly maxBytes?: number | undefined;
}

interface Delivery {
  readonly name: string;
  readonly when?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly reserve?: Readonly<Record<string, number>> | undefined;
  readonly timeoutMs?: number | undefined;
  readonly retry?:
    | {
        readonly maxAttempts?: number | undefined;
        readonly initialMs?: number | undefined;
        readonly maxMs?: number | undefined;
      }
    | undefined;
  readonly limits?: LimitsConfig | undefined;
}

/** A sink that posts each event. */
export interface WebhookSinkConfig extends Delivery {
  readonly type: "webhook";
  readonly url: string;
  readonly secret?: string | readonly string[] | undefined;
  /** Never set after loading: what it held is in `secret`. */
  readonly secretFile?: string | undefined;
  readonly allowPrivate?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A sink that writes a line per event. */
export interface NdjsonSinkConfig extends Delivery {
  readonly type: "ndjson";
  /** `-` is stdout, and the default. */
  readonly path?: string | undefined;
}

/** One entry of `sinks`. */
export type SinkConfig = WebhookSinkConfig | NdjsonSinkConfig;

/** Where the work queue is kept. */
export type StoreSettings =
  | { readonly type: "memory" }
  | {
      readonly type: "sqlite";
      readonly path?: string | undefined;
      readonly sync?: "full" | "process" | undefined;
      readonly keep?: { readonly hours?: number | undefined; readonly maxBytes?: number | undefined } | undefined;
    };

/** How lifecycle events are derived. */
export interface LifecycleConfig {
  readonly maxConversations?: number | undefined;
  readonly forgetAfterMs?: number | undefined;
  readonly recallMs?: number | undefined;
  readonly lateAfterMs?: number | undefined;
}

/** The store that is used when none is configured; its file where none is named. */
export const DEFAULT_STORE = { type: "sqlite", path: "./data/ringfirst.db", sync: "full" } as const;

/** The whole file. */
export interface Config {
  readonly $schema?: string | undefined;
  readonly sources: readonly SourceConfig[];
  readonly classes?: readonly ClassConfig[] | undefined;
  readonly rules?: readonly (RuleConfig | { readonly use: "defaults" })[] | undefined;
  readonly sinks: readonly SinkConfig[];
  readonly lifecycle?: boolean | LifecycleConfig | undefined;
  readonly store?: StoreSettings | undefined;
  readonly limits?:
    | (LimitsConfig & { readonly maxFrameBytes?: number | undefined; readonly maxDepth?: number | undefined })
    | undefined;
  readonly dedup?: { readonly windowMs?: number | undefined; readonly maxCount?: number | undefined } | undefined;
  readonly leaseMs?: number | undefined;
  readonly pressure?:
    | { readonly pauseAbove?: number | undefined; readonly resumeBelow?: number | undefined }
    | undefined;
  readonly deadLetters?: { readonly maxCount?: number | undefined } | undefined;
  readonly drainMs?: number | undefined;
  readonly server?:
    | {
        readonly host?: string | undefined;
        readonly port?: number | undefined;
        readonly token?: string | undefined;
        /** Never set after loading: what it held is in `token`. */
        readonly tokenFile?: string | undefined;
        readonly allowedHosts?: readonly string[] | undefined;
        readonly allowedOrigins?: readonly string[] | undefined;
      }
    | undefined;
  readonly log?: { readonly level?: "debug" | "info" | "warn" | "error" | undefined } | undefined;
}
