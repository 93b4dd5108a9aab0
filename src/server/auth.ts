/**
 * The token rule (P10): nothing that reads payloads or changes state works without the token, and guessing it is slow.
 *
 * - A1: compared in constant time, as hashes of equal length.
 * - A2: each address has a budget of wrong tokens; when it is used up, further wrong ones are answered 429 until some of it is
 *   back. The right one is always taken, so nobody can lock others out. A request without a token is no guess.
 * - A3: the token is in no answer and no log line.
 *
 * A login by link (`/?token=…`, for the dashboard) belongs here, beside the header.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../ports/clock.ts";

/** The verdict on one request. */
export type AuthVerdict =
  | { readonly kind: "allowed" }
  | { readonly kind: "missing" }
  | { readonly kind: "wrong" }
  /** Too many wrong tokens from there. */
  | { readonly kind: "damped"; readonly retryAfterMs: number };

/** Judges `Authorization` headers. */
export interface Authenticator {
  check(authorization: string | undefined, address: string): AuthVerdict;
}

/** Wrong tokens that an address may send at once. */
export const GUESS_BURST = 10;
/** One more each so many milliseconds. */
export const GUESS_REFILL_MS = 2_000;
/** Addresses that are remembered; beyond, the one that was quiet for longest is forgotten. */
const MAX_ADDRESSES = 1_024;

const ALLOWED: AuthVerdict = { kind: "allowed" };
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** An authenticator for one token. */
export function createAuthenticator(token: string, clock: Clock): Authenticator {
  const expected = digest(token);
  const damper = createDamper(clock);
  return {
    check(authorization, address) {
      if (authorization === undefined || authorization === "") return { kind: "missing" };
      const given = BEARER.exec(authorization)?.[1] ?? "";
      // The right token is never refused: behind a proxy, one caller with an old token must not lock the others out.
      if (timingSafeEqual(digest(given), expected)) return ALLOWED;
      const waitMs = damper.waitMs(address);
      if (waitMs > 0) return { kind: "damped", retryAfterMs: waitMs };
      damper.spend(address);
      return { kind: "wrong" };
    },
  };
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

interface Damper {
  /** Until the next guess is looked at, in milliseconds; 0: now. */
  waitMs(address: string): number;
  spend(address: string): void;
}

/** One bucket per address, kept as the instant at which it is full again. */
function createDamper(clock: Clock): Damper {
  const fullAt = new Map<string, number>();
  return {
    waitMs(address) {
      const debt = (fullAt.get(network(address)) ?? 0) - clock.monotonic();
      return Math.max(0, debt - (GUESS_BURST - 1) * GUESS_REFILL_MS);
    },
    spend(address) {
      const name = network(address);
      const from = Math.max(fullAt.get(name) ?? 0, clock.monotonic());
      fullAt.delete(name);
      fullAt.set(name, from + GUESS_REFILL_MS);
      if (fullAt.size > MAX_ADDRESSES) fullAt.delete(fullAt.keys().next().value ?? "");
    },
  };
}

/** An IPv6 caller owns a whole /64. */
function network(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  return address.split(":").slice(0, 4).join(":");
}
