/**
 * The lanes of one sink's work queue: who waits behind whom (Q1), where each lane stands (Q2), which lane may be claimed
 * now, what coalesces (Q9), and what would be shed first (Q10). Everything here is the same structure, `SortedRuns`.
 *
 * ```
 *  by key        key -> lane             only lanes that hold something: an empty key costs nothing (Q13)
 *
 *  in a lane     order        waiting entries by seq                [s1] [s2] [s5]      head = s1
 *                standings    the same by (class rank, seq)         [s5!] [s1] [s2]     best = s5 -> the lane class
 *                transitions  those without coalesceKey, newest first                   the barrier of Q9
 *                states       those with one, per coalesceKey, newest first             whom a newcomer replaces
 *
 *  over lanes    ready        per rank: claimable lanes by best standing                claim: first of the first rank
 *                sheddable    per rank: lanes with waiting entries by head seq          shed: first of the last rank
 *                backoffs     lanes in backoff by its end
 * ```
 *
 * L1  A lane exists exactly while it has waiting entries or one in flight. (`settleLane` ends it; its backoff ends with it, Q7.)
 * L2  A lane is in `ready`, under the rank and standing of its best waiting entry, exactly when it has waiting entries,
 *     nothing in flight and no backoff.
 * L3  A lane is in `sheddable`, under that rank and the seq of its head, exactly when it has waiting entries.
 * L4  `waitingIn` and `bytesIn` of a rank are the sums over the lanes of that lane class.
 * L5  An entry without key is a lane by itself; "" is a key like any other.
 */
import { Slots } from "./slots.ts";
import { NONE, SortedRuns, grown, grownTo } from "./sorted-runs.ts";
import { MAX_RANKS, rankOf } from "./standing.ts";

const NO_RANK = 255;

/** A lane's state: not there, nothing of it in flight, or one. */
const CLOSED = 0;
const IDLE = 1;
const BUSY = 2;

/** What a lane must know of an entry that waits in it. */
export interface LaneEntry {
  readonly seq: number;
  readonly bytes: number;
  readonly key: string | undefined;
  /** Only with a key. */
  readonly coalesceKey: string | undefined;
}

/** The lanes of one sink (see the top of this file). */
export class Lanes {
  readonly #byKey = new Map<string, number>();
  readonly #slots = new Slots();
  readonly #groups = new Slots();
  /** Coalescing groups by lane: only lanes in which something with a coalesceKey waits. */
  readonly #groupsOf = new Map<number, Map<string, number>>();

  readonly #order = new SortedRuns();
  readonly #standings = new SortedRuns();
  readonly #transitions = new SortedRuns();
  readonly #states = new SortedRuns();
  readonly #ready = new SortedRuns();
  readonly #sheddable = new SortedRuns();
  readonly #backoffs = new SortedRuns();

  readonly #keys: (string | undefined)[] = [];
  #rank = new Uint8Array(0);
  #state = new Uint8Array(0);
  #waiting = new Int32Array(0);
  #bytes = new Float64Array(0);

  readonly #waitingIn = new Float64Array(MAX_RANKS);
  readonly #bytesIn = new Float64Array(MAX_RANKS);

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
    return key === undefined ? NONE : (this.#byKey.get(key) ?? NONE);
  }

