/**
 * How people and queues stand, as REST tells it and as live events do: one reading of both, which of two is the younger, and what an
 * event about it would say (docs/protocol.md, 11).
 */
import { isSame } from "./freshness-conversation.ts";
import type { SnapshotOrder } from "./freshness.ts";
import type { StandingPart } from "./reconcile-topics.ts";

type Json = Readonly<Record<string, unknown>>;

/** One part of a person's standing: what an event would say of it, and since when it is so. */
export interface PartState {
  /** As the body of the part's own topic has it, without the time. */
  readonly said: Json;
  /** Epoch milliseconds; undefined: nobody tells. */
  readonly at: number | undefined;
  /** The time as it is written. */
  readonly atText: string | undefined;
}

/** The parts of a person's standing that are known. */
export type Standing = Readonly<Partial<Record<StandingPart, PartState>>>;

/** A part as REST has it. Undefined: what came is none. */
export function readRestPart(part: StandingPart, userId: string, value: unknown): PartState | undefined {
  const facts = asObject(value);
  if (facts === undefined) return undefined;
  switch (part) {
    case "presence":
      return readPresence(facts, facts["message"]);
    case "routingStatus":
      return readRouting(facts);
    case "station":
      return readStation(facts);
    case "outOfOffice":
      return readOutOfOffice(userId, facts);
  }
}

/** A part as an event on one of the person's topics has it; undefined where the event does not speak of it. */
export function readLivePart(part: StandingPart, userId: string, body: unknown, topic: string): PartState | undefined {
  const facts = asObject(body);
  if (facts === undefined) return undefined;
  const last = topic.slice(topic.lastIndexOf(".") + 1).toLowerCase();
  if (last === "activity") return readActivityPart(part, userId, facts);
  if (last !== part.toLowerCase()) return undefined;
  return readRestPart(part, userId, part === "routingStatus" ? facts["routingStatus"] : facts);
}

function readActivityPart(part: StandingPart, userId: string, facts: Json): PartState | undefined {
  const value = asObject(facts[part]);
  if (value === undefined || part === "station") return undefined;
  return part === "presence" ? readPresence(value, value["presenceMessage"]) : readRestPart(part, userId, value);
}

function readPresence(facts: Json, message: unknown): PartState | undefined {
  const definition = asObject(facts["presenceDefinition"]);
  const name = definition?.["systemPresence"];
  if (typeof name !== "string" || facts["primary"] === false) return undefined;
  const said = {
    presenceDefinition: {
      ...(definition?.["id"] !== undefined && { id: definition["id"] }),
      systemPresence: eventWord(name),
    },
    message: typeof message === "string" ? message : "",
  };
  return { said, ...timeOf(facts["modifiedDate"]) };
}

/** REST writes `On Queue` or `OnQueue`, events `ON_QUEUE`. */
function eventWord(name: string): string {
  const word = name
    .trim()
    .replaceAll(/([a-z])([A-Z])/gu, "$1_$2")
    .replaceAll(/[\s_]+/gu, "_")
    .toUpperCase();
  return word === "ONQUEUE" ? "ON_QUEUE" : word;
}

function readRouting({ status, startTime }: Json): PartState | undefined {
  return typeof status === "string" ? { said: { status }, ...timeOf(startTime) } : undefined;
}

function readStation(facts: Json): PartState {
  const station = asObject(facts["associatedStation"]);
  const { id, name } = station ?? {};
  const person = asObject(station?.["associatedUser"])?.["id"];
  if (typeof id !== "string") return { said: {}, ...timeOf(undefined) };
  const associatedStation = {
    id,
    ...(name !== undefined && { name }),
    ...(person !== undefined && { associatedUser: { id: person } }),
  };
  return { said: { associatedStation }, ...timeOf(undefined) };
}

