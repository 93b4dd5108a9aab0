/** Parts that events of several topics share. Every field may be missing: the platform leaves out what is not set. */

/** ISO 8601 in UTC: `2026-03-04T10:15:00.120Z`. */
export type IsoTime = string;

/** States on the participants of the topics of one medium. */
export type ParticipantState =
  | "alerting"
  | "dialing"
  | "contacting"
  | "offering"
  | "connected"
  | "disconnected"
  | "terminated"
  | "converting"
  | "uploading"
  | "transmitting"
  | "scheduled"
  | "parked"
  | "none";

/** States of chats, shared screens, videos and social posts. */
export type SessionState =
  | "alerting"
  | "dialing"
  | "contacting"
  | "offering"
  | "connected"
  | "disconnected"
  | "terminated"
  | "none";

/** States of a call. */
export type CallState =
  | "alerting"
  | "dialing"
  | "contacting"
  | "offering"
  | "connected"
  | "disconnected"
  | "terminated"
  | "uploading"
  | "converting"
  | "transmitting"
  | "none";

/** States of a callback. */
export type CallbackState =
  | "alerting"
  | "dialing"
  | "contacting"
  | "offering"
  | "connected"
  | "disconnected"
  | "terminated"
  | "scheduled"
  | "uploading"
  | "none";

/** States of an e-mail. */
export type EmailState = "alerting" | "connected" | "disconnected" | "none" | "transmitting" | "parked";

/** States of a message conversation. */
export type MessageState = "alerting" | "connected" | "disconnected" | "parked";

/** Why a leg ended; `client`: the person hung up or declined, `timeout`: nobody answered. */
export type DisconnectType =
  | "endpoint"
  | "endpoint.dnd"
  | "client"
  | "system"
  | "timeout"
  | "transfer"
  | "transfer.conference"
  | "transfer.consult"
  | "transfer.forward"
  | "transfer.noanswer"
  | "transfer.notavailable"
  | "transfer.dnd"
  | "transport.failure"
  | "error"
  | "peer"
  | "other"
  | "spam"
  | "uncallable";

/** The same on the participants of the topics of one medium, with fewer values. */
export type ParticipantDisconnectType =
  | "endpoint"
  | "endpoint.dnd"
  | "client"
  | "system"
  | "transfer"
  | "timeout"
  | "transfer.conference"
  | "transfer.consult"
  | "transfer.forward"
  | "transfer.noanswer"
  | "transfer.notavailable"
  | "transfer.dnd"
  | "transport.failure"
  | "error"
  | "peer"
  | "other"
  | "spam"
  | "uncallable"
  | "inactivity"
  | "session.expired"
  | "takeover";

/** Who began it. */
export type Direction = "inbound" | "outbound";

/** Whether it is recorded. */
export type RecordingState = "none" | "active" | "paused";

/** Messengers. */
export type Messenger =
  | "unknown"
  | "sms"
  | "twitter"
  | "facebook"
  | "line"
  | "viber"
  | "wechat"
  | "whatsapp"
  | "telegram"
  | "kakao"
  | "webmessaging"
  | "open"
  | "instagram"
  | "apple";

/** A reference by id, sometimes with a name. */
export interface NamedRef {
  readonly id?: string;
  readonly name?: string;
}

/** A reference by id. */
export interface IdRef {
  readonly id?: string;
}

/** A reference by id and address. */
export interface AddressableRef {
  readonly id?: string;
  readonly selfUri?: string;
}

/** Who or where somebody is, in several spellings. */
export interface Address {
  readonly name?: string;
  readonly nameRaw?: string;
  readonly addressNormalized?: string;
  readonly addressRaw?: string;
  readonly addressDisplayable?: string;
}

/** Work after the contact. */
export interface AfterCallWork {
  readonly state?: "unknown" | "skipped" | "pending" | "complete" | "notApplicable";
  readonly startTime?: IsoTime;
  readonly endTime?: IsoTime;
}

/** A file that came with it. */
export interface Attachment {
  readonly attachmentId?: string;
  readonly name?: string;
  readonly contentUri?: string;
  readonly contentType?: string;
  readonly contentLength?: number;
}

/** A division that the conversation belongs to. */
export interface ConversationDivisionMembership {
  readonly division?: AddressableRef;
  readonly entities?: readonly DivisionEntityRef[];
}

