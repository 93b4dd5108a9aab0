/**
 * What has changed and is not written yet: the journal of the work queue, collected into groups for the disk thread.
 *
 * ```
 *   work queue ── journal ──► drafts (new envelopes), states, gone … ── take() ──► Group ──► disk thread
 *                                │
 *                                └─ admitted and gone before the group was taken: never written
 * ```
 * X1  A group holds the latest of each thing. What came and went in between leaves only its id, its counters and its line.
 * X2  An envelope that is in flight when its group is taken is written as in flight: its attempt counts if the process dies.
 */
import type { DeadEntry } from "../../core/dead-letters.ts";
import { type EntryHistory, FRESH } from "../../core/entries.ts";
import type { LedgerEntry } from "../../core/ledger.ts";
import type { QueueEnvelope } from "../../core/queue-envelope.ts";
import type { QueueJournal, SinkJournal } from "../../core/queue-journal.ts";
import { rankOf, standingOf } from "../../core/standing.ts";
import { BlockWriter } from "./block-writer.ts";
import type { Blocks } from "./blocks.ts";
import { FreedLanes } from "./freed-lanes.ts";
import type { EndLine, Group, KeptFacts, NewBlock, PendingLine } from "./messages.ts";
import { encodeFlight, encodeState, type EntryState, IdPage } from "./records.ts";
import type { Shelf } from "./shelf.ts";

/** What an outbox is made with. */
export interface OutboxOptions {
  readonly classNames: readonly string[];
  /** Numbers of the sinks in the file, by their index in the work queue. */
  readonly sinkNumbers: readonly number[];
  readonly blocks: Blocks;
  readonly shelf: Shelf;
  readonly ledgerKept: number;
  readonly dedupCount: number;
  /** Numbers of the last id and ledger line that were written. */
  readonly lastId: number;
  readonly lastLine: number;
  /** Names of the sinks, by their index; ends are written down for the history. Absent: there is none. */
  readonly historySinks: readonly string[] | undefined;
  /** Something is to be written. */
  readonly dirty: () => void;
}

/** A new envelope that is not in a group yet. */
interface Draft {
  readonly envelope: QueueEnvelope<Uint8Array>;
  readonly expiresAt: number;
  /** Indices of the sinks that hold it. */
  readonly sinks: number[];
  states: Map<number, EntryState> | undefined;
  /** It is over already, and written for the history only. */
  over: boolean;
  /** Some sink had it: else it was refused by all, and never was. */
  wasHeld: boolean;
}

