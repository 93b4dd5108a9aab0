/** Cases of order, urgency and leases: Q1, Q2, Q3, Q5, Q6. */
import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-kit.ts";
import { BASE_CONFIG } from "./conformance-kit.ts";

const shares = (high: number, standard: number): typeof BASE_CONFIG.classes =>
  BASE_CONFIG.classes.map((entry) => ({ ...entry, minShare: { high, standard }[entry.name] ?? 0 }));

/** See the top of this file. */
export const ORDER_CASES: readonly ConformanceCase[] = [
  {
    name: "Q1: a key is handed over in order of arrival, the next only after the one before has ended",
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k" }, { id: "2", key: "k" }, { id: "3", key: "k" });
      const first = await kit.one();
      assert.equal(first.id, "1");
      assert.deepEqual(await kit.claim(5), [], "the lane has one in flight");
      await kit.ack(first);
      const second = await kit.one();
      assert.equal(second.id, "2");
      await kit.dead(second);
      assert.deepEqual(await kit.drain(), ["3"]);
    },
  },
  {
    name: 'Q1: no key is a lane by itself, and "" is a key like any other',
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" }, { id: "3", key: "" }, { id: "4", key: "" });
      assert.deepEqual(
        (await kit.claim(9)).map(({ id }) => id),
        ["1", "2", "3"],
      );
    },
  },
  {
    name: "Q1: a redriven envelope goes back by seq and says so",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k" });
      await kit.dead(await kit.one());
      await kit.admitted({ id: "2", key: "k" }, { id: "3", key: "k" });
      assert.equal((await kit.one()).id, "2");
      assert.deepEqual(await kit.store.redrive("crm", [seq ?? 0], kit.now), ["redriven"]);
      kit.now += 1_000;
      await kit.store.reclaim(kit.now);
      const back = await kit.one();
      assert.deepEqual([back.id, back.redriven, back.attempt], ["1", 1, 1]);
      await kit.ack(back);
      assert.deepEqual(await kit.drain(), ["2", "3"]);
    },
  },
  {
    name: "Q2: the most urgent class first, and within it the oldest",
    run: async (kit) => {
      await kit.admitted(
        { id: "s1" },
        { id: "h1", class: "high" },
        { id: "c1", class: "critical" },
        { id: "s2" },
        { id: "c2", class: "critical" },
      );
      assert.deepEqual(await kit.drain(), ["c1", "c2", "h1", "s1", "s2"]);
    },
  },
  {
    name: "Q2: a ringing call pulls the events before it in its conversation forward, in order",
    run: async (kit) => {
      await kit.admitted(
        { id: "other" },
        { id: "s1", key: "call" },
        { id: "s2", key: "call" },
        { id: "high", class: "high" },
        { id: "ring", key: "call", class: "critical" },
      );
      const first = await kit.one();
      assert.deepEqual([first.id, first.class, first.laneClass], ["s1", "standard", "critical"]);
      await kit.ack(first);
      assert.deepEqual(await kit.drain(), ["s2", "ring", "high", "other"]);
    },
  },
  {
    name: "Q2: a lane falls back to its next best standing once the urgent one is gone",
    run: async (kit) => {
      await kit.admitted(
        { id: "ring", key: "call", class: "critical" },
        { id: "after", key: "call" },
        { id: "high", class: "high" },
      );
      const ring = await kit.one();
      await kit.ack(ring);
      const next = await kit.one();
      assert.deepEqual([next.id, next.laneClass], ["high", "high"]);
      const last = await kit.one();
      assert.deepEqual([last.id, last.laneClass], ["after", "standard"]);
    },
  },
  {
    name: "Q2: claiming n is the same as claiming one n times, and `classes` filters by lane class",
    run: async (kit) => {
      await kit.admitted(
        { id: "s1", key: "call" },
        { id: "ring", key: "call", class: "critical" },
        { id: "high", class: "high" },
        { id: "s2" },
      );
      assert.deepEqual(await kit.claim(9, { classes: [] }), []);
      const urgent = await kit.claim(9, { classes: ["critical"] });
      assert.deepEqual(
        urgent.map(({ id }) => id),
        ["s1"],
      );
      assert.deepEqual(
        (await kit.claim(9, { classes: ["standard", "high"] })).map(({ id }) => id),
        ["high", "s2"],
      );
    },
  },
  {
    name: "Q3: strict without shares; with shares no class starves, and none takes more than its share",
    config: { classes: shares(0.1, 0.05) },
    run: async (kit) => {
      const drafts = (className: string) =>
        Array.from({ length: 250 }, (_, index) => ({ id: `${className} ${index}`, class: className }));
      await kit.admitted(...drafts("critical"), ...drafts("high"), ...drafts("standard"));
      const counts = new Map<string, number>();
      for (const { laneClass } of await kit.claim(200)) counts.set(laneClass, (counts.get(laneClass) ?? 0) + 1);
      const [high, standard] = [counts.get("high") ?? 0, counts.get("standard") ?? 0];
      assert.ok(high >= 19 && high <= 21, `high had ${high} of 200`);
      assert.ok(standard >= 9 && standard <= 11, `standard had ${standard} of 200`);
    },
  },
  {
    name: "Q3: hand-overs that a claim did not allow a class to have do not count for it",
    config: { classes: shares(0.5, 0) },
    run: async (kit) => {
      const drafts = (className: string) =>
        Array.from({ length: 60 }, (_, index) => ({ id: `${className} ${index}`, class: className }));
      await kit.admitted(...drafts("critical"), ...drafts("high"));
      await kit.claim(20, { classes: ["critical"] });
      const high = (await kit.claim(4)).filter(({ laneClass }) => laneClass === "high").length;
      assert.ok(high >= 1 && high <= 2, `high had ${high} of 4`);
    },
  },
  {
    name: "Q5: what is more urgent is handed over next, however late it came",
    run: async (kit) => {
      await kit.admitted({ id: "s1" }, { id: "s2" });
      assert.equal((await kit.one()).id, "s1");
      await kit.admitted({ id: "ring", class: "critical" });
      assert.equal((await kit.one()).id, "ring");
    },
  },
  {
    name: "Q6: a lease is settled by its token, however many others came and went meanwhile",
    run: async (kit) => {
      await kit.admitted({ id: "lasting" });
      const lasting = await kit.one({ leaseMs: 100_000 });
      for (let n = 0; n < 200; n += 1) {
        await kit.admitted({ id: `${n}` });
        await kit.ack(await kit.one());
      }
      await kit.ack(lasting);
      assert.deepEqual(await kit.store.settle([{ token: lasting.token, result: "ack" }], kit.now), ["stale"]);
    },
  },
  {
    name: "Q6: a token that is over is stale and changes nothing",
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      const first = await kit.one();
      kit.now += 1_000;
      await kit.store.reclaim(kit.now);
      const second = await kit.one();
      assert.notEqual(second.token, first.token);
      assert.deepEqual(await kit.store.settle([{ token: first.token, result: "ack" }], kit.now), ["stale"]);
      assert.deepEqual(await kit.store.extend([first.token], 1_000, kit.now), ["stale"]);
      await kit.ack(second);
      assert.deepEqual(await kit.store.settle([{ token: second.token, result: "ack" }], kit.now), ["stale"]);
      const { crm } = (await kit.store.stats(kit.now)).sinks;
      assert.deepEqual([crm?.acked, crm?.waiting, crm?.inFlight], [1, 0, 0]);
    },
  },
  {
    name: "Q6: until `reclaim` finds its end has come, a lease may be settled and extended, however late",
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" });
      const [one, two] = await kit.claim(2);
      assert.ok(one !== undefined && two !== undefined);
      kit.now += 50_000;
      assert.deepEqual(await kit.claim(1), [], "claim does not reclaim");
      await kit.ack(one);
      assert.deepEqual(await kit.store.extend([two.token], 5_000, kit.now), ["extended"]);
      assert.deepEqual(await kit.store.reclaim(kit.now), []);
      assert.equal(kit.store.nextDueAt(), kit.now + 5_000);
      await kit.ack(two);
    },
  },
  {
    name: "Q6: a reclaimed envelope is back by seq, claimable at once, attempt + 1, and its lane stands as it stood",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k", class: "high" }, { id: "2", key: "k" }, { id: "c" });
      await kit.one({ leaseMs: 10 });
      kit.now += 9;
      assert.deepEqual(await kit.store.reclaim(kit.now), []);
      kit.now += 1;
      const ended = await kit.store.reclaim(kit.now);
      assert.deepEqual(ended, [{ sink: "crm", seq, attempt: 1, result: "waiting" }]);
      const again = await kit.one();
      assert.deepEqual([again.id, again.attempt, again.laneClass], ["1", 2, "high"]);
    },
  },
  {
    name: "Q6: an extension counts from now, also when that is sooner than the end it had",
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      const { token } = await kit.one({ leaseMs: 10_000 });
      kit.now += 100;
      assert.deepEqual(await kit.store.extend([token, 0, token], 50, kit.now), ["extended", "stale", "extended"]);
      assert.equal(kit.store.nextDueAt(), kit.now + 50);
      kit.now += 50;
      assert.equal((await kit.store.reclaim(kit.now)).length, 1);
    },
  },
  {
    name: "Q6: in one batch of ends each counts by itself: the second of one token is stale",
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" });
      const [one, two] = await kit.claim(2);
      assert.ok(one !== undefined && two !== undefined);
      const answers = await kit.store.settle(
        [
          { token: one.token, result: "retry", delayMs: 0, cause: "no" },
          { token: one.token, result: "ack" },
          { token: two.token, result: "ack" },
        ],
        kit.now,
      );
      assert.deepEqual(answers, ["settled", "stale", "settled"]);
      const { acked, waiting, retried } = await kit.sink();
      assert.deepEqual({ acked, waiting, retried }, { acked: 1, waiting: 1, retried: 1 });
    },
  },
  {
    name: "Q6: reclaim finds the leases of all sinks that are over, and no other",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", sinks: ["crm", "log"] }, { id: "2" });
      await kit.claim(1, { leaseMs: 10 });
      await kit.claim(1, { leaseMs: 10, sink: "log" });
      await kit.claim(1, { leaseMs: 11 });
      kit.now += 10;
      const ended = [...(await kit.store.reclaim(kit.now))].toSorted((a, b) => (a.sink < b.sink ? -1 : 1));
      assert.deepEqual(ended, [
        { sink: "crm", seq, attempt: 1, result: "waiting" },
        { sink: "log", seq, attempt: 1, result: "waiting" },
      ]);
      const [crm, log] = [await kit.sink("crm"), await kit.sink("log")];
      assert.deepEqual([crm.reclaimed, crm.inFlight, log.reclaimed, log.inFlight], [1, 1, 1, 0]);
    },
  },
  {
    name: "Q6: nextDueAt is the earliest lease end, backoff end or expiry, and nothing when nothing is due",
    run: async (kit) => {
      assert.equal(kit.store.nextDueAt(), undefined);
      await kit.admitted({ id: "1" }, { id: "2", expiresAt: kit.now + 500 });
      assert.equal(kit.store.nextDueAt(), kit.now + 500);
      const first = await kit.one({ leaseMs: 100 });
      assert.equal(kit.store.nextDueAt(), kit.now + 100);
      await kit.retry(first, 50);
      assert.equal(kit.store.nextDueAt(), kit.now + 50);
      kit.now += 50;
      await kit.ack(await kit.one());
      await kit.ack(await kit.one());
      assert.equal(kit.store.nextDueAt(), undefined);
    },
  },
  {
    name: "Q6: time that goes backwards stands still",
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      kit.now += 1_000;
      const first = await kit.one({ leaseMs: 10 });
      assert.equal(first.waitedMs, 1_000);
      kit.now -= 5_000;
      assert.deepEqual(await kit.store.reclaim(kit.now), []);
      await kit.retry(first, 20);
      assert.equal(kit.store.nextDueAt(), kit.now + 5_000 + 20);
    },
  },
];
