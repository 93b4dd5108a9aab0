/** Cases of stores that keep their content over a restart: Q12, and what Q1, Q2, Q6, Q7 and Q8 say of one. */
import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-kit.ts";
import { BASE_CONFIG } from "./conformance-kit.ts";

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
    name: "Q12: a clean close gives leases back without counting the attempt, the last one too",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      for (const attempt of [1, 2, 3]) {
        const claimed = await kit.one();
        assert.equal(claimed.attempt, attempt);
        await kit.restart("close");
        if (attempt < 3) await kit.retry(await kit.one());
      }
      assert.equal((await kit.one()).attempt, 3);
      assert.deepEqual(await kit.deadSeqs(), []);
      await kit.conserved();
    },
  },
  {
    name: "Q12: restarts by themselves change nothing, however many",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k", class: "high" }, { id: "2", key: "k" });
      await kit.retry(await kit.one());
      for (const ending of ["crash", "crash", "close", "crash"] as const) await kit.restart(ending);
      const claimed = await kit.one();
      assert.deepEqual([claimed.id, claimed.attempt], ["1", 2]);
      await kit.ack(claimed);
      assert.deepEqual(await kit.drain(), ["2"]);
      await kit.conserved();
    },
  },
  {
    name: "Q12: what was in flight at a crash is counted once, however many crashes follow before it is handed over again",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      await kit.one();
      for (const ending of ["crash", "crash", "crash", "close", "crash"] as const) await kit.restart(ending);
      assert.equal((await kit.sink()).reclaimed, 1);
      assert.equal((await kit.one()).attempt, 2);
      await kit.conserved();
    },
  },
  {
    name: "Q12: what waits is handed over after a restart in the order in which it would have been",
    durable: true,
    run: async (kit) => {
      await kit.admitted(
        { id: "s1", key: "call" },
        { id: "s2" },
        { id: "h", class: "high" },
        { id: "ring", key: "call", class: "critical" },
        { id: "c", class: "critical" },
      );
      await kit.restart("crash");
      const first = await kit.one();
      assert.deepEqual([first.id, first.class, first.laneClass], ["s1", "standard", "critical"]);
      await kit.ack(first);
      await kit.admitted({ id: "s3", key: "call" });
      assert.deepEqual(await kit.drain(), ["ring", "c", "h", "s2", "s3"]);
    },
  },
  {
    name: "Q12: an envelope for two sinks that one of them has done is kept for the other only",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1", sinks: ["crm", "log"], payload: new Uint8Array(7) });
      await kit.drain("crm");
      await kit.restart("crash");
      assert.equal((await kit.store.stats(kit.now)).payloadBytes, 7);
      assert.deepEqual(await kit.drain("crm"), []);
      assert.deepEqual(await kit.drain("log"), ["1"]);
      assert.equal((await kit.store.stats(kit.now)).payloadBytes, 0);
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
      assert.equal(kit.store.nextDueAt(), undefined);
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
    name: "Q12: bytes, ids and keys come back as they were, whatever they are",
    durable: true,
    run: async (kit) => {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const names = ["", "\u0000", "é", "\u{1F4DE}", "\ud800", "\udc00", "a\nb", "k".repeat(5_000)];
      for (const [index, key] of names.entries()) {
        const payload = index % 2 === 0 ? all : new Uint8Array(0);
        await kit.admitted({ id: `${key} 1`, key, payload }, { id: `${key} 2`, key });
      }
      await kit.restart("crash");
      const claimed = await kit.claim(99);
      assert.deepEqual(
        claimed.map(({ id, key }) => [id, key]),
        names.map((key) => [`${key} 1`, key]),
        "each key is a lane of its own",
      );
      assert.ok(claimed.every(({ payload }, index) => payload.length === (index % 2 === 0 ? 256 : 0)));
      assert.deepEqual(claimed[0]?.payload, all, "bytes of the plain kind");
      assert.equal((await kit.admit({ id: "\udc00 1" }))[0]?.status, "duplicate");
    },
  },
  {
    name: "Q12: many envelopes, small and large, come back complete and in order",
    durable: true,
    run: async (kit) => {
      const drafts = Array.from({ length: 900 }, (_, n) => ({
        id: `${n}`,
        key: n % 3 === 0 ? undefined : `k${n % 7}`,
        payload: new Uint8Array(n % 97 === 0 ? 10_000 : n % 11).fill(n % 251),
      }));
      for (let from = 0; from < drafts.length; from += 100) await kit.admitted(...drafts.slice(from, from + 100));
      await kit.restart("crash");
      for (const { id, payload } of drafts) {
        const claimed = await kit.one();
        assert.equal(claimed.id, id);
        assert.deepEqual(claimed.payload, payload);
        await kit.ack(claimed);
      }
      await kit.conserved();
    },
  },
  {
    name: "Q12: what was admitted at many times comes back complete, whatever was asked for before it",
    durable: true,
    run: async (kit) => {
      const payloadOf = (n: number): Uint8Array => new Uint8Array(3).fill(n);
      for (let n = 0; n < 160; n += 1) await kit.admitted({ id: `${n}`, payload: payloadOf(n) });
      for (const one of await kit.claim(80)) await kit.dead(one);
      await kit.restart("crash");
      await kit.store.deadLetters({ sink: "crm", limit: 3 }, kit.now);
      const letters = await kit.store.deadLetters({ sink: "crm", limit: 80 }, kit.now);
      assert.deepEqual(
        letters.map(({ id, payload }) => [id, payload]),
        letters.map((_, n) => [`${n}`, payloadOf(n)]),
      );
      const [first] = await kit.claim(1);
      assert.ok(first !== undefined);
      await kit.retry(first);
      const claimed = await kit.claim(80);
      assert.deepEqual(
        claimed.map(({ id, payload }) => [id, payload]),
        claimed.map((_, n) => [`${80 + n}`, payloadOf(80 + n)]),
      );
      assert.equal(claimed.length, 80);
      await kit.conserved();
    },
  },
  {
    name: "Q6: tokens are never used again, and those of an earlier life are stale for good",
    durable: true,
    run: async (kit) => {
      const given = new Set<number>();
      await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" });
      for (const ending of ["crash", "close", "close"] as const) {
        const old = [...given];
        for (const { token } of await kit.claim(3)) {
          assert.ok(!given.has(token), `token ${token} was used before`);
          given.add(token);
        }
        const stale = old.map(() => "stale");
        assert.deepEqual(await kit.store.extend(old, 1_000, kit.now), stale);
        const ends = old.map((token) => ({ token, result: "ack" as const }));
        assert.deepEqual(await kit.store.settle(ends, kit.now), stale);
        await kit.restart(ending);
      }
      assert.equal((await kit.sink()).waiting, 3);
    },
  },
  {
    name: "Q6: seqs rise over restarts, also when nothing is left of those that were given",
    durable: true,
    run: async (kit) => {
      let last = 0;
      for (const ending of ["crash", "close", "crash", "crash"] as const) {
        const [first = 0, second = 0] = await kit.admitted({ id: `${ending} ${last}` }, { id: `2 ${ending} ${last}` });
        assert.ok(first > last && second > first, `${first} and ${second} after ${last}`);
        last = second;
        await kit.drain();
        await kit.restart(ending);
      }
    },
  },
  {
    name: "Q7: an envelope that ends its process on every attempt becomes a dead letter that tells so",
    durable: true,
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1" });
      for (const attempt of [1, 2, 3]) {
        assert.equal((await kit.one()).attempt, attempt);
        await kit.restart("crash");
      }
      assert.deepEqual(await kit.claim(), []);
      assert.deepEqual(await kit.deadSeqs(), [seq]);
      const [letter] = await kit.store.deadLetters({ sink: "crm" }, kit.now);
      assert.deepEqual(
        letter?.attempts.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      assert.ok(letter.attempts.every(({ cause }) => cause.length > 0));
      await kit.conserved();
    },
  },
  {
    name: "Q7: failed attempts are remembered over a restart, with their times and causes",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      const at = kit.now;
      await kit.retry(await kit.one());
      await kit.restart("close", { downMs: 500 });
      await kit.dead(await kit.one());
      await kit.restart("crash");
      const [letter] = await kit.store.deadLetters({ sink: "crm" }, kit.now);
      assert.deepEqual(letter?.attempts, [
        { attempt: 1, at, cause: "not now" },
        { attempt: 2, at: at + 500, cause: "never" },
      ]);
      assert.deepEqual([letter.admittedAt, letter.deadAt], [at, at + 500]);
    },
  },
  {
    name: "Q7: a redriven envelope is still one after a restart: its mark, its attempts, and no expiry",
    durable: true,
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k", class: "critical", expiresAt: kit.now + 100 }, { id: "s" });
      await kit.dead(await kit.one());
      await kit.store.redrive("crm", [seq ?? 0], kit.now);
      await kit.restart("crash", { downMs: 1_000 });
      const { id, seq: same, laneClass, attempt, redriven, ...again } = await kit.one();
      assert.deepEqual([id, same, laneClass, attempt, redriven], ["1", seq, "critical", 1, 1]);
      await kit.settle({ token: again.token, result: "dead", cause: "never" });
      const [letter] = await kit.store.deadLetters({ sink: "crm" }, kit.now);
      assert.deepEqual([letter?.redriven, letter?.attempts.length], [1, 2]);
      await kit.conserved();
    },
  },
  {
    name: "Q7: dead letters stay bounded by the smallest seq over a restart, and those discarded stay away",
    config: { deadLetters: { maxCount: 3 } },
    durable: true,
    run: async (kit) => {
      const seqs = await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" }, { id: "4" }, { id: "5" });
      const [first, ...rest] = await kit.claim(5);
      for (const one of rest.slice(0, 3)) await kit.dead(one);
      await kit.store.discard("crm", [seqs[2] ?? 0], kit.now);
      await kit.restart("close");
      assert.deepEqual(await kit.deadSeqs(), [seqs[1], seqs[3]]);
      assert.equal(first?.id, "1");
      for (const one of await kit.claim(2)) await kit.dead(one);
      assert.deepEqual(await kit.deadSeqs(), [seqs[1], seqs[3], seqs[4]]);
      assert.deepEqual(await kit.lines(), ["discarded 3", "bound 1"]);
      await kit.conserved();
    },
  },
  {
    name: "Q7: dead letters that a crash makes count towards the bound, and a bound that was narrowed holds at once",
    config: { deadLetters: { maxCount: 3 } },
    durable: true,
    run: async (kit) => {
      const [crm] = BASE_CONFIG.sinks;
      assert.ok(crm !== undefined);
      await kit.restart("close", { sinks: [{ ...crm, maxAttempts: 1 }] });
      const seqs = await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" }, { id: "4" });
      const [first, ...rest] = await kit.claim(4);
      for (const one of rest) await kit.dead(one);
      assert.equal(first?.id, "1");
      await kit.restart("crash");
      assert.deepEqual(await kit.deadSeqs(), seqs.slice(1));
      assert.deepEqual(await kit.lines(), ["bound 1"]);
      await kit.restart("close", { deadLetters: { maxCount: 1 } });
      assert.deepEqual(await kit.deadSeqs(), seqs.slice(3));
      assert.deepEqual(await kit.lines(), ["bound 1", "bound 2", "bound 3"]);
      await kit.conserved();
    },
  },
  {
    name: "Q8: what expires while the process is away is never handed over, and is counted",
    durable: true,
    run: async (kit) => {
      const [, letter] = await kit.admitted(
        { id: "ring", key: "call", class: "critical", expiresAt: kit.now + 100 },
        { id: "kept", expiresAt: kit.now + 100, onExpiry: "dead-letter" },
        { id: "s", key: "call" },
        { id: "later", expiresAt: kit.now + 10_000 },
      );
      await kit.restart("crash", { downMs: 100 });
      assert.equal(kit.store.nextDueAt() === undefined, false);
      assert.deepEqual(await kit.drain(), ["s", "later"]);
      assert.deepEqual(await kit.lines(), ["expired ring"]);
      assert.deepEqual(await kit.deadSeqs(), [letter]);
      assert.equal((await kit.sink()).classes["critical"]?.expired, 1);
      await kit.conserved();
    },
  },
  {
    name: "Q8: what was in flight and has expired by the restart ends there",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1", expiresAt: kit.now + 10 });
      await kit.one();
      await kit.restart("crash", { downMs: 20 });
      assert.deepEqual(await kit.claim(), []);
      assert.deepEqual(await kit.lines(), ["expired 1"]);
      await kit.conserved();
    },
  },
  {
    name: "Q2: an envelope has waited since its admission, not since the restart",
    durable: true,
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      const at = kit.now;
      await kit.restart("crash", { downMs: 700 });
      assert.equal((await kit.sink()).classes["standard"]?.oldestAdmittedAt, at);
      assert.equal((await kit.one()).waitedMs, 700);
    },
  },
];
