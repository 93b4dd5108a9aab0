/**
 * The gap ledger: every interval in which events may have been missed, per source, with its cause and what became of it. Sources
 * open, end and settle gaps; status, metrics and logs show them; a store that can keeps them (`ports/gap-log.ts`).
 *
 * - L1  While a service was not running its sources missed everything. Their first gaps of a run begin where the last run was
 *       surely there, or where a gap began that it left behind without an outcome.
 * - L2  A gap that ends without anybody asking has the outcome `unknowable`; so has what a run left behind.
 * - L3  That the service is there is noted only while its sources are, and no later than they have heard of their providers.
 * - L5  Who came between the last look of a run and its end was not known to it: what it did not subscribe was missed since that look.
 * - L6  What was kept and can't be read at the start is not forgotten: the first gaps say that nobody knows since when, and once it can be
 *       read, the absence is a gap of its own. Until then numbers are given from the seconds of the time on, so none is given twice.
 * - L7  A source whose provider can forget what was subscribed, without a word, is surely missed nothing only until it was asked last:
 *       where a run ended before it could ask once more, its absence begins there.
 * - L4  A gap that is found after the process stood still begins where it fell still: what it reads then is old.
 */
import { abridgeGap, findGaps, GapBook, type GapFinding, type GapOutcome } from "../core/gap.ts";
import type { GapChange, GapQuery, GapRecord } from "../core/gap.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { GapLog, KeptGaps } from "../ports/gap-log.ts";
import type { Logger } from "../ports/logger.ts";
import type { GapSummary } from "../ports/service.ts";
import type { GapReport, OpenGap } from "../ports/source.ts";
import type { Reach } from "./reach.ts";
import { type StallWatch, watchForStalls } from "./stall.ts";

const RECENT = 20;
const RECENT_TOPICS = 10;
/** So long, at most, a time without us may seem longer than it was. */
const ALIVE_EVERY_MS = 5_000;
/** A stop shorter than this is told quietly. */
const SHORT_STOP_MS = 1_000;

const NOT_ASKED = "its provider keeps nothing that could be asked for";
const FOUND_LATE = "it was found out late; where the source asks at its start, the state there was then was asked for";
const LEFT_BEHIND = "the service stopped before it was known; the next start asks for the state there is then";

/** What is told when a gap begins, ends and has its outcome. */
export interface GapListener {
  gapOpened?(gap: GapRecord): void;
  gapEnded?(gap: GapRecord): void;
  gapSettled?(gap: GapRecord): void;
}

/** The ledger of one service. */
export interface GapLedger {
  /** Reads what was kept, before any source starts. */
  load(sources: readonly string[]): Promise<void>;
  open(source: string, report: GapReport): OpenGap;
  /** The sources miss everything from here on (L3). */
  leave(): void;
  summary(): GapSummary;
  query(query: GapQuery): readonly GapRecord[];
  close(): Promise<void>;
}

/** What {@link createGapLedger} takes. */
export interface GapLedgerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: GapListener;
  /** How far the sources reach. @defaultValue always to the present */
  readonly reach?: () => Reach;
  /** Keeps the ledger. @defaultValue nothing does: it begins empty */
  readonly log?: GapLog | undefined;
}

/** A ledger; empty until it is loaded. */
export function createGapLedger(options: GapLedgerOptions): GapLedger {
  return new Ledger(options);
}

class Ledger implements GapLedger {
  readonly #options: GapLedgerOptions;
  readonly #book = new GapBook();
  readonly #outcomes: Record<GapOutcome, number> = { repaired: 0, partly: 0, unknowable: 0 };
  /** L1: where the first gaps of these sources begin. */
  readonly #resume = new Map<string, Absence>();
  /** Where the first gap of each source of this run began. */
  readonly #begun = new Map<string, number>();
  /** L6. */
  #isUnread = false;
  /** L6: topics that sources began with while it was not known what was kept. */
  readonly #begunWith = new Map<string, Set<string>>();
  /** L5: when the last run's sources looked last, and what they knew. */
  readonly #before = new Map<string, { readonly lookedAt: number; readonly topics: ReadonlySet<string> }>();
  #total = 0;
  /** Of the numbers up to that so many were never given. */
  #skipped = 0;
  #timer: Timer | undefined;
  #stalls: StallWatch | undefined;

  constructor(options: GapLedgerOptions) {
    this.#options = options;
  }

