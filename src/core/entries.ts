/**
 * One sink's envelopes, waiting or in flight: the rows of `EntryRows`, and beside them what is no number. What only few of
 * them have (a coalesceKey, failed attempts, redrives) is kept in maps of those few. Ids and payloads are the store's to
 * keep: in memory beside the rows, or on disk by seq.
 */
import { DEAD_ON_EXPIRY, EntryRows, HISTORY, SHARED, STATE } from "./entry-rows.ts";
import type { QueueEnvelope } from "./queue-envelope.ts";
import type { DeadAttempt } from "./queue-verbs.ts";

/** What an entry has been through. */
export interface EntryHistory {
  /** From 1. */
  readonly attempt: number;
  readonly redriven: number;
  /** How many envelopes it stands for, cumulative (Q9). */
  readonly replaced: number;
  readonly failures: readonly DeadAttempt[];
}

/** The history of an envelope that was never handed over and replaced nothing. */
export const FRESH: EntryHistory = { attempt: 1, redriven: 0, replaced: 0, failures: [] };

/** A history with one more attempt that failed. */
export function failedHistory(history: EntryHistory, at: number, cause: string): EntryHistory {
  const failures = [...history.failures, { attempt: history.attempt, at, cause }];
  return { ...history, attempt: history.attempt + 1, failures };
}

/** Where the ids and payloads of one sink's entries are. */
export interface Contents<P> {
  put(entry: number, envelope: QueueEnvelope<P>): void;
  drop(entry: number): void;
  /** A store that has it elsewhere may answer "" and fill it in where it is wanted. */
  id(entry: number, seq: number): string;
  payload(entry: number, seq: number): P;
}

/** In arrays beside the rows. */
export class HeldContents<P> implements Contents<P> {
  readonly #ids: string[] = [];
  readonly #payloads: (P | undefined)[] = [];

  put(entry: number, envelope: QueueEnvelope<P>): void {
    this.#ids[entry] = envelope.id;
    this.#payloads[entry] = envelope.payload;
  }

  drop(entry: number): void {
    this.#ids[entry] = "";
    this.#payloads[entry] = undefined;
  }

  id(entry: number): string {
    return this.#ids[entry]!;
  }

  payload(entry: number): P {
    // The payload of an entry that was added and not removed; `P` itself may include undefined.
    return this.#payloads[entry] as P;
  }
}

/** The entries of one sink (see the top of this file). */
export class Entries<P> {
  readonly rows: EntryRows = new EntryRows();
  readonly #contents: Contents<P>;
  readonly #coalesceKeys = new Map<number, string>();
  readonly #histories = new Map<number, EntryHistory>();

  constructor(contents: Contents<P>) {
    this.#contents = contents;
  }

  add(envelope: QueueEnvelope<P>, standing: number, expiresAt: number, history: EntryHistory, lane: number): number {
    let flags = envelope.deadOnExpiry ? DEAD_ON_EXPIRY : 0;
    if (envelope.shared) flags |= SHARED;
    if (envelope.coalesceKey !== undefined) flags |= STATE;
    if (history !== FRESH) flags |= HISTORY;
    const entry = this.rows.take(envelope, standing, expiresAt, lane, flags);
    this.#contents.put(entry, envelope);
    if (envelope.coalesceKey !== undefined) this.#coalesceKeys.set(entry, envelope.coalesceKey);
    if (history !== FRESH) this.#histories.set(entry, history);
    return entry;
  }

  remove(entry: number): void {
    this.#contents.drop(entry);
    if (this.rows.has(entry, STATE)) this.#coalesceKeys.delete(entry);
    if (this.rows.has(entry, HISTORY)) this.#histories.delete(entry);
    this.rows.give(entry);
  }

  id(entry: number): string {
    return this.#contents.id(entry, this.rows.seq(entry));
  }

  payload(entry: number): P {
    return this.#contents.payload(entry, this.rows.seq(entry));
  }

  coalesceKey(entry: number): string | undefined {
    return this.rows.has(entry, STATE) ? this.#coalesceKeys.get(entry) : undefined;
  }

  history(entry: number): EntryHistory {
    return this.rows.has(entry, HISTORY) ? this.#histories.get(entry)! : FRESH;
  }

  /** Books the end of the running attempt. */
  fail(entry: number, at: number, cause: string): void {
    this.#histories.set(entry, failedHistory(this.history(entry), at, cause));
    this.rows.mark(entry, HISTORY);
  }

  /** The envelope as it was admitted, of this key. */
  envelope(entry: number, key: string | undefined): QueueEnvelope<P> {
    const { rows } = this;
    return {
      seq: rows.seq(entry),
      id: this.id(entry),
      rank: rows.rank(entry),
      key,
      coalesceKey: this.coalesceKey(entry),
      deadOnExpiry: rows.has(entry, DEAD_ON_EXPIRY),
      admittedAt: rows.admittedAt(entry),
      bytes: rows.bytes(entry),
      payload: this.payload(entry),
      shared: rows.has(entry, SHARED),
    };
  }
}
