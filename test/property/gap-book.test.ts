import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GapBook, type GapChange, type GapFinding, type GapOutcome, type GapState } from "../../src/core/gap.ts";

const TOPICS = ["a", "b", "c"];
const topics = fc.uniqueArray(fc.constantFrom(...TOPICS), { minLength: 1 });
const outcome = fc.constantFrom<GapOutcome>("repaired", "partly", "unknowable");
const finding = fc.record({ topics, outcome, why: fc.constantFrom("x", "y") });
const number = fc.integer({ min: 1, max: 6 });
const act = fc.oneof(
  fc.record({ kind: fc.constant("open" as const), topics, from: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant("ended" as const), n: number, to: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constant("settled" as const), n: number, findings: fc.array(finding, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant("withdrawn" as const), n: number }),
);

/** A gap the plain way: a finding for each topic, one by one. */
interface Plain {
  readonly topics: readonly string[];
  readonly from: number;
  to: number | undefined;
  readonly found: Map<string, { readonly outcome: GapOutcome; readonly why: string }>;
}

function stateOf({ topics: all, to, found }: Plain): GapState {
  if (to === undefined) return "open";
  if (all.some((topic) => !found.has(topic))) return "asking";
  const outcomes = all.map((topic) => found.get(topic)?.outcome);
  return outcomes.every((one) => one === outcomes[0]) ? (outcomes[0] ?? "unknowable") : "partly";
}

function byTopic(findings: readonly GapFinding[]): Record<string, string> {
  const pairs = findings.flatMap((one) => one.topics.map((topic) => [topic, `${one.outcome} ${one.why}`] as const));
  // Each topic stands in one finding.
  expect(new Set(pairs.map(([topic]) => topic)).size).toBe(pairs.length);
  return Object.fromEntries(pairs);
}

describe("the book of gaps", () => {
  test("says what a plain list of topics, each with its last finding, says; and reads the same from its changes", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const book = new GapBook();
        const model = new Map<number, Plain>();
        const changes: GapChange[] = [];
        let total = 0;
        for (const one of acts) {
          if (one.kind === "open") {
            total += 1;
            model.set(total, { topics: one.topics, from: one.from, to: undefined, found: new Map() });
            const gap = {
              source: "s",
              topics: one.topics,
              topicCount: one.topics.length,
              cause: "cut",
              from: one.from,
            };
            changes.push({
              kind: "opened",
              gap: { ...gap, n: total, to: undefined, atStart: false, state: "open", findings: [] },
            });
          } else {
            const plain = model.get(one.n);
            changes.push(one);
            if (one.kind === "withdrawn") model.delete(one.n);
            if (one.kind === "ended" && plain !== undefined) plain.to ??= Math.max(plain.from, one.to);
            if (one.kind === "settled" && plain !== undefined)
              for (const { topics: about, ...found } of one.findings)
                for (const topic of about) if (plain.topics.includes(topic)) plain.found.set(topic, found);
          }
          const last = changes.at(-1);
          if (last !== undefined) book.apply(last);
        }
        const shown = book.list().map(({ n, to, state, findings }) => ({ n, to, state, found: byTopic(findings) }));
        const wanted = [...model].map(([n, plain]) => {
          const found = [...plain.found].map(([topic, one]) => [topic, `${one.outcome} ${one.why}`] as const);
          return { n, to: plain.to, state: stateOf(plain), found: Object.fromEntries(found) };
        });
        expect(shown).toEqual(wanted);
        expect(book.total).toBe(total);

        // What is kept on disk is either the changes, or the gaps as they stand.
        const replayed = new GapBook();
        for (const change of changes) replayed.apply(change);
        const rewritten = new GapBook();
        for (const gap of book.list()) rewritten.apply({ kind: "opened", gap });
        expect(replayed.list()).toEqual(book.list());
        expect(rewritten.list()).toEqual(book.list());
      }),
    );
  });

  test("never holds more than it may; what is open outlives what is asking, and that what has an outcome", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (acts, limit) => {
        const book = new GapBook({ gaps: limit, topics: 5 });
        const rank = { open: 2, asking: 1, repaired: 0, partly: 0, unknowable: 0 };
        let total = 0;
        for (const one of acts) {
          if (one.kind !== "open") {
            book.apply(one);
            continue;
          }
          const before = book.list();
          total += 1;
          const gap = { source: "s", topics: one.topics, topicCount: one.topics.length, cause: "cut", from: one.from };
          book.apply({
            kind: "opened",
            gap: { ...gap, n: total, to: undefined, atStart: false, state: "open", findings: [] },
          });
          const after = new Set(book.list().map(({ n }) => n));
          expect(after.has(total)).toBe(true);
          expect(after.size).toBeLessThanOrEqual(limit);
          const named = book.list().reduce((sum, each) => sum + each.topics.length, 0);
          expect(named).toBeLessThanOrEqual(Math.max(5, one.topics.length));
          const gone = before.filter(({ n }) => !after.has(n));
          const kept = before.filter(({ n }) => after.has(n));
          for (const lost of gone)
            for (const left of kept) expect(rank[left.state]).toBeGreaterThanOrEqual(rank[lost.state]);
        }
      }),
    );
  });

  test("that takes in an older one reads as one book to which everything happened in order", () => {
    const change = (one: typeof act extends fc.Arbitrary<infer T> ? T : never, n: number): GapChange => {
      if (one.kind !== "open") return { ...one, n };
      const gap = { source: "s", topics: one.topics, topicCount: one.topics.length, cause: "cut", from: one.from };
      return { kind: "opened", gap: { ...gap, n, to: undefined, atStart: false, state: "open", findings: [] } };
    };
    const life = (from: number) =>
      fc.array(fc.tuple(act, fc.integer({ min: from, max: from + 5 })).map(([one, n]) => change(one, n)));
    const looks = fc.array(
      fc.record({
        kind: fc.constantFrom("looked" as const, "whole" as const),
        source: topics.map(([one = ""]) => one),
        at: number,
      }),
    );
    fc.assert(
      fc.property(
        life(1),
        looks,
        life(10),
        looks,
        fc.integer({ min: 1, max: 20 }),
        (before, seen, after, seenAfter, most) => {
          const limits = { gaps: 20, topics: most };
          const [older, newer, both] = [new GapBook(), new GapBook(), new GapBook()];
          for (const each of [...before, ...seen]) older.apply(each);
          for (const each of [...after, ...seenAfter]) newer.apply(each);
          for (const each of [...before, ...seen, ...after, ...seenAfter]) both.apply(each);
          newer.follow({ gaps: older.list(), looked: older.looked });
          const byNumber = (book: GapBook) => book.list().toSorted((one, other) => one.n - other.n);
          expect(byNumber(newer)).toEqual(byNumber(both));
          expect(new Map(newer.looked)).toEqual(new Map(both.looked));
          // Its bound on topics holds too; the newest gap alone, which names three at most here, may be beyond it.
          const small = new GapBook(limits);
          for (const each of after) small.apply(each);
          small.follow({ gaps: older.list(), looked: older.looked });
          const named = small.list().reduce((sum, each) => sum + each.topics.length, 0);
          expect(named).toBeLessThanOrEqual(Math.max(most, 3));
        },
      ),
    );
  });
});
