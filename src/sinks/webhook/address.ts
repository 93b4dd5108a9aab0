/**
 * Which addresses a webhook may be sent to. A URL in a configuration must not be able to reach what only this machine can
 * reach: metadata services, the store next door, an admin page on loopback.
 *
 * A1  The decision falls on the resolved address, at the moment of connecting (`Net` asks for each connection): a name
 *     that resolves to something else a second later is judged again.
 * A2  Only addresses of the public internet pass; every special range is refused: loopback, private, link-local (metadata
 *     services), shared (CGNAT), unique local, multicast, documentation, reserved, unspecified, 6to4, Teredo, NAT64.
 * A3  IPv6 forms that carry an IPv4 address are judged by what they carry.
 * A4  What `allowPrivate` lists passes. On-premise systems are common, so this is one line of configuration, and visible.
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { RingfirstError } from "../../errors.ts";

type Address = ReturnType<typeof ipaddr.process>;
type Range = readonly [Address, number];

/** Decides on one resolved address. */
export type AddressFilter = (address: string) => boolean;

/** Public by its number, and yet reached from inside only: Azure's platform endpoint. */
const SPECIAL: ReadonlySet<string> = new Set(["168.63.129.16"]);
/** Global unicast as assigned; the rest of IPv6's space has nothing to deliver to. */
const GLOBAL_V6: Range = [ipaddr.IPv6.parse("2000::"), 3];
const NAT64: Range = [ipaddr.IPv6.parse("64:ff9b::"), 96];

/**
 * The filter for a list of allowed private ranges (`10.20.0.0/16`, `fd00::/8`, or single addresses).
 *
 * @throws RingfirstError `RF_OPTION_INVALID` for what is neither
 */
export function createAddressFilter(path: string, allowPrivate: readonly string[]): AddressFilter {
  const allowed = allowPrivate.map((text, place) => parseRange(`${path}[${place}]`, text));
  const permits = (address: Address): boolean => {
    if (inAny(address, allowed)) {
      const carried = carriedByNat64(address);
      return carried === undefined || permits(carried);
    }
    return isPublic(address);
  };
  return (text) => isIP(withoutZone(text)) !== 0 && permits(ipaddr.process(withoutZone(text)));
}

/** Whether a URL's host is this machine by its name or number. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (bare === "localhost" || bare.endsWith(".localhost")) return true;
  return isIP(bare) !== 0 && ipaddr.process(bare).range() === "loopback";
}

function isPublic(address: Address): boolean {
  if (address.range() !== "unicast" || SPECIAL.has(address.toString())) return false;
  return address.kind() === "ipv4" || within(address, GLOBAL_V6);
}

/** The IPv4 address in the last 32 bits of a NAT64 address. */
function carriedByNat64(address: Address): Address | undefined {
  if (!within(address, NAT64)) return undefined;
  return ipaddr.fromByteArray(address.toByteArray().slice(12));
}

function parseRange(path: string, text: string): Range {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  const length = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || more.length > 0 || !(length <= longest)) {
    throw new RingfirstError(
      "RF_OPTION_INVALID",
      `${path}: an address or a range such as "10.20.0.0/16" expected, found ${JSON.stringify(text)}`,
    );
  }
  const parsed = ipaddr.parse(address);
  // A range of v4-mapped addresses means the IPv4 range that it maps.
  const mapped = parsed.kind() === "ipv6" && parsed.range() === "ipv4Mapped" && length >= 96;
  return mapped ? [ipaddr.process(address), length - 96] : [parsed, length];
}

function inAny(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some((range) => within(address, range));
}

function within(address: Address, [base, bits]: Range): boolean {
  if (address instanceof ipaddr.IPv4) return base instanceof ipaddr.IPv4 && address.match(base, bits);
  return base instanceof ipaddr.IPv6 && address.match(base, bits);
}

function withoutZone(text: string): string {
  const at = text.indexOf("%");
  return at === -1 ? text : text.slice(0, at);
}
