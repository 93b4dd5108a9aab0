/**
 * One OAuth client as all sources of a process share it: its token, its requests (the platform counts them by client), its channels
 * of which there are 20, and the instants at which channels are renewed.
 *
 * - B1  Two sources with the same client on the same hosts have one budget, one token and one list of renewals.
 * - B3  That its token ended early is told to all who use it.
 * - B2  With the last source that uses it, it is forgotten, its token too.
 */
import { pickInstant } from "../../core/renewal.ts";
import { EvictionWatch } from "../../core/rivals.ts";
import { createTokenSource, secretSpellings } from "../../oauth/token.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Net } from "../../ports/net.ts";
import type { SourceContext } from "../../ports/source.ts";
import { API_PATHS } from "../../wire/genesys.ts";
import { type ChannelsApi, createChannelsApi } from "./channels-api.ts";
import type { Endpoints } from "./endpoints.ts";
import { createGenesysApi, type GenesysApi } from "./rest.ts";

/** Instants of renewals, epoch milliseconds, one for each who asks. */
export interface Renewals {
  /** An instant within the window, apart from those of others; a second one for the same takes the place of the first. */
  reserve(owner: object, from: number, until: number): number;
  release(owner: object): void;
}

/** A client. */
export interface PlatformClient {
  readonly api: GenesysApi;
  readonly channels: ChannelsApi;
  readonly renewals: Renewals;
  readonly evictions: EvictionWatch;
  /** This source uses it no more. Once. */
  release(): void;
}

/** Who the client is, and where. */
export interface ClientIdentity {
  readonly endpoints: Endpoints;
  readonly clientId: string;
  readonly clientSecret: string;
}

interface Shared {
  readonly key: string;
  readonly net: Net;
  readonly client: Omit<PlatformClient, "release">;
  /** B3. */
  readonly users: Set<() => void>;
}

/** Two moves are so far apart, where their windows have room for it: longer than a move takes. */
const SPACING_MS = 5_000;

/** By clock, so that what has a time of its own (a test, a simulation) shares nothing with others. */
const clients = new WeakMap<Clock, Shared[]>();

/**
 * The client of this identity; the same for all who ask with the same clock and net.
 *
 * @param tokenEnded - a token of it that was good is not taken any more; once for each token
 */
export function shareClient(identity: ClientIdentity, context: SourceContext, tokenEnded: () => void): PlatformClient {
  const { clock, net } = context;
  const { endpoints, clientId, clientSecret } = identity;
  const key = JSON.stringify([endpoints.login, endpoints.api, endpoints.streamingHost, clientId, clientSecret]);
  const all = clients.get(clock) ?? [];
  clients.set(clock, all);
  let shared = all.find((each) => each.key === key && each.net === net);
  if (shared === undefined) {
    shared = createShared(key, identity, context);
    all.push(shared);
  }
  const mine = shared;
  const user = (): void => tokenEnded();
  mine.users.add(user);
  return {
    ...mine.client,
    release() {
      mine.users.delete(user);
      if (mine.users.size === 0) all.splice(all.indexOf(mine), 1);
    },
  };
}

function createShared(key: string, identity: ClientIdentity, { clock, net, logger }: SourceContext): Shared {
  const { endpoints, clientId, clientSecret } = identity;
  const url = endpoints.login + API_PATHS.token;
  const secrets = secretSpellings(clientId, clientSecret);
  const tokens = createTokenSource({ url, style: "basic", clientId, clientSecret, clock, net });
  const users = new Set<() => void>();
  const tokenEnded = (): void => {
    for (const user of users) user();
  };
  const api = createGenesysApi({ base: endpoints.api, tokens, secrets, tokenEnded, clock, net, logger });
  const channels = createChannelsApi({ api, tokens, endpoints, clock });
  return {
    key,
    net,
    client: { api, channels, renewals: createRenewals(clock), evictions: new EvictionWatch() },
    users,
  };
}

/** Renewals of one client. */
export function createRenewals(clock: Clock): Renewals {
  const instants = new Map<object, number>();
  return {
    reserve(owner, from, until) {
      instants.delete(owner);
      const taken = [...instants.values()];
      const at = pickInstant({ from, until, taken, spacingMs: SPACING_MS, random: clock.random() });
      instants.set(owner, at);
      return at;
    },
    release: (owner) => void instants.delete(owner),
  };
}
