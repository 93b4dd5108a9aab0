/**
 * Who may speak to this server from a browser: the guard against DNS rebinding and cross-site requests (P10).
 *
 * - H1: the `Host` header names a loopback host, the bound host, or a configured one. A page whose name was re-pointed at
 *   this machine still sends its own name, so it is refused. Where the server is bound to all addresses, an IP address
 *   passes too: rebinding needs a name.
 * - H2: an `Origin` must be the very host and port that was addressed, or a configured one; `null` is refused.
 * - H3: a browser that says by `Sec-Fetch-Site` that another site asks is refused, save for a page it navigates to.
 */
import { isIP } from "node:net";

/** What {@link createHostGuard} allows. */
export interface HostGuardOptions {
  /** The address or name that the server is bound to. */
  readonly host: string;
  /** More names (without port) by which it is reached, e.g. behind a proxy. */
  readonly allowedHosts: readonly string[];
  /** More origins (`https://wall.example.com`) whose pages may ask. */
  readonly allowedOrigins: readonly string[];
}

/** The headers that the guard looks at, as received. */
export interface GuardedRequest {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
}

/** Why a request is refused. */
export interface GuardRefusal {
  readonly code: "forbidden-host" | "forbidden-origin";
  readonly message: string;
}

/** Looks at one request; undefined: it may pass. */
export type HostGuard = (request: GuardedRequest) => GuardRefusal | undefined;

/** A guard for a server bound to `host`. */
export function createHostGuard(options: HostGuardOptions): HostGuard {
  const names = new Set([options.host, ...options.allowedHosts].map(normalizeHost));
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
  const anyAddress = isWildcard(options.host);

  const hostPasses = (host: string): boolean =>
    names.has(host) || isLoopbackHost(host) || (anyAddress && isIP(host) !== 0);

  return ({ host, origin, fetchSite, fetchMode }) => {
    const authority = host === undefined ? undefined : parseAuthority(host);
    if (authority === undefined || !hostPasses(authority.hostname)) {
      return {
        code: "forbidden-host",
        message: "this Host name is not one of this server's; add it to server.allowedHosts if it is meant to be",
      };
    }
    if (origin !== undefined) {
      return origins.has(origin.toLowerCase()) || isSameHost(origin, authority.host) ? undefined : FOREIGN_ORIGIN;
    }
    const foreign = fetchSite === "cross-site" || fetchSite === "same-site";
    return foreign && fetchMode !== "navigate" ? FOREIGN_ORIGIN : undefined;
  };
}

const FOREIGN_ORIGIN: GuardRefusal = {
  code: "forbidden-origin",
  message: "pages of another origin may not use this server; add it to server.allowedOrigins if it is meant to be",
};

/** Whether a host name or address (without port, IPv6 without brackets) is this machine's loopback. */
export function isLoopbackHost(host: string): boolean {
  const name = normalizeHost(host);
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return isIP(name) === 4 ? name.startsWith("127.") : name === "::1";
}

/** Whether an address stands for all of the machine's addresses. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}

function normalizeHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
}

/** The parts of a `Host` header, `host` with its port; undefined for anything that is no plain authority. */
function parseAuthority(header: string): { readonly hostname: string; readonly host: string } | undefined {
  if (header === "" || /[^\w.\-:[\]]/.test(header) || !URL.canParse(`http://${header}`)) return undefined;
  const url = new URL(`http://${header}`);
  return { hostname: normalizeHost(url.hostname), host: url.host };
}

function isSameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  // A proxy that ends TLS passes `Host` without the scheme's port, and so does the browser's `Origin`.
  return url.host === host;
}
