/** The platform's pages: `{entities, pageSize, pageNumber, pageCount, total, nextUri?, …}` (docs/protocol.md, 9a). */
import type { Answer, ApiRequest } from "./answer.ts";
import { apiError, asObject, decodeJson, ok } from "./answer.ts";

/** Bounds of a paged call. */
export interface PageBounds {
  readonly maxSize: number;
  readonly maxNumber?: number;
}

const DEFAULT_SIZE = 25;

/** Answers with the page that the request wants; 400 for a page that can't be. */
export function answerPage<T>(
  request: ApiRequest,
  all: readonly T[],
  bounds: PageBounds,
  toJson: (item: T) => unknown,
): Answer {
  const pageSize = readNumber(request, "pageSize", DEFAULT_SIZE, bounds.maxSize);
  if (typeof pageSize !== "number") return pageSize;
  const pageNumber = readNumber(request, "pageNumber", 1, bounds.maxNumber ?? Number.MAX_SAFE_INTEGER);
  if (typeof pageNumber !== "number") return pageNumber;
  const pageCount = Math.ceil(all.length / pageSize);
  const uri = (number: number): string => {
    const query = new URLSearchParams(request.query);
    query.set("pageSize", String(pageSize));
    query.set("pageNumber", String(number));
    return `${request.path}?${query.toString()}`;
  };
  // The first page was read before the list moved.
  const from = Math.max(0, (pageNumber - 1) * pageSize + (request.played?.pageShift ?? 0));
  const hasNext = pageNumber < pageCount && pageNumber < (bounds.maxNumber ?? Number.MAX_SAFE_INTEGER);
  return ok({
    entities: all.slice(from, from + pageSize).map(toJson),
    pageSize,
    pageNumber,
    total: all.length,
    firstUri: uri(1),
    selfUri: uri(pageNumber),
    ...(hasNext && { nextUri: uri(pageNumber + 1) }),
    ...(pageNumber > 1 && { previousUri: uri(pageNumber - 1) }),
    lastUri: uri(Math.max(1, pageCount)),
    pageCount,
  });
}

function readNumber(request: ApiRequest, name: string, fallback: number, max: number): number | Answer {
  const text = request.query.get(name);
  if (text === null || text === "") return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  const bound = max === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${max}`;
  return apiError(
    request,
    400,
    "invalid.query.param.value",
    `The value of ${name} must be at least 1${bound}, got: ${text}`,
  );
}

/** The page that a request asks for, whether it is a list or a query; 1 where it doesn't say, 0 when it reads nothing. */
export function wantedPage({ method, path, query, body }: ApiRequest): number {
  if (method === "GET") return Number(query.get("pageNumber") ?? 1);
  if (!path.endsWith("/query")) return 0;
  return Number(asObject(asObject(decodeJson(body)?.value)?.["paging"])?.["pageNumber"] ?? 1);
}

/** Values of a parameter given repeatedly or with commas; `undefined` when it is missing. */
export function readList(request: ApiRequest, name: string): ReadonlySet<string> | undefined {
  const values = request.query.getAll(name).flatMap((value) => value.split(","));
  const kept = values.filter((value) => value !== "");
  return kept.length === 0 ? undefined : new Set(kept);
}
