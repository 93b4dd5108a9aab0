/**
 * Whether a state that was asked for may be handed on: never behind what live events have shown of the same object (P8).
 *
 * The provider has no version that states and events share. So states are ordered by what they say themselves (times, how far a
 * conversation has come); where they say nothing, by when they came:
 *
 * - P8a  A snapshot that any live event of the object is ahead of is not handed on.
 * - P8b  Where neither is ahead and they differ, an event that came after the question was asked wins, or so shortly before
 *        that the answer may have been made without it. So does another answer of the same shape that was handed on then; of another
 *        shape it says nothing, as one object is told differently in two shapes.
 * - P8c  What a topic's own last event said already is not said again on it.
 */
import type { Note } from "./freshness-notes.ts";

/** How a snapshot stands to a live event: `unordered`, they differ and neither says which is the younger. */
export type SnapshotOrder = "equal" | "newer" | "older" | "unordered";

/** What shall become of a snapshot on one topic. `known`: the topic has said it already. */
export type SnapshotVerdict = "hand-on" | "known" | "behind";

/** An answer may be so much older than its question. */
export const STALE_MS = 5_000;

/** Orders the snapshot and one live event. `body`: what could not be kept or parsed is undefined. */
export type CompareLive = (body: unknown, topic: string) => SnapshotOrder;

/** Which topics of an object may be handed a snapshot. */
export interface FreshnessQuestion {
  /** The last live events of the object, on every topic. */
  readonly notes: readonly Note[];
  readonly compare: CompareLive;
  /** Epoch milliseconds: when the question was sent. */
  readonly sentAt: number;
  /** Topics on which it would be handed on, in the form in which they are compared. */
  readonly topics: readonly string[];
}

/** The verdict for each topic. */
export function judgeSnapshot(question: FreshnessQuestion): ReadonlyMap<string, SnapshotVerdict> {
  const { notes, compare, sentAt, topics } = question;
  const orders = new Map<string, SnapshotOrder>();
  let isBehind = false;
  for (const note of notes) {
    const order = compare(readBody(note.body), note.topic);
    orders.set(note.topic, order);
    const mayBeYounger = note.at > sentAt - STALE_MS && (!note.isAsked || topics.includes(note.topic));
    if (order === "older" || (order === "unordered" && mayBeYounger)) isBehind = true;
  }
  return new Map(
    topics.map((topic) => [topic, isBehind ? "behind" : orders.get(topic) === "equal" ? "known" : "hand-on"]),
  );
}

const decoder = new TextDecoder();

/** A body that was noted, parsed; undefined where that can't be done. */
export function readBody(body: Uint8Array | undefined): unknown {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(decoder.decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
