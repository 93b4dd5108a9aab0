/**
 * The work queue in memory beside the reference model: the same random verbs, every answer equal; and its guarantees as
 * properties of their own. `RINGFIRST_RUNS` multiplies the number of runs.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import type { ClaimedEnvelope, NewEnvelope, Settlement, Store, StoreConfig } from "../../src/ports/store.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { ReferenceModel } from "../../src/testing/reference-model.ts";

const RUNS = Number(process.env["RINGFIRST_RUNS"] ?? "1");
const START = 1_000;
const CLASSES = ["critical", "high", "standard"] as const;
const SINKS = ["a", "b"] as const;

interface Pair {
  readonly store: Store;
  readonly model: ReferenceModel;
  readonly config: StoreConfig;
  now: number;
  ids: number;
  /** Every token ever given, so that dead ones are tried too. */
  readonly tokens: number[];
  readonly seqs: number[];
}

type Step = (pair: Pair) => Promise<void>;

/** A step that a counterexample prints in words. */
function step(text: string, act: Step): Step {
  return Object.assign(act, { [fc.toStringMethod]: () => text });
}

const config = (neverShed: readonly boolean[], limits: readonly [number, number], dead: number): StoreConfig => ({
  classes: CLASSES.map((name, rank) => ({ name, neverShed: neverShed[rank] ?? false, minShare: 0 })),
  sinks: [
    { name: "a", maxAttempts: 2, limits: { maxEvents: limits[0], maxBytes: limits[1] } },
    { name: "b", maxAttempts: 3, limits: { maxEvents: 1_000, maxBytes: 1_000_000 } },
  ],
  dedup: { windowMs: 60, maxCount: 12 },
  deadLetters: { maxCount: dead },
  ledger: { maxLines: 100_000 },
});

const configs = fc
  .tuple(
    fc.constantFrom([true, false, false], [true, false, true], [false, false, false], [false, true, false]),
    fc.constantFrom<readonly [number, number]>([1_000, 1_000_000], [6, 1_000_000], [3, 12], [1_000, 9], [1, 4]),
    fc.constantFrom(0, 1, 3, 100),
  )
  .map(([neverShed, limits, dead]) => config(neverShed, limits, dead));

/** What an envelope is made from; `id` undefined: a fresh one. */
const envelopes = fc.record({
  id: fc.option(fc.nat(15), { nil: undefined, freq: 2 }),
  class: fc.constantFrom(...CLASSES),
  key: fc.constantFrom(undefined, "", "k1", "k1", "k2", "k3"),
  coalesceKey: fc.constantFrom(undefined, undefined, "c1", "c2"),
  ttl: fc.option(fc.integer({ min: -2, max: 30 }), { nil: undefined, freq: 2 }),
  onExpiry: fc.constantFrom(undefined, "drop" as const, "dead-letter" as const),
  size: fc.nat(5),
  sinks: fc.constantFrom<readonly (typeof SINKS)[number][]>(["a"], ["a"], ["a", "b"], ["b"], [], ["a", "a"]),
});

const admits = fc.array(envelopes, { minLength: 1, maxLength: 4 }).map((drafts): Step => {
  return step(`admit ${JSON.stringify(drafts)}`, async (pair) => {
    const batch = drafts.map((draft): NewEnvelope => {
      pair.ids += 1;
      return {
        id: draft.id === undefined ? `fresh ${pair.ids}` : `id ${draft.id}`,
        class: draft.class,
        key: draft.key,
        coalesceKey: draft.coalesceKey,
        expiresAt: draft.ttl === undefined ? undefined : pair.now + draft.ttl,
        onExpiry: draft.onExpiry,
        payload: new Uint8Array(draft.size),
        sinks: draft.sinks,
      };
    });
    const got = await pair.store.admit(batch, pair.now);
    assert.deepEqual(got, pair.model.admit(batch, pair.now));
    for (const answer of got) if ("seq" in answer) pair.seqs.push(answer.seq);
  });
});

const claims = fc
  .record({
    sink: fc.constantFrom("a", "a", "b"),
    max: fc.integer({ min: 1, max: 4 }),
    leaseMs: fc.integer({ min: 1, max: 30 }),
    classes: fc.option(fc.subarray([...CLASSES]), { nil: undefined, freq: 2 }),
  })
  .map(({ sink, ...options }): Step => {
    return step(`claim ${sink} ${JSON.stringify(options)}`, async (pair) => {
      const got = await pair.store.claim(sink, options, pair.now);
      const expected = pair.model.claim(sink, options, pair.now);
      assert.deepEqual(got.map(withoutToken), expected.map(withoutToken));
      // The memory store counts tokens as the model does; a store may choose others.
      assert.deepEqual(
        got.map(({ token }) => token),
        expected.map(({ token }) => token),
      );
      pair.tokens.push(...got.map(({ token }) => token));
    });
  });

function withoutToken({ token: _token, ...rest }: ClaimedEnvelope): Omit<ClaimedEnvelope, "token"> {
  return rest;
}

/** Picks mostly young elements, sometimes any, sometimes one that never was. */
const picked = fc.array(fc.nat(7), { minLength: 1, maxLength: 3 });
const pick = (from: readonly number[], choice: number): number => (choice === 7 ? 999 : (from.at(-1 - choice) ?? 998));

