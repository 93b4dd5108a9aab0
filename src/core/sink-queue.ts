/**
 * One sink's work queue: what happens to its envelopes from admission to their end. A slow, full or failing sink touches
 * nothing of another: all it shares with the others is the envelope itself.
 *
 * ```
 *            admit ──────────► WAITING ── claim ──► IN FLIGHT ── ack ──► (acked)
 *              │                │ ▲ │ ▲                │  │
 *              │   expired, shed│ │ │ └── retry, lease ─┘  │ dead, last attempt
 *              │      coalesced ▼ │ └── onExpiry ──► DEAD ◄┘
 *           refused          (gone) └──── redrive ────┘ └── discard, bound ──► (discarded)
 * ```
 *
 * S1  Every verb runs after `advance(now)`: nothing expired waits, no backoff that is over blocks (Q8, Q7).
 * S2  Each arrow changes exactly one counter and the gauges of its two ends, so Q14 holds after every verb.
 * S3  Making room is all or nothing (Q10): what was taken out for a newcomer that is refused after all goes back as it was.
 */
import type { DeadEntry } from "./dead-letters.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { EntryValues } from "./entries.ts";
import { Entries } from "./entries.ts";
import { Lanes } from "./lanes.ts";
import type { EndReason } from "./ledger.ts";
import type { ClassCounters } from "./queue-counters.ts";
import { totalOf, zeroCounters } from "./queue-counters.ts";
import type { QueueEnvelope } from "./queue-envelope.ts";
import { Shares } from "./shares.ts";
import { NONE, SortedRuns } from "./sorted-runs.ts";
import { rankOf, standingOf } from "./standing.ts";

/** What one sink's work queue is made with. */
export interface SinkQueueSettings {
  readonly maxAttempts: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxDeadLetters: number;
  /** By rank. */
  readonly neverShed: readonly boolean[];
  /** By rank. */
  readonly minShares: readonly number[];
}

/** What a sink's work queue tells the whole. */
export interface SinkQueueHost<P> {
  /** An envelope ended without a delivery, or was refused: a line for the ledger. */
  readonly ended: (envelope: QueueEnvelope<P>, reason: EndReason, at: number) => void;
  /** The sink lets go of an envelope. */
  readonly released: (envelope: QueueEnvelope<P>) => void;
}

/** Answers of {@link SinkQueue.admit} below 0; else how many envelopes the newcomer replaced. */
export const REFUSED_FULL = -1;
export const REFUSED_TOO_LARGE = -2;

/** One sink's work queue (see the top of this file). */
export class SinkQueue<P> {
  readonly #settings: SinkQueueSettings;
  readonly #host: SinkQueueHost<P>;
  readonly #entries = new Entries<P>();
  readonly #lanes = new Lanes();
  readonly #shares: Shares;
  readonly #deadLetters = new DeadLetters<P>();
  /** Waiting entries that expire, by when. */
  readonly #expiries = new SortedRuns();
  /** Waiting entries by own class and seq: the oldest of each. */
  readonly #ages = new SortedRuns();
  readonly #counters: ClassCounters[];
  /** Waiting and in flight. */
  #events = 0;
  #bytes = 0;
  #redriven = 0;
  #retried = 0;
  #reclaimed = 0;

  constructor(settings: SinkQueueSettings, host: SinkQueueHost<P>) {
    this.#settings = settings;
    this.#host = host;
    this.#shares = new Shares(settings.minShares);
    this.#counters = settings.neverShed.map(zeroCounters);
  }

