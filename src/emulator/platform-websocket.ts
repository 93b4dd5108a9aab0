/**
 * The second wire: a published tutorial's simplified socket (`/v2/platform/websocket?access_token=…`, frames `{"topic","data"}`).
 *
 * Nothing is subscribed there: all frames go to all its sockets, provided the client has every scope.
 */
import type { WrittenFrame } from "./broadcast.ts";
import { bodyHash } from "./ledger.ts";

/** The scopes and the feed that needs each. */
export const PLATFORM_SCOPES = {
  "conversation:read": "conversation:activity",
  "routing:agent:read": "routing:agent:status",
  "presence:read": "presence:status",
} as const;

/** The path of the socket. */
export const PLATFORM_PATH = "/v2/platform/websocket";

/** Writes a frame of this wire, with what the ledger needs. */
export function platformFrame(topic: string, data: Readonly<Record<string, unknown>>): WrittenFrame {
  const bodyText = JSON.stringify(data);
  const keys = [data["conversationId"], data["agentId"], data["userId"]];
  const key = keys.find((value): value is string => typeof value === "string") ?? "";
  return {
    topic,
    key,
    hash: bodyHash(bodyText),
    head: `{"topic":${JSON.stringify(topic)},"data":`,
    bodyText,
    tail: "}",
  };
}

/** A participant's state as this wire calls it: a call that alerts is "ringing" here, and only here. */
export function platformState(state: string): string {
  return state === "alerting" ? "ringing" : state;
}
