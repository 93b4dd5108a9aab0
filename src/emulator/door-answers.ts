/** What a request hears when a fault stands at its door. */
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError } from "./answer.ts";
import type { DoorFault } from "./faults.ts";
import { badCredentials } from "./oauth.ts";
import { tooManyRequests } from "./rate-limit.ts";

const HTML = "<html><body><h1>Service Unavailable</h1></body></html>";

/** The answer of a fault; `undefined` where there is never one. */
export function answerOfFault(fault: DoorFault, request: ApiRequest, allowed: number): Answer | undefined {
  switch (fault.fault) {
    case "unauthorized":
      return badCredentials(request);
    case "forbidden":
      return apiError(request, 403, "not.authorized", "You are not authorized to perform the requested action.");
    case "rate-limit": {
      const { status, json, headers = {} } = tooManyRequests(request, fault.retryAfterS, allowed);
      return { status, json, headers: fault.retryAfterS > 0 ? headers : {} };
    }
    case "server-error": {
      if (fault.html) return { status: fault.status, text: HTML };
      const code = fault.status === 500 ? "internal.server.error" : "service.unavailable";
      return apiError(request, fault.status, code, "The server is temporarily unable to service your request.");
    }
    case "hang":
      return undefined;
    default:
      return fault.fault satisfies never;
  }
}