  /** The earliest backoff end or expiry, or Infinity. */
  get nextDueAt(): number {
    return Math.min(this.#lanes.nextBackoffEnd, this.#expiries.firstKey(0));
  }

  /** Ends what has expired and the backoffs that are over (S1). */
  advance(now: number): void {
    while (this.#expiries.firstKey(0) <= now) this.#expire(this.#expiries.first(0), now);
    this.#lanes.endBackoffs(now);
  }

  // Admission -------------------------------------------------------------------------------------------------------

  /** Takes an envelope in. Its own expiry has not come. */
  admit(envelope: QueueEnvelope<P>, expiresAt: number, now: number): number {
    if (envelope.bytes > this.#settings.maxBytes) return this.#refuse(envelope, REFUSED_TOO_LARGE, now);
    const replaced = envelope.coalesceKey === undefined ? [] : this.#detachReplaced(envelope);
    let standing = standingOf(envelope.rank, envelope.seq);
    let standsFor = 0;
    let freed = 0;
    for (const entry of replaced) {
      standing = Math.min(standing, this.#entries.standing(entry));
      standsFor += this.#entries.replaced(entry) + 1;
      freed += this.#entries.envelope(entry).bytes;
    }
    const events = this.#events - replaced.length + 1 - this.#settings.maxEvents;
    const bytes = this.#bytes - freed + envelope.bytes - this.#settings.maxBytes;
    const shed = events > 0 || bytes > 0 ? this.#makeRoom(envelope, standing, events, bytes) : [];
    if (shed === undefined) {
      for (const entry of replaced.reverse()) this.#attach(entry);
      return this.#refuse(envelope, REFUSED_FULL, now);
    }
    this.#counters[envelope.rank]!.admitted += 1;
    this.#enter(envelope, { standing, expiresAt, attempt: 1, redriven: 0, replaced: standsFor });
    // Only now, with the newcomer in it, may its lane lose the others: an act of admission ends no backoff (Q7).
    for (const entry of shed) this.#finish(entry, "shed", now);
    for (const entry of replaced) this.#finish(entry, "coalesced", now);
    return replaced.length;
  }

  /** Takes an envelope in whose expiry has come already: it ends at once, replaces nothing and is never refused (Q8). */
  admitExpired(envelope: QueueEnvelope<P>, now: number): void {
    const counters = this.#counters[envelope.rank]!;
    counters.admitted += 1;
    if (envelope.deadOnExpiry) {
      const standing = standingOf(envelope.rank, envelope.seq);
      this.#bury({ envelope, standing, attempts: [], redriven: 0, replaced: 0, deadAt: now });
      return;
    }
    counters.expired += 1;
    this.#host.ended(envelope, "expired", now);
    this.#host.released(envelope);
  }

  /** Takes those that a newcomer replaces out of their lane (Q9); nothing is counted yet. */
  #detachReplaced(envelope: QueueEnvelope<P>): number[] {
    const lane = this.#lanes.find(envelope.key);
    const replaced: number[] = [];
    if (lane === NONE || envelope.coalesceKey === undefined) return replaced;
    for (;;) {
      const entry = this.#lanes.newestState(lane, envelope.coalesceKey);
      if (entry === NONE) return replaced;
      this.#detach(entry);
      replaced.push(entry);
    }
  }

  /**
   * Takes out what must be shed until `events` and `bytes` are no longer above the limits; undefined, and nothing taken out,
   * when there is not enough (Q10). The newcomer's class is that of its lane as it would be with it, determined once; while
   * room is made, lanes are taken as they stand, without it.
   */
  #makeRoom(envelope: QueueEnvelope<P>, standing: number, events: number, bytes: number): number[] | undefined {
    const lane = this.#lanes.find(envelope.key);
    const newcomerRank = rankOf(lane === NONE ? standing : Math.min(standing, this.#lanes.bestStanding(lane)));
    if (!this.#canShed(newcomerRank, events, bytes)) return undefined;
    const shed: number[] = [];
    let eventsOver = events;
    let bytesOver = bytes;
    while (eventsOver > 0 || bytesOver > 0) {
      const entry = this.#nextToShed(newcomerRank);
      if (entry === NONE) {
        for (const back of shed.reverse()) this.#attach(back);
        return undefined;
      }
      this.#detach(entry);
      shed.push(entry);
      eventsOver -= 1;
      bytesOver -= this.#entries.envelope(entry).bytes;
    }
    return shed;
  }

  /** Whether there is enough to shed, by the sums; so that a full queue refuses in O(1). */
  #canShed(newcomerRank: number, events: number, bytes: number): boolean {
    let eventsThere = 0;
    let bytesThere = 0;
    for (let rank = newcomerRank; rank < this.#counters.length; rank += 1) {
      if (this.#settings.neverShed[rank]!) continue;
      eventsThere += this.#lanes.waitingIn(rank);
      bytesThere += this.#lanes.bytesIn(rank);
    }
    return eventsThere >= events && bytesThere >= bytes;
  }

  #nextToShed(newcomerRank: number): number {
    for (let rank = this.#counters.length - 1; rank >= newcomerRank; rank -= 1) {
      if (this.#settings.neverShed[rank]!) continue;
      const lane = this.#lanes.firstSheddable(rank);
      if (lane !== NONE) return this.#lanes.head(lane);
    }
    return NONE;
  }

  #refuse(envelope: QueueEnvelope<P>, answer: number, now: number): number {
    this.#counters[envelope.rank]!.refused += 1;
    this.#host.ended(envelope, "refused", now);
    return answer;
  }

  // Hand-over -------------------------------------------------------------------------------------------------------

  /**
   * Takes the next entry to hand over (Q2, Q3), or NONE. It is in flight then; its lane class is that of its lane before.
   *
   * @param allowed - by rank; absent: all
   */
  claim(allowed: readonly boolean[] | undefined): { readonly entry: number; readonly laneRank: number } | undefined {
    const ranks = this.#counters.length;
    let strict = 0;
    while (strict < ranks && !this.#claimable(strict, allowed)) strict += 1;
    if (strict === ranks) return undefined;
    const laneRank = this.#shares.choose(strict, (rank) => this.#claimable(rank, allowed));
    const lane = this.#lanes.firstReady(laneRank);
    const entry = this.#lanes.head(lane);
    this.#lanes.setInFlight(lane, true);
    this.#detach(entry);
    const counters = this.#counters[this.#entries.envelope(entry).rank]!;
    counters.waiting -= 1;
    counters.inFlight += 1;
    return { entry, laneRank };
  }

  #claimable(rank: number, allowed: readonly boolean[] | undefined): boolean {
    return (allowed === undefined || allowed[rank] === true) && this.#lanes.hasReady(rank);
  }

  envelope(entry: number): QueueEnvelope<P> {
    return this.#entries.envelope(entry);
  }

  attempt(entry: number): number {
    return this.#entries.attempt(entry);
  }

  redrivenCount(entry: number): number {
    return this.#entries.redriven(entry);
  }

  replaced(entry: number): number {
    return this.#entries.replaced(entry);
  }

  // The end of a lease ----------------------------------------------------------------------------------------------

  ack(entry: number): void {
    const envelope = this.#entries.envelope(entry);
    this.#counters[envelope.rank]!.acked += 1;
    this.#land(entry);
    this.#leave(entry);
    this.#host.released(envelope);
  }

  /** A failed attempt: back into its lane, which then waits `delayMs`; or, after the last attempt, dead (Q7). */
  retry(entry: number, delayMs: number, cause: string, now: number): void {
    if (this.#entries.attempt(entry) >= this.#settings.maxAttempts) {
      this.dead(entry, cause, now);
      return;
    }
    this.#retried += 1;
    this.#entries.fail(entry, now, cause);
    this.#entries.nextAttempt(entry);
    this.#putBack(entry);
    if (delayMs > 0) this.#lanes.backOff(this.#entries.lane(entry), now + delayMs);
  }

  dead(entry: number, cause: string, now: number): void {
    this.#entries.fail(entry, now, cause);
    this.#land(entry);
    this.#buryEntry(entry, now);
  }

  /** A lease that ended by its time or by a restart: put back and claimable at once, or dead after the last attempt. */
  reclaim(entry: number, cause: string, now: number): "waiting" | "dead" {
    this.#reclaimed += 1;
    if (this.#entries.attempt(entry) >= this.#settings.maxAttempts) {
      this.dead(entry, cause, now);
      return "dead";
    }
    this.#entries.fail(entry, now, cause);
    this.#entries.nextAttempt(entry);
    this.#putBack(entry);
    return "waiting";
  }

  /** A lease given back by a clean close: the attempt does not count. */
  giveBack(entry: number): void {
    this.#putBack(entry);
  }

  /** Out of flight, not yet anywhere else. */
  #land(entry: number): void {
    this.#counters[this.#entries.envelope(entry).rank]!.inFlight -= 1;
    this.#lanes.setInFlight(this.#entries.lane(entry), false);
  }

  #putBack(entry: number): void {
    this.#land(entry);
    this.#counters[this.#entries.envelope(entry).rank]!.waiting += 1;
    this.#attach(entry);
  }

  // Dead letters ----------------------------------------------------------------------------------------------------

  deadLetters(after: number, limit: number): readonly DeadEntry<P>[] {
    return this.#deadLetters.list(after, limit);
  }

  /** Puts a dead letter back by seq: attempt 1, no expiry, whatever the limits say (Q7). Whether there was one. */
  redrive(seq: number): boolean {
    const dead = this.#deadLetters.take(seq);
    if (dead === undefined) return false;
    this.#redriven += 1;
    this.#counters[dead.envelope.rank]!.dead -= 1;
    const { standing, replaced } = dead;
    const values = { standing, replaced, expiresAt: Infinity, attempt: 1, redriven: dead.redriven + 1 };
    this.#entries.setFailures(this.#enter(dead.envelope, values), dead.attempts);
    return true;
  }

  discard(seq: number, now: number): boolean {
    const dead = this.#deadLetters.take(seq);
    if (dead === undefined) return false;
    this.#discarded(dead, "discarded", now);
    return true;
  }

  /** An entry that is neither waiting nor in flight any more becomes a dead letter. */
  #buryEntry(entry: number, now: number): void {
    const dead = {
      envelope: this.#entries.envelope(entry),
      standing: this.#entries.standing(entry),
      attempts: this.#entries.failures(entry),
      redriven: this.#entries.redriven(entry),
      replaced: this.#entries.replaced(entry),
      deadAt: now,
    };
    this.#leave(entry);
    this.#bury(dead);
  }

  #bury(dead: DeadEntry<P>): void {
    this.#deadLetters.add(dead);
    this.#counters[dead.envelope.rank]!.dead += 1;
    while (this.#deadLetters.size > this.#settings.maxDeadLetters) {
      const smallest = this.#deadLetters.takeSmallest();
      if (smallest !== undefined) this.#discarded(smallest, "bound", dead.deadAt);
    }
  }

