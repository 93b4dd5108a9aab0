/**
 * A store and the reference model on the same walk: the same verbs, every answer compared, and after each step everything
 * that can be seen of both.
 *
 *  W1 A store chooses its seqs and tokens, so they are translated: its seqs must rise strictly, its tokens must never come
 *     twice, restarts included. Everything else is equal.
 *  W2 A step is started before it is awaited: what it does, it does in the order of the calls.
 */
import assert from "node:assert/strict";
import type {
  AdmitResult,
  ClaimedEnvelope,
  ClaimOptions,
  DeadLetter,
  NewEnvelope,
  Settlement,
  SinkStats,
  Store,
  StoreConfig,
  StoreDriver,
} from "../../src/ports/store.ts";
import { ReferenceModel } from "../../src/testing/reference-model.ts";

/** A store under test, with a place of its own. */
export interface WalkedStore {
  readonly driver: StoreDriver;
  /** As `kill -9`; absent: the store keeps nothing over a restart. */
  readonly kill?: ((store: Store) => Promise<void>) | undefined;
  readonly dispose: () => Promise<void>;
}

/** A verb that was called: awaits the store's answer, compares it with the model's, and answers whether something changed. */
export type Finish = () => Promise<boolean>;

/** A seq or a token that nobody ever gave, in either numbering. */
const NEVER = 2 ** 52;
const EVERYTHING = 100_000;

/** See the top of this file. */
export class QueueWalk {
  readonly #place: WalkedStore;
  #store: Store;
  #config: StoreConfig;
  #now: number;
  #ids = 0;
  model: ReferenceModel;
  /** By the store's seq: the model's. */
  readonly #seqs = new Map<number, number>();
  /** By the model's seq: the store's. */
  readonly #storeSeqs = new Map<number, number>();
  #lastSeq = 0;
  /** The store's, among those that were handed over. */
  #highestSeen = 0;
  /** In the order in which they were given: the store's and the model's name for one lease. */
  readonly #tokens: { readonly store: number; readonly model: number }[] = [];
  readonly #everyToken = new Set<number>();
  #lastLine = 0;

  private constructor(place: WalkedStore, store: Store, config: StoreConfig, now: number) {
    this.#place = place;
    this.#store = store;
    this.#config = config;
    this.#now = now;
    this.model = new ReferenceModel(config, now);
  }

  static async begin(place: WalkedStore, config: StoreConfig, now: number): Promise<QueueWalk> {
    return new QueueWalk(place, await place.driver.open(config, now), config, now);
  }

  get now(): number {
    return this.#now;
  }

  /** Moves the clock, back as well. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** An id that was not used yet. */
  freshId(): string {
    this.#ids += 1;
    return `fresh ${this.#ids}`;
  }

