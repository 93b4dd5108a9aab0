/**
 * One leg: one agent's part in a conversation by one medium. It is what all snapshots together have shown of it.
 *
 * ```
 *  ringing ──► answered ──► held ⇄ resumed ──► transferred ──► ended ──► wrapup
 *     └─────► missed
 * ```
 * L1  Facts are only added: a leg that was connected was connected, one that ended has ended, whatever an older snapshot
 *     says. So the order in which snapshots come does not matter, nor how often they do.
 * L2  The one thing that is taken back by the provider itself is a hold. A hold is known by its start. It is over when a
 *     later hold is known, or when a snapshot that is not older shows the leg connected and free. A snapshot is older when
 *     its watermark is smaller, or when its correlation id has told of the same free leg before (a repeat).
 * L3  What contradicts something that was told is left out: nobody answers what was missed.
 * L4  Bounded: so many holds, wrap-up codes and correlation ids are kept; the oldest go, and are not told again.
 */
import type { LegState, LifecycleType } from "./lifecycle-event.ts";
import type { LegSighting, MediaType, SeenWrapup } from "./lifecycle-snapshot.ts";

/** Bounds of L4. */
const MAX_HOLDS = 32;
const MAX_WRAPUPS = 8;
const MAX_FREE_SIGHTS = 16;

/** One hold. */
export interface Hold {
  readonly startedAt: number;
  /** The start is the provider's; otherwise the arrival of what showed the hold. */
  readonly exact: boolean;
  /** By when it was over; undefined: it may still be on. */
  resumedBy: number | undefined;
  isHeldTold: boolean;
  isResumedTold: boolean;
}

/** When a sighting came, and what dates it. */
export interface Sight {
  readonly receivedAt: number;
  readonly correlationId: string | undefined;
  readonly watermark: number;
  /** The largest watermark of the conversation before this one. */
  readonly knownWatermark: number;
}

/** One leg. */
export class Leg {
  readonly participantId: string;
  readonly mediaType: MediaType;
  /** The how-manieth communication of this medium the participant has, from 0. */
  readonly ordinal: number;
  readonly firstSeenAt: number;
  communicationId: string | undefined;
  userId: string | undefined;
  queueId: string | undefined;
  startedAt: number | undefined;
  connectedAt: number | undefined;
  endedAt: number | undefined;
  alertingTimeoutMs: number | undefined;
  disconnectType: string | undefined;
  consultParticipantId: string | undefined;
  isConnected = false;
  isEnded = false;
  readonly holds: Hold[] = [];
  readonly wrapups: { readonly seen: SeenWrapup; isTold: boolean }[] = [];
  readonly #told = new Set<LifecycleType>();
  readonly #freeSights: string[] = [];
  #isOffered = false;
  #isDialed = false;
  /** L4: holds that started at or before were told. */
  #holdFloor = -Infinity;

  constructor(sighting: LegSighting, ordinal: number, receivedAt: number) {
    this.participantId = sighting.participantId;
    this.mediaType = sighting.mediaType;
    this.ordinal = ordinal;
    this.firstSeenAt = receivedAt;
  }

  get state(): LegState {
    if (this.isEnded) return "ended";
    const hold = this.holds.at(-1);
    if (hold !== undefined && hold.resumedBy === undefined) return "held";
    if (this.isConnected) return "connected";
    return this.isOffered ? "ringing" : "dialing";
  }

  /** It was offered to the agent: shown so, or ended without a connection and not by the agent's own dialling. */
  get isOffered(): boolean {
    return this.#isOffered || (this.isEnded && !this.isConnected && !this.#isDialed);
  }

  /** Whether this was told; marks it. */
  once(type: LifecycleType): boolean {
    if (this.#told.has(type)) return false;
    this.#told.add(type);
    return true;
  }

  /** It was told that it ended without a connection (L3). */
  get isUnanswered(): boolean {
    return this.#told.has("missed") || (this.#told.has("ended") && !this.isConnected);
  }

  /** Adds what a snapshot shows (L1); false where something of it contradicts what was told (L3). */
  merge(seen: LegSighting, sight: Sight): boolean {
    this.communicationId ??= seen.communicationId;
    this.userId ??= seen.userId;
    this.queueId ??= seen.queueId;
    this.startedAt = earlier(this.startedAt, seen.startedAt);
    this.endedAt = earlier(this.endedAt, seen.endedAt);
    this.alertingTimeoutMs ??= seen.alertingTimeoutMs;
    this.disconnectType ??= seen.disconnectType;
    this.consultParticipantId ??= seen.consultParticipantId;
    this.#isOffered ||= seen.isOffered;
    this.#isDialed ||= seen.isDialed;
    this.#mergeWrapup(seen.wrapup);
    const isConnected = seen.connectedAt !== undefined || seen.state === "connected" || seen.isHeld;
    const contradicts = isConnected && this.isUnanswered;
    if (isConnected && !contradicts) {
      this.isConnected = true;
      this.connectedAt = earlier(this.connectedAt, seen.connectedAt);
      this.#mergeHold(seen, sight);
    }
    this.isEnded ||= seen.state === "ended" || seen.endedAt !== undefined;
    return !contradicts;
  }

  #mergeWrapup(seen: SeenWrapup | undefined): void {
    if (seen === undefined || this.wrapups.length >= MAX_WRAPUPS) return;
    if (!this.wrapups.some((known) => known.seen.code === seen.code)) this.wrapups.push({ seen, isTold: false });
  }

  /** L2. */
  #mergeHold(seen: LegSighting, sight: Sight): void {
    if (seen.isHeld) {
      this.#addHold(seen.holdStartedAt, sight.receivedAt);
      return;
    }
    if (seen.state !== "connected") return;
    const isRepeat = this.#isRepeat(sight.correlationId);
    const last = this.holds.at(-1);
    if (last === undefined || last.resumedBy !== undefined) return;
    const isSurelyLater = sight.watermark > last.startedAt;
    const mayBeLater = sight.watermark >= sight.knownWatermark && !isRepeat;
    if (isSurelyLater || mayBeLater) last.resumedBy = sight.receivedAt;
  }

  #addHold(startedAt: number | undefined, receivedAt: number): void {
    const { holds } = this;
    const last = holds.at(-1);
    // Without a start it can't be told from the hold that is known to be on.
    if (startedAt === undefined && last !== undefined && last.resumedBy === undefined) return;
    const start = startedAt ?? receivedAt;
    if (start <= this.#holdFloor || holds.some((hold) => hold.startedAt === start)) return;
    const exact = startedAt !== undefined;
    const place = holds.findLastIndex((hold) => hold.startedAt < start) + 1;
    const next = holds[place];
    const before = holds[place - 1];
    if (before !== undefined) before.resumedBy ??= start;
    const resumedBy = next?.startedAt;
    holds.splice(place, 0, { startedAt: start, exact, resumedBy, isHeldTold: false, isResumedTold: false });
    if (holds.length > MAX_HOLDS) this.#holdFloor = holds.shift()?.startedAt ?? this.#holdFloor;
  }

  /** Whether the same request has shown this leg free before; remembers it. */
  #isRepeat(correlationId: string | undefined): boolean {
    if (correlationId === undefined) return false;
    if (this.#freeSights.includes(correlationId)) return true;
    this.#freeSights.push(correlationId);
    if (this.#freeSights.length > MAX_FREE_SIGHTS) this.#freeSights.shift();
    return false;
  }
}

function earlier(known: number | undefined, seen: number | undefined): number | undefined {
  if (known === undefined || seen === undefined) return known ?? seen;
  return Math.min(known, seen);
}
