/**
 * Two sockets carry one stream for a while: the old one from its beginning to some point, the new one from some point on, each
 * in the stream's order, with any interleaving between them. Whatever the interleaving, each event goes on once, in order.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createOverlap, type OverlapLimits } from "../../src/core/overlap.ts";

interface Course {
  readonly stream: readonly string[];
  /** The old socket carries [0, oldEnd), the new one [newStart, end). */
  readonly oldEnd: number;
  readonly newStart: number;
  /** Which socket is read next; true: the new one. */
  readonly turns: readonly boolean[];
}

const course: fc.Arbitrary<Course> = fc
  .array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1, maxLength: 40 })
  .chain((stream) =>
    fc.record({
      stream: fc.constant(stream),
      oldEnd: fc.integer({ min: 0, max: stream.length }),
      newStart: fc.integer({ min: 0, max: stream.length }),
      turns: fc.array(fc.boolean(), { minLength: stream.length * 2, maxLength: stream.length * 2 }),
    }),
  )
  // Without a hole between the two, that is: the new one was subscribed before the old one ended.
  .filter(({ oldEnd, newStart }) => newStart <= oldEnd);

function run(
  { stream, oldEnd, newStart, turns }: Course,
  limits?: OverlapLimits,
  /** So many of the new socket's events are still under way when the old one goes. */
  behind = 0,
): { readonly out: string[]; readonly full: boolean } {
  const overlap = createOverlap<string>(limits);
  const out: string[] = [];
  const old = stream.slice(0, oldEnd);
  const fresh = stream.slice(newStart);
  const takeOld = (): void => {
    const event = old.shift();
    if (event === undefined) return;
    // The overlap begins with the subscription of the new socket: equal events from before are other events.
    if (oldEnd - old.length > newStart) overlap.old(event);
    out.push(event);
  };
  const state = { full: false };
  const takeFresh = (): void => {
    const event = fresh[0];
    if (event === undefined || state.full || oldEnd - old.length < newStart) return;
    if (overlap.fresh(event, 1, () => event) === "full") state.full = true;
    else fresh.shift();
  };
  for (const isNew of turns) (isNew ? takeFresh : takeOld)();
  while (old.length > 0) takeOld();
  while (fresh.length > behind && !state.full) takeFresh();
  out.push(...overlap.end());
  out.push(...(state.full ? fresh : fresh.filter((event) => !overlap.late(event))));
  return { out, full: state.full };
}

describe("the overlap of two sockets", () => {
  test("each event of the stream goes on once and in order, repeats of equal events included", () => {
    fc.assert(
      fc.property(course, (each) => {
        const { out, full } = run(each);
        expect(full).toBe(false);
        expect([...out].toSorted()).toEqual([...each.stream].toSorted());
      }),
      { numRuns: 500 },
    );
  });

  test("events that differ keep the stream's order", () => {
    fc.assert(
      fc.property(course, (each) => {
        const stream = each.stream.map((event, place) => `${event}${place}`);
        expect(run({ ...each, stream }).out).toEqual(stream);
      }),
      { numRuns: 500 },
    );
  });

  test("a successor that is behind brings nothing twice and nothing out of order", () => {
    fc.assert(
      fc.property(course, fc.nat({ max: 40 }), (each, behind) => {
        const stream = each.stream.map((event, place) => `${event}${place}`);
        expect(run({ ...each, stream }, undefined, behind).out).toEqual(stream);
      }),
      { numRuns: 500 },
    );
  });

  test("with too little room nothing is lost: the overlap says so", () => {
    fc.assert(
      fc.property(course, fc.integer({ min: 0, max: 5 }), (each, maxEvents) => {
        const { out } = run(each, { maxEvents, maxBytes: 1_000 });
        const left = [...out];
        for (const event of each.stream) {
          const at = left.indexOf(event);
          expect(at).toBeGreaterThanOrEqual(0);
          left.splice(at, 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("what repeats on one socket is never folded", () => {
    const overlap = createOverlap<string>();
    expect(["x", "x", "x"].map((event) => overlap.fresh(event, 1, () => event))).toEqual(["held", "held", "held"]);
    overlap.old("x");
    expect(overlap.end()).toEqual(["x", "x"]);
    expect(overlap.folded).toBe(1);
  });

  test("bytes are bounded as well as events", () => {
    const overlap = createOverlap<string>({ maxEvents: 100, maxBytes: 10 });
    expect(overlap.fresh("a", 8, () => "a")).toBe("held");
    expect(overlap.fresh("b", 3, () => "b")).toBe("full");
    overlap.old("a");
    expect(overlap.fresh("c", 10, () => "c")).toBe("held");
  });
});
