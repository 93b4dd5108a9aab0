/** What each socket fault does to one socket. */
import type { Channel, Channels } from "./channels.ts";
import type { FaultName, FaultRequest, SocketFaultAction } from "./faults.ts";
import type { Lobby } from "./lobby.ts";
import type { Tokens } from "./oauth.ts";
import type { ProviderSocket } from "./sockets.ts";
import type { Clock } from "../ports/clock.ts";

/** What socket faults act on. */
export interface SocketFaultContext {
  readonly clock: Clock;
  readonly channels: Channels;
  readonly tokens: Tokens;
  readonly lobby: Lobby;
}

const DEFAULT_CLOSE = 1011;
const DEFAULT_GRACE_MS = 60_000;

const JUNK: Readonly<Record<string, string>> = {
  truncated:
    '{"topicName":"v2.users.00000000-0000-4000-8000-000000000000.presence","version":"2","eventBody":{"source":"PURE',
  text: "this is not JSON",
  "unknown-fields":
    '{"future":{"shape":[1,2,3]},"topicName":"v2.future.thing","version":"3","eventBody":{"additionalProperties":{}}}',
};
const JUNK_BYTES = Buffer.from([0x00, 0xff, 0xfe, 0x7b, 0x22, 0x80]);

/** Makes the action for {@link Faults}. */
export function createSocketFaults(context: SocketFaultContext): SocketFaultAction {
  return (socket, name, request) => {
    const channel = context.lobby.channelOf(socket);
    if (name === "close") socket.close(numberOr(request["code"], DEFAULT_CLOSE), textOr(request["reason"], ""));
    if (name === "drop") socket.drop();
    if (name === "stall") socket.stall(request["heartbeats"] === true ? "heartbeats" : "silent");
    if (name === "malformed") sendJunk(socket, textOr(request["kind"], "truncated"));
    if (name === "token_revoked") revoke(context, socket, channel);
    if (channel !== undefined) onChannel(context, socket, channel, name, request);
  };
}

/** Faults that only sockets with a channel know. */
function onChannel(
  context: SocketFaultContext,
  socket: ProviderSocket,
  channel: Channel,
  name: FaultName,
  request: FaultRequest,
): void {
  if (name === "channel_gone") context.channels.end(channel, "expired");
  if (name === "no_longer_subscribed") {
    context.lobby.tell(channel, "no_longer_subscribed");
    context.channels.unsubscribe(channel);
  }
  if (name === "socket_closing") {
    context.lobby.tell(channel, "socket_closing");
    const graceMs = numberOr(request["graceMs"], DEFAULT_GRACE_MS);
    // The channel stays: a client that came back in time has another socket by now, and this one is closed already.
    if (graceMs >= 0) context.clock.setTimer(graceMs, () => socket.isOpen && socket.close(1001, "maintenance"));
  }
}

function revoke(context: SocketFaultContext, socket: ProviderSocket, channel: Channel | undefined): void {
  if (channel !== undefined) context.lobby.tell(channel, "token_revoked");
  const token = context.lobby.tokenOf(socket);
  if (token !== undefined) context.tokens.revoke(token);
}

function sendJunk(socket: ProviderSocket, kind: string): void {
  if (kind === "binary") socket.sendBinary(JUNK_BYTES);
  else socket.send(Buffer.from(JUNK[kind] ?? (JUNK["truncated"] as string)));
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}
