/**
 * Leases (Q6): a token for each envelope in flight, fencing (a token that is over finds nothing), and the order of ends.
 *
 * Tokens rise by one from a first one that a durable store sets above all it ever gave, so that none is used twice. So the
 * low bits of a token say where its lease is noted; one that is still open when its place comes round again is *old*:
 *
 * ```
 *   token 13 = 1|101      places   0 1 2 3 4 5 6 7           old   3 -> lease
 *                                  · · · · 4 5 ·  ·   <- lease of token 13 at 5
 * ```
 *
 * The places are doubled when half of them would be taken, so that few leases are old: those that outlive all others.
 */
import { grown, grownTo } from "./columns.ts";
import { Slots } from "./slots.ts";
import { NONE, SortedRuns } from "./sorted-runs.ts";

/** Open leases of all sinks (see the top of this file). */
export class Leases {
  readonly #slots = new Slots();
  readonly #ends = new SortedRuns();
  /** Lease + 1 by the low bits of its token; 0: none. */
  #places = new Int32Array(16);
  readonly #old = new Map<number, number>();
  /** By lease. */
  #tokens = new Float64Array(0);
  #sinks = new Int32Array(0);
  #entries = new Int32Array(0);
  #nextToken: number;

  constructor(firstToken: number) {
    this.#nextToken = firstToken;
  }

  /** The earliest end, or Infinity. */
  get nextEnd(): number {
    return this.#ends.firstKey(0);
  }

  /** Opens a lease and answers its token. */
  open(sink: number, entry: number, endsAt: number): number {
    const token = this.#nextToken;
    this.#nextToken += 1;
    const lease = this.#slots.take();
    if (lease >= this.#tokens.length) this.#grow(lease);
    this.#tokens[lease] = token;
    this.#sinks[lease] = sink;
    this.#entries[lease] = entry;
    this.#ends.put(0, lease, endsAt);
    if (2 * this.#slots.used > this.#places.length) this.#spread();
    this.#note(lease, token);
    return token;
  }

  /** The open lease of a token, or NONE when it is over (or never was). */
  find(token: number): number {
    const lease = this.#places[this.#placeOf(token)]! - 1;
    if (lease !== NONE && this.#tokens[lease] === token) return lease;
    return this.#old.size === 0 ? NONE : (this.#old.get(token) ?? NONE);
  }

  sinkOf(lease: number): number {
    return this.#sinks[lease]!;
  }

  entryOf(lease: number): number {
    return this.#entries[lease]!;
  }

  extend(lease: number, endsAt: number): void {
    this.#ends.put(0, lease, endsAt);
  }

  end(lease: number): void {
    const token = this.#tokens[lease]!;
    const place = this.#placeOf(token);
    if (this.#places[place] === lease + 1) this.#places[place] = 0;
    else this.#old.delete(token);
    this.#ends.remove(lease);
    this.#slots.give(lease);
  }

  /** A lease whose end has come, or NONE. */
  firstEnded(now: number): number {
    return this.#ends.firstKey(0) <= now ? this.#ends.first(0) : NONE;
  }

  #placeOf(token: number): number {
    // The low 32 bits of any whole number up to 2^53, and of these the lowest.
    return token & (this.#places.length - 1);
  }

  /** The younger of two tokens with one place has it. */
  #note(lease: number, token: number): void {
    const place = this.#placeOf(token);
    const there = this.#places[place]! - 1;
    if (there !== NONE) this.#old.set(this.#tokens[there]!, there);
    this.#places[place] = lease + 1;
  }

  /** Twice as many places: two leases that had two places have two again, so none becomes old. */
  #spread(): void {
    const before = this.#places;
    this.#places = new Int32Array(before.length * 2);
    for (const lease of before) if (lease !== 0) this.#places[this.#placeOf(this.#tokens[lease - 1]!)] = lease;
  }

  #grow(lease: number): void {
    const capacity = grownTo(this.#tokens.length, lease);
    this.#tokens = grown(this.#tokens, new Float64Array(capacity));
    this.#sinks = grown(this.#sinks, new Int32Array(capacity));
    this.#entries = grown(this.#entries, new Int32Array(capacity));
  }
}
