/**
 * The lanes of one sink's work queue: which lane may be claimed now (Q2), what coalesces (Q9), and what would be shed first
 * (Q10). Who waits behind whom within a lane is `LaneOrder`'s.
 *
 * ```
 *  by key        LaneKeys                key -> lane; only lanes that hold something: an empty key costs nothing (Q13)
 *  in a lane     LaneOrder               its head (by seq), its best standing -> the lane class
 *                Coalescing              whom a newcomer replaces; only lanes in which states wait
 *  over lanes    ready                   per rank: claimable lanes by best standing      claim: first of the first rank
 *                ShedOrder               per rank: lanes by head seq                     shed: first of the last rank
 *                backoffs                lanes in backoff by its end
 * ```
 *
 * L1  A lane exists exactly while entries are in it, from `enter` to `leave`, waiting or not. Its backoff ends with it (Q7).
 * L2  A lane is in `ready`, under the rank and standing of its best waiting entry, exactly when it has waiting entries,
 *     nothing in flight and no backoff.
 * L3  A lane that is listed in the shed order stands there, under that rank and the seq of its head, exactly when it has
 *     waiting entries. All are listed before anything is shed.
 * L4  `waitingIn` and `bytesIn` of a rank are the sums over the lanes of that lane class.
 * L5  An entry without key is a lane by itself; "" is a key like any other.
 */
import { Coalescing } from "./coalescing.ts";
import type { Entries } from "./entries.ts";
import type { EntryRows } from "./entry-rows.ts";
import { STATE } from "./entry-rows.ts";
import { LaneKeys } from "./lane-keys.ts";
import { LaneOrder } from "./lane-order.ts";
import { BACKOFF, BUSY, LaneRows, NO_RANK, STATEFUL } from "./lane-rows.ts";
import { ShedOrder } from "./shed-order.ts";
import { Slots } from "./slots.ts";
import { NONE, SortedRuns } from "./sorted-runs.ts";
import { MAX_RANKS, rankOf } from "./standing.ts";

/** The lanes of one sink (see the top of this file). */
export class Lanes<P> {
  readonly #entries: Entries<P>;
  readonly #rows: EntryRows;
  readonly #slots = new Slots();
  readonly #lanes = new LaneRows();
  readonly #keys = new LaneKeys();

  readonly #order: LaneOrder;
  readonly #coalescing = new Coalescing();
  readonly #ready = new SortedRuns();
  readonly #shedOrder = new ShedOrder();
  readonly #backoffs = new SortedRuns();

  readonly #waitingIn = new Float64Array(MAX_RANKS);
  readonly #bytesIn = new Float64Array(MAX_RANKS);

  constructor(entries: Entries<P>) {
    this.#entries = entries;
    this.#rows = entries.rows;
    this.#order = new LaneOrder(this.#lanes, entries.rows);
  }

  /** Lanes that hold something. */
  get count(): number {
    return this.#slots.used;
  }

  get backoffCount(): number {
    return this.#backoffs.size;
  }

  /** The end of the earliest backoff, or Infinity. */
  get nextBackoffEnd(): number {
    return this.#backoffs.firstKey(0);
  }

  /** The lane of a key, if it holds something. */
  find(key: string | undefined): number {
    return key === undefined ? NONE : this.#keys.find(key);
  }

  /** The lane that a new entry of this key is in; where there is none, a new one. */
  enter(key: string | undefined): number {
    const found = this.find(key);
    if (found !== NONE) {
      this.#lanes.hold(found, 1);
      return found;
    }
    const lane = this.#slots.take();
    this.#lanes.open(lane);
    this.#lanes.hold(lane, 1);
    this.#keys.add(lane, key);
    return lane;
  }

