/**
 * Access tokens by client credentials, for every source that logs in.
 *
 * T1  Single flight: however many ask, one request is under way.
 * T2  A token is used until `renewAt`, well before its end, with jitter, so a fleet does not renew in one second.
 * T3  What the login says is a value: granted, refused (the same credentials will not do) or failed (passing).
 * T4  No hammering: `Retry-After` is waited out, and no more than {@link MAX_PER_MINUTE} requests go out in a minute, whatever
 *     the callers do.
 * T5  The secret and the tokens are in no message. Of foreign text only a cut, one-line part is shown, secrets taken out.
 */
import { oneLine } from "../core/cause.ts";
import type { Clock } from "../ports/clock.ts";
import type { HttpRequest, HttpResponse, Net } from "../ports/net.ts";
import { parseRetryAfter } from "../core/retry-after.ts";

/** How the client names itself: HTTP Basic (Genesys Cloud), or in the form body (the second wire). */
export type CredentialStyle = "basic" | "body";

/** What {@link createTokenSource} takes. */
export interface TokenSourceOptions {
  /** The token endpoint. */
  readonly url: string;
  readonly style: CredentialStyle;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clock: Clock;
  readonly net: Net;
  /** Renew so long before the end, in milliseconds. @defaultValue at 80 to 90 % of the life, drawn for each token */
  readonly renewBeforeMs?: number;
  /** For the whole request, in milliseconds. @defaultValue `10_000` */
  readonly timeoutMs?: number;
}

/** A token and its instants, epoch milliseconds. */
export interface Token {
  readonly value: string;
  readonly expiresAt: number;
  /** From here on a new one should be taken. */
  readonly renewAt: number;
}

/** The answer to one question for a token. */
export type TokenResult =
  | { readonly kind: "granted"; readonly token: Token }
  /** The provider says no to these credentials; asking again soon is of no use. */
  | { readonly kind: "refused"; readonly status: number; readonly reason: string }
  /** Passing trouble: the network, 408, 429, 5xx, an answer that is none. */
  | { readonly kind: "failed"; readonly reason: string; readonly retryAfterMs?: number };

/** Gives tokens of one client. */
export interface TokenSource {
  /** The token that is known while it is good, else a new one. `fresh`: a new one in any case. Never rejects. */
  get(options?: { readonly fresh?: boolean }): Promise<TokenResult>;
  /** The provider does not take this token any more: the next `get` asks for another. */
  invalidate(value: string): void;
  /** Whether it was invalidated. */
  isVoid(value: string): boolean;
}

/** Requests in any minute. */
export const MAX_PER_MINUTE = 12;
const MINUTE_MS = 60_000;
const TIMEOUT_MS = 10_000;
/** The longest life that Genesys Cloud gives; longer claims are not believed. */
const LONGEST_S = 172_800;
/** Taken where the answer names no life: the shortest that the provider can be set to. */
const UNKNOWN_LIFE_S = 300;
/** Tokens that are void; no channel that is left knows an older one. */
const REMEMBERED = 20;
const MAX_ANSWER_BYTES = 64 * 1_024;
const decoder = new TextDecoder();

