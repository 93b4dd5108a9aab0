/** Where the source speaks to, and whether a `connectUri` may be trusted. Secrets travel in clear on loopback only. */
import { invalid } from "../../core/option-check.ts";
import { resolveRegion } from "../../wire/regions.ts";

/** Base addresses that are given instead of the region's: an emulator or a proxy. */
export interface EndpointOptions {
  /** `https://…`; `http://` on loopback only. */
  readonly login?: string;
  readonly api?: string;
}

/** Base addresses without a path's end, and the host that sockets may go to. */
export interface Endpoints {
  readonly login: string;
  readonly api: string;
  /** Undefined where the endpoints are given: then the host of `api`, or loopback, is trusted. */
  readonly streamingHost: string | undefined;
}

/** The addresses of a region. @throws RingfirstError `RF_REGION_UNKNOWN` or `RF_OPTION_INVALID` */
export function resolveEndpoints(path: string, region: string | undefined, given: EndpointOptions = {}): Endpoints {
  if (given.login !== undefined && given.api !== undefined) {
    if (region !== undefined) resolveRegion(region);
    return {
      login: resolveBase(`${path}.endpoints.login`, given.login),
      api: resolveBase(`${path}.endpoints.api`, given.api),
      streamingHost: undefined,
    };
  }
  if (region === undefined) throw invalid(`${path}.region`, "a region such as us-east-1, or both endpoints", "none");
  const { loginHost, apiHost, streamingHost } = resolveRegion(region);
  return {
    login: resolveBase(`${path}.endpoints.login`, given.login ?? `https://${loginHost}`),
    api: resolveBase(`${path}.endpoints.api`, given.api ?? `https://${apiHost}`),
    streamingHost: given.api === undefined ? streamingHost : undefined,
  };
}

/** Why a socket is not opened to this address; undefined where it may be. The address itself is a secret and is not told. */
export function connectUriProblem(uri: string, { api, streamingHost }: Endpoints): string | undefined {
  const url = URL.parse(uri);
  if (url === null) return "it is no address";
  if (url.username !== "" || url.password !== "") return "it holds credentials";
  const loopback = isLoopback(url.hostname);
  const onLoopback = isLoopback(new URL(api).hostname);
  if (url.protocol === "ws:" && loopback && onLoopback) return undefined;
  if (url.protocol !== "wss:") return `it is not encrypted (${url.protocol})`;
  const trusted = streamingHost ?? new URL(api).hostname;
  if (url.hostname === trusted || (onLoopback && loopback)) return undefined;
  // A proxy's own host may differ from the API's: its domain has to be the same.
  if (streamingHost === undefined && sameDomain(url.hostname, trusted)) return undefined;
  return `its host is not ${trusted}`;
}

function sameDomain(host: string, other: string): boolean {
  const domain = other.split(".").slice(1).join(".");
  return domain.includes(".") && host.endsWith(`.${domain}`);
}

function resolveBase(path: string, text: string): string {
  const allowed = "an https:// address without user, query and fragment (http:// on loopback only)";
  const url = URL.parse(text);
  if (url === null) throw invalid(path, allowed, "something that is no address");
  const bare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  const safe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
  // What is refused may hold a secret (user, query), so only the part that can't is shown.
  if (!bare || !safe) throw invalid(path, allowed, `${url.protocol}//${url.host}${bare ? "" : " with more than that"}`);
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/u, "")}`;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/u.test(hostname);
}
