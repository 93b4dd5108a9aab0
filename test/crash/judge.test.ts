/** The judge, by histories written by hand: one that is good, and for each promise some that break it. */
import { describe, expect, test } from "vitest";
import type { FinalSink, HistoryLine } from "./history.ts";
import { parseHistory, toLine } from "./history.ts";
import { judge } from "./judge.ts";

const OPENED: HistoryLine = { e: "opened" };
const KILLED: HistoryLine = { e: "killed" };
const CLOSED: HistoryLine = { e: "closed" };

const offered = (id: string, key: string | null = null, sinks = ["crm"]): HistoryLine => ({ e: "offered", items: [{ id, key, sinks }] }); // prettier-ignore
const answered = (id: string, seq: number): HistoryLine => ({
  e: "answered",
  items: [{ id, status: "admitted", seq, refusedBy: [] }],
});
const duplicate = (id: string): HistoryLine => ({ e: "answered", items: [{ id, status: "duplicate" }] });
const taken = (id: string, seq: number, key: string | null = null): HistoryLine[] => [offered(id, key), answered(id, seq)]; // prettier-ignore

type Handed = Extract<HistoryLine, { readonly e: "handed" }>;
const handed = (id: string, seq: number, token: number, more: Partial<Handed> = {}): HistoryLine => ({
  e: "handed",
  sink: "crm",
  id,
  seq,
  key: null,
  attempt: 1,
  token,
  redriven: 0,
  intact: true,
  ...more,
});
const ended = (token: number, result: "ack" | "retry" | "dead" = "ack"): HistoryLine => ({ e: "ended", sink: "crm", token, result }); // prettier-ignore
const settled = (token: number): HistoryLine => ({ e: "settled", sink: "crm", token });
const done = (token: number, result: "ack" | "retry" | "dead" = "ack"): HistoryLine[] => [ended(token, result), settled(token)]; // prettier-ignore

const final = (crm: Partial<FinalSink>, ledger: readonly { reason: string; id: string }[] = []): HistoryLine => ({
  e: "final",
  sinks: { crm: { admitted: 9, acked: 9, waiting: 0, inFlight: 0, dead: [], ...crm } },
  ledger: ledger.map((line) => ({ sink: "crm", ...line })),
});

const verdict = (...lines: (HistoryLine | readonly HistoryLine[])[]): string[] =>
  judge([OPENED, ...lines.flat()], { maxAttempts: 3 });

describe("the judge finds nothing in", () => {
  test("a life in which all went well, with failures, a dead letter and a line in the ledger", () => {
    const lines = [
      ...taken("a", 1, "k"),
      ...taken("b", 2, "k"),
      ...taken("c", 3),
      ...taken("d", 4),
      handed("a", 1, 1, { key: "k" }),
      ...done(1, "retry"),
      handed("a", 1, 2, { key: "k", attempt: 2 }),
      ...done(2),
      handed("b", 2, 3, { key: "k" }),
      ...done(3),
      handed("c", 3, 4),
      ...done(4, "dead"),
      final({ admitted: 4, acked: 2, dead: [{ id: "c", seq: 3, attempts: 1 }] }, [{ reason: "coalesced", id: "d" }]),
    ];
    expect(verdict(lines)).toEqual([]);
  });

  test("a delivery that was cut off and comes again as the next attempt", () => {
    const again = [KILLED, OPENED, handed("a", 1, 2, { attempt: 2 }), ...done(2), final({})];
    expect(verdict(taken("a", 1), handed("a", 1, 1), again)).toEqual([]);
    expect(verdict(taken("a", 1), handed("a", 1, 1), ended(1), again), "its end was not taken").toEqual([]);
  });

  test("a claim that was on disk before the handler had it: the first delivery that is seen is attempt 2", () => {
    expect(verdict(taken("a", 1), KILLED, OPENED, handed("a", 1, 2, { attempt: 2 }), done(2), final({}))).toEqual([]);
  });

  test("a delivery that a clean stop gave back: the same attempt once more", () => {
    expect(verdict(taken("a", 1), handed("a", 1, 1), CLOSED, OPENED, handed("a", 1, 2), done(2), final({}))).toEqual(
      [],
    );
  });

  test("an offer without an answer, there or not, and offered again", () => {
    expect(verdict(offered("a"), KILLED, OPENED, final({}))).toEqual([]);
    expect(verdict(offered("a"), KILLED, OPENED, handed("a", 1, 1), done(1), final({}))).toEqual([]);
    const again = [offered("a"), duplicate("a"), handed("a", 1, 1), ...done(1), final({})];
    expect(verdict(offered("a"), KILLED, OPENED, again)).toEqual([]);
  });

  test("an offer that a handler saw before its admission was on disk: lost, made again, and begun anew", () => {
    const again = [offered("a"), answered("a", 5), handed("a", 5, 2), ...done(2), final({})];
    expect(verdict(offered("a"), handed("a", 1, 1), KILLED, OPENED, again)).toEqual([]);
  });
});

