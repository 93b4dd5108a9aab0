/** The API's rate limit: so many requests per token in a window of a minute, told in three headers (docs/protocol.md, 5.3, 5.4). */
import type { Clock } from "../ports/clock.ts";
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError } from "./answer.ts";

const WINDOW_MS = 60_000;
/** Tokens whose windows are kept; beyond, windows that ended are swept. */
const SWEEP_ABOVE = 1000;

interface Window {
  count: number;
  endsAt: number;
}

/** One request counted. */
export interface RateReading {
  readonly headers: Readonly<Record<string, string>>;
  /** Whole seconds until the next request may come; 0 when this one may pass. */
  readonly retryAfterS: number;
}

/** Counts requests by token in fixed windows. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #allowed: number;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, requestsPerMinute: number) {
    this.#clock = clock;
    this.#allowed = requestsPerMinute;
  }

  /** Counts a request of this token. */
  count(token: string): RateReading {
    const now = this.#clock.monotonic();
    let window = this.#windows.get(token);
    if (window === undefined || window.endsAt <= now) {
      if (this.#windows.size > SWEEP_ABOVE) this.#sweep(now);
      window = { count: 0, endsAt: now + WINDOW_MS };
      this.#windows.set(token, window);
    }
    window.count += 1;
    const resetS = Math.max(1, Math.ceil((window.endsAt - now) / 1000));
    return {
      headers: {
        "inin-ratelimit-count": String(window.count),
        "inin-ratelimit-allowed": String(this.#allowed),
        "inin-ratelimit-reset": String(resetS),
      },
      retryAfterS: window.count > this.#allowed ? resetS : 0,
    };
  }

  clear(): void {
    this.#windows.clear();
  }

  #sweep(now: number): void {
    for (const [token, window] of this.#windows) if (window.endsAt <= now) this.#windows.delete(token);
  }
}

/** 429 as the platform words it; the header counts, not the text. */
export function tooManyRequests(request: ApiRequest, retryAfterS: number, allowed: number): Answer {
  const message = `Rate limit exceeded the maximum. Retry the request in [${retryAfterS}] seconds`;
  const answer = apiError(request, 429, "too.many.requests.retry.after", message, {
    messageWithParams: "Rate limit exceeded the maximum. Retry the request in [{retryAfter}] seconds",
    messageParams: { retryAfter: String(retryAfterS) },
    limit: { key: "client.credentials.token.rate.per.minute", namespace: "platform.api", value: allowed },
  });
  return { ...answer, headers: { "retry-after": String(retryAfterS) } };
}
