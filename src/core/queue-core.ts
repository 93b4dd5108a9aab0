/**
 * The work queue's heart: all sinks of one store, synchronous and pure. Time comes in through `now` only.
 *
 * ```
 *   QueueCore ─┬─ DedupWindow    ids admitted lately (Q11)
 *              ├─ Ledger         what ended without a delivery (Q10)
 *              ├─ Leases         tokens and ends (Q6)
 *              └─ SinkQueue ×n ─┬─ Entries       rows: envelope, attempt, standing …
 *                               ├─ Lanes         order, standing, what is claimable, coalescing, shedding (Q1, Q2, Q9, Q10)
 *                               ├─ Ages          the oldest of each class
 *                               ├─ Shares        minimum shares (Q3)
 *                               └─ DeadLetters   (Q7)
 * ```
 *
 * Stores wrap it: they hold the payload `P` (the memory store: the bytes; one on disk: nothing here), write down what the
 * journal tells (`queue-journal.ts`), and put back what they kept (`restore…`) before the first verb.
 *
 * C1  Time never goes back here: an earlier `now` counts as the latest one seen.
 * C2  Arguments are checked before anything changes: a verb that throws has done nothing.
 * C3  Each verb first ends what has expired, in all sinks (Q8).
 */
import { DedupWindow } from "./dedupe.ts";
import type { Contents } from "./entries.ts";
import { HeldContents } from "./entries.ts";
import { Leases } from "./leases.ts";
import type { LedgerEntry } from "./ledger.ts";
import { Ledger } from "./ledger.ts";
import { QueueNames, requirePositive } from "./queue-arguments.ts";
import type { KeptCounters, SinkCounters } from "./queue-counters.ts";
import type { QueueEnvelope } from "./queue-envelope.ts";
import type { QueueJournal } from "./queue-journal.ts";
import type {
  NewEnvelope,
  AdmitResult,
  ReclaimedLease,
  ClaimedEnvelope,
  Settlement,
  SinkStats,
  StoreStats,
  DeadLetter,
  SinkRefusal,
} from "./queue-verbs.ts";
import type { PriorityClass } from "./rule.ts";
import { REFUSED_TOO_LARGE, SinkQueue } from "./sink-queue.ts";
import { NONE } from "./sorted-runs.ts";

/** What a core is made with; complete, no defaults left. */
export interface QueueCoreSettings<P> {
  /** Most urgent first. */
  readonly classes: readonly Required<PriorityClass>[];
  readonly sinks: readonly {
    readonly name: string;
    readonly maxAttempts: number;
    readonly limits: { readonly maxEvents: number; readonly maxBytes: number };
    /** No longer configured: what it holds is kept, listed and discarded on demand; nothing new is taken, nothing claimed. */
    readonly removed?: boolean;
  }[];
  readonly dedup: { readonly windowMs: number; readonly maxCount: number };
  readonly deadLetters: { readonly maxCount: number };
  readonly ledger: { readonly maxLines: number };
  /** Bytes of a payload. */
  readonly sizeOf: (payload: P) => number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** The first token and seq to give; a durable store continues its own. @defaultValue `1` */
  readonly firstToken?: number;
  readonly firstSeq?: number;
  /** Of the dedup window's hash: chosen by chance, ids can't be made that collide. @defaultValue `0` */
  readonly seed?: number;
  /** Where each sink's ids and payloads are. @defaultValue in memory */
  readonly contents?: () => Contents<P>;
  /** Told of all that a durable store must write down. */
  readonly journal?: QueueJournal<P>;
  /** Takes the place of the ledger in memory. */
  readonly ledgerWriter?: (line: Omit<LedgerEntry, "n">) => void;
}

/** The synchronous work queue (see the top of this file). `P` is the payload or what stands for it. */
export class QueueCore<P> {
  readonly #names: QueueNames;
  readonly #sizeOf: (payload: P) => number;
  readonly #sinks: readonly SinkQueue<P>[];
  readonly #dedup: DedupWindow;
  readonly #ledger: Ledger;
  readonly #leases: Leases;
  readonly #journal: QueueJournal<P> | undefined;
  /** By seq, of payloads that several sinks were asked to take: how many hold it. */
  readonly #holders = new Map<number, number>();
  #now: number;
  #lastSeq: number;
  #payloadBytes = 0;
  #admitted = 0;
  #duplicates = 0;
  #full = 0;
  #tooLarge = 0;
  #unrouted = 0;

