/**
 * Calls of the platform's REST API, all through one place: token, time limit, and the client's request budget.
 *
 * R1  `Retry-After` and the rate-limit headers are obeyed for all calls of the client: while the window is spent nothing is
 *     sent, and the answer says how long to wait. No more goes out in any minute than the client may send in one, wherever the
 *     platform's windows begin. Retrying is the caller's business; here nothing loops.
 * R2  A 401 costs the token and one more try with a new one, so a token that ended early heals by itself. Where the token had been good,
 *     what it owns may have gone with it, and nobody else says so: that is told, once for each token.
 * R3  What is shown of an answer is its code and message, one line, cut; never a header, a body or an address.
 */
import { oneLine } from "../../core/cause.ts";
import { parseRetryAfter } from "../../core/retry-after.ts";
import type { Token, TokenResult, TokenSource } from "../../oauth/token.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { HttpRequest, HttpResponse, Net } from "../../ports/net.ts";

/** What a call is for, the most important first: each leaves a part of the request budget to those before it. */
export type CallPriority = "reconnect" | "subscribe" | "reconcile" | "expand";

/** One call. */
export interface ApiCall {
  readonly method: HttpRequest["method"];
  /** Below the API's base, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** How much of the budget it leaves to what matters more. @defaultValue `reconcile` */
  readonly priority?: CallPriority;
  /** The token that owns what the call is about. Where it is void, the thing is gone with it. */
  readonly owner?: Token | undefined;
}

/** The answer to one call. */
export type ApiAnswer =
  | { readonly kind: "ok"; readonly status: number; readonly json: unknown; readonly token: Token }
  /** 404. */
  | { readonly kind: "gone"; readonly reason: string }
  /** The platform says no: other 4xx, or a login that is refused. `code`: its own error code. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly code: string;
      readonly reason: string;
      readonly message: string;
    }
  /** Passing: the network, 408, 429, 5xx, the budget, a login that failed. */
  | { readonly kind: "failed"; readonly reason: string; readonly retryAfterMs?: number };

/** What is left of the client's requests. */
export interface RequestBudget {
  readonly left: number;
  readonly allowed: number;
  /** Until there are new ones. */
  readonly resetsInMs: number;
}

/** The API of one client. */
export interface GenesysApi {
  /** Never rejects. */
  call(call: ApiCall): Promise<ApiAnswer>;
  /** As the platform told it last, or as counted here. */
  budget?(): RequestBudget;
}

/** What {@link createGenesysApi} takes. */
export interface GenesysApiOptions {
  readonly base: string;
  readonly tokens: TokenSource;
  /** What no answer may bring out, whatever it repeats; beside the token and the channel of the call. @defaultValue none */
  readonly secrets?: readonly string[];
  /** R2: a token that was good is not taken any more. @defaultValue nobody is told */
  readonly tokenEnded?: () => void;
  readonly clock: Clock;
  readonly net: Net;
  readonly logger: Logger;
}

/** The code of an answer that came from the login, not from the API. */
const LOGIN = "login";
const TIMEOUT_MS = 15_000;
const MAX_BYTES = 16 * 2 ** 20;
/** Of each window so many requests are kept for what matters more. */
const KEPT_SHARE: Readonly<Record<CallPriority, number>> = {
  reconnect: 0,
  subscribe: 0.1,
  reconcile: 0.2,
  expand: 0.4,
};
const decoder = new TextDecoder();

/** What may still be sent. */
interface RequestWindow {
  readonly left: number;
  readonly allowed: number;
  /** Monotonic. */
  readonly endsAt: number;
}

/** Requests of one token in a minute (docs/protocol.md, 5). */
const ALLOWED = 300;
const WINDOW_MS = 60_000;
/** No window is believed to last longer: an absurd `inin-ratelimit-reset` would silence the client for years. */
const LONGEST_WINDOW_MS = 2 * WINDOW_MS;

/** The API of the client that `tokens` logs in. */
export function createGenesysApi(options: GenesysApiOptions): GenesysApi {
  return new RestApi(options);
}

