/**
 * What stands in the database's blobs. Each begins with a checksum (CRC-32) of its rest: SQLite tells of damaged pages only
 * where they no longer make sense, and a flipped bit in a payload always does.
 *
 * ```
 *  block.facts      sum | count | per envelope: seq, admittedAt, expiresAt, bytes, flags, class, [key], [coalesceKey], sinks
 *  block.contents   per envelope: seq | length | sum | id, payload
 *  entry.state      sum | place, standing (class, seq), expiresAt, attempt, redriven, replaced, deadAt, failures
 *  ids.ids          sum | count | per id: at, id
 *  flight.entries   sum | per sink: id, count, seqs
 * ```
 * Classes and sinks stand there by name and by number of the `sink` table: a configuration may change between two starts.
 */
import type { EntryHistory } from "../../core/entries.ts";
import type { DeadAttempt } from "../../core/queue-verbs.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";

/** What is kept of one envelope besides id and payload. */
export interface EnvelopeFacts {
  readonly seq: number;
  readonly admittedAt: number;
  /** Infinity: never. */
  readonly expiresAt: number;
  /** Of the payload. */
  readonly bytes: number;
  readonly deadOnExpiry: boolean;
  readonly shared: boolean;
  /** Name of its own class. */
  readonly class: string;
  readonly key: string | undefined;
  readonly coalesceKey: string | undefined;
  /** Numbers of the sinks that took it. */
  readonly sinks: readonly number[];
}

/** Where an envelope is in one sink's work queue; what is not kept is as it was admitted: waiting, attempt 1. */
export interface EntryState {
  readonly place: Place;
  readonly standingClass: string;
  readonly standingSeq: number;
  readonly expiresAt: number;
  readonly history: EntryHistory;
  /** 0 where it is not dead. */
  readonly deadAt: number;
}

/** `gone`: of a shared envelope, this sink holds it no longer. */
export type Place = "waiting" | "dead" | "gone";

const PLACES: readonly Place[] = ["waiting", "dead", "gone"];
const DEAD_ON_EXPIRY = 1;
const SHARED = 2;
const KEYED = 4;
const STATE = 8;

/** Begins a block's facts; the answer goes to {@link endFacts}. */
export function beginFacts(out: ByteWriter): number {
  const sum = out.hole();
  out.hole();
  return sum;
}

export function writeFacts(out: ByteWriter, facts: EnvelopeFacts): void {
  out.f64(facts.seq);
  out.f64(facts.admittedAt);
  out.f64(facts.expiresAt);
  out.u32(facts.bytes);
  out.u8(
    (facts.deadOnExpiry ? DEAD_ON_EXPIRY : 0) |
      (facts.shared ? SHARED : 0) |
      (facts.key === undefined ? 0 : KEYED) |
      (facts.coalesceKey === undefined ? 0 : STATE),
  );
  out.text(facts.class);
  if (facts.key !== undefined) out.text(facts.key);
  if (facts.coalesceKey !== undefined) out.text(facts.coalesceKey);
  out.u32(facts.sinks.length);
  for (const sink of facts.sinks) out.u32(sink);
}

export function endFacts(out: ByteWriter, sum: number, count: number): void {
  out.fill(sum + 4, count);
  out.seal(sum);
}

/** The facts of a block; undefined when they are damaged. */
export function decodeFacts(bytes: Uint8Array): EnvelopeFacts[] | undefined {
  return decoded(bytes, (from) => Array.from({ length: from.u32() }, () => readFacts(from)));
}

function readFacts(from: ByteReader): EnvelopeFacts {
  const seq = from.f64();
  const admittedAt = from.f64();
  const expiresAt = from.f64();
  const bytes = from.u32();
  const flags = from.u8();
  const className = from.text();
  const key = (flags & KEYED) === 0 ? undefined : from.text();
  const coalesceKey = (flags & STATE) === 0 ? undefined : from.text();
  const sinks: number[] = [];
  for (let left = from.u32(); left > 0; left -= 1) sinks.push(from.u32());
  const deadOnExpiry = (flags & DEAD_ON_EXPIRY) !== 0;
  const shared = (flags & SHARED) !== 0;
  return { seq, admittedAt, expiresAt, bytes, deadOnExpiry, shared, class: className, key, coalesceKey, sinks };
}

export function writeContent(out: ByteWriter, seq: number, id: string, payload: Uint8Array): void {
  out.f64(seq);
  const length = out.hole();
  const sum = out.hole();
  out.text(id);
  out.bytes(payload);
  out.seal(sum);
  out.fill(length, out.length - sum - 4);
}