/** A source of tokens for one client. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return new ClientTokens(options);
}

class ClientTokens implements TokenSource {
  readonly #options: TokenSourceOptions;
  #token: Token | undefined;
  #underWay: Promise<TokenResult> | undefined;
  /** Invalidated ones, the last few. */
  #void: readonly string[] = [];
  /** Monotonic instants of the requests of the last minute. */
  #sentAt: number[] = [];
  /** Monotonic; before it nothing is sent. */
  #blockedUntil = 0;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  get(options: { readonly fresh?: boolean } = {}): Promise<TokenResult> {
    if (this.#underWay !== undefined) return this.#underWay;
    const token = this.#token;
    if (options.fresh !== true && token !== undefined && this.#options.clock.now() < token.renewAt) {
      return Promise.resolve({ kind: "granted", token });
    }
    const wait = this.#mustWaitMs();
    if (wait > 0) {
      return Promise.resolve({ kind: "failed", reason: "the login asked for patience", retryAfterMs: wait });
    }
    this.#underWay = this.#request().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  invalidate(value: string): void {
    this.#void = [...this.#void.slice(-REMEMBERED), value];
    if (this.#token?.value === value) this.#token = undefined;
  }

  isVoid(value: string): boolean {
    return this.#void.includes(value);
  }

  #mustWaitMs(): number {
    const at = this.#options.clock.monotonic();
    this.#sentAt = this.#sentAt.filter((sent) => at - sent < MINUTE_MS);
    const [first] = this.#sentAt;
    const byRate = this.#sentAt.length < MAX_PER_MINUTE || first === undefined ? 0 : first + MINUTE_MS - at;
    return Math.ceil(Math.max(byRate, this.#blockedUntil - at, 0));
  }

  async #request(): Promise<TokenResult> {
    const { clock, net } = this.#options;
    this.#sentAt.push(clock.monotonic());
    const answer = await net.request(this.#toRequest());
    if (!answer.ok && answer.status === undefined) return { kind: "failed", reason: `the login: ${answer.message}` };
    if (!answer.ok) return { kind: "failed", reason: `the login answered ${answer.status}, and ${answer.message}` };
    const result = answer.status === 200 ? this.#granted(answer) : this.#denied(answer);
    if (result.kind === "granted") this.#token = result.token;
    if (result.kind === "failed" && result.retryAfterMs !== undefined) {
      this.#blockedUntil = clock.monotonic() + result.retryAfterMs;
    }
    return result;
  }

  /** Everything that was sent may come back in an error's text, in the spelling in which it was sent. */
  #withoutSecrets(text: string): string {
    const { clientId, clientSecret } = this.#options;
    return secretSpellings(clientId, clientSecret).reduce(
      (clean, secret) => clean.replaceAll(secret, "[redacted]"),
      text,
    );
  }

  #toRequest(): HttpRequest {
    const { url, style, clientId, clientSecret, timeoutMs = TIMEOUT_MS } = this.#options;
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    const headers: Record<string, string> = {
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    };
    if (style === "basic") headers["authorization"] = `Basic ${basicCredentials(clientId, clientSecret)}`;
    else {
      form.set("client_id", clientId);
      form.set("client_secret", clientSecret);
    }
    return { method: "POST", url, headers, body: form.toString(), timeoutMs, maxBytes: MAX_ANSWER_BYTES };
  }

  #granted({ body }: HttpResponse): TokenResult {
    const { clock, renewBeforeMs } = this.#options;
    const answer = readObject(body);
    const value = answer?.["access_token"];
    if (typeof value !== "string" || value === "" || /[^\x21-\x7e]/u.test(value)) {
      return { kind: "failed", reason: "the login answered 200 without an access token" };
    }
    const lifeMs = readLifeS(answer?.["expires_in"]) * 1_000;
    if (lifeMs <= 0)
      return { kind: "failed", reason: "the login gave a token that has ended already (expires_in <= 0)" };
    const now = clock.now();
    const early =
      renewBeforeMs === undefined ? lifeMs * (0.1 + 0.1 * clock.random()) : Math.min(renewBeforeMs, lifeMs / 2);
    return { kind: "granted", token: { value, expiresAt: now + lifeMs, renewAt: now + lifeMs - early } };
  }

  #denied({ status, headers, body }: HttpResponse): TokenResult {
    const said = this.#foreignReason(body);
    const reason = `the login answered ${status}${said === "" ? "" : ` (${said})`}`;
    if (status === 408 || status === 429 || status >= 500) {
      const wait = parseRetryAfter(headers["retry-after"], this.#options.clock.now());
      return wait === undefined ? { kind: "failed", reason } : { kind: "failed", reason, retryAfterMs: wait };
    }
    if (status >= 300 && status < 400) {
      return {
        kind: "refused",
        status,
        reason: `${reason}: it redirects, and credentials are not sent elsewhere; check the region`,
      };
    }
    return { kind: "refused", status, reason: `${reason}${adviceFor(status)}` };
  }

  /** The provider's own words where it speaks JSON, made harmless; an HTML page says nothing worth showing. */
  #foreignReason(body: Uint8Array): string {
    const answer = readObject(body);
    const words = [answer?.["error"], answer?.["description"] ?? answer?.["error_description"] ?? answer?.["message"]];
    const text = words.filter((word) => typeof word === "string").join(": ");
    return oneLine(this.#withoutSecrets(text)).slice(0, 160);
  }
}

/** A client's secret in every spelling in which it is sent. */
export function secretSpellings(clientId: string, clientSecret: string): readonly string[] {
  return [clientSecret, encodeURIComponent(clientSecret), basicCredentials(clientId, clientSecret)];
}

/** As UTF-8: `btoa` alone takes Latin-1 only, and throws for the rest. */
function basicCredentials(clientId: string, clientSecret: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(`${clientId}:${clientSecret}`)));
}

function adviceFor(status: number): string {
  switch (status) {
    case 400:
      return ": the client id is not known there; check the id and the region (Admin > Integrations > OAuth)";
    case 401:
      return ": the client secret is wrong; check it (Admin > Integrations > OAuth)";
    case 403:
      return ": the client may not log in; check its grant type (Client Credentials) and its roles";
    default:
      return "";
  }
}

function readObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(body));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds; a text of digits counts as a number. */
function readLifeS(value: unknown): number {
  if (value === undefined || value === null) return UNKNOWN_LIFE_S;
  const seconds =
    typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  return Number.isNaN(seconds) ? UNKNOWN_LIFE_S : Math.min(seconds, LONGEST_S);
}
