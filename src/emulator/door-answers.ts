/** What a request hears when a fault stands at its door. */
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError } from "./answer.ts";
import type { DoorFault } from "./faults.ts";
import { badCredentials } from "./oauth.ts";
import { tooManyRequests } from "./rate-limit.ts";

const HTML = "<html><body><h1>Service Unavailable</h1></body></html>";

/** The answer of a fault that gives one; `hang` never does, and `odd-token` only changes what is answered. */
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
      const headers = fault.location === undefined ? {} : { location: fault.location };
      if (fault.html) return { status: fault.status, text: HTML, headers };
      const code = fault.status === 500 ? "internal.server.error" : "service.unavailable";
      const message = "The server is temporarily unable to service your request.";
      return { ...apiError(request, fault.status, code, message), headers };
    }
    case "odd-token":
    case "hang":
      return undefined;
    default:
      return fault.fault satisfies never;
  }
}
