/** The REST calls of notifications: channels, their subscriptions and the catalogue (docs/protocol.md, 4). */
import type { Answer, ApiRequest, PlayedFault } from "./answer.ts";
import { apiError, asObject, decodeJson, notFound, ok } from "./answer.ts";
import type { Channel, ChannelEntry, Channels } from "./channels.ts";
import type { Token } from "./oauth.ts";
import type { EmulatorLimits } from "./options.ts";
import type { RateLimit } from "./rate-limit.ts";
import { tooManyRequests } from "./rate-limit.ts";
import type { EmulatorSwitches } from "./switches.ts";
import type { ReadEntry, Refusal, TopicCatalogue } from "./topics.ts";
import { rejected } from "./topics.ts";

/** What the calls act on. */
export interface NotificationContext {
  readonly channels: Channels;
  readonly catalogue: TopicCatalogue;
  readonly limits: EmulatorLimits;
  readonly switches: EmulatorSwitches;
  /** Counts the channels made. */
  readonly creations: RateLimit;
  /** The base of `connectUri` for the caller of this request. */
  readonly streamingUrl: (request: ApiRequest) => string;
  /** Called after a channel's list changed. */
  readonly onChanged: (channel: Channel) => void;
}

const PREFIX = "/api/v2/notifications/";

/** Answers a request under `/api/v2/notifications/`. */
export function answerNotifications(context: NotificationContext, token: Token, request: ApiRequest): Answer {
  const [kind, id, part, ...rest] = request.path.slice(PREFIX.length).split("/");
  if (kind === "availabletopics" && id === undefined) return reading(request, () => context.catalogue.answer(request));
  if (kind !== "channels" || rest.length > 0) return notFound(request);
  if (id === undefined) return answerChannels(context, token, request);
  const channel = context.channels.find(decodeURIComponent(id));
  const isForeign = channel !== undefined && channel.token !== token;
  if (isForeign && context.switches.otherTokens === "forbidden") {
    return apiError(request, 403, "not.authorized", "The channel belongs to another token.");
  }
  const mine = isForeign && context.switches.otherTokens === "not-found" ? undefined : channel;
  if (part === undefined) {
    if (request.method !== "HEAD") return notAllowed(request);
    return { status: mine === undefined ? 404 : 200 };
  }
  if (part !== "subscriptions") return notFound(request);
  if (mine === undefined) return channelNotFound(request, id);
  return answerSubscriptions(context, mine, request);
}

function reading(request: ApiRequest, answer: () => Answer): Answer {
  return request.method === "GET" || request.method === "HEAD" ? answer() : notAllowed(request);
}

function notAllowed(request: ApiRequest): Answer {
  return apiError(request, 405, "method.not.allowed", "HTTP 405 Method Not Allowed");
}

function channelNotFound(request: ApiRequest, id: string): Answer {
  const code = request.method === "PUT" ? "entity.not.found" : "not.found";
  return apiError(request, 404, code, `Channel not found: ${id}`, { entityId: id });
}

function answerChannels(context: NotificationContext, token: Token, request: ApiRequest): Answer {
  if (request.method === "POST") {
    const { retryAfterS } = context.creations.count(token.value);
    if (retryAfterS > 0) return tooManyRequests(request, retryAfterS, context.limits.channelsPerMinute);
    return ok(toJson(context.channels.create(token, context.streamingUrl(request))));
  }
  return reading(request, () => {
    const scope = request.query.get("includechannels") ?? "token";
    if (scope !== "token" && scope !== "oauthclient") {
      return apiError(request, 400, "invalid.query.param.value", `Invalid value for includechannels: ${scope}`);
    }
    const listed = context.channels.list().filter((channel) => channel.token === token || scope === "oauthclient");
    // Channels of other tokens of the client appear, but their ids (which are their credentials) are withheld.
    return ok({
      entities: listed.map((channel) => (channel.token === token ? toJson(channel) : { expires: expires(channel) })),
    });
  });
}

function answerSubscriptions(context: NotificationContext, channel: Channel, request: ApiRequest): Answer {
  switch (request.method) {
    case "GET":
    case "HEAD":
      return ok({
        entities: Array.from(channel.entries.values(), (entry) => ({
          id: entry.id,
          selfUri: selfUri(channel, entry.id),
        })),
      });
    case "DELETE":
      context.channels.unsubscribe(channel);
      context.onChanged(channel);
      return context.switches.deleteStatus === 204
        ? { status: 204 }
        : { status: context.switches.deleteStatus, json: {} };
    case "POST":
    case "PUT":
      return subscribe(context, channel, request);
    default:
      return notAllowed(request);
  }
}

