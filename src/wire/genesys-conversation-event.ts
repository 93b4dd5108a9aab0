/** The generic snapshot of a conversation, `v2.users.{id}.conversations` and `v2.routing.queues.{id}.conversations`: each medium has a list of its own. */
import type {
  Address,
  AddressableRef,
  AfterCallWork,
  Attachment,
  CallState,
  CallbackState,
  ConversationDivisionMembership,
  ConversationRoutingData,
  DialerPreview,
  Direction,
  DisconnectType,
  Disposition,
  EmailState,
  ErrorDetails,
  IsoTime,
  JourneyContext,
  MessageMedia,
  MessageMetadata,
  MessageState,
  MessageSticker,
  Messenger,
  ParticipantDisconnectType,
  QueueMediaSettings,
  RecordersState,
  RecordingState,
  SessionState,
  Voicemail,
  Wrapup,
} from "./genesys-event-parts.ts";

/** The generic snapshot: all media of a conversation; the states are on the communications of its participants. */
export interface Conversation {
  readonly id?: string;
  readonly maxParticipants?: number;
  readonly participants?: readonly Participant[];
  readonly recentTransfers?: readonly TransferResponse[];
  readonly recordingState?: string;
  readonly address?: string;
  readonly externalTag?: string;
  readonly utilizationLabelId?: string;
  readonly accessAttributes?: readonly string[];
  readonly securePause?: boolean;
  readonly inactivityTimeout?: IsoTime;
  readonly associatedConversation?: AddressableRef;
  readonly consultationConversations?: readonly AddressableRef[];
  readonly divisions?: readonly ConversationDivisionMembership[];
}

/** One party of a conversation: customer, agent, queue (`acd`), voice menu (`ivr`) … */
export interface Participant {
  readonly id?: string;
  readonly connectedTime?: IsoTime;
  readonly endTime?: IsoTime;
  readonly userId?: string;
  readonly externalContactId?: string;
  readonly externalContactInitialDivisionId?: string;
  readonly externalOrganizationId?: string;
  readonly name?: string;
  readonly queueId?: string;
  readonly groupId?: string;
  readonly teamId?: string;
  readonly purpose?: string;
  readonly consultParticipantId?: string;
  readonly address?: string;
  readonly wrapupRequired?: boolean;
  readonly wrapupExpected?: boolean;
  readonly wrapupPrompt?: string;
  readonly wrapupTimeoutMs?: number;
  readonly wrapup?: Wrapup;
  readonly startAcwTime?: IsoTime;
  readonly endAcwTime?: IsoTime;
  readonly conversationRoutingData?: ConversationRoutingData;
  readonly alertingTimeoutMs?: number;
  readonly monitoredParticipantId?: string;
  readonly screenMonitoredParticipantId?: string;
  readonly coachedParticipantId?: string;
  readonly bargedParticipantId?: string;
  readonly mediaRoles?: readonly string[];
  readonly screenRecordingState?: "requested" | "active" | "paused" | "stopped" | "error" | "timeout";
  readonly flaggedReason?: string;
  readonly attributes?: { readonly [name: string]: string };
  readonly calls?: readonly Call[];
  readonly callbacks?: readonly Callback[];
  readonly chats?: readonly Chat[];
  readonly cobrowsesessions?: readonly Cobrowse[];
  readonly emails?: readonly Email[];
  readonly messages?: readonly Message[];
  readonly internalMessages?: readonly InternalMessage[];
  readonly screenMonitorings?: readonly ScreenMonitoring[];
  readonly screenshares?: readonly ScreenShare[];
  readonly socialExpressions?: readonly SocialExpression[];
  readonly videos?: readonly Video[];
  readonly workflow?: Workflow;
}

/** One leg of a call in a generic snapshot. */
export interface Call {
  readonly id?: string;
  readonly state?: CallState;
  readonly initialState?: CallState;
  readonly recording?: boolean;
  readonly recordingState?: RecordingState;
  readonly recordersState?: RecordersState;
  readonly muted?: boolean;
  readonly confined?: boolean;
  readonly held?: boolean;
  readonly securePause?: boolean;
  readonly errorInfo?: ErrorDetails;
  readonly disconnectType?: DisconnectType;
  readonly startHoldTime?: IsoTime;
  readonly direction?: Direction;
  readonly documentId?: string;
  readonly self?: Address;
  readonly other?: Address;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly disconnectReasons?: readonly DisconnectReason[];
  readonly faxStatus?: CallFaxStatus;
  readonly uuiData?: string;
  readonly bargedTime?: IsoTime;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly agentAssistantId?: string;
  readonly queueMediaSettings?: QueueMediaSettings;
  readonly disposition?: Disposition;
  readonly transferSource?: string;
}

