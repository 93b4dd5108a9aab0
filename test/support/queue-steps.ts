/** Random steps of a walk (`queue-walk.ts`); a counterexample prints them in words. */
import fc from "fast-check";
import type { NewEnvelope, Settlement, StoreConfig } from "../../src/ports/store.ts";
import type { Finish, QueueWalk } from "./queue-walk.ts";

const CLASSES = ["critical", "high", "standard"] as const;
const SINKS = ["a", "b"] as const;

/** A step: a verb that can be started without being awaited, or something that is done as a whole. */
export type QueueStep = { readonly text: string } & (
  | { readonly start: (walk: QueueWalk) => Finish }
  | { readonly act: (walk: QueueWalk) => Promise<void> }
);

type Verb = QueueStep & { readonly start: (walk: QueueWalk) => Finish };

/** Runs one step to its end. */
export async function take(step: QueueStep, walk: QueueWalk): Promise<void> {
  if ("act" in step) await step.act(walk);
  else await step.start(walk)();
}

function told<T extends QueueStep>(step: T): T {
  return Object.assign(step, { [fc.toStringMethod]: () => step.text });
}

const config = (
  neverShed: readonly boolean[],
  limits: readonly [number, number],
  dead: number,
  maxAttempts: number,
  order: readonly string[] = CLASSES,
): StoreConfig => ({
  classes: order.map((name, rank) => ({ name, neverShed: neverShed[rank] ?? false, minShare: 0 })),
  sinks: [
    { name: "a", maxAttempts, limits: { maxEvents: limits[0], maxBytes: limits[1] } },
    { name: "b", maxAttempts: 3, limits: { maxEvents: 1_000, maxBytes: 1_000_000 } },
  ],
  dedup: { windowMs: 60, maxCount: 12 },
  deadLetters: { maxCount: dead },
  ledger: { maxLines: 100_000 },
});

const limits = fc.constantFrom<readonly [number, number]>([1_000, 1_000_000], [6, 1_000_000], [3, 12], [1_000, 9], [1, 4]); // prettier-ignore

/** What a store is opened with. */
export const configs: fc.Arbitrary<StoreConfig> = fc
  .tuple(
    fc.constantFrom([true, false, false], [true, false, true], [false, false, false], [false, true, false]),
    limits,
    fc.constantFrom(0, 1, 3, 100),
  )
  .map(([neverShed, bounds, dead]) => config(neverShed, bounds, dead, 2));

/** What an envelope is made from; `id` undefined: a fresh one. */
const drafts = fc.record({
  id: fc.option(fc.nat(15), { nil: undefined, freq: 2 }),
  class: fc.constantFrom(...CLASSES),
  key: fc.constantFrom(undefined, "", "k1", "k1", "k2", "k3"),
  coalesceKey: fc.constantFrom(undefined, undefined, "c1", "c2"),
  ttl: fc.option(fc.integer({ min: -2, max: 30 }), { nil: undefined, freq: 2 }),
  onExpiry: fc.constantFrom(undefined, "drop" as const, "dead-letter" as const),
  size: fc.nat(5),
  sinks: fc.constantFrom<readonly (typeof SINKS)[number][]>(["a"], ["a"], ["a", "b"], ["b"], [], ["a", "a"]),
});

const admits = fc.array(drafts, { minLength: 1, maxLength: 4 }).map((batch): Verb =>
  told({
    text: `admit ${JSON.stringify(batch)}`,
    start: (walk) =>
      walk.admit(
        batch.map(({ id, ttl, size, ...rest }): NewEnvelope => ({
          ...rest,
          id: id === undefined ? walk.freshId() : `id ${id}`,
          expiresAt: ttl === undefined ? undefined : walk.now + ttl,
          payload: new Uint8Array(size),
        })),
      ),
  }),
);

const claims = fc
  .record({
    sink: fc.constantFrom("a", "a", "b"),
    max: fc.integer({ min: 1, max: 4 }),
    leaseMs: fc.integer({ min: 1, max: 30 }),
    classes: fc.option(fc.subarray([...CLASSES]), { nil: undefined, freq: 2 }),
  })
  .map(({ sink, ...options }): Verb =>
    told({
      text: `claim ${sink} ${JSON.stringify(options)}`,
      start: (walk) => walk.claim(sink, options),
    }),
  );

