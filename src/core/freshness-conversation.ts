/**
 * How far a snapshot of a conversation has come, and which of two snapshots is the younger, whichever of the two shapes they have.
 *
 * - V1  A conversation only grows: participants join and stay in it, and what each does goes from dialing or alerting over
 *       connected to its end, then through after-call work. A snapshot that lacks a step that another shows is the older one.
 * - V2  Shapes are compared in what both tell: of a generic snapshot, the parts of the medium of the other one.
 * - V3  What may go back and forth (hold, mute, attributes, a parked mail) says nothing about age.
 */
import { type MediaType, type Part, partsOf, readConversation, snapshotMedium, stateOf } from "./lifecycle-snapshot.ts";
import { MEDIUM_NAMES, type MediumName } from "./reconcile-topics.ts";
import type { SnapshotOrder } from "./freshness.ts";

type Json = Readonly<Record<string, unknown>>;

/** Who is in a conversation, and where it stands. */
export interface ConversationSides {
  readonly userIds: ReadonlySet<string>;
  readonly queueIds: ReadonlySet<string>;
  /** Media that REST has in a shape of their own. */
  readonly media: ReadonlySet<MediumName>;
  /** An agent is being rung. */
  readonly isAlerting: boolean;
  readonly isOver: boolean;
}

/** How far one participant has come in one medium. */
interface Progress {
  readonly medium: MediaType;
  /** How often it began anew: a second communication of the same medium. */
  readonly begun: number;
  /** Undefined: a state that says nothing about where it stands. */
  readonly rank: number | undefined;
  readonly steps: readonly boolean[];
}

const RANKS = { dialing: 1, alerting: 1, connected: 2, ended: 3, other: undefined } as const;
const MEDIUM_OF: ReadonlyMap<MediumName, MediaType> = new Map([
  ["calls", "call"],
  ["callbacks", "callback"],
  ["chats", "chat"],
  ["emails", "email"],
  ["messages", "message"],
]);

/** The medium of a shape, as the reader of snapshots calls it. */
export function mediaTypeOf(medium: MediumName | "any"): MediaType | "any" {
  return medium === "any" ? "any" : (MEDIUM_OF.get(medium) ?? "any");
}

/** Who is in a snapshot; undefined for a body that is none. */
export function conversationSides(body: unknown, shape: MediumName | "any"): ConversationSides | undefined {
  const seen = readConversation(body, mediaTypeOf(shape));
  if (seen === undefined) return undefined;
  const userIds = new Set<string>();
  const queueIds = new Set<string>();
  const types = new Set<MediaType>();
  for (const participant of participantsOf(body)) {
    addId(userIds, participant["userId"], participant["user"]);
    addId(queueIds, participant["queueId"], participant["queue"]);
    for (const { mediaType } of partsOf(participant, mediaTypeOf(shape))) types.add(mediaType);
  }
  const media = new Set(MEDIUM_NAMES.filter((name) => types.has(MEDIUM_OF.get(name) ?? "video")));
  const isAlerting = seen.legs.some(({ state, isDialed }) => state === "alerting" && !isDialed);
  return { userIds, queueIds, media, isAlerting, isOver: seen.isOver };
}

/** How a snapshot in this shape stands to the body of a live event on this topic. */
export function compareConversations(
  snapshot: unknown,
  shape: MediumName | "any",
  live: unknown,
  topic: string,
): SnapshotOrder {
  const liveShape = snapshotMedium(topic);
  if (liveShape === undefined || asObject(live) === undefined) return "unordered";
  const ownShape = mediaTypeOf(shape);
  const mine = progressOf(snapshot, ownShape, liveShape);
  const other = progressOf(live, liveShape, ownShape);
  const isSameShape = ownShape === liveShape;
  let isNewer = false;
  for (const [id, theirs] of other) {
    const ours = mine.get(id);
    if (ours === undefined || isBehind(ours, theirs, isSameShape)) return "older";
    if (isBehind(theirs, ours, isSameShape)) isNewer = true;
  }
  if (isNewer || mine.size > other.size) return "newer";
  return isSame(snapshot, live) ? "equal" : "unordered";
}

/** By participant and medium; of a generic snapshot the medium of the other shape alone (V2). */
function progressOf(body: unknown, shape: MediaType | "any", other: MediaType | "any"): ReadonlyMap<string, Progress> {
  const all = new Map<string, Progress>();
  for (const participant of participantsOf(body)) {
    const id = participant["id"];
    if (typeof id !== "string") continue;
    for (const part of partsOf(participant, shape)) {
      if (shape === "any" && other !== "any" && part.mediaType !== other) continue;
      const name = `${id} ${part.mediaType}`;
      const before = all.get(name);
      all.set(name, toProgress(participant, part, (before?.begun ?? 0) + 1));
    }
  }
  return all;
}

function toProgress(participant: Json, { mediaType, facts }: Part, begun: number): Progress {
  const state = facts["state"] === "parked" ? "other" : stateOf(facts["state"]);
  const has = (name: string): boolean => isThere(facts[name]) || isThere(participant[name]);
  const steps = [
    has("connectedTime"),
    isThere(facts["disconnectedTime"]) || isThere(participant["endTime"]),
    has("disconnectType"),
    has("startAcwTime"),
    has("endAcwTime"),
    has("wrapup"),
  ];
  return { medium: mediaType, begun, rank: RANKS[state], steps };
}

/** Whether the second shows a step that the first lacks. */
function isBehind(first: Progress, second: Progress, isSameShape: boolean): boolean {
  // The shape per medium shows one communication only, so which of several it is can't be said.
  if (first.begun !== second.begun) return isSameShape && first.begun < second.begun;
  if (first.rank !== undefined && second.rank !== undefined && first.rank !== second.rank) {
    return first.rank < second.rank;
  }
  return second.steps.some((done, place) => done && first.steps[place] !== true);
}

/** Members that only REST has, and that say nothing. */
const IGNORED: ReadonlySet<string> = new Set(["selfUri", "uri"]);

/** Whether two bodies say the same. */
export function isSame(one: unknown, other: unknown): boolean {
  // Unset members are left out, or sent as null.
  if ((one ?? undefined) === (other ?? undefined)) return true;
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, place) => isSame(item, other[place]));
  }
  const [mine, theirs] = [asObject(one), asObject(other)];
  if (mine === undefined || theirs === undefined) return false;
  const names = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
  for (const name of names) if (!IGNORED.has(name) && !isSame(mine[name], theirs[name])) return false;
  return true;
}

function participantsOf(body: unknown): readonly Json[] {
  const list = asObject(body)?.["participants"];
  if (!Array.isArray(list)) return [];
  return (list as readonly unknown[]).map(asObject).filter((one) => one !== undefined);
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function addId(ids: Set<string>, bare: unknown, reference: unknown): void {
  const id = bare ?? asObject(reference)?.["id"];
  if (typeof id === "string" && id !== "") ids.add(id.toLowerCase());
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
