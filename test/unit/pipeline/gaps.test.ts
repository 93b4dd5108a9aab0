import { describe, expect, test } from "vitest";
import { GapBook, type GapChange, type GapRecord } from "../../../src/core/gap.ts";
import { createGapLedger } from "../../../src/pipeline/gaps.ts";
import type { Reach } from "../../../src/pipeline/reach.ts";
import type { GapLog, KeptGaps } from "../../../src/ports/gap-log.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createLogSpy } from "../../support/log-spy.ts";

const EMPTY: KeptGaps = {
  gaps: [],
  total: 0,
  sources: [],
  looked: new Map(),
  whole: new Map(),
  aliveAt: undefined,
  damaged: 0,
};

/** What a gap log was told. */
function logOf(kept: KeptGaps) {
  const noted: GapChange[] = [];
  const alive: number[] = [];
  let late: ((kept: KeptGaps) => void) | undefined;
  const log: GapLog = {
    async load(whenLate) {
      late = whenLate;
      return kept;
    },
    note: (change) => noted.push(change),
    alive: (at) => alive.push(at),
    trouble: undefined,
    close: async () => undefined,
  };
  return { log, noted, alive, readLate: (later: KeptGaps) => late?.(later) };
}

function ledger(kept?: KeptGaps, reach?: () => Reach) {
  const clock = createFakeClock(10_000);
  const told: string[] = [];
  const logger = createLogSpy();
  const kit = kept && logOf(kept);
  const gaps = createGapLedger({
    clock,
    logger,
    listener: {
      gapOpened: (gap) => told.push(`open ${gap.n}`),
      gapEnded: (gap) => told.push(`end ${gap.n}`),
      gapSettled: (gap) => told.push(`${gap.state} ${gap.n}`),
    },
    log: kit?.log,
    ...(reach && { reach }),
  });
  const { noted = [], alive = [], readLate = () => undefined } = kit ?? {};
  return { clock, told, gaps, logger, noted, alive, readLate };
}

const TOPIC = "v2.users.u1.presence";
const OTHER = "v2.users.u1.station";
const report = (from: number, topics: readonly string[] = [TOPIC]) => ({ topics, cause: "socket closed (1006)", from });

