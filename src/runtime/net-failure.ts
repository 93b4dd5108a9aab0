/** What went wrong on the network, as a kind and a line that holds no address, URL or credential. */
import type { HttpFailure } from "../ports/net.ts";

type Reason = HttpFailure["reason"];

/** Thrown by the look-up when no address of a host is allowed. */
export const FORBIDDEN_ADDRESS = "RF_FORBIDDEN_ADDRESS";

const REASON_OF_CODE: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["EAI_FAIL", "dns"],
  ["EAI_NODATA", "dns"],
  ["ECONNREFUSED", "refused"],
  ["EHOSTUNREACH", "refused"],
  ["ENETUNREACH", "refused"],
  ["EADDRNOTAVAIL", "refused"],
  ["ECONNRESET", "reset"],
  ["EPIPE", "reset"],
  ["UND_ERR_SOCKET", "reset"],
  ["HPE_INVALID_CONSTANT", "reset"],
  ["ETIMEDOUT", "timeout"],
  ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
  ["UND_ERR_HEADERS_TIMEOUT", "timeout"],
  ["UND_ERR_BODY_TIMEOUT", "timeout"],
  [FORBIDDEN_ADDRESS, "forbidden-address"],
]);

const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/;

const WORDS: Readonly<Record<Reason, string>> = {
  timeout: "no answer in time",
  aborted: "given up",
  dns: "the host name can't be resolved",
  refused: "the connection was refused",
  tls: "the TLS certificate or handshake was not accepted",
  reset: "the connection was cut",
  "too-large": "the answer is larger than allowed",
  "forbidden-address": "the host's address is private or reserved, and not allowed",
  other: "the request failed",
};

/** What TLS did not take, by the system's code. */
const TLS_WORDS: ReadonlyMap<string, string> = new Map([
  ["CERT_HAS_EXPIRED", "the server's TLS certificate has expired"],
  ["CERT_NOT_YET_VALID", "the server's TLS certificate is not valid yet, or this machine's clock is wrong"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the server's TLS certificate is for another name"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the server's TLS certificate is signed by nobody whom this machine trusts"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "the server's TLS certificate is signed by nobody whom this machine trusts"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "the server's TLS certificate is signed by nobody whom this machine trusts"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "the server's TLS certificate is signed by itself only"],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "the server's TLS version is not accepted"],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "the server's TLS version is not accepted"],
]);

/** The kind of a thrown network error. */
export function reasonOf(error: unknown): Reason {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    const code = "code" in at && typeof at.code === "string" ? at.code : "";
    const reason = REASON_OF_CODE.get(code);
    if (reason !== undefined) return reason;
    if (TLS_CODE.test(code)) return "tls";
    if (at instanceof AggregateError && at.errors.length > 0) return reasonOf(at.errors[0]);
  }
  return "other";
}

/** One line on a kind of failure, with the system's own code where that says more and is harmless. */
export function failureMessage(reason: Reason, error?: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  const words = TLS_WORDS.get(code ?? "") ?? WORDS[reason];
  return code === undefined || code === FORBIDDEN_ADDRESS ? words : `${words} (${code})`;
}
