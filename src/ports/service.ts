/**
 * The running service as servers and programs see it: what `GET /api/status` answers, and what may be done to it.
 * These types are the HTTP contract too: `client/types.ts` hands them on.
 */
import type { ClassifyExplanation } from "../core/classify.ts";
import type { GapOutcome, GapQuery, GapRecord } from "../core/gap.ts";
import type { DeadLetter, DeadLetterQuery, DiscardResult, RedriveResult, SinkStats } from "./store.ts";
import type { PushSource, SourceStatus } from "./source.ts";

export type { GapFinding, GapOutcome, GapQuery, GapRecord, GapState } from "../core/gap.ts";

/** Waits from admission to hand-over, in milliseconds. */
export interface WaitSummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** One source with its counters. */
export interface SourceReport extends SourceStatus {
  readonly name: string;
  readonly type: string;
  /** Events given to intake. */
  readonly received: number;
  /** Frames that did not parse (they are events too). */
  readonly malformed: number;
  /** Held back because intake is behind or the work queue fills up. */
  readonly paused: boolean;
  /** Epoch milliseconds. */
  readonly lastEventAt: number | undefined;
}

/** One sink with its work queue. */
export interface SinkReport {
  readonly name: string;
  readonly type: string;
  readonly paused: boolean;
  readonly concurrency: number;
  readonly queue: SinkStats;
  /** The last failed attempt. */
  readonly lastFailure: { readonly at: number; readonly cause: string } | undefined;
}

/** One priority class over all sinks. */
export interface ClassReport {
  readonly name: string;
  readonly waiting: number;
  readonly inFlight: number;
  /** Acknowledged deliveries. */
  readonly delivered: number;
  /** Age of the oldest waiting envelope in milliseconds. */
  readonly oldestWaitingMs: number | undefined;
  /** By own class, since the start. */
  readonly waitMs: WaitSummary;
}

/** Gaps in numbers. */
export interface GapSummary {
  readonly open: number;
  /** Ended, and what they hid is being asked for. */
  readonly asking: number;
  /** Since the ledger exists. */
  readonly total: number;
  /** Since the start, those with an outcome. */
  readonly outcomes: Readonly<Record<GapOutcome, number>>;
  /** The youngest, oldest first, each with its first ten topics; `Service.gaps` has them whole. */
  readonly recent: readonly GapRecord[];
  /** Why the ledger can't be kept on disk at the moment. */
  readonly trouble?: string | undefined;
}

/** One delivered or failed critical event, for people who watch. */
export interface CriticalGlimpse {
  readonly id: string;
  readonly topic: string;
  readonly key: string | undefined;
  readonly sink: string;
  readonly waitedMs: number;
  readonly at: number;
  readonly result: "ack" | "retry" | "dead";
}

/** The whole service in one answer. */
export interface ServiceStatus {
  readonly version: string;
  readonly state: "starting" | "running" | "draining" | "closed";
  readonly ready: boolean;
  /** Why it is not ready, one line each. */
  readonly notReady: readonly string[];
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly now: number;
  readonly intake: {
    readonly received: number;
    /** Lifecycle events made of received ones; the counts after this are of both. */
    readonly derived?: number;
    readonly admitted: number;
    readonly coalesced: number;
    readonly duplicates: number;
    readonly full: number;
    readonly tooLarge: number;
    readonly malformed: number;
    readonly ruleErrors: number;
    /** Received and not yet admitted. */
    readonly pending: number;
  };
  /** In rank order. */
  readonly classes: readonly ClassReport[];
  readonly sources: readonly SourceReport[];
  readonly sinks: readonly SinkReport[];
  readonly store: {
    readonly name: string;
    readonly durability: "none" | "process" | "full";
    readonly payloadBytes: number;
    readonly dedupIds: number;
    readonly unrouted: number;
    readonly lastSeq: number;
    /** Why nothing new is taken at the moment; absent: all is well. */
    readonly trouble?: string | undefined;
    /** Sinks that are configured no more and left events, which can be listed and discarded as dead letters. */
    readonly removedSinks?: readonly { readonly name: string; readonly events: number }[];
  };
  readonly pressure: { readonly level: number; readonly holding: boolean };
  readonly gaps: GapSummary;
  readonly rules: readonly { readonly name: string; readonly matched: number }[];
  readonly recentCritical: readonly CriticalGlimpse[];
}

/** What `explain` is asked: an event as it would come, `body` as parsed JSON. */
export interface ExplainQuery {
  readonly topic: string;
  readonly body?: unknown;
  readonly source?: string | undefined;
  readonly key?: string | undefined;
}

/** How an event would travel: rule, class, key, and which sinks would have it. */
export interface Explanation extends ClassifyExplanation {
  readonly sinks: readonly { readonly name: string; readonly takes: boolean; readonly reason: string }[];
}

/** A handle on the running service. */
export interface Service {
  status(): Promise<ServiceStatus>;
  /** Cheap enough for probes. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  explain(query: ExplainQuery): Explanation;
  /** The source behind `POST /api/events`; undefined where none is configured. */
  pushSource(): PushSource | undefined;
  /** Gaps that are kept, oldest first. */
  gaps(query?: GapQuery): readonly GapRecord[];
  deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetter[]>;
  redrive(sink: string, seqs: readonly number[]): Promise<readonly RedriveResult[]>;
  discard(sink: string, seqs: readonly number[]): Promise<readonly DiscardResult[]>;
  /** False: no sink of that name. */
  pauseSink(name: string): boolean;
  resumeSink(name: string): boolean;
}
