/**
 * The channel calls of the API as the channel line needs them: create, subscribe, look, leave. Answers are values.
 *
 * One writer for each channel: what changes its list waits for what was asked before, so an older list never overtakes a newer one.
 */
import type { Token, TokenSource } from "../../oauth/token.ts";
import type { Clock } from "../../ports/clock.ts";
import { combineTopics } from "../../core/topic.ts";
import { API_PATHS, MAX_CHANNELS } from "../../wire/genesys.ts";
import { connectUriProblem, type Endpoints } from "./endpoints.ts";
import { MoveTurns } from "./move-turns.ts";
import type { ApiAnswer, CallPriority, GenesysApi } from "./rest.ts";
import {
  mentionedTopic,
  isList,
  missingFrom,
  permissionsIn,
  readEntities,
  readRejected,
  type RejectedTopic,
} from "./topic-list.ts";

export type { RejectedTopic } from "./topic-list.ts";

/** A channel of ours. */
export interface Channel {
  readonly id: string;
  /** A bearer capability: whoever has it reads the events. Never shown. */
  readonly connectUri: string;
  /** Epoch milliseconds, moved on by `extend`; undefined where the platform did not say. */
  expiresAt: number | undefined;
  /** How long it lives after each writing of its list, in milliseconds. */
  readonly lifeMs: number;
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

/** The answer to subscribing. */
export type SubscribeAnswer =
  /** `missing`: neither taken nor rejected, though it was asked for. */
  | {
      readonly kind: "subscribed";
      readonly rejected: readonly RejectedTopic[];
      readonly missing: readonly string[];
    }
  | { readonly kind: "gone"; readonly reason: string }
  | Passing
  | Refusal;

/** The answer to reading a channel's list: which of the topics that shall be there are not. */
export type ReadBack =
  | { readonly kind: "read"; readonly missing: readonly string[] }
  | { readonly kind: "gone"; readonly reason: string }
  | Passing
  | Refusal;

/** Channels of one client. */
export interface ChannelsApi {
  /** In any case; where the client has no channel to spare, one of them is pushed out. */
  create(): Promise<CreateAnswer>;
  /**
   * Only when the client has a channel to spare, for a line that will leave the one that it has. Where others are moving, it is waited
   * for what they leave, as long as that is of use.
   */
  createIfFree(mayWait: () => boolean): Promise<CreateAnswer>;
  /** Makes these topics, single ones, the channel's whole list, and reads back what the platform made of it. */
  subscribe(channel: Channel, topics: readonly string[], options?: WriteOptions): Promise<SubscribeAnswer>;
  /** Writes the list anew, which the platform takes for a sign that the channel is wanted: its life begins anew. */
  extend(channel: Channel, topics: readonly string[], options?: WriteOptions): Promise<SubscribeAnswer>;
  /** Holds the channel's list against these topics, and changes nothing. */
  readBack(channel: Channel, topics: readonly string[], priority?: CallPriority): Promise<ReadBack>;
  /** Whether the platform still knows it. */
  exists(channel: Channel): Promise<{ readonly kind: "known"; readonly exists: boolean } | Passing>;
  /** We use it no more: it counts no longer as one that is in use, and lines that wait for a place may have it. */
  release(channel: Channel): void;
  /** Releases it and empties its list: all that can be done, channels can't be deleted. Failures do not matter. */
  leave(channel: Channel): Promise<void>;
  /** The token that owns this channel is void: the next call takes a new one. */
  forgetToken(channel: Channel): void;
  /** Whether the token that owns this channel is known to be void. */
  isTokenVoid(channel: Channel): boolean;
  /** Channels of the client in use, ours and foreign ones; undefined where the platform did not say. */
  inUse(priority?: CallPriority): Promise<number | undefined>;
}

/** What {@link createChannelsApi} takes. */
export interface ChannelsApiOptions {
  readonly api: GenesysApi;
  readonly tokens: TokenSource;
  readonly endpoints: Endpoints;
  readonly clock: Clock;
}

/** How a list is written. */
export interface WriteOptions {
  /** @defaultValue `reconnect` */
  readonly priority?: CallPriority;
  /** Send combined topics (docs/protocol.md, 6). @defaultValue `false` */
  readonly combine?: boolean;
}

/** The channel calls on this API. */
export function createChannelsApi(options: ChannelsApiOptions): ChannelsApi {
  return new Channels(options);
}

class Channels implements ChannelsApi {
  readonly #api: GenesysApi;
  readonly #tokens: TokenSource;
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  /** Channels that we left: the platform lists them until they end, though nothing uses them. */
  readonly #left = new Set<string>();
  readonly #released = new WeakSet<Channel>();
  readonly #moves: MoveTurns;
  /** Of each channel what is under way on its list. */
  readonly #writes = new WeakMap<Channel, Promise<unknown>>();