  /** The model's seqs that were given, or those of its dead letters in a sink where there are any. */
  namedSeqs(sink: string): readonly number[] {
    const dead = this.model.deadLetters(sink, this.#now).map(({ seq }) => seq);
    return dead.length > 0 ? dead : [...this.#storeSeqs.keys()];
  }

  admit(batch: readonly NewEnvelope[]): Finish {
    const answer = this.#store.admit(batch, this.#now);
    const expected = this.model.admit(batch, this.#now);
    return async () => {
      const got = await answer;
      for (const [index, one] of expected.entries()) this.#learn(one, got[index]);
      assert.deepEqual(got.map(this.#inModelSeqs), expected);
      return expected.some(({ status }) => status !== "duplicate");
    };
  }

  claim(sink: string, options: ClaimOptions): Finish {
    const answer = this.#store.claim(sink, options, this.#now);
    const expected = this.model.claim(sink, options, this.#now);
    return async () => {
      const got = await answer;
      assert.deepEqual(got.map(this.#inModelSeqs).map(withoutToken), expected.map(withoutToken));
      for (const [index, { token, seq }] of got.entries()) {
        this.#highestSeen = Math.max(this.#highestSeen, seq);
        assert.ok(!this.#everyToken.has(token), `token ${token} was used before (Q6)`);
        this.#everyToken.add(token);
        this.#tokens.push({ store: token, model: expected[index]?.token ?? NEVER });
      }
      // It may answer before the admission of what it hands over is durable, so its answer promises nothing.
      return false;
    };
  }

  /** @param choices - how many leases ago; beyond what was given: one that never was */
  settle(choices: readonly number[], end: (token: number) => Settlement): Finish {
    const leases = choices.map((choice) => this.#lease(choice));
    const answer = this.#store.settle(
      leases.map(({ store }) => end(store)),
      this.#now,
    );
    const expected = this.model.settle(
      leases.map(({ model }) => end(model)),
      this.#now,
    );
    return async () => {
      assert.deepEqual(await answer, expected);
      return expected.includes("settled");
    };
  }

  extend(choices: readonly number[], leaseMs: number): Finish {
    const leases = choices.map((choice) => this.#lease(choice));
    const answer = this.#store.extend(
      leases.map(({ store }) => store),
      leaseMs,
      this.#now,
    );
    const expected = this.model.extend(
      leases.map(({ model }) => model),
      leaseMs,
      this.#now,
    );
    return async () => {
      assert.deepEqual(await answer, expected);
      return false;
    };
  }

  reclaim(): Finish {
    const answer = this.#store.reclaim(this.#now);
    const expected = this.model.reclaim(this.#now);
    return async () => {
      const got = (await answer).map(this.#inModelSeqs);
      assert.deepEqual(got.toSorted(bySinkAndSeq), expected.toSorted(bySinkAndSeq));
      // A crash ends these leases as well.
      return false;
    };
  }

  /** @param seqs - the model's */
  deadLetterAct(verb: "redrive" | "discard", sink: string, seqs: readonly number[]): Finish {
    const named = seqs.map((seq) => this.#storeSeqs.get(seq) ?? NEVER);
    const answer = this.#store[verb](sink, named, this.#now);
    const expected = this.model[verb](sink, seqs, this.#now);
    return async () => {
      assert.deepEqual(await answer, expected);
      return expected.some((one) => one !== "unknown");
    };
  }

  /** Ends the store and opens it again, perhaps otherwise configured; time has not gone back meanwhile. */
  async restart(ending: "crash" | "close", config: StoreConfig = this.#config): Promise<void> {
    if (ending === "close") await this.#store.close();
    else await this.#place.kill?.(this.#store);
    await this.#reopen(config);
    this.model.reopen(ending, config);
    assert.equal(this.#store.nextDueAt(), this.model.nextDueAt(), "nextDueAt after a start");
    if (ending === "crash") await this.#forgetDuplicates([this.model]);
  }

  /**
   * Starts several steps at once and ends the store before they are all answered. Of what was started some beginning has
   * happened, in whole steps and at least up to the last change that was answered: the walk goes on with the model that
   * agrees.
   *
   * @param turns - of the event loop between the last start and the end
   */
  async crashAmid(starts: readonly (() => Finish)[], turns: number): Promise<void> {
    // The store's own next seq is known only after it gave one in this life.
    await this.admit([{ id: this.freshId(), class: this.#className, payload: new Uint8Array(0), sinks: [] }])();
    const forks = [this.model.fork()];
    const wrong: unknown[] = [];
    let answered = 0;
    for (const [index, start] of starts.entries()) {
      const finish = start();
      this.#foretell(this.model.lastSeq);
      forks.push(this.model.fork());
      finish().then(
        (changed) => {
          if (changed) answered = index + 1;
        },
        // A verb may be cut off by the crash; what it would have answered is of no interest then.
        (error: unknown) => {
          if (error instanceof assert.AssertionError) wrong.push(error);
        },
      );
    }
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    await this.#place.kill?.(this.#store);
    const least = answered;
    if (wrong.length > 0) throw wrong[0];
    await this.#reopen(this.#config);
    for (const fork of forks) fork.reopen("crash");
    await this.#forgetDuplicates(forks);
    this.model = await this.#agreeing(forks.slice(least));
    this.#forgetBeyond(this.model.lastSeq);
  }

  /** After every step: time, counters (Q14), dead letters and ledger say the same. */
  async compare(): Promise<void> {
    const [store, now] = [this.#store, this.#now];
    assert.equal(store.nextDueAt(), this.model.nextDueAt(), "nextDueAt");
    const stats = await store.stats(now);
    const { admitted, duplicates, full, tooLarge, unrouted } = stats;
    assert.deepEqual({ admitted, duplicates, full, tooLarge, unrouted }, this.model.totals, "totals");
    assert.ok(stats.lastSeq >= this.#lastSeq, "lastSeq");
    for (const { name } of this.#config.sinks) {
      const sink = stats.sinks[name];
      assert.ok(sink !== undefined, `sink ${name}`);
      this.#compareSink(name, sink);
      const listed = await store.deadLetters({ sink: name, limit: EVERYTHING }, now);
      assert.deepEqual(
        listed.map(this.#inModelSeqs).map(toComparable),
        this.model.deadLetters(name, now).map(toComparable),
      );
    }
    assert.equal(stats.payloadBytes, heldBytes(this.model), "payload bytes, each counted once");
    await this.#compareLedger();
  }

  async end(): Promise<void> {
    await this.#store.close();
    await this.#place.dispose();
  }

  get #className(): string {
    return this.#config.classes[0]?.name ?? "";
  }

  async #reopen(config: StoreConfig): Promise<void> {
    this.#config = config;
    this.#now = Math.max(this.#now, this.model.now);
    this.#store = await this.#place.driver.open(config, this.#now);
  }

  #compareSink(name: string, sink: SinkStats): void {
    const { model } = this;
    for (const { name: className } of this.#config.classes) {
      assert.deepEqual({ ...sink.classes[className] }, { ...model.stats(name, className, this.#now) }, className);
    }
    const { admitted, acked, expired, coalesced, shed, discarded, dead, waiting, inFlight } = sink;
    assert.equal(admitted, acked + expired + coalesced + shed + discarded + dead + waiting + inFlight, "Q14");
    const { redriven, retried, reclaimed } = sink;
    assert.deepEqual({ redriven, retried, reclaimed }, model.counts(name));
    assert.equal(sink.backoffs, model.backoffs(name), "backoffs");
    const held = model.rows.filter((row) => row.sink === name && (row.place === "waiting" || row.place === "inFlight"));
    assert.equal(
      sink.bytes,
      held.reduce((sum, row) => sum + row.envelope.payload.length, 0),
      "bytes",
    );
    assert.equal(sink.lanes, new Set(held.map((row) => row.envelope.key ?? row.seq)).size, "lanes");
  }

  async #compareLedger(): Promise<void> {
    const lines = await this.#store.ledger({ limit: EVERYTHING });
    const said = ({ sink, reason, id, key }: { sink: string; reason: string; id: string; key: string | undefined }) =>
      `${sink} ${reason} ${id} ${key}`;
    assert.deepEqual(lines.map(said).toSorted(), this.model.lines.map(said).toSorted(), "ledger");
    for (const [index, line] of lines.entries()) assert.ok(line.n > (lines[index - 1]?.n ?? 0), "ledger lines rise");
    assert.ok((lines.at(-1)?.n ?? 0) >= this.#lastLine, "ledger lines are not numbered anew");
    this.#lastLine = lines.at(-1)?.n ?? this.#lastLine;
  }

  /** A duplicate changes nothing, so nothing is written for it: how many there were may be forgotten in a crash. */
  async #forgetDuplicates(models: readonly ReferenceModel[]): Promise<void> {
    const { duplicates } = await this.#store.stats(this.#now);
    for (const model of models) {
      // The store was looked at, which ends what has expired; so must the models be.
      model.knownIds(this.#now);
      model.totals.duplicates = Math.min(model.totals.duplicates, duplicates);
    }
  }

  /** The first of some models that says what the store says; if none does, the difference to the last. */
  async #agreeing(models: readonly ReferenceModel[]): Promise<ReferenceModel> {
    const differences: string[] = [];
    for (const model of models) {
      this.model = model;
      try {
        await this.compare();
        return model;
      } catch (error) {
        differences.push(error instanceof Error ? error.message : String(error));
      }
    }
    return assert.fail(`the store agrees with no beginning of what was started:\n${differences.join("\n\n")}`);
  }

  /** Seqs that were given meanwhile and whose answers may never come: within one life they follow on each other. */
  #foretell(lastSeq: number): void {
    const known = Math.max(0, ...this.#storeSeqs.keys());
    const offset = this.#lastSeq - known;
    for (let seq = known + 1; seq <= lastSeq; seq += 1) this.#name(seq + offset, seq);
  }

  /** What was foretold and has not happened; the leases of that life are over in any case. */
  #forgetBeyond(lastSeq: number): void {
    for (const [model, store] of this.#storeSeqs) {
      if (model <= lastSeq) continue;
      this.#seqs.delete(store);
      this.#storeSeqs.delete(model);
    }
    // A seq that nobody was told may be given again; one that a handler saw may not.
    this.#lastSeq = Math.max(this.#highestSeen, ...this.#seqs.keys());
    for (const [index, { store }] of this.#tokens.entries()) this.#tokens[index] = { store, model: NEVER };
  }

  #learn(expected: AdmitResult, got: AdmitResult | undefined): void {
    if (!("seq" in expected) || got === undefined || !("seq" in got)) return;
    if (this.#storeSeqs.get(expected.seq) === got.seq) return;
    assert.ok(got.seq > this.#lastSeq, `seq ${got.seq} after ${this.#lastSeq}`);
    this.#name(got.seq, expected.seq);
  }

  #name(store: number, model: number): void {
    this.#seqs.set(store, model);
    this.#storeSeqs.set(model, store);
    this.#lastSeq = Math.max(this.#lastSeq, store);
  }

  readonly #inModelSeqs = <T extends object>(one: T): T =>
    "seq" in one && typeof one.seq === "number"
      ? { ...one, seq: this.#seqs.get(one.seq) ?? `unknown ${one.seq}` }
      : one;

  #lease(choice: number): { readonly store: number; readonly model: number } {
    return this.#tokens.at(-1 - choice) ?? { store: NEVER, model: NEVER };
  }
}

function withoutToken({ token: _token, ...rest }: ClaimedEnvelope): Omit<ClaimedEnvelope, "token"> {
  return rest;
}

/** Without its payload. A lease that was over when the process died has ended by either: nothing tells which was first. */
function toComparable(letter: Omit<DeadLetter, "payload"> & { readonly payload?: Uint8Array }): object {
  const { payload: _payload, attempts, ...rest } = letter;
  const ended = new Set(["the lease ran out", "the process ended"]);
  return {
    ...rest,
    attempts: attempts.map((one) => (ended.has(one.cause) ? { ...one, cause: "its lease ended" } : one)),
  };
}

function bySinkAndSeq(x: { sink: string; seq: number }, y: { sink: string; seq: number }): number {
  return x.sink === y.sink ? x.seq - y.seq : x.sink < y.sink ? -1 : 1;
}

function heldBytes(model: ReferenceModel): number {
  const held = model.rows.filter(({ place }) => place === "waiting" || place === "inFlight" || place === "dead");
  const bySeq = new Map(held.map((row) => [row.seq, row.envelope.payload.length]));
  return [...bySeq.values()].reduce((sum, bytes) => sum + bytes, 0);
}
