/** The Genesys Cloud source: real-time notifications of the platform, over channels and WebSockets. */
import { integerIn, invalid } from "../../core/option-check.ts";
import { TOPIC_LIMITS } from "../../core/topic-plan.ts";
import { type EndpointOptions, resolveEndpoints } from "./endpoints.ts";
import { resolveSelectors, type TopicSelector } from "./selectors.ts";
import type { ReconcilePlan } from "./reconcile/reconciler.ts";
import { createGenesysSource, type GenesysSource } from "./supervisor.ts";

export type { EndpointOptions } from "./endpoints.ts";
export type { Members, TopicSelector } from "./selectors.ts";
export type { GenesysSource } from "./supervisor.ts";

/** When the state that gaps hid is asked for. */
export interface ReconcileOptions {
  /** For gaps that are part of a start. @defaultValue `true` */
  readonly atStart?: boolean;
  /** For all others. @defaultValue `true` */
  readonly afterGaps?: boolean;
  /**
   * The platform's analytics know a conversation so long after it began, at the latest; then they are asked once more.
   *
   * @defaultValue `75_000`
   */
  readonly analyticsLagMs?: number;
}

/** What {@link genesysSource} takes. */
export interface GenesysSourceOptions {
  /** Unique; shown in logs, metrics and the CloudEvents `source`. */
  readonly name: string;
  /** Domain, AWS region or SDK name: `mypurecloud.ie`, `eu-west-1`, `eu_west_1`. Not needed with both `endpoints`. */
  readonly region?: string;
  /** An OAuth client with the grant type Client Credentials; its roles decide what can be subscribed. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Concrete topics, or with `{*}` in the place of a user or a queue: every one the client may see. */
  readonly topics: readonly TopicSelector[];
  /** An emulator or a proxy. @defaultValue the region's hosts */
  readonly endpoints?: EndpointOptions;
  /** People and queues behind `{*}` are looked up again after so long, more or less. @defaultValue `300_000` */
  readonly lookUpEveryMs?: number;
  /**
   * After a gap and at the start the state is asked for by REST and handed on, as events with the origin `reconciled`;
   * `false`: never. See docs/reconciliation.md.
   *
   * @defaultValue `true`
   */
  readonly reconcile?: boolean | ReconcileOptions;
  readonly limits?: {
    /** A longer frame closes the socket (1009), which is a gap. @defaultValue `1_048_576` */
    readonly maxFrameBytes?: number;
    /** Brackets open at once; deeper frames count as malformed. @defaultValue `64` */
    readonly maxDepth?: number;
    /** Topics on one channel. @defaultValue `1_000`, which is the platform's limit */
    readonly topicsPerChannel?: number;
    /** Channels that this source may use; all sources and programs with the same client share its 20. @defaultValue `20` */
    readonly channels?: number;
    /**
     * The platform counts a combined topic (`v2.users.{id}?presence&station`) once, so topics of one subject are put together and a
     * channel has room for more. Not known of the platform: set it where you know. @defaultValue `false`
     */
    readonly combinedCountOnce?: boolean;
  };
}

/**
 * A source that keeps itself alive: it logs in, expands and subscribes topics on as many channels as they need, reconnects,
 * and moves to a new channel before a channel, its socket or its token ends.
 *
 * @throws RingfirstError `RF_REGION_UNKNOWN`, `RF_OPTION_INVALID`
 */
export function genesysSource(options: GenesysSourceOptions): GenesysSource {
  const { name, region, clientId, clientSecret, topics, endpoints, lookUpEveryMs, reconcile, limits = {} } = options;
  const path = `source ${name}`;
  if (clientId === "") throw invalid(`${path}.clientId`, "the id of an OAuth client", "an empty text");
  if (clientSecret === "") throw invalid(`${path}.clientSecret`, "the secret of the OAuth client", "an empty text");
  return createGenesysSource({
    name,
    clientId,
    clientSecret,
    endpoints: resolveEndpoints(path, region, endpoints),
    selectors: resolveSelectors(`${path}.topics`, topics),
    lookUpEveryMs: integerIn(`${path}.lookUpEveryMs`, lookUpEveryMs ?? 300_000, 10_000, 86_400_000),
    limits: {
      topicsPerChannel: integerIn(
        `${path}.limits.topicsPerChannel`,
        limits.topicsPerChannel ?? TOPIC_LIMITS.topicsPerChannel,
        1,
        TOPIC_LIMITS.topicsPerChannel,
      ),
      channels: integerIn(
        `${path}.limits.channels`,
        limits.channels ?? TOPIC_LIMITS.channels,
        1,
        TOPIC_LIMITS.channels,
      ),
      combinedAsOne: limits.combinedCountOnce ?? false,
    },
    maxFrameBytes: integerIn(`${path}.limits.maxFrameBytes`, limits.maxFrameBytes ?? 1_048_576, 1_024, 2 ** 30),
    maxDepth: integerIn(`${path}.limits.maxDepth`, limits.maxDepth ?? 64, 4, 10_000),
    reconcile: resolveReconcile(`${path}.reconcile`, reconcile ?? true),
  });
}

function resolveReconcile(path: string, options: boolean | ReconcileOptions): ReconcilePlan | undefined {
  if (options === false) return undefined;
  const { atStart = true, afterGaps = true, analyticsLagMs = 75_000 } = options === true ? {} : options;
  if (!atStart && !afterGaps) return undefined;
  return { atStart, afterGaps, analyticsLagMs: integerIn(`${path}.analyticsLagMs`, analyticsLagMs, 0, 3_600_000) };
}