  constructor(settings: QueueCoreSettings<P>) {
    this.#names = new QueueNames(settings.classes, settings.sinks);
    this.#sizeOf = settings.sizeOf;
    this.#dedup = new DedupWindow({ ...settings.dedup, seed: settings.seed ?? 0 });
    this.#ledger = new Ledger(settings.ledger.maxLines);
    this.#leases = new Leases(settings.firstToken ?? 1);
    this.#now = settings.now;
    this.#lastSeq = (settings.firstSeq ?? 1) - 1;
    this.#journal = settings.journal;
    this.#sinks = settings.sinks.map((_, index) => this.#createSink(settings, index));
  }

  #createSink(settings: QueueCoreSettings<P>, index: number): SinkQueue<P> {
    const sink = settings.sinks[index]!;
    const contents = settings.contents?.() ?? new HeldContents<P>();
    const write = settings.ledgerWriter ?? ((line: Omit<LedgerEntry, "n">) => this.#ledger.write(line));
    return new SinkQueue<P>(
      {
        maxAttempts: sink.maxAttempts,
        maxEvents: sink.limits.maxEvents,
        maxBytes: sink.limits.maxBytes,
        maxDeadLetters: sink.removed === true ? Infinity : settings.deadLetters.maxCount,
        neverShed: settings.classes.map((entry) => entry.neverShed),
        minShares: settings.classes.map((entry) => entry.minShare),
      },
      contents,
      {
        ended: (envelope, reason, at) => {
          write({
            at,
            sink: sink.name,
            reason,
            seq: reason === "refused" ? undefined : envelope.seq,
            id: envelope.id,
            class: this.#names.className(envelope.rank),
            key: envelope.key,
          });
        },
        released: (seq, bytes, shared, key) => {
          this.#journal?.left(index, seq, key, shared);
          this.#release(seq, bytes, shared);
        },
        journal: this.#journal?.sink(index),
      },
    );
  }