  #discarded(dead: DeadEntry<P>, reason: "discarded" | "bound", now: number): void {
    const counters = this.#counters[dead.envelope.rank]!;
    counters.dead -= 1;
    counters.discarded += 1;
    this.#host.ended(dead.envelope, reason, now);
    this.#host.released(dead.envelope);
  }

  // The waiting ones ------------------------------------------------------------------------------------------------

  /** A new row, waiting. */
  #enter(envelope: QueueEnvelope<P>, values: EntryValues): number {
    const entry = this.#entries.add(envelope, values, this.#lanes.open(envelope.key));
    this.#events += 1;
    this.#bytes += envelope.bytes;
    this.#counters[envelope.rank]!.waiting += 1;
    this.#attach(entry);
    return entry;
  }

  /** Takes a row out that is detached and not in flight. */
  #leave(entry: number): void {
    this.#events -= 1;
    this.#bytes -= this.#entries.envelope(entry).bytes;
    this.#lanes.settleLane(this.#entries.lane(entry));
    this.#entries.remove(entry);
  }

  #attach(entry: number): void {
    const envelope = this.#entries.envelope(entry);
    this.#lanes.attach(this.#entries.lane(entry), entry, envelope, this.#entries.standing(entry));
    this.#ages.add(envelope.rank, entry, envelope.seq);
    const expiresAt = this.#entries.expiresAt(entry);
    if (expiresAt !== Infinity) this.#expiries.add(0, entry, expiresAt);
  }

  #detach(entry: number): void {
    const envelope = this.#entries.envelope(entry);
    this.#lanes.detach(this.#entries.lane(entry), entry, envelope);
    this.#ages.remove(envelope.rank, entry);
    this.#expiries.remove(0, entry);
  }

  /** Ends a detached waiting entry without a delivery. */
  #finish(entry: number, reason: "shed" | "coalesced" | "expired", now: number): void {
    const envelope = this.#entries.envelope(entry);
    const counters = this.#counters[envelope.rank]!;
    counters.waiting -= 1;
    counters[reason] += 1;
    this.#leave(entry);
    this.#host.ended(envelope, reason, now);
    this.#host.released(envelope);
  }

  #expire(entry: number, now: number): void {
    this.#detach(entry);
    const envelope = this.#entries.envelope(entry);
    if (!envelope.deadOnExpiry) {
      this.#finish(entry, "expired", now);
      return;
    }
    this.#counters[envelope.rank]!.waiting -= 1;
    this.#buryEntry(entry, now);
  }

  // Reports ---------------------------------------------------------------------------------------------------------

  /** Counters and gauges; `classNames` by rank. */
  stats(classNames: readonly string[]): SinkReport {
    const classes: Record<string, ClassReport> = Object.create(null);
    for (const [rank, name] of classNames.entries()) {
      const oldest = this.#ages.first(rank);
      const oldestAdmittedAt = oldest === NONE ? undefined : this.#entries.envelope(oldest).admittedAt;
      classes[name] = { ...this.#counters[rank]!, oldestAdmittedAt };
    }
    return {
      ...totalOf(this.#counters),
      redriven: this.#redriven,
      retried: this.#retried,
      reclaimed: this.#reclaimed,
      bytes: this.#bytes,
      lanes: this.#lanes.count,
      backoffs: this.#lanes.backoffCount,
      classes,
    };
  }
}

/** Counters and gauges of one class. */
export interface ClassReport extends Readonly<ClassCounters> {
  /** Epoch milliseconds. */
  readonly oldestAdmittedAt: number | undefined;
}

/** Counters and gauges of one sink. */
export interface SinkReport extends Readonly<ClassCounters> {
  readonly redriven: number;
  readonly retried: number;
  readonly reclaimed: number;
  readonly bytes: number;
  readonly lanes: number;
  readonly backoffs: number;
  readonly classes: Readonly<Record<string, ClassReport>>;
}
