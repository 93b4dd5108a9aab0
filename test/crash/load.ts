/**
 * What the child offers and what its handlers do, as functions of a seed and an id: an offer that is made again after a crash
 * is the same envelope, and the parent need not remember more than ids.
 */
import { createHash } from "node:crypto";
import type { NewEnvelope, StoreConfig } from "../../src/ports/store.ts";

/** Attempts of one envelope in each sink. */
export const MAX_ATTEMPTS = 4;

/** The two sinks of every history. */
export const SINKS = ["crm", "log"] as const;

const CLASSES = ["critical", "high", "standard", "standard"];
const KEYS = [undefined, undefined, "k1", "k2", "k3", "k4", "k5"];
const ROUTES = [["crm"], ["crm"], ["crm", "log"], ["log"]];

/** Even bytes from a seed and some words. */
export function chances(seed: number, ...words: readonly (string | number)[]): Uint8Array {
  return createHash("sha256")
    .update([seed, ...words].join("\n"))
    .digest();
}

function pick<T>(from: readonly T[], chance: number | undefined): T {
  return from[(chance ?? 0) % from.length] as T;
}

/** The envelope with this id. */
export function envelopeOf(seed: number, id: string): NewEnvelope {
  const [a, b, c, d] = chances(seed, "envelope", id);
  // One that follows another names its lane.
  const key = id.includes(":") ? id.slice(id.indexOf(":") + 1) : pick(KEYS, a);
  // State of one key replaces older state; the lanes k4 and k5 have some.
  const coalesceKey = (key === "k4" || key === "k5") && (d ?? 0) % 3 === 0 ? "state" : undefined;
  return { id, class: pick(CLASSES, b), key, coalesceKey, payload: payloadOf(seed, id), sinks: pick(ROUTES, c) };
}

/** Its payload: the id, and some bytes that follow from it; one in sixteen is large. */
export function payloadOf(seed: number, id: string): Uint8Array {
  const bytes = chances(seed, "payload", id);
  const size = (bytes[0] ?? 0) % 16 === 0 ? 20_000 + (bytes[1] ?? 0) * 100 : (bytes[1] ?? 0) * 4;
  const payload = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) payload[at] = (bytes[at % bytes.length] ?? 0) ^ (at & 255);
  return payload;
}

/** What the handler does with an envelope at one attempt, and how long it takes; 0 ms: at once. */
export function deedOf(
  seed: number,
  id: string,
  attempt: number,
): { readonly result: "ack" | "retry" | "dead"; readonly tookMs: number } {
  const [a, b] = chances(seed, "deed", id, attempt);
  const result = (a ?? 0) < 10 ? "dead" : (a ?? 0) < 60 ? "retry" : "ack";
  return { result, tookMs: (b ?? 0) % 2 === 0 ? 0 : (b ?? 0) % 16 };
}

/** Limits that are never reached: nothing is shed or refused, so nothing ends but as the handlers say. */
export const LIMITS: StoreConfig["sinks"][number]["limits"] = { maxEvents: 1_000_000, maxBytes: 2 ** 31 };
