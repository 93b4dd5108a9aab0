/** What each socket fault does to one socket. */
import type { Broadcast } from "./broadcast.ts";
import type { Channel, Channels } from "./channels.ts";
import type { FaultRequest } from "./fault-check.ts";
import { numberOf, textOf } from "./fault-check.ts";
import type { FaultName } from "./fault-list.ts";
import type { SocketFaultAction } from "./faults.ts";
import { glob } from "./glob.ts";
import { JUNK_KINDS, junkFrame } from "./junk.ts";
import type { Lobby } from "./lobby.ts";
import type { Tokens } from "./oauth.ts";
import type { EmulatorSwitches } from "./switches.ts";
import type { ProviderSocket } from "./sockets.ts";
import type { Clock } from "../ports/clock.ts";

/** What socket faults act on. */
export interface SocketFaultContext {
  readonly clock: Clock;
  readonly channels: Channels;
  readonly tokens: Tokens;
  readonly lobby: Lobby;
  readonly switches: EmulatorSwitches;
  readonly broadcast: () => Broadcast;
}

type Act = (
  context: SocketFaultContext,
  socket: ProviderSocket,
  request: FaultRequest,
  channel: Channel | undefined,
) => void;
type ActOnChannel = (
  context: SocketFaultContext,
  channel: Channel,
  request: FaultRequest,
  socket: ProviderSocket,
) => void;

const DEFAULT_CLOSE = 1011;
const DEFAULT_GRACE_MS = 60_000;
const DEFAULT_BIG_BYTES = 2_097_152;

/** Faults that both wires know. */
const ON_SOCKETS: Partial<Record<FaultName, Act>> = {
  close: (_context, socket, request) =>
    socket.close(numberOf(request, "code", DEFAULT_CLOSE), textOf(request, "reason", "")),
  drop: (_context, socket) => socket.drop(),
  stall: (_context, socket, { heartbeats }) => socket.stall(heartbeats === true ? "heartbeats" : "silent"),
  malformed: sendJunk,
  token_revoked: revoke,
  replay: ({ broadcast, clock }, socket, request) =>
    broadcast().replay(socket, {
      count: numberOf(request, "events", 10),
      isTopic: glob(textOf(request, "topic", "*")),
      before: clock.now() - numberOf(request, "backMs", 0),
    }),
};

/** Faults that only sockets with a channel know. */
const ON_CHANNELS: Partial<Record<FaultName, ActOnChannel>> = {
  channel_gone: ({ channels }, channel, { silent }) => channels.end(channel, silent === true ? "silently" : "expired"),
  no_longer_subscribed: ({ lobby, channels, switches }, channel, _request, socket) => {
    lobby.tell(channel, "no_longer_subscribed");
    channels.unsubscribe(channel);
    // The streaming client stops its pings at this notice and waits for the end, to come back with a new channel.
    if (socket.wire === "streaming") socket.close(switches.channelGoneCode, "no longer subscribed");
  },
  topics_lost: ({ channels }, channel, request) =>
    void channels.loseTopics(channel, glob(textOf(request, "topics", "*"))),
  socket_closing: giveNotice,
  takeover: takeOver,
};

/** Makes the action for {@link Faults}. */
export function createSocketFaults(context: SocketFaultContext): SocketFaultAction {
  return (socket, name, request) => {
    const channel = context.lobby.channelOf(socket);
    ON_SOCKETS[name]?.(context, socket, request, channel);
    if (channel !== undefined) ON_CHANNELS[name]?.(context, channel, request, socket);
  };
}

/** The channel stays: a client that came back in time has another socket by now, and this one is closed already. */
function giveNotice(
  { lobby, clock, switches }: SocketFaultContext,
  channel: Channel,
  request: FaultRequest,
  socket: ProviderSocket,
): void {
  lobby.tell(channel, "socket_closing");
  const graceMs = numberOf(request, "graceMs", DEFAULT_GRACE_MS);
  if (graceMs < 0) return;
  clock.setTimer(graceMs, () => socket.isOpen && socket.close(switches.maintenanceCode, "maintenance"));
}

/** A rival that is dropped when the client comes back, and comes back itself. */
function takeOver({ clock, lobby }: SocketFaultContext, channel: Channel, request: FaultRequest): void {
  const everyMs = numberOf(request, "everyMs", 1000);
  const again = (times: number): void => {
    lobby.replaceSocket(channel, undefined);
    if (times > 1) clock.setTimer(everyMs, () => again(times - 1));
  };
  again(numberOf(request, "rounds", 1));
}

function revoke(
  { lobby, tokens }: SocketFaultContext,
  socket: ProviderSocket,
  request: FaultRequest,
  channel: Channel | undefined,
): void {
  if (channel !== undefined && request["notice"] !== false) lobby.tell(channel, "token_revoked");
  const token = lobby.tokenOf(socket);
  if (token !== undefined) tokens.revoke(token);
}

function sendJunk(_context: SocketFaultContext, socket: ProviderSocket, request: FaultRequest): void {
  const { text } = request;
  if (typeof text === "string") {
    socket.send(Buffer.from(text));
    return;
  }
  const junk = junkFrame(textOf(request, "kind", JUNK_KINDS[0]), numberOf(request, "bytes", DEFAULT_BIG_BYTES));
  if (junk.isBinary) socket.sendBinary(junk.bytes);
  else socket.send(junk.bytes);
}