  admit(batch: readonly NewEnvelope<P>[], now: number): AdmitResult[] {
    const ranks: number[] = [];
    for (const item of batch) ranks.push(this.#names.checkItem(item));
    this.#advance(now);
    this.#dedup.advance(this.#now);
    const answers: AdmitResult[] = [];
    for (let index = 0; index < batch.length; index += 1) answers.push(this.#admitOne(batch[index]!, ranks[index]!));
    return answers;
  }

  claim(
    sinkName: string,
    options: { readonly max: number; readonly leaseMs: number; readonly classes?: readonly string[] | undefined },
    now: number,
  ): ClaimedEnvelope<P>[] {
    const index = this.#names.servedSink(sinkName);
    requirePositive("max", options.max);
    requirePositive("leaseMs", options.leaseMs);
    const allowed = options.classes === undefined ? undefined : this.#names.allowedRanks(options.classes);
    this.#advance(now);
    const sink = this.#sinks[index]!;
    const handed: ClaimedEnvelope<P>[] = [];
    while (handed.length < options.max) {
      const lane = sink.nextLane(allowed);
      if (lane === NONE) break;
      const laneRank = sink.laneRank(lane);
      const entry = sink.take(lane);
      const token = this.#leases.open(index, entry, this.#now + options.leaseMs);
      handed.push(this.#handOver(sink, entry, laneRank, token));
    }
    return handed;
  }

  settle(batch: readonly Settlement[], now: number): ("settled" | "stale")[] {
    for (const end of batch) this.#names.checkEnd(end);
    this.#advance(now);
    const answers: ("settled" | "stale")[] = [];
    for (const end of batch) answers.push(this.#settleOne(end));
    return answers;
  }

  /** The seq that strict order hands over next, undefined when nothing can be claimed. Books nothing. */
  nextSeq(sinkName: string, classes: readonly string[] | undefined): number | undefined {
    const sink = this.#sinks[this.#names.servedSink(sinkName)]!;
    const lane = sink.strictLane(classes === undefined ? undefined : this.#names.allowedRanks(classes));
    return lane === NONE ? undefined : sink.headSeq(lane);
  }

  /** Undoes hand-overs that could not be completed: their envelopes wait again as they did, and no attempt counts. */
  giveBack(tokens: readonly number[]): void {
    for (const token of tokens) {
      const lease = this.#leases.find(token);
      if (lease === NONE) continue;
      const sink = this.#sinks[this.#leases.sinkOf(lease)]!;
      const entry = this.#leases.entryOf(lease);
      this.#leases.end(lease);
      sink.giveBack(entry);
    }
  }

  extend(tokens: readonly number[], leaseMs: number, now: number): ("extended" | "stale")[] {
    requirePositive("leaseMs", leaseMs);
    this.#advance(now);
    return tokens.map((token) => {
      const lease = this.#leases.find(token);
      if (lease === NONE) return "stale";
      this.#leases.extend(lease, this.#now + leaseMs);
      return "extended";
    });
  }

  reclaim(now: number): ReclaimedLease[] {
    this.#advance(now);
    const ended: ReclaimedLease[] = [];
    for (;;) {
      const lease = this.#leases.firstEnded(this.#now);
      if (lease === NONE) return ended;
      ended.push(this.#endLease(lease, "the lease ran out"));
    }
  }

  /** The highest seq given. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The earliest lease end, backoff end or expiry; undefined when nothing is due. */
  nextDueAt(): number | undefined {
    let due = this.#leases.nextEnd;
    for (const sink of this.#sinks) due = Math.min(due, sink.nextDueAt);
    return due === Infinity ? undefined : due;
  }

  deadLetters(
    query: {
      readonly sink?: string | undefined;
      readonly after?: number | undefined;
      readonly limit?: number | undefined;
    },
    now: number,
  ): DeadLetter<P>[] {
    const limit = query.limit ?? 100;
    requirePositive("limit", limit);
    const only = query.sink === undefined ? undefined : this.#names.sink(query.sink);
    this.#advance(now);
    const listed: DeadLetter<P>[] = [];
    for (const [index, sink] of this.#sinks.entries()) {
      if (only !== undefined && only !== index) continue;
      for (const dead of sink.deadLetters(query.after ?? 0, limit - listed.length)) {
        const { envelope, deadAt, attempts, redriven, replaced } = dead;
        const { seq, id, key, admittedAt, payload } = envelope;
        const names = { sink: this.#names.sinkName(index), class: this.#names.className(envelope.rank) };
        listed.push({ ...names, seq, id, key, admittedAt, deadAt, attempts, redriven, replaced, payload });
      }
    }
    return listed;
  }

  redrive(sinkName: string, seqs: readonly number[], now: number): ("redriven" | "unknown")[] {
    const sink = this.#sinks[this.#names.sink(sinkName)]!;
    this.#advance(now);
    return seqs.map((seq) => (sink.redrive(seq) ? "redriven" : "unknown"));
  }

  discard(sinkName: string, seqs: readonly number[], now: number): ("discarded" | "unknown")[] {
    const sink = this.#sinks[this.#names.sink(sinkName)]!;
    this.#advance(now);
    return seqs.map((seq) => (sink.discard(seq, this.#now) ? "discarded" : "unknown"));
  }

  ledger(query: { readonly after?: number | undefined; readonly limit?: number | undefined }): readonly LedgerEntry[] {
    return this.#ledger.read(query.after, query.limit);
  }

  stats(now: number): StoreStats {
    this.#advance(now);
    this.#dedup.advance(this.#now);
    const sinks: Record<string, SinkStats> = Object.create(null);
    for (const [index, sink] of this.#sinks.entries()) {
      const name = this.#names.sinkName(index);
      const stats = sink.stats(this.#names.classNames);
      if (this.#names.isServed(name)) sinks[name] = stats;
      else if (stats.dead > 0) sinks[name] = { ...stats, removed: true };
    }
    return {
      sinks,
      admitted: this.#admitted,
      duplicates: this.#duplicates,
      full: this.#full,
      tooLarge: this.#tooLarge,
      unrouted: this.#unrouted,
      dedupIds: this.#dedup.size,
      payloadBytes: this.#payloadBytes,
      lastSeq: this.#lastSeq,
    };
  }

  // What a durable store kept ---------------------------------------------------------------------------------------

  /** The counters, to be kept. */
  keptCounters(): KeptCounters {
    const sinks: Record<string, SinkCounters> = Object.create(null);
    for (const [index, sink] of this.#sinks.entries()) {
      sinks[this.#names.sinkName(index)] = sink.tally.kept(this.#names.classNames);
    }
    const counts = { admitted: this.#admitted, duplicates: this.#duplicates, full: this.#full };
    return { ...counts, tooLarge: this.#tooLarge, unrouted: this.#unrouted, sinks };
  }

  /** Puts kept counters back; sinks that are not here any more, not even as removed ones, are left out. */
  restoreCounters(kept: KeptCounters): void {
    this.#admitted = kept.admitted;
    this.#duplicates = kept.duplicates;
    this.#full = kept.full;
    this.#tooLarge = kept.tooLarge;
    this.#unrouted = kept.unrouted;
    for (const [name, counters] of Object.entries(kept.sinks)) {
      if (this.#names.isSink(name)) {
        const { tally } = this.#sinks[this.#names.sink(name)]!;
        tally.restore(counters, (one) => this.#names.rankOrLast(one));
      }
    }
  }

  /** An id that was known when the store ended; oldest first. */
  restoreId(id: string, at: number): void {
    this.#dedup.restore(id, at);
  }

  /**
   * An envelope that sinks held when the store ended, in order of seq: before `restoreIn` is called for each of these sinks.
   * A class that is no longer configured ranks last.
   */
  restoreEnvelope(envelope: QueueEnvelope<P>, holders: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, envelope.seq);
    this.#payloadBytes += envelope.bytes;
    if (envelope.shared) this.#holders.set(envelope.seq, holders);
  }

  /** The work queue of a sink, to restore into. */
  restoreIn(sinkName: string): SinkQueue<P> {
    return this.#sinks[this.#names.sink(sinkName)]!;
  }

  /** After all was restored: what the counters say was there and was not found, by sink. */
  balance(): { readonly sink: string; readonly missing: number }[] {
    return this.#sinks.map((sink, index) => {
      const missing = sink.endRestore(this.#now).reduce((sum, count) => sum + count, 0);
      return { sink: this.#names.sinkName(index), missing };
    });
  }

  /** The rank of a class by name, the last where it is not configured. */
  rankOrLast(className: string): number {
    return this.#names.rankOrLast(className);
  }

  /** C1, C3. */
  #advance(now: number): void {
    if (now > this.#now) this.#now = now;
    for (const sink of this.#sinks) sink.advance(this.#now);
  }

  #settleOne(end: Settlement): "settled" | "stale" {
    const lease = this.#leases.find(end.token);
    if (lease === NONE) return "stale";
    const sink = this.#sinks[this.#leases.sinkOf(lease)]!;
    const entry = this.#leases.entryOf(lease);
    this.#leases.end(lease);
    if (end.result === "ack") sink.ack(entry, this.#now);
    else if (end.result === "retry") sink.retry(entry, end.delayMs, end.cause, this.#now);
    else sink.dead(entry, end.cause, this.#now);
    return "settled";
  }

  #admitOne(item: NewEnvelope<P>, rank: number): AdmitResult {
    if (this.#dedup.has(item.id)) {
      this.#duplicates += 1;
      return { status: "duplicate" };
    }
    const envelope = this.#envelopeOf(item, rank);
    const expiresAt = item.expiresAt ?? Infinity;
    this.#journal?.admitting(envelope, expiresAt);
    const { sinks } = item;
    let refusedBy: SinkRefusal[] | undefined;
    let taken = 0;
    let replaced = 0;
    for (let index = 0; index < sinks.length; index += 1) {
      const name = sinks[index]!;
      if (index > 0 && sinks.indexOf(name) < index) continue;
      const answer = this.#admitTo(this.#sinks[this.#names.sink(name)]!, envelope, expiresAt);
      if (answer >= 0) {
        taken += 1;
        replaced = Math.max(replaced, answer);
      } else {
        refusedBy ??= [];
        refusedBy.push({ sink: name, reason: answer === REFUSED_TOO_LARGE ? "too-large" : "full" });
      }
    }
    if (sinks.length !== 1) this.#release(envelope.seq, envelope.bytes, true);
    if (taken === 0 && refusedBy !== undefined) return this.#refusedByAll(refusedBy);
    if (taken === 0) this.#unrouted += 1;
    this.#admitted += 1;
    this.#lastSeq = envelope.seq;
    this.#dedup.remember(item.id, this.#now);
    this.#journal?.remembered(item.id, this.#now);
    const { seq } = envelope;
    if (replaced > 0) return { status: "coalesced", seq, replaced, ...(refusedBy && { refusedBy }) };
    return refusedBy === undefined ? { status: "admitted", seq } : { status: "admitted", seq, refusedBy };
  }

  /** A new envelope. Unless it is for one sink only, it is held by its admission until every sink was asked. */
  #envelopeOf(item: NewEnvelope<P>, rank: number): QueueEnvelope<P> {
    const seq = this.#lastSeq + 1;
    const shared = item.sinks.length !== 1;
    const bytes = this.#sizeOf(item.payload);
    this.#payloadBytes += bytes;
    if (shared) this.#holders.set(seq, 1);
    return {
      seq,
      id: item.id,
      rank,
      key: item.key,
      coalesceKey: item.key === undefined ? undefined : item.coalesceKey,
      deadOnExpiry: item.onExpiry === "dead-letter",
      admittedAt: this.#now,
      bytes,
      payload: item.payload,
      shared,
    };
  }

  #admitTo(sink: SinkQueue<P>, envelope: QueueEnvelope<P>, expiresAt: number): number {
    if (envelope.shared) this.#holders.set(envelope.seq, this.#holders.get(envelope.seq)! + 1);
    if (expiresAt <= this.#now) {
      sink.admitExpired(envelope, this.#now);
      return 0;
    }
    const answer = sink.admit(envelope, expiresAt, this.#now);
    if (answer < 0) this.#release(envelope.seq, envelope.bytes, envelope.shared);
    return answer;
  }

  #refusedByAll(refusedBy: readonly SinkRefusal[]): AdmitResult {
    if (refusedBy.every((refusal) => refusal.reason === "too-large")) {
      this.#tooLarge += 1;
      return { status: "too-large" };
    }
    this.#full += 1;
    return { status: "full" };
  }

  /** One holder of a payload lets go; the last one ends its share of the memory. */
  #release(seq: number, bytes: number, shared: boolean): void {
    if (shared) {
      const left = this.#holders.get(seq)! - 1;
      if (left > 0) {
        this.#holders.set(seq, left);
        return;
      }
      this.#holders.delete(seq);
    }
    this.#payloadBytes -= bytes;
    this.#journal?.released(seq, bytes);
  }

  #handOver(sink: SinkQueue<P>, entry: number, laneRank: number, token: number): ClaimedEnvelope<P> {
    const { entries } = sink;
    const { rows } = entries;
    const { attempt, redriven, replaced } = entries.history(entry);
    return {
      token,
      seq: rows.seq(entry),
      id: entries.id(entry),
      class: this.#names.className(rows.rank(entry)),
      laneClass: this.#names.className(laneRank),
      key: sink.key(entry),
      attempt,
      redriven,
      // A durable store may have been opened with the clock set back.
      waitedMs: Math.max(0, this.#now - rows.admittedAt(entry)),
      replaced,
      payload: entries.payload(entry),
    };
  }

  #endLease(lease: number, cause: string): ReclaimedLease {
    const index = this.#leases.sinkOf(lease);
    const entry = this.#leases.entryOf(lease);
    this.#leases.end(lease);
    const sink = this.#sinks[index]!;
    const seq = sink.entries.rows.seq(entry);
    const { attempt } = sink.entries.history(entry);
    return { sink: this.#names.sinkName(index), seq, attempt, result: sink.reclaim(entry, cause, this.#now) };
  }
}
