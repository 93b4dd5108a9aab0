/** What an emulator can be told, with the defaults in one place. */
import { createSecureContext } from "node:tls";
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { SILENT_LOGGER } from "../ports/logger.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Scenario } from "./scenario-read.ts";
import type { EmulatorSwitches } from "./switches.ts";
import { resolveSwitches } from "./switches.ts";

/** The platform's limits; each can be made small so that a test is quick. */
export interface EmulatorLimits {
  /** Channels per OAuth client; one more evicts the least recently used, unconnected first. @defaultValue `20` */
  readonly channelsPerClient: number;
  /** Topics per channel. @defaultValue `1000` */
  readonly topicsPerChannel: number;
  /** Characters of one subscription entry, exclusive. @defaultValue `200` */
  readonly topicLength: number;
  /** REST requests per token in a window of a minute. @defaultValue `300` */
  readonly requestsPerMinute: number;
  /** Channels made per token in such a window; the platform may have a lower limit there. @defaultValue none of its own */
  readonly channelsPerMinute: number;
  /** Logins of the client in such a window; what the platform allows is not known. @defaultValue none */
  readonly loginsPerMinute: number;
  /** Life of a channel, in ms; PUT and POST of subscriptions start it anew. @defaultValue `86_400_000` */
  readonly channelLifeMs: number;
  /** Bytes of a REST request body. @defaultValue `1_048_576` */
  readonly requestBytes: number;
  /** Bytes that may wait for a socket whose client doesn't read; beyond, the connection is cut. @defaultValue `67_108_864` */
  readonly bufferedBytes: number;
  /** Events the ledger keeps; the oldest go first. @defaultValue `250_000` */
  readonly ledgerEvents: number;
}

