import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createJudge, type Judge, type ProducedEvent, type Verdict } from "../../../src/cli/demo/judge.ts";

const SOCKETS = ["s1"];

function event(n: number, key: string, extra: Partial<ProducedEvent> = {}): ProducedEvent {
  return { n, topic: `v2.users.${key}.presence`, key, hash: `h${n}`, sockets: SOCKETS, ...extra };
}

function judgeAll(judge: Judge): Verdict {
  judge.judge(judge.pendingCount);
  return judge.verdict();
}

/** Ten events of two keys, as they were produced. */
const TEN = Array.from({ length: 10 }, (_, index) => event(index + 1, index % 2 === 0 ? "a" : "b"));

describe("the demo's judge", () => {
  test("finds nothing where everything arrived in order", () => {
    const judge = createJudge();
    judge.produced(TEN);
    for (const entry of TEN) judge.delivered(entry);
    expect(judgeAll(judge)).toEqual({
      produced: 10,
      sent: 10,
      delivered: 10,
      outstanding: 0,
      duplicates: 0,
      unknown: 0,
      orderViolations: 0,
    });
  });

  test("finds a planted loss and names it", () => {
    const judge = createJudge();
    judge.produced(TEN);
    for (const entry of TEN.filter(({ n }) => n !== 4)) judge.delivered(entry);
    expect(judgeAll(judge)).toMatchObject({ delivered: 9, outstanding: 1 });
    expect(judge.missing(5)).toEqual([event(4, "b")]);
  });

  test("counts a body altered on the way as lost, and what came instead as unknown", () => {
    const judge = createJudge();
    judge.produced(TEN);
    for (const entry of TEN) judge.delivered(entry.n === 7 ? { ...entry, hash: "other" } : entry);
    expect(judgeAll(judge)).toMatchObject({ delivered: 9, outstanding: 1, unknown: 1, duplicates: 0 });
  });

  test("finds a planted swap within a key", () => {
    const judge = createJudge();
    judge.produced(TEN);
    const swapped = [...TEN];
    [swapped[2], swapped[4]] = [TEN[4] as ProducedEvent, TEN[2] as ProducedEvent];
    for (const entry of swapped) judge.delivered(entry);
    expect(judgeAll(judge)).toMatchObject({ outstanding: 0, orderViolations: 1 });
  });

  test("lets different keys overtake each other", () => {
    const judge = createJudge();
    judge.produced(TEN);
    for (const key of ["b", "a"]) for (const entry of TEN.filter((one) => one.key === key)) judge.delivered(entry);
    expect(judgeAll(judge).orderViolations).toBe(0);
  });

  test("finds a planted duplicate", () => {
    const judge = createJudge();
    judge.produced(TEN);
    for (const entry of [...TEN, event(10, "b")]) judge.delivered(entry);
    expect(judgeAll(judge)).toMatchObject({ delivered: 10, duplicates: 1, unknown: 0 });
  });

  test("takes two equal events of the ledger as two, in their order", () => {
    const judge = createJudge();
    const twice = [event(1, "a", { hash: "same" }), event(2, "a", { hash: "same" })];
    judge.produced(twice);
    judge.delivered(event(1, "a", { hash: "same" }));
    expect(judgeAll(judge)).toMatchObject({ delivered: 1, outstanding: 1, duplicates: 0 });
    judge.delivered(event(2, "a", { hash: "same" }));
    expect(judgeAll(judge)).toMatchObject({ delivered: 2, outstanding: 0, duplicates: 0, orderViolations: 0 });
  });

  test("asks for nothing that was sent on no socket", () => {
    const judge = createJudge();
    judge.produced([event(1, "a", { sockets: [] })]);
    expect(judgeAll(judge)).toMatchObject({ produced: 0, sent: 0, outstanding: 0 });
  });

  test("counts as produced what happens on topics that are listened to, also while no socket stands", () => {
    const judge = createJudge();
    judge.produced([event(1, "a", { topic: "mine", sockets: [] }), event(2, "a", { topic: "nobody's", sockets: [] })]);
    judge.produced([event(3, "a", { topic: "mine" })]);
    expect(judgeAll(judge)).toMatchObject({ produced: 2, sent: 1 });
  });

  test("holds events of a key to their order on a common socket, whatever their topics", () => {
    const judge = createJudge();
    judge.produced([event(1, "a", { topic: "presence" }), event(2, "a", { topic: "status" })]);
    judge.delivered(event(2, "a", { topic: "status" }));
    judge.delivered(event(1, "a", { topic: "presence" }));
    expect(judgeAll(judge).orderViolations).toBe(1);
  });

  test("holds a topic to its order even from one socket to the next, and different topics on different sockets to none", () => {
    const judge = createJudge();
    const moved = [event(1, "a", { sockets: ["s1"] }), event(2, "a", { sockets: ["s2"] })];
    const apart = [
      event(3, "b", { sockets: ["s1"], topic: "presence" }),
      event(4, "b", { sockets: ["s2"], topic: "status" }),
    ];
    judge.produced([...moved, ...apart]);
    for (const entry of [...moved.toReversed(), ...apart.toReversed()]) judge.delivered(entry);
    expect(judgeAll(judge).orderViolations).toBe(1);
  });

  test("judges only the deliveries whose ledger lines are known for certain", () => {
    const judge = createJudge();
    judge.produced(TEN.slice(0, 5));
    for (const entry of TEN.slice(0, 5)) judge.delivered(entry);
    const known = judge.pendingCount;
    judge.delivered(event(6, "b"));
    judge.judge(known);
    expect(judge.pendingCount).toBe(1);
    judge.produced(TEN.slice(5));
    expect(judgeAll(judge)).toMatchObject({ delivered: 6, unknown: 0, outstanding: 4 });
  });

  test("counts every planted loss and duplicate, whatever the interleaving", () => {
    const plan = fc.array(
      fc.record({
        key: fc.constantFrom("a", "b", "c"),
        fate: fc.constantFrom("delivered", "lost", "twice", "unheard"),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(plan, (entries) => {
        const judge = createJudge();
        const events = entries.map(({ key, fate }, index) =>
          event(index + 1, key, fate === "unheard" ? { sockets: [] } : {}),
        );
        judge.produced(events);
        for (const [index, { fate }] of entries.entries()) {
          const copies = { delivered: 1, lost: 0, twice: 2, unheard: 0 }[fate];
          for (let copy = 0; copy < copies; copy += 1) judge.delivered(events[index] as ProducedEvent);
        }
        const number = (fate: string): number => entries.filter((entry) => entry.fate === fate).length;
        expect(judgeAll(judge)).toEqual({
          // Each key has a topic of its own: once one of it was heard, all of it counts.
          produced: entries.filter(({ key }) => entries.some((other) => other.key === key && other.fate !== "unheard"))
            .length,
          sent: entries.length - number("unheard"),
          delivered: number("delivered") + number("twice"),
          outstanding: number("lost"),
          duplicates: number("twice"),
          unknown: 0,
          orderViolations: 0,
        });
      }),
    );
  });
});
