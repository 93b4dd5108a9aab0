/**
 * A conversation as the platform shows it, in its two shapes (docs/protocol.md, 10.1).
 *
 * Generic: participants carry an array per medium, the state is on the communication, references are bare ids.
 * Per medium: the communication is flattened onto the participant, references are objects.
 * Fields without a value are left out.
 */
import type { Conversation, Medium, Participant } from "./conversation.ts";
import { hasEnded } from "./conversation.ts";

type Json = Readonly<Record<string, unknown>>;

/** The name of a medium's array in the generic shape, and of its topics. */
export const MEDIUM_PLURALS: Readonly<Record<Medium, string>> = {
  call: "calls",
  callback: "callbacks",
  chat: "chats",
  email: "emails",
  message: "messages",
};

const PROVIDERS: Readonly<Record<Medium, string>> = {
  call: "Edge",
  callback: "PureCloud Callbacks",
  chat: "PureCloud Webchat v2",
  email: "PureCloud Email",
  message: "PureCloud Messaging",
};

/** Body of `v2.users.{id}.conversations` and `v2.routing.queues.{id}.conversations`. */
export function genericSnapshot(conversation: Conversation): Json {
  return {
    id: conversation.id,
    maxParticipants: conversation.participants.length,
    participants: conversation.participants.map((participant) => genericParticipant(conversation, participant)),
    recentTransfers: [],
    securePause: false,
    divisions: divisions(conversation),
  };
}

/** Body of `….conversations.calls` and its siblings. */
export function mediumSnapshot(conversation: Conversation): Json {
  return {
    id: conversation.id,
    participants: conversation.participants.map((participant) => mediumParticipant(conversation, participant)),
    ...mediumHead(conversation),
    divisions: divisions(conversation),
  };
}

/** What the shape of one medium says of the conversation as a whole. */
export function mediumHead(conversation: Conversation): Json {
  const call = conversation.medium === "call" && { recordingState: recordingState(conversation), securePause: false };
  return { otherMediaUris: [], ...call };
}

/** The divisions that a conversation belongs to. */
export function divisions(conversation: Conversation): readonly Json[] {
  const id = conversation.divisionId;
  const queueIds = new Set(
    conversation.participants.flatMap(({ queueId }) => (queueId === undefined ? [] : [queueId])),
  );
  return [
    {
      division: { id, selfUri: `/api/v2/authorization/divisions/${id}` },
      entities: Array.from(queueIds, (queueId) => ({ id: queueId })),
    },
  ];
}

function recordingState(conversation: Conversation): string {
  return conversation.participants.some(({ isRecorded }) => isRecorded) ? "active" : "none";
}

function routingData(conversation: Conversation, participant: Participant): Json | undefined {
  if (participant.queueId === undefined) return undefined;
  const skills = conversation.skillIds.map((id) => ({ id }));
  return { queue: { id: participant.queueId }, priority: conversation.priority, skills, scoredAgents: [] };
}

/** A participant in the generic shape. */
export function genericParticipant(conversation: Conversation, participant: Participant): Json {
  const isAgent = participant.purpose === "agent";
  return {
    id: participant.id,
    purpose: participant.purpose,
    name: participant.name,
    address: participant.address,
    userId: participant.userId,
    queueId: participant.queueId,
    connectedTime: participant.connectedTime,
    endTime: participant.endTime,
    wrapupRequired: isAgent,
    wrapupExpected: isAgent,
    wrapupPrompt: isAgent ? "optional" : undefined,
    wrapup: participant.wrapup,
    startAcwTime: participant.startAcwTime,
    endAcwTime: participant.endAcwTime,
    conversationRoutingData: routingData(conversation, participant),
    alertingTimeoutMs: participant.alertingTimeoutMs,
    mediaRoles: ["full"],
    attributes: participant.attributes,
    [MEDIUM_PLURALS[conversation.medium]]: [communication(conversation, participant)],
  };
}

function communication(conversation: Conversation, participant: Participant): Json {
  const timeoutMs = participant.alertingTimeoutMs;
  return {
    id: participant.communicationId,
    state: participant.state,
    initialState: participant.initialState,
    held: participant.startHoldTime !== undefined,
    startHoldTime: participant.startHoldTime,
    provider: PROVIDERS[conversation.medium],
    peerId: participant.peerId,
    connectedTime: participant.connectedTime,
    disconnectedTime: participant.endTime,
    disconnectType: participant.disconnectType,
    wrapup: participant.wrapup,
    afterCallWork: afterCallWork(participant),
    afterCallWorkRequired: participant.purpose === "agent",
    queueMediaSettings:
      timeoutMs === undefined ? undefined : { alertingTimeoutSeconds: Math.max(1, Math.round(timeoutMs / 1000)) },
    ...COMMUNICATION_PARTS[conversation.medium](conversation, participant),
  };
}

