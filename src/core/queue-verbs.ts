/** What the verbs of the work queue take and answer, as the core speaks it; `ports/store.ts` says the same of every store. */
import type { SinkReport } from "./queue-counters.ts";
import type { FailedAttempt } from "./queue-envelope.ts";

/** One item of `admit`. */
export interface AdmitItem<P> {
  readonly id: string;
  readonly class: string;
  readonly key?: string | undefined;
  readonly coalesceKey?: string | undefined;
  readonly expiresAt?: number | undefined;
  readonly onExpiry?: "drop" | "dead-letter" | undefined;
  readonly payload: P;
  readonly sinks: readonly string[];
}

/** Why one sink did not take an envelope that others took. */
export interface Refusal {
  readonly sink: string;
  readonly reason: "full" | "too-large";
}

/** The answer to one item of `admit`. */
export type Admission =
  | { readonly status: "admitted"; readonly seq: number; readonly refusedBy?: readonly Refusal[] }
  | {
      readonly status: "coalesced";
      readonly seq: number;
      readonly replaced: number;
      readonly refusedBy?: readonly Refusal[];
    }
  | { readonly status: "duplicate" }
  | { readonly status: "full" }
  | { readonly status: "too-large" };

/** An envelope handed over under a lease. */
export interface HandOver<P> {
  readonly token: number;
  readonly seq: number;
  readonly id: string;
  readonly class: string;
  readonly laneClass: string;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly redriven: number;
  readonly waitedMs: number;
  readonly replaced: number;
  readonly payload: P;
}

/** The end of one lease. */
export type LeaseEnd =
  | { readonly token: number; readonly result: "ack" }
  | { readonly token: number; readonly result: "retry"; readonly delayMs: number; readonly cause: string }
  | { readonly token: number; readonly result: "dead"; readonly cause: string };

/** A lease that ran out. */
export interface EndedLease {
  readonly sink: string;
  readonly seq: number;
  readonly attempt: number;
  readonly result: "waiting" | "dead";
}

/** A dead letter as it is listed. */
export interface ListedDeadLetter<P> {
  readonly sink: string;
  readonly seq: number;
  readonly id: string;
  readonly class: string;
  readonly key: string | undefined;
  readonly admittedAt: number;
  readonly deadAt: number;
  readonly attempts: readonly FailedAttempt[];
  readonly redriven: number;
  readonly replaced: number;
  readonly payload: P;
}

/** Counters of the whole. */
export interface QueueReport {
  readonly sinks: Readonly<Record<string, SinkReport>>;
  readonly admitted: number;
  readonly duplicates: number;
  readonly full: number;
  readonly tooLarge: number;
  readonly unrouted: number;
  readonly dedupIds: number;
  readonly payloadBytes: number;
  readonly lastSeq: number;
}