class RestApi implements GenesysApi {
  readonly #options: GenesysApiOptions;
  /** Monotonic; before it nothing is sent. */
  #blockedUntil = 0;
  /** The window as the last answer told it, or as counted here. */
  #window: RequestWindow | undefined;
  /** Monotonic instants of the requests of the last minute, oldest first. */
  #sent: number[] = [];
  /** Tokens that were taken once, and whether they were refused later. */
  readonly #known = new WeakMap<Token, "good" | "ended">();

  constructor(options: GenesysApiOptions) {
    this.#options = options;
  }

  async call(call: ApiCall): Promise<ApiAnswer> {
    const first = await this.#once(call);
    if (first.kind !== "refused" || first.status !== 401 || first.code === LOGIN) return first;
    if (call.owner !== undefined) return { kind: "gone", reason: first.reason };
    // R2: `#once` has given the token up, so this takes a new one (or one that another call has got meanwhile).
    return this.#once(call);
  }

  budget(): RequestBudget {
    const at = this.#options.clock.monotonic();
    const window = this.#window;
    const allowed = window?.allowed ?? ALLOWED;
    const blockedMs = Math.ceil(this.#blockedUntil - at);
    if (blockedMs > 0) return { left: 0, allowed, resetsInMs: blockedMs };
    const recent = this.#recent(at);
    const left = Math.max(0, allowed - recent.length);
    if (window === undefined || at >= window.endsAt) {
      return { left, allowed, resetsInMs: left > 0 ? 0 : Math.ceil((recent[0] ?? at) + WINDOW_MS - at) };
    }
    return { left: Math.max(0, Math.min(window.left, left)), allowed, resetsInMs: Math.ceil(window.endsAt - at) };
  }

  async #once(call: ApiCall): Promise<ApiAnswer> {
    const { tokens, clock, net, base } = this.#options;
    const wait = this.#mustWaitMs(call.priority ?? "reconcile");
    if (wait > 0) return { kind: "failed", reason: "the request budget of this minute is spent", retryAfterMs: wait };
    // Before anything is waited for: calls at the same time count too.
    this.#countDown(clock.monotonic());
    const login: TokenResult = call.owner === undefined ? await tokens.get() : { kind: "granted", token: call.owner };
    if (login.kind === "refused") return { ...login, code: LOGIN, message: login.reason };
    if (login.kind === "failed") return login;
    const { token } = login;
    const answer = await net.request({
      method: call.method,
      url: base + call.path,
      headers: {
        authorization: `Bearer ${token.value}`,
        accept: "application/json",
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    if (!answer.ok) return { kind: "failed", reason: `${describe(call)}: ${answer.message}` };
    this.#readWindow(answer, clock.monotonic());
    this.#judge(token, answer.status);
    return this.#read(call, answer, token);
  }

  /** R2. */
  #judge(token: Token, status: number): void {
    const { tokens, tokenEnded } = this.#options;
    const known = this.#known.get(token);
    if (status >= 200 && status < 300 && known === undefined) this.#known.set(token, "good");
    if (status !== 401) return;
    tokens.invalidate(token.value);
    if (known !== "good") return;
    this.#known.set(token, "ended");
    tokenEnded?.();
  }

  #read(call: ApiCall, { status, headers, body }: HttpResponse, token: Token): ApiAnswer {
    const { clock, logger, secrets = [] } = this.#options;
    const json = readJson(body);
    if (status >= 200 && status < 300) return { kind: "ok", status, json, token };
    const { code, message } = readError(json, [...secrets, token.value, channelOf(call.path)]);
    const reason = `${describe(call)}: the platform answered ${status}${code === "" ? "" : ` ${code}`}`;
    const correlationId = headers["inin-correlation-id"] ?? headers["genesys-correlation-id"];
    logger.debug({ status, code, correlationId: oneLine(correlationId ?? "") }, reason);
    if (status === 404) return { kind: "gone", reason };
    if (status === 408 || status === 429 || status >= 500) {
      const wait = parseRetryAfter(headers["retry-after"], clock.now());
      if (status === 429) this.#blockedUntil = Math.max(this.#blockedUntil, clock.monotonic() + (wait ?? 1_000));
      return wait === undefined ? { kind: "failed", reason } : { kind: "failed", reason, retryAfterMs: wait };
    }
    return { kind: "refused", status, code, reason: message === "" ? reason : `${reason}: ${message}`, message };
  }

  #mustWaitMs(priority: CallPriority): number {
    const at = this.#options.clock.monotonic();
    const window = this.#window;
    const kept = window === undefined ? 0 : Math.floor(window.allowed * KEPT_SHARE[priority]);
    const spent = window !== undefined && window.left <= kept && at < window.endsAt ? window.endsAt - at : 0;
    // At least one in a minute, whatever the platform claims to allow.
    const most = Math.max(1, (window?.allowed ?? ALLOWED) - kept);
    const recent = this.#recent(at);
    const crowded = recent.length >= most ? (recent[recent.length - most] ?? at) + WINDOW_MS - at : 0;
    return Math.ceil(Math.max(spent, crowded, this.#blockedUntil - at, 0));
  }

  /** R1. */
  #recent(at: number): readonly number[] {
    const first = this.#sent.findIndex((sent) => sent > at - WINDOW_MS);
    if (first !== 0) this.#sent = first === -1 ? [] : this.#sent.slice(first);
    return this.#sent;
  }

  /** A platform that does not tell its window has the documented one; one that does is believed from its next answer on. */
  #countDown(at: number): void {
    if (this.#window === undefined || at >= this.#window.endsAt) {
      this.#window = { left: ALLOWED, allowed: ALLOWED, endsAt: at + WINDOW_MS };
    }
    this.#window = { ...this.#window, left: this.#window.left - 1 };
    this.#sent.push(at);
  }