function afterCallWork(participant: Participant): Json | undefined {
  if (participant.startAcwTime === undefined) return undefined;
  const isComplete = participant.endAcwTime !== undefined;
  return {
    state: isComplete ? "complete" : "pending",
    startTime: participant.startAcwTime,
    endTime: participant.endAcwTime,
  };
}

type Parts = Readonly<Record<Medium, (conversation: Conversation, participant: Participant) => Json>>;

const COMMUNICATION_PARTS: Parts = {
  call: ({ direction, customer }, participant) => ({
    direction,
    muted: participant.muted,
    confined: false,
    recording: participant.isRecorded,
    recordingState: participant.isRecorded ? "active" : "none",
    securePause: false,
    self: { name: participant.name, addressNormalized: participant.purpose === "customer" ? customer.ani : undefined },
    other: participant.purpose === "customer" ? { addressNormalized: customer.dnis } : undefined,
  }),
  callback: (conversation, participant) => ({
    direction: conversation.direction,
    ...callbackParts(conversation, participant),
  }),
  chat: ({ customer }) => ({ roomId: customer.roomId }),
  email: ({ direction, customer }) => ({ direction, ...emailParts(customer.subject) }),
  message: ({ direction, customer }, participant) => ({
    direction,
    type: "webmessaging",
    messages:
      participant.purpose === "customer" ? [{ messageId: customer.messageId, ...messageParts(participant) }] : [],
  }),
};

/** A participant in the shape of one medium. */
export function mediumParticipant(conversation: Conversation, participant: Participant): Json {
  const isAgent = participant.purpose === "agent";
  return {
    id: participant.id,
    name: participant.name,
    address: participant.address,
    startTime: participant.startTime,
    connectedTime: participant.connectedTime,
    endTime: participant.endTime,
    startHoldTime: participant.startHoldTime,
    purpose: participant.purpose,
    state: participant.state,
    initialState: participant.initialState,
    direction: conversation.direction,
    disconnectType: participant.disconnectType,
    held: participant.startHoldTime !== undefined,
    wrapupRequired: isAgent,
    wrapupPrompt: isAgent ? "optional" : undefined,
    user: participant.userId === undefined ? undefined : { id: participant.userId },
    queue: participant.queueId === undefined ? undefined : { id: participant.queueId },
    alertingTimeoutMs: participant.alertingTimeoutMs,
    provider: PROVIDERS[conversation.medium],
    wrapup: participant.wrapup,
    conversationRoutingData: routingData(conversation, participant),
    peer: participant.peerId,
    startAcwTime: participant.startAcwTime,
    endAcwTime: participant.endAcwTime,
    mediaRoles: ["full"],
    attributes: participant.attributes,
    ...PARTICIPANT_PARTS[conversation.medium](conversation, participant),
  };
}

const PARTICIPANT_PARTS: Parts = {
  call: ({ customer }, participant) => ({
    muted: participant.muted,
    confined: false,
    recording: participant.isRecorded,
    recordingState: participant.isRecorded ? "active" : "none",
    securePause: false,
    ani: participant.purpose === "customer" ? `tel:${customer.ani}` : undefined,
    dnis: participant.purpose === "customer" ? `tel:${customer.dnis}` : undefined,
  }),
  callback: callbackParts,
  chat: ({ customer }) => ({ roomId: customer.roomId }),
  email: ({ customer }, participant) => ({
    ...emailParts(customer.subject),
    messageId: participant.purpose === "customer" ? customer.messageId : undefined,
  }),
  message: ({ customer }, participant) => ({
    type: "webmessaging",
    messages:
      participant.purpose === "customer" ? [{ message: { id: customer.messageId }, ...messageParts(participant) }] : [],
  }),
};

function callbackParts({ customer }: Conversation, participant: Participant): Json {
  if (participant.purpose === "customer") return {};
  return {
    callbackNumbers: [customer.ani],
    callbackUserName: customer.name,
    callbackScheduledTime: participant.callbackScheduledTime,
    skipEnabled: true,
    timeoutSeconds: hasEnded(participant) ? undefined : 60,
  };
}

function emailParts(subject: string): Json {
  return { subject, messagesSent: 1, autoGenerated: false, draftAttachments: [], spam: false };
}

function messageParts(participant: Participant): Json {
  return {
    messageTime: participant.connectedTime,
    messageSegmentCount: 1,
    messageStatus: "received",
    media: [],
    stickers: [],
  };
}
