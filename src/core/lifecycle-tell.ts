/**
 * What is new of a leg, as events: each thing once, in the order in which things happen to a leg.
 *
 * T1  What happened more than `recallMs` before a leg was first seen is known, not told: who starts in the middle is not
 *     told the morning. What is so now (it rings) is told in any case.
 * T2  An instant is the provider's where it tells one; else the arrival, but not after what surely came later.
 */
import { type LifecycleEvent, type LifecycleType, missedBecause, transferKind } from "./lifecycle-event.ts";
import type { Hold, Leg } from "./lifecycle-leg.ts";

/** What a telling needs to know beside the leg. */
export interface TellContext {
  readonly conversationId: string;
  readonly receivedAt: number;
  readonly recallMs: number;
  readonly lateAfterMs: number;
  readonly out: LifecycleEvent[];
}

/** Members of an event that are its type's own. */
type Details = Omit<
  Partial<LifecycleEvent>,
  "id" | "type" | "conversationId" | "participantId" | "mediaType" | "exact" | "late" | "legState"
>;

/** Appends to `context.out` what of this leg was not told before. */
export function tellNews(leg: Leg, context: TellContext): void {
  if (leg.isOffered && leg.once("ringing")) tell(leg, "ringing", context, leg.startedAt, ringing(leg, context));
  if (leg.consultParticipantId !== undefined && leg.once("consulted")) {
    tell(leg, "consulted", context, leg.startedAt, { consultParticipantId: leg.consultParticipantId });
  }
  if (leg.isConnected && leg.once("answered")) tell(leg, "answered", context, leg.connectedAt, {});
  for (const hold of leg.holds) tellHold(leg, hold, context);
  if (leg.isEnded) tellEnd(leg, context);
  for (const wrapup of leg.wrapups) {
    if (wrapup.isTold) continue;
    wrapup.isTold = true;
    const { code, endedAt, seconds } = wrapup.seen;
    tell(leg, "wrapup", context, endedAt, { wrapupCode: code, wrapupSeconds: seconds }, code);
  }
}

function ringing(leg: Leg, { receivedAt }: TellContext): Details {
  const { alertingTimeoutMs, startedAt } = leg;
  if (alertingTimeoutMs === undefined) return {};
  // A clock that is ahead of ours makes no deadline: it would let a call ring for ever.
  return { deadlineAt: Math.min(startedAt ?? boundOf(leg, "ringing"), receivedAt) + alertingTimeoutMs };
}

function tellHold(leg: Leg, hold: Hold, context: TellContext): void {
  const { startedAt, exact, resumedBy } = hold;
  const details = { holdStartedAt: startedAt };
  if (!hold.isHeldTold) {
    hold.isHeldTold = true;
    tell(leg, "held", context, exact ? startedAt : undefined, details, String(startedAt));
  }
  if (resumedBy === undefined || hold.isResumedTold) return;
  hold.isResumedTold = true;
  tell(leg, "resumed", context, undefined, { ...details, at: resumedBy }, String(startedAt));
}

function tellEnd(leg: Leg, context: TellContext): void {
  const { disconnectType, endedAt, isConnected: answered } = leg;
  if (!answered && leg.isOffered) {
    const because = missedBecause(disconnectType);
    if (!leg.once("missed")) return;
    tell(leg, "missed", context, endedAt, { disconnectType, missedBecause: because });
    return;
  }
  const kind = answered ? transferKind(disconnectType) : undefined;
  if (kind !== undefined && leg.once("transferred")) {
    tell(leg, "transferred", context, endedAt, { disconnectType, transferKind: kind });
  }
  if (leg.once("ended")) tell(leg, "ended", context, endedAt, { disconnectType, answered });
}

function tell(
  leg: Leg,
  type: LifecycleType,
  context: TellContext,
  providerAt: number | undefined,
  details: Details,
  which?: string,
): void {
  const { conversationId, receivedAt, recallMs, lateAfterMs, out } = context;
  const at = providerAt ?? details.at ?? Math.min(receivedAt, boundOf(leg, type));
  const { state: legState } = leg;
  if (at < leg.firstSeenAt - recallMs && !(type === "ringing" && legState === "ringing")) return;
  const { participantId, userId, queueId, mediaType, communicationId, ordinal } = leg;
  const place = ordinal === 0 ? mediaType : `${mediaType}.${ordinal}`;
  const name = `conversation/${conversationId}/${participantId}/${place}/${type}`;
  const late = isOver(type, leg) || receivedAt - at > lateAfterMs;
  out.push({
    id: which === undefined ? name : `${name}/${which}`,
    type,
    conversationId,
    participantId,
    userId,
    queueId,
    mediaType,
    communicationId,
    ...details,
    at,
    exact: providerAt !== undefined,
    late,
    legState,
  });
}

/** T2: what is not dated happened before the leg went on. */
function boundOf(leg: Leg, type: LifecycleType): number {
  const { connectedAt = Infinity, endedAt = Infinity } = leg;
  if (type === "ringing" || type === "consulted") return Math.min(connectedAt, endedAt);
  return type === "wrapup" ? Infinity : endedAt;
}

/** Whether the leg is further than this. */
function isOver(type: LifecycleType, { state }: Leg): boolean {
  switch (type) {
    case "ringing":
      return state !== "ringing";
    case "answered":
    case "consulted":
      return state === "ended";
    case "held":
      return state !== "held";
    case "resumed":
      return state !== "connected";
    case "missed":
    case "transferred":
    case "ended":
    case "wrapup":
      return false;
  }
}