describe("the judge finds that", () => {
  test("what was admitted is lost: never delivered, cut off, failed, or after a duplicate's answer", () => {
    const lost = expect.stringMatching(/^P1: a in crm was admitted and is lost/) as string;
    expect(verdict(taken("a", 1), final({}))).toEqual([lost]);
    expect(verdict(taken("a", 1), handed("a", 1, 1), KILLED, OPENED, final({}))).toEqual([lost]);
    expect(verdict(taken("a", 1), handed("a", 1, 1), done(1, "retry"), final({}))).toEqual([lost]);
    expect(verdict(offered("a"), KILLED, OPENED, offered("a"), duplicate("a"), final({}))).toEqual([lost]);
  });

  test("one of two sinks has lost it", () => {
    const lines = [offered("a", null, ["crm", "log"]), answered("a", 1), handed("a", 1, 1), ...done(1)];
    const both: HistoryLine = {
      e: "final",
      sinks: {
        crm: { admitted: 1, acked: 1, waiting: 0, inFlight: 0, dead: [] },
        log: { admitted: 1, acked: 0, waiting: 0, inFlight: 0, dead: [] },
      },
      ledger: [{ sink: "crm", reason: "shed", id: "a" }],
    };
    expect(verdict(lines, both)).toEqual([expect.stringMatching(/^P1: a in log was admitted and is lost/)]);
  });

  test("it is not done at the end, that somebody was handed what nobody offered, and bytes that are others", () => {
    expect(verdict(final({ waiting: 1 }))).toEqual([expect.stringMatching(/^P1: crm has 1 waiting/)]);
    expect(verdict(handed("x", 1, 1))).toEqual([expect.stringMatching(/^P1: crm was handed x/)]);
    expect(verdict(offered("a", null, ["log"]), handed("a", 1, 1))).toEqual([
      expect.stringMatching(/^P1: crm was handed/),
    ]);
    expect(verdict(taken("a", 1), handed("a", 1, 1, { intact: false }))).toEqual([
      expect.stringMatching(/^P1: the payload/),
    ]);
  });

  test("a key goes back: within a life, over a crash, and under another key than it was admitted for", () => {
    const two = [...taken("a", 1, "k"), ...taken("b", 2, "k")];
    const b = [handed("b", 2, 1, { key: "k" }), ...done(1)];
    const back = [expect.stringMatching(/^P2: a \(seq 1\) of key k in crm after b \(seq 2\)/)];
    expect(verdict(two, b, handed("a", 1, 2, { key: "k" }))).toEqual(back);
    expect(verdict(two, b, KILLED, OPENED, handed("a", 1, 2, { key: "k" }))).toEqual(back);
    expect(verdict(taken("a", 1, "k"), handed("a", 1, 1, { key: "l" }))).toEqual([expect.stringMatching(/^P2: a was/)]);
  });

  test("an end that a later one of its key had followed was lost in the crash", () => {
    const lines = [...taken("a", 1, "k"), ...taken("b", 2, "k"), handed("a", 1, 1, { key: "k" }), ended(1)];
    const after = [handed("b", 2, 2, { key: "k" }), KILLED, OPENED, handed("a", 1, 3, { key: "k", attempt: 2 })];
    expect(verdict(lines, after)).toEqual([expect.stringMatching(/^P2: a \(seq 1\) of key k in crm after b/)]);
  });

  test("two of one key are out at once", () => {
    const two = [...taken("a", 1, "k"), ...taken("b", 2, "k"), handed("a", 1, 1, { key: "k" })];
    expect(verdict(two, handed("b", 2, 2, { key: "k" }))).toEqual([
      expect.stringMatching(/^P2: .* while a \(seq 1\) is out/),
    ]);
  });

  test("a delivery comes again without cause", () => {
    const first = [...taken("a", 1), handed("a", 1, 1)];
    const again = handed("a", 1, 2, { attempt: 1 });
    expect(verdict(first, again)).toEqual([
      expect.stringMatching(/^P5: a came to crm again without cause \(still out\)/),
    ]);
    expect(verdict(first, ended(1), again)).toEqual([
      expect.stringMatching(/^P5: a came to crm again without cause \(ack\)/),
    ]);
  });

  test("a delivery comes again after its end was taken, even over a crash", () => {
    const first = [...taken("a", 1), handed("a", 1, 1), ...done(1), KILLED, OPENED];
    const expected = [expect.stringMatching(/^P5: a came to crm again after the store had taken its end/)];
    expect(verdict(first, handed("a", 1, 2, { attempt: 2 }))).toEqual(expected);
  });

  test.each([
    ["a first delivery is not attempt 1", [handed("a", 1, 1, { attempt: 2 })], "is attempt 2, expected 1"],
    [
      "a failure was not counted",
      [handed("a", 1, 1), ...done(1, "retry"), handed("a", 1, 2)],
      "is attempt 1, expected 2",
    ],
    ["a crash was not counted", [handed("a", 1, 1), KILLED, OPENED, handed("a", 1, 2)], "is attempt 1, expected 2"],
    [
      "a crash was counted twice",
      [handed("a", 1, 1), KILLED, OPENED, handed("a", 1, 2, { attempt: 3 })],
      "is attempt 3, expected 2",
    ],
    [
      "a clean stop was counted",
      [handed("a", 1, 1), CLOSED, OPENED, handed("a", 1, 2, { attempt: 2 })],
      "is attempt 2, expected 1",
    ],
    [
      "there are more attempts than allowed",
      [handed("a", 1, 1), KILLED, OPENED, handed("a", 1, 2, { attempt: 2 }), KILLED, OPENED, KILLED, OPENED, handed("a", 1, 3, { attempt: 4 })], // prettier-ignore
      "is attempt 4, expected 3",
    ],
  ])("%s", (_, lines, text) => {
    expect(verdict(taken("a", 1), lines)).toEqual([`P5: a in crm ${text}`]);
  });

  test("a dead letter was given up too early, or was acknowledged before", () => {
    const letter = { dead: [{ id: "a", seq: 1, attempts: 2 }] };
    const failed = [...taken("a", 1), handed("a", 1, 1), ...done(1, "retry"), handed("a", 1, 2, { attempt: 2 })];
    expect(verdict(failed, done(2, "retry"), final(letter))).toEqual(["P5: a in crm was given up after 2 attempts"]);
    expect(verdict(failed, done(2), final({ dead: [{ id: "a", seq: 1, attempts: 3 }] }))).toEqual([
      "P5: a in crm was acknowledged and is a dead letter",
    ]);
  });

  test("an id was taken twice, a seq or a token given twice, a seq changed, an old token taken, a lease lost", () => {
    expect(verdict(taken("a", 1), KILLED, OPENED, taken("a", 2))).toEqual(["Q11: a was taken a second time, as seq 2"]);
    expect(verdict(taken("a", 2), taken("b", 2))).toEqual(["Q6: seq 2 of b came after 2"]);
    const two = [...taken("a", 1), ...taken("b", 2)];
    expect(verdict(two, handed("a", 1, 1), handed("b", 2, 1))).toEqual(["Q6: token 1 was given twice, now for b"]);
    expect(verdict(two, handed("a", 1, 1), handed("b", 1, 2))).toEqual([
      "Q6: seq 1 was given to a and to b",
      "Q6: b had seq 2 and has 1 now",
    ]);
    expect(verdict({ e: "fenced", taken: 1 })).toEqual(["Q6: 1 tokens of earlier lives were taken for good"]);
    expect(verdict({ e: "stale", sink: "crm", token: 7 })).toEqual([expect.stringMatching(/^P5: the lease 7/)]);
  });

  test("counters have forgotten what was answered", () => {
    const lines = [...taken("a", 1), handed("a", 1, 1), ...done(1)];
    expect(verdict(lines, final({ admitted: 0, acked: 0 }))).toEqual([
      "Q14: crm counts 0 admitted, 1 were answered",
      "Q14: crm counts 0 acknowledged, 1 were answered",
    ]);
  });
});

test("a line that was cut off was not said", () => {
  const text = toLine(OPENED) + toLine(settled(1)) + toLine(settled(2)).slice(0, 9);
  expect(parseHistory(text)).toEqual([OPENED, settled(1)]);
});
