/**
 * The work queue on disk: the rules run here, in memory (`QueueCore`); what they change is written by the disk thread.
 *
 * ```
 *   admit ──► core ──► outbox ──► group ──► disk thread ──► durable: admit is answered
 *               │
 *   claim ◄─────┘  contents: at hand (shelf), else read from disk
 * ```
 * A1  Verbs take effect when they are called, in the order of the calls; `admit`, `settle`, `redrive`, `discard` are answered when
 *     their effects are durable. An envelope may be handed over before its admission is durable: whoever offered it has
 *     no answer yet, and offers it again after a crash.
 * A2  The hand-over of an envelope that is on disk is written before it happens: an envelope that kills its process must come
 *     to an end (Q7). So is that of a new one right behind an envelope on disk that is over: or it could come back behind it (Q1).
 * A3  One group is on its way at a time, the next collects meanwhile; so the disk sets the pace, and what is done within its
 *     time never has to be written. What must not wait (A2) sends its group at once.
 * A4  While the disk is full or fails, nothing new is taken; all else goes on as far as it can.
 */
import type { QueueCore } from "../../core/queue-core.ts";
import type { ClaimedEnvelope, DeadLetter } from "../../core/queue-verbs.ts";
import { RingfirstError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  ClaimOptions,
  DeadLetterQuery,
  History,
  HistoryQuery,
  LedgerLine,
  SettledEnvelope,
  Settlement,
  Store,
} from "../../ports/store.ts";
import type { Blocks } from "./blocks.ts";
import { Compaction } from "./compaction.ts";
import type { Link } from "./link.ts";
import type { Outbox } from "./outbox.ts";
import { type Content, decodeContents } from "./records.ts";
import { ELSEWHERE, type Shelf } from "./shelf.ts";

/** Payload bytes of a group beyond which the next is sent without waiting for it. */
const GROUP_BYTES = 1 * 2 ** 20;
/** Groups on their way at most; then the outbox grows, and what is admitted waits longer for its answer. */
const MAX_OUTSTANDING = 8;
const DAMAGED = "its payload on disk is damaged";

/** What an open store is made of. */
export interface StoreParts {
  readonly core: QueueCore<Uint8Array>;
  readonly outbox: Outbox;
  readonly blocks: Blocks;
  readonly shelf: Shelf;
  readonly link: Link;
  readonly clock: Clock;
  readonly ledgerKept: number;
  readonly path: string;
  readonly nextToken: number;
  /** Settled envelopes are kept. */
  readonly keeps: boolean;
}

