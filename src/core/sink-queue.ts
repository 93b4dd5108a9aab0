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
import { Ages } from "./ages.ts";
import type { DeadEntry } from "./dead-letters.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { Contents, EntryHistory } from "./entries.ts";
import { Entries, failedHistory, FRESH } from "./entries.ts";
import type { EntryRows } from "./entry-rows.ts";
import { DEAD_ON_EXPIRY, SHARED } from "./entry-rows.ts";
import { Lanes } from "./lanes.ts";
import type { EndReason } from "./ledger.ts";
import type { ClassCounters } from "./queue-counters.ts";
import type { ClassStats, SinkStats } from "./queue-verbs.ts";
import { Tally, totalOf } from "./queue-counters.ts";
import type { QueueEnvelope } from "./queue-envelope.ts";
import type { SinkJournal } from "./queue-journal.ts";
import { Room } from "./room.ts";
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
  /** The sink lets go of a payload of so many bytes; `shared`: other sinks may hold it still. */
  readonly released: (seq: number, bytes: number, shared: boolean, key: string | undefined) => void;
  /** What a durable store writes down; absent: nothing. */
  readonly journal: SinkJournal<P> | undefined;
}

/** Answers of {@link SinkQueue.admit} below 0; else how many envelopes the newcomer replaced. */
export const REFUSED_FULL = -1;
export const REFUSED_TOO_LARGE = -2;

/** Nothing is replaced or shed, as nearly always. */
const NOBODY: readonly number[] = [];

/** One sink's work queue (see the top of this file). */
export class SinkQueue<P> {
  readonly #settings: SinkQueueSettings;
  readonly #host: SinkQueueHost<P>;
  readonly #journal: SinkJournal<P> | undefined;
  /** To read from. */
  readonly entries: Entries<P>;
  readonly #rows: EntryRows;
  readonly #lanes: Lanes<P>;
  readonly #room: Room<P>;
  readonly #ages: Ages;
  readonly #shares: Shares;
  readonly #deadLetters = new DeadLetters<P>();
  /** Waiting entries that expire, by when. */
  readonly #expiries = new SortedRuns();
  /** By rank: whether a hand-over may be of this lane class now. */
  readonly #claimable: boolean[];
  /** To read from, and to restore. */
  readonly tally: Tally;
  readonly #counters: readonly ClassCounters[];
  /** Waiting and in flight. */
  #events = 0;
  #bytes = 0;

