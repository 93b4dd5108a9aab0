/**
 * The table of one sink's envelopes, waiting or in flight: one row each, columns as typed arrays. A row's number is the
 * entry by which every other structure knows it.
 */
import type { FailedAttempt, QueueEnvelope } from "./queue-envelope.ts";
import { Slots } from "./slots.ts";
import { grown, grownTo } from "./sorted-runs.ts";

/** What a row is made of. */
export interface EntryValues {
  readonly standing: number;
  /** Infinity: never. */
  readonly expiresAt: number;
  readonly attempt: number;
  readonly redriven: number;
  readonly replaced: number;
}

/** Rows of one sink (see the top of this file). */
export class Entries<P> {
  readonly #slots = new Slots();
  readonly #envelopes: (QueueEnvelope<P> | undefined)[] = [];
  /** Failed attempts; only entries that have some. */
  readonly #failures = new Map<number, FailedAttempt[]>();
  #lane = new Int32Array(0);
  #standing = new Float64Array(0);
  #expiresAt = new Float64Array(0);
  #attempt = new Int32Array(0);
  #redriven = new Int32Array(0);
  #replaced = new Float64Array(0);

  add(envelope: QueueEnvelope<P>, values: EntryValues, lane: number): number {
    const entry = this.#slots.take();
    if (entry >= this.#lane.length) this.#grow(entry);
    this.#envelopes[entry] = envelope;
    this.#lane[entry] = lane;
    this.#standing[entry] = values.standing;
    this.#expiresAt[entry] = values.expiresAt;
    this.#attempt[entry] = values.attempt;
    this.#redriven[entry] = values.redriven;
    this.#replaced[entry] = values.replaced;
    return entry;
  }

  remove(entry: number): void {
    this.#envelopes[entry] = undefined;
    if (this.#failures.size > 0) this.#failures.delete(entry);
    this.#slots.give(entry);
  }

  envelope(entry: number): QueueEnvelope<P> {
    return this.#envelopes[entry]!;
  }

  lane(entry: number): number {
    return this.#lane[entry]!;
  }

  standing(entry: number): number {
    return this.#standing[entry]!;
  }

  expiresAt(entry: number): number {
    return this.#expiresAt[entry]!;
  }

  attempt(entry: number): number {
    return this.#attempt[entry]!;
  }

  redriven(entry: number): number {
    return this.#redriven[entry]!;
  }

  replaced(entry: number): number {
    return this.#replaced[entry]!;
  }

  failures(entry: number): readonly FailedAttempt[] {
    return this.#failures.get(entry) ?? [];
  }

  setFailures(entry: number, failures: readonly FailedAttempt[]): void {
    if (failures.length > 0) this.#failures.set(entry, [...failures]);
  }

  /** Books the end of the running attempt. */
  fail(entry: number, at: number, cause: string): void {
    const failure = { attempt: this.#attempt[entry]!, at, cause };
    const failures = this.#failures.get(entry);
    if (failures === undefined) this.#failures.set(entry, [failure]);
    else failures.push(failure);
  }

  nextAttempt(entry: number): void {
    this.#attempt[entry]! += 1;
  }

  #grow(entry: number): void {
    const capacity = grownTo(this.#lane.length, entry);
    this.#lane = grown(this.#lane, new Int32Array(capacity));
    this.#standing = grown(this.#standing, new Float64Array(capacity));
    this.#expiresAt = grown(this.#expiresAt, new Float64Array(capacity));
    this.#attempt = grown(this.#attempt, new Int32Array(capacity));
    this.#redriven = grown(this.#redriven, new Int32Array(capacity));
    this.#replaced = grown(this.#replaced, new Float64Array(capacity));
  }
}
