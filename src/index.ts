/** The public face of the library. Parts that stand alone have subpaths of their own: see `exports` in package.json. */
export { createRingfirst, type CloseReport, type Ringfirst, type RingfirstEventMap } from "./ringfirst.ts";
export {
  DEFAULTS,
  type DeliveryOptions,
  type RetryOptions,
  type RingfirstOptions,
  type SinkOptions,
} from "./options.ts";
export {
  ERROR_CODES,
  isRingfirstError,
  RingfirstError,
  type RingfirstErrorCode,
  type RingfirstErrorOptions,
} from "./errors.ts";
export {
  ACK,
  type AckOutcome,
  dead,
  type DeadOutcome,
  type Outcome,
  retry,
  type RetryOutcome,
} from "./core/outcome.ts";
export type { RingfirstEvent } from "./core/event.ts";
export type { BodyEncoding, Origin } from "./core/event-record.ts";
export { DEFAULT_CLASSES, type PriorityClass, type Rule, type RuleEntry } from "./core/rule.ts";
export type { LifecycleEvent, LifecycleType } from "./core/lifecycle-event.ts";
export type { LifecycleOptions } from "./core/lifecycle.ts";
export { DEFAULT_RULES } from "./core/default-rules.ts";
export { genesysSource, type GenesysSourceOptions } from "./sources/genesys/index.ts";
export { platformWebsocketSource, type PlatformWebsocketSourceOptions } from "./sources/platform-websocket/index.ts";
export { httpSource, type HttpSourceOptions } from "./sources/http.ts";
export {
  replaySource,
  type PlayOptions,
  type RecordingBytes,
  type RecordingPlace,
  type ReplayReport,
  type ReplaySource,
  type ReplaySourceOptions,
} from "./sources/replay.ts";
export { handlerSink, type EventHandler, type HandlerSinkOptions } from "./sinks/handler.ts";
export { ndjsonSink, type NdjsonSinkOptions } from "./sinks/ndjson.ts";
export { webhookSink, type WebhookSinkOptions } from "./sinks/webhook/index.ts";
export type { GenesysEventBodies, GenesysEventBody, GenesysEventFrame, GenesysTopic } from "./wire/genesys-events.ts";
export type {
  Conversation as GenesysConversation,
  Participant as GenesysParticipant,
} from "./wire/genesys-conversation-event.ts";
export type {
  CallbackConversation as GenesysCallbackConversation,
  CallConversation as GenesysCallConversation,
  CallParticipant as GenesysCallParticipant,
  ChatConversation as GenesysChatConversation,
  EmailConversation as GenesysEmailConversation,
  MessageConversation as GenesysMessageConversation,
} from "./wire/genesys-media-events.ts";
export type {
  QueueActivity as GenesysQueueActivity,
  QueueObservations as GenesysQueueObservations,
  UserActivity as GenesysUserActivity,
  UserPresence as GenesysUserPresence,
  UserRoutingStatus as GenesysUserRoutingStatus,
} from "./wire/genesys-standing-events.ts";
export { systemClock } from "./runtime/clock.ts";
export { systemNet } from "./runtime/net.ts";
export { memoryStore } from "./stores/memory.ts";
export { sqliteStore, type SqliteStoreOptions } from "./stores/sqlite/index.ts";
export { createWorkQueue, type WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
export { VERSION } from "./version.ts";
