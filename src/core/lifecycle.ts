/**
 * Lifecycle events out of snapshots of conversations: who is rung, answers, misses, holds, hands on, ends, wraps up.
 *
 * ```
 *  snapshot ──► sightings ──► legs of this conversation ──► what was not told yet ──► events
 *               (lifecycle-snapshot)   (lifecycle-leg: facts only grow)   (lifecycle-tell: each once)
 * ```
 * The platform sends the whole conversation at any change, on up to four topics, in no promised order, and sometimes twice.
 *
 * Y1  Each thing is told once, whatever is repeated, late or reordered. From all snapshots of a conversation that lasts less
 *     than `recallMs` the same set of events follows in any order, `resumed` excepted: a hold that is over looks like one
 *     that has not begun (lifecycle-leg.ts, L2).
 * Y2  Nothing is told that contradicts what was told of the same leg.
 * Y3  An id depends on what happened only: not on the order, the topic, the shape, the source or the process.
 * Y4  Bounded: a conversation is forgotten `forgetAfterMs` after it was last heard of once it is over, and the one that was
 *     heard of longest ago when there are more than `maxConversations`.
 */
import type { LifecycleEvent } from "./lifecycle-event.ts";
import { Leg, type Sight } from "./lifecycle-leg.ts";
import { type LegSighting, type MediaType, readConversation } from "./lifecycle-snapshot.ts";
import { tellNews } from "./lifecycle-tell.ts";
import { integerIn, numberIn } from "./option-check.ts";

/** What {@link Lifecycle} takes. */
export interface LifecycleOptions {
  /** Conversations remembered at once. @defaultValue `50_000` */
  readonly maxConversations?: number;
  /** How long a conversation that is over is remembered after its last snapshot. @defaultValue `600_000` */
  readonly forgetAfterMs?: number;
  /** How far back a leg's first snapshot is told; at most `forgetAfterMs`. @defaultValue `600_000` */
  readonly recallMs?: number;
  /** What happened longer ago is marked `late`. @defaultValue `10_000` */
  readonly lateAfterMs?: number;
}

/** One snapshot, parsed. */
export interface Snapshot {
  /** By its topic (`snapshotMedium`). */
  readonly medium: MediaType | "any";
  readonly body: unknown;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly correlationId?: string | undefined;
}

/** What {@link Lifecycle} counts. */
export interface LifecycleCounters {
  snapshots: number;
  /** Bodies that are no conversation. */
  unreadable: number;
  told: number;
  /** Of these, marked late. */
  late: number;
  /** Sightings that contradicted what was told, and were left out (Y2). */
  contradictions: number;
  /** Legs that found no room in their conversation. */
  untracked: number;
  /** Conversations forgotten after their end. */
  forgotten: number;
  /** Conversations forgotten because there were too many. */
  evicted: number;
}

/** Legs of one conversation; threads of messages live for years. */
const MAX_LEGS = 500;
const NONE: readonly LifecycleEvent[] = [];

interface Conversation {
  /** By participant and medium: mostly one, in the order of their ordinals. */
  readonly legs: Map<string, Leg[]>;
  legCount: number;
  watermark: number;
  isOver: boolean;
  heardAt: number;
}

/** Derives lifecycle events (see the top of this file). */
export class Lifecycle {
  readonly counters: LifecycleCounters = {
    snapshots: 0,
    unreadable: 0,
    told: 0,
    late: 0,
    contradictions: 0,
    untracked: 0,
    forgotten: 0,
    evicted: 0,
  };
  readonly #maxConversations: number;
  readonly #forgetAfterMs: number;
  readonly #recallMs: number;
  readonly #lateAfterMs: number;
  /** Each in the order in which they were last heard of. */
  readonly #open = new Map<string, Conversation>();
  readonly #over = new Map<string, Conversation>();

  /** @throws RingfirstError `RF_OPTION_INVALID` */
  constructor(options: LifecycleOptions = {}) {
    const { maxConversations = 50_000, forgetAfterMs = 600_000, lateAfterMs = 10_000 } = options;
    const { recallMs = Math.min(600_000, forgetAfterMs) } = options;
    this.#maxConversations = integerIn("lifecycle.maxConversations", maxConversations, 1, 10_000_000);
    this.#forgetAfterMs = numberIn("lifecycle.forgetAfterMs", forgetAfterMs, 0, 86_400_000);
    this.#recallMs = numberIn("lifecycle.recallMs", recallMs, 0, this.#forgetAfterMs);
    this.#lateAfterMs = numberIn("lifecycle.lateAfterMs", lateAfterMs, 0, 86_400_000);
  }

