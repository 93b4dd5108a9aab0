/** A typed client of the HTTP API: for the CLI, the dashboard and programs. */
import type {
  ApiError,
  DeadLetterList,
  DeadLetterListQuery,
  DeadLetterResults,
  DiscardResult,
  EventsAnswer,
  ExplainQuery,
  Explanation,
  GapList,
  GapQuery,
  RedriveResult,
  ServiceStatus,
  SinkPauseAnswer,
} from "./types.ts";

export type {
  ApiError,
  ApiErrorCode,
  ClassReport,
  CriticalGlimpse,
  DeadAttempt,
  DeadLetterBody,
  DeadLetterEvent,
  DeadLetterList,
  DeadLetterListQuery,
  DeadLetterReport,
  DeadLetterResults,
  DiscardResult,
  EventsAnswer,
  ExplainQuery,
  Explanation,
  GapFinding,
  GapList,
  GapOutcome,
  GapQuery,
  GapRecord,
  GapState,
  GapSummary,
  IntakeResult,
  RedriveResult,
  ServiceStatus,
  SinkPauseAnswer,
  SinkReport,
  SourceReport,
  WaitSummary,
} from "./types.ts";

/** What {@link createClient} takes. */
export interface ClientOptions {
  /** `http://127.0.0.1:7470`, as `serve` prints it. */
  readonly url: string;
  readonly token: string;
  /** @defaultValue the global `fetch` */
  readonly fetch?: typeof globalThis.fetch;
  /** For each request as a whole, in milliseconds. @defaultValue `30_000` */
  readonly timeoutMs?: number;
}

/** Options of one request. */
export interface ClientRequestOptions {
  readonly signal?: AbortSignal;
}

/** An answer that was no success, or none at all; `status` is 0 where no answer came. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly status: number;
  /** `error.code` of the answer, `unreachable`, or `unexpected` where the answer is not of this API. */
  readonly code: string;
  /** Asked for by the server, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterMs?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What became of events that were sent. */
export interface SendResult extends EventsAnswer {
  /** Every item was admitted, coalesced or known already. */
  readonly ok: boolean;
  readonly retryAfterMs: number | undefined;
}

/** The HTTP API as methods. All reject with {@link ClientError}. */
export interface Client {
  /** Whether the service is ready; the only call that needs no token. */
  ready(options?: ClientRequestOptions): Promise<boolean>;
  status(options?: ClientRequestOptions): Promise<ServiceStatus>;
  /** Intervals in which events may have been missed, oldest first. */
  gaps(query?: GapQuery, options?: ClientRequestOptions): Promise<GapList>;
  /** The Prometheus text. */
  metrics(options?: ClientRequestOptions): Promise<string>;
  explain(query: ExplainQuery, options?: ClientRequestOptions): Promise<Explanation>;
  /** Sends one CloudEvent or raw event, or an array. A full or too large item is a result, not a rejection. */
  send(events: unknown, options?: ClientRequestOptions): Promise<SendResult>;
  deadLetters(query?: DeadLetterListQuery, options?: ClientRequestOptions): Promise<DeadLetterList>;
  redrive(
    sink: string,
    seqs: readonly number[],
    options?: ClientRequestOptions,
  ): Promise<DeadLetterResults<RedriveResult>>;
  discard(
    sink: string,
    seqs: readonly number[],
    options?: ClientRequestOptions,
  ): Promise<DeadLetterResults<DiscardResult>>;
  pauseSink(name: string, options?: ClientRequestOptions): Promise<SinkPauseAnswer>;
  resumeSink(name: string, options?: ClientRequestOptions): Promise<SinkPauseAnswer>;
}

interface Call extends ClientRequestOptions {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** A client for one running service. */
export function createClient(options: ClientOptions): Client {
  const call = createCaller(options);
  const json = async <T>(request: Call): Promise<T> => parseReply(expectSuccess(await call(request))) as T;
  const post = <T>(path: string, body?: unknown, options?: ClientRequestOptions): Promise<T> =>
    json<T>({ ...options, method: "POST", path, body });
  return {
    async ready(options) {
      const { status } = await call({ ...options, method: "GET", path: "/readyz" });
      return status === 200;
    },
    status: (options) => json({ ...options, method: "GET", path: "/api/status" }),
    gaps: (query, options) => json({ ...options, method: "GET", path: `/api/gaps${toSearch({ ...query })}` }),
    metrics: async (options) => expectSuccess(await call({ ...options, method: "GET", path: "/metrics" })).text,
    explain: (query, options) => post("/api/explain", query, options),
    async send(events, options) {
      return toSendResult(await call({ ...options, method: "POST", path: "/api/events", body: events }));
    },
    deadLetters: (query, options) =>
      json({ ...options, method: "GET", path: `/api/dead-letters${toSearch({ ...query })}` }),
    redrive: (sink, seqs, options) => post("/api/dead-letters/redrive", { sink, seqs }, options),
    discard: (sink, seqs, options) => post("/api/dead-letters/discard", { sink, seqs }, options),
    pauseSink: (name, options) => post(`/api/sinks/${encodeURIComponent(name)}/pause`, undefined, options),
    resumeSink: (name, options) => post(`/api/sinks/${encodeURIComponent(name)}/resume`, undefined, options),
  };
}

function createCaller({ url, token, timeoutMs = 30_000, ...rest }: ClientOptions): (call: Call) => Promise<Reply> {
  // The one place outside runtime/ where the global is taken: a client must work in browsers too.
  const fetch = rest.fetch ?? globalThis.fetch;
  const base = url.replace(/\/+$/, "");
  return async ({ method, path, body, signal }) => {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: "error",
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
      const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined;
      return { status: response.status, text: await response.text(), retryAfterMs };
    } catch (cause) {
      if (signal?.aborted) throw cause;
      const why = limit.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
      throw new ClientError(0, "unreachable", `no service answers at ${base}: ${why}`, undefined, cause);
    }
  };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}

function expectSuccess(reply: Reply): Reply {
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw toClientError(reply);
}

function toClientError({ status, text, retryAfterMs }: Reply): ClientError {
  const error = (tryParse(text) as Partial<ApiError> | undefined)?.error;
  if (typeof error?.code === "string" && typeof error.message === "string") {
    return new ClientError(status, error.code, error.message, retryAfterMs);
  }
  return new ClientError(status, "unexpected", `an answer that is not of ringfirst (${status})`, retryAfterMs);
}

function toSendResult(reply: Reply): SendResult {
  const answer = tryParse(reply.text) as Partial<EventsAnswer> | undefined;
  if (!Array.isArray(answer?.results)) throw toClientError(reply);
  const { results, error } = answer;
  return {
    ok: reply.status === 202,
    results,
    retryAfterMs: reply.retryAfterMs,
    ...(error === undefined ? {} : { error }),
  };
}

function parseReply(reply: Reply): unknown {
  const value = tryParse(reply.text);
  if (value === undefined) throw toClientError({ ...reply, text: "" });
  return value;
}

function tryParse(text: string): unknown {
  try {
    return (JSON.parse(text) as unknown) ?? undefined;
  } catch {
    return undefined;
  }
}

function toSearch(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? "" : `?${search.toString()}`;
}
