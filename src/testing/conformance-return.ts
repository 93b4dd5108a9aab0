/** Cases of what is remembered over a restart besides the envelopes, and of one with another configuration: Q9 to Q11, Q14. */
import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-kit.ts";
import { BASE_CONFIG, limited } from "./conformance-kit.ts";

/** See the top of this file. */
export const RETURN_CASES: readonly ConformanceCase[] = [
  {
    name: "Q9: coalescing goes on over a restart, and still never across a transition",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "h", class: "high" });
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a" }, { id: "t", key: "k" });
      await kit.admitted({ id: "a2", key: "k", coalesceKey: "a", class: "high" });
      await kit.restart("crash");
      const [answer] = await kit.admit({ id: "a3", key: "k", coalesceKey: "a" });
      assert.ok(answer?.status === "coalesced");
      assert.equal(answer.replaced, 1, "a1 is behind the transition");
      await kit.restart("close");
      assert.deepEqual(await kit.lines(), ["coalesced a2"]);
      const [, first] = await kit.claim(2);
      assert.deepEqual([first?.id, first?.laneClass], ["a1", "high"], "the standing of a2 was taken over");
      await kit.conserved();
    },
  },
  {
    name: "Q9: a redriven state is replaced by a newer one only when that one is admitted",
    durable: true,
    run: async (kit) => {
      const [old] = await kit.admitted({ id: "a1", key: "k", coalesceKey: "a" });
      await kit.dead(await kit.one());
      await kit.admitted({ id: "a2", key: "k", coalesceKey: "a" });
      await kit.restart("crash");
      await kit.store.redrive("crm", [old ?? 0], kit.now);
      assert.equal((await kit.sink()).waiting, 2);
      const [answer] = await kit.admit({ id: "a3", key: "k", coalesceKey: "a" });
      assert.ok(answer?.status === "coalesced");
      assert.equal(answer.replaced, 2);
      assert.deepEqual(await kit.drain(), ["a3"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: after a restart the oldest of the least urgent class are shed first, and bounds hold",
    config: limited(4),
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "s1" }, { id: "s2", key: "k" }, { id: "h", class: "high" }, { id: "s3", key: "k" });
      await kit.restart("crash");
      await kit.admitted({ id: "1", class: "critical" }, { id: "2", class: "critical" });
      assert.deepEqual(await kit.lines(), ["shed s1", "shed s2"]);
      await kit.restart("close");
      assert.deepEqual(await kit.drain(), ["1", "2", "h", "s3"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: what was in flight at a crash takes room afterwards, and may be shed as any that waits",
    config: limited(2, 10),
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1", payload: new Uint8Array(6) }, { id: "c", class: "critical" });
      await kit.claim(2);
      await kit.restart("crash");
      assert.equal((await kit.sink()).bytes, 7);
      assert.deepEqual(await kit.admit({ id: "big", class: "critical", payload: new Uint8Array(10) }), [
        { status: "full" },
      ]);
      await kit.admitted({ id: "2", payload: new Uint8Array(9) });
      assert.deepEqual(await kit.lines(), ["refused big", "shed 1"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: a backlog above bounds that were narrowed stays, until a newcomer needs room",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" }, { id: "c", class: "critical" }, { id: "3" });
      await kit.restart("close", limited(2));
      assert.equal((await kit.sink()).waiting, 4);
      await kit.admitted({ id: "4", class: "high" });
      assert.deepEqual(await kit.lines(), ["shed 1", "shed 2", "shed 3"]);
      assert.deepEqual(await kit.drain(), ["c", "4"]);
      await kit.conserved();
    },
  },
  {
    name: "Q10: the ledger survives a restart, and its lines are numbered on",
    config: { ...limited(1), ledger: { maxLines: 3 } },
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" });
      const before = await kit.store.ledger({ limit: 10 });
      assert.equal(before.length, 2);
      await kit.restart("crash");
      assert.deepEqual(await kit.store.ledger({ limit: 10 }), before);
      await kit.admitted({ id: "4" }, { id: "5" });
      const after = await kit.store.ledger({ limit: 10 });
      assert.deepEqual(
        after.map(({ reason, id }) => `${reason} ${id}`),
        ["shed 2", "shed 3", "shed 4"],
      );
      const last = before.at(-1)?.n ?? 0;
      assert.ok(after.at(-2)?.n !== undefined && after.slice(1).every(({ n }) => n > last));
      assert.deepEqual(
        (await kit.store.ledger({ after: last })).map(({ id }) => id),
        ["3", "4"],
      );
    },
  },
  {
    name: "Q11: the dedup window survives a restart, and ends when it would have",
    config: { dedup: { windowMs: 1_000, maxCount: 1_000 } },
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      await kit.drain();
      await kit.restart("crash", { downMs: 999 });
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "duplicate");
      await kit.restart("close", { downMs: 1 });
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "admitted");
    },
  },
  {
    name: "Q11: an id that was forgotten and admitted again is remembered from then on, over a restart too",
    config: { dedup: { windowMs: 100, maxCount: 1_000 } },
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" });
      kit.now += 100;
      await kit.admitted({ id: "1" });
      await kit.restart("crash", { downMs: 10 });
      const statuses = (await kit.admit({ id: "3" }, { id: "1" }, { id: "2" })).map(({ status }) => status);
      assert.deepEqual(statuses, ["admitted", "duplicate", "admitted"]);
    },
  },
  {
    name: "Q11: after a restart ids are still forgotten in the order of their admission, batches included",
    config: { dedup: { windowMs: 60_000, maxCount: 3 } },
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" });
      await kit.restart("crash");
      await kit.admitted({ id: "4" });
      const statuses = (await kit.admit({ id: "2" }, { id: "3" }, { id: "4" }, { id: "1" })).map(
        ({ status }) => status,
      );
      assert.deepEqual(statuses, ["duplicate", "duplicate", "duplicate", "admitted"]);
      await kit.restart("close");
      const again = (await kit.admit({ id: "3" }, { id: "4" }, { id: "1" }, { id: "2" })).map(({ status }) => status);
      assert.deepEqual(again, ["duplicate", "duplicate", "duplicate", "admitted"]);
    },
  },
  {
    name: "Q11: ids of refused envelopes are free after a restart as before; those of coalesced, shed, expired ones are not",
    config: limited(1),
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "gone", expiresAt: kit.now });
      await kit.admitted({ id: "shed" }, { id: "c", class: "critical" });
      assert.deepEqual(await kit.admit({ id: "refused" }), [{ status: "full" }]);
      await kit.restart("crash");
      await kit.drain();
      const statuses = (await kit.admit({ id: "gone" }, { id: "shed" }, { id: "refused" })).map(({ status }) => status);
      assert.deepEqual(statuses, ["duplicate", "duplicate", "admitted"]);
    },
  },
  {
    name: "Q14: counters and seqs go on after a restart, clean or not",
    durable: true,
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k", coalesceKey: "a" });
      await kit.admit({ id: "2", key: "k", coalesceKey: "a" });
      await kit.drain();
      await kit.restart("close");
      let crm = await kit.sink();
      assert.deepEqual([crm.admitted, crm.coalesced, crm.acked], [2, 1, 1]);
      assert.ok(((await kit.admitted({ id: "3" }))[0] ?? 0) > (seq ?? 0));
      await kit.restart("crash");
      crm = await kit.sink();
      assert.deepEqual([crm.admitted, crm.coalesced, crm.acked, crm.waiting], [3, 1, 1, 1]);
      await kit.conserved();
    },
  },
  {
    name: "Q14: what is counted besides survives too: no sink, full, too large, retried, reclaimed, redriven",
    config: limited(2, 10),
    durable: true,
    run: async (kit) => {
      const [, seq] = await kit.admitted({ id: "0", sinks: [] }, { id: "1", class: "critical" });
      await kit.retry(await kit.one());
      await kit.one();
      kit.now += 1_000;
      await kit.store.reclaim(kit.now);
      await kit.dead(await kit.one());
      await kit.store.redrive("crm", [seq ?? 0], kit.now);
      await kit.admitted({ id: "2", class: "critical" });
      await kit.admit({ id: "3" }, { id: "4", payload: new Uint8Array(11) }, { id: "1" });
      const before = await kit.store.stats(kit.now);
      const { admitted, unrouted, full, tooLarge, payloadBytes } = before;
      assert.deepEqual([admitted, unrouted, full, tooLarge, payloadBytes], [3, 1, 1, 1, 2]);
      await kit.restart("close");
      const after = await kit.store.stats(kit.now);
      assert.deepEqual(
        [after.admitted, after.unrouted, after.full, after.tooLarge, after.payloadBytes],
        [3, 1, 1, 1, 2],
      );
      assert.deepEqual(after.sinks["crm"], before.sinks["crm"]);
      const { retried, reclaimed, redriven, refused } = await kit.sink();
      assert.deepEqual([retried, reclaimed, redriven, refused], [1, 1, 1, 2]);
    },
  },
  {
    name: "Q2: classes in another order after a restart rank as they stand then; one that is gone ranks last",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "h", class: "high" }, { id: "s" }, { id: "c", class: "critical" }, { id: "s2" });
      const [critical, high, standard] = BASE_CONFIG.classes;
      assert.ok(critical !== undefined && high !== undefined && standard !== undefined);
      const low = { name: "low", neverShed: false, minShare: 0 };
      await kit.restart("close", { classes: [standard, critical, low] });
      assert.deepEqual(
        (await kit.claim(9)).map(({ id }) => id),
        ["s", "s2", "c", "h"],
      );
      await kit.restart("close", { classes: [critical, high, standard] });
      assert.deepEqual(await kit.drain(), ["c", "h", "s", "s2"]);
      await kit.conserved();
    },
  },
  {
    name: "Q14: the backlog of a sink that is not configured any more is kept, and handed over when it is back",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k" }, { id: "2", key: "k" }, { id: "d" }, { id: "l", sinks: ["log"] });
      await kit.one();
      const [letter] = (await kit.claim(1)).map(({ token }) => token);
      await kit.settle({ token: letter ?? 0, result: "dead", cause: "never" });
      const [, log] = BASE_CONFIG.sinks;
      assert.ok(log !== undefined);
      await kit.restart("close", { sinks: [log] });
      assert.deepEqual(await kit.drain("log"), ["l"]);
      await kit.restart("crash", { sinks: BASE_CONFIG.sinks.toReversed() });
      assert.equal((await kit.deadSeqs()).length, 1);
      assert.deepEqual(await kit.drain(), ["1", "2"]);
      await kit.conserved();
    },
  },
];
