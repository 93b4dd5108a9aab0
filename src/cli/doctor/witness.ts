/**
 * The network with a witness: what answers say besides what was asked, which is the server's time and the client's budget; and what went
 * wrong below HTTP. Nothing that is sent is remembered.
 */
import type { Clock } from "../../ports/clock.ts";
import type { HttpFailure, HttpRequest, HttpResponse, Net } from "../../ports/net.ts";

/** The request window of the client, as the last answer told it. */
export interface Budget {
  readonly used: number;
  readonly allowed: number;
  readonly resetS: number;
}

/** How far this machine's clock is from a server's; positive: ours is ahead. */
export interface Skew {
  readonly ms: number;
  /** It may be wrong by so much: the header has whole seconds, and the way takes its time. */
  readonly uncertainMs: number;
}

/** What was seen of one host. */
export interface HostSeen {
  readonly requests: number;
  /** The quickest answer. */
  readonly answeredInMs: number | undefined;
  readonly failure: HttpFailure | undefined;
}

/** The witness. */
export interface Witness {
  readonly net: Net;
  readonly requests: () => number;
  readonly host: (address: string) => HostSeen;
  /** The surest of all answers. */
  readonly skew: () => Skew | undefined;
  readonly budget: () => Budget | undefined;
}

const RESOLUTION_MS = 1_000;

/** A network that is watched. */
export function createWitness(net: Net, clock: Clock): Witness {
  const hosts = new Map<string, HostSeen>();
  let skew: Skew | undefined;
  let budget: Budget | undefined;
  const request = async (call: HttpRequest): Promise<HttpResponse | HttpFailure> => {
    const host = hostOf(call.url);
    const [wall, begun] = [clock.now(), clock.monotonic()];
    const answer = await net.request(call);
    const tookMs = clock.monotonic() - begun;
    const seen = hosts.get(host) ?? UNSEEN;
    hosts.set(host, {
      requests: seen.requests + 1,
      answeredInMs: answer.ok ? Math.min(tookMs, seen.answeredInMs ?? Infinity) : seen.answeredInMs,
      failure: answer.ok ? seen.failure : answer,
    });
    if (!answer.ok) return answer;
    const found = skewOf(answer.headers["date"], wall, tookMs);
    if (found !== undefined && (skew === undefined || found.uncertainMs < skew.uncertainMs)) skew = found;
    budget = budgetOf(answer.headers) ?? budget;
    return answer;
  };
  return {
    net: { request, openSocket: (call, listener) => net.openSocket(call, listener) },
    requests: () => [...hosts.values()].reduce((sum, { requests }) => sum + requests, 0),
    host: (address) => hosts.get(hostOf(address)) ?? UNSEEN,
    skew: () => skew,
    budget: () => budget,
  };
}

const UNSEEN: HostSeen = { requests: 0, answeredInMs: undefined, failure: undefined };

function hostOf(address: string): string {
  return URL.parse(address)?.host ?? "";
}

/** The server wrote its time somewhere between our sending and our reading, and cut it to the second. */
function skewOf(date: string | undefined, sentAt: number, tookMs: number): Skew | undefined {
  const at = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(at)) return undefined;
  return { ms: sentAt + tookMs / 2 - (at + RESOLUTION_MS / 2), uncertainMs: tookMs / 2 + RESOLUTION_MS / 2 };
}

function budgetOf(headers: Readonly<Record<string, string>>): Budget | undefined {
  const [used, allowed, resetS] = ["count", "allowed", "reset"].map((name) => {
    const text = headers[`inin-ratelimit-${name}`];
    return text !== undefined && /^\d{1,9}$/u.test(text) ? Number(text) : undefined;
  });
  return used === undefined || allowed === undefined || resetS === undefined ? undefined : { used, allowed, resetS };
}
