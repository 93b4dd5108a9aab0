/** The list of questions against a plain model: a row for each thing that somebody waits for. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type QuestionKind, QuestionList, RANK } from "../../src/core/reconcile-list.ts";
import { checkProperty } from "../support/check-property.ts";

interface Row {
  readonly kind: QuestionKind;
  readonly id: string;
  rank: number;
  /** When it came to its rank. */
  place: number;
  readonly waiters: Set<string>;
}

const kinds = ["conversation", "people", "search-users", "search-queues", "numbers"] as const;
const add = fc.record({
  act: fc.constant("add" as const),
  kind: fc.constantFrom(...kinds),
  id: fc.constantFrom("a", "b", "A"),
  rank: fc.constantFrom(...Object.values(RANK)),
  asker: fc.constantFrom("gap 1", "gap 2"),
  topics: fc.array(fc.constantFrom("t1", "t2", "t3"), { maxLength: 3 }),
});
const act = fc.oneof({ weight: 3, arbitrary: add }, { weight: 1, arbitrary: fc.constant({ act: "take" as const }) });

const name =
  "the most urgent comes first, the same thing is asked once, and whoever waits is told which of its topics are new";
test(name, () =>
  checkProperty(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const list = new QuestionList<string>();
      let rows: Row[] = [];
      acts.forEach((one, place) => {
        if (one.act === "add") {
          const { kind, rank, asker, topics } = one;
          const id = one.id.toLowerCase();
          let row = rows.find((each) => each.kind === kind && each.id === id);
          if (row === undefined) rows.push((row = { kind, id, rank, place, waiters: new Set() }));
          if (rank < row.rank) Object.assign(row, { rank, place });
          const known = row.waiters;
          const fresh = [...new Set(topics)].filter((topic) => !known.has(`${asker} ${topic}`));
          for (const topic of fresh) known.add(`${asker} ${topic}`);
          expect(list.add({ ...one })).toEqual(fresh);
        } else {
          const first = rows.toSorted((a, b) => a.rank - b.rank || a.place - b.place)[0];
          const most = first?.kind === "conversation" ? 1 : 50;
          const wanted = rows
            .filter(({ kind, rank }) => kind === first?.kind && rank === first.rank)
            .toSorted((a, b) => a.place - b.place)
            .slice(0, most);
          rows = rows.filter((row) => !wanted.includes(row));
          const taken = list.take();
          expect(taken.map(({ kind, id, rank }) => [kind, id.toLowerCase(), rank])).toEqual(
            wanted.map(({ kind, id, rank }) => [kind, id, rank]),
          );
          const waiting = taken.map(({ waiters }) =>
            [...waiters].flatMap(([asker, some]) => [...some].map((topic) => `${asker} ${topic}`)),
          );
          expect(waiting.map((some) => new Set(some))).toEqual(wanted.map(({ waiters }) => waiters));
        }
        expect(list.size).toBe(rows.length);
      });
    }),
    { file: "test/property/reconcile-list.test.ts", test: name, numRuns: 1_000 },
  ),
);