  constructor({ api, tokens, endpoints, clock }: ChannelsApiOptions) {
    this.#api = api;
    this.#tokens = tokens;
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#moves = new MoveTurns(clock);
  }

  async createIfFree(mayWait: () => boolean): Promise<CreateAnswer> {
    const attempt = async (): Promise<CreateAnswer | undefined> => {
      const count = await this.inUse("subscribe");
      if (count !== undefined && count >= MAX_CHANNELS) return undefined;
      const answer = await this.create();
      if (answer.kind === "created") this.#moves.begun();
      return answer;
    };
    return (await this.#moves.move(attempt, mayWait)) ?? { kind: "no-free-channel" };
  }

  async create(): Promise<CreateAnswer> {
    const answer = await this.#api.call({ method: "POST", path: API_PATHS.channels, priority: "reconnect" });
    if (answer.kind === "gone") return { kind: "refused", reason: answer.reason };
    if (answer.kind !== "ok") return answer;
    const channel = readChannel(answer.json, answer.token, this.#clock.now());
    if (channel === undefined)
      return { kind: "failed", reason: "the platform answered with a channel that has no id or connectUri" };
    const problem = connectUriProblem(channel.connectUri, this.#endpoints);
    if (problem === undefined) return { kind: "created", channel };
    return { kind: "refused", reason: `the channel's connectUri is not trusted: ${problem}` };
  }

  subscribe(channel: Channel, topics: readonly string[], options: WriteOptions = {}): Promise<SubscribeAnswer> {
    return this.#inTurn(channel, () => this.#subscribe(channel, topics, options));
  }

  async #subscribe(channel: Channel, topics: readonly string[], options: WriteOptions): Promise<SubscribeAnswer> {
    const invalid: RejectedTopic[] = [];
    let wanted = topics;
    // Each round leaves out one topic that the platform names as invalid; with ignoreErrors all others come in one answer.
    for (;;) {
      const answer = await this.#put(channel, wanted, options);
      if (answer.kind === "ok") {
        if (!isList(answer.json))
          return { kind: "failed", reason: "the platform answered with something else than the channel's list" };
        const rejected = [...invalid, ...readRejected(answer.json, wanted)];
        return { kind: "subscribed", rejected, missing: await this.#unlisted(channel, wanted, answer.json) };
      }
      if (answer.kind !== "refused") return answer;
      const about = answer.status === 400 || answer.status === 403 ? answer.message : "";
      const named = mentionedTopic(about, wanted);
      if (named === undefined) return answer;
      invalid.push({ topic: named, reason: answer.reason, missingPermissions: permissionsIn(answer.message) });
      wanted = wanted.filter((topic) => topic !== named);
    }
  }

  async extend(channel: Channel, topics: readonly string[], options: WriteOptions = {}): Promise<SubscribeAnswer> {
    const begun = this.#clock.now();
    const answer = await this.subscribe(channel, topics, options);
    if (answer.kind !== "subscribed") return answer;
    const listed = await this.#api.call({
      method: "GET",
      path: API_PATHS.channels,
      priority: "subscribe",
      owner: channel.token,
    });
    const found = listed.kind === "ok" ? readEntities(listed.json).find(({ id }) => id === channel.id) : undefined;
    channel.expiresAt = toInstant(found?.["expires"]) ?? begun + channel.lifeMs;
    return answer;
  }

  /** The answer names what it took. Where it does not name all, the list is looked up once. */
  async #unlisted(channel: Channel, wanted: readonly string[], json: unknown): Promise<readonly string[]> {
    if (missingFrom(json, wanted).length === 0) return [];
    const read = await this.readBack(channel, wanted);
    if (read.kind !== "read") return [];
    const rejected = new Set(readRejected(json, wanted).map(({ topic }) => topic));
    return read.missing.filter((topic) => !rejected.has(topic));
  }

