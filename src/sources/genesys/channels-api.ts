/** The channel calls of the API as the channel line needs them: create, subscribe, look, leave. Answers are values. */
import { oneLine } from "../../core/cause.ts";
import type { Token, TokenSource } from "../../oauth/token.ts";
import { API_PATHS, MAX_CHANNELS } from "../../wire/genesys.ts";
import { connectUriProblem, type Endpoints } from "./endpoints.ts";
import type { ApiAnswer, GenesysApi } from "./rest.ts";

/** A channel of ours. */
export interface Channel {
  readonly id: string;
  /** A bearer capability: whoever has it reads the events. Never shown. */
  readonly connectUri: string;
  /** Epoch milliseconds; undefined where the platform did not say. */
  readonly expiresAt: number | undefined;
  /** The token that owns it; a channel ends with its token. */
  readonly token: Token;
}

type Passing = Extract<ApiAnswer, { readonly kind: "failed" }>;
type Refusal = { readonly kind: "refused"; readonly reason: string };

/** The answer to creating a channel. */
export type CreateAnswer =
  | { readonly kind: "created"; readonly channel: Channel }
  | { readonly kind: "no-free-channel" }
  | Passing
  | Refusal;

/** A topic that the platform did not take, with its reason. */
export interface RejectedTopic {
  readonly topic: string;
  readonly reason: string;
}

/** The answer to subscribing. */
export type SubscribeAnswer =
  | { readonly kind: "subscribed"; readonly rejected: readonly RejectedTopic[] }
  | { readonly kind: "gone"; readonly reason: string }
  | Passing
  | Refusal;

/** Channels of one client. */
export interface ChannelsApi {
  /** `ifFree`: only when the client has a channel to spare. */
  create(ifFree: boolean): Promise<CreateAnswer>;
  /** Makes these topics the channel's whole list. */
  subscribe(channel: Channel, topics: readonly string[]): Promise<SubscribeAnswer>;
  /** Whether the platform still knows it. */
  exists(channel: Channel): Promise<{ readonly kind: "known"; readonly exists: boolean } | Passing>;
  /** Empties its list: all that can be done, channels can't be deleted. */
  leave(channel: Channel): Promise<void>;
  /** The token that owns this channel is void: the next call takes a new one. */
  forgetToken(channel: Channel): void;
  /** Channels of the client in use, ours and foreign ones; undefined where the platform did not say. */
  inUse(): Promise<number | undefined>;
}

/** What {@link createChannelsApi} takes. */
export interface ChannelsApiOptions {
  readonly api: GenesysApi;
  readonly tokens: TokenSource;
  readonly endpoints: Endpoints;
}

/** The channel calls on this API. */
export function createChannelsApi(options: ChannelsApiOptions): ChannelsApi {
  return new Channels(options);
}

class Channels implements ChannelsApi {
  readonly #api: GenesysApi;
  readonly #tokens: TokenSource;
  readonly #endpoints: Endpoints;
  /** Channels that we left: the platform lists them until they end, though nothing uses them. */
  readonly #left = new Set<string>();

  constructor({ api, tokens, endpoints }: ChannelsApiOptions) {
    this.#api = api;
    this.#tokens = tokens;
    this.#endpoints = endpoints;
  }

