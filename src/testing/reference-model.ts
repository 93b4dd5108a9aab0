/**
 * The reference model of the work queue: slow, obvious, and written from the rules (Q1 to Q14) alone. Arrays and linear
 * scans, one row per envelope and sink. Property tests drive a real store and this model with the same verbs and compare
 * every answer. It knows strict order only: shares (Q3) leave a store some freedom, so they are checked by their bounds.
 *
 * It is durable in the plainest way: `reopen` says what a restart does to it (Q12), and `fork` makes a second one to go on
 * from the same state, for histories of which only a beginning may have reached the disk.
 */
import type {
  AdmitResult,
  ClaimedEnvelope,
  ClaimOptions,
  ClassStats,
  DeadAttempt,
  DeadLetter,
  LedgerLine,
  LedgerReason,
  NewEnvelope,
  ReclaimedLease,
  Settlement,
  SinkRefusal,
  StoreConfig,
} from "../ports/store.ts";

/** Where a row is. */
type Place = "waiting" | "inFlight" | "dead" | "acked" | "expired" | "coalesced" | "shed" | "discarded";

/** One envelope in one sink. */
export interface Row {
  readonly envelope: NewEnvelope;
  readonly sink: string;
  /** Sink and key; without key, sink and seq. */
  readonly lane: string;
  readonly seq: number;
  readonly admittedAt: number;
  place: Place;
  /** The pair (class rank, seq) of Q2. */
  standing: readonly [number, number];
  expiresAt: number;
  attempt: number;
  redriven: number;
  replaced: number;
  attempts: DeadAttempt[];
  token: number;
  leaseEnd: number;
  deadAt: number;
}

/** A line as the model writes it: what ended, where and why. */
export type ModelLine = Omit<LedgerLine, "n">;

const before = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const best = (standings: readonly (readonly [number, number])[]): readonly [number, number] =>
  standings.reduce((least, standing) => (before(standing, least) ? standing : least), [Infinity, Infinity]);

/** What the model counts of the whole store, named as in `StoreStats`. */
export interface ModelTotals {
  admitted: number;
  duplicates: number;
  full: number;
  tooLarge: number;
  unrouted: number;
}

/** What the model counts of one sink beside its rows, named as in `SinkStats`. */
export interface ModelCounts {
  redriven: number;
  retried: number;
  reclaimed: number;
}

/** The model (see the top of this file); each verb as in the store port, but synchronous. */
export class ReferenceModel {
  readonly rows: Row[] = [];
  readonly lines: ModelLine[] = [];
  readonly refused: { readonly sink: string; readonly class: string }[] = [];
  readonly totals: ModelTotals = { admitted: 0, duplicates: 0, full: 0, tooLarge: 0, unrouted: 0 };
  readonly #counts = new Map<string, ModelCounts>();
  readonly #backoffs = new Map<string, number>();
  #config: StoreConfig;
  #known: { readonly id: string; readonly at: number }[] = [];
  #now: number;
  #seq = 0;
  #token = 0;

  constructor(config: StoreConfig, now: number) {
    this.#config = config;
    this.#now = now;
  }