  /** An entry of the lane has ended; with the last one the lane ends (L1). */
  leave(lane: number): void {
    this.#lanes.hold(lane, -1);
    if (this.#lanes.held(lane) > 0) return;
    if (this.#lanes.has(lane, BACKOFF)) this.#backoffs.remove(lane);
    this.#keys.remove(lane);
    this.#slots.give(lane);
  }

  key(lane: number): string | undefined {
    return this.#keys.key(lane);
  }

  /** The rank of its class, while something waits in it. */
  rank(lane: number): number {
    return this.#lanes.rank(lane);
  }

  // What waits ------------------------------------------------------------------------------------------------------

  /** Puts a new entry, the youngest of all, among the waiting ones of its lane. */
  append(entry: number): void {
    const lane = this.#rows.lane(entry);
    const best = this.#lanes.bestStanding(lane);
    this.#order.append(lane, entry);
    this.#attached(lane, entry, best);
  }

  /** Puts an entry that was there before among the waiting ones of its lane, at its place. */
  attach(entry: number): void {
    const lane = this.#rows.lane(entry);
    const best = this.#lanes.bestStanding(lane);
    this.#order.insert(lane, entry);
    this.#attached(lane, entry, best);
  }

  /** Takes an entry from the waiting ones of its lane. The lane stays, even empty, until they leave. */
  detach(entry: number): void {
    const lane = this.#rows.lane(entry);
    const best = this.#lanes.bestStanding(lane);
    this.#order.remove(lane, entry);
    if (this.#lanes.has(lane, STATEFUL)) {
      this.#coalescing.remove(lane, entry, this.#entries.coalesceKey(entry));
      if (this.#lanes.waiting(lane) === 1) this.#lanes.unmark(lane, STATEFUL);
    }
    this.#resize(lane, -1, -this.#rows.bytes(entry), best);
  }

  /** The waiting entry with the smallest seq of a lane, or NONE. */
  head(lane: number): number {
    return this.#order.head(lane);
  }

  /** The best standing that waits in a lane, or Infinity. */
  bestStanding(lane: number): number {
    return this.#lanes.bestStanding(lane);
  }

  /** The newest waiting entry that a newcomer with this coalesceKey replaces, or NONE (Q9). */
  newestState(lane: number, coalesceKey: string): number {
    return this.#lanes.has(lane, STATEFUL) ? this.#coalescing.newestState(lane, coalesceKey) : NONE;
  }

  #attached(lane: number, entry: number, bestBefore: number): void {
    if (this.#lanes.has(lane, STATEFUL)) {
      this.#addToCoalescing(lane, entry);
    } else if (this.#rows.has(entry, STATE)) {
      this.#lanes.mark(lane, STATEFUL);
      for (const member of this.#order.members(lane)) this.#addToCoalescing(lane, member);
    }
    this.#resize(lane, 1, this.#rows.bytes(entry), bestBefore);
  }

  #addToCoalescing(lane: number, entry: number): void {
    this.#coalescing.add(lane, entry, this.#rows.seq(entry), this.#entries.coalesceKey(entry));
  }

  // What may be claimed ---------------------------------------------------------------------------------------------

  /** Whether a lane of this lane class can be claimed. */
  hasReady(rank: number): boolean {
    return this.#ready.hasFirst(rank);
  }

  /** The best claimable lane of a rank, or NONE. */
  firstReady(rank: number): number {
    return this.#ready.first(rank);
  }

  /** Takes the head of a claimable lane out; it is in flight then. */
  takeHead(lane: number): number {
    const entry = this.#order.head(lane);
    this.#lanes.mark(lane, BUSY);
    this.#ready.remove(lane);
    this.detach(entry);
    return entry;
  }

  /** Nothing of the lane is in flight any more: it is claimable again, unless a backoff says otherwise. */
  land(lane: number): void {
    this.#lanes.unmark(lane, BUSY);
    this.#place(lane);
  }

  /** Nothing of the lane may be claimed before `until`. */
  backOff(lane: number, until: number): void {
    this.#lanes.mark(lane, BACKOFF);
    this.#backoffs.put(0, lane, until);
    this.#place(lane);
  }

  /** Ends backoffs whose end has come. */
  endBackoffs(now: number): void {
    while (this.#backoffs.firstKey(0) <= now) {
      const lane = this.#backoffs.first(0);
      this.#backoffs.remove(lane);
      this.#lanes.unmark(lane, BACKOFF);
      this.#place(lane);
    }
  }

  // What would be shed ----------------------------------------------------------------------------------------------

  /** Waiting entries in lanes of a lane class. */
  waitingIn(rank: number): number {
    return this.#waitingIn[rank]!;
  }

  /** Their payload bytes. */
  bytesIn(rank: number): number {
    return this.#bytesIn[rank]!;
  }

  /** Lists `count` more lanes in the shed order, all of them at most. */
  listForShedding(count: number): void {
    const end = Math.min(this.#shedOrder.listed + count, this.#slots.peak);
    while (this.#shedOrder.listed < end) {
      this.#placeForShedding(this.#shedOrder.listNext());
    }
  }

  /** The limits are far away: the shed order is not kept any more. */
  forgetShedding(): void {
    if (this.#shedOrder.listed > 0) this.#shedOrder.forget();
  }

  /** The lane whose head has the smallest seq among all lanes of a lane class, blocked ones too, or NONE. All are listed. */
  firstSheddable(rank: number): number {
    return this.#shedOrder.first(rank);
  }

  // Places ----------------------------------------------------------------------------------------------------------

  /** Restores L2, L3 and L4 after an entry came or went. */
  #resize(lane: number, count: number, bytes: number, bestBefore: number): void {
    const lanes = this.#lanes;
    const best = lanes.bestStanding(lane);
    const before = lanes.rank(lane);
    lanes.resize(lane, count, bytes);
    // Mostly a lane stays where it stands: an event has joined others.
    if (best === bestBefore) {
      this.#sum(before, count, bytes);
      if (this.#shedOrder.isListed(lane)) this.#placeForShedding(lane);
      return;
    }
    const rank = best === Infinity ? NO_RANK : rankOf(best);
    if (before !== NO_RANK) this.#sum(before, count - lanes.waiting(lane), bytes - lanes.bytes(lane));
    if (rank !== NO_RANK) this.#sum(rank, lanes.waiting(lane), lanes.bytes(lane));
    lanes.setRank(lane, rank);
    this.#place(lane);
  }

  #sum(rank: number, count: number, bytes: number): void {
    this.#waitingIn[rank]! += count;
    this.#bytesIn[rank]! += bytes;
  }

  /** Restores L2 and L3. */
  #place(lane: number): void {
    const rank = this.#lanes.rank(lane);
    if (rank === NO_RANK || this.#lanes.has(lane, BUSY | BACKOFF)) this.#ready.remove(lane);
    else this.#ready.put(rank, lane, this.#lanes.bestStanding(lane));
    if (this.#shedOrder.isListed(lane)) this.#placeForShedding(lane);
  }

  #placeForShedding(lane: number): void {
    const rank = this.#lanes.rank(lane);
    if (rank === NO_RANK) this.#shedOrder.remove(lane);
    else this.#shedOrder.put(lane, rank, this.#order.headSeq(lane));
  }
}