  async readBack(channel: Channel, topics: readonly string[], priority: CallPriority = "subscribe"): Promise<ReadBack> {
    const answer = await this.#api.call({
      method: "GET",
      path: `${pathOf(channel)}/subscriptions`,
      priority,
      owner: channel.token,
    });
    if (answer.kind !== "ok") return answer;
    if (!isList(answer.json))
      return { kind: "failed", reason: "the platform answered with something else than the channel's list" };
    return { kind: "read", missing: missingFrom(answer.json, topics) };
  }

  async exists(channel: Channel): Promise<{ readonly kind: "known"; readonly exists: boolean } | Passing> {
    const answer = await this.#api.call({
      method: "HEAD",
      path: pathOf(channel),
      priority: "reconnect",
      owner: channel.token,
    });
    if (answer.kind === "failed") return answer;
    return { kind: "known", exists: answer.kind === "ok" };
  }

  release(channel: Channel): void {
    if (this.#released.has(channel)) return;
    this.#released.add(channel);
    this.#left.add(channel.id);
    this.#moves.left();
  }

  async leave(channel: Channel): Promise<void> {
    this.release(channel);
    await this.#inTurn(channel, () => this.#put(channel, [], { priority: "subscribe" }));
  }

  forgetToken(channel: Channel): void {
    this.#tokens.invalidate(channel.token.value);
  }

  isTokenVoid(channel: Channel): boolean {
    return this.#tokens.isVoid(channel.token.value);
  }

  async inUse(priority: CallPriority = "reconcile"): Promise<number | undefined> {
    const path = `${API_PATHS.channels}?includechannels=oauthclient`;
    const answer = await this.#api.call({ method: "GET", path, priority });
    if (answer.kind !== "ok") return undefined;
    const listed = readEntities(answer.json).map(({ id }) => id);
    for (const id of this.#left) if (!listed.includes(id)) this.#left.delete(id);
    // Of other tokens' channels the ids are withheld: they count as used, or a living one could be pushed out.
    return listed.filter((id) => typeof id !== "string" || !this.#left.has(id)).length;
  }

  #inTurn<T>(channel: Channel, write: () => Promise<T>): Promise<T> {
    const before = this.#writes.get(channel);
    // Nothing here rejects; were it to, the next one must still have its turn.
    const turn = before === undefined ? write() : before.then(write, write);
    this.#writes.set(channel, turn);
    return turn;
  }

  #put(channel: Channel, topics: readonly string[], options: WriteOptions): Promise<ApiAnswer> {
    const { priority = "reconnect", combine = false } = options;
    const entries = combine ? combineTopics(topics) : topics;
    return this.#api.call({
      method: "PUT",
      path: `${pathOf(channel)}/subscriptions?ignoreErrors=true`,
      body: entries.map((id) => ({ id })),
      priority,
      owner: channel.token,
    });
  }
}

function pathOf(channel: Channel): string {
  return `${API_PATHS.channels}/${encodeURIComponent(channel.id)}`;
}

/** Life of a channel where the platform does not say it (docs/protocol.md, 7). */
const LIFE_MS = 86_400_000;

function readChannel(json: unknown, token: Token, now: number): Channel | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { id, connectUri, expires } = json as Record<string, unknown>;
  if (typeof id !== "string" || id === "" || typeof connectUri !== "string") return undefined;
  const expiresAt = toInstant(expires);
  return { id, connectUri, token, expiresAt, lifeMs: expiresAt === undefined ? LIFE_MS : Math.max(0, expiresAt - now) };
}

function toInstant(text: unknown): number | undefined {
  const at = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