  #readWindow({ headers }: HttpResponse, at: number): void {
    const [count, allowed, reset] = ["count", "allowed", "reset"].map((name) => {
      const text = headers[`inin-ratelimit-${name}`];
      return text !== undefined && /^\d{1,9}$/u.test(text) ? Number(text) : undefined;
    });
    if (count === undefined || allowed === undefined || reset === undefined) return;
    this.#window = { left: allowed - count, allowed, endsAt: at + Math.min(reset * 1_000, LONGEST_WINDOW_MS) };
  }
}

/** A call for people: its path without ids and query. */
function describe({ method, path }: ApiCall): string {
  const bare = path.replace(/\?.*$/u, "").replace(CHANNEL, "/channels/{id}");
  return `${method} ${bare.replace(/\/[^/]*\d[^/]*/gu, (part) => (part === "/v2" ? part : "/{id}"))}`;
}

/** The id of a channel is as good as its address, so it is a secret. */
const CHANNEL = /\/channels\/([^/?]+)/u;

function channelOf(path: string): string {
  return decodeURIComponent(CHANNEL.exec(path)?.[1] ?? "");
}

function readJson(body: Uint8Array): unknown {
  try {
    return body.length === 0 ? undefined : (JSON.parse(decoder.decode(body)) as unknown);
  } catch {
    return undefined;
  }
}

/** The platform's error code and message, secrets taken out, made harmless; empty where the answer has none. */
/** Codes are a few words between dots (docs/protocol.md, 5); anything else may be anything. */
const ERROR_CODE = /^[a-z]{1,20}(?:\.[a-z]{1,20}){0,7}$/u;

function readError(json: unknown, secrets: readonly string[]): { readonly code: string; readonly message: string } {
  const error = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  const text = (value: unknown): string => {
    if (typeof value !== "string") return "";
    let clean = value;
    for (const secret of secrets) if (secret !== "") clean = clean.replaceAll(secret, "[redacted]");
    return oneLine(clean).slice(0, 300);
  };
  const code = text(error["code"]);
  return { code: ERROR_CODE.test(code) ? code : "", message: text(error["message"]) };
}
