/** One conversation from its one shape into the other (docs/protocol.md, 10.1), for bodies that somebody emitted. */
import { asObject } from "./answer.ts";
import type { Json } from "./said.ts";

const MEDIA = ["calls", "callbacks", "chats", "emails", "messages", "videos", "socialExpressions", "internalMessages"];

/** The media of a conversation in the generic shape. */
export function mediaOf(generic: Json): readonly string[] {
  return MEDIA.filter((plural) => legsOf(generic).some((leg) => Array.isArray(leg[plural])));
}

/** The participants of a conversation of either shape. */
export function legsOf(conversation: Json): readonly Json[] {
  const participants: unknown = conversation["participants"];
  return Array.isArray(participants) ? participants.flatMap((leg): readonly Json[] => [asObject(leg) ?? {}]) : [];
}

/** A participant of either shape with state and times on itself and bare ids. */
export function flatLeg(leg: Json): Json {
  const lists: readonly unknown[] = MEDIA.map((plural) => leg[plural]);
  const communication = lists.flatMap((list) => (Array.isArray(list) ? (list as readonly Json[]) : [])).at(-1);
  const userId = leg["userId"] ?? asObject(leg["user"])?.["id"];
  const queueId = leg["queueId"] ?? asObject(leg["queue"])?.["id"];
  const ends = { endTime: communication?.["disconnectedTime"] ?? leg["endTime"] };
  return { ...communication, ...leg, ...ends, userId, queueId };
}

/** Generic to per medium: the communication goes onto the participant. */
export function toMedium(generic: Json, plural: string): Json {
  const participants = legsOf(generic).map((leg) => {
    const { [plural]: own, userId, queueId, ...rest } = leg;
    const communication = asObject(Array.isArray(own) ? own.at(-1) : undefined) ?? {};
    const { id: _, disconnectedTime: endTime, ...flat } = communication;
    return {
      ...flat,
      ...(endTime !== undefined && { endTime }),
      ...rest,
      ...reference("user", userId),
      ...reference("queue", queueId),
    };
  });
  return { ...generic, participants };
}

/** Per medium to generic: state and times go into a communication. */
export function toGeneric(medium: Json, plural: string): Json {
  const participants = legsOf(medium).map((leg) => {
    const { state, initialState, held, startHoldTime, direction, disconnectType, ...rest } = leg;
    const { user, queue, ...others } = rest;
    const communication = {
      id: leg["id"],
      state,
      initialState,
      held,
      startHoldTime,
      direction,
      disconnectType,
      connectedTime: leg["connectedTime"],
      disconnectedTime: leg["endTime"],
    };
    const [userId, queueId] = [asObject(user)?.["id"], asObject(queue)?.["id"]];
    return {
      ...others,
      ...(userId !== undefined && { userId }),
      ...(queueId !== undefined && { queueId }),
      [plural]: [communication],
    };
  });
  return { ...medium, participants };
}

function reference(name: string, id: unknown): Json {
  return id === undefined ? {} : { [name]: { id } };
}
