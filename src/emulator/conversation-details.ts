/** A conversation as analytics tells it: participants, sessions, segments, instead of a snapshot. */
import { asObject } from "./answer.ts";
import type { Json } from "./said.ts";
import { flatLeg, legsOf } from "./shapes.ts";
import type { ShownConversation } from "./rest-states.ts";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  calls: "voice",
  callbacks: "callback",
  chats: "chat",
  emails: "email",
  messages: "message",
};

/** What a leg does until it is connected. */
const WAITING_SEGMENTS: Readonly<Record<string, string>> = {
  alerting: "alert",
  dialing: "dialing",
  contacting: "contacting",
  scheduled: "scheduled",
};

/** The conversation; `undefined` while nobody takes part in it. */
export function toDetails({ generic, media }: ShownConversation): Json | undefined {
  const plural = Object.keys(media)[0] ?? "calls";
  const legs = legsOf(media[plural] ?? generic).map(flatLeg);
  const starts = legs.flatMap(({ startTime, connectedTime }) => texts(startTime ?? connectedTime)).sort();
  const ends = legs.flatMap(({ endTime }) => texts(endTime)).sort();
  const start = starts[0];
  if (start === undefined) return undefined;
  const isOver = ends.length === legs.length;
  return {
    conversationId: generic["id"],
    conversationStart: start,
    ...(isOver && { conversationEnd: ends.at(-1) }),
    originatingDirection: texts(legs[0]?.["direction"])[0] ?? "inbound",
    divisionIds: divisionIds(generic),
    participants: legs.map((leg) => toParticipant(leg, MEDIA_TYPES[plural] ?? "unknown")),
  };
}

/** The conversation as somebody tells it who knows what happened up to an instant only; `undefined` when that is nothing. */
export function asKnownAt(details: Json, at: number): Json | undefined {
  const { conversationStart, conversationEnd, participants, ...rest } = details;
  if (isAfter(conversationStart, at)) return undefined;
  const known = (participants as readonly Json[])
    .map(({ sessions, ...participant }) => ({
      ...participant,
      sessions: (sessions as readonly Json[]).map(({ segments, ...session }) => ({
        ...session,
        segments: (segments as readonly Json[])
          .filter(({ segmentStart }) => !isAfter(segmentStart, at))
          .map((segment) => (isAfter(segment["segmentEnd"], at) ? stillOpen(segment) : segment)),
      })),
    }))
    .filter(({ sessions }) => sessions.some(({ segments }) => segments.length > 0));
  const end = conversationEnd === undefined || isAfter(conversationEnd, at) ? {} : { conversationEnd };
  return { ...rest, conversationStart, ...end, participants: known };
}

function stillOpen({ segmentEnd: _end, disconnectType: _type, wrapUpCode: _code, ...segment }: Json): Json {
  return segment;
}

function isAfter(instant: unknown, at: number): boolean {
  return typeof instant === "string" && Date.parse(instant) > at;
}

/** Each segment with all that is said of it, its session, its participant: what filters look at. */
export function segmentRecords(details: Json): readonly Json[] {
  return (details["participants"] as readonly Json[]).flatMap(({ sessions, ...participant }) =>
    (sessions as readonly Json[]).flatMap(({ segments, ...session }) =>
      (segments as readonly Json[]).map((segment) => ({ ...participant, ...session, ...segment })),
    ),
  );
}

function toParticipant(leg: Json, mediaType: string): Json {
  const { id, name, purpose, userId } = leg;
  const session = {
    sessionId: leg["communicationId"] ?? id,
    mediaType,
    direction: leg["direction"],
    provider: leg["provider"],
    ani: leg["ani"],
    dnis: leg["dnis"],
    segments: segmentsOf(leg),
  };
  return { participantId: id, participantName: name, purpose, userId, sessions: [session] };
}

function segmentsOf(leg: Json): readonly Json[] {
  const { startTime, connectedTime, endTime, disconnectType, queueId, startAcwTime, endAcwTime, initialState } = leg;
  const waits = WAITING_SEGMENTS[String(initialState)];
  const talk = leg["purpose"] === "ivr" ? "ivr" : "interact";
  const from = startTime ?? connectedTime;
  const segments: Json[] = [];
  if (waits !== undefined) {
    const isOver = connectedTime ?? endTime;
    const type = connectedTime === undefined ? disconnectType : undefined;
    segments.push({
      segmentStart: from,
      segmentEnd: isOver,
      segmentType: waits,
      queueId,
      disconnectType: type,
      conference: false,
    });
  }
  if (waits === undefined || connectedTime !== undefined) {
    const segmentStart = waits === undefined ? from : connectedTime;
    segments.push({ segmentStart, segmentEnd: endTime, segmentType: talk, queueId, disconnectType, conference: false });
  }
  if (startAcwTime !== undefined) {
    const wrapUpCode = asObject(leg["wrapup"])?.["code"];
    segments.push({
      segmentStart: startAcwTime,
      segmentEnd: endAcwTime,
      segmentType: "wrapup",
      queueId,
      wrapUpCode,
      conference: false,
    });
  }
  return segments;
}

function divisionIds(generic: Json): readonly unknown[] {
  const divisions: unknown = generic["divisions"];
  return Array.isArray(divisions) ? divisions.map((one) => asObject(asObject(one)?.["division"])?.["id"]) : [];
}

function texts(value: unknown): readonly string[] {
  return typeof value === "string" ? [value] : [];
}
