/**
 * The login host: client credentials in, tokens out; and who a bearer token is (docs/protocol.md, 3).
 *
 * One path serves both wires: credentials come by HTTP Basic or in the form body.
 */
import type { Clock, Timer } from "../ports/clock.ts";
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError, notFound, ok } from "./answer.ts";
import type { EmulatorLimits } from "./options.ts";
import { madeUp } from "./options.ts";
import { RateLimit, tooManyRequests } from "./rate-limit.ts";
import type { EmulatorSwitches } from "./switches.ts";

/** A token that was issued. */
export interface Token {
  readonly value: string;
  readonly clientId: string;
  /** Who is behind it; nobody with client credentials. */
  readonly userId?: string;
  readonly expiresAt: number;
}

/** What the login host needs to know. */
export interface OAuthSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenLifeS: number;
  readonly clock: Clock;
  readonly switches: EmulatorSwitches;
  readonly limits: EmulatorLimits;
  /** Called once for each token that expired or was revoked. */
  readonly onEnd: (token: Token) => void;
}

/** Tokens kept; beyond, the oldest ends early. */
const MAX_TOKENS = 10_000;

/** The tokens of the one client. */
export class Tokens {
  readonly #settings: OAuthSettings;
  readonly #live = new Map<string, { readonly token: Token; readonly timer: Timer }>();

  readonly #logins: RateLimit;

  constructor(settings: OAuthSettings) {
    this.#settings = settings;
    this.#logins = new RateLimit(settings.clock, settings.limits.loginsPerMinute);
  }

  /** `POST /oauth/token`. */
  answer(request: ApiRequest): Answer {
    if (request.method !== "POST") return apiError(request, 405, "method.not.allowed", "HTTP 405 Method Not Allowed");
    const { retryAfterS } = this.#logins.count("login");
    if (retryAfterS > 0) return tooManyRequests(request, retryAfterS, this.#settings.limits.loginsPerMinute);
    const form = new URLSearchParams(request.body);
    const grant = form.get("grant_type");
    if (grant === null) return this.#error(400, "invalid_request", "grant_type is missing");
    if (grant !== "client_credentials")
      return this.#error(400, "unsupported_grant_type", `unsupported grant type: ${grant}`);
    const given = basicCredentials(request.headers["authorization"]) ?? {
      id: form.get("client_id") ?? "",
      secret: form.get("client_secret") ?? "",
    };
    if (given.id !== this.#settings.clientId)
      return this.#error(400, "invalid_client", "client not found: invalid_client");
    if (given.secret !== this.#settings.clientSecret) {
      return this.#error(401, "invalid_client", "authentication failed: invalid_client");
    }
    const token = this.issue();
    return {
      status: 200,
      json: {
        access_token: token.value,
        token_type: "bearer",
        expires_in: this.#settings.tokenLifeS,
      },
      headers: { "cache-control": "no-store" },
    };
  }

  /** The token of this value, while it lives. */
  find(value: string): Token | undefined {
    return this.#live.get(value)?.token;
  }

  /** Ends tokens before their time; all of them without an argument. */
  revoke(value?: string): void {
    const ended = value === undefined ? [...this.#live.keys()] : [value];
    for (const one of ended) this.#end(one);
  }

  /** Forgets all tokens without telling anybody. */
  clear(): void {
    for (const { timer } of this.#live.values()) timer.cancel();
    this.#live.clear();
    this.#logins.clear();
  }

  /** A new token of the client, for a user or for nobody. */
  issue(userId?: string): Token {
    const { clock, clientId, tokenLifeS } = this.#settings;
    const value = madeUp(clock, 86);
    const user = userId !== undefined && { userId };
    const token: Token = { value, clientId, ...user, expiresAt: clock.now() + tokenLifeS * 1000 };
    const timer = clock.setTimer(tokenLifeS * 1000, () => this.#end(value));
    this.#live.set(value, { token, timer });
    if (this.#live.size > MAX_TOKENS) this.#end(this.#live.keys().next().value as string);
    return token;
  }

  #error(status: number, error: string, description: string): Answer {
    const { oauthErrorText: text } = this.#settings.switches;
    return {
      status,
      json: {
        error,
        ...((text === "both" || text === "description") && { description }),
        ...((text === "both" || text === "error_description") && { error_description: description }),
      },
    };
  }

  #end(value: string): void {
    const entry = this.#live.get(value);
    if (entry === undefined) return;
    entry.timer.cancel();
    this.#live.delete(value);
    this.#settings.onEnd(entry.token);
  }
}

/** The bearer token of a request; an {@link Answer} (401) when there is none that lives. */
export function authenticate(tokens: Tokens, request: ApiRequest): Token | Answer {
  const match = /^Bearer +(\S+)$/i.exec(String(request.headers["authorization"] ?? ""));
  if (match?.[1] === undefined) {
    const message = "No authentication bearer token specified in authorization header.";
    return apiError(request, 401, "authentication.required", message);
  }
  return tokens.find(match[1]) ?? badCredentials(request);
}

/** 401 for a token that is unknown or ended. */
export function badCredentials(request: ApiRequest): Answer {
  return apiError(request, 401, "bad.credentials", "Invalid login credentials.");
}

/** `HEAD`, `GET` and `DELETE /api/v2/tokens/me`. */
export function answerTokensMe(tokens: Tokens, token: Token, request: ApiRequest): Answer {
  switch (request.method) {
    case "HEAD":
      return { status: 200 };
    case "GET":
      return ok({ OAuthClient: { id: token.clientId, name: "ringfirst emulator" }, authorizedScope: [] });
    case "DELETE":
      tokens.revoke(token.value);
      return { status: 200 };
    default:
      return notFound(request);
  }
}

function basicCredentials(
  header: string | string[] | undefined,
): { readonly id: string; readonly secret: string } | undefined {
  const match = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(String(header ?? ""));
  if (match?.[1] === undefined) return undefined;
  const decoded = Buffer.from(match[1], "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? { id: decoded, secret: "" } : { id: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}