  /** Conversations remembered. */
  get size(): number {
    return this.#open.size + this.#over.size;
  }

  /** What a snapshot shows that was not told before, per leg in the order in which it happened. Never throws. */
  take(snapshot: Snapshot): readonly LifecycleEvent[] {
    const { counters } = this;
    const { receivedAt } = snapshot;
    counters.snapshots += 1;
    this.#forget(receivedAt);
    const seen = readConversation(snapshot.body, snapshot.medium);
    if (seen === undefined) {
      counters.unreadable += 1;
      return NONE;
    }
    const { conversationId, legs, watermark } = seen;
    if (legs.length === 0) return NONE;
    const conversation = this.#hear(conversationId, seen.isOver, receivedAt);
    const { correlationId } = snapshot;
    const sight: Sight = { receivedAt, correlationId, watermark, knownWatermark: conversation.watermark };
    conversation.watermark = Math.max(conversation.watermark, watermark);
    const out: LifecycleEvent[] = [];
    for (const sighting of legs) {
      const leg = this.#legOf(conversation, sighting, receivedAt);
      if (leg === undefined) continue;
      if (!leg.merge(sighting, sight)) counters.contradictions += 1;
      tellNews(leg, { conversationId, receivedAt, recallMs: this.#recallMs, lateAfterMs: this.#lateAfterMs, out });
    }
    counters.told += out.length;
    for (const event of out) if (event.late) counters.late += 1;
    return out;
  }

  /** The conversation, now the one that was heard of last; over once any snapshot has shown it so. */
  #hear(id: string, isOver: boolean, receivedAt: number): Conversation {
    let conversation = this.#open.get(id);
    if (conversation !== undefined) this.#open.delete(id);
    else {
      conversation = this.#over.get(id);
      if (conversation !== undefined) this.#over.delete(id);
      else {
        conversation = { legs: new Map(), legCount: 0, watermark: 0, isOver, heardAt: receivedAt };
        if (this.size >= this.#maxConversations) this.#evict();
      }
    }
    conversation.isOver ||= isOver;
    conversation.heardAt = receivedAt;
    (conversation.isOver ? this.#over : this.#open).set(id, conversation);
    return conversation;
  }

  /** Y4: those that are over go first. */
  #evict(): void {
    const from = this.#over.size > 0 ? this.#over : this.#open;
    for (const id of from.keys()) {
      from.delete(id);
      this.counters.evicted += 1;
      return;
    }
  }

  #forget(now: number): void {
    for (const [id, { heardAt }] of this.#over) {
      if (heardAt + this.#forgetAfterMs > now) return;
      this.#over.delete(id);
      this.counters.forgotten += 1;
    }
  }

  /**
   * The leg that a sighting is of. The shape per medium does not name communications: there a participant has one leg by a
   * medium. Where the generic shape has shown several, only it can say of which it speaks.
   */
  #legOf(conversation: Conversation, sighting: LegSighting, receivedAt: number): Leg | undefined {
    const { participantId, mediaType, communicationId } = sighting;
    const place = `${participantId} ${mediaType}`;
    const group = conversation.legs.get(place);
    if (group === undefined) return this.#addLeg(conversation, place, [], sighting, receivedAt);
    if (communicationId === undefined) return group.length === 1 ? group[0] : undefined;
    const known = group.find((leg) => leg.communicationId === communicationId);
    if (known !== undefined) return known;
    const unnamed = group[0];
    if (unnamed !== undefined && unnamed.communicationId === undefined) return unnamed;
    return this.#addLeg(conversation, place, group, sighting, receivedAt);
  }

  #addLeg(
    conversation: Conversation,
    place: string,
    group: Leg[],
    sighting: LegSighting,
    receivedAt: number,
  ): Leg | undefined {
    if (conversation.legCount >= MAX_LEGS && !dropEnded(conversation)) {
      this.counters.untracked += 1;
      return undefined;
    }
    const leg = new Leg(sighting, group.length, receivedAt);
    group.push(leg);
    conversation.legs.set(place, group);
    conversation.legCount += 1;
    return leg;
  }
}

/** Makes room by the oldest legs of a participant that are over: a later snapshot shows them as long past (T1). */
function dropEnded(conversation: Conversation): boolean {
  for (const [place, group] of conversation.legs) {
    if (!group.every((leg) => leg.isEnded)) continue;
    conversation.legs.delete(place);
    conversation.legCount -= group.length;
    return true;
  }
  return false;
}