describe("the gap ledger", () => {
  test("keeps each interval with its cause, and ends it once", () => {
    const { gaps, told } = ledger();
    const open = gaps.open("main", report(9_000));
    expect(gaps.summary()).toMatchObject({
      open: 1,
      total: 1,
      recent: [{ n: 1, source: "main", from: 9_000, to: undefined, state: "open" }],
    });
    open.end(9_500);
    open.end(9_900);
    expect(gaps.query({})).toEqual([
      {
        n: 1,
        source: "main",
        topics: [TOPIC],
        topicCount: 1,
        cause: "socket closed (1006)",
        from: 9_000,
        to: 9_500,
        atStart: false,
        state: "unknowable",
        findings: [{ topics: [TOPIC], outcome: "unknowable", why: expect.stringContaining("keeps nothing") as string }],
      },
    ]);
    expect(told).toEqual(["open 1", "end 1", "unknowable 1"]);
  });

  test("a gap that is asked about has its outcome when every topic has one, and the worst counts", () => {
    const { gaps, told } = ledger();
    const open = gaps.open("main", report(9_000, [TOPIC, OTHER]));
    open.end(10_000, "asking");
    expect(gaps.summary()).toMatchObject({ open: 0, asking: 1 });
    open.settle([{ topics: [TOPIC], outcome: "repaired", why: "the state is known again" }]);
    expect(gaps.query({ state: "asking" })).toHaveLength(1);
    open.settle([{ topics: [OTHER], outcome: "unknowable", why: "nothing to ask for" }]);
    expect(gaps.summary()).toMatchObject({ asking: 0, outcomes: { repaired: 0, partly: 1, unknowable: 0 } });
    // A second look may change a finding; the outcome is counted and told once.
    open.settle([{ topics: [OTHER], outcome: "repaired", why: "the state is known again" }]);
    expect(gaps.query({})).toMatchObject([{ state: "repaired", findings: [{ topics: [TOPIC, OTHER] }] }]);
    expect(told).toEqual(["open 1", "end 1", "partly 1"]);
  });

  test("what was found before the end counts at the end", () => {
    const { gaps, told } = ledger();
    const open = gaps.open("main", report(9_000));
    open.settle([{ topics: [TOPIC], outcome: "repaired", why: "known" }]);
    expect(gaps.query({ state: "open" })).toHaveLength(1);
    open.end(10_000, "asking");
    expect(told).toEqual(["open 1", "end 1", "repaired 1"]);
  });

  test("a gap that is taken back is in the book no more, and its number is not given again", () => {
    const { gaps } = ledger();
    gaps.open("main", report(1)).withdraw();
    gaps.open("main", report(2));
    expect(gaps.query({}).map(({ n }) => n)).toEqual([2]);
  });

  test("an interval never ends before it began and never begins in the future, whatever the clocks say", () => {
    const { gaps } = ledger();
    gaps.open("main", report(50_000)).end(1);
    expect(gaps.query({})[0]).toMatchObject({ from: 10_000, to: 10_000 });
  });

  test("is bounded: gaps with an outcome go first, open ones stay, the total goes on counting", () => {
    const { gaps } = ledger();
    gaps.open("main", report(1));
    for (let at = 0; at < 1_500; at += 1) gaps.open("main", report(at)).end(at + 1);
    const kept = gaps.query({ limit: 5_000 });
    expect(kept.length).toBe(1_000);
    expect(kept[0]?.to).toBeUndefined();
    expect(gaps.summary()).toMatchObject({ open: 1, total: 1_501 });
  });

  test("the overview names ten topics of a gap, the query all", () => {
    const { gaps } = ledger();
    const topics = Array.from({ length: 50 }, (_, at) => `v2.users.u${at}.presence`);
    gaps.open("main", report(1, topics)).end(2);
    expect(gaps.summary().recent[0]).toMatchObject({ topicCount: 50, topics: topics.slice(0, 10) });
    expect(gaps.query({})[0]?.topics).toHaveLength(50);
  });

  test("is asked by source, state, time and topic; patterns of a gap stand for their topics", () => {
    const { gaps } = ledger();
    gaps.open("a", report(1_000, ["v2.users.{*}.presence"])).end(2_000);
    gaps.open("b", report(3_000, ["*"])).end(4_000);
    gaps.open("a", report(5_000, [OTHER]));
    const numbers = (query: Parameters<typeof gaps.query>[0]): number[] => gaps.query(query).map(({ n }) => n);
    expect(numbers({ source: "a" })).toEqual([1, 3]);
    expect(numbers({ state: "open" })).toEqual([3]);
    expect(numbers({ since: 2_000 })).toEqual([2, 3]);
    expect(numbers({ topic: "v2.users.U9.presence" })).toEqual([1, 2]);
    expect(numbers({ topic: OTHER })).toEqual([2, 3]);
    expect(numbers({ limit: 1 })).toEqual([3]);
    expect(numbers({ limit: 0 })).toEqual([]);
  });
});