function readOutOfOffice(userId: string, facts: Json): PartState | undefined {
  const { active, indefinite, startDate, endDate, modifiedDate } = facts;
  if (typeof active !== "boolean") return undefined;
  const said = {
    user: { id: userId },
    active,
    ...(indefinite !== undefined && { indefinite }),
    ...(startDate !== undefined && { startDate }),
    ...(endDate !== undefined && { endDate }),
  };
  return { said, ...timeOf(modifiedDate) };
}

function timeOf(value: unknown): Pick<PartState, "at" | "atText"> {
  if (typeof value !== "string") return { at: undefined, atText: undefined };
  const at = Date.parse(value);
  return Number.isNaN(at) ? { at: undefined, atText: undefined } : { at, atText: value };
}

/** How what REST tells stands to what a live event told. */
export function comparePart(part: StandingPart, rest: PartState, live: PartState): SnapshotOrder {
  if (rest.at !== undefined && live.at !== undefined && rest.at !== live.at) {
    return rest.at < live.at ? "older" : "newer";
  }
  return isSame(comparable(part, rest), comparable(part, live)) ? "equal" : "unordered";
}

/** What both sides tell: an activity event says of the office only whether somebody is out of it, names and ids may be left out. */
function comparable(part: StandingPart, { said }: PartState): unknown {
  switch (part) {
    case "presence":
      return [asObject(said["presenceDefinition"])?.["systemPresence"], said["message"]];
    case "routingStatus":
      return said["status"];
    case "station":
      return asObject(said["associatedStation"])?.["id"] ?? "";
    case "outOfOffice":
      return said["active"];
  }
}

/** How a standing stands to a live event, over the parts of which both speak; `unordered` where there are none. */
export function compareStanding(rest: Standing, userId: string, body: unknown, topic: string): SnapshotOrder {
  if (asObject(body) === undefined) return "unordered";
  const orders: SnapshotOrder[] = [];
  for (const part of PARTS) {
    const mine = rest[part];
    const theirs = mine && readLivePart(part, userId, body, topic);
    if (mine !== undefined && theirs !== undefined) orders.push(comparePart(part, mine, theirs));
  }
  if (orders.length === 0) return "unordered";
  return (["older", "unordered", "newer"] as const).find((order) => orders.includes(order)) ?? "equal";
}

const PARTS: readonly StandingPart[] = ["presence", "routingStatus", "station", "outOfOffice"];

/** The body of an event on a topic of this shape. `before`: the last one on it, for what REST does not tell. */
export function standingBody(
  shape: StandingPart | "activity",
  userId: string,
  standing: Standing,
  before: unknown,
): Json | undefined {
  if (shape === "activity") return activityBody(userId, standing, asObject(before) ?? {});
  const part = standing[shape];
  if (part === undefined) return undefined;
  switch (shape) {
    case "presence":
      return {
        source: "PURECLOUD",
        presenceDefinition: part.said["presenceDefinition"],
        primary: true,
        message: part.said["message"],
        ...timed("modifiedDate", part),
      };
    case "routingStatus":
      return { id: userId, routingStatus: { ...part.said, ...timed("startTime", part) } };
    case "station":
    case "outOfOffice":
      return part.said;
  }
}

function activityBody(userId: string, { presence, routingStatus, outOfOffice }: Standing, before: Json): Json {
  const { activeQueueIds, dateActiveQueuesChanged } = before;
  return {
    id: userId,
    ...(routingStatus && { routingStatus: { ...routingStatus.said, ...timed("startTime", routingStatus) } }),
    ...(presence && {
      presence: {
        presenceDefinition: presence.said["presenceDefinition"],
        presenceMessage: presence.said["message"],
        ...timed("modifiedDate", presence),
      },
    }),
    ...(outOfOffice && {
      outOfOffice: { active: outOfOffice.said["active"], ...timed("modifiedDate", outOfOffice) },
    }),
    ...(activeQueueIds !== undefined && { activeQueueIds, dateActiveQueuesChanged }),
  };
}

function timed(name: string, { atText }: PartState): Json {
  return atText === undefined ? {} : { [name]: atText };
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
