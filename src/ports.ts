/**
 * `ringfirst/ports`: the contracts for those who write a source, a sink, a store, or bring their own clock and network.
 * Meaning stands at each declaration; stores have a suite of tests to pass in `ringfirst/testing`.
 */
export { delay } from "./ports/clock.ts";
export type { Clock, Timer } from "./ports/clock.ts";
export { SILENT_LOGGER } from "./ports/logger.ts";
export type { LogFields, Logger } from "./ports/logger.ts";
export type {
  HttpFailure,
  HttpRequest,
  HttpResponse,
  Net,
  Socket,
  SocketEnd,
  SocketListener,
  SocketRequest,
} from "./ports/net.ts";
export type { DeliveryContext, Sink } from "./ports/sink.ts";
export type {
  ConnectionStatus,
  GapReport,
  IntakeResult,
  OpenGap,
  OverlapStatus,
  RetiredConnections,
  PushAnswer,
  PushSource,
  ReceivedEvent,
  RivalCount,
  RivalCounts,
  ReconciliationStatus,
  Source,
  SourceContext,
  SourceStatus,
  TopicHeadroom,
} from "./ports/source.ts";
export type {
  AdmitResult,
  ClaimedEnvelope,
  ClaimOptions,
  ClassStats,
  DeadAttempt,
  DeadLetter,
  DeadLetterQuery,
  DiscardResult,
  LeaseToken,
  LedgerLine,
  LedgerReason,
  NewEnvelope,
  QueueLimits,
  ReclaimedLease,
  RedriveResult,
  Settlement,
  SinkRefusal,
  SinkStats,
  Store,
  StoreConfig,
  StoreDriver,
  StoreSink,
  StoreStats,
} from "./ports/store.ts";
export type {
  ClassReport,
  CriticalGlimpse,
  ExplainQuery,
  Explanation,
  GapSummary,
  Service,
  ServiceStatus,
  SinkReport,
  SourceReport,
  WaitSummary,
} from "./ports/service.ts";
export type { RingfirstEvent } from "./core/event.ts";
export type { BodyEncoding, Origin } from "./core/event-record.ts";
export type { GapChange, GapFinding, GapOutcome, GapQuery, GapRecord, GapState } from "./core/gap.ts";
export type { GapLog, KeptGaps } from "./ports/gap-log.ts";
export { ACK, dead, retry } from "./core/outcome.ts";
export type { AckOutcome, DeadOutcome, Outcome, RetryOutcome } from "./core/outcome.ts";
export type { PriorityClass } from "./core/rule.ts";