describe("a ledger that is kept", () => {
  const starting = (from: number) => ({ ...report(from), cause: "not connected yet", atStart: true });

  test("a time without the service is a gap of each of its sources, from when it was surely there", async () => {
    const { gaps, logger } = ledger({ ...EMPTY, total: 4, sources: ["main"], aliveAt: 3_000 });
    await gaps.load(["main", "other"]);
    expect(gaps.open("main", starting(10_000)).from).toBe(3_000);
    // New in this run: it missed nothing before.
    expect(gaps.open("other", starting(10_000)).from).toBe(10_000);
    expect(gaps.query({})).toMatchObject([
      { n: 5, source: "main", from: 3_000, cause: "the service was not running; not connected yet" },
      { n: 6, source: "other", from: 10_000, cause: "not connected yet" },
    ]);
    expect(logger.text()).toContain("nobody was there for 7 s");
  });

  test("gaps that name topics more exactly take over the beginning; later ones of the run do not", async () => {
    const { gaps } = ledger({ ...EMPTY, sources: ["main"], aliveAt: 3_000 });
    await gaps.load(["main"]);
    const lookUp = gaps.open("main", starting(10_000));
    expect(gaps.open("main", starting(lookUp.from)).from).toBe(3_000);
    lookUp.withdraw();
    expect(gaps.open("main", { ...starting(9_000), cause: "newly found" })).toMatchObject({ from: 9_000 });
    expect(gaps.query({}).map(({ cause }) => cause)).toEqual([
      "the service was not running; not connected yet",
      "newly found",
    ]);
  });

  test("what the last run left open or asking is ended, and the first gap of this one goes back to it", async () => {
    const blank = { n: 0, source: "main", topics: [TOPIC], topicCount: 1, cause: "cut", atStart: false, findings: [] };
    const left = (n: number, over: Partial<GapRecord>): GapRecord => {
      return { ...blank, n, from: 1_000, to: undefined, state: "open", ...over };
    };
    const asking = left(1, { to: 1_500, state: "asking" });
    const open = left(2, { from: 2_000 });
    const kept = { ...EMPTY, gaps: [asking, open], total: 2, sources: ["main"], aliveAt: 3_000 };
    const { gaps, noted, logger } = ledger(kept);
    await gaps.load(["main"]);
    expect(gaps.query({})).toMatchObject([
      { n: 1, to: 1_500, state: "unknowable" },
      { n: 2, to: 3_000, state: "unknowable" },
    ]);
    expect(gaps.open("main", starting(10_000)).from).toBe(1_000);
    expect(gaps.query({}).at(-1)?.cause).toContain("and what a gap before that hid was not known yet");
    expect(logger.text()).toContain("nobody was there for 7 s");
    expect(noted.at(-2)).toEqual({ kind: "started", sources: ["main"] });
  });

  test("a run that ended before its first sign of life was there as long as its gaps say", async () => {
    const blank = { source: "main", topics: [TOPIC], topicCount: 1, cause: "not connected yet", atStart: true };
    const first: GapRecord = { ...blank, n: 1, from: 5_000, to: 6_000, state: "unknowable", findings: [] };
    const second: GapRecord = { ...first, n: 2, from: 5_500, to: 5_600 };
    const { gaps, logger } = ledger({ ...EMPTY, gaps: [first, second], total: 2, sources: ["main"] });
    await gaps.load(["main"]);
    expect(gaps.open("main", starting(10_000))).toMatchObject({ from: 6_000 });
    expect(logger.text()).toContain("nobody was there for 4 s");
  });

  test("a first run has nothing behind it", async () => {
    const { gaps, logger } = ledger(EMPTY);
    await gaps.load(["main"]);
    expect(gaps.open("main", starting(10_000)).from).toBe(10_000);
    expect(logger.text()).not.toContain("nobody was there");
  });

  test("it notes to have been there no later than its sources heard of their providers, and what they looked up", async () => {
    // The clock has fractions of milliseconds; what is noted has none, and is noted once.
    let reach: Reach = { heardAt: 12_000, looked: new Map([["main", 11_000.25]]), whole: new Map() };
    const { gaps, clock, alive, noted } = ledger(EMPTY, () => reach);
    await gaps.load(["main"]);
    await clock.advance(5_000);
    await clock.advance(5_000);
    reach = { heardAt: 21_000, looked: new Map([["main", 16_000]]), whole: new Map() };
    gaps.leave();
    // A socket that died in silence before a stop was blind since its last sign of life, not since the stop.
    expect(alive).toEqual([12_000, 12_000, 20_000]);
    expect(noted.filter(({ kind }) => kind === "looked")).toEqual([
      { kind: "looked", source: "main", at: 11_000 },
      { kind: "looked", source: "main", at: 16_000 },
    ]);
  });

  test("where a run ended before its subscriptions were asked for once more, its absence begins when they were last whole", async () => {
    const kept = { ...EMPTY, sources: ["main", "other"], aliveAt: 7_000 };
    const { gaps, logger } = ledger({ ...kept, whole: new Map([["main", 3_500]]) });
    await gaps.load(["main", "other"]);
    expect(gaps.open("main", starting(10_000)).from).toBe(3_500);
    expect(gaps.query({ source: "main" })[0]?.cause).toBe(
      "the service was not running, and of 4 s before that it is not known whether all was subscribed; not connected yet",
    );
    expect(logger.text()).toContain("nobody was there for 3 s");
    expect(gaps.open("other", starting(10_000)).from).toBe(7_000);
  });

  test("a run that asked once more while it stopped is missed from its stop on", async () => {
    let whole = new Map([["main", 6_000]]);
    const { gaps, noted } = ledger(EMPTY, () => ({ heardAt: 10_000, looked: new Map(), whole }));
    await gaps.load(["main"]);
    gaps.leave();
    whole = new Map([["main", 10_000]]);
    await gaps.close();
    expect(noted.filter(({ kind }) => kind === "whole")).toEqual([
      { kind: "whole", source: "main", at: 6_000 },
      { kind: "whole", source: "main", at: 10_000 },
    ]);
    const next = ledger({ ...EMPTY, sources: ["main"], aliveAt: 9_000, whole });
    await next.gaps.load(["main"]);
    expect(next.gaps.open("main", starting(10_000)).from).toBe(9_000);
    expect(next.gaps.query({})[0]?.cause).toBe("the service was not running; not connected yet");
  });

  test("a run whose sources say nothing of it is not held against what an earlier one said", async () => {
    const kept = { ...EMPTY, sources: ["main"], aliveAt: 9_000, whole: new Map([["main", 1_000]]) };
    const { gaps, noted, clock } = ledger(kept, () => ({ heardAt: Infinity, looked: new Map(), whole: new Map() }));
    await gaps.load(["main"]);
    await clock.advance(10_000);
    await gaps.close();
    // What a file of these changes says of it at the next start.
    const book = new GapBook();
    book.apply({ kind: "whole", source: "main", at: 1_000 });
    for (const change of noted) book.apply(change);
    expect(book.whole.size).toBe(0);
  });

  test("who came after the last look of the run before was missed since then, and is named", async () => {
    const about = { n: 1, source: "main", topics: [TOPIC], topicCount: 1, cause: "x", from: 1, to: 2, atStart: true };
    const known: GapRecord = {
      ...about,
      state: "repaired",
      findings: [{ topics: [TOPIC], outcome: "repaired", why: "y" }],
    };
    const looked = new Map([["main", 2_000]]);
    const { gaps } = ledger({ ...EMPTY, gaps: [known], total: 1, sources: ["main"], looked, aliveAt: 3_000 });
    await gaps.load(["main"]);
    const lookUp = gaps.open("main", { ...starting(10_000), topics: ["v2.users.{*}.presence"] });
    gaps.open("main", { ...starting(lookUp.from), topics: [TOPIC.toUpperCase(), OTHER] });
    lookUp.withdraw();
    expect(gaps.query({}).slice(1)).toMatchObject([
      { n: 3, topics: [OTHER], from: 2_000, to: 3_000, state: "unknowable" },
      { n: 4, topics: [TOPIC.toUpperCase(), OTHER], from: 3_000, to: undefined },
    ]);
  });

  test("it notes that it is there every five seconds, for the last time when its sources are let go", async () => {
    const { gaps, clock, alive } = ledger(EMPTY);
    await gaps.load(["main"]);
    await clock.advance(12_000);
    expect(alive).toEqual([15_000, 20_000]);
    gaps.leave();
    await clock.advance(60_000);
    await gaps.close();
    expect(alive).toEqual([15_000, 20_000, 22_000]);
  });

  describe("and could not be read at the start", () => {
    const UNREAD: KeptGaps = { ...EMPTY, unread: "EIO: i/o error" };
    const blank = { source: "main", topics: [TOPIC], topicCount: 1, cause: "cut", atStart: false, findings: [] };
    const old: GapRecord = { ...blank, n: 1, from: 1_000, to: undefined, state: "open" };

    test("is told with what to do, and the first gaps say that it is not known since when nobody was there", async () => {
      const { gaps, logger, clock } = ledger(UNREAD);
      await gaps.load(["main"]);
      expect(logger.text()).toMatch(/can't be read.*nothing is written over it.*move it away.*EIO: i\/o error/u);
      expect(logger.text()).toMatch(/is tried again/u);
      const lookUp = gaps.open("main", starting(10_000));
      gaps.open("main", starting(10_000));
      await clock.advance(500);
      gaps.open("main", { ...starting(10_500), cause: "newly found" });
      lookUp.withdraw();
      expect(gaps.query({}).map(({ cause, from }) => [cause, from])).toEqual([
        ["the service was not running, since when is not known yet; not connected yet", 10_000],
        ["newly found", 10_500],
      ]);
    });

    test("declares the absence once it can be read, back to the last run's sign of life or open gap; who came before it is named", async () => {
      const { gaps, told, clock, readLate, noted } = ledger(UNREAD);
      await gaps.load(["main", "quiet", "other"]);
      gaps.open("main", starting(10_000)).end(10_000);
      gaps.open("other", { ...starting(10_000), topics: [TOPIC, OTHER] }).end(10_000);
      await clock.advance(7_000);
      const looked = new Map([["other", 2_500]]);
      const settled = [{ topics: [TOPIC], outcome: "repaired" as const, why: "x" }];
      const known: GapRecord = { ...old, n: 2, source: "other", to: 1_500, state: "repaired", findings: settled };
      readLate({
        ...EMPTY,
        gaps: [old, known],
        total: 3,
        sources: ["main", "quiet", "other", "gone"],
        looked,
        aliveAt: 3_000,
      });
      const why = expect.stringContaining("found out late") as string;
      const findings = [{ topics: ["*"], outcome: "unknowable", why }];
      const cause = (also: string): string =>
        `the service was not running${also}; its gap ledger could be read only later`;
      const left = cause(", and what a gap before that hid was not known yet");
      expect(gaps.query({})).toMatchObject([
        { ...old, to: 3_000, state: "unknowable", findings: [{}] },
        known,
        { source: "main", from: 10_000 },
        { source: "other", from: 10_000 },
        { source: "main", topics: ["*"], cause: left, from: 1_000, to: 10_000, findings },
        { source: "other", topics: [OTHER], from: 2_500, to: 3_000, state: "unknowable" },
        { source: "other", topics: ["*"], cause: cause(""), from: 3_000, to: 10_000, findings },
      ]);
      const { n = 0 } = gaps.query({}).at(-1) ?? {};
      expect(told.slice(-3)).toEqual([`open ${n}`, `end ${n}`, `unknowable ${n}`]);
      expect(noted.filter(({ kind }) => kind === "opened")).toHaveLength(5);
      // One that has not begun yet begins where it would have.
      expect(gaps.open("quiet", starting(17_000)).from).toBe(3_000);
      expect(gaps.open("other", starting(17_000)).from).toBe(17_000);
    });

    test("gives no number twice, and counts none that was not given", async () => {
      const { gaps, readLate, noted } = ledger(UNREAD);
      await gaps.load(["main"]);
      gaps.open("main", starting(10_000));
      const [{ n } = { n: 0 }] = gaps.query({});
      expect(n).toBeGreaterThan(9);
      expect(gaps.summary().total).toBe(1);
      const skipped = 2;
      readLate({ ...EMPTY, gaps: [{ ...old, to: 2_000 }], total: 9, skipped, sources: ["main"], aliveAt: 3_000 });
      expect(gaps.query({}).map((gap) => gap.n)).toEqual([1, n, n + 1]);
      expect(gaps.summary().total).toBe(9 - skipped + 2);
      // Nor does a later run.
      const told = noted.findLast((change) => change.kind === "skipped");
      const next = ledger({ ...EMPTY, total: n + 1, skipped: told?.n ?? 0 });
      await next.gaps.load(["main"]);
      expect(next.gaps.summary().total).toBe(9);
    });
  });
});
