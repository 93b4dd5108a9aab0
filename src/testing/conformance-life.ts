/** Cases of retry, dead letters, expiry and coalescing: Q7, Q8, Q9. */
import assert from "node:assert/strict";
import type { ConformanceCase } from "./conformance-kit.ts";
import { limited } from "./conformance-kit.ts";

/** See the top of this file. */
export const LIFE_CASES: readonly ConformanceCase[] = [
  {
    name: "Q7: a failed attempt puts its lane into backoff, and no other",
    run: async (kit) => {
      await kit.admitted({ id: "k1", key: "k" }, { id: "k2", key: "k" }, { id: "other" });
      await kit.retry(await kit.one(), 100);
      assert.deepEqual(await kit.drain(), ["other"]);
      kit.now += 99;
      assert.deepEqual(await kit.claim(9), []);
      kit.now += 1;
      const again = await kit.one();
      assert.deepEqual([again.id, again.attempt], ["k1", 2]);
      await kit.retry(again, 0);
      assert.equal((await kit.one()).id, "k1", "a delay of 0 is claimable at once");
    },
  },
  {
    name: "Q7: a key whose deliveries fail delays no other key by more than one hand-over",
    run: async (kit) => {
      await kit.admitted({ id: "poison", key: "p", class: "critical" }, { id: "1" }, { id: "2" }, { id: "3" });
      const order: string[] = [];
      for (let claimed = await kit.claim(); claimed[0] !== undefined; claimed = await kit.claim()) {
        order.push(claimed[0].id);
        if (claimed[0].id === "poison") await kit.retry(claimed[0], 1);
        else await kit.ack(claimed[0]);
      }
      assert.deepEqual(order, ["poison", "1", "2", "3"]);
    },
  },
  {
    name: "Q7: the last attempt makes a dead letter that keeps every attempt, and leaves no backoff",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k", class: "high" }, { id: "2", key: "k" });
      const admittedAt = kit.now;
      await kit.retry(await kit.one());
      kit.now += 5;
      await kit.retry(await kit.one());
      kit.now += 5;
      await kit.retry(await kit.one(), 60_000);
      const [letter] = await kit.store.deadLetters({ sink: "crm" }, kit.now);
      assert.ok(letter !== undefined);
      const { payload, ...rest } = letter;
      assert.deepEqual(rest, {
        sink: "crm",
        seq,
        id: "1",
        class: "high",
        key: "k",
        admittedAt,
        deadAt: kit.now,
        attempts: [
          { attempt: 1, at: admittedAt, cause: "not now" },
          { attempt: 2, at: admittedAt + 5, cause: "not now" },
          { attempt: 3, at: admittedAt + 10, cause: "not now" },
        ],
        redriven: 0,
        replaced: 0,
      });
      assert.equal(payload.length, 1);
      assert.deepEqual(await kit.drain(), ["2"]);
      await kit.conserved();
    },
  },
  {
    name: "Q7: a lease of the last attempt that runs out makes a dead letter",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1" });
      for (const result of ["waiting", "waiting", "dead"]) {
        const { attempt } = await kit.one();
        kit.now += 1_000;
        assert.deepEqual(await kit.store.reclaim(kit.now), [{ sink: "crm", seq, attempt, result }]);
      }
      assert.deepEqual(await kit.deadSeqs(), [seq]);
    },
  },
  {
    name: "Q7: coalescing, expiry, shedding and a redrive do not end a backoff; an emptied lane does",
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k", coalesceKey: "c" });
      await kit.retry(await kit.one(), 100);
      assert.equal((await kit.admit({ id: "2", key: "k", coalesceKey: "c" }))[0]?.status, "coalesced");
      assert.deepEqual(await kit.claim(9), [], "a chatty state must not hammer a failing sink");
      kit.now += 100;
      assert.equal((await kit.one()).id, "2");

      await kit.admitted({ id: "3", key: "e", expiresAt: kit.now + 10 });
      await kit.retry(await kit.one(), 1_000);
      kit.now += 10;
      await kit.admitted({ id: "4", key: "e" });
      assert.equal((await kit.one()).id, "4", "the lane was empty, its backoff is gone");
    },
  },
  {
    name: "Q7: shedding ends no backoff, and an urgent event of the lane waits for its end with the others",
    config: limited(3),
    run: async (kit) => {
      await kit.admitted({ id: "1", key: "k" }, { id: "2", key: "k" }, { id: "c", class: "critical" });
      await kit.ack(await kit.one());
      await kit.retry(await kit.one(), 100);
      await kit.admitted({ id: "3", key: "k" }, { id: "c2", class: "critical" });
      assert.deepEqual(await kit.lines(), ["shed 1"]);
      assert.equal((await kit.one()).id, "c2");
      await kit.admitted({ id: "ring", key: "k", class: "critical" });
      assert.deepEqual(await kit.claim(9), []);
      kit.now += 100;
      const next = await kit.one();
      assert.equal(next.laneClass, "critical");
      assert.deepEqual(await kit.lines(), ["shed 1", "shed 2"]);
      assert.equal(next.id, "3");
    },
  },
  {
    name: "Q7: a dead letter is of one sink: the same envelope goes on in another, and is redriven in one",
    run: async (kit) => {
      const [seq = 0] = await kit.admitted({ id: "1", sinks: ["crm", "log"], payload: new Uint8Array(3) });
      await kit.dead(await kit.one());
      await kit.dead(await kit.one({ sink: "log" }));
      const all = await kit.store.deadLetters({}, kit.now);
      assert.deepEqual(
        all.map(({ sink, seq: same }) => [sink, same]),
        [
          ["crm", seq],
          ["log", seq],
        ],
      );
      assert.deepEqual(await kit.store.redrive("crm", [seq], kit.now), ["redriven"]);
      assert.deepEqual(await kit.store.discard("log", [seq], kit.now), ["discarded"]);
      assert.equal((await kit.store.stats(kit.now)).payloadBytes, 3, "held by one sink still");
      const back = await kit.one();
      assert.deepEqual([back.payload.length, back.redriven], [3, 1]);
      await kit.ack(back);
      assert.equal((await kit.store.stats(kit.now)).payloadBytes, 0);
      await kit.conserved();
    },
  },
  {
    name: "Q7: where no dead letters are kept, each is discarded at once with a line",
    config: { deadLetters: { maxCount: 0 } },
    run: async (kit) => {
      await kit.admitted({ id: "1" });
      await kit.dead(await kit.one());
      assert.deepEqual(await kit.deadSeqs(), []);
      assert.deepEqual(await kit.lines(), ["bound 1"]);
      assert.equal((await kit.sink()).discarded, 1);
      await kit.conserved();
    },
  },
  {
    name: "Q7: a redrive into a lane in backoff does not end the backoff",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k" }, { id: "2", key: "k" });
      await kit.dead(await kit.one());
      await kit.retry(await kit.one(), 100);
      await kit.store.redrive("crm", [seq ?? 0], kit.now);
      assert.deepEqual(await kit.claim(9), []);
      kit.now += 100;
      assert.equal((await kit.one()).id, "1");
    },
  },
  {
    name: "Q7: redrive keeps class, key and seq, starts at attempt 1 without expiry, and keeps earlier attempts",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", key: "k", class: "critical", expiresAt: kit.now + 50 }, { id: "s" });
      await kit.dead(await kit.one());
      kit.now += 1_000;
      assert.deepEqual(await kit.store.redrive("crm", [seq ?? 0, 4_711, seq ?? 0], kit.now), [
        "redriven",
        "unknown",
        "unknown",
      ]);
      const again = await kit.one();
      const { id, seq: same, class: own, laneClass, key, attempt, redriven } = again;
      assert.deepEqual(
        [id, same, own, laneClass, key, attempt, redriven],
        ["1", seq, "critical", "critical", "k", 1, 1],
      );
      await kit.dead(again);
      const [letter] = await kit.store.deadLetters({ sink: "crm" }, kit.now);
      assert.deepEqual(
        letter?.attempts.map(({ attempt: n }) => n),
        [1, 1],
      );
      assert.equal(letter?.redriven, 1);
      await kit.conserved();
    },
  },
  {
    name: "Q7: a redrive is never refused for limits",
    config: { sinks: [{ name: "crm", maxAttempts: 3, limits: { maxEvents: 1, maxBytes: 1 } }] },
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1" });
      await kit.dead(await kit.one());
      await kit.admitted({ id: "2", class: "critical" });
      assert.deepEqual(await kit.store.redrive("crm", [seq ?? 0], kit.now), ["redriven"]);
      assert.deepEqual(await kit.drain(), ["2", "1"]);
    },
  },
  {
    name: "Q7: dead letters are listed by seq in pages, discarded once, and bounded by discarding the smallest seq",
    config: { deadLetters: { maxCount: 3 } },
    run: async (kit) => {
      const seqs = await kit.admitted({ id: "1" }, { id: "2" }, { id: "3" }, { id: "4" });
      const claimed = await kit.claim(4);
      for (const one of claimed.toReversed()) await kit.dead(one);
      assert.deepEqual(await kit.deadSeqs(), seqs.slice(1));
      assert.deepEqual(await kit.lines(), ["bound 1"]);
      const page = await kit.store.deadLetters({ sink: "crm", after: seqs[1], limit: 1 }, kit.now);
      assert.deepEqual(
        page.map(({ seq }) => seq),
        [seqs[2]],
      );
      assert.deepEqual(await kit.store.discard("crm", [seqs[3] ?? 0, seqs[3] ?? 0, seqs[0] ?? 0], kit.now), [
        "discarded",
        "unknown",
        "unknown",
      ]);
      assert.deepEqual(await kit.lines(), ["bound 1", "discarded 4"]);
      await kit.conserved();
    },
  },
  {
    name: "Q7: only dead letters are redriven or discarded",
    run: async (kit) => {
      const seqs = await kit.admitted({ id: "1" }, { id: "2" });
      await kit.one();
      assert.deepEqual(await kit.store.redrive("crm", seqs, kit.now), ["unknown", "unknown"]);
      assert.deepEqual(await kit.store.discard("crm", seqs, kit.now), ["unknown", "unknown"]);
    },
  },
  {
    name: "Q8: what has expired is never handed over, lends no urgency and is counted",
    run: async (kit) => {
      await kit.admitted(
        { id: "s", key: "call" },
        { id: "ring", key: "call", class: "critical", expiresAt: kit.now + 100 },
        { id: "high", class: "high" },
      );
      kit.now += 100;
      assert.deepEqual(await kit.drain(), ["high", "s"]);
      assert.deepEqual(await kit.lines(), ["expired ring"]);
      const { crm } = (await kit.store.stats(kit.now)).sinks;
      assert.equal(crm?.classes["critical"]?.expired, 1);
      await kit.conserved();
    },
  },
  {
    name: "Q8: onExpiry dead-letter keeps it, and a redriven one does not expire again",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", expiresAt: kit.now + 10, onExpiry: "dead-letter" });
      kit.now += 10;
      assert.deepEqual(await kit.claim(), []);
      assert.deepEqual(await kit.deadSeqs(), [seq]);
      await kit.store.redrive("crm", [seq ?? 0], kit.now);
      kit.now += 10_000;
      assert.equal((await kit.one()).id, "1");
      await kit.conserved();
    },
  },
  {
    name: "Q8: in flight nothing expires; back to waiting, it does",
    run: async (kit) => {
      await kit.admitted({ id: "1", expiresAt: kit.now + 10 });
      const claimed = await kit.one();
      kit.now += 20;
      await kit.retry(claimed);
      assert.deepEqual(await kit.claim(), []);
      assert.deepEqual(await kit.lines(), ["expired 1"]);
    },
  },
  {
    name: "Q8: already past at admission: admitted, expired at once, replaces nothing, never refused, remembered",
    config: { sinks: [{ name: "crm", maxAttempts: 3, limits: { maxEvents: 1, maxBytes: 1 } }] },
    run: async (kit) => {
      await kit.admitted({ id: "1", class: "critical", key: "k", coalesceKey: "c" });
      const late = { id: "late", key: "k", coalesceKey: "c", expiresAt: kit.now, payload: new Uint8Array(9) };
      assert.equal((await kit.admit(late))[0]?.status, "admitted");
      assert.equal((await kit.admit(late))[0]?.status, "duplicate");
      assert.deepEqual(await kit.lines(), ["expired late"]);
      assert.deepEqual(await kit.drain(), ["1"]);
      await kit.conserved();
    },
  },
  {
    name: "Q8: already past at admission and to be kept: a dead letter at once, without an attempt",
    run: async (kit) => {
      const [seq] = await kit.admitted({ id: "1", expiresAt: kit.now - 1, onExpiry: "dead-letter" });
      const [letter] = await kit.store.deadLetters({ sink: "crm" }, kit.now);
      assert.deepEqual([letter?.seq, letter?.attempts, letter?.deadAt], [seq, [], kit.now]);
      assert.deepEqual(await kit.claim(), []);
      await kit.conserved();
    },
  },
  {
    name: "Q8: what has expired takes no room, and the next of its lane is served",
    config: limited(2),
    run: async (kit) => {
      const at = kit.now + 10;
      await kit.admitted({ id: "1", key: "k", class: "critical", expiresAt: at }, { id: "2", key: "k" });
      kit.now = at;
      await kit.admitted({ id: "3" });
      assert.deepEqual(await kit.lines(), ["expired 1"], "nothing was shed for it");
      assert.deepEqual(await kit.drain(), ["2", "3"]);
    },
  },
  {
    name: "Q9: newer state replaces older waiting state of the same key and coalesceKey, and says how many it stands for",
    run: async (kit) => {
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a" }, { id: "b1", key: "k", coalesceKey: "b" });
      const [answer] = await kit.admit({ id: "a2", key: "k", coalesceKey: "a" });
      assert.ok(answer?.status === "coalesced");
      assert.equal(answer.replaced, 1);
      await kit.admit({ id: "a3", key: "k", coalesceKey: "a" });
      assert.deepEqual(await kit.lines(), ["coalesced a1", "coalesced a2"]);
      await kit.ack(await kit.one());
      const last = await kit.one();
      assert.deepEqual([last.id, last.replaced, last.attempt], ["a3", 2, 1]);
      await kit.conserved();
    },
  },
  {
    name: "Q9: never across a transition, never in flight, never without key, never another key",
    run: async (kit) => {
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a" }, { id: "t", key: "k" });
      await kit.admitted({ id: "n1", coalesceKey: "a" }, { id: "o1", key: "o", coalesceKey: "a" });
      const statuses = (await kit.admit({ id: "a2", key: "k", coalesceKey: "a" }, { id: "n2", coalesceKey: "a" })).map(
        ({ status }) => status,
      );
      assert.deepEqual(statuses, ["admitted", "admitted"]);
      await kit.admitted({ id: "f1", key: "f", class: "critical", coalesceKey: "a" });
      assert.equal((await kit.one()).id, "f1");
      assert.equal((await kit.admit({ id: "f2", key: "f", coalesceKey: "a" }))[0]?.status, "admitted");
      assert.deepEqual(await kit.lines(), []);
    },
  },
  {
    name: "Q9: the newcomer keeps its own place and takes over the best standing, so that nothing overtakes",
    run: async (kit) => {
      await kit.admitted(
        { id: "a1", key: "k", coalesceKey: "a" },
        { id: "other" },
        { id: "t", key: "k", coalesceKey: "b" },
      );
      await kit.admit({ id: "a2", key: "k", coalesceKey: "a" });
      assert.deepEqual(await kit.drain(), ["t", "a2", "other"], "its lane stands where it stood, its place is its own");
    },
  },
  {
    name: "Q9: a newcomer starts at attempt 1, whatever it replaces, and coalesces within a batch too",
    run: async (kit) => {
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a" });
      await kit.retry(await kit.one());
      const answers = await kit.admit(
        { id: "a2", key: "k", coalesceKey: "a" },
        { id: "a3", key: "k", coalesceKey: "a" },
      );
      assert.ok(answers.every(({ status }) => status === "coalesced"));
      const { id, attempt, replaced } = await kit.one();
      assert.deepEqual([id, attempt, replaced], ["a3", 1, 2]);
    },
  },
  {
    name: "Q9: each sink coalesces by itself; `replaced` in the answer is that of the sink where most were",
    run: async (kit) => {
      const state = { key: "k", coalesceKey: "a", sinks: ["crm", "log"] };
      await kit.admitted({ id: "a1", ...state }, { id: "t", key: "k", sinks: ["crm"] });
      await kit.admitted({ id: "a2", ...state, sinks: ["log"] }, { id: "b", ...state, coalesceKey: "b" });
      const [answer] = await kit.admit({ id: "a3", ...state });
      assert.ok(answer?.status === "coalesced");
      assert.equal(answer.replaced, 1);
      assert.deepEqual(await kit.drain("crm"), ["a1", "t", "b", "a3"]);
      const first = await kit.one({ sink: "log" });
      assert.equal(first.id, "b");
      await kit.ack(first);
      const last = await kit.one({ sink: "log" });
      assert.deepEqual([last.id, last.replaced], ["a3", 2]);
    },
  },
  {
    name: "Q9: a standing is compared as a pair: an urgent old state is not lost to an unhurried newer one",
    run: async (kit) => {
      await kit.admitted({ id: "a1", key: "k", coalesceKey: "a", class: "high" }, { id: "h", class: "high" });
      await kit.admit({ id: "a2", key: "k", coalesceKey: "a" });
      const first = await kit.one();
      assert.deepEqual([first.id, first.class, first.laneClass], ["a2", "standard", "high"]);
      await kit.retry(first);
      assert.equal((await kit.one()).laneClass, "high", "the kept standing survives a retry");
    },
  },
  {
    name: "Q9: once the transition between them is gone, a newcomer replaces both",
    run: async (kit) => {
      await kit.admitted(
        { id: "a1", key: "k", coalesceKey: "a" },
        { id: "t", key: "k", expiresAt: kit.now + 10 },
        { id: "a2", key: "k", coalesceKey: "a" },
      );
      kit.now += 10;
      const [answer] = await kit.admit({ id: "a3", key: "k", coalesceKey: "a" });
      assert.ok(answer?.status === "coalesced");
      assert.equal(answer.replaced, 2);
      assert.deepEqual(await kit.drain(), ["a3"]);
    },
  },
];