  /** A second model in the same state; what happens to one does not happen to the other. */
  fork(): ReferenceModel {
    const twin = new ReferenceModel(this.#config, this.#now);
    twin.rows.push(...this.rows.map((row) => ({ ...row, attempts: [...row.attempts] })));
    twin.lines.push(...this.lines);
    twin.refused.push(...this.refused);
    Object.assign(twin.totals, this.totals);
    for (const [sink, counts] of this.#counts) twin.#counts.set(sink, { ...counts });
    for (const [lane, until] of this.#backoffs) twin.#backoffs.set(lane, until);
    twin.#known = [...this.#known];
    twin.#seq = this.#seq;
    twin.#token = this.#token;
    return twin;
  }

  admit(batch: readonly NewEnvelope[], now: number): AdmitResult[] {
    this.#advance(now);
    return batch.map((envelope) => {
      this.#forgetIds();
      if (this.#known.some((known) => known.id === envelope.id)) {
        this.totals.duplicates += 1;
        return { status: "duplicate" };
      }
      const refusedBy: SinkRefusal[] = [];
      const replaced: number[] = [0];
      const sinks = [...new Set(envelope.sinks)];
      for (const sink of sinks) {
        const answer = this.#admitTo(sink, envelope);
        if (typeof answer === "number") replaced.push(answer);
        else {
          refusedBy.push({ sink, reason: answer });
          this.refused.push({ sink, class: envelope.class });
          const { id, class: own, key } = envelope;
          this.lines.push({ at: this.#now, sink, reason: "refused", seq: undefined, id, class: own, key });
        }
      }
      if (sinks.length > 0 && refusedBy.length === sinks.length) {
        const tooLarge = refusedBy.every(({ reason }) => reason === "too-large");
        this.totals[tooLarge ? "tooLarge" : "full"] += 1;
        return { status: tooLarge ? "too-large" : "full" };
      }
      this.totals.admitted += 1;
      if (sinks.length === 0) this.totals.unrouted += 1;
      this.#seq += 1;
      this.#known.push({ id: envelope.id, at: this.#now });
      const most = Math.max(...replaced);
      const refusals = refusedBy.length > 0 ? { refusedBy } : {};
      if (most > 0) return { status: "coalesced", seq: this.#seq, replaced: most, ...refusals };
      return { status: "admitted", seq: this.#seq, ...refusals };
    });
  }

  /** Q11. */
  #forgetIds(): void {
    const { windowMs, maxCount } = this.#config.dedup;
    this.#known = this.#known.filter((known) => this.#now < known.at + windowMs);
    this.#known = this.#known.slice(Math.max(0, this.#known.length - maxCount));
  }

  /** How many ids are remembered. */
  knownIds(now: number): number {
    this.#advance(now);
    this.#forgetIds();
    return this.#known.length;
  }

  #admitTo(sink: string, envelope: NewEnvelope): number | "full" | "too-large" {
    const row = this.#newRow(sink, envelope);
    if (row.expiresAt <= this.#now) {
      this.rows.push(row);
      this.#expire(row);
      return 0;
    }
    const { maxEvents, maxBytes } = this.#sink(sink).limits;
    if (envelope.payload.byteLength > maxBytes) return "too-large";
    const replaced = this.#replacedBy(row);
    row.standing = best([row.standing, ...replaced.map((old) => old.standing)]);
    row.replaced = replaced.reduce((sum, old) => sum + old.replaced + 1, 0);
    // A trial on paper: `left` is what would still wait.
    let left = this.#waiting(sink).filter((other) => !replaced.includes(other));
    const mates = left.filter((other) => other.lane === row.lane);
    const newcomerRank = best([row.standing, ...mates.map((mate) => mate.standing)])[0];
    const inFlight = this.rows.filter((other) => other.sink === sink && other.place === "inFlight");
    const shed: Row[] = [];
    const bytesOf = (rows: readonly Row[]): number => rows.reduce((sum, { envelope: e }) => sum + e.payload.length, 0);
    while (
      left.length + inFlight.length + 1 > maxEvents ||
      bytesOf(left) + bytesOf(inFlight) + bytesOf([row]) > maxBytes
    ) {
      const victim = this.#victim(left, newcomerRank);
      if (victim === undefined) return "full";
      shed.push(victim);
      left = left.filter((other) => other !== victim);
    }
    this.rows.push(row);
    for (const old of replaced) this.#end(old, "coalesced");
    for (const old of shed) this.#end(old, "shed");
    return replaced.length;
  }

  #newRow(sink: string, envelope: NewEnvelope): Row {
    const seq = this.#seq + 1;
    const standing = [this.#rank(envelope.class), seq] as const;
    const fresh = { attempt: 1, redriven: 0, replaced: 0, attempts: [], token: 0, leaseEnd: Infinity, deadAt: 0 };
    const expiresAt = envelope.expiresAt ?? Infinity;
    const lane = JSON.stringify([sink, envelope.key ?? seq]);
    return { envelope, sink, lane, seq, admittedAt: this.#now, place: "waiting", standing, expiresAt, ...fresh };
  }

  /** Q9. */
  #replacedBy(row: Row): Row[] {
    const { key, coalesceKey } = row.envelope;
    if (key === undefined || coalesceKey === undefined) return [];
    const mates = this.#waiting(row.sink).filter((other) => other.envelope.key === key);
    const transitions = mates.filter((other) => other.envelope.coalesceKey === undefined).map((other) => other.seq);
    const barrier = Math.max(0, ...transitions);
    return mates.filter((other) => other.envelope.coalesceKey === coalesceKey && other.seq > barrier);
  }

  /** Q10: whom to shed among `left` for a newcomer of this class. */
  #victim(left: readonly Row[], newcomerRank: number): Row | undefined {
    const ranked = left.map((row) => ({ row, rank: this.#laneStanding(row, left)[0] }));
    const sheddable = ranked.filter(({ rank }) => rank >= newcomerRank && !this.#config.classes[rank]?.neverShed);
    const least = Math.max(...sheddable.map(({ rank }) => rank));
    const candidates = sheddable.filter(({ rank }) => rank === least).map(({ row }) => row);
    return candidates.toSorted((a, b) => a.seq - b.seq)[0];
  }

  claim(sink: string, options: ClaimOptions, now: number): ClaimedEnvelope[] {
    this.#advance(now);
    const claimed: ClaimedEnvelope[] = [];
    while (claimed.length < options.max) {
      const head = this.claimable(sink, options.classes)[0];
      if (head === undefined) break;
      claimed.push(this.handOver(head, options.leaseMs));
    }
    return claimed;
  }

  /** Hands this row over, whether or not it is the next (a share may have chosen another lane, Q3). */
  handOver(head: Row, leaseMs: number): ClaimedEnvelope {
    const laneClass = this.laneClass(head);
    this.#token += 1;
    Object.assign(head, { place: "inFlight", token: this.#token, leaseEnd: this.#now + leaseMs });
    const { seq, attempt, redriven, replaced, token, envelope } = head;
    const { id, key, payload, class: own } = envelope;
    const waitedMs = this.#now - head.admittedAt;
    return { token, seq, id, class: own, laneClass, key, attempt, redriven, waitedMs, replaced, payload };
  }

  /** The lane class of a waiting row's lane. */
  laneClass(row: Row): string {
    return this.#config.classes[this.#laneStanding(row, this.#waiting(row.sink))[0]]?.name ?? "";
  }

  /** Heads of the claimable lanes, best lane first (Q1, Q2). */
  claimable(sink: string, classes?: readonly string[]): Row[] {
    const open = [...Map.groupBy(this.#waiting(sink), (row) => row.lane)].filter(
      ([lane]) => !this.#backoffs.has(lane) && !this.rows.some((row) => row.place === "inFlight" && row.lane === lane),
    );
    return open
      .map(([, rows]) => ({
        head: rows.toSorted((a, b) => a.seq - b.seq)[0],
        standing: best(rows.map((r) => r.standing)),
      }))
      .filter(
        ({ standing }) => classes === undefined || classes.includes(this.#config.classes[standing[0]]?.name ?? ""),
      )
      .toSorted((a, b) => (before(a.standing, b.standing) ? -1 : 1))
      .flatMap(({ head }) => head ?? []);
  }

  settle(batch: readonly Settlement[], now: number): ("settled" | "stale")[] {
    this.#advance(now);
    return batch.map((settlement) => {
      const row = this.#leased(settlement.token);
      if (row === undefined) return "stale";
      if (settlement.result === "ack") {
        row.place = "acked";
        this.#forgetEmptyLane(row);
      } else if (settlement.result === "dead") {
        this.#die(row, settlement.cause);
      } else if (this.#failed(row, settlement.cause) === "waiting") {
        this.counts(row.sink).retried += 1;
        if (settlement.delayMs > 0) this.#backoffs.set(row.lane, this.#now + settlement.delayMs);
      }
      return "settled";
    });
  }

  extend(tokens: readonly number[], leaseMs: number, now: number): ("extended" | "stale")[] {
    this.#advance(now);
    return tokens.map((token) => {
      const row = this.#leased(token);
      if (row === undefined) return "stale";
      row.leaseEnd = this.#now + leaseMs;
      return "extended";
    });
  }

  reclaim(now: number): ReclaimedLease[] {
    this.#advance(now);
    const ended = this.rows.filter((row) => row.place === "inFlight" && row.leaseEnd <= this.#now);
    return ended.map((row) => {
      const { sink, seq, attempt } = row;
      this.counts(sink).reclaimed += 1;
      return { sink, seq, attempt, result: this.#failed(row, "the lease ran out") };
    });
  }

  /**
   * What the end of its process and a new start do to a durable store (Q12): leases end, after a clean close without being
   * counted, and backoffs are over. The configuration may be another one.
   */
  reopen(ending: "crash" | "close", config: StoreConfig = this.#config): void {
    const before = this.#config.classes;
    this.#config = config;
    for (const row of this.rows) {
      const [rank, seq] = row.standing;
      // A standing is of a class by name; where the name is gone, or was, it ranks last.
      row.standing = [this.#rank(before[rank]?.name ?? row.envelope.class), seq];
      if (row.place !== "inFlight") continue;
      if (ending === "close") row.place = "waiting";
      else {
        this.counts(row.sink).reclaimed += 1;
        this.#failed(row, "the process ended");
      }
    }
    for (const { name } of config.sinks) this.#boundDead(name);
    this.#backoffs.clear();
  }

  nextDueAt(): number | undefined {
    const leases = this.rows.filter((row) => row.place === "inFlight").map((row) => row.leaseEnd);
    const expiries = this.rows.filter((row) => row.place === "waiting").map((row) => row.expiresAt);
    const due = Math.min(...leases, ...expiries, ...this.#backoffs.values());
    return due === Infinity ? undefined : due;
  }

  deadLetters(sink: string, now: number): Omit<DeadLetter, "payload">[] {
    this.#advance(now);
    return this.#dead(sink).map((row) => {
      const { seq, admittedAt, deadAt, attempts, redriven, replaced, envelope } = row;
      const { id, key, class: own } = envelope;
      return { sink, seq, id, class: own, key, admittedAt, deadAt, attempts: [...attempts], redriven, replaced };
    });
  }

  redrive(sink: string, seqs: readonly number[], now: number): ("redriven" | "unknown")[] {
    this.#advance(now);
    return seqs.map((seq) => {
      const row = this.#dead(sink).find((dead) => dead.seq === seq);
      if (row === undefined) return "unknown";
      Object.assign(row, { place: "waiting", attempt: 1, redriven: row.redriven + 1, expiresAt: Infinity });
      this.counts(sink).redriven += 1;
      return "redriven";
    });
  }

  discard(sink: string, seqs: readonly number[], now: number): ("discarded" | "unknown")[] {
    this.#advance(now);
    return seqs.map((seq) => {
      const row = this.#dead(sink).find((dead) => dead.seq === seq);
      if (row === undefined) return "unknown";
      this.#end(row, "discarded");
      return "discarded";
    });
  }

  /** Counters by own class (Q14 by construction: each row is in one place). */
  stats(sink: string, className: string, now: number): ClassStats {
    this.#advance(now);
    const mine = this.rows.filter((row) => row.sink === sink && row.envelope.class === className);
    const count = (place: Place): number => mine.filter((row) => row.place === place).length;
    const waiting = mine.filter((row) => row.place === "waiting");
    return {
      admitted: mine.length,
      acked: count("acked"),
      expired: count("expired"),
      coalesced: count("coalesced"),
      shed: count("shed"),
      refused: this.refused.filter((one) => one.sink === sink && one.class === className).length,
      discarded: count("discarded"),
      dead: count("dead"),
      waiting: waiting.length,
      inFlight: count("inFlight"),
      oldestAdmittedAt: waiting.toSorted((a, b) => a.seq - b.seq)[0]?.admittedAt,
    };
  }

  /** What is counted of a sink beside its rows. */
  counts(sink: string): ModelCounts {
    const counts = this.#counts.get(sink) ?? { redriven: 0, retried: 0, reclaimed: 0 };
    this.#counts.set(sink, counts);
    return counts;
  }

  /** Lanes of a sink in backoff. */
  backoffs(sink: string): number {
    return [...this.#backoffs.keys()].filter((lane) => lane.startsWith(`[${JSON.stringify(sink)},`)).length;
  }

  /** The highest seq that it gave. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** The latest time that it was told. */
  get now(): number {
    return this.#now;
  }

  /** Time stands still rather than going back; what has expired ends first (Q8); backoffs end at their time (Q7). */
  #advance(now: number): void {
    this.#now = Math.max(this.#now, now);
    for (const row of this.rows) if (row.place === "waiting" && row.expiresAt <= this.#now) this.#expire(row);
    for (const [lane, until] of this.#backoffs) if (until <= this.#now) this.#backoffs.delete(lane);
  }

  #expire(row: Row): void {
    if (row.envelope.onExpiry === "dead-letter") this.#bury(row);
    else this.#end(row, "expired");
  }

  /** A failed attempt of any kind; the last one kills (Q7). */
  #failed(row: Row, cause: string): "waiting" | "dead" {
    if (row.attempt >= this.#sink(row.sink).maxAttempts) {
      this.#die(row, cause);
      return "dead";
    }
    row.attempts.push({ attempt: row.attempt, at: this.#now, cause });
    row.attempt += 1;
    row.place = "waiting";
    return "waiting";
  }

  #die(row: Row, cause: string): void {
    row.attempts.push({ attempt: row.attempt, at: this.#now, cause });
    this.#bury(row);
  }

  #bury(row: Row): void {
    row.place = "dead";
    row.deadAt = this.#now;
    this.#forgetEmptyLane(row);
    this.#boundDead(row.sink);
  }

  #boundDead(sink: string): void {
    const dead = this.#dead(sink);
    for (const over of dead.slice(0, Math.max(0, dead.length - this.#config.deadLetters.maxCount))) {
      this.#end(over, "discarded", "bound");
    }
  }

  #end(row: Row, place: "expired" | "coalesced" | "shed" | "discarded", reason: LedgerReason = place): void {
    row.place = place;
    const { sink, seq, envelope } = row;
    const { id, class: own, key } = envelope;
    this.lines.push({ at: this.#now, sink, reason, seq, id, class: own, key });
    this.#forgetEmptyLane(row);
  }

  /** A backoff ends when nothing of its lane is left (Q7). */
  #forgetEmptyLane(row: Row): void {
    const left = this.rows.some(
      (other) => (other.place === "waiting" || other.place === "inFlight") && other.lane === row.lane,
    );
    if (!left) this.#backoffs.delete(row.lane);
  }

  #waiting(sink: string): Row[] {
    return this.rows.filter((row) => row.sink === sink && row.place === "waiting");
  }

  #dead(sink: string): Row[] {
    return this.rows.filter((row) => row.sink === sink && row.place === "dead").toSorted((a, b) => a.seq - b.seq);
  }

  #leased(token: number): Row | undefined {
    return this.rows.find((row) => row.place === "inFlight" && row.token === token);
  }

  #laneStanding(row: Row, waiting: readonly Row[]): readonly [number, number] {
    return best(waiting.filter((other) => other.lane === row.lane).map((other) => other.standing));
  }

  /** A class that is not configured any more ranks last, with the last that is. */
  #rank(className: string): number {
    const rank = this.#config.classes.findIndex((entry) => entry.name === className);
    return rank < 0 ? this.#config.classes.length - 1 : rank;
  }

  #sink(name: string): StoreConfig["sinks"][number] {
    const sink = this.#config.sinks.find((entry) => entry.name === name);
    if (sink === undefined) throw new Error(`the model has no sink ${name}`);
    return sink;
  }
}
