/** Where the source speaks to: hosts of a region, or given ones; secrets travel in clear on loopback only. */
import { RingfirstError } from "../../errors.ts";
import { regionHost, SOCKET_PATH, TOKEN_PARAMETER } from "../../wire/platform-websocket.ts";
import { resolveRegion } from "../../wire/regions.ts";

/** Base addresses, without a path's end. */
export interface Endpoints {
  readonly api: string;
  readonly socket: string;
}

/** Base addresses that are given instead of the region's. */
export interface EndpointOptions {
  /** `https://…`; `http://` on loopback only. @defaultValue `https://api.{region}.genesys.cloud` */
  readonly api?: string;
  /** `wss://…`; `ws://` on loopback only. @defaultValue `api` with the scheme of sockets */
  readonly socket?: string;
}

/** The addresses for a region. @throws RingfirstError `RF_OPTION_INVALID`, `RF_REGION_UNKNOWN` */
export function resolveEndpoints(path: string, region: string, given: EndpointOptions = {}): Endpoints {
  const host = regionHost(resolveRegion(region).awsRegion);
  const api = resolveBase(`${path}.endpoints.api`, given.api ?? `https://${host}`, "http");
  const socket = given.socket ?? api.replace(/^http/, "ws");
  return { api, socket: resolveBase(`${path}.endpoints.socket`, socket, "ws") };
}

/** The socket's URL. It carries the token: never to be shown. */
export function socketUrl({ socket }: Endpoints, token: string): string {
  return `${socket}${SOCKET_PATH}?${TOKEN_PARAMETER}=${encodeURIComponent(token)}`;
}

function resolveBase(path: string, text: string, scheme: "http" | "ws"): string {
  const allowed = `a ${scheme}s:// address without user, query and fragment (${scheme}:// on loopback only)`;
  if (!URL.canParse(text)) throw invalid(path, allowed, "something that is no address");
  const url = new URL(text);
  const bare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  const safe = url.protocol === `${scheme}s:` || (url.protocol === `${scheme}:` && isLoopback(url.hostname));
  // What is refused may hold a secret (user, query), so only the part that can't is shown.
  if (!bare || !safe) throw invalid(path, allowed, `${url.protocol}//${url.host}${bare ? "" : " with more than that"}`);
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function invalid(path: string, allowed: string, found: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `${path}: ${allowed} expected, found ${found}`, { details: { path } });
}
