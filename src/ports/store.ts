/**
 * The store port: the work queue as every store must implement it. Meaning, rule by rule (Q1 to Q14): `docs/work-queue.md`.
 *
 * Every verb is one atomic act. `now` is epoch milliseconds and comes last; a store that has a clock of its own (a shared
 * database) may ignore it. Bad arguments (unknown sink or class, `max` or `leaseMs` <= 0) reject with `RF_QUEUE_ARGUMENT`
 * and change nothing; verbs after `close` reject with `RF_QUEUE_CLOSED`.
 */
import type { GapLog } from "./gap-log.ts";
import type {
  AdmitResult,
  ClaimedEnvelope,
  DeadLetter,
  LeaseToken,
  NewEnvelope,
  ReclaimedLease,
  Settlement,
  StoreStats,
} from "../core/queue-verbs.ts";
import type { PriorityClass } from "../core/rule.ts";

export type {
  AdmitResult,
  ClaimedEnvelope,
  ClassStats,
  DeadAttempt,
  DeadLetter,
  LeaseToken,
  NewEnvelope,
  ReclaimedLease,
  Settlement,
  SinkRefusal,
  SinkStats,
  StoreStats,
} from "../core/queue-verbs.ts";

/** What to claim. */
export interface ClaimOptions {
  /** At most so many, > 0. */
  readonly max: number;
  /** Length of the leases in milliseconds, > 0. */
  readonly leaseMs: number;
  /** Only lanes of these lane classes; absent: all. */
  readonly classes?: readonly string[] | undefined;
  /**
   * Only as many of the next ones as can be handed over without waiting for a disk or a network; a store that never waits, or
   * can't tell, takes no notice. @defaultValue `false`
   */
  readonly atHand?: boolean | undefined;
}

/** Which dead letters to list; smallest seq first. */
export interface DeadLetterQuery {
  /** Absent: of all sinks, sink by sink. */
  readonly sink?: string | undefined;
  /** Only seqs above this. */
  readonly after?: number | undefined;
  /** @defaultValue 100 */
  readonly limit?: number | undefined;
}

/** The answer to one seq of `redrive` or `discard`. */
export type RedriveResult = "redriven" | "unknown";
export type DiscardResult = "discarded" | "unknown";

/** Why an envelope ended without a delivery, or was not taken. */
export type LedgerReason = "shed" | "refused" | "expired" | "coalesced" | "discarded" | "bound";

/** A line of the bounded ledger (Q10): nothing ends in silence. */
export interface LedgerLine {
  /** Strictly rising. */
  readonly n: number;
  readonly at: number;
  readonly sink: string;
  readonly reason: LedgerReason;
  /** Absent where none was given (refused). */
  readonly seq: number | undefined;
  readonly id: string;
  readonly class: string;
  readonly key: string | undefined;
}

/** How an envelope ended in one sink. */
export interface SettledEnd {
  readonly sink: string;
  readonly how: "acked" | LedgerReason;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The attempt that was acknowledged; 0 for other ends. */
  readonly attempt: number;
}

/** An envelope that is over in all its sinks and is kept for a while. */
export interface SettledEnvelope {
  readonly seq: number;
  readonly id: string;
  readonly class: string;
  readonly key: string | undefined;
  readonly admittedAt: number;
  readonly payload: Uint8Array;
  readonly ends: readonly SettledEnd[];
}

/** Which settled envelopes to list; the newest first. */
export interface HistoryQuery {
  /** Only of this key. */
  readonly key?: string | undefined;
  /** Only seqs below this. */
  readonly before?: number | undefined;
  /** @defaultValue 100 */
  readonly limit?: number | undefined;
}

/** What a store offers that keeps envelopes after their end. */
export interface History {
  list(query: HistoryQuery): Promise<readonly SettledEnvelope[]>;
}

/** An open work queue store (docs/work-queue.md says what each step means). */
export interface Store {
  /**
   * Verbs take effect when they are called, in the order of the calls, and an answer only tells that the effect will last. Then
   * an envelope can be handed over before its admission is answered. @defaultValue `false`
   */
  readonly appliesAtOnce?: boolean;
  /** A claim may have to wait for a disk, so that asking for what is at hand makes a difference. @defaultValue `false` */
  readonly claimsMayWait?: boolean;
  /** Why nothing new is taken at the moment, in words; undefined: all is well. */
  readonly trouble?: string | undefined;
  /** Set when the store keeps settled envelopes. */
  readonly history?: History | undefined;
  admit(batch: readonly NewEnvelope[], now: number): Promise<readonly AdmitResult[]>;
  claim(sink: string, options: ClaimOptions, now: number): Promise<readonly ClaimedEnvelope[]>;
  settle(batch: readonly Settlement[], now: number): Promise<readonly ("settled" | "stale")[]>;
  extend(tokens: readonly LeaseToken[], leaseMs: number, now: number): Promise<readonly ("extended" | "stale")[]>;
  reclaim(now: number): Promise<readonly ReclaimedLease[]>;
  /**
   * The earliest lease end, backoff end of a lane with nothing in flight, or expiry, epoch milliseconds; undefined when
   * nothing is due. Synchronous, so that nobody polls.
   */
  nextDueAt(): number | undefined;
  stats(now: number): Promise<StoreStats>;
  deadLetters(query: DeadLetterQuery, now: number): Promise<readonly DeadLetter[]>;
  redrive(sink: string, seqs: readonly number[], now: number): Promise<readonly RedriveResult[]>;
  discard(sink: string, seqs: readonly number[], now: number): Promise<readonly DiscardResult[]>;
  /** Lines of the bounded ledger with `n` above `after`, oldest first. */
  ledger(query: {
    readonly after?: number | undefined;
    readonly limit?: number | undefined;
  }): Promise<readonly LedgerLine[]>;
  /** Gives leases back without counting the attempt, then releases what is held. Idempotent. */
  close(): Promise<void>;
}

/** Bounds of one sink's work queue (Q10). */
export interface QueueLimits {
  /** Waiting and in-flight envelopes. @defaultValue 1,000,000 */
  readonly maxEvents: number;
  /** Their payload bytes. @defaultValue 2 GiB */
  readonly maxBytes: number;
}

/** One sink as a store sees it. */
export interface StoreSink {
  readonly name: string;
  /** The last attempt makes a dead letter (Q7). */
  readonly maxAttempts: number;
  readonly limits: QueueLimits;
}

/** What a store is opened with; complete, no defaults left. */
export interface StoreConfig {
  /** Most urgent first, at least one. */
  readonly classes: readonly Required<PriorityClass>[];
  readonly sinks: readonly StoreSink[];
  readonly dedup: { readonly windowMs: number; readonly maxCount: number };
  /** Per sink. */
  readonly deadLetters: { readonly maxCount: number };
  /** Lines kept in the ledger. */
  readonly ledger: { readonly maxLines: number };
}

/** A kind of store with its own options, not yet open: what `memoryStore()` returns. */
export interface StoreDriver {
  /** `memory`, `sqlite`, … */
  readonly name: string;
  /** What an admitted envelope survives (Q12): nothing, `kill -9`, or power loss. */
  readonly durability: "none" | "process" | "full";
  open(config: StoreConfig, now: number): Promise<Store>;
  /** Keeps the gap ledger beside the store, used while that is open. Absent: the ledger lives as long as the process. */
  gapLog?(): GapLog;
}