/** An open store on disk (see the top of this file). */
export class SqliteStore implements Store {
  readonly appliesAtOnce = true;
  readonly claimsMayWait = true;
  readonly #parts: StoreParts;
  readonly #compaction: Compaction;
  #nextToken: number;
  #now = 0;
  #scheduled = false;
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#nextToken = parts.nextToken;
    this.#compaction = new Compaction(parts.blocks, parts.link);
  }

  get history(): History | undefined {
    return this.#parts.keeps ? { list: (query) => this.#listHistory(query) } : undefined;
  }

  get trouble(): string | undefined {
    const { trouble } = this.#parts.link;
    if (trouble === undefined) return undefined;
    return trouble.kind === "full"
      ? `the store's disk is full: ${trouble.cause}`
      : `the store's disk fails: ${trouble.cause}`;
  }

  async admit(batch: Parameters<Store["admit"]>[0], now: number): ReturnType<Store["admit"]> {
    this.#requireOpen();
    this.#requireWell();
    const answers = this.#at(now).admit(batch, now);
    this.schedule();
    await this.#durable();
    return answers;
  }

  async claim(sink: string, options: ClaimOptions, now: number): Promise<readonly ClaimedEnvelope[]> {
    this.#requireOpen();
    const { outbox, core, link } = this.#parts;
    if (options.atHand === true) return this.#claimAtHand(sink, options, now);
    const claimed = this.#at(now).claim(sink, options, now);
    const last = claimed.at(-1);
    if (last === undefined) return claimed;
    this.#nextToken = last.token + 1;
    const mustWrite = outbox.mustWrite();
    if (!mustWrite && claimed.every(({ payload }) => payload !== ELSEWHERE)) return claimed;
    try {
      const sent = mustWrite ? this.#send() : 0;
      const [completed] = await Promise.all([this.#complete(claimed), link.written(sent)]);
      return this.#stillLeased(completed, options.leaseMs);
    } catch (error) {
      core.giveBack(claimed.map(({ token }) => token));
      outbox.touch();
      throw error;
    }
  }

  /** As many of the next ones as are not on disk yet. */
  #claimAtHand(sink: string, { max, leaseMs, classes }: ClaimOptions, now: number): readonly ClaimedEnvelope[] {
    const { outbox } = this.#parts;
    const core = this.#at(now);
    const taken: ClaimedEnvelope[] = [];
    while (taken.length < max && outbox.isNew(core.nextSeq(sink, classes))) {
      const [claimed] = core.claim(sink, { max: 1, leaseMs, classes }, now);
      if (claimed === undefined) break;
      this.#nextToken = claimed.token + 1;
      // A minimum share may have chosen another one.
      if (outbox.mustWrite()) {
        core.giveBack([claimed.token]);
        break;
      }
      taken.push(claimed);
    }
    return taken;
  }

  async settle(batch: readonly Settlement[], now: number): ReturnType<Store["settle"]> {
    this.#requireOpen();
    const answers = this.#at(now).settle(batch, now);
    await this.#durable();
    return answers;
  }

  async extend(tokens: readonly number[], leaseMs: number, now: number): ReturnType<Store["extend"]> {
    this.#requireOpen();
    return this.#at(now).extend(tokens, leaseMs, now);
  }

  async reclaim(now: number): ReturnType<Store["reclaim"]> {
    this.#requireOpen();
    return this.#at(now).reclaim(now);
  }

  nextDueAt(): number | undefined {
    return this.#closing === undefined ? this.#parts.core.nextDueAt() : undefined;
  }

  async stats(now: number): ReturnType<Store["stats"]> {
    this.#requireOpen();
    return this.#at(now).stats(now);
  }

  async deadLetters(query: DeadLetterQuery, now: number): Promise<readonly DeadLetter[]> {
    this.#requireOpen();
    return this.#complete(this.#at(now).deadLetters(query, now));
  }

  async redrive(sink: string, seqs: readonly number[], now: number): ReturnType<Store["redrive"]> {
    this.#requireOpen();
    const answers = this.#at(now).redrive(sink, seqs, now);
    await this.#durable();
    return answers;
  }

  async discard(sink: string, seqs: readonly number[], now: number): ReturnType<Store["discard"]> {
    this.#requireOpen();
    const answers = this.#at(now).discard(sink, seqs, now);
    await this.#durable();
    return answers;
  }

  async ledger(query: {
    readonly after?: number | undefined;
    readonly limit?: number | undefined;
  }): Promise<readonly LedgerLine[]> {
    this.#requireOpen();
    const { outbox, link, ledgerKept } = this.#parts;
    this.#send();
    const after = Math.max(query.after ?? 0, outbox.lastLine - ledgerKept);
    return await link.ask({ ask: "ledger", after, limit: query.limit ?? 100 });
  }

  async #listHistory({ key, before, limit }: HistoryQuery): Promise<readonly SettledEnvelope[]> {
    this.#requireOpen();
    this.#send();
    const from = before ?? Number.MAX_SAFE_INTEGER;
    return await this.#parts.link.ask({ ask: "history", key, before: from, limit: limit ?? 100 });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Ends it as `kill -9` would: nothing more is written, nobody is answered.
   *
   * @internal For tests of crashes.
   */
  async kill(): Promise<void> {
    this.#closing ??= Promise.resolve();
    await this.#parts.link.end();
  }

  async #close(): Promise<void> {
    const { link } = this.#parts;
    try {
      if (link.ended === undefined) {
        this.#parts.outbox.touch();
        this.#sendNow();
        await link.ask({ ask: "close" });
      }
    } finally {
      await link.end();
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new RingfirstError("RF_QUEUE_CLOSED", "the work queue is closed");
  }

  /** A4. */
  #requireWell(): void {
    const { link, path } = this.#parts;
    if (link.ended !== undefined) throw link.ended;
    const { trouble } = link;
    if (trouble === undefined) return;
    if (trouble.kind === "full") {
      const message = `the disk of ${path} is full (${trouble.cause}): nothing new is taken until there is room; deliveries go on`;
      throw new RingfirstError("RF_STORE_FULL", message, { retryable: true });
    }
    const message = `the disk of ${path} fails (${trouble.cause}): nothing new is taken until it works again`;
    throw new RingfirstError("RF_STORE_FAILING", message, { retryable: true });
  }

  /** The core, and when it was last asked. */
  #at(now: number): QueueCore<Uint8Array> {
    this.#now = Math.max(this.#now, now);
    return this.#parts.core;
  }

  // Contents --------------------------------------------------------------------------------------------------------

  /** Fills in ids and payloads that are on disk; what can't be read any more has an undefined payload there. */
  async #complete<E extends ClaimedEnvelope | DeadLetter>(envelopes: readonly E[]): Promise<E[]> {
    const { shelf, blocks, link } = this.#parts;
    const wanted = new Set<number>();
    const found = new Map<number, ReadonlyMap<number, Content | undefined>>();
    // Where each is now, and what is at hand now: both may be otherwise when the others have been read.
    const places = envelopes.map(({ seq, payload }) =>
      payload === ELSEWHERE ? blocks.blockOf(seq)?.block : undefined,
    );
    for (const block of places) {
      if (block === undefined) continue;
      const kept = shelf.block(block);
      if (kept === undefined) wanted.add(block);
      else found.set(block, kept);
    }
    if (wanted.size > 0) {
      for (const { block, contents } of await link.ask({ ask: "read", blocks: [...wanted], facts: false })) {
        const decoded = decodeContents(contents ?? new Uint8Array(0));
        found.set(block, decoded);
        if (blocks.get(block) !== undefined) shelf.keepBlock(block, decoded);
      }
    }
    return envelopes.map((envelope, at) => {
      const block = places[at];
      if (block === undefined) return envelope;
      const content = found.get(block)?.get(envelope.seq);
      return content === undefined ? envelope : { ...envelope, ...content };
    });
  }

  /** Those whose leases did not end while they were read; what can't be read is a dead letter. */
  #stillLeased(claimed: readonly ClaimedEnvelope[], leaseMs: number): ClaimedEnvelope[] {
    const { core, outbox } = this.#parts;
    const damaged = claimed.filter(({ payload }) => payload === ELSEWHERE);
    if (damaged.length > 0) {
      core.settle(
        damaged.map(({ token }) => ({ token, result: "dead", cause: DAMAGED })),
        this.#now,
      );
      outbox.touch();
    }
    const states = core.extend(
      claimed.map(({ token }) => token),
      leaseMs,
      this.#now,
    );
    return claimed.filter(({ payload }, at) => payload !== ELSEWHERE && states[at] === "extended");
  }

  // Groups ----------------------------------------------------------------------------------------------------------

  /** When all that has happened until now is durable. */
  #durable(): Promise<void> {
    const { outbox, link } = this.#parts;
    return link.durable(outbox.isDirty ? link.lastSent + 1 : link.lastSent);
  }

  /** There is something to write (A3). */
  schedule(): void {
    const { link, clock, outbox } = this.#parts;
    if (this.#scheduled || this.#closing !== undefined || !outbox.isDirty) return;
    if (link.outstanding > 0 && outbox.bytes < GROUP_BYTES) return;
    this.#scheduled = true;
    clock.defer(() => {
      this.#scheduled = false;
      if (link.outstanding < MAX_OUTSTANDING && this.#closing === undefined) this.#send();
    });
  }

  /** A group has been written: what has collected is next. */
  groupWritten(n: number): void {
    this.#parts.outbox.written(n);
    if (this.#parts.outbox.isDirty) this.schedule();
    this.#compaction.look();
  }

  /** Sends what there is; answers the number of the group that has it. */
  #send(): number {
    return this.#closing === undefined ? this.#sendNow() : this.#parts.link.lastSent;
  }

  #sendNow(): number {
    const { outbox, link, core } = this.#parts;
    const n = link.lastSent + 1;
    const moved = this.#compaction.take();
    if (!outbox.isDirty && moved.length === 0) return n - 1;
    const { lastSeq } = core;
    const group = outbox.take(n, {
      lastSeq,
      nextToken: this.#nextToken,
      now: this.#now,
      counters: core.keptCounters(),
    });
    link.send(moved.length === 0 ? group : { ...group, blocks: [...group.blocks, ...moved] });
    return n;
  }
}