/** A callback in a generic snapshot. */
export interface Callback {
  readonly state?: CallbackState;
  readonly initialState?: CallbackState;
  readonly id?: string;
  readonly direction?: Direction;
  readonly held?: boolean;
  readonly disconnectType?: DisconnectType;
  readonly startHoldTime?: IsoTime;
  readonly dialerPreview?: DialerPreview;
  readonly voicemail?: Voicemail;
  readonly callbackNumbers?: readonly string[];
  readonly callbackUserName?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly externalCampaign?: boolean;
  readonly skipEnabled?: boolean;
  readonly provider?: string;
  readonly timeoutSeconds?: number;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly callbackScheduledTime?: IsoTime;
  readonly automatedCallbackConfigId?: string;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly callerId?: string;
  readonly callerIdName?: string;
  readonly queueMediaSettings?: QueueMediaSettings;
}

/** A chat in a generic snapshot. */
export interface Chat {
  readonly state?: SessionState;
  readonly initialState?: SessionState;
  readonly id?: string;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly roomId?: string;
  readonly avatarImageUrl?: string;
  readonly held?: boolean;
  readonly disconnectType?: DisconnectType;
  readonly startHoldTime?: IsoTime;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly journeyContext?: JourneyContext;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly queueMediaSettings?: QueueMediaSettings;
}

/** An e-mail in a generic snapshot. */
export interface Email {
  readonly id?: string;
  readonly state?: EmailState;
  readonly initialState?: EmailState;
  readonly held?: boolean;
  readonly autoGenerated?: boolean;
  readonly subject?: string;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly messagesSent?: number;
  readonly errorInfo?: ErrorDetails;
  readonly disconnectType?:
    | "endpoint"
    | "client"
    | "system"
    | "timeout"
    | "transfer"
    | "transfer.conference"
    | "transfer.consult"
    | "transfer.forward"
    | "transfer.noanswer"
    | "transfer.notavailable"
    | "transport.failure"
    | "error"
    | "peer"
    | "other"
    | "spam"
    | "uncallable";
  readonly startHoldTime?: IsoTime;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly messageId?: string;
  readonly direction?: Direction;
  readonly draftAttachments?: readonly Attachment[];
  readonly spam?: boolean;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly queueMediaSettings?: QueueMediaSettings;
  readonly resumeTime?: IsoTime;
  readonly parkTime?: IsoTime;
}

/** A message conversation in a generic snapshot. */
export interface Message {
  readonly id?: string;
  readonly state?: MessageState;
  readonly initialState?: MessageState;
  readonly direction?: Direction;
  readonly held?: boolean;
  readonly errorInfo?: ErrorDetails;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly disconnectType?: ParticipantDisconnectType;
  readonly startHoldTime?: IsoTime;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly toAddress?: Address;
  readonly fromAddress?: Address;
  readonly messages?: readonly MessageDetails[];
  readonly messagesTranscriptUri?: string;
  readonly type?: Messenger;
  readonly recipientCountry?: string;
  readonly recipientType?: string;
  readonly journeyContext?: JourneyContext;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly agentAssistantId?: string;
  readonly engagementSource?: string;
  readonly byoSmsIntegrationId?: string;
  readonly queueMediaSettings?: QueueMediaSettings;
  readonly resumeTime?: IsoTime;
  readonly parkTime?: IsoTime;
}

/** A message between users in a generic snapshot. */
export interface InternalMessage {
  readonly id?: string;
  readonly state?: "alerting" | "connected" | "disconnected";
  readonly initialState?: "alerting" | "connected" | "disconnected";
  readonly provider?: string;
  readonly peerId?: string;
  readonly disconnectType?: "client" | "system" | "peer" | "transfer";
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly targetUserId?: string;
  readonly sourceUserId?: string;
  readonly toAddress?: Address;
  readonly fromAddress?: Address;
  readonly messages?: readonly InternalMessageDetails[];
}

/** A shared browser in a generic snapshot. */
export interface Cobrowse {
  readonly state?: SessionState;
  readonly initialState?: SessionState;
  readonly disconnectType?: DisconnectType;
  readonly id?: string;
  readonly self?: Address;
  readonly roomId?: string;
  readonly cobrowseSessionId?: string;
  readonly cobrowseRole?: string;
  readonly controlling?: readonly string[];
  readonly viewerUrl?: string;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly providerEventTime?: IsoTime;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly queueMediaSettings?: QueueMediaSettings;
}

