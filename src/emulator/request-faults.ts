/** What a request hears when a fault stands at its door. */
import type { Answer, ApiRequest, Delivery, PlayedFault } from "./answer.ts";
import { apiError, asObject } from "./answer.ts";
import type { RequestFault } from "./faults.ts";
import type { FaultRequest } from "./fault-check.ts";
import { numberOf, textOf } from "./fault-check.ts";
import type { FaultName } from "./fault-list.ts";
import { glob } from "./glob.ts";
import { badCredentials } from "./oauth.ts";
import { tooManyRequests } from "./rate-limit.ts";

const HTML = "<html><body><h1>Service Unavailable</h1></body></html>";
const SLOW_MS = 2000;

type Answering = (fault: FaultRequest, request: ApiRequest, answer: (request: ApiRequest) => Answer) => Answer;

/** Faults under which the request takes effect. */
const CHANGES: Partial<Record<FaultName, Answering>> = {
  slow: (fault, request, answer) => ({ ...answer(request), delivery: deliveryOf(fault) }),
  "lost-answer": (_fault, request, answer) => ({ ...answer(request), delivery: { isCut: true } }),
  "odd-token": ({ expiresIn }, request, answer) => withMember(answer(request), "expires_in", expiresIn),
  "odd-channel": ({ connectUri }, request, answer) => withMember(answer(request), "connectUri", connectUri),
  "odd-answer": (fault, request, answer) => oddAnswer(answer(request), request, textOf(fault, "kind", "error-body")),
  "moving-pages": (fault, request, answer) => answer({ ...request, played: playedOf(fault) }),
  "reject-topics": (fault, request, answer) => answer({ ...request, played: playedOf(fault) }),
};

/** Faults that keep it from taking effect. */
const REFUSALS: Partial<Record<FaultName, (fault: FaultRequest, request: ApiRequest, allowed: number) => Answer>> = {
  unauthorized: (_fault, request) => badCredentials(request),
  forbidden: (_fault, request) =>
    apiError(request, 403, "not.authorized", "You are not authorized to perform the requested action."),
  "rate-limit": (fault, request, allowed) => {
    const retryAfterS = numberOf(fault, "retryAfterS", 5);
    const { status, json, headers = {} } = tooManyRequests(request, retryAfterS, allowed);
    return { status, json, headers: retryAfterS > 0 ? headers : {} };
  },
  "server-error": (fault, request) => {
    const status = numberOf(fault, "status", 503);
    const location = textOf(fault, "location", "");
    const headers = location === "" ? {} : { location };
    if (fault["html"] === true) return { status, text: HTML, headers };
    const code = status === 500 ? "internal.server.error" : "service.unavailable";
    const message = "The server is temporarily unable to service your request.";
    return { ...apiError(request, status, code, message), headers };
  },
};

/** The answer under a fault; `undefined` is none at all. `answer` is how the request is answered otherwise. */
export function answerUnderFault(
  fault: RequestFault,
  request: ApiRequest,
  allowed: number,
  answer: (request: ApiRequest) => Answer,
): Answer | undefined {
  const change = CHANGES[fault.name];
  return change === undefined ? refusal(fault, request, allowed) : change(fault.request, request, answer);
}

/** The answer of a fault that refuses; `undefined` for one that doesn't. */
export function refusal(
  { name, request: fault }: RequestFault,
  request: ApiRequest,
  allowed: number,
): Answer | undefined {
  return REFUSALS[name]?.(fault, request, allowed);
}

/** How the answer travels under `slow`. */
export function deliveryOf(fault: FaultRequest): Delivery {
  const { dripMs } = fault;
  const delayMs = numberOf(fault, "delayMs", dripMs === undefined ? SLOW_MS : 0);
  return typeof dripMs === "number" ? { delayMs, dripMs } : { delayMs };
}

function playedOf(request: FaultRequest): PlayedFault {
  const { fault, kind, status, silently } = request;
  if (fault === "moving-pages") return { pageShift: kind === "one-twice" ? -1 : 1 };
  return {
    rejection: {
      isTopic: glob(textOf(request, "topics", "*")),
      status: status === 400 ? 400 : 403,
      isSilent: silently === true,
    },
  };
}

/** A member of a good answer replaced, or taken out. */
function withMember(answer: Answer, name: string, value: unknown): Answer {
  return answer.status === 200 ? { ...answer, json: { ...asObject(answer.json), [name]: value } } : answer;
}

/** 200, and then something else than what was asked for. */
function oddAnswer({ status, json, headers = {} }: Answer, request: ApiRequest, kind: string): Answer {
  const text = json === undefined ? "" : JSON.stringify(json);
  switch (kind) {
    case "error-body":
      return { ...apiError(request, 503, "service.unavailable", "The service is unavailable."), status: 200, headers };
    case "empty":
      return { status: 200, headers };
    case "empty-list":
      return { status, json: emptied(json), headers };
    case "truncated":
      return { status: 200, text: text.slice(0, Math.ceil(text.length / 2)), type: "application/json", headers };
    default:
      return { status: 200, text: HTML, headers };
  }
}

/** The same answer with nothing in its lists. */
function emptied(json: unknown): unknown {
  if (Array.isArray(json)) return [];
  const members = Object.entries(asObject(json) ?? {});
  return Object.fromEntries(members.map(([name, value]) => [name, emptyValue(name, value)]));
}

function emptyValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return ["total", "totalHits", "pageCount"].includes(name) ? 0 : value;
}