/** By what it is routed. */
export interface ConversationRoutingData {
  readonly queue?: NamedRef;
  readonly language?: NamedRef;
  readonly priority?: number;
  readonly skills?: readonly NamedRef[];
  readonly scoredAgents?: readonly ScoredAgent[];
}

/** What an outbound campaign shows before it dials. */
export interface DialerPreview {
  readonly id?: string;
  readonly contactId?: string;
  readonly contactListId?: string;
  readonly campaignId?: string;
  readonly phoneNumberColumns?: readonly PhoneNumberColumn[];
}

/** What a campaign made of a call. */
export interface Disposition {
  readonly name?: string;
  readonly analyzer?: string;
  readonly amdTimeout?: DispositionAmdTimeout;
  readonly silentCallTimeout?: DispositionSilentCallTimeout;
}

/** A time limit of answering-machine detection. */
export interface DispositionAmdTimeout {
  readonly timeoutMs?: number;
  readonly timerStartEvent?: string;
  readonly timerStartTime?: number;
  readonly timerEndTime?: number;
}

/** A time limit for silent calls. */
export interface DispositionSilentCallTimeout {
  readonly timeoutMs?: number;
  readonly timerStartTime?: number;
  readonly timerEndTime?: number;
}

/** A reference to a division. */
export interface DivisionEntityRef {
  readonly id?: string;
  readonly selfUri?: string;
  readonly dateDivisionUpdated?: IsoTime;
}

/** What went wrong at a communication. */
export interface ErrorDetails {
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly messageWithParams?: string;
  readonly messageParams?: { readonly [name: string]: string };
  readonly contextId?: string;
  readonly uri?: string;
}

/** What a visitor did that led here. */
export interface JourneyAction {
  readonly id?: string;
  readonly actionMap?: JourneyActionMap;
}

/** The rule behind a visitor's action. */
export interface JourneyActionMap {
  readonly id?: string;
  readonly version?: number;
}

/** What a visitor did before. */
export interface JourneyContext {
  readonly customer?: JourneyCustomer;
  readonly customerSession?: JourneyCustomerSession;
  readonly triggeringAction?: JourneyAction;
}

/** The visitor. */
export interface JourneyCustomer {
  readonly id?: string;
  readonly idType?: string;
}

/** The visitor's session. */
export interface JourneyCustomerSession {
  readonly id?: string;
  readonly type?: string;
}

/** A picture, sound or file in a message. */
export interface MessageMedia {
  readonly url?: string;
  readonly mediaType?: string;
  readonly contentLengthBytes?: number;
  readonly name?: string;
  readonly id?: string;
}

/** Of what kind a message is. */
export interface MessageMetadata {
  readonly type?: string;
  readonly events?: readonly MessageMetadataEvent[];
  readonly content?: readonly MessageMetadataContent[];
}

/** Of what kind a part of a message is. */
export interface MessageMetadataContent {
  readonly contentType?: string;
  readonly subType?: string;
}

/** What a message tells of its sender (typing, joining). */
export interface MessageMetadataEvent {
  readonly eventType?: string;
  readonly subType?: string;
}

/** A sticker in a message. */
export interface MessageSticker {
  readonly url?: string;
  readonly id?: string;
}

/** A column of a contact list that holds numbers. */
export interface PhoneNumberColumn {
  readonly columnName?: string;
  readonly type?: string;
}

/** How a queue rings. */
export interface QueueMediaSettings {
  readonly alertingTimeoutSeconds?: number;
  readonly autoAnswerAlertToneSeconds?: number;
  readonly manualAnswerAlertToneSeconds?: number;
  readonly enableAutoAnswer?: boolean;
}

/** What is recorded. */
export interface RecordersState {
  readonly adhocState?: string;
  readonly customerExperienceState?: string;
  readonly agentExperienceState?: string;
  readonly snippetState?: string;
}

/** An agent with a score for this conversation. */
export interface ScoredAgent {
  readonly agent?: NamedRef;
  readonly score?: number;
}

/** A voice message. */
export interface Voicemail {
  readonly id?: string;
  readonly uploadStatus?: "pending" | "complete" | "failed" | "timeout" | "none";
}

/** What an agent noted at the end. */
export interface Wrapup {
  readonly code?: string;
  readonly notes?: string;
  readonly tags?: readonly string[];
  readonly durationSeconds?: number;
  readonly endTime?: IsoTime;
}
