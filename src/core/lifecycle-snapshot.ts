/**
 * What one snapshot of a conversation shows of its agents, read out of the parsed body of a conversation topic.
 *
 * S1  Total: whatever the body is, nothing is thrown; what can't be read is left out.
 * S2  Both shapes give the same sightings (docs/protocol.md, 10.1): in the generic one the state stands on the
 *     communications (`calls[]`, …), in the one per medium on the participant itself, and no communication's id is told.
 *     Which of the two it is, each participant says by itself: some topics per medium carry the generic shape.
 * S3  A sighting holds only what this snapshot says. What follows from several is `lifecycle-leg.ts`'s.
 */

/** A medium, in our words; by these the legs of one participant are told apart. */
export type MediaType =
  | "call"
  | "callback"
  | "chat"
  | "email"
  | "message"
  | "internal-message"
  | "cobrowse"
  | "screenshare"
  | "social"
  | "video";

/** How a snapshot shows a leg. `other`: a state that says nothing about where it stands (`scheduled`, `none`, …). */
export type SeenState = "dialing" | "alerting" | "connected" | "ended" | "other";

/** The wrap-up of a leg. */
export interface SeenWrapup {
  readonly code: string;
  readonly endedAt: number | undefined;
  readonly seconds: number | undefined;
}

/** One leg of one agent as one snapshot shows it. Instants are epoch milliseconds by the provider's clock. */
export interface LegSighting {
  readonly participantId: string;
  readonly userId: string | undefined;
  readonly queueId: string | undefined;
  readonly mediaType: MediaType;
  /** Told by the generic shape only. */
  readonly communicationId: string | undefined;
  readonly state: SeenState;
  /** It was offered to the agent, now or before. */
  readonly isOffered: boolean;
  /** It is the agent's own call to somebody: not offered, so not missed either. */
  readonly isDialed: boolean;
  readonly isHeld: boolean;
  readonly holdStartedAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly connectedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly alertingTimeoutMs: number | undefined;
  readonly disconnectType: string | undefined;
  readonly consultParticipantId: string | undefined;
  readonly wrapup: SeenWrapup | undefined;
}