function subscribe(context: NotificationContext, channel: Channel, request: ApiRequest): Answer {
  const ids = topicIds(request.body);
  if (ids === undefined)
    return apiError(request, 400, "bad.request", 'The request body must be an array of topics: [{"id": "…"}]');
  const read = ids.map((id) => rejecting(context.catalogue.read(id), request.played?.rejection));
  const refusal = read.flatMap((entry) => entry.refused)[0];
  const replace = request.method === "PUT";
  if (refusal !== undefined && request.query.get("ignoreErrors")?.toLowerCase() !== "true") {
    if (replace && context.switches.refusedPutEmpties) context.channels.unsubscribe(channel);
    return apiError(request, refusal.status, refusal.code, refusal.message);
  }
  const problem = takeEntries(context, channel, read, replace);
  if (problem !== undefined) return apiError(request, 400, problem.code, problem.message);
  return ok({ entities: read.flatMap((entry) => toEntities(channel, entry)) });
}

/** What a fault leaves of an entry. */
function rejecting(entry: ReadEntry, rejection: PlayedFault["rejection"]): ReadEntry {
  if (rejection === undefined) return entry;
  const hit = entry.granted.filter(rejection.isTopic);
  const granted = entry.granted.filter((topic) => !hit.includes(topic));
  const refused = rejection.isSilent ? [] : hit.map((topic) => rejected(topic, rejection.status));
  return { id: entry.id, granted, refused: [...entry.refused, ...refused] };
}

/** Puts what was granted on the channel; the reason when it can't hold that much. */
export function takeEntries(
  context: Pick<NotificationContext, "channels" | "limits" | "onChanged">,
  channel: Channel,
  read: readonly ReadEntry[],
  replace: boolean,
): { readonly code: string; readonly message: string } | undefined {
  const entries: ChannelEntry[] = read
    .filter((entry) => entry.granted.length > 0)
    .map((entry) => ({ id: entry.id, topics: entry.granted }));
  const max = context.limits.topicsPerChannel;
  const count = context.channels.countTopics(channel, entries, replace);
  if (count > max) {
    const message = `Too many subscriptions: ${count}, a channel holds at most ${max} topics`;
    return { code: "notification.subscription.too.many.subscriptions", message };
  }
  context.channels.subscribe(channel, entries, replace);
  context.onChanged(channel);
  return undefined;
}

/** The ids of a subscription request; an empty body is an empty list. */
function topicIds(body: string): readonly string[] | undefined {
  if (body.trim() === "") return [];
  const list = decodeJson(body)?.value;
  if (!Array.isArray(list)) return undefined;
  const ids = list.map((item) => asObject(item)?.["id"]);
  return ids.every((id) => typeof id === "string") ? ids : undefined;
}

/** A combined entry that is partly refused appears as permitted, and each refused topic under its own name (docs/protocol.md, 4.2). */
function toEntities(channel: Channel, entry: ReadEntry): readonly Readonly<Record<string, unknown>>[] {
  const permitted = { id: entry.id, state: "Permitted", selfUri: selfUri(channel, entry.id) };
  const rejected = entry.refused.map((refusal) => toRejected(channel, refusal));
  return entry.granted.length > 0 ? [permitted, ...rejected] : rejected;
}

function toRejected(channel: Channel, refusal: Refusal): Readonly<Record<string, unknown>> {
  return {
    id: refusal.topic,
    state: "Rejected",
    rejectionReason: refusal.message,
    ...(refusal.missingPermissions.length > 0 && { missingPermissions: refusal.missingPermissions }),
    selfUri: selfUri(channel, refusal.topic),
  };
}

function selfUri(channel: Channel, topic: string): string {
  return `${PREFIX}channels/${channel.id}/subscriptions/${topic}`;
}

function expires(channel: Channel): string {
  return new Date(channel.expiresAt).toISOString();
}

function toJson(channel: Channel): Readonly<Record<string, unknown>> {
  return { connectUri: channel.connectUri, id: channel.id, expires: expires(channel) };
}
