/**
 * What a durable store must write down: the work queue tells each change of what it keeps, in the order in which it happens,
 * as it is from then on. A store that writes the latest of each (seq, sink) has written the whole.
 *
 * ```
 *  admitting(envelope) ─► waits(sink) … ─► inFlight ─► waits (put back) ─► dead ─► waits (redriven) ─► left(sink) ─► released
 *                                                                                                   the last sink has let go
 * ```
 *
 * J1  `admitting` comes first, `released` last, once each for an envelope; between them only what some sink holds is told.
 * J2  An envelope that was refused by all its sinks is released without having waited anywhere.
 * J3  Nothing is told of what is the same for all: time, backoffs (they end with the process), leases' ends.
 */
import type { DeadEntry } from "./dead-letters.ts";
import type { EntryHistory } from "./entries.ts";
import type { QueueEnvelope } from "./queue-envelope.ts";

/** Changes within one sink's work queue. */
export interface SinkJournal<P> {
  /** It waits with this standing, expiry (Infinity: none) and history: new, put back, or redriven. */
  waits(seq: number, standing: number, expiresAt: number, history: EntryHistory): void;
  /** It was handed over; its lease is running. */
  inFlight(seq: number, history: EntryHistory): void;
  /** It was delivered, with the attempt that `history` names. `left` follows. */
  acked(seq: number, history: EntryHistory, at: number): void;
  /** It was given up, and is kept as a dead letter. */
  dead(dead: DeadEntry<P>): void;
}

/** Changes of the whole work queue (see the top of this file). */
export interface QueueJournal<P> {
  /** A new envelope is being offered to its sinks. */
  admitting(envelope: QueueEnvelope<P>, expiresAt: number): void;
  /** One sink's part; `sink` is its index in the settings. */
  sink(sink: number): SinkJournal<P>;
  /** A sink holds the envelope, of this key, no longer; `shared`: others may. */
  left(sink: number, seq: number, key: string | undefined, shared: boolean): void;
  /** Nobody holds it, of so many payload bytes, any more. */
  released(seq: number, bytes: number): void;
  /** Its id is known from now on (Q11). */
  remembered(id: string, at: number): void;
}
