/** Whether hosts can be reached, what to do where they can't, and the clock. */
import type { HttpFailure } from "../../ports/net.ts";
import { duration } from "../text.ts";
import type { Tell } from "./finding.ts";
import type { Witness } from "./witness.ts";

/** From here on a clock is told of: token lives and times of gaps are wrong by as much. */
const SKEW_WARNING_MS = 5_000;
/** Receivers of signed webhooks refuse what is five minutes off. */
const SKEW_PROBLEM_MS = 120_000;
const PROBE_MS = 8_000;

/** Looks for an answer of any kind at the bare addresses; the credentials don't travel. */
export async function probe(addresses: readonly string[], { net }: Witness): Promise<void> {
  await Promise.all(
    [...new Set(addresses)].map((url) => net.request({ method: "GET", url, timeoutMs: PROBE_MS, maxBytes: 65_536 })),
  );
}

/** Tells of the hosts that were spoken to; answers those that can't be reached. */
export function tellHosts(addresses: readonly string[], witness: Witness, tell: Tell): readonly string[] {
  const hosts = [...new Set(addresses.map((address) => new URL(address).host))];
  const seen = hosts.map((host) => ({ host, ...witness.host(`https://${host}`) }));
  const dead = seen.filter(({ answeredInMs }) => answeredInMs === undefined);
  if (dead.length === 0) {
    const list = seen.map(({ host, answeredInMs }) => `${host} in ${duration(answeredInMs)}`).join(", ");
    tell("hosts", "ok", `reached ${list}`, { details: { hosts } });
    return [];
  }
  const list = dead.map(({ host, failure }) => `${host}: ${failure?.message ?? "no answer"}`).join("; ");
  const todo = [...new Set(dead.flatMap(({ host, failure }) => adviceFor(failure, host)))];
  tell("hosts", "problem", `no way to ${list}`, {
    todo,
    details: { hosts, unreachable: dead.map(({ host }) => host) },
  });
  return dead.map(({ host }) => host);
}

function adviceFor(failure: HttpFailure | undefined, host: string): readonly string[] {
  const reason = failure?.reason;
  if (reason === "dns") {
    return [`the name is not found: look at this machine's DNS (getent hosts ${host.replace(/:\d+$/u, "")})`];
  }
  if (reason === "tls") {
    return [
      "the certificate is not trusted: where a proxy of your company looks into TLS, give Node its root certificate (NODE_EXTRA_CA_CERTS)",
    ];
  }
  if (reason === "refused") {
    return ["nothing listens there: look at endpoints in the configuration, and whether an emulator or proxy runs"];
  }
  return [`let this machine out to ${host} (HTTPS and WebSockets, port 443): a firewall is the usual cause`];
}

/** Tells how far the clock is off, by the Date header of the answers. */
export function tellClock(witness: Witness, tell: Tell): void {
  const skew = witness.skew();
  if (skew === undefined) {
    tell("clock", "unchecked", "no answer told the server's time");
    return;
  }
  const offMs = Math.max(0, Math.abs(skew.ms) - skew.uncertainMs);
  const details = { skewMs: Math.round(skew.ms), uncertainMs: Math.round(skew.uncertainMs) };
  if (offMs < SKEW_WARNING_MS) {
    tell("clock", "ok", `right to ${duration(Math.max(1_000, Math.abs(skew.ms) + skew.uncertainMs))}`, { details });
    return;
  }
  const found = `${duration(Math.abs(skew.ms))} ${skew.ms > 0 ? "ahead of" : "behind"} the platform's`;
  tell("clock", offMs < SKEW_PROBLEM_MS ? "warning" : "problem", found, {
    todo: [
      "set this machine's clock by NTP (timedatectl set-ntp true): receivers refuse signed webhooks whose time is minutes off",
    ],
    details,
  });
}
