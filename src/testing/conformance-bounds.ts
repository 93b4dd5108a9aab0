/** Cases of limits, shedding, dedup, conservation and arguments: Q10, Q11, Q14, and the verbs' errors. */
import assert from "node:assert/strict";
import { isRingfirstError } from "../errors.ts";
import type { ConformanceCase } from "./conformance-kit.ts";
import { BASE_CONFIG, limited } from "./conformance-kit.ts";

const bytes = (count: number): Uint8Array => new Uint8Array(count);

/** Expects a verb to reject with a code. */
async function rejects(code: string, verb: () => Promise<unknown>): Promise<void> {
  await assert.rejects(verb, (error) => isRingfirstError(error) && error.code === code);
}

/** See the top of this file. */
export const BOUNDS_CASES: readonly ConformanceCase[] = [
  {
    name: "Q10: a full sink sheds the oldest of the least urgent lane class",
    config: limited(4),
    run: async (kit) => {
      await kit.admitted({ id: "h1", class: "high" }, { id: "s1" }, { id: "s2" }, { id: "c1", class: "critical" });
      assert.equal((await kit.admit({ id: "h2", class: "high" }))[0]?.status, "admitted");
      assert.equal((await kit.admit({ id: "c2", class: "critical" }))[0]?.status, "admitted");
      assert.equal((await kit.admit({ id: "c3", class: "critical" }))[0]?.status, "admitted");
      assert.deepEqual(await kit.lines(), ["shed s1", "shed s2", "shed h1"]);
      assert.deepEqual(await kit.drain(), ["c1", "c2", "c3", "h2"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: lanes more urgent than the newcomer, and lanes of a neverShed class, are not shed",
    config: limited(2),
    run: async (kit) => {
      await kit.admitted({ id: "c1", class: "critical" }, { id: "h1", class: "high" });
      assert.deepEqual(await kit.admit({ id: "s1" }), [{ status: "full" }]);
      await kit.admitted({ id: "c2", class: "critical" });
      assert.deepEqual(await kit.admit({ id: "c3", class: "critical" }), [{ status: "full" }]);
      assert.deepEqual(await kit.lines(), ["refused s1", "shed h1", "refused c3"]);
      const { crm } = (await kit.store.stats(kit.now)).sinks;
      assert.deepEqual([crm?.classes["standard"]?.refused, crm?.classes["critical"]?.refused], [1, 1]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: what waits behind or before a ringing call is protected with it",
    config: limited(3),
    run: async (kit) => {
      await kit.admitted({ id: "s1", key: "call" }, { id: "ring", key: "call", class: "critical" }, { id: "s2" });
      await kit.admitted({ id: "s3" });
      assert.deepEqual(await kit.lines(), ["shed s2"]);
    },
  },
  {
    name: "Q10: the newcomer's class is that of its lane as it would be with it",
    config: limited(2),
    run: async (kit) => {
      await kit.admitted({ id: "h1", class: "high" }, { id: "c1", key: "call", class: "critical" });
      await kit.admitted({ id: "s1", key: "call" });
      assert.deepEqual(await kit.lines(), ["shed h1"], "a standard event of a ringing call counts as critical");
    },
  },
  {
    name: "Q10: blocked lanes are shed too; what is in flight is not, and takes room",
    config: limited(3),
    run: async (kit) => {
      await kit.admitted({ id: "k1", key: "k" }, { id: "k2", key: "k" }, { id: "s" });
      await kit.retry(await kit.one(), 1_000);
      assert.equal((await kit.one()).id, "s");
      await kit.admitted({ id: "1" }, { id: "2" });
      assert.deepEqual(await kit.lines(), ["shed k1", "shed k2"]);
    },
  },
  {
    name: "Q10: all or nothing: nothing is shed or coalesced for a newcomer that is refused after all",
    config: limited(10, 10),
    run: async (kit) => {
      await kit.admitted(
        { id: "c", class: "critical", payload: bytes(4) },
        { id: "s", payload: bytes(3) },
        { id: "a1", key: "k", coalesceKey: "a", payload: bytes(3) },
      );
      const [answer] = await kit.admit({ id: "a2", key: "k", coalesceKey: "a", payload: bytes(8) });
      assert.deepEqual(answer, { status: "full" });
      assert.deepEqual(await kit.lines(), ["refused a2"]);
      const [taken] = await kit.admit({ id: "a3", key: "k", coalesceKey: "a", payload: bytes(6) });
      assert.equal(taken?.status, "coalesced");
      assert.deepEqual((await kit.lines()).toSorted(), ["coalesced a1", "refused a2", "shed s"]);
      assert.deepEqual(await kit.drain(), ["c", "a3"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: the newcomer takes the room of those it replaces, so nothing is shed for it",
    config: limited(2),
    run: async (kit) => {
      await kit.admitted({ id: "s" }, { id: "a1", key: "k", coalesceKey: "a" });
      assert.equal((await kit.admit({ id: "a2", key: "k", coalesceKey: "a" }))[0]?.status, "coalesced");
      assert.deepEqual(await kit.lines(), ["coalesced a1"]);
    },
  },
  {
    name: "Q10: larger than the sink's maxBytes is too-large, and the rest of the batch goes on",
    config: limited(10, 4),
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "0" });
      const answers = await kit.admit(
        { id: "big", payload: bytes(5) },
        { id: "both", payload: bytes(5), sinks: ["crm", "log"] },
        { id: "small" },
      );
      assert.deepEqual(answers, [
        { status: "too-large" },
        { status: "admitted", seq: (seq ?? 0) + 1, refusedBy: [{ sink: "crm", reason: "too-large" }] },
        { status: "admitted", seq: (seq ?? 0) + 2 },
      ]);
    },
  },
  {
    name: "Q10: too large for one sink and no room in the other is `full`; both are counted and told apart",
    config: {
      sinks: [
        { name: "crm", maxAttempts: 3, limits: { maxEvents: 10, maxBytes: 4 } },
        { name: "log", maxAttempts: 3, limits: { maxEvents: 1, maxBytes: 100 } },
      ],
    },
    run: async (kit) => {
      await kit.admitted({ id: "c", class: "critical", sinks: ["log"] });
      const big = { payload: bytes(5), sinks: ["crm", "log"] };
      assert.deepEqual(await kit.admit({ id: "1", ...big }), [{ status: "full" }]);
      await kit.drain("log");
      const [answer] = await kit.admit({ id: "1", ...big });
      assert.ok(answer?.status === "admitted", "its id was not remembered");
      assert.deepEqual(answer.refusedBy, [{ sink: "crm", reason: "too-large" }]);
      assert.deepEqual(await kit.admit({ id: "2", payload: bytes(5) }), [{ status: "too-large" }]);
      assert.equal((await kit.admit({ id: "2" }))[0]?.status, "admitted", "nor was this one");
      const { full, tooLarge } = await kit.store.stats(kit.now);
      assert.deepEqual({ full, tooLarge }, { full: 1, tooLarge: 1 });
      const refused = (await kit.store.ledger({})).filter(({ reason }) => reason === "refused");
      assert.deepEqual(
        refused.map(({ sink, id, seq }) => [sink, id, seq]),
        [
          ["crm", "1", undefined],
          ["log", "1", undefined],
          ["crm", "1", undefined],
          ["crm", "2", undefined],
        ],
      );
    },
  },
  {
    name: "Q10: bytes are bounded as events are: enough of the oldest go, what is in flight counts",
    config: limited(100, 10),
    run: async (kit) => {
      await kit.admitted({ id: "f", class: "critical", payload: bytes(4) });
      await kit.one();
      await kit.admitted(
        { id: "1", payload: bytes(2) },
        { id: "2", payload: bytes(2) },
        { id: "3", payload: bytes(2) },
      );
      await kit.admitted({ id: "4", payload: bytes(3) });
      assert.deepEqual(await kit.lines(), ["shed 1", "shed 2"]);
      assert.deepEqual(await kit.admit({ id: "5", payload: bytes(7) }), [{ status: "full" }]);
      assert.equal((await kit.sink()).bytes, 9);
    },
  },
  {
    name: "Q10: one full sink refuses, the others admit; `full` only when every sink refused, and then the id is free",
    config: limited(1),
    run: async (kit) => {
      await kit.admitted({ id: "c", class: "critical" });
      const [both] = await kit.admit({ id: "1", sinks: ["crm", "log"] });
      assert.ok(both?.status === "admitted");
      assert.deepEqual(both.refusedBy, [{ sink: "crm", reason: "full" }]);
      assert.deepEqual(await kit.admit({ id: "2" }), [{ status: "full" }]);
      assert.deepEqual(await kit.drain(), ["c"]);
      assert.equal((await kit.admit({ id: "2" }))[0]?.status, "admitted");
      assert.deepEqual(await kit.drain("log"), ["1"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: the ledger is bounded and can be read on from a line",
    config: { ...limited(1), ledger: { maxLines: 2 } },
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" }, { id: "4" });
      assert.deepEqual(await kit.lines(), ["shed 2", "shed 3"]);
      const [, last] = await kit.store.ledger({ limit: 10 });
      assert.ok(last !== undefined);
      assert.deepEqual(await kit.store.ledger({ after: last.n }), []);
      assert.deepEqual(await kit.store.ledger({ after: last.n - 1 }), [last]);
      const { at, sink, reason, id, class: own } = last;
      assert.deepEqual(
        { at, sink, reason, id, own },
        { at: kit.now, sink: "crm", reason: "shed", id: "3", own: "standard" },
      );
    },
  },
  {
    name: "Q11: an id is a duplicate within its window, also within one batch, and a duplicate does not renew it",
    config: { dedup: { windowMs: 100, maxCount: 1_000 } },
    run: async (kit) => {
      const answers = await kit.admit({ id: "1" }, { id: "1" });
      assert.deepEqual(
        answers.map(({ status }) => status),
        ["admitted", "duplicate"],
      );
      kit.now += 99;
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "duplicate");
      kit.now += 1;
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "admitted");
    },
  },
  {
    name: "Q11: an id is forgotten when maxCount younger ones were admitted",
    config: { dedup: { windowMs: 60_000, maxCount: 2 } },
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" });
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "duplicate");
      await kit.admitted({ id: "3" });
      assert.deepEqual(
        (await kit.admit({ id: "2" }, { id: "1" })).map(({ status }) => status),
        ["duplicate", "admitted"],
      );
    },
  },
  {
    name: "Q11: without a window nothing is a duplicate, not even in one batch",
    config: { dedup: { windowMs: 60_000, maxCount: 0 } },
    run: async (kit) => {
      const answers = await kit.admit({ id: "1" }, { id: "1" });
      assert.deepEqual(
        answers.map(({ status }) => status),
        ["admitted", "admitted"],
      );
      assert.equal((await kit.store.stats(kit.now)).dedupIds, 0);
    },
  },
  {
    name: "Q11: ids of coalesced, shed, expired and acknowledged envelopes are remembered",
    config: limited(2),
    run: async (kit) => {
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a" });
      await kit.admit({ id: "a2", key: "k", coalesceKey: "a" });
      await kit.admitted({ id: "gone", expiresAt: kit.now + 1 });
      kit.now += 1;
      await kit.admitted({ id: "1" }, { id: "2" });
      const again = await kit.admit({ id: "a1" }, { id: "a2" }, { id: "gone" });
      assert.ok(again.every(({ status }) => status === "duplicate"));
      assert.deepEqual(await kit.lines(), ["coalesced a1", "expired gone", "shed a2"]);
      await kit.drain();
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "duplicate");
    },
  },
  {
    name: "Q14: an envelope for no sink is complete at once; a payload for two sinks is counted once",
    run: async (kit) => {
      await kit.admitted({ id: "0", sinks: [] }, { id: "1", sinks: ["crm", "log"], payload: bytes(7) });
      let stats = await kit.store.stats(kit.now);
      const { admitted, unrouted, payloadBytes } = stats;
      assert.deepEqual({ admitted, unrouted, payloadBytes }, { admitted: 2, unrouted: 1, payloadBytes: 7 });
      assert.deepEqual([stats.sinks["crm"]?.bytes, stats.sinks["log"]?.bytes], [7, 7]);
      await kit.drain("crm");
      assert.equal((await kit.store.stats(kit.now)).payloadBytes, 7);
      await kit.drain("log");
      stats = await kit.store.stats(kit.now);
      assert.deepEqual([stats.payloadBytes, stats.sinks["log"]?.lanes], [0, 0]);
    },
  },
  {
    name: "Q14: sinks have work queues of their own: one that fails delays no other",
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k", sinks: ["crm", "log"] }, { id: "2", key: "k", sinks: ["crm", "log"] });
      await kit.retry(await kit.one(), 60_000);
      assert.deepEqual(await kit.drain("log"), ["1", "2"]);
      const { crm, log } = (await kit.store.stats(kit.now)).sinks;
      assert.deepEqual([crm?.waiting, crm?.retried, crm?.backoffs, log?.acked], [2, 1, 1, 2]);
      await kit.conserved();
    },
  },
  {
    name: "verbs with an unknown sink or class, or a number out of bounds, reject and change nothing",
    run: async ({ store, now }) => {
      const good = { id: "1", class: "standard", payload: bytes(1), sinks: ["crm"] };
      await rejects(
        "RF_QUEUE_ARGUMENT",
        async () => await store.admit([good, { ...good, id: "2", sinks: ["x"] }], now),
      );
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.admit([good, { ...good, id: "2", class: "x" }], now));
      for (const options of [
        { max: 0, leaseMs: 1 },
        { max: 1, leaseMs: 0 },
        { max: Number.NaN, leaseMs: 1 },
      ]) {
        await rejects("RF_QUEUE_ARGUMENT", async () => await store.claim("crm", options, now));
      }
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.claim("x", { max: 1, leaseMs: 1 }, now));
      const unknownClass = { max: 1, leaseMs: 1, classes: ["x"] };
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.claim("crm", unknownClass, now));
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.extend([1], -1, now));
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.redrive("x", [1], now));
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.discard("x", [1], now));
      await rejects("RF_QUEUE_ARGUMENT", async () => await store.deadLetters({ sink: "x" }, now));
      const { admitted, dedupIds } = await store.stats(now);
      assert.deepEqual({ admitted, dedupIds }, { admitted: 0, dedupIds: 0 });
    },
  },
  {
    name: "close is idempotent, and verbs after it reject with RF_QUEUE_CLOSED",
    config: { sinks: BASE_CONFIG.sinks },
    run: async ({ store, now }) => {
      await store.close();
      await store.close();
      await rejects("RF_QUEUE_CLOSED", async () => await store.admit([], now));
      await rejects("RF_QUEUE_CLOSED", async () => await store.claim("crm", { max: 1, leaseMs: 1 }, now));
      await rejects("RF_QUEUE_CLOSED", async () => await store.stats(now));
      assert.equal(store.nextDueAt(), undefined);
    },
  },
];