const settlements = fc
  .tuple(picked, fc.constantFrom("ack", "ack", "retry", "retry", "dead"), fc.constantFrom(0, 0, 5, 20))
  .map(([choices, result, delayMs]): Step => {
    return step(`settle ${choices.join()} ${result} ${delayMs}`, async (pair) => {
      const batch = choices.map((choice): Settlement => {
        const token = pick(pair.tokens, choice);
        if (result === "ack") return { token, result };
        return result === "retry" ? { token, result, delayMs, cause: "no" } : { token, result: "dead", cause: "never" };
      });
      assert.deepEqual(await pair.store.settle(batch, pair.now), pair.model.settle(batch, pair.now));
    });
  });

const extensions = fc.tuple(picked, fc.integer({ min: 1, max: 40 })).map(([choices, leaseMs]): Step => {
  return step(`extend ${choices.join()} ${leaseMs}`, async (pair) => {
    const tokens = choices.map((choice) => pick(pair.tokens, choice));
    const got = await pair.store.extend(tokens, leaseMs, pair.now);
    assert.deepEqual(got, pair.model.extend(tokens, leaseMs, pair.now));
  });
});

const reclaims = fc.constant(
  step("reclaim", async (pair) => {
    const got = await pair.store.reclaim(pair.now);
    assert.deepEqual(got.toSorted(bySinkAndSeq), pair.model.reclaim(pair.now).toSorted(bySinkAndSeq));
  }),
);

function bySinkAndSeq(x: { sink: string; seq: number }, y: { sink: string; seq: number }): number {
  return x.sink === y.sink ? x.seq - y.seq : x.sink < y.sink ? -1 : 1;
}

const moves = fc.constantFrom(1, 1, 3, 10, 40, -5).map((ms): Step => {
  return step(`time ${ms}`, async (pair) => {
    pair.now += ms;
  });
});

const deadLetterActs = fc
  .tuple(fc.constantFrom("redrive" as const, "redrive" as const, "discard" as const), fc.constantFrom(...SINKS), picked)
  .map(([verb, sink, choices]): Step => {
    return step(`${verb} ${sink} ${choices.join()}`, async (pair) => {
      const dead = pair.model.deadLetters(sink, pair.now).map(({ seq }) => seq);
      const seqs = choices.map((choice) => pick(dead.length > 0 ? dead : pair.seqs, choice));
      const got = await pair.store[verb](sink, seqs, pair.now);
      assert.deepEqual(got, pair.model[verb](sink, seqs, pair.now));
    });
  });

const steps = fc.oneof(
  { weight: 6, arbitrary: admits },
  { weight: 4, arbitrary: claims },
  { weight: 3, arbitrary: settlements },
  { weight: 1, arbitrary: extensions },
  { weight: 1, arbitrary: reclaims },
  { weight: 2, arbitrary: moves },
  { weight: 2, arbitrary: deadLetterActs },
);

/** After every step: time, counters (Q14), dead letters and ledger say the same. */
async function compare(pair: Pair): Promise<void> {
  const { store, model, now } = pair;
  assert.equal(store.nextDueAt(), model.nextDueAt(), "nextDueAt");
  const stats = await store.stats(now);
  for (const sink of SINKS) {
    const mine = stats.sinks[sink];
    assert.ok(mine !== undefined);
    for (const name of CLASSES) assert.deepEqual({ ...mine.classes[name] }, { ...model.stats(sink, name, now) });
    const { admitted, acked, expired, coalesced, shed, discarded, dead, waiting, inFlight } = mine;
    assert.equal(admitted, acked + expired + coalesced + shed + discarded + dead + waiting + inFlight, "Q14");
    const listed = await store.deadLetters({ sink, limit: 1_000 }, now);
    assert.deepEqual(
      listed.map(({ payload: _payload, ...rest }) => rest),
      model.deadLetters(sink, now),
    );
    const held = model.rows.filter((row) => row.sink === sink && (row.place === "waiting" || row.place === "inFlight"));
    assert.equal(
      mine.bytes,
      held.reduce((sum, row) => sum + row.envelope.payload.length, 0),
    );
    assert.equal(mine.lanes, new Set(held.map((row) => row.envelope.key ?? row.seq)).size);
  }
  assert.equal(stats.payloadBytes, heldBytes(model), "payload bytes, each counted once");
  const lines = await store.ledger({ limit: 100_000 });
  assert.deepEqual(
    lines.map(({ sink, reason, id, key }) => `${sink} ${reason} ${id} ${key}`).toSorted(),
    model.lines.map(({ sink, reason, id, key }) => `${sink} ${reason} ${id} ${key}`).toSorted(),
  );
}

function heldBytes(model: ReferenceModel): number {
  const held = model.rows.filter(({ place }) => place === "waiting" || place === "inFlight" || place === "dead");
  const bySeq = new Map(held.map((row) => [row.seq, row.envelope.payload.length]));
  return [...bySeq.values()].reduce((sum, bytes) => sum + bytes, 0);
}

describe("the work queue in memory", () => {
  test("answers every verb as the reference model does", { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(
      configs,
      fc.array(steps, { minLength: 1, maxLength: 60, size: "max" }),
      async (setup, run) => {
        const store = await memoryStore().open(setup, START);
        const model = new ReferenceModel(setup, START);
        const pair: Pair = { store, model, config: setup, now: START, ids: 0, tokens: [], seqs: [] };
        for (const act of run) {
          await act(pair);
          await compare(pair);
        }
        await store.close();
      },
    );
    await fc.assert(property, { numRuns: 1_500 * RUNS });
  });
});
