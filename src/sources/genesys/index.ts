/** The Genesys Cloud source: real-time notifications of the platform, over channels and WebSockets. */
import { integerIn, invalid } from "../../core/option-check.ts";
import type { Source } from "../../ports/source.ts";
import { type EndpointOptions, resolveEndpoints } from "./endpoints.ts";
import { resolveSelectors, type TopicSelector } from "./selectors.ts";
import { createGenesysSource } from "./supervisor.ts";

export type { EndpointOptions } from "./endpoints.ts";
export type { Members, TopicSelector } from "./selectors.ts";

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
  readonly limits?: {
    /** A longer frame closes the socket (1009), which is a gap. @defaultValue `1_048_576` */
    readonly maxFrameBytes?: number;
    /** Brackets open at once; deeper frames count as malformed. @defaultValue `64` */
    readonly maxDepth?: number;
  };
}

/**
 * A source that keeps itself alive: it logs in, expands and subscribes topics on as many channels as they need, reconnects,
 * and moves to a new channel before a channel, its socket or its token ends.
 *
 * @throws RingfirstError `RF_REGION_UNKNOWN`, `RF_OPTION_INVALID`
 */
export function genesysSource(options: GenesysSourceOptions): Source {
  const { name, region, clientId, clientSecret, topics, endpoints, limits = {} } = options;
  const path = `source ${name}`;
  if (clientId === "") throw invalid(`${path}.clientId`, "the id of an OAuth client", "an empty text");
  if (clientSecret === "") throw invalid(`${path}.clientSecret`, "the secret of the OAuth client", "an empty text");
  return createGenesysSource({
    name,
    clientId,
    clientSecret,
    endpoints: resolveEndpoints(path, region, endpoints),
    selectors: resolveSelectors(`${path}.topics`, topics),
    maxFrameBytes: integerIn(`${path}.limits.maxFrameBytes`, limits.maxFrameBytes ?? 1_048_576, 1_024, 2 ** 30),
    maxDepth: integerIn(`${path}.limits.maxDepth`, limits.maxDepth ?? 64, 4, 10_000),
  });
}