  async create(ifFree: boolean): Promise<CreateAnswer> {
    if (ifFree) {
      const count = await this.inUse();
      if (count !== undefined && count >= MAX_CHANNELS) return { kind: "no-free-channel" };
    }
    const answer = await this.#api.call({ method: "POST", path: API_PATHS.channels, urgent: true });
    if (answer.kind === "gone") return { kind: "refused", reason: answer.reason };
    if (answer.kind !== "ok") return answer;
    const channel = readChannel(answer.json, answer.token);
    if (channel === undefined)
      return { kind: "failed", reason: "the platform answered with a channel that has no id or connectUri" };
    const problem = connectUriProblem(channel.connectUri, this.#endpoints);
    if (problem === undefined) return { kind: "created", channel };
    return { kind: "refused", reason: `the channel's connectUri is not trusted: ${problem}` };
  }

  async subscribe(channel: Channel, topics: readonly string[]): Promise<SubscribeAnswer> {
    const rejected: RejectedTopic[] = [];
    let wanted = topics;
    // Each round leaves out one topic that the platform names as invalid; with ignoreErrors all others come in one answer.
    for (;;) {
      const answer = await this.#put(channel, wanted);
      if (answer.kind === "ok") return { kind: "subscribed", rejected: [...rejected, ...readRejected(answer.json)] };
      if (answer.kind !== "refused") return answer;
      const named = wanted.find((topic) => answer.status === 400 && mentions(answer.message, topic));
      if (named === undefined) return answer;
      rejected.push({ topic: named, reason: answer.reason });
      wanted = wanted.filter((topic) => topic !== named);
    }
  }

  async exists(channel: Channel): Promise<{ readonly kind: "known"; readonly exists: boolean } | Passing> {
    const answer = await this.#api.call({
      method: "HEAD",
      path: pathOf(channel),
      urgent: true,
      owner: channel.token,
    });
    if (answer.kind === "failed") return answer;
    return { kind: "known", exists: answer.kind === "ok" };
  }

  async leave(channel: Channel): Promise<void> {
    this.#left.add(channel.id);
    await this.#put(channel, []);
  }

  forgetToken(channel: Channel): void {
    this.#tokens.invalidate(channel.token.value);
  }

  async inUse(): Promise<number | undefined> {
    const answer = await this.#api.call({ method: "GET", path: `${API_PATHS.channels}?includechannels=oauthclient` });
    if (answer.kind !== "ok") return undefined;
    const listed = readEntities(answer.json).map(({ id }) => id);
    for (const id of this.#left) if (!listed.includes(id)) this.#left.delete(id);
    // Of other tokens' channels the ids are withheld: they count as used, or a living one could be pushed out.
    return listed.filter((id) => typeof id !== "string" || !this.#left.has(id)).length;
  }

  #put(channel: Channel, topics: readonly string[]): Promise<ApiAnswer> {
    return this.#api.call({
      method: "PUT",
      path: `${pathOf(channel)}/subscriptions?ignoreErrors=true`,
      body: topics.map((id) => ({ id })),
      urgent: true,
      owner: channel.token,
    });
  }
}

function pathOf(channel: Channel): string {
  return `${API_PATHS.channels}/${encodeURIComponent(channel.id)}`;
}

function readChannel(json: unknown, token: Token): Channel | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { id, connectUri, expires } = json as Record<string, unknown>;
  if (typeof id !== "string" || id === "" || typeof connectUri !== "string") return undefined;
  const end = typeof expires === "string" ? Date.parse(expires) : Number.NaN;
  return { id, connectUri, token, expiresAt: Number.isNaN(end) ? undefined : end };
}

function readEntities(json: unknown): readonly Readonly<Record<string, unknown>>[] {
  const entities = typeof json === "object" && json !== null && "entities" in json ? json.entities : undefined;
  if (!Array.isArray(entities)) return [];
  return entities.filter((entity): entity is Record<string, unknown> => typeof entity === "object" && entity !== null);
}

function readRejected(json: unknown): readonly RejectedTopic[] {
  return readEntities(json)
    .filter(({ id, state }) => typeof id === "string" && state === "Rejected")
    .map(({ id, rejectionReason, missingPermissions }) => ({
      topic: String(id),
      reason: rejectionText(rejectionReason, missingPermissions),
    }));
}

function rejectionText(reason: unknown, missing: unknown): string {
  const permissions = Array.isArray(missing) ? missing.filter((entry) => typeof entry === "string").join(", ") : "";
  const said = typeof reason === "string" ? oneLine(reason).slice(0, 300) : "";
  if (permissions === "") return said === "" ? "refused without a reason" : said;
  return `the client lacks ${oneLine(permissions).slice(0, 300)}${said === "" ? "" : ` (${said})`}`;
}

/** Whether a message names a topic; as a whole, not as the beginning of a longer one. */
function mentions(message: string, topic: string): boolean {
  const at = message.toLowerCase().indexOf(topic.toLowerCase());
  return at !== -1 && !/[\w.]/u.test(message.charAt(at + topic.length).replace(/\.$/u, ""));
}