  async load(sources: readonly string[]): Promise<void> {
    const { log, clock } = this.#options;
    this.#stalls = watchForStalls(clock);
    if (log === undefined) return;
    const kept = await log.load((late) => this.#learn(late, sources));
    this.#tellDamage(kept);
    if (kept.unread !== undefined) this.#beginUnread(kept.unread);
    else this.#count(kept);
    for (const gap of kept.gaps) this.#book.apply({ kind: "opened", gap });
    for (const [source, absence] of this.#settleLeft(kept)) this.#resume.set(source, absence);
    this.#recall(kept);
    this.#note({ kind: "started", sources });
    this.#beat(log, clock);
  }

  /** L1, L2: since when nobody was there, by source. */
  #settleLeft({ gaps, sources, aliveAt, whole }: KeptGaps): ReadonlyMap<string, Absence> {
    // Ended before its first beat, a run was there at least as long as what it wrote down.
    const known = Math.max(...gaps.map(({ from, to }) => to ?? from));
    const at = aliveAt ?? (gaps.length > 0 ? known : Math.floor(this.#options.clock.now()));
    const since = new Map(sources.map((source) => [source, at]));
    for (const { n, source, from, state, topics } of gaps) {
      if (state !== "open" && state !== "asking") continue;
      if (since.has(source)) since.set(source, Math.min(since.get(source) ?? at, from));
      this.#note({ kind: "ended", n, to: at });
      this.#note({ kind: "settled", n, findings: [{ topics, outcome: "unknowable", why: LEFT_BEHIND }] });
    }
    const absences = [...since].map(([source, left]) => {
      const from = Math.min(left, whole.get(source) ?? Infinity);
      const also =
        left < at && left === from ? ", and what a gap before that hid was not known yet" : doubtOf(from, at);
      return [source, { from, awayFrom: at, also }] as const;
    });
    return new Map(absences);
  }

  /** L6. */
  #beginUnread(why: string): void {
    const { clock, logger } = this.#options;
    this.#isUnread = true;
    this.#total = Math.floor(clock.now() / 1_000);
    this.#skipped = this.#total;
    const line =
      "the gap ledger can't be read, so since when nobody was there is not known; nothing is written over it, and it is tried again every few seconds";
    logger.warn({ reason: why }, `${line}; make it readable, or move it away, and a new one is begun (${why})`);
  }

  /** L6. */
  #learn(kept: KeptGaps, sources: readonly string[]): void {
    this.#isUnread = false;
    this.#book.follow(kept);
    this.#count(kept);
    this.#note({ kind: "skipped", n: this.#skipped });
    this.#options.logger.info({ gaps: kept.gaps.length }, "the gap ledger can be read again");
    this.#tellDamage(kept);
    this.#recall(kept);
    for (const [source, absence] of this.#settleLeft(kept)) {
      const to = this.#begun.get(source);
      if (to === undefined) this.#resume.set(source, absence);
      else if (absence.from < to && sources.includes(source)) {
        this.#tellNewcomers(source, [...(this.#begunWith.get(source) ?? [])], absence.from);
        this.#tellAbsence(source, absence, to);
      }
    }
    this.#begunWith.clear();
  }

  /** L5. */
  #recall({ gaps, looked }: KeptGaps): void {
    for (const [source, lookedAt] of looked) {
      const topics = gaps.filter((gap) => gap.source === source).flatMap((gap) => gap.topics);
      this.#before.set(source, { lookedAt, topics: new Set(topics.map((topic) => topic.toLowerCase())) });
      if ((this.#book.looked.get(source) ?? -Infinity) < lookedAt)
        this.#book.apply({ kind: "looked", source, at: lookedAt });
    }
  }

  /** `#skipped` numbers of this run came before its own, and those of `kept` were among them. */
  #count({ total, skipped = 0 }: KeptGaps): void {
    this.#skipped = Math.max(0, this.#skipped - total) + skipped;
    this.#total = Math.max(this.#total, total);
  }

  /** L6. */
  #tellAbsence(source: string, absence: Absence, to: number): void {
    const { from, also } = absence;
    const { listener } = this.#options;
    this.#total += 1;
    const n = this.#total;
    const topics = ["*"];
    const cause = `the service was not running${also}; its gap ledger could be read only later`;
    const blank = { n, source, topics, topicCount: 1, cause, from, to: undefined, atStart: true, findings: [] };
    const gap = this.#note({ kind: "opened", gap: { ...blank, state: "open" } });
    this.#tellAway(source, absence, to);
    if (gap !== undefined) listener.gapOpened?.(gap);
    this.#end(n, to, true);
    this.#settle(n, [{ topics, outcome: "unknowable", why: FOUND_LATE }]);
  }

