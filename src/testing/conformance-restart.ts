/** Cases of stores that keep their content over a restart: Q12, and what Q6, Q7, Q9, Q11, Q14 say of one. */
import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-kit.ts";

/** See the top of this file. */
export const RESTART_CASES: readonly ConformanceCase[] = [
  {
    name: "Q12: after a crash leases are over, their envelopes wait again with attempt + 1, and order holds",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k" }, { id: "2", key: "k" }, { id: "ring", class: "critical" });
      const [ring, first] = await kit.claim(2);
      assert.ok(ring !== undefined && first !== undefined);
      await kit.ack(ring);
      await kit.restart("crash");
      assert.deepEqual(await kit.store.settle([{ token: first.token, result: "ack" }], kit.now), ["stale"]);
      const again = await kit.one();
      assert.deepEqual([again.id, again.attempt], ["1", 2]);
      assert.notEqual(again.token, first.token);
      await kit.ack(again);
      assert.deepEqual(await kit.drain(), ["2"]);
      await kit.conserved();
    },
  },
  {
    name: "Q12: a clean close gives leases back without counting the attempt",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      await kit.one();
      await kit.restart("close");
      assert.equal((await kit.one()).attempt, 1);
    },
  },
  {
    name: "Q7: an envelope that ends its process on every attempt becomes a dead letter",
    durable: true,
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1" });
      for (const attempt of [1, 2, 3]) {
        assert.equal((await kit.one()).attempt, attempt);
        await kit.restart("crash");
      }
      assert.deepEqual(await kit.claim(), []);
      assert.deepEqual(await kit.deadSeqs(), [seq]);
      await kit.conserved();
    },
  },
  {
    name: "Q12: backoffs end at a restart; dead letters, their attempts and the kept standing survive",
    durable: true,
    run: async (kit) => {
      const [dead] = await kit.admitted({ id: "d" });
      await kit.dead(await kit.one());
      await kit.admitted({ id: "b", key: "b" });
      await kit.retry(await kit.one(), 60_000);
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a", class: "high" });
      await kit.admit({ id: "a2", key: "k", coalesceKey: "a" });
      await kit.restart("crash");
      assert.deepEqual(await kit.deadSeqs(), [dead]);
      const first = await kit.one();
      assert.deepEqual([first.id, first.laneClass, first.replaced], ["a2", "high", 1]);
      assert.deepEqual([(await kit.one()).id], ["b"]);
      await kit.store.redrive("crm", [dead ?? 0], kit.now);
      const redriven = await kit.one();
      assert.deepEqual([redriven.id, redriven.redriven, redriven.seq], ["d", 1, dead]);
    },
  },
  {
    name: "Q11: the dedup window survives a restart",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      await kit.drain();
      await kit.restart("crash");
      assert.equal((await kit.admit({ id: "1" }))[0]?.status, "duplicate");
    },
  },
  {
    name: "Q14: counters and seqs go on after a restart",
    durable: true,
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k", coalesceKey: "a" });
      await kit.admit({ id: "2", key: "k", coalesceKey: "a" });
      await kit.drain();
      await kit.restart("close");
      const { crm } = (await kit.store.stats(kit.now)).sinks;
      assert.deepEqual([crm?.admitted, crm?.coalesced, crm?.acked], [2, 1, 1]);
      assert.ok(((await kit.admitted({ id: "3" }))[0] ?? 0) > (seq ?? 0));
      await kit.conserved();
    },
  },
];