  /** The lane of a key; a new one where there is none. */
  open(key: string | undefined): number {
    const found = this.find(key);
    if (found !== NONE) return found;
    const lane = this.#slots.take();
    if (lane >= this.#rank.length) this.#grow(lane);
    this.#rank[lane] = NO_RANK;
    this.#state[lane] = IDLE;
    this.#keys[lane] = key;
    if (key !== undefined) this.#byKey.set(key, lane);
    return lane;
  }

  /** Ends the lane when nothing of it is left (L1); may be called again. */
  settleLane(lane: number): void {
    if (this.#waiting[lane] !== 0 || this.#state[lane] !== IDLE) return;
    this.#state[lane] = CLOSED;
    const key = this.#keys[lane];
    if (key !== undefined) this.#byKey.delete(key);
    this.#keys[lane] = undefined;
    this.#backoffs.remove(0, lane);
    this.#slots.give(lane);
  }

  /** Puts an entry among the waiting ones of a lane. */
  attach(lane: number, entry: number, about: LaneEntry, standing: number): void {
    this.#order.add(lane, entry, about.seq);
    this.#standings.add(lane, entry, standing);
    if (about.coalesceKey !== undefined) this.#states.add(this.#openGroup(lane, about.coalesceKey), entry, -about.seq);
    else if (about.key !== undefined) this.#transitions.add(lane, entry, -about.seq);
    this.#resize(lane, 1, about.bytes);
  }

  /** Takes an entry from the waiting ones of its lane. The lane stays, even empty, until `settleLane`. */
  detach(lane: number, entry: number, about: LaneEntry): void {
    this.#order.remove(lane, entry);
    this.#standings.remove(lane, entry);
    if (about.coalesceKey !== undefined) this.#leaveGroup(lane, entry, about.coalesceKey);
    else if (about.key !== undefined) this.#transitions.remove(lane, entry);
    this.#resize(lane, -1, -about.bytes);
  }

  /** Something of the lane is in flight, or no longer: then it is claimable again, unless a backoff says otherwise. */
  setInFlight(lane: number, inFlight: boolean): void {
    this.#state[lane] = inFlight ? BUSY : IDLE;
    this.#place(lane, this.#rank[lane]!);
  }

  /** Nothing of the lane may be claimed before `until`. */
  backOff(lane: number, until: number): void {
    this.#backoffs.remove(0, lane);
    this.#backoffs.add(0, lane, until);
    this.#place(lane, this.#rank[lane]!);
  }

  /** Ends backoffs whose end has come. */
  endBackoffs(now: number): void {
    while (this.#backoffs.firstKey(0) <= now) {
      const lane = this.#backoffs.first(0);
      this.#backoffs.remove(0, lane);
      this.#place(lane, this.#rank[lane]!);
    }
  }

  /** Whether a lane of this lane class can be claimed. */
  hasReady(rank: number): boolean {
    return this.#ready.first(rank) !== NONE;
  }

  /** The best claimable lane of a rank, or NONE. */
  firstReady(rank: number): number {
    return this.#ready.first(rank);
  }

  /** The waiting entry with the smallest seq of a lane, or NONE. */
  head(lane: number): number {
    return this.#order.first(lane);
  }

  /** The best standing that waits in a lane, or Infinity. */
  bestStanding(lane: number): number {
    return this.#standings.firstKey(lane);
  }

  /** The lane whose head has the smallest seq among all lanes of a lane class, blocked ones too, or NONE. */
  firstSheddable(rank: number): number {
    return this.#sheddable.first(rank);
  }

  /** Waiting entries in lanes of a lane class. */
  waitingIn(rank: number): number {
    return this.#waitingIn[rank]!;
  }

  /** Their payload bytes. */
  bytesIn(rank: number): number {
    return this.#bytesIn[rank]!;
  }

  /** The newest waiting entry that a newcomer with this coalesceKey replaces, or NONE: not across a transition (Q9). */
  newestState(lane: number, coalesceKey: string): number {
    const group = this.#groupsOf.get(lane)?.get(coalesceKey);
    if (group === undefined) return NONE;
    return this.#states.firstKey(group) < this.#transitions.firstKey(lane) ? this.#states.first(group) : NONE;
  }

  #openGroup(lane: number, coalesceKey: string): number {
    let groups = this.#groupsOf.get(lane);
    if (groups === undefined) {
      groups = new Map();
      this.#groupsOf.set(lane, groups);
    }
    let group = groups.get(coalesceKey);
    if (group === undefined) {
      group = this.#groups.take();
      groups.set(coalesceKey, group);
    }
    return group;
  }

  #leaveGroup(lane: number, entry: number, coalesceKey: string): void {
    const groups = this.#groupsOf.get(lane)!;
    const group = groups.get(coalesceKey)!;
    this.#states.remove(group, entry);
    if (this.#states.first(group) !== NONE) return;
    groups.delete(coalesceKey);
    this.#groups.give(group);
    if (groups.size === 0) this.#groupsOf.delete(lane);
  }

  #resize(lane: number, count: number, bytes: number): void {
    const before = this.#rank[lane]!;
    if (before !== NO_RANK) {
      this.#waitingIn[before]! -= this.#waiting[lane]!;
      this.#bytesIn[before]! -= this.#bytes[lane]!;
    }
    this.#waiting[lane]! += count;
    this.#bytes[lane]! += bytes;
    const best = this.#standings.firstKey(lane);
    const rank = best === Infinity ? NO_RANK : rankOf(best);
    this.#rank[lane] = rank;
    if (rank !== NO_RANK) {
      this.#waitingIn[rank]! += this.#waiting[lane]!;
      this.#bytesIn[rank]! += this.#bytes[lane]!;
    }
    this.#place(lane, before);
  }

  /** Restores L2 and L3 after any change of a lane that stood in rank `before`. */
  #place(lane: number, before: number): void {
    const rank = this.#rank[lane]!;
    const claimable = rank !== NO_RANK && this.#state[lane] === IDLE && !this.#backoffs.has(lane);
    rerank(this.#ready, lane, before, claimable ? rank : NO_RANK, this.#standings.firstKey(lane));
    rerank(this.#sheddable, lane, before, rank, this.#order.firstKey(lane));
  }

  #grow(lane: number): void {
    const capacity = grownTo(this.#rank.length, lane);
    this.#rank = grown(this.#rank, new Uint8Array(capacity));
    this.#state = grown(this.#state, new Uint8Array(capacity));
    this.#waiting = grown(this.#waiting, new Int32Array(capacity));
    this.#bytes = grown(this.#bytes, new Float64Array(capacity));
  }
}

/** Moves a lane to its place under `rank` and `key`; nowhere for no rank. */
function rerank(runs: SortedRuns, lane: number, before: number, rank: number, key: number): void {
  if (runs.has(lane)) {
    if (before === rank && runs.keyOf(lane) === key) return;
    runs.remove(before, lane);
  }
  if (rank !== NO_RANK) runs.add(rank, lane, key);
}
