/** What the ends of sockets mean for a channel line, and how they are told. Reasons are one line and hold no address. */
import type { AfterLoss, ChannelInput } from "../../core/channel-state.ts";
import { plainWords } from "../../core/cause.ts";
import { parseRetryAfter } from "../../core/retry-after.ts";
import type { ConnectionEnd } from "./connection.ts";

/** Codes after which the same channel is tried again at once: the link or the server went, the channel did not. */
const PASSING_CODES: ReadonlySet<number> = new Set([1001, 1005, 1006, 1009, 1011, 1012, 1013, 1014]);
/** Answers to the upgrade that mean: this channel is not valid any more. */
const GONE_STATUS: ReadonlySet<number> = new Set([401, 403, 404, 410]);

/** How a connection ended, in words. */
export function describeEnd(end: ConnectionEnd): string {
  switch (end.kind) {
    case "refused":
      return `the socket was refused with status ${end.status}`;
    case "failed":
      return `the socket could not be opened: ${end.message}`;
    case "silent":
      return `nothing came for ${Math.round(end.silentMs / 1_000)} s, not even a heartbeat: the link was cut`;
    case "closed": {
      const said = plainWords(end.reason);
      const why = said === "" ? "" : `: ${said}`;
      return end.code === 1006 ? "the socket was cut (1006)" : `the socket was closed (${end.code}${why})`;
    }
  }
}

/** What follows from the end of a standing socket. Regular and unknown ends are looked into: another may have the channel. */
export function afterLoss(end: ConnectionEnd): AfterLoss {
  if (end.kind !== "closed" || PASSING_CODES.has(end.code)) return "reconnect";
  return "check";
}

/** The inputs that the end of a successor makes, by the stage it had reached. */
export function wordsFor(
  end: ConnectionEnd,
  now: number,
): { readonly handshake: ChannelInput; readonly joining: ChannelInput } {
  const reason = describeEnd(end);
  if (end.kind === "refused" && GONE_STATUS.has(end.status)) {
    return { handshake: { kind: "handshake-gone", reason }, joining: { kind: "join-gone", reason } };
  }
  const wait = end.kind === "refused" ? parseRetryAfter(end.headers["retry-after"], now) : undefined;
  const retryAfter = wait === undefined ? {} : { retryAfterMs: wait };
  return {
    handshake: { kind: "handshake-failed", reason, ...retryAfter },
    joining: { kind: "join-failed", reason, ...retryAfter },
  };
}
