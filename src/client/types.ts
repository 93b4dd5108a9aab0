/** The HTTP contract in types: what the server answers and what the client is given. */
import type { GapRecord } from "../ports/service.ts";
import type { IntakeResult } from "../ports/source.ts";
import type { DeadAttempt, DiscardResult, RedriveResult } from "../ports/store.ts";

export type {
  ClassReport,
  CriticalGlimpse,
  ExplainQuery,
  Explanation,
  GapFinding,
  GapOutcome,
  GapQuery,
  GapRecord,
  GapState,
  GapSummary,
  ServiceStatus,
  SinkReport,
  SourceReport,
  WaitSummary,
} from "../ports/service.ts";
export type { IntakeResult, DeadAttempt, DiscardResult, RedriveResult };

/** `code` of an error answer. */
export type ApiErrorCode =
  | "bad-request"
  | "unauthorized"
  | "forbidden-host"
  | "forbidden-origin"
  | "not-found"
  | "method-not-allowed"
  | "timeout"
  | "too-large"
  | "unsupported-media-type"
  | "malformed"
  | "too-many-attempts"
  | "unavailable"
  | "internal";

/** An error answer. */
export interface ApiError {
  readonly error: { readonly code: ApiErrorCode; readonly message: string };
}

/** Answer of `POST /api/events`, with 202, 413 and 503: one result for each item, in the order given. */
export interface EventsAnswer {
  readonly results: readonly IntakeResult[];
  /** Present where not every item was taken. */
  readonly error?: ApiError["error"];
}

/** The body of a dead letter: text where it is valid UTF-8, else base64; byte for byte as received. */
export type DeadLetterBody =
  | { readonly encoding: "json" | "text" | "binary"; readonly text: string }
  | { readonly encoding: "json" | "text" | "binary"; readonly base64: string };

/** A dead letter as `GET /api/dead-letters` shows it. */
export interface DeadLetterReport {
  readonly sink: string;
  readonly seq: number;
  readonly id: string;
  readonly class: string;
  readonly key?: string;
  /** Epoch milliseconds. */
  readonly admittedAt: number;
  readonly deadAt: number;
  readonly attempts: readonly DeadAttempt[];
  readonly redriven: number;
  readonly replaced: number;
  /** What is known of the event; absent where its payload can't be read. */
  readonly event?: DeadLetterEvent;
  /** Only when asked for. */
  readonly body?: DeadLetterBody;
}

/** What is known of the event in a dead letter. */
export interface DeadLetterEvent {
  readonly source: string;
  readonly topic: string;
  readonly type: string;
  readonly origin: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly bodyBytes: number;
}

/** Answer of `GET /api/gaps`: oldest first. */
export interface GapList {
  readonly gaps: readonly GapRecord[];
}

/** Which dead letters to list. */
export interface DeadLetterListQuery {
  /** Absent: of all sinks. */
  readonly sink?: string | undefined;
  /** Only seqs above this. */
  readonly after?: number | undefined;
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number | undefined;
  /** Bodies too. @defaultValue `false` */
  readonly body?: boolean | undefined;
}

/** Answer of `GET /api/dead-letters`. */
export interface DeadLetterList {
  readonly deadLetters: readonly DeadLetterReport[];
}

/** Answer of `POST /api/dead-letters/redrive` and `…/discard`: one result for each seq, in the order given. */
export interface DeadLetterResults<Result extends RedriveResult | DiscardResult> {
  readonly sink: string;
  readonly results: readonly { readonly seq: number; readonly result: Result }[];
}

/** Answer of `POST /api/sinks/{name}/pause` and `…/resume`. */
export interface SinkPauseAnswer {
  readonly sink: string;
  readonly paused: boolean;
}
