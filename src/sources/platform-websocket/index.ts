/**
 * The platform-websocket source: one socket on which all frames flow, kept alive.
 *
 * ```
 *  index        options                          source      carries out what life says, feeds back what came of it
 *  life         what next, a pure state          connection  one socket: pings, dead links
 *  socket-pair  two sockets, each frame once     decode      frame to event, wording: what people are told
 * ```
 */
import { RingfirstError } from "../../errors.ts";
import { createTokenSource } from "../../oauth/token.ts";
import type { Source } from "../../ports/source.ts";
import { TOKEN_PATH } from "../../wire/platform-websocket.ts";
import type { EndpointOptions } from "./endpoints.ts";
import { resolveEndpoints } from "./endpoints.ts";
import { createPlatformWebsocketSource } from "./source.ts";

/** Options of {@link platformWebsocketSource}. */
export interface PlatformWebsocketSourceOptions {
  /** Unique among the sources. */
  readonly name: string;
  /** By any of its names: `us-east-1`, `us_east_1`, `mypurecloud.com`. */
  readonly region: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Other addresses than the region's: an emulator, a proxy. */
  readonly endpoints?: EndpointOptions;
  readonly limits?: {
    /** A longer frame closes the socket. @defaultValue `1_048_576` */
    readonly maxFrameBytes?: number;
    /** JSON nested deeper counts as not parsed. @defaultValue `64` */
    readonly maxDepth?: number;
  };
}

/** So long before its end a token is renewed (at half its life where that is later). */
const RENEW_BEFORE_MS = 60_000;
/** For the whole token request. */
const TOKEN_MS = 10_000;

/**
 * A source for the platform-websocket dialect.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`, `RF_REGION_UNKNOWN`
 *
 * @example
 * ```ts
 * import { platformWebsocketSource } from "ringfirst";
 *
 * const gateway = platformWebsocketSource({
 *   name: "gateway",
 *   region: "us-east-1",
 *   clientId: "…",
 *   clientSecret: "…",
 * });
 * console.log(gateway.status().state);
 * ```
 */
export function platformWebsocketSource(options: PlatformWebsocketSourceOptions): Source {
  const path = `source ${options.name}`;
  for (const member of ["name", "clientId", "clientSecret"] as const) {
    if (typeof options[member] !== "string" || options[member] === "")
      throw invalid(`${path}: ${member}`, "a non-empty string");
  }
  const { name, clientId, clientSecret } = options;
  const endpoints = resolveEndpoints(path, options.region, options.endpoints);
  const url = `${endpoints.api}${TOKEN_PATH}`;
  return createPlatformWebsocketSource({
    name,
    clientSecret,
    endpoints,
    tokens: ({ clock, net }) =>
      createTokenSource({
        url,
        style: "body",
        clientId,
        clientSecret,
        clock,
        net,
        renewBeforeMs: RENEW_BEFORE_MS,
        timeoutMs: TOKEN_MS,
      }),
    maxFrameBytes: wholeNumber(`${path}: limits.maxFrameBytes`, options.limits?.maxFrameBytes ?? 2 ** 20),
    maxDepth: wholeNumber(`${path}: limits.maxDepth`, options.limits?.maxDepth ?? 64),
  });
}

function wholeNumber(path: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(path, "a whole number of at least 1");
}

function invalid(path: string, allowed: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `${path}: ${allowed} expected`, { details: { path } });
}
