/** HTTP as values: what came in, what goes out, and the platform's error bodies (docs/protocol.md, 5.2). */

/** A request, read in full. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Goes out as header `ININ-Correlation-Id` and in error bodies as `contextId`. */
  readonly correlationId: string;
  /** What a fault changes in how it is understood. */
  readonly played?: PlayedFault;
}

/** What a fault changes in how a request is understood. */
export interface PlayedFault {
  /** By how much the list has moved since its first page. */
  readonly pageShift?: number;
  /** Topics that are refused. */
  readonly rejection?: {
    readonly isTopic: (topic: string) => boolean;
    readonly status: 400 | 403;
    readonly isSilent: boolean;
  };
}

/** How an answer travels, when not at once and in one piece. */
export interface Delivery {
  readonly delayMs?: number;
  /** Time between one byte of the body and the next. */
  readonly dripMs?: number;
  /** The connection is cut in the place of the answer. */
  readonly isCut?: boolean;
}

/** What to answer. `json` and `text` exclude each other; neither means an empty body. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  /** Content type of `text`. @defaultValue HTML */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delivery?: Delivery;
}

/** Further members of an error body. */
export interface ErrorParts {
  readonly details?: readonly unknown[];
  readonly messageWithParams?: string;
  readonly messageParams?: Readonly<Record<string, string>>;
  readonly entityId?: string;
  readonly limit?: { readonly key: string; readonly namespace: string; readonly value: number };
}

/** The error body of the API. */
export function apiError(
  request: ApiRequest,
  status: number,
  code: string,
  message: string,
  parts: ErrorParts = {},
): Answer {
  const { details = [], ...rest } = parts;
  return {
    status,
    json: { message, code, status, ...rest, contextId: request.correlationId, details, errors: [] },
  };
}

export function notFound(request: ApiRequest): Answer {
  return apiError(request, 404, "not.found", "The requested resource was not found.");
}

/** 200 with a JSON body. */
export function ok(json: unknown): Answer {
  return { status: 200, json };
}

/** A body as JSON; `undefined` when it is none. */
export function decodeJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** A body as JSON without the members that are null: some clients write what they don't set. */
export function decodeWithoutNulls(text: string): { readonly value: unknown } | undefined {
  try {
    // Of lists nothing is taken out: their members have places.
    const value = JSON.parse(text, (_key, one: unknown) => (Array.isArray(one) ? one : (withoutNulls(one) ?? one)));
    return { value: value as unknown };
  } catch {
    return undefined;
  }
}

function withoutNulls(value: unknown): unknown {
  const object = asObject(value);
  return object && Object.fromEntries(Object.entries(object).filter(([, member]) => member !== null));
}

/** A plain object, or nothing. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