/** The certificate to serve HTTPS and WSS with. */
export interface EmulatorTls {
  /** PEM, with the chain behind it where there is one. */
  readonly cert: string;
  /** PEM of its private key. */
  readonly key: string;
  /** Newest version that is spoken, to see what a client does with an outdated server. @defaultValue the newest there is */
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

/** Options of {@link createEmulator}. */
export interface EmulatorOptions {
  /** TCP port; 0 takes a free one. @defaultValue `0` */
  readonly port?: number;
  /** Address to listen on. @defaultValue `"127.0.0.1"` */
  readonly host?: string;
  /** Where callers reach it (`https://emulator.example`), for `connectUri`. @defaultValue the request's `Host` */
  readonly publicUrl?: string;
  /** Serves HTTPS and WSS instead of plain HTTP. @defaultValue plain */
  readonly tls?: EmulatorTls;
  /** The one OAuth client that may log in. @defaultValue made up */
  readonly clientId?: string;
  /** Its secret. @defaultValue made up */
  readonly clientSecret?: string;
  /** Agents of the contact centre. @defaultValue `12` */
  readonly agents?: number;
  /** Its queues. @defaultValue `4` */
  readonly queues?: number;
  /** Conversations per hour of the centre's own time; 0 keeps it silent. @defaultValue `12` for each agent */
  readonly callsPerHour?: number;
  /**
   * Frames per second wanted: the centre's time runs as fast as that takes. While sockets are open, frames count that one of them gets, and
   * others next to nothing. What a stall of up to a second made late comes after it at double the rate. @defaultValue none: the centre lives in real time
   */
  readonly rate?: number;
  /** Seed of directory and traffic. @defaultValue `1` */
  readonly seed?: number;
  /** Life of a token in seconds. @defaultValue `86_400` */
  readonly tokenLifeS?: number;
  /**
   * How much faster tokens and channels age: their lives are divided by it, and `expires_in` and `expires` say so. With 1440 a day is a
   * minute. Heartbeats, rate windows and the traffic stay as they are. @defaultValue `1`
   */
  readonly timeScale?: number;
  /** Time between heartbeats of a socket, in ms. @defaultValue `30_000` */
  readonly heartbeatMs?: number;
  /** Permissions that the client's roles lack. @defaultValue `["architect:dependencyTracking:view"]` */
  readonly deniedPermissions?: readonly string[];
  /** Permissions that topics need besides the known ones: template (`v2.users.{id}.presence`) to permissions. @defaultValue `{}` */
  readonly topicPermissions?: Readonly<Record<string, readonly string[]>>;
  /** Scopes of the platform-websocket wire that the client lacks. @defaultValue `[]` */
  readonly deniedScopes?: readonly string[];
  /** Limits that differ from the platform's. */
  readonly limits?: Partial<EmulatorLimits>;
  /** Switches for what is not established. */
  readonly switches?: Partial<EmulatorSwitches>;
  /** What goes wrong, and when; it begins when the emulator listens. @defaultValue nothing */
  readonly scenario?: Scenario;
  /** Time and chance. @defaultValue the machine's */
  readonly clock?: Clock;
  /** Where to log. @defaultValue silent */
  readonly logger?: Logger;
}

/** Options with every default filled in. */
export interface ResolvedEmulatorOptions {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string | undefined;
  readonly tls: EmulatorTls | undefined;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly agents: number;
  readonly queues: number;
  readonly callsPerHour: number;
  readonly rate: number | undefined;
  readonly seed: number;
  readonly tokenLifeS: number;
  readonly heartbeatMs: number;
  readonly deniedPermissions: readonly string[];
  readonly topicPermissions: Readonly<Record<string, readonly string[]>>;
  readonly deniedScopes: readonly string[];
  readonly limits: EmulatorLimits;
  readonly switches: EmulatorSwitches;
  readonly scenario: Scenario | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The platform's own numbers. */
export const DEFAULT_LIMITS: EmulatorLimits = {
  channelsPerClient: 20,
  topicsPerChannel: 1000,
  topicLength: 200,
  requestsPerMinute: 300,
  channelsPerMinute: Number.MAX_SAFE_INTEGER,
  loginsPerMinute: Number.MAX_SAFE_INTEGER,
  channelLifeMs: 86_400_000,
  requestBytes: 1_048_576,
  bufferedBytes: 67_108_864,
  ledgerEvents: 250_000,
};

const CALLS_PER_AGENT_AND_HOUR = 12;

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RingfirstError("RF_OPTION_INVALID", `${name} must be a whole number from ${min} to ${max}, got ${value}`);
}

function positive(name: string, value: number, max: number): number {
  if (value > 0 && value <= max) return value;
  throw new RingfirstError("RF_OPTION_INVALID", `${name} must be above 0 and at most ${max}, got ${value}`);
}

function resolveLimits(given: Partial<EmulatorLimits> = {}): EmulatorLimits {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(DEFAULT_LIMITS, name));
  if (unknown !== undefined) {
    const names = Object.keys(DEFAULT_LIMITS).join(", ");
    throw new RingfirstError("RF_OPTION_INVALID", `there is no limit ${unknown}; there are ${names}`);
  }
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) whole(`limits.${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  return limits;
}

function resolvePublicUrl(url: string | undefined): string | undefined {
  if (url === undefined || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) return url;
  throw new RingfirstError("RF_OPTION_INVALID", `publicUrl must be an http or https URL, got ${url}`);
}

function resolveTls(tls: EmulatorTls | undefined): EmulatorTls | undefined {
  if (tls === undefined) return undefined;
  try {
    createSecureContext({ cert: tls.cert, key: tls.key });
    return tls;
  } catch {
    // OpenSSL's words may quote what was given, and a key is a secret.
    throw new RingfirstError("RF_OPTION_INVALID", "tls must be a certificate and its own key, both in PEM");
  }
}

/** A string of lower-case letters and digits from the clock's chance. */
export function madeUp(clock: Clock, length: number): string {
  let text = "";
  while (text.length < length) text += Math.floor(clock.random() * 36).toString(36);
  return text;
}

/**
 * Fills in the defaults and checks what was given.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function resolveEmulatorOptions(options: EmulatorOptions): ResolvedEmulatorOptions {
  const clock = options.clock ?? systemClock();
  const timeScale = positive("timeScale", options.timeScale ?? 1, 1_000_000);
  const limits = resolveLimits(options.limits);
  const tokenLifeS = positive("tokenLifeS", options.tokenLifeS ?? 86_400, 10 * 366 * 86_400);
  const agents = whole("agents", options.agents ?? 12, 1, 20_000);
  const callsPerHour = options.callsPerHour ?? agents * CALLS_PER_AGENT_AND_HOUR;
  return {
    port: whole("port", options.port ?? 0, 0, 65_535),
    host: options.host ?? "127.0.0.1",
    publicUrl: resolvePublicUrl(options.publicUrl),
    tls: resolveTls(options.tls),
    clientId: options.clientId ?? clock.uuid(),
    clientSecret: options.clientSecret ?? madeUp(clock, 43),
    agents,
    queues: whole("queues", options.queues ?? 4, 1, 5000),
    callsPerHour: callsPerHour === 0 ? 0 : positive("callsPerHour", callsPerHour, 100_000_000),
    rate: options.rate === undefined ? undefined : positive("rate", options.rate, 1_000_000),
    seed: whole("seed", options.seed ?? 1, 0, 2 ** 32 - 1),
    tokenLifeS: timeScale === 1 ? tokenLifeS : Math.max(1, Math.round(tokenLifeS / timeScale)),
    heartbeatMs: positive("heartbeatMs", options.heartbeatMs ?? 30_000, 86_400_000),
    deniedPermissions: options.deniedPermissions ?? ["architect:dependencyTracking:view"],
    topicPermissions: options.topicPermissions ?? {},
    deniedScopes: options.deniedScopes ?? [],
    limits: { ...limits, channelLifeMs: Math.max(1, Math.round(limits.channelLifeMs / timeScale)) },
    switches: resolveSwitches(options.switches),
    scenario: options.scenario,
    clock,
    logger: options.logger ?? SILENT_LOGGER,
  };
}
