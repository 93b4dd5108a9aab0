/**
 * A conversation with its participants, and the changes of its life (docs/protocol.md, 10.3).
 *
 * V1. Participants are only added; one that ended stays in every later snapshot.
 * V2. A participant's state goes forward only: (scheduled | alerting | dialing ─► contacting) ─► connected ─► ended.
 * V3. Each change has its own instant, later than the one before, so that no two snapshots are equal.
 */

/** The media that the emulator's customers use. */
export type Medium = "call" | "callback" | "chat" | "email" | "message";

/** States that occur in the emulator's traffic. */
export type ParticipantState =
  | "scheduled"
  | "alerting"
  | "dialing"
  | "contacting"
  | "connected"
  | "disconnected"
  | "terminated";

/** One leg of a conversation. Instants are ISO 8601 texts, as snapshots show them. */
export interface Participant {
  readonly id: string;
  readonly communicationId: string;
  readonly purpose: "customer" | "ivr" | "acd" | "agent";
  readonly name: string;
  readonly address: string | undefined;
  readonly userId: string | undefined;
  readonly queueId: string | undefined;
  readonly initialState: ParticipantState;
  readonly startTime: string;
  readonly alertingTimeoutMs: number | undefined;
  readonly peerId: string | undefined;
  state: ParticipantState;
  connectedTime: string | undefined;
  endTime: string | undefined;
  disconnectType: string | undefined;
  startHoldTime: string | undefined;
  muted: boolean;
  isRecorded: boolean;
  startAcwTime: string | undefined;
  endAcwTime: string | undefined;
  wrapup: { readonly code: string; readonly durationSeconds: number; readonly endTime: string } | undefined;
  callbackScheduledTime: string | undefined;
  attributes: Readonly<Record<string, string>>;
  /** How snapshots of either shape had it last, as JSON; nothing once it has changed. */
  genericText: string | undefined;
  mediumText: string | undefined;
}

/** A conversation. */
export interface Conversation {
  readonly id: string;
  readonly medium: Medium;
  readonly direction: "inbound" | "outbound";
  readonly divisionId: string;
  readonly priority: number;
  readonly skillIds: readonly string[];
  readonly customer: CustomerFacts;
  readonly participants: Participant[];
  /** Epoch ms of the last change (V3). */
  changedAt: number;
  /** How snapshots had the divisions last, as JSON; nothing once somebody has joined. */
  divisionsText: string | undefined;
}

/** What a medium tells of the customer. */
export interface CustomerFacts {
  readonly name: string;
  readonly ani: string;
  readonly dnis: string;
  readonly subject: string;
  readonly roomId: string;
  readonly messageId: string;
}

/** What is given for a new participant; the rest begins empty. */
export interface NewParticipant {
  readonly id: string;
  readonly communicationId: string;
  readonly purpose: Participant["purpose"];
  readonly name: string;
  readonly state: ParticipantState;
  readonly address?: string;
  readonly userId?: string;
  readonly queueId?: string;
  readonly alertingTimeoutMs?: number;
  readonly peerId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Adds a participant (V1). */
export function join(conversation: Conversation, at: string, given: NewParticipant): Participant {
  const participant: Participant = {
    id: given.id,
    communicationId: given.communicationId,
    purpose: given.purpose,
    name: given.name,
    address: given.address,
    userId: given.userId,
    queueId: given.queueId,
    initialState: given.state,
    startTime: at,
    alertingTimeoutMs: given.alertingTimeoutMs,
    peerId: given.peerId,
    state: given.state,
    connectedTime: given.state === "connected" ? at : undefined,
    endTime: undefined,
    disconnectType: undefined,
    startHoldTime: undefined,
    muted: false,
    isRecorded: false,
    startAcwTime: undefined,
    endAcwTime: undefined,
    wrapup: undefined,
    callbackScheduledTime: undefined,
    attributes: given.attributes ?? {},
    genericText: undefined,
    mediumText: undefined,
  };
  conversation.participants.push(participant);
  conversation.divisionsText = undefined;
  return participant;
}

/** The state in which a leg of this medium ends: written media have no `terminated` (docs/protocol.md, 10.2). */
function endState(medium: Medium): ParticipantState {
  return medium === "email" || medium === "message" ? "disconnected" : "terminated";
}

/** Whether a leg is over. */
export function hasEnded(participant: Participant): boolean {
  return participant.endTime !== undefined;
}

/** A leg is answered, or its wait begins. */
export function connect(participant: Participant, at: string): void {
  participant.state = "connected";
  participant.connectedTime = at;
}

/** A leg ends. */
export function leave(conversation: Conversation, participant: Participant, at: string, disconnectType: string): void {
  participant.state = endState(conversation.medium);
  participant.endTime = at;
  participant.disconnectType = disconnectType;
  participant.startHoldTime = undefined;
  participant.isRecorded = false;
}

/** Notes something on a leg. */
export function annotate(participant: Participant, name: string, value: string): void {
  participant.attributes = { ...participant.attributes, [name]: value };
}