/** A shared screen in a generic snapshot. */
export interface ScreenShare {
  readonly state?: SessionState;
  readonly initialState?: SessionState;
  readonly self?: Address;
  readonly id?: string;
  readonly context?: string;
  readonly sharing?: boolean;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly peerCount?: number;
  readonly disconnectType?: DisconnectType;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly queueMediaSettings?: QueueMediaSettings;
}

/** A screen that is watched, in a generic snapshot. */
export interface ScreenMonitoring {
  readonly id?: string;
  readonly state?: "none" | "connected" | "disconnected";
  readonly initialState?: "none" | "connected" | "disconnected";
  readonly provider?: string;
  readonly disconnectType?: "system";
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly targetUserId?: string;
  readonly screenMonitoringId?: string;
  readonly monitoringType?: "Unknown" | "AgentLevel" | "ConversationLevel";
  readonly count?: number;
}

/** A video call in a generic snapshot. */
export interface Video {
  readonly state?: SessionState;
  readonly initialState?: SessionState;
  readonly self?: Address;
  readonly id?: string;
  readonly context?: string;
  readonly audioMuted?: boolean;
  readonly videoMuted?: boolean;
  readonly sharingScreen?: boolean;
  readonly peerCount?: number;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly disconnectType?: DisconnectType;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly msids?: readonly string[];
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
  readonly queueMediaSettings?: QueueMediaSettings;
}

/** A social post in a generic snapshot. */
export interface SocialExpression {
  readonly state?: SessionState;
  readonly initialState?: SessionState;
  readonly id?: string;
  readonly socialMediaId?: string;
  readonly socialMediaHub?: string;
  readonly socialUserName?: string;
  readonly previewText?: string;
  readonly recordingId?: string;
  readonly held?: boolean;
  readonly provider?: string;
  readonly scriptId?: string;
  readonly peerId?: string;
  readonly disconnectType?: DisconnectType;
  readonly startHoldTime?: IsoTime;
  readonly connectedTime?: IsoTime;
  readonly disconnectedTime?: IsoTime;
  readonly wrapup?: Wrapup;
  readonly afterCallWork?: AfterCallWork;
  readonly afterCallWorkRequired?: boolean;
}

/** A transfer and how it stands. */
export interface TransferResponse {
  readonly id?: string;
  readonly state?: "pending" | "active" | "complete" | "canceled" | "failed" | "timeout" | "unknown";
  readonly dateIssued?: IsoTime;
  readonly initiator?: TransferInitiator;
  readonly modifiedBy?: AddressableRef;
  readonly destination?: TransferDestination;
  readonly transferType?: "attended" | "unattended";
}

/** Who began a transfer. */
export interface TransferInitiator {
  readonly userId?: string;
}

/** Where a transfer goes. */
export interface TransferDestination {
  readonly userId?: string;
  readonly address?: string;
}

/** Why a leg ended, as the telephone network says. */
export interface DisconnectReason {
  readonly type?: "q850" | "sip";
  readonly code?: number;
  readonly phrase?: string;
}

/** How far a fax is, at a call. */
export interface CallFaxStatus {
  readonly direction?: string;
  readonly expectedPages?: number;
  readonly activePage?: number;
  readonly linesTransmitted?: number;
  readonly bytesTransmitted?: number;
  readonly baudRate?: number;
  readonly pageErrors?: number;
  readonly lineErrors?: number;
}

/** One message of it. */
export interface MessageDetails {
  readonly messageId?: string;
  readonly messageTime?: IsoTime;
  readonly messageStatus?:
    | "queued"
    | "sent"
    | "failed"
    | "received"
    | "delivery-success"
    | "delivery-failed"
    | "read"
    | "removed"
    | "published";
  readonly messageSegmentCount?: number;
  readonly media?: readonly MessageMedia[];
  readonly errorInfo?: ErrorDetails;
  readonly stickers?: readonly MessageSticker[];
  readonly messageMetadata?: MessageMetadata;
  readonly socialVisibility?: "private" | "public";
}

/** One message between users. */
export interface InternalMessageDetails {
  readonly messageId?: string;
  readonly messageTime?: IsoTime;
}

/** A workflow at a participant. */
export interface Workflow {
  readonly workflowId?: string;
}
