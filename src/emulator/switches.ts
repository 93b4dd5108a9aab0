/** What nobody outside the platform knows for certain, as switches: a client must be right under each setting. */
import { RingfirstError } from "../errors.ts";
import { isCloseCode } from "./sockets.ts";

/** The switches; each default is the likeliest reading. */
export interface EmulatorSwitches {
  /** Handshake status for a channel that never was. @defaultValue `404` */
  readonly unknownChannelStatus: number;
  /** Handshake status for a channel that expired, was evicted, or whose token ended. @defaultValue `401` */
  readonly expiredChannelStatus: number;
  /** What a second socket on a channel does: it drops the first, or is refused with 409. @defaultValue `"replaces"` */
  readonly secondSocket: "replaces" | "refused";
  /** Close code of a socket that a second one replaced. @defaultValue `1000` */
  readonly replacedCode: number;
  /** Close code of a socket whose channel expired or was evicted. @defaultValue `1000` */
  readonly channelGoneCode: number;
  /** Close code of a socket whose token ended. @defaultValue `1000` */
  readonly tokenEndedCode: number;
  /** Close code of a socket after its `socket_closing` notice. @defaultValue `1001` */
  readonly maintenanceCode: number;
  /** Whether the body of `socket_closing` says something or is empty. @defaultValue `"full"` */
  readonly closingBody: "full" | "empty";
  /** A socket whose client has sent nothing for so long is closed with 1001; 0: never. In ms. @defaultValue `0` */
  readonly idleCloseMs: number;
  /**
   * What the sockets of an ended token see: a close, the `token_revoked` notice and then a close, nothing (channel gone, socket open and
   * silent), or no end at all: socket and channel outlive the token. @defaultValue `"close"`
   */
  readonly tokenEnd: "close" | "notice" | "silent" | "outlives";
  /** What other tokens of the client get on a channel's calls: 404, 403, or what its own token gets. @defaultValue `"not-found"` */
  readonly otherTokens: "not-found" | "forbidden" | "served";
  /** Whether PUT and POST of subscriptions start a channel's life anew. @defaultValue `true` */
  readonly subscribingExtends: boolean;
  /** Whether a PUT that is refused leaves the channel without topics. @defaultValue `false` */
  readonly refusedPutEmpties: boolean;
  /** Whether a topic that is subscribed once more counts once more towards the 1,000. @defaultValue `false` */
  readonly repeatedTopicsCount: boolean;
  /** Whether `v2.users.{id}?presence&station` counts as one topic. @defaultValue `false` */
  readonly combinedCountsAsOne: boolean;
  /** Whether parts of a combined topic may have dots: `v2.users.{id}?conversations.calls`. @defaultValue `true` */
  readonly combinedTakesDots: boolean;
  /** What comes of a topic of a user or queue that isn't there: it stays silent, or is refused with 400. @defaultValue `"silent"` */
  readonly unknownIds: "silent" | "refused";
  /** Whether a socket is told `v2.subscription.updated` when its channel's list changes. @defaultValue `false` */
  readonly announceSubscriptions: boolean;
  /** Status of a successful DELETE of subscriptions; 204 has no body. @defaultValue `204` */
  readonly deleteStatus: 200 | 202 | 204;
  /** Whether the streaming wire sends pings when asked to; else its client is refused that, and pings itself. @defaultValue `true` */
  readonly serverSidePings: boolean;
  /** Which texts an error of the login host has besides `error`. @defaultValue `"both"` */
  readonly oauthErrorText: "both" | "description" | "error_description" | "none";
  /** How events spell the presence "on queue". @defaultValue `"ON_QUEUE"` */
  readonly onQueueInEvents: "ON_QUEUE" | "ONQUEUE" | "On Queue";
  /** How REST spells it. @defaultValue `"On Queue"` */
  readonly onQueueInRest: "On Queue" | "OnQueue";
  /** What `GET /api/v2/conversations` says to a token without a user: an empty list, or 400. @defaultValue `"empty"` */
  readonly conversationsWithoutUser: "empty" | "refused";
  /** How long analytics take to know of what happened in conversations; single conversations are there at once. In ms. @defaultValue `5000` */
  readonly analyticsLagMs: number;
  /** What `GET /api/v2/authorization/subjects/me` tells: roles with their permissions, roles without, or 404. @defaultValue `"permissions"` */
  readonly ownGrants: "permissions" | "roles" | "not-found";
}

