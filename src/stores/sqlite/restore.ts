/**
 * From the file to a work queue that goes on where the last one ended (Q12): envelopes in order of seq, into their lanes; what
 * was in flight waits again with one attempt more; backoffs are over; ids, counters, dead letters are as they were.
 *
 * ```
 *   states ─┐
 *   flight ─┤   blocks (facts), in portions ─► envelope ─► each of its sinks: waits | was in flight | dead | gone
 *   moved  ─┘                                   with a class or sink that is configured no more: see below
 * ```
 * E1  A class that is configured no more ranks last. A sink that is configured no more keeps what it has: as dead letters, to be
 *     listed and discarded, which wait again when it is configured again.
 * E2  What the counters say was there and is not found is counted as discarded, and said.
 */
import { FRESH } from "../../core/entries.ts";
import type { QueueCore } from "../../core/queue-core.ts";
import type { KeptCounters } from "../../core/queue-counters.ts";
import type { QueueEnvelope } from "../../core/queue-envelope.ts";
import { standingOf } from "../../core/standing.ts";
import type { Blocks } from "./blocks.ts";
import { letGo } from "./bytes.ts";
import type { Link } from "./link.ts";
import type { KeptFacts, LoadedBlock, Opened } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { decodeFacts, decodeFlight, decodeState, type EnvelopeFacts, type EntryState, readIds } from "./records.ts";
import { ELSEWHERE } from "./shelf.ts";

/** The cause of an attempt that ended with its process. */
const ENDED_WITH_PROCESS = "the process ended";
const REMOVED_SINK = "the sink is not configured any more";

/** What is put together again. */
export interface RestoreTarget {
  readonly link: Link;
  readonly opened: Opened;
  readonly core: QueueCore<Uint8Array>;
  readonly outbox: Outbox;
  readonly blocks: Blocks;
  /** Sink names by their numbers in the file. */
  readonly sinkNames: ReadonlyMap<number, string>;
  readonly isConfigured: (sink: string) => boolean;
  readonly now: number;
  /** How far it is: blocks done, of how many. */
  readonly progress: (done: number, total: number, envelopes: number) => void;
}

/** Fills a work queue; answers what is to be said of losses. */
export async function restore(target: RestoreTarget): Promise<string[]> {
  const run = new Restoring(target);
  await run.loadStates();
  await run.loadIds();
  run.restoreCounters();
  await run.loadMoved();
  await run.loadBlocks();
  run.balance();
  return run.losses;
}

class Restoring {
  readonly losses: string[] = [];
  readonly #target: RestoreTarget;
  readonly #states = new Map<number, Map<number, EntryState>>();
  readonly #flight: ReadonlyMap<number, ReadonlySet<number>>;
  #moved: EnvelopeFacts[] = [];
  #blocksDone = 0;
  #envelopes = 0;

  constructor(target: RestoreTarget) {
    this.#target = target;
    const { flight } = target.opened;
    const decoded = flight === undefined || target.opened.clean ? new Map<number, Set<number>>() : decodeFlight(flight);
    if (decoded === undefined)
      this.losses.push("what was in flight is not known: attempts of the last moments don't count");
    this.#flight = decoded ?? new Map();
  }

  async loadStates(): Promise<void> {
    const { link } = this.#target;
    let damaged = 0;
    for (let [afterSeq, afterSink] = [-1, -1]; ;) {
      const rows = await link.ask({ ask: "load-states", afterSeq, afterSink });
      if (rows.length === 0) break;
      for (const { seq, sink, state } of rows) {
        [afterSeq, afterSink] = [seq, sink];
        const decoded = decodeState(state);
        if (decoded === undefined) damaged += 1;
        else this.#stateOf(seq).set(sink, decoded);
      }
    }
    if (damaged > 0) this.losses.push(`attempts and marks of ${damaged} envelopes are damaged: they wait as new ones`);
  }

  async loadIds(): Promise<void> {
    const { link, core } = this.#target;
    let damaged = 0;
    for (let after = 0; ;) {
      const pages = await link.ask({ ask: "load-ids", after });
      if (pages.length === 0) break;
      for (const { first, ids } of pages) {
        after = first;
        if (!readIds(ids, (id, at) => core.restoreId(id, at))) damaged += 1;
        letGo(ids);
      }
    }
    if (damaged > 0) this.losses.push(`${damaged} pages of known ids are damaged: duplicates of these are not found`);
  }

  restoreCounters(): void {
    const { core, opened } = this.#target;
    if (opened.kept === "") return;
    const { counters } = JSON.parse(opened.kept) as KeptFacts;
    core.restoreCounters(counters as KeptCounters);
  }