/** Picks mostly young elements, sometimes any, sometimes one that never was. */
const picked = fc.array(fc.constantFrom(0, 0, 1, 2, 3, 4, 6, 1_000), { minLength: 1, maxLength: 3 });

const settlements = fc
  .tuple(picked, fc.constantFrom("ack", "ack", "retry", "retry", "dead"), fc.constantFrom(0, 0, 5, 20))
  .map(([choices, result, delayMs]): Verb => {
    const end = (token: number): Settlement => {
      if (result === "ack") return { token, result };
      return result === "retry" ? { token, result, delayMs, cause: "no" } : { token, result: "dead", cause: "never" };
    };
    return told({
      text: `settle ${choices.join()} ${result} ${delayMs}`,
      start: (walk) => walk.settle(choices, end),
    });
  });

const extensions = fc.tuple(picked, fc.integer({ min: 1, max: 40 })).map(([choices, leaseMs]): Verb =>
  told({
    text: `extend ${choices.join()} ${leaseMs}`,
    start: (walk) => walk.extend(choices, leaseMs),
  }),
);

const reclaims = fc.constant<Verb>(told({ text: "reclaim", start: (walk) => walk.reclaim() }));

const moves = fc.constantFrom(1, 1, 3, 10, 40, -5).map((ms): QueueStep =>
  told({
    text: `time ${ms}`,
    act: async (walk) => {
      walk.pass(ms);
    },
  }),
);

const deadLetterActs = fc
  .tuple(fc.constantFrom("redrive" as const, "redrive" as const, "discard" as const), fc.constantFrom(...SINKS), picked)
  .map(([verb, sink, choices]): Verb =>
    told({
      text: `${verb} ${sink} ${choices.join()}`,
      start: (walk) => {
        const named = walk.namedSeqs(sink);
        const seqs = choices.map((choice) => named.at(-1 - choice) ?? Number.MAX_SAFE_INTEGER);
        return walk.deadLetterAct(verb, sink, seqs);
      },
    }),
  );

const restarts = fc
  .tuple(
    fc.constantFrom("crash" as const, "crash" as const, "close" as const),
    fc.option(
      fc.record({
        limits,
        maxAttempts: fc.constantFrom(1, 2, 3),
        classes: fc.constantFrom<readonly string[]>(CLASSES, CLASSES, ["standard", "critical", "high"]),
      }),
      { nil: undefined, freq: 2 },
    ),
  )
  .map(([ending, other]): QueueStep =>
    told({
      text: `${ending}${other === undefined ? "" : `, open with ${JSON.stringify(other)}`}`,
      act: async (walk) => {
        if (other === undefined) await walk.restart(ending);
        else await walk.restart(ending, config([true], other.limits, 3, other.maxAttempts, other.classes));
      },
    }),
  );

const verbs = (): fc.WeightedArbitrary<Verb>[] => [
  { weight: 6, arbitrary: admits },
  { weight: 4, arbitrary: claims },
  { weight: 3, arbitrary: settlements },
  { weight: 1, arbitrary: extensions },
  { weight: 1, arbitrary: reclaims },
  { weight: 2, arbitrary: deadLetterActs },
];

const bursts = fc
  .tuple(fc.array(fc.oneof(...verbs()), { minLength: 1, maxLength: 5 }), fc.nat(6))
  .map(([burst, turns]): QueueStep =>
    told({
      text: `crash amid (${burst.map(({ text }) => text).join("; ")}) after ${turns} turns`,
      act: (walk) => walk.crashAmid(burst.map(({ start }) => () => start(walk)), turns), // prettier-ignore
    }),
  );

/** Steps for a store that lives as long as the process. */
export const lastingSteps: fc.Arbitrary<QueueStep[]> = fc.array(
  fc.oneof<fc.WeightedArbitrary<QueueStep>[]>(...verbs(), { weight: 2, arbitrary: moves }),
  { minLength: 1, maxLength: 60, size: "max" },
);

/** Steps for a store that keeps its content over restarts: those come too, and crashes in the middle of things. */
export const durableSteps: fc.Arbitrary<QueueStep[]> = fc.array(
  fc.oneof<fc.WeightedArbitrary<QueueStep>[]>(
    ...verbs(),
    { weight: 2, arbitrary: moves },
    { weight: 1, arbitrary: restarts },
    { weight: 1, arbitrary: bursts },
  ),
  { minLength: 1, maxLength: 40, size: "max" },
);
