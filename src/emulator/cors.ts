/**
 * Pages of other origins may use login and API, as they may the platform's: what protects those is a token, not a cookie. The control room has
 * its own rule (control.ts) and is not opened by this.
 */
import type { Answer, ApiRequest } from "./answer.ts";

const EXPOSED = "inin-correlation-id, inin-ratelimit-count, inin-ratelimit-allowed, inin-ratelimit-reset, retry-after";

function isOpen({ path, headers }: ApiRequest): boolean {
  return headers["origin"] !== undefined && (path.startsWith("/api/v2/") || path === "/oauth/token");
}

/** The answer to a browser that asks before it calls; `undefined` for any other request. */
export function answerPreflight(request: ApiRequest): Answer | undefined {
  const { method, headers } = request;
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined || !isOpen(request))
    return undefined;
  return allowPages(request, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": String(headers["access-control-request-headers"] ?? ""),
      "access-control-max-age": "600",
    },
  });
}

/** Lets a page read an answer. */
export function allowPages(request: ApiRequest, answer: Answer): Answer {
  if (!isOpen(request)) return answer;
  const headers = {
    "access-control-allow-origin": String(request.headers["origin"]),
    "access-control-expose-headers": EXPOSED,
    vary: "origin",
  };
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
