/** Addresses in a configuration: secrets travel to them, so in clear on loopback only. */

/** What is wrong with an address; undefined for a good one. Nothing of it but scheme and host is shown: the rest may be a secret. */
export function addressProblem(address: string, scheme: "http" | "ws"): string | undefined {
  const allowed = `an address ${scheme}s://… without user and password (${scheme}:// on loopback only) expected`;
  if (!URL.canParse(address)) return `${allowed}, found something that is no address`;
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") return `${allowed}, found one with a user or password in it`;
  if (url.protocol === `${scheme}s:`) return undefined;
  if (url.protocol === `${scheme}:` && isLoopback(url.hostname)) return undefined;
  return `${allowed}, found ${url.protocol}//${url.host}`;
}

/** Whether a host name is this machine, by its spelling alone. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/u.test(hostname);
}
