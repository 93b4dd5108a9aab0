/** Options of the HTTP server: shape, units, bounds, defaults. */
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Service } from "../ports/service.ts";

/** Bounds of the HTTP server. */
export interface ServerLimits {
  /** Of one request body. @defaultValue `8_388_608` */
  readonly maxBodyBytes: number;
  /** Of all request bodies at once. @defaultValue `67_108_864` */
  readonly maxTotalBodyBytes: number;
  /** For a whole request body, in milliseconds. @defaultValue `15_000` */
  readonly bodyTimeoutMs: number;
  /** For the head of a request, in milliseconds. @defaultValue `10_000` */
  readonly headersTimeoutMs: number;
  /** Of the head of a request. @defaultValue `16_384` */
  readonly maxHeaderBytes: number;
  /** @defaultValue `100` */
  readonly maxHeaders: number;
  /** Connections at once. @defaultValue `512` */
  readonly maxConnections: number;
  /** Nesting of JSON in `POST` bodies that the server itself reads. @defaultValue `64` */
  readonly maxDepth: number;
  /** How long `close` lets requests finish, in milliseconds. @defaultValue `5_000` */
  readonly closeMs: number;
}

/** What `createServer` takes. */
export interface ServerOptions {
  readonly service: Service;
  /** The Bearer token, at least 16 visible ASCII characters. */
  readonly token: string;
  /** One line on where the token is found, told with a 401. @defaultValue points at `--token`, `RINGFIRST_TOKEN` and the run file */
  readonly tokenHint?: string;
  /** Address or name to listen on. @defaultValue `"127.0.0.1"` */
  readonly host?: string;
  /** 0: any free one. @defaultValue `7470` */
  readonly port?: number;
  /** More names by which the server is reached. @defaultValue `[]` */
  readonly allowedHosts?: readonly string[];
  /** More origins whose pages may use it. @defaultValue `[]` */
  readonly allowedOrigins?: readonly string[];
  /** CPU, memory, event loop and garbage collection in `/metrics`. @defaultValue `true` */
  readonly processMetrics?: boolean;
  readonly limits?: Partial<ServerLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Server options with nothing left open. */
export type ResolvedServerOptions = Required<Omit<ServerOptions, "limits">> & { readonly limits: ServerLimits };

const DEFAULT_LIMITS: ServerLimits = {
  maxBodyBytes: 8 * 2 ** 20,
  maxTotalBodyBytes: 64 * 2 ** 20,
  bodyTimeoutMs: 15_000,
  headersTimeoutMs: 10_000,
  maxHeaderBytes: 16_384,
  maxHeaders: 100,
  maxConnections: 512,
  maxDepth: 64,
  closeMs: 5_000,
};

const MIN_TOKEN_CHARACTERS = 16;
const TOKEN_HINT =
  "it is what serve was given as server.token or RINGFIRST_TOKEN, else it is in the run file that serve names";

/**
 * Server options with defaults filled in.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  const { token } = options;
  if (token.length < MIN_TOKEN_CHARACTERS || !/^[\x21-\x7e]+$/.test(token)) {
    throw invalid(
      "server.token",
      `at least ${MIN_TOKEN_CHARACTERS} visible ASCII characters`,
      `${token.length} characters`,
    );
  }
  const port = options.port ?? 7470;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalid("server.port", "a whole number from 0 to 65535", String(port));
  }
  return {
    service: options.service,
    token,
    tokenHint: options.tokenHint ?? TOKEN_HINT,
    host: options.host ?? "127.0.0.1",
    port,
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
    processMetrics: options.processMetrics ?? true,
    limits: resolveServerLimits(options.limits),
    clock: options.clock,
    logger: options.logger,
  };
}

function resolveServerLimits(limits: Partial<ServerLimits> = {}): ServerLimits {
  const resolved = { ...DEFAULT_LIMITS, ...limits };
  for (const [name, value] of Object.entries(resolved)) {
    const least = name === "closeMs" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw invalid(`server.limits.${name}`, `a whole number of at least ${least}`, String(value));
    }
  }
  return resolved;
}

function invalid(path: string, allowed: string, found: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `${path}: ${allowed} expected, found ${found}`, { details: { path } });
}
