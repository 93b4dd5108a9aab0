/** One HTTP request, its answer read whole: time limit over everything, cap on the answer, no redirects, checked addresses. */
import { Agent, request as undiciRequest } from "undici";
import type { HttpFailure, HttpRequest, HttpResponse } from "../ports/net.ts";
import { type AllowAddress, checkedLookup, namesForbiddenAddress } from "./address-check.ts";
import { failureMessage, reasonOf } from "./net-failure.ts";

const DEFAULT_MAX_BYTES = 16 * 2 ** 20;
const IDLE_MS = 10_000;

type Send = (request: HttpRequest) => Promise<HttpResponse | HttpFailure>;

/**
 * A client with connection pools of its own. Connections are pooled per address policy, so a checked connection is used
 * again only under the same check.
 */
export function createHttpClient(): Send {
  const open = new Agent({ keepAliveTimeout: IDLE_MS });
  const checked = new WeakMap<AllowAddress, Agent>();
  const poolFor = (allow: AllowAddress | undefined): Agent => {
    if (allow === undefined) return open;
    let pool = checked.get(allow);
    if (pool === undefined) {
      pool = new Agent({ keepAliveTimeout: IDLE_MS, connect: { lookup: checkedLookup(allow) } });
      checked.set(allow, pool);
    }
    return pool;
  };
  return (request) => send(request, poolFor(request.allowAddress));
}

async function send(request: HttpRequest, pool: Agent): Promise<HttpResponse | HttpFailure> {
  const { method, url, headers, body, timeoutMs, maxBytes = DEFAULT_MAX_BYTES, signal, allowAddress } = request;
  if (signal?.aborted) return failure("aborted");
  const target = URL.parse(url);
  if (target === null) return failure("other");
  if (allowAddress !== undefined && namesForbiddenAddress(target, allowAddress)) return failure("forbidden-address");
  const limit = AbortSignal.timeout(timeoutMs);
  const end = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  let status: number | undefined;
  try {
    const asked = undiciRequest(target, {
      method,
      headers: { ...headers },
      body: body ?? null,
      dispatcher: pool,
      signal: end,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const answer = await untilAborted(asked, end);
    status = answer.statusCode;
    const read = await readCapped(answer.body, maxBytes);
    if (read === undefined) return failure("too-large", undefined, status);
    return { ok: true, status, headers: joined(answer.headers), body: read };
  } catch (error) {
    if (signal?.aborted === true) return failure("aborted", undefined, status);
    if (limit.aborted) return failure("timeout", undefined, status);
    return failure(reasonOf(error), error, status);
  }
}

/** While it connects (a name server that says nothing, packets that go nowhere), `undici` does not look at the signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error("aborted"));
    signal.addEventListener("abort", onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function failure(reason: HttpFailure["reason"], error?: unknown, status?: number): HttpFailure {
  const base = { ok: false as const, reason, message: failureMessage(reason, error) };
  return status === undefined ? base : { ...base, status };
}

/** The body, or undefined when it is longer than allowed. */
async function readCapped(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return result;
}