  constructor(settings: SinkQueueSettings, contents: Contents<P>, host: SinkQueueHost<P>) {
    this.#settings = settings;
    this.#host = host;
    this.#journal = host.journal;
    this.entries = new Entries(contents);
    this.#rows = this.entries.rows;
    this.#lanes = new Lanes(this.entries);
    this.#room = new Room(settings, this.#lanes, this.#rows, {
      detach: (entry) => this.#detach(entry),
      attach: (entry) => this.#attach(entry),
    });
    this.#ages = new Ages(this.#rows, settings.neverShed.length);
    this.#shares = new Shares(settings.minShares);
    this.#claimable = settings.neverShed.map(() => false);
    this.tally = new Tally(settings.neverShed.length);
    this.#counters = this.tally.classes;
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
    const replaced = envelope.coalesceKey === undefined ? NOBODY : this.#detachReplaced(envelope);
    let standing = standingOf(envelope.rank, envelope.seq);
    let standsFor = 0;
    let freed = 0;
    for (const entry of replaced) {
      standing = Math.min(standing, this.#rows.standing(entry));
      standsFor += this.entries.history(entry).replaced + 1;
      freed += this.#rows.bytes(entry);
    }
    const events = this.#events - replaced.length + 1 - this.#settings.maxEvents;
    const bytes = this.#bytes - freed + envelope.bytes - this.#settings.maxBytes;
    const shed =
      events > 0 || bytes > 0 ? this.#room.make(this.#laneRankWith(envelope, standing), events, bytes) : NOBODY;
    if (shed === undefined) {
      for (const entry of replaced.toReversed()) this.#attach(entry);
      return this.#refuse(envelope, REFUSED_FULL, now);
    }
    this.#counters[envelope.rank]!.admitted += 1;
    const history = standsFor === 0 ? FRESH : { ...FRESH, replaced: standsFor };
    const entry = this.#enter(envelope, standing, expiresAt, history);
    this.#journal?.waits(envelope.seq, standing, expiresAt, history);
    this.#lanes.append(entry);
    this.#watchExpiry(entry);
    this.#ages.append(entry);
    // Only now, with the newcomer in it, may its lane lose the others: an act of admission ends no backoff (Q7).
    for (const entry of shed) this.#finish(entry, "shed", now);
    for (const entry of replaced) this.#finish(entry, "coalesced", now);
    this.#room.watch(this.#events, this.#bytes);
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
    this.#host.released(envelope.seq, envelope.bytes, envelope.shared, envelope.key);
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

  /** The rank of a newcomer's lane as it would be with it. */
  #laneRankWith(envelope: QueueEnvelope<P>, standing: number): number {
    const lane = this.#lanes.find(envelope.key);
    return rankOf(lane === NONE ? standing : Math.min(standing, this.#lanes.bestStanding(lane)));
  }

  #refuse(envelope: QueueEnvelope<P>, answer: number, now: number): number {
    this.#counters[envelope.rank]!.refused += 1;
    this.#host.ended(envelope, "refused", now);
    return answer;
  }

  // Hand-over -------------------------------------------------------------------------------------------------------

  /**
   * The lane to hand over from next (Q2, Q3), or NONE. What is answered must be taken: it is booked as a hand-over.
   *
   * @param allowed - by rank; absent: all
   */
  nextLane(allowed: readonly boolean[] | undefined): number {
    const claimable = this.#claimable;
    let strict = NONE;
    for (let rank = 0; rank < claimable.length; rank += 1) {
      claimable[rank] = (allowed === undefined || allowed[rank] === true) && this.#lanes.hasReady(rank);
      if (strict !== NONE || !claimable[rank]!) continue;
      strict = rank;
      if (this.#shares.isEmpty) break;
    }
    if (strict === NONE) return NONE;
    return this.#lanes.firstReady(this.#shares.isEmpty ? strict : this.#shares.choose(strict, claimable));
  }

  /** The lane that strict order hands over from next, or NONE. */
  strictLane(allowed: readonly boolean[] | undefined): number {
    for (let rank = 0; rank < this.#claimable.length; rank += 1) {
      if ((allowed === undefined || allowed[rank] === true) && this.#lanes.hasReady(rank))
        return this.#lanes.firstReady(rank);
    }
    return NONE;
  }

  headSeq(lane: number): number {
    return this.#rows.seq(this.#lanes.head(lane));
  }

  /** The rank of a lane's class. */
  laneRank(lane: number): number {
    return this.#lanes.rank(lane);
  }

  /** The key of the lane that an entry is in. */
  key(entry: number): string | undefined {
    return this.#lanes.key(this.#rows.lane(entry));
  }

  /** Takes the head of a claimable lane: in flight from now on. */
  take(lane: number): number {
    const entry = this.#lanes.takeHead(lane);
    this.#unwatchExpiry(entry);
    this.#ages.handedOver(entry);
    const counters = this.#counters[this.#rows.rank(entry)]!;
    counters.waiting -= 1;
    counters.inFlight += 1;
    if (this.#journal !== undefined) this.#journal.inFlight(this.#rows.seq(entry), this.entries.history(entry));
    return entry;
  }

  // The end of a lease ----------------------------------------------------------------------------------------------

  ack(entry: number, now: number): void {
    const rows = this.#rows;
    if (this.#journal !== undefined) this.#journal.acked(rows.seq(entry), this.entries.history(entry), now);
    this.#counters[rows.rank(entry)]!.acked += 1;
    this.#land(entry);
    this.#host.released(rows.seq(entry), rows.bytes(entry), rows.has(entry, SHARED), this.key(entry));
    this.#leave(entry);
  }

  /** A failed attempt: back into its lane, which then waits `delayMs`; or, after the last attempt, dead (Q7). */
  retry(entry: number, delayMs: number, cause: string, now: number): void {
    if (this.entries.history(entry).attempt >= this.#settings.maxAttempts) {
      this.dead(entry, cause, now);
      return;
    }
    this.tally.retried += 1;
    this.#putBack(entry, cause, now);
    if (delayMs > 0) this.#lanes.backOff(this.#rows.lane(entry), now + delayMs);
  }

  dead(entry: number, cause: string, now: number): void {
    this.entries.fail(entry, now, cause);
    this.#land(entry);
    this.#buryEntry(entry, now);
  }

  /** A lease that ended by its time or by a restart: put back and claimable at once, or dead after the last attempt. */
  reclaim(entry: number, cause: string, now: number): "waiting" | "dead" {
    this.tally.reclaimed += 1;
    if (this.entries.history(entry).attempt >= this.#settings.maxAttempts) {
      this.dead(entry, cause, now);
      return "dead";
    }
    this.#putBack(entry, cause, now);
    return "waiting";
  }

  /** Out of flight, not yet anywhere else. */
  #land(entry: number): void {
    this.#counters[this.#rows.rank(entry)]!.inFlight -= 1;
    this.#lanes.land(this.#rows.lane(entry));
  }

  /** Its attempt has failed, but was not the last. */
  #putBack(entry: number, cause: string, now: number): void {
    this.entries.fail(entry, now, cause);
    this.giveBack(entry);
  }

  /** Out of flight, and waiting again. */
  giveBack(entry: number): void {
    this.#land(entry);
    this.#counters[this.#rows.rank(entry)]!.waiting += 1;
    this.#ages.putBack(entry);
    this.#attach(entry);
    this.#tellWaits(entry);
  }

  // A durable store opens what it kept ---------------------------------------------------------------------------------

  /** Puts an envelope back that waited when the store ended. Called in order of seq, before any other verb. */
  restoreWaiting(envelope: QueueEnvelope<P>, standing: number, expiresAt: number, history: EntryHistory): void {
    const entry = this.#enter(envelope, standing, expiresAt, history);
    this.#lanes.append(entry);
    this.#watchExpiry(entry);
    if (history.redriven > 0) this.#ages.addRedriven(entry);
    else this.#ages.append(entry);
    this.#room.watch(this.#events, this.#bytes);
  }

  /** The lease of an envelope ended with its process: that attempt counts (Q12). Told is what it is from now on. */
  restoreInFlight(
    envelope: QueueEnvelope<P>,
    standing: number,
    expiresAt: number,
    history: EntryHistory,
    cause: string,
    now: number,
  ): void {
    this.tally.reclaimed += 1;
    const failed = failedHistory(history, now, cause);
    if (history.attempt < this.#settings.maxAttempts) {
      this.restoreWaiting(envelope, standing, expiresAt, failed);
      this.#journal?.waits(envelope.seq, standing, expiresAt, failed);
      return;
    }
    const { failures: attempts, redriven, replaced } = failed;
    this.#bury({ envelope, standing, attempts, redriven, replaced, deadAt: now });
  }

  /** Puts a dead letter back that was one when the store ended. */
  restoreDead(dead: DeadEntry<P>): void {
    this.#deadLetters.add(dead);
    this.#counters[dead.envelope.rank]!.dead += 1;
  }

  /** All is back: the bound of dead letters, perhaps another one now, holds. Answers what is missing, by rank. */
  endRestore(now: number): number[] {
    this.#boundDeadLetters(now);
    return this.tally.balance();
  }

  // Dead letters ----------------------------------------------------------------------------------------------------

  deadLetters(after: number, limit: number): readonly DeadEntry<P>[] {
    return this.#deadLetters.list(after, limit);
  }

  /** Puts a dead letter back by seq: attempt 1, no expiry, whatever the limits say (Q7). Whether there was one. */
  redrive(seq: number): boolean {
    const dead = this.#deadLetters.take(seq);
    if (dead === undefined) return false;
    this.tally.redriven += 1;
    this.#counters[dead.envelope.rank]!.dead -= 1;
    const { standing, replaced, attempts: failures } = dead;
    const history = { attempt: 1, redriven: dead.redriven + 1, replaced, failures };
    const entry = this.#enter(dead.envelope, standing, Infinity, history);
    this.#attach(entry);
    this.#ages.addRedriven(entry);
    this.#tellWaits(entry);
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
    const envelope = this.#envelope(entry);
    const { failures: attempts, redriven, replaced } = this.entries.history(entry);
    const dead = { envelope, standing: this.#rows.standing(entry), attempts, redriven, replaced, deadAt: now };
    this.#leave(entry);
    this.#bury(dead);
  }

  #bury(dead: DeadEntry<P>): void {
    this.#deadLetters.add(dead);
    this.#counters[dead.envelope.rank]!.dead += 1;
    this.#journal?.dead(dead);
    this.#boundDeadLetters(dead.deadAt);
  }

  /** Beyond the bound the smallest seqs go. */
  #boundDeadLetters(now: number): void {
    const { maxDeadLetters } = this.#settings;
    while (this.#deadLetters.size > maxDeadLetters) this.#discarded(this.#deadLetters.takeSmallest()!, "bound", now);
  }

  #discarded(dead: DeadEntry<P>, reason: "discarded" | "bound", now: number): void {
    const counters = this.#counters[dead.envelope.rank]!;
    counters.dead -= 1;
    counters.discarded += 1;
    this.#host.ended(dead.envelope, reason, now);
    this.#host.released(dead.envelope.seq, dead.envelope.bytes, dead.envelope.shared, dead.envelope.key);
  }

  // The waiting ones ------------------------------------------------------------------------------------------------

  /** A new entry, to be attached. */
  #enter(envelope: QueueEnvelope<P>, standing: number, expiresAt: number, history: EntryHistory): number {
    const entry = this.entries.add(envelope, standing, expiresAt, history, this.#lanes.enter(envelope.key));
    this.#events += 1;
    this.#bytes += envelope.bytes;
    this.#counters[envelope.rank]!.waiting += 1;
    return entry;
  }

  /** Takes an entry out that is detached and not in flight. */
  #leave(entry: number): void {
    this.#events -= 1;
    this.#bytes -= this.#rows.bytes(entry);
    this.#ages.remove(entry);
    this.#lanes.leave(this.#rows.lane(entry));
    this.entries.remove(entry);
  }

  #tellWaits(entry: number): void {
    if (this.#journal === undefined) return;
    const rows = this.#rows;
    this.#journal.waits(rows.seq(entry), rows.standing(entry), rows.expiresAt(entry), this.entries.history(entry));
  }

  #attach(entry: number): void {
    this.#lanes.attach(entry);
    this.#watchExpiry(entry);
  }

  #detach(entry: number): void {
    this.#lanes.detach(entry);
    this.#unwatchExpiry(entry);
  }

  #watchExpiry(entry: number): void {
    const expiresAt = this.#rows.expiresAt(entry);
    if (expiresAt !== Infinity) this.#expiries.put(0, entry, expiresAt);
  }

  #unwatchExpiry(entry: number): void {
    if (this.#rows.expiresAt(entry) !== Infinity) this.#expiries.remove(entry);
  }

  #envelope(entry: number): QueueEnvelope<P> {
    return this.entries.envelope(entry, this.key(entry));
  }

  /** Ends a detached waiting entry without a delivery. */
  #finish(entry: number, reason: "shed" | "coalesced" | "expired", now: number): void {
    const envelope = this.#envelope(entry);
    const counters = this.#counters[envelope.rank]!;
    counters.waiting -= 1;
    counters[reason] += 1;
    this.#leave(entry);
    this.#host.ended(envelope, reason, now);
    this.#host.released(envelope.seq, envelope.bytes, envelope.shared, envelope.key);
  }

  #expire(entry: number, now: number): void {
    this.#detach(entry);
    if (!this.#rows.has(entry, DEAD_ON_EXPIRY)) {
      this.#finish(entry, "expired", now);
      return;
    }
    this.#counters[this.#rows.rank(entry)]!.waiting -= 1;
    this.#buryEntry(entry, now);
  }

  // Reports ---------------------------------------------------------------------------------------------------------

  /** Counters and gauges; `classNames` by rank. */
  stats(classNames: readonly string[]): SinkStats {
    const classes: Record<string, ClassStats> = Object.create(null);
    for (const [rank, name] of classNames.entries()) {
      classes[name] = { ...this.#counters[rank]!, oldestAdmittedAt: this.#ages.oldestAdmittedAt(rank) };
    }
    return {
      ...totalOf(this.#counters),
      redriven: this.tally.redriven,
      retried: this.tally.retried,
      reclaimed: this.tally.reclaimed,
      bytes: this.#bytes,
      lanes: this.#lanes.count,
      backoffs: this.#lanes.backoffCount,
      classes,
    };
  }
}