/** One snapshot. */
export interface ConversationSighting {
  readonly conversationId: string;
  readonly legs: readonly LegSighting[];
  /** Nobody takes part any more. */
  readonly isOver: boolean;
  /**
   * The youngest instant at which somebody joined or left, 0 where none is told: it never shrinks from one state of a
   * conversation to the next, so a smaller one shows an older snapshot.
   */
  readonly watermark: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Last segments of topics per medium. */
const TOPIC_MEDIA: ReadonlyMap<string, MediaType> = new Map([
  ["calls", "call"],
  ["callbacks", "callback"],
  ["chats", "chat"],
  ["emails", "email"],
  ["messages", "message"],
  ["cobrowsesessions", "cobrowse"],
  ["screenshares", "screenshare"],
  ["socialexpressions", "social"],
  ["videos", "video"],
]);

/** Arrays of communications of the generic shape. Screen monitoring is left out: nobody is offered anything there. */
const ARRAYS: readonly (readonly [string, MediaType])[] = [
  ["calls", "call"],
  ["callbacks", "callback"],
  ["chats", "chat"],
  ["emails", "email"],
  ["messages", "message"],
  ["internalMessages", "internal-message"],
  ["cobrowsesessions", "cobrowse"],
  ["screenshares", "screenshare"],
  ["socialExpressions", "social"],
  ["videos", "video"],
];

const TOPIC = /^v2\.(?:users|routing\.queues)\.[^.]+\.conversations(?:\.([a-z]+))?$/u;

/** The medium of a topic whose events are snapshots of conversations; `any` for the generic one, undefined for other topics. */
export function snapshotMedium(topic: string): MediaType | "any" | undefined {
  const match = TOPIC.exec(topic.toLowerCase());
  if (match === null) return undefined;
  return match[1] === undefined ? "any" : TOPIC_MEDIA.get(match[1]);
}

/** A snapshot's sighting; undefined for a body that is no conversation (S1). */
export function readConversation(body: unknown, medium: MediaType | "any"): ConversationSighting | undefined {
  const conversation = asObject(body);
  const conversationId = asText(conversation?.["id"]);
  const participants = conversation?.["participants"];
  if (conversationId === undefined || !Array.isArray(participants)) return undefined;
  const legs: LegSighting[] = [];
  let isOver = participants.length > 0;
  let watermark = 0;
  for (const entry of participants as readonly unknown[]) {
    const participant = asObject(entry);
    if (participant === undefined) continue;
    const parts = partsOf(participant, medium);
    const endedAt = toInstant(participant["endTime"]);
    if (endedAt === undefined && !hasEnded(parts)) isOver = false;
    watermark = Math.max(watermark, youngest(participant, parts, endedAt));
    if (isAgent(participant)) readLegs(participant, parts, legs);
  }
  return { conversationId, legs, isOver, watermark };
}

/** A communication, and the medium it is of; in the shape per medium the participant stands for it. */
export interface Part {
  readonly mediaType: MediaType;
  readonly facts: Json;
  readonly isParticipant: boolean;
}

/** What a participant does, by communication (S2). */
export function partsOf(participant: Json, medium: MediaType | "any"): readonly Part[] {
  if (medium !== "any" && typeof participant["state"] === "string") {
    return [{ mediaType: medium, facts: participant, isParticipant: true }];
  }
  const parts: Part[] = [];
  for (const [name, mediaType] of ARRAYS) {
    const list = participant[name];
    if (!Array.isArray(list)) continue;
    for (const entry of list as readonly unknown[]) {
      const facts = asObject(entry);
      if (facts !== undefined) parts.push({ mediaType, facts, isParticipant: false });
    }
  }
  return parts;
}

/** Agents have the purpose `agent`, or `user` where no work queue of the platform is involved; who only listens has no leg. */
function isAgent(participant: Json): boolean {
  const purpose = participant["purpose"];
  if (purpose !== "agent" && purpose !== "user") return false;
  const isListener =
    asText(participant["monitoredParticipantId"]) !== undefined ||
    asText(participant["coachedParticipantId"]) !== undefined;
  return !isListener || asText(participant["bargedParticipantId"]) !== undefined;
}

function hasEnded(parts: readonly Part[]): boolean {
  return parts.length > 0 && parts.every(({ facts }) => stateOf(facts["state"]) === "ended");
}

function youngest(participant: Json, parts: readonly Part[], endedAt: number | undefined): number {
  let at = Math.max(endedAt ?? 0, toInstant(participant["connectedTime"]) ?? 0);
  for (const { facts, isParticipant } of parts) {
    if (isParticipant) continue;
    at = Math.max(at, toInstant(facts["connectedTime"]) ?? 0, toInstant(facts["disconnectedTime"]) ?? 0);
  }
  return at;
}

function readLegs(participant: Json, parts: readonly Part[], legs: LegSighting[]): void {
  const participantId = asText(participant["id"]);
  if (participantId === undefined) return;
  // What stands on the participant is the communication's own only where there is one.
  const ofOnlyOne = parts.length === 1 ? participant : NOTHING;
  for (const { mediaType, facts, isParticipant } of parts) {
    const state = stateOf(facts["state"]);
    const initial = stateOf(facts["initialState"]);
    const timeoutMs = alertingTimeoutOf(participant, facts);
    const disconnectType = asText(facts["disconnectType"]);
    const wasRefused = disconnectType !== undefined && REFUSALS.has(disconnectType);
    const isDialed =
      state === "dialing" || initial === "dialing" || (initial !== "alerting" && facts["direction"] === "outbound");
    legs.push({
      participantId,
      userId: asText(participant["userId"]) ?? idOf(participant["user"]),
      queueId: asText(participant["queueId"]) ?? idOf(participant["queue"]),
      mediaType,
      communicationId: isParticipant ? undefined : asText(facts["id"]),
      state,
      isOffered: state === "alerting" || initial === "alerting" || wasRefused || (timeoutMs !== undefined && !isDialed),
      isDialed,
      isHeld: facts["held"] === true && state !== "ended",
      holdStartedAt: toInstant(facts["startHoldTime"]),
      startedAt: toInstant(ofOnlyOne["startTime"]),
      connectedAt: toInstant(facts["connectedTime"]) ?? toInstant(ofOnlyOne["connectedTime"]),
      endedAt: toInstant(facts["disconnectedTime"]) ?? toInstant(ofOnlyOne["endTime"]),
      alertingTimeoutMs: timeoutMs,
      disconnectType,
      consultParticipantId: asText(participant["consultParticipantId"]),
      wrapup: readWrapup(facts["wrapup"]) ?? readWrapup(ofOnlyOne["wrapup"]),
    });
  }
}

const NOTHING: Json = {};
const MAX_TEXT = 200;
/** Only what was offered ends like this. */
const REFUSALS: ReadonlySet<string> = new Set(["transfer.noanswer", "transfer.notavailable", "transfer.dnd"]);

/** A state's meaning. */
export function stateOf(value: unknown): SeenState {
  switch (value) {
    case "alerting":
    case "offering":
      return "alerting";
    case "dialing":
    case "contacting":
      return "dialing";
    case "connected":
    case "parked":
      return "connected";
    case "disconnected":
    case "terminated":
      return "ended";
    default:
      return "other";
  }
}

function alertingTimeoutOf(participant: Json, facts: Json): number | undefined {
  const ms = positive(participant["alertingTimeoutMs"]);
  if (ms !== undefined) return ms;
  const seconds = positive(asObject(facts["queueMediaSettings"])?.["alertingTimeoutSeconds"]);
  return seconds === undefined ? undefined : seconds * 1000;
}

function readWrapup(value: unknown): SeenWrapup | undefined {
  const wrapup = asObject(value);
  const code = asText(wrapup?.["code"]);
  if (wrapup === undefined || code === undefined) return undefined;
  const seconds = wrapup["durationSeconds"];
  return {
    code,
    endedAt: toInstant(wrapup["endTime"]),
    seconds: typeof seconds === "number" && seconds >= 0 ? seconds : undefined,
  };
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** An id or a name; longer ones are none, so that what is remembered of a conversation is bounded. */
function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT ? value : undefined;
}

function idOf(value: unknown): string | undefined {
  return asText(asObject(value)?.["id"]);
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** The platform did not exist before; an older instant is a field that was never set. */
const EARLIEST = Date.UTC(2005, 0, 1);

/** ISO 8601 text or epoch milliseconds (docs/protocol.md, 11). */
function toInstant(value: unknown): number | undefined {
  const at = typeof value === "string" ? Date.parse(value) : typeof value === "number" ? value : Number.NaN;
  return at >= EARLIEST && at < Infinity ? at : undefined;
}
