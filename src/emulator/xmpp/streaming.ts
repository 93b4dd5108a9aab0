/** Streams and channels: who may use which, and what a stream asks of its channel. */
import type { Clock } from "../../ports/clock.ts";
import type { ApiRequest } from "../answer.ts";
import type { Channel, Channels } from "../channels.ts";
import type { Tokens } from "../oauth.ts";
import type { EmulatorLimits } from "../options.ts";
import type { ProviderSocket } from "../sockets.ts";
import { takeEntries } from "../subscriptions.ts";
import type { EmulatorSwitches } from "../switches.ts";
import type { TopicCatalogue } from "../topics.ts";
import type { StanzaRefusal } from "./requests.ts";
import { expiringFrame } from "./stanzas.ts";
import type { LoginOutcome, StreamHouse } from "./stream.ts";

/** The path of a channel's stream, but for its id. */
export const STREAMING_PATH = "/stream/channels/";

/** Whether the client offers to speak XMPP. */
export function isXmppOffered({ headers }: ApiRequest): boolean {
  return String(headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .some((protocol) => protocol.trim() === "xmpp");
}

/** What a new stream is given. */
export interface StreamParts {
  readonly options: { readonly clock: Clock; readonly limits: EmulatorLimits; readonly switches: EmulatorSwitches };
  readonly domain: string;
  readonly tokens: Tokens;
  readonly channels: Channels;
  readonly catalogue: TopicCatalogue;
  /** None when it has ended with its token. */
  readonly channel: Channel | undefined;
  readonly onChanged: (channel: Channel) => void;
  /** The stream is ready for events. */
  readonly onBound: (channel: Channel) => void;
}

/** What the stream of a channel may ask of the house. */
export function greetStream(parts: StreamParts): StreamHouse {
  const { options, domain, channels, channel, onBound } = parts;
  const isThere = (): boolean => channel !== undefined && channels.find(channel.id) === channel;
  return {
    domain,
    newId: () => options.clock.uuid(),
    sendsPings: options.switches.serverSidePings,
    login: (address, token) => login(parts, isThere(), address, token),
    bound: () => {
      if (channel === undefined || !isThere()) return false;
      onBound(channel);
      return true;
    },
    subscribe: (topic) => (channel === undefined ? "item-not-found" : subscribe(parts, channel, topic)),
    unsubscribe: (topic) => channel !== undefined && channels.unsubscribe(channel, [topic]),
  };
}

/** Any token of the channel's user will do: a client comes back to its channel with a token that was renewed. */
function login(
  { tokens, domain, channel }: StreamParts,
  isThere: boolean,
  address: string,
  given: string,
): LoginOutcome {
  const token = tokens.find(given);
  if (token?.userId === undefined) return "not-authorized";
  if (address.toLowerCase() !== `${token.userId}@${domain}`.toLowerCase()) return "not-authorized";
  if (channel === undefined || !isThere) return "channel-gone";
  return channel.token.userId === token.userId ? "welcome" : "not-authorized";
}

function subscribe(parts: StreamParts, channel: Channel, topic: string): StanzaRefusal | undefined {
  const { channels, catalogue, onChanged } = parts;
  const read = catalogue.read(topic);
  const [refused] = read.refused;
  if (refused !== undefined) return refused.status === 403 ? "forbidden" : "item-not-found";
  const context = { channels, limits: parts.options.limits, onChanged };
  return takeEntries(context, channel, [read], false) === undefined ? undefined : "policy-violation";
}

/** How long before the end of a channel its client is told, at most. */
const NOTICE_MS = 60_000;

/** Tells the client of a channel that is about to expire, each time it is. */
export function warnOfEnd(
  channel: Channel,
  socket: ProviderSocket,
  { clock, limits }: { readonly clock: Clock; readonly limits: EmulatorLimits },
  channels: Channels,
): void {
  const noticeMs = Math.min(NOTICE_MS, limits.channelLifeMs / 10);
  const wait = (): void => {
    const leftMs = channel.expiresAt - clock.now();
    if (leftMs <= 0 || channels.find(channel.id) !== channel) return;
    const isDue = leftMs <= noticeMs;
    if (isDue) socket.send(expiringFrame(Math.ceil(leftMs / 1000)));
    timer = clock.setTimer(isDue ? leftMs : leftMs - noticeMs, () => socket.isOpen && wait());
  };
  let timer = clock.setTimer(Math.max(0, channel.expiresAt - clock.now() - noticeMs), wait);
  void socket.closed.then(() => timer.cancel());
}