  #tellAway(source: string, { awayFrom, also }: Absence, to: number): void {
    const seconds = ((to - awayFrom) / 1_000).toFixed(0);
    const line = `${source}: nobody was there for ${seconds} s: what happened then was missed${also}`;
    this.#options.logger.warn({ source, seconds }, line);
  }

  #tellDamage({ damaged }: KeptGaps): void {
    if (damaged === 0) return;
    const line = `${damaged} parts of the gap ledger can't be read and are left out`;
    this.#options.logger.warn({ parts: damaged }, line);
  }

  #beat(log: GapLog, clock: Clock): void {
    this.#timer = clock.setTimer(ALIVE_EVERY_MS, () => {
      this.#noteReach(log, clock);
      this.#beat(log, clock);
    });
  }

  /** L3. */
  #noteReach(log: GapLog, clock: Clock): void {
    const reach = this.#options.reach?.();
    this.#noteLooks("looked", reach?.looked);
    this.#noteLooks("whole", reach?.whole);
    log.alive(Math.floor(Math.min(reach?.heardAt ?? Infinity, clock.now())));
  }

  /** Only what is newer. */
  #noteLooks(kind: "looked" | "whole", instants: ReadonlyMap<string, number> | undefined): void {
    for (const [source, instant] of instants ?? []) {
      const at = Math.floor(instant);
      if ((this.#book[kind].get(source) ?? -Infinity) < at) this.#note({ kind, source, at });
    }
  }

  open(source: string, report: GapReport): OpenGap {
    const { clock, logger, listener } = this.#options;
    const { atStart = false, topics } = report;
    const { from, cause } = this.#beginning(source, report);
    this.#total += 1;
    const n = this.#total;
    const fresh: GapRecord = {
      n,
      source,
      topics,
      topicCount: topics.length,
      cause,
      from,
      to: undefined,
      atStart,
      state: "open",
      findings: [],
    };
    const gap = this.#note({ kind: "opened", gap: fresh }) ?? fresh;
    const facts = { source, gap: n, topics: topics.length };
    if (atStart) logger.debug(facts, `${source}: ${cause}`);
    else logger.warn(facts, `${source}: events may be missed from now on: ${cause}`);
    listener.gapOpened?.(gap);
    return {
      from,
      end: (to, asking) => this.#end(n, Math.ceil(Math.min(to, clock.now())), asking !== undefined),
      settle: (findings) => this.#settle(n, findings),
      explain: (why) => this.#explain(n, why),
      withdraw: () => void this.#note({ kind: "withdrawn", n }),
    };
  }

  /** L1. */
  #beginning(source: string, report: GapReport): { readonly from: number; readonly cause: string } {
    const from = Math.floor(this.#sure(Math.min(report.from, this.#options.clock.now())));
    const resume = this.#resume.get(source);
    const isFirst = !this.#begun.has(source);
    const begun = this.#begun.get(source) ?? from;
    this.#begun.set(source, begun);
    if (this.#isUnread && report.atStart === true && from <= begun) {
      const topics = this.#begunWith.get(source) ?? new Set();
      this.#begunWith.set(source, topics);
      for (const topic of report.topics) topics.add(topic);
      return { from, cause: `the service was not running, since when is not known yet; ${report.cause}` };
    }
    if (report.atStart !== true || resume === undefined || (!isFirst && from > resume.from))
      return { from, cause: report.cause };
    if (isFirst && from - resume.awayFrom > SHORT_STOP_MS) this.#tellAway(source, resume, from);
    const since = Math.min(from, resume.from);
    this.#tellNewcomers(source, report.topics, since);
    const cause = `the service was not running${resume.also}; ${report.cause}`;
    return { from: since, cause };
  }

  /** L5. */
  #tellNewcomers(source: string, topics: readonly string[], until: number): void {
    const before = this.#before.get(source);
    const fresh = topics.filter((topic) => !topic.includes("*") && before?.topics.has(topic.toLowerCase()) === false);
    if (before === undefined || before.lookedAt >= until || fresh.length === 0) return;
    this.#total += 1;
    const n = this.#total;
    const cause =
      "not known before the service stopped: who came after its last look at people and queues was not subscribed";
    const gap = { n, source, topics: fresh, topicCount: fresh.length, cause, from: before.lookedAt, to: until };
    this.#note({ kind: "opened", gap: { ...gap, atStart: true, state: "asking", findings: [] } });
    this.#note({ kind: "settled", n, findings: [{ topics: fresh, outcome: "unknowable", why: LEFT_BEHIND }] });
  }

  /** L4. */
  #sure(from: number): number {
    return this.#stalls?.surelyRan(from) ?? from;
  }

  #end(n: number, to: number, asking: boolean): void {
    const before = this.#book.get(n);
    if (before === undefined || before.to !== undefined) return;
    const gap = this.#note({ kind: "ended", n, to });
    if (gap?.to === undefined) return;
    const { logger, listener } = this.#options;
    const { source, cause, from, atStart } = gap;
    const seconds = ((gap.to - from) / 1_000).toFixed(1);
    const line = `${source}: whole again; ${seconds} s may be missing (gap ${n}: ${cause})`;
    if (atStart) logger.debug({ source, gap: n }, line);
    else logger.info({ source, gap: n }, line);
    listener.gapEnded?.(gap);
    if (!asking) this.#settle(n, [{ topics: gap.topics, outcome: "unknowable", why: NOT_ASKED }]);
    else this.#judge(before, gap);
  }

  #explain(n: number, cause: string): void {
    const gap = this.#book.get(n);
    if (gap === undefined || gap.cause === cause) return;
    this.#note({ kind: "explained", n, cause });
    this.#options.logger.debug({ source: gap.source, gap: n }, `${gap.source}: gap ${n}: ${cause}`);
  }

  #settle(n: number, findings: readonly GapFinding[]): void {
    const before = this.#book.get(n);
    const gap = this.#note({ kind: "settled", n, findings });
    if (before !== undefined && gap !== undefined) this.#judge(before, gap);
  }

  /** Counts and tells an outcome, once. */
  #judge(before: GapRecord, gap: GapRecord): void {
    if (gap.state === "open" || gap.state === "asking" || isJudged(before)) return;
    this.#outcomes[gap.state] += 1;
    const { logger, listener } = this.#options;
    const [finding] = gap.findings;
    const why = gap.findings.length === 1 && finding !== undefined ? `: ${finding.why}` : "";
    logger.debug({ source: gap.source, gap: gap.n }, `${gap.source}: gap ${gap.n} is ${gap.state}${why}`);
    listener.gapSettled?.(gap);
  }

  #note(change: GapChange): GapRecord | undefined {
    this.#options.log?.note(change);
    return this.#book.apply(change);
  }

  leave(): void {
    this.#stalls?.stop();
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    if (this.#options.log !== undefined) this.#noteReach(this.#options.log, this.#options.clock);
  }

  summary(): GapSummary {
    const gaps = this.#book.list();
    return {
      open: gaps.filter(({ state }) => state === "open").length,
      asking: gaps.filter(({ state }) => state === "asking").length,
      total: this.#total - this.#skipped,
      outcomes: { ...this.#outcomes },
      recent: gaps.slice(-RECENT).map((gap) => abridgeGap(gap, RECENT_TOPICS)),
      trouble: this.#options.log?.trouble,
    };
  }

  query(query: GapQuery): readonly GapRecord[] {
    return findGaps(this.#book.list(), query);
  }

  async close(): Promise<void> {
    this.leave();
    // L7: the sources have asked once more while they closed.
    this.#noteLooks("whole", this.#options.reach?.().whole);
    await this.#options.log?.close();
  }
}

/** A time without service; epoch milliseconds. */
interface Absence {
  /** From then on something may have been missed (L1, L7). */
  readonly from: number;
  readonly awayFrom: number;
  /** Why it begins before that, as the end of a sentence; "": it does not. */
  readonly also: string;
}

/** L7, in words. */
function doubtOf(from: number, awayFrom: number): string {
  const seconds = Math.ceil((awayFrom - from) / 1_000);
  return from < awayFrom ? `, and of ${seconds} s before that it is not known whether all was subscribed` : "";
}

function isJudged({ state }: GapRecord): boolean {
  return state !== "open" && state !== "asking";
}
