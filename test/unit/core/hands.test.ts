import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Hands } from "../../../src/core/hands.ts";

describe("reserved hands (Q4)", () => {
  test("without reserves every free hand may take anything", () => {
    const hands = new Hands(3, {});
    expect(hands.next(10)).toEqual({ max: 3, classes: undefined });
    hands.take("standard");
    expect([hands.free, hands.next(1)]).toEqual([2, { max: 1, classes: undefined }]);
    hands.take("standard");
    hands.take("standard");
    expect(hands.next(10)).toBeUndefined();
    hands.give("standard");
    expect(hands.next(10)).toEqual({ max: 1, classes: undefined });
  });

  test("a reserve of zero is none", () => {
    expect(new Hands(3, { critical: 0 }).next(10)).toEqual({ max: 3, classes: undefined });
  });

  test("the last hands are for the class that reserved them", () => {
    const hands = new Hands(4, { critical: 2 });
    expect(hands.next(10)).toEqual({ max: 2, classes: undefined });
    hands.take("standard");
    hands.take("standard");
    expect(hands.next(10)).toEqual({ max: 2, classes: ["critical"] });
    hands.take("critical");
    expect(hands.next(10)).toEqual({ max: 1, classes: ["critical"] });
    hands.take("critical");
    expect(hands.next(10)).toBeUndefined();
    hands.give("standard");
    expect(hands.next(10)).toEqual({ max: 1, classes: undefined });
  });

  test("several classes that have something due share no hand", () => {
    const hands = new Hands(5, { critical: 3, high: 2 });
    expect(hands.next(10)).toEqual({ max: 2, classes: ["critical", "high"] });
    hands.take("high");
    hands.take("high");
    expect(hands.next(10)).toEqual({ max: 3, classes: ["critical"] });
  });

  test("every claim of a batch is one that the rule allows, and nothing allowed is held back for ever", () => {
    const classes = ["critical", "high", "standard"];
    const shape = fc
      .record({ critical: fc.nat(4), high: fc.nat(4), spare: fc.nat(4) })
      .filter(({ critical, high, spare }) => critical + high + spare > 0);
    fc.assert(
      fc.property(
        shape,
        fc.array(fc.record({ pick: fc.nat(), give: fc.boolean() }), { maxLength: 60 }),
        (given, steps) => {
          const reserve: Record<string, number> = { critical: given.critical, high: given.high };
          const concurrency = given.critical + given.high + given.spare;
          const hands = new Hands(concurrency, reserve);
          const out: string[] = [];
          const due = (name: string): number =>
            Math.max(0, (reserve[name] ?? 0) - out.filter((c) => c === name).length);
          const allowed = (name: string): boolean =>
            concurrency - out.length > classes.filter((c) => c !== name).reduce((sum, c) => sum + due(c), 0);
          for (const { pick, give } of steps) {
            if (give && out.length > 0) {
              const [name = ""] = out.splice(pick % out.length, 1);
              hands.give(name);
              continue;
            }
            const plan = hands.next(100);
            // Nothing is offered exactly when the rule allows no class.
            expect(plan !== undefined).toBe(classes.some(allowed));
            if (plan === undefined) continue;
            const offered = plan.classes ?? classes;
            expect(classes.filter((name) => allowed(name))).toEqual(expect.arrayContaining([...offered]));
            for (let taken = 0; taken < plan.max; taken += 1) {
              const name = offered[(pick + taken) % offered.length] ?? "";
              expect(allowed(name)).toBe(true);
              hands.take(name);
              out.push(name);
            }
            expect(hands.free).toBe(concurrency - out.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