/** The changes of one store (see the top of this file). */
export class Outbox implements QueueJournal<Uint8Array> {
  readonly #options: OutboxOptions;
  readonly #sinks: readonly SinkJournal<Uint8Array>[];
  readonly #drafts = new Map<number, Draft>();
  /** By seq and sink, of envelopes that are written. */
  readonly #states = new Map<number, Map<number, EntryState>>();
  /** Written envelopes of which a state was ever written, to be forgotten with them. */
  readonly #stateful = new Set<number>();
  readonly #endedStates: number[] = [];
  /** Seqs in flight, by sink. */
  readonly #flight: readonly Set<number>[];
  /** The first group of a life says it anew: what the last one left in flight waits again, and must not be counted twice. */
  #flightChanged = true;
  readonly #ids = new IdPage();
  #lastId: number;
  #lines: PendingLine[] = [];
  readonly #ends: EndLine[] = [];
  #lastLine: number;
  readonly #writer: BlockWriter;
  #bytes = 0;
  #isDirty = false;
  #mustWrite = false;
  readonly #freed: FreedLanes;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#flight = options.sinkNumbers.map(() => new Set());
    this.#freed = new FreedLanes(options.sinkNumbers.length);
    this.#lastId = options.lastId;
    this.#lastLine = options.lastLine;
    this.#writer = new BlockWriter(options.blocks);
    this.#sinks = options.sinkNumbers.map((_, sink) => this.#createSink(sink));
  }

  /** Whether there is anything to write. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Payload bytes that wait to be written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether an envelope is not in a group yet. */
  isNew(seq: number | undefined): boolean {
    return seq !== undefined && this.#drafts.has(seq);
  }

  get lastLine(): number {
    return this.#lastLine;
  }

  /**
   * Whether something was handed over since the last call that must be written before it counts: an envelope that is on disk, so
   * that its attempt counts (Q7); or a new one whose predecessor in the lane is over, but not on disk yet (Q1): after a crash
   * that one would come again, behind it.
   */
  mustWrite(): boolean {
    const must = this.#mustWrite;
    this.#mustWrite = false;
    return must;
  }

  /** Groups up to `n` are written. */
  written(n: number): void {
    this.#freed.written(n);
  }

  // The journal -----------------------------------------------------------------------------------------------------

  admitting(envelope: QueueEnvelope<Uint8Array>, expiresAt: number): void {
    this.#drafts.set(envelope.seq, { envelope, expiresAt, sinks: [], states: undefined, over: false, wasHeld: false });
    this.#options.shelf.hold(envelope);
    this.#bytes += envelope.bytes;
    this.touch();
  }

  sink(sink: number): SinkJournal<Uint8Array> {
    return this.#sinks[sink]!;
  }

  left(sink: number, seq: number, key: string | undefined, shared: boolean): void {
    if (this.#flight[sink]!.delete(seq)) this.#flightChanged = true;
    const draft = this.#drafts.get(seq);
    if (draft === undefined) this.#freed.add(sink, key);
    if (draft !== undefined) {
      const at = draft.sinks.indexOf(sink);
      if (at >= 0) draft.sinks.splice(at, 1);
      draft.states?.delete(sink);
    } else if (shared) {
      this.#setState(seq, sink, { ...FRESH_STATE, place: "gone" });
    }
    this.touch();
  }

  released(seq: number, bytes: number): void {
    const { shelf, blocks } = this.#options;
    const draft = this.#drafts.get(seq);
    if (draft !== undefined && this.#options.historySinks !== undefined && draft.wasHeld) {
      draft.over = true;
      this.touch();
      return;
    }
    if (draft !== undefined) {
      this.#drafts.delete(seq);
      this.#bytes -= bytes;
    } else {
      this.#states.delete(seq);
      if (this.#stateful.delete(seq)) this.#endedStates.push(seq);
      blocks.leave(seq, bytes);
    }
    shelf.release(seq);
    this.touch();
  }

  #end(seq: number, sink: string, how: EndLine["how"], at: number, attempt: number): void {
    if (this.#options.historySinks !== undefined) this.#ends.push({ seq, sink, how, at, attempt });
  }

  remembered(id: string, at: number): void {
    this.#lastId += 1;
    this.#ids.add(id, at);
    this.touch();
  }

  /** A line of the ledger (the work queue's `ledgerWriter`). */
  line(line: Omit<LedgerEntry, "n">): void {
    this.#lastLine += 1;
    const unknown = line.id === "" && line.seq !== undefined && this.#options.shelf.get(line.seq) === undefined;
    const block = unknown && line.seq !== undefined ? this.#options.blocks.blockOf(line.seq)?.block : undefined;
    this.#lines.push({ ...line, block });
    if (line.seq !== undefined) this.#end(line.seq, line.sink, line.reason, line.at, 0);
    this.touch();
  }

  /** Of an envelope that was loaded a state is on disk. */
  hasState(seq: number): void {
    this.#stateful.add(seq);
  }

  /** Something that is kept has changed, if only a counter. */
  touch(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#options.dirty();
  }

  // Groups ----------------------------------------------------------------------------------------------------------

  /** All changes as a group; nothing is left here. */
  take(n: number, kept: KeptFacts): Group {
    const { blocks, dedupCount, ledgerKept, sinkNumbers } = this.#options;
    const states: { seq: number; sink: number; state: Uint8Array }[] = [];
    const newBlocks: NewBlock[] = this.#takeDrafts(states);
    for (const [seq, bySink] of this.#states) this.#encodeStates(states, seq, bySink);
    this.#states.clear();
    const { gone, ended } = blocks.takeChanges(kept.now);
    for (const block of ended) this.#options.shelf.dropBlock(block);
    const flight = this.#flightChanged
      ? encodeFlight(this.#flight.map((seqs, sink) => [sinkNumbers[sink]!, seqs] as const))
      : undefined;
    const { count } = this.#ids;
    const first = this.#lastId - count + 1;
    const lines = this.#lines;
    const group: Group = {
      n,
      blocks: newBlocks,
      gone,
      endedBlocks: ended,
      states,
      endedStates: this.#endedStates.splice(0),
      flight,
      ids: count === 0 ? undefined : { first, count, ids: this.#ids.take() },
      idsFrom: this.#lastId - dedupCount + 1,
      ledger: lines,
      ledgerFrom: this.#lastLine - lines.length + 1,
      ledgerKept,
      ends: this.#ends.splice(0),
      endsFrom: this.#options.historySinks === undefined ? Number.MAX_SAFE_INTEGER : blocks.firstSeq,
      kept: JSON.stringify(kept),
    };
    this.#lines = [];
    this.#freed.sent(n);
    this.#flightChanged = false;
    this.#bytes = 0;
    this.#isDirty = false;
    return group;
  }

  #takeDrafts(states: { seq: number; sink: number; state: Uint8Array }[]): NewBlock[] {
    const { classNames, sinkNumbers, shelf } = this.#options;
    const over: QueueEnvelope<Uint8Array>[] = [];
    for (const [seq, { envelope, expiresAt, sinks, states: own, over: isOver }] of this.#drafts) {
      if (isOver) over.push(envelope);
      const { admittedAt, bytes, deadOnExpiry, shared, key, coalesceKey, id, payload } = envelope;
      const facts = { seq, admittedAt, expiresAt, bytes, deadOnExpiry, shared, key, coalesceKey };
      const className = classNames[envelope.rank] ?? "";
      const numbers = sinks.map((sink) => sinkNumbers[sink] ?? 0);
      this.#writer.add({ ...facts, class: className, sinks: numbers }, id, payload);
      if (own !== undefined && !isOver) this.#encodeStates(states, seq, own);
      if (isOver) shelf.release(seq);
      else shelf.written(seq);
    }
    this.#drafts.clear();
    const made = this.#writer.take(false);
    for (const { seq, bytes } of over) this.#options.blocks.leave(seq, bytes);
    return made;
  }

  #encodeStates(
    states: { seq: number; sink: number; state: Uint8Array }[],
    seq: number,
    bySink: ReadonlyMap<number, EntryState>,
  ): void {
    this.#stateful.add(seq);
    for (const [sink, state] of bySink) {
      states.push({ seq, sink: this.#options.sinkNumbers[sink]!, state: encodeState(state) });
    }
  }

  #createSink(sink: number): SinkJournal<Uint8Array> {
    const flight = this.#flight[sink]!;
    return {
      waits: (seq, standing, expiresAt, history) => {
        if (flight.delete(seq)) this.#flightChanged = true;
        this.#waits(sink, seq, standing, expiresAt, history);
      },
      inFlight: (seq) => {
        flight.add(seq);
        this.#flightChanged = true;
        const draft = this.#drafts.get(seq);
        if (draft === undefined || this.#freed.has(sink, draft.envelope.key)) this.#mustWrite = true;
        this.touch();
      },
      acked: (seq, history, at) => {
        this.#end(seq, this.#options.historySinks?.[sink] ?? "", "acked", at, history.attempt);
      },
      dead: (dead) => {
        if (flight.delete(dead.envelope.seq)) this.#flightChanged = true;
        if (!this.#drafts.has(dead.envelope.seq)) this.#freed.add(sink, dead.envelope.key);
        this.#dies(sink, dead);
      },
    };
  }

  #waits(sink: number, seq: number, standing: number, expiresAt: number, history: EntryHistory): void {
    const draft = this.#drafts.get(seq);
    if (draft !== undefined) holdIn(draft, sink);
    const asAdmitted =
      draft !== undefined &&
      history === FRESH &&
      expiresAt === draft.expiresAt &&
      standing === standingOf(draft.envelope.rank, seq);
    if (asAdmitted) draft.states?.delete(sink);
    else this.#setState(seq, sink, this.#state("waiting", standing, expiresAt, history, 0));
    this.touch();
  }

  #dies(sink: number, dead: DeadEntry<Uint8Array>): void {
    const { envelope, standing, attempts: failures, redriven, replaced, deadAt } = dead;
    const draft = this.#drafts.get(envelope.seq);
    if (draft !== undefined) holdIn(draft, sink);
    const history = { attempt: failures.length, failures, redriven, replaced };
    this.#setState(envelope.seq, sink, this.#state("dead", standing, Infinity, history, deadAt));
    this.touch();
  }

  #state(
    place: EntryState["place"],
    standing: number,
    expiresAt: number,
    history: EntryHistory,
    deadAt: number,
  ): EntryState {
    const rank = rankOf(standing);
    const standingClass = this.#options.classNames[rank] ?? "";
    return { place, standingClass, standingSeq: standing - standingOf(rank, 0), expiresAt, history, deadAt };
  }

  #setState(seq: number, sink: number, state: EntryState): void {
    const draft = this.#drafts.get(seq);
    if (draft !== undefined) {
      draft.states ??= new Map();
      draft.states.set(sink, state);
      return;
    }
    let states = this.#states.get(seq);
    if (states === undefined) {
      states = new Map();
      this.#states.set(seq, states);
    }
    states.set(sink, state);
  }
}

function holdIn(draft: Draft, sink: number): void {
  draft.wasHeld = true;
  if (!draft.sinks.includes(sink)) draft.sinks.push(sink);
}

const FRESH_STATE: EntryState = {
  place: "waiting",
  standingClass: "",
  standingSeq: 0,
  expiresAt: Infinity,
  history: FRESH,
  deadAt: 0,
};