  /** Few: kept in memory, and put between the others in order of seq. */
  async loadMoved(): Promise<void> {
    const found: EnvelopeFacts[] = [];
    await this.#eachBlock(true, (block) => found.push(...this.#liveOf(block, true)));
    this.#moved = found.toSorted((a, b) => a.seq - b.seq);
  }

  async loadBlocks(): Promise<void> {
    let at = 0;
    const movedBefore = (seq: number): void => {
      for (; (this.#moved[at]?.seq ?? Infinity) < seq; at += 1) this.#restoreEnvelope(this.#moved[at]!);
    };
    await this.#eachBlock(false, (block) => {
      for (const facts of this.#liveOf(block, false)) {
        movedBefore(facts.seq);
        this.#restoreEnvelope(facts);
      }
    });
    movedBefore(Infinity);
    const { progress, opened } = this.#target;
    progress(opened.blockCount, opened.blockCount, this.#envelopes);
  }

  /** E2. */
  balance(): void {
    for (const { sink, missing } of this.#target.core.balance()) {
      if (missing > 0) this.losses.push(`${missing} events that waited for sink ${sink} are lost`);
    }
  }

  async #eachBlock(moved: boolean, take: (block: LoadedBlock) => void): Promise<void> {
    const { link, opened, progress } = this.#target;
    for (let after = 0; ;) {
      const loaded = await link.ask({ ask: "load", after, moved });
      if (loaded.length === 0) return;
      for (const block of loaded) {
        after = block.block;
        take(block);
      }
      this.#blocksDone += loaded.length;
      progress(this.#blocksDone, opened.blockCount, this.#envelopes);
    }
  }

  /** Enters a block into the index; answers the envelopes of it that are not gone. */
  #liveOf({ block, facts, contentBytes, gone }: LoadedBlock, moved: boolean): EnvelopeFacts[] {
    const { blocks } = this.#target;
    const all = decodeFacts(facts);
    letGo(facts);
    if (all === undefined) {
      this.losses.push(`block ${block} is damaged: its envelopes are lost`);
      return [];
    }
    const seqs = Float64Array.from(all, ({ seq }) => seq);
    const added = blocks.add(block, seqs, contentBytes, moved, gone);
    return all.filter(({ seq }) => blocks.holds(added, seq));
  }

  #stateOf(seq: number): Map<number, EntryState> {
    let states = this.#states.get(seq);
    if (states === undefined) {
      states = new Map();
      this.#states.set(seq, states);
    }
    return states;
  }

  #restoreEnvelope(facts: EnvelopeFacts): void {
    const { core, outbox } = this.#target;
    const { seq, admittedAt, bytes, deadOnExpiry, key, coalesceKey, shared } = facts;
    const states = this.#states.get(seq);
    if (states !== undefined) outbox.hasState(seq);
    const holders = facts.sinks.filter((sink) => states?.get(sink)?.place !== "gone");
    if (holders.length === 0) return;
    this.#envelopes += 1;
    const rank = core.rankOrLast(facts.class);
    const base = { seq, id: "", rank, key, coalesceKey, deadOnExpiry, admittedAt, bytes, payload: ELSEWHERE };
    const envelope: QueueEnvelope<Uint8Array> = { ...base, shared };
    core.restoreEnvelope(envelope, holders.length);
    for (const sink of holders) this.#restoreEntry(envelope, facts.expiresAt, sink, states?.get(sink));
  }

  #restoreEntry(
    envelope: QueueEnvelope<Uint8Array>,
    admittedExpiry: number,
    sink: number,
    state: EntryState | undefined,
  ): void {
    const { core, sinkNames, isConfigured, now } = this.#target;
    const { seq, rank } = envelope;
    const name = sinkNames.get(sink) ?? "";
    const queue = core.restoreIn(name);
    const history = state?.history ?? FRESH;
    const expiresAt = state?.expiresAt ?? admittedExpiry;
    const standing =
      state === undefined ? standingOf(rank, seq) : standingOf(core.rankOrLast(state.standingClass), state.standingSeq);
    const { redriven, replaced, failures: attempts } = history;
    if (state?.place === "dead") {
      queue.restoreDead({ envelope, standing, attempts, redriven, replaced, deadAt: state.deadAt });
    } else if (!isConfigured(name)) {
      const failures = [...attempts, { attempt: history.attempt, at: now, cause: REMOVED_SINK }];
      queue.restoreDead({ envelope, standing, attempts: failures, redriven, replaced, deadAt: now });
    } else if (this.#flight.get(sink)?.has(seq) === true) {
      queue.restoreInFlight(envelope, standing, expiresAt, history, ENDED_WITH_PROCESS, now);
    } else {
      queue.restoreWaiting(envelope, standing, expiresAt, history);
    }
  }
}
