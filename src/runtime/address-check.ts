/**
 * Decides on the address that a connection really goes to: the look-up that the connector uses is the one that is checked,
 * so a name that resolves differently a moment later changes nothing.
 */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { FORBIDDEN_ADDRESS } from "./net-failure.ts";

/** Whether connecting to this address is allowed. */
export type AllowAddress = (address: string, family: 4 | 6) => boolean;

/** Why a host is not connected to. */
export function forbidden(): NodeJS.ErrnoException {
  return Object.assign(new Error("no address of the host is allowed"), { code: FORBIDDEN_ADDRESS });
}

/** Whether a URL names an address that is not allowed; such a host is never looked up, so the connector would not ask. */
export function namesForbiddenAddress(url: URL, allow: AllowAddress): boolean {
  const host = url.hostname.replace(/^\[|\]$/gu, "");
  const family = isIP(host);
  return (family === 4 || family === 6) && !allow(host, family);
}

/** A look-up that gives only allowed addresses, and fails where there is none. */
export function checkedLookup(allow: AllowAddress): LookupFunction {
  return (hostname, options, callback) => {
    const all: LookupOptions & { all: true } = { ...options, all: true };
    dnsLookup(hostname, all, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = addresses.filter((entry): entry is LookupAddress =>
        allow(entry.address, entry.family === 6 ? 6 : 4),
      );
      const [first] = allowed;
      if (first === undefined) callback(forbidden(), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