/** One envelope's id and payload. */
export interface Content {
  readonly id: string;
  readonly payload: Uint8Array;
}

/** The contents of a block by seq, as views; those that are damaged are undefined. What cannot be walked is not there at all. */
export function decodeContents(bytes: Uint8Array): Map<number, Content | undefined> {
  const found = new Map<number, Content | undefined>();
  const from = new ByteReader(bytes);
  try {
    while (!from.done) {
      const seq = from.f64();
      const length = from.u32();
      const whole = from.checks(length);
      const end = from.at + length;
      if (!whole) {
        from.bytes(length);
        found.set(seq, undefined);
        continue;
      }
      const id = from.text();
      found.set(seq, { id, payload: from.bytes(end - from.at) });
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return found;
}

/** For records that are begun and taken in one go: a buffer for each would cost more than what is written. */
const shortRecord = new ByteWriter();

export function encodeState(state: EntryState): Uint8Array<ArrayBuffer> {
  const out = shortRecord.restart();
  const sum = out.hole();
  const { attempt, redriven, replaced, failures } = state.history;
  out.u8(PLACES.indexOf(state.place));
  out.text(state.standingClass);
  out.f64(state.standingSeq);
  out.f64(state.expiresAt);
  out.u32(attempt);
  out.u32(redriven);
  out.u32(replaced);
  out.f64(state.deadAt);
  out.u32(failures.length);
  for (const failure of failures) {
    out.u32(failure.attempt);
    out.f64(failure.at);
    out.text(failure.cause);
  }
  out.seal(sum);
  return out.take();
}

/** Undefined when it is damaged. */
export function decodeState(bytes: Uint8Array): EntryState | undefined {
  return decoded(bytes, (from) => {
    const place = PLACES[from.u8()] ?? "waiting";
    const standingClass = from.text();
    const standingSeq = from.f64();
    const expiresAt = from.f64();
    const attempt = from.u32();
    const redriven = from.u32();
    const replaced = from.u32();
    const deadAt = from.f64();
    const failures: DeadAttempt[] = [];
    for (let left = from.u32(); left > 0; left -= 1) {
      failures.push({ attempt: from.u32(), at: from.f64(), cause: from.text() });
    }
    return { place, standingClass, standingSeq, expiresAt, deadAt, history: { attempt, redriven, replaced, failures } };
  });
}

/** Ids with their instants, oldest first; the writer is used for nothing else. */
export class IdPage {
  readonly #out = new ByteWriter(16_384);
  #sum = 0;
  count = 0;

  add(id: string, at: number): void {
    if (this.count === 0) {
      this.#sum = this.#out.hole();
      this.#out.hole();
    }
    this.count += 1;
    this.#out.f64(at);
    this.#out.text(id);
  }

  take(): Uint8Array<ArrayBuffer> {
    this.#out.fill(this.#sum + 4, this.count);
    this.#out.seal(this.#sum);
    this.count = 0;
    return this.#out.take();
  }
}

/** Calls back for each id of a page; false when the page is damaged (then for none). */
export function readIds(bytes: Uint8Array, tell: (id: string, at: number) => void): boolean {
  const ids = decoded(bytes, (from) => {
    return Array.from({ length: from.u32() }, () => ({ at: from.f64(), id: from.text() }));
  });
  for (const { id, at } of ids ?? []) tell(id, at);
  return ids !== undefined;
}

/** Seqs in flight by sink number. */
export function encodeFlight(flight: readonly (readonly [sink: number, seqs: ReadonlySet<number>])[]): Uint8Array {
  const out = shortRecord.restart();
  const sum = out.hole();
  for (const [sink, seqs] of flight) {
    out.u32(sink);
    out.u32(seqs.size);
    for (const seq of seqs) out.f64(seq);
  }
  out.seal(sum);
  return out.take();
}

/** Undefined when it is damaged. */
export function decodeFlight(bytes: Uint8Array): Map<number, Set<number>> | undefined {
  return decoded(bytes, (from) => {
    const flight = new Map<number, Set<number>>();
    while (!from.done) {
      const sink = from.u32();
      flight.set(sink, new Set(Array.from({ length: from.u32() }, () => from.f64())));
    }
    return flight;
  });
}

/** Reads after the checksum; undefined when it does not fit, or when what it covers makes no sense. */
function decoded<T>(bytes: Uint8Array, read: (from: ByteReader) => T): T | undefined {
  try {
    const from = new ByteReader(bytes);
    return from.checks() ? read(from) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
