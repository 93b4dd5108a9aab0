/**
 * Leases (Q6): a token for each envelope in flight, fencing (a token that is over finds nothing), and the order of ends.
 *
 * Tokens rise from a first one that a durable store sets above all it ever gave, so that none is used twice.
 */
import { Slots } from "./slots.ts";
import { NONE, SortedRuns, grown, grownTo } from "./sorted-runs.ts";

/** Open leases of all sinks. */
export class Leases {
  readonly #byToken = new Map<number, number>();
  readonly #slots = new Slots();
  readonly #ends = new SortedRuns();
  #tokens = new Float64Array(0);
  #sinks = new Int32Array(0);
  #entries = new Int32Array(0);
  #nextToken: number;

  constructor(firstToken: number) {
    this.#nextToken = firstToken;
  }

  /** The token that the next lease gets; a durable store keeps it. */
  get nextToken(): number {
    return this.#nextToken;
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
    this.#ends.add(0, lease, endsAt);
    this.#byToken.set(token, lease);
    return token;
  }

  /** The open lease of a token, or NONE when it is over (or never was). */
  find(token: number): number {
    return this.#byToken.get(token) ?? NONE;
  }

  sinkOf(lease: number): number {
    return this.#sinks[lease]!;
  }

  entryOf(lease: number): number {
    return this.#entries[lease]!;
  }

  extend(lease: number, endsAt: number): void {
    this.#ends.remove(0, lease);
    this.#ends.add(0, lease, endsAt);
  }

  end(lease: number): void {
    this.#ends.remove(0, lease);
    this.#byToken.delete(this.#tokens[lease]!);
    this.#slots.give(lease);
  }

  /** A lease whose end has come, or NONE. */
  firstEnded(now: number): number {
    return this.#ends.firstKey(0) <= now ? this.#ends.first(0) : NONE;
  }

  #grow(lease: number): void {
    const capacity = grownTo(this.#tokens.length, lease);
    this.#tokens = grown(this.#tokens, new Float64Array(capacity));
    this.#sinks = grown(this.#sinks, new Int32Array(capacity));
    this.#entries = grown(this.#entries, new Int32Array(capacity));
  }
}
