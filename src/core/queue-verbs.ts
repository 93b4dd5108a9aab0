/**
 * What the verbs of the work queue take and answer. `ports/store.ts` hands these on as the words of every store; the core is
 * generic in the payload `P`, so that a store may give it a reference in place of bytes.
 */
/** What is given to `admit`. */
export interface NewEnvelope<P = Uint8Array> {
  /** Dedup identity (Q11). */
  readonly id: string;
  /** Name of a configured class. */
  readonly class: string;
  /** Ordering key: one lane per key and sink (Q1). "" is a key like any other; absent: a lane by itself. */
  readonly key?: string | undefined;
  /** Newer state replaces older (Q9); needs a key. */
  readonly coalesceKey?: string | undefined;
  /** Epoch milliseconds from which it is not handed over any more (Q8). */
  readonly expiresAt?: number | undefined;
  /** @defaultValue `"drop"` */
  readonly onExpiry?: "drop" | "dead-letter" | undefined;
  /** The store keeps this array as it is: the caller must not change it afterwards. */
  readonly payload: P;
  /** Names of the sinks that shall have it. None: admitted and complete at once (`unrouted`). */
  readonly sinks: readonly string[];
}

/** Why one sink did not take an envelope that others took. */
export interface SinkRefusal {
  readonly sink: string;
  readonly reason: "full" | "too-large";
}

/** The answer to one item of `admit`. */
export type AdmitResult =
  | { readonly status: "admitted"; readonly seq: number; readonly refusedBy?: readonly SinkRefusal[] }
  /** `replaced`: how many envelopes this admit removed, in the sink where most were. */
  | {
      readonly status: "coalesced";
      readonly seq: number;
      readonly replaced: number;
      readonly refusedBy?: readonly SinkRefusal[];
    }
  | { readonly status: "duplicate" }
  | { readonly status: "full" }
  | { readonly status: "too-large" };

/** Names one lease, never used twice, restarts included (Q6). */
export type LeaseToken = number;

/** An envelope handed over under a lease. */
export interface ClaimedEnvelope<P = Uint8Array> {
  readonly token: LeaseToken;
  readonly seq: number;
  readonly id: string;
  /** Its own class. */
  readonly class: string;
  /** The class by which its lane was served (Q2); equal to `class` or more urgent, save for shares. */
  readonly laneClass: string;
  readonly key: string | undefined;
  /** From 1. */
  readonly attempt: number;
  /** How often it was redriven from the dead letters. */
  readonly redriven: number;
  /** `now` less its admission, in milliseconds. */
  readonly waitedMs: number;
  /** How many older envelopes it stands for (Q9), cumulative. */
  readonly replaced: number;
  readonly payload: P;
}

/** The end of one lease. */
export type Settlement =
  | { readonly token: LeaseToken; readonly result: "ack" }
  | { readonly token: LeaseToken; readonly result: "retry"; readonly delayMs: number; readonly cause: string }
  | { readonly token: LeaseToken; readonly result: "dead"; readonly cause: string };

/** A lease that `reclaim` ended. */
export interface ReclaimedLease {
  readonly sink: string;
  readonly seq: number;
  /** The attempt that ended. */
  readonly attempt: number;
  readonly result: "waiting" | "dead";
}

/** One attempt of a dead letter. */
export interface DeadAttempt {
  readonly attempt: number;
  /** When it ended, epoch milliseconds. */
  readonly at: number;
  readonly cause: string;
}

/** An envelope that was given up; named by (sink, seq). */
export interface DeadLetter<P = Uint8Array> {
  readonly sink: string;
  readonly seq: number;
  readonly id: string;
  readonly class: string;
  readonly key: string | undefined;
  /** Epoch milliseconds. */
  readonly admittedAt: number;
  readonly deadAt: number;
  /** Every attempt, oldest first, those before a redrive included. */
  readonly attempts: readonly DeadAttempt[];
  readonly redriven: number;
  readonly replaced: number;
  readonly payload: P;
}

/** Counters and gauges of one class within one sink, by own class. */
export interface ClassStats {
  readonly admitted: number;
  readonly acked: number;
  readonly expired: number;
  readonly coalesced: number;
  readonly shed: number;
  readonly refused: number;
  readonly discarded: number;
  readonly dead: number;
  readonly waiting: number;
  readonly inFlight: number;
  /** Admission of the oldest waiting envelope, epoch milliseconds. */
  readonly oldestAdmittedAt: number | undefined;
}

/** One sink's work queue. For each: admitted = acked + expired + coalesced + shed + discarded + dead + waiting + inFlight (Q14). */
export interface SinkStats {
  readonly admitted: number;
  readonly acked: number;
  readonly expired: number;
  readonly coalesced: number;
  readonly shed: number;
  readonly discarded: number;
  /** Dead letters there are now. */
  readonly dead: number;
  readonly waiting: number;
  readonly inFlight: number;
  readonly refused: number;
  readonly redriven: number;
  /** Failed attempts that were put back. */
  readonly retried: number;
  /** Leases ended by their time or by a restart. */
  readonly reclaimed: number;
  /** Payload bytes of waiting and in-flight envelopes. */
  readonly bytes: number;
  /** Lanes with at least one envelope. */
  readonly lanes: number;
  /** Lanes in backoff. */
  readonly backoffs: number;
  readonly classes: Readonly<Record<string, ClassStats>>;
  /**
   * Set for a sink that is no longer configured and left envelopes in a durable store: all of them count as `dead` and can be
   * listed and discarded; configured again, it goes on where it was.
   */
  readonly removed?: true;
}

/** The whole store. */
export interface StoreStats {
  readonly sinks: Readonly<Record<string, SinkStats>>;
  /** Items answered `admitted` or `coalesced`. */
  readonly admitted: number;
  readonly duplicates: number;
  readonly full: number;
  readonly tooLarge: number;
  readonly unrouted: number;
  /** Ids in the dedup window. */
  readonly dedupIds: number;
  /** Payload bytes, each payload counted once. */
  readonly payloadBytes: number;
  /** The highest seq given. */
  readonly lastSeq: number;
}