/** The likeliest reading of each open question. */
export const DEFAULT_SWITCHES: EmulatorSwitches = {
  unknownChannelStatus: 404,
  expiredChannelStatus: 401,
  secondSocket: "replaces",
  replacedCode: 1000,
  channelGoneCode: 1000,
  tokenEndedCode: 1000,
  maintenanceCode: 1001,
  closingBody: "full",
  idleCloseMs: 0,
  tokenEnd: "close",
  otherTokens: "not-found",
  subscribingExtends: true,
  refusedPutEmpties: false,
  repeatedTopicsCount: false,
  combinedCountsAsOne: false,
  combinedTakesDots: true,
  unknownIds: "silent",
  announceSubscriptions: false,
  deleteStatus: 204,
  serverSidePings: true,
  oauthErrorText: "both",
  onQueueInEvents: "ON_QUEUE",
  onQueueInRest: "On Queue",
  conversationsWithoutUser: "empty",
  analyticsLagMs: 5000,
  ownGrants: "permissions",
};

/** What a switch that is no code, status or yes-or-no may be. */
const WORDS: Partial<Record<keyof EmulatorSwitches, readonly unknown[]>> = {
  secondSocket: ["replaces", "refused"],
  closingBody: ["full", "empty"],
  tokenEnd: ["close", "notice", "silent", "outlives"],
  otherTokens: ["not-found", "forbidden", "served"],
  unknownIds: ["silent", "refused"],
  deleteStatus: [200, 202, 204],
  oauthErrorText: ["both", "description", "error_description", "none"],
  onQueueInEvents: ["ON_QUEUE", "ONQUEUE", "On Queue"],
  onQueueInRest: ["On Queue", "OnQueue"],
  conversationsWithoutUser: ["empty", "refused"],
  ownGrants: ["permissions", "roles", "not-found"],
};

/**
 * Fills in the defaults and checks what was given.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function resolveSwitches(given: Partial<EmulatorSwitches> = {}): EmulatorSwitches {
  for (const [name, value] of Object.entries(given) as [keyof EmulatorSwitches, unknown][]) {
    if (!Object.hasOwn(DEFAULT_SWITCHES, name)) {
      const names = Object.keys(DEFAULT_SWITCHES).join(", ");
      throw new RingfirstError("RF_OPTION_INVALID", `there is no switch ${name}; there are ${names}`);
    }
    const complaint = value === undefined ? undefined : complain(name, value);
    if (complaint === undefined) continue;
    throw new RingfirstError("RF_OPTION_INVALID", `switches.${name} must be ${complaint}, got ${String(value)}`);
  }
  return { ...DEFAULT_SWITCHES, ...given };
}

/** What is allowed, when it is not this. */
function complain(name: keyof EmulatorSwitches, value: unknown): string | undefined {
  const words = WORDS[name];
  if (words !== undefined) return words.includes(value) ? undefined : `one of ${words.join(", ")}`;
  if (name.endsWith("Code")) return isCloseCode(value) ? undefined : "a close code";
  if (name.endsWith("Status")) return isWhole(value, 400, 599) ? undefined : "a whole number from 400 to 599";
  if (name.endsWith("Ms")) return isWhole(value, 0, 86_400_000) ? undefined : "a whole number from 0 to 86400000";
  return typeof value === "boolean" ? undefined : "true or false";
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}
