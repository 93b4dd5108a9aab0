import { describe, expect, test } from "vitest";
import type { Classifier } from "../../../src/core/classify.ts";
import { parseEventRecord } from "../../../src/core/event-record.ts";
import type { Deriver } from "../../../src/pipeline/derive.ts";
import { createIngest, type Ingest } from "../../../src/pipeline/ingest.ts";
import { SILENT_LOGGER } from "../../../src/ports/logger.ts";
import type { AdmitResult, NewEnvelope } from "../../../src/ports/store.ts";
import type { ReceivedEvent } from "../../../src/ports/source.ts";
import { createFakeClock, type FakeClock } from "../../../src/testing/fake-clock.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function event(topic: string, more: Partial<ReceivedEvent> = {}): ReceivedEvent {
  return { topic, body: text("{}"), encoding: "json", origin: "live", receivedAt: 1_000, ...more };
}

const byTopic: Classifier = {
  ruleNames: ["by topic"],
  classify: ({ topic, key }) => ({
    class: topic.startsWith("ring") ? "critical" : "standard",
    key,
    coalesceKey: undefined,
    ttlMs: topic === "ring.ttl" ? 5_000 : undefined,
    ruleIndex: topic.startsWith("ring") ? 0 : -1,
    ruleErrors: topic === "odd" ? 1 : 0,
  }),
  explain: () => {
    throw new Error("not used here");
  },
};

interface Rig {
  readonly clock: FakeClock;
  readonly ingest: Ingest;
  readonly batches: NewEnvelope[][];
  readonly holds: boolean[];
  /** How the store behaves; replaced by tests. */
  answer: (batch: readonly NewEnvelope[]) => Promise<readonly AdmitResult[]>;
}

function rig(appliesAtOnce = false, deriver?: Deriver): Rig {
  const clock = createFakeClock();
  let seq = 0;
  const made: Rig = {
    clock,
    batches: [],
    holds: [],
    answer: (batch) => Promise.resolve(batch.map(() => ({ status: "admitted", seq: (seq += 1) }))),
    ingest: createIngest({
      admit: (batch) => {
        made.batches.push([...batch]);
        return made.answer(batch);
      },
      appliesAtOnce,
      classifier: () => byTopic,
      deriver,
      router: () => ({ route: () => ["crm"] }),
      clock,
      logger: SILENT_LOGGER,
      hold: (held) => made.holds.push(held),
    }),
  };
  return made;
}

const topicOf = (envelope: NewEnvelope): string => parseEventRecord(envelope.payload).topic;

describe("ingest", () => {
  test("what one turn of the event loop brings is one batch, in arrival order", async () => {
    const { ingest, batches, clock } = rig();
    for (const topic of ["a", "b", "ring"]) expect(ingest.receive("main", event(topic))).toBe(true);
    expect(batches).toEqual([]);
    await clock.settle();
    expect(batches.map((batch) => batch.map(topicOf))).toEqual([["a", "b", "ring"]]);
    expect(ingest.counters).toMatchObject({ received: 3, admitted: 3, rules: [2, 1] });
    expect(ingest.pendingCount).toBe(0);
  });

  test("a second batch waits for the first answer, so admission order is arrival order", async () => {
    const made = rig();
    const answers: (() => void)[] = [];
    made.answer = (batch) =>
      new Promise((resolve) => {
        answers.push(() => resolve(batch.map(() => ({ status: "duplicate" }))));
      });
    made.ingest.receive("main", event("first"));
    await made.clock.settle();
    made.ingest.receive("main", event("second"));
    made.ingest.receive("main", event("third"));
    await made.clock.settle();
    expect(made.batches.length).toBe(1);
    answers[0]?.();
    await made.clock.settle();
    expect(made.batches.map((batch) => batch.map(topicOf))).toEqual([["first"], ["second", "third"]]);
  });

  test("a store that takes effect at once gets each batch at once: what is urgent does not wait for an answer", async () => {
    const made = rig(true);
    made.answer = () => new Promise(() => undefined);
    for (const topic of ["first", "second", "ring"]) {
      made.ingest.receive("main", event(topic));
      await made.clock.settle();
    }
    expect(made.batches.map((batch) => batch.map(topicOf))).toEqual([["first"], ["second"], ["ring"]]);
    expect(made.ingest.pendingCount).toBe(3);
  });

  test("what such a store refuses is offered again before anything younger, in order, once all that is out is back", async () => {
    const made = rig(true);
    const works = made.answer;
    const failures: (() => void)[] = [];
    made.answer = () => new Promise((_, reject) => failures.push(() => reject(new Error("disk full"))));
    for (const topic of ["first", "second"]) {
      made.ingest.receive("main", event(topic));
      await made.clock.settle();
    }
    failures[0]?.();
    await made.clock.settle();
    made.ingest.receive("main", event("third"));
    made.answer = works;
    await made.clock.advance(5_000);
    expect(made.batches).toHaveLength(2);
    failures[1]?.();
    await made.clock.advance(5_000);
    const order = made.batches.slice(2).flatMap((batch) => batch.map(topicOf));
    expect(order).toEqual(["first", "second", "third"]);
    expect(made.ingest.counters.admitted).toBe(3);
    expect(made.ingest.pendingCount).toBe(0);
    expect(made.ingest.trouble).toBeUndefined();
  });

  test("derived events follow the event that they are made of, and answer nobody's question", async () => {
    const deriver: Deriver = {
      deriveFrom: ({ topic }) => (topic === "call" ? [event("ring"), event("ring")] : []),
      counters: { snapshots: 0, told: 0, skipped: 0, forgotten: 0 } as unknown as Deriver["counters"],
      conversationCount: 0,
    };
    const { ingest, batches, clock } = rig(false, deriver);
    ingest.receive("main", event("call"));
    const answers = await ingest.admit("local", [event("call"), event("other")]);
    await clock.settle();
    const topics = batches.flatMap((batch) => batch.map(topicOf));
    expect(topics).toEqual(["call", "ring", "ring", "call", "ring", "ring", "other"]);
    expect(answers).toHaveLength(2);
    expect(ingest.counters).toMatchObject({ received: 3, derived: 4, admitted: 7 });
  });

  test("the bytes are copied before receive returns, so a socket may use its chunk again", async () => {
    const { ingest, batches, clock } = rig();
    const chunk = text('{"id":"c1"}');
    ingest.receive("main", event("a", { body: chunk }));
    chunk.fill(0x78);
    await clock.settle();
    const record = parseEventRecord(batches[0]?.[0]?.payload ?? new Uint8Array());
    expect(new TextDecoder().decode(record.body)).toBe('{"id":"c1"}');
  });

  test("class, key, time to live and sinks go into the envelope; ids are unique where the wire gives none", async () => {
    const { ingest, batches, clock } = rig();
    ingest.receive("main", event("ring.ttl", { key: "c1" }));
    ingest.receive("main", event("plain"));
    ingest.receive("main", event("plain", { id: "given" }));
    await clock.settle();
    const [ringing, plain, given] = batches[0] ?? [];
    expect(ringing).toMatchObject({ class: "critical", key: "c1", expiresAt: 6_000, sinks: ["crm"] });
    expect(plain?.expiresAt).toBeUndefined();
    expect(given?.id).toBe("given");
    expect(new Set([ringing?.id, plain?.id, given?.id]).size).toBe(3);
  });

  test("while the store refuses to work, live events are kept and offered again, sources held back, trouble told", async () => {
    const made = rig();
    const works = made.answer;
    made.answer = () => Promise.reject(new Error("disk full"));
    made.ingest.receive("main", event("ring"));
    await made.clock.settle();
    expect(made.ingest.trouble).toContain("disk full");
    expect(made.holds).toEqual([true]);
    expect(made.ingest.receive("main", event("later"))).toBe(false);
    await made.clock.advance(3_000);
    expect(made.batches.length).toBeGreaterThan(2);
    made.answer = works;
    await made.clock.advance(2_500);
    expect(made.ingest.trouble).toBeUndefined();
    expect(made.ingest.counters).toMatchObject({ received: 2, admitted: 2 });
    expect(made.holds).toEqual([true, false]);
    expect(made.batches.at(-1)?.map(topicOf)).toEqual(["later"]);
  });

  test("a question is answered with the store's failure, whole, and is not offered again", async () => {
    const made = rig();
    const works = made.answer;
    made.answer = () => Promise.reject(new Error("disk full"));
    const asked = made.ingest.admit("local", [event("a"), event("b")]);
    await expect(asked).rejects.toThrow("disk full");
    expect(made.ingest.trouble).toContain("disk full");
    made.answer = works;
    await made.clock.advance(5_000);
    expect(made.batches.length).toBe(1);
    expect(made.ingest.pendingCount).toBe(0);
    // Who looks at the trouble and sends nothing until it is gone would else wait for ever.
    expect(made.ingest.trouble).toBeUndefined();
  });

  test("a question is answered item by item, in its order", async () => {
    const made = rig();
    made.answer = () => Promise.resolve([{ status: "admitted", seq: 7 }, { status: "duplicate" }, { status: "full" }]);
    const results = await made.ingest.admit("local", [
      event("a", { id: "1" }),
      event("ring", { id: "2", key: "k" }),
      event("c", { id: "3" }),
    ]);
    expect(results).toEqual([
      { status: "admitted", seq: 7, id: "1", class: "standard", key: undefined },
      { status: "duplicate", id: "2", class: "critical", key: "k" },
      { status: "full", id: "3", class: "standard", key: undefined },
    ]);
    expect(made.ingest.counters).toMatchObject({ admitted: 1, duplicates: 1, full: 1 });
  });

  test("pending events are bounded: sources are held back above the mark and let go below it", async () => {
    const made = rig();
    let release: (() => void) | undefined;
    const works = made.answer;
    made.answer = (batch) =>
      new Promise((resolve) => {
        release = () => {
          made.answer = works;
          resolve(batch.map(() => ({ status: "admitted", seq: 1 })));
        };
      });
    made.ingest.receive("main", event("first"));
    await made.clock.settle();
    let taken = 0;
    while (made.ingest.receive("main", event("more"))) taken += 1;
    expect(taken).toBeGreaterThan(1_000);
    expect(made.holds).toEqual([true]);
    release?.();
    await made.clock.settle();
    expect(made.holds).toEqual([true, false]);
    expect(made.ingest.counters.admitted).toBe(taken + 2);
  });

  test("who asks whether all is settled hears it when what came before is with the store, refusals and all, and no sooner", async () => {
    const made = rig();
    const { ingest, clock } = made;
    const heard: string[] = [];
    const ask = (name: string): void => void ingest.settled().then(() => heard.push(name));
    ask("nothing came");
    await clock.settle();
    expect(heard).toEqual(["nothing came"]);
    const admits = made.answer;
    made.answer = () => Promise.reject(new Error("full"));
    ingest.receive("main", event("a"));
    ask("a");
    await clock.settle();
    ingest.receive("main", event("b"));
    ask("b");
    await clock.advance(10);
    expect(heard).toHaveLength(1);
    let answerA: () => void = () => undefined;
    made.answer = (batch) => new Promise((resolve) => (answerA = () => resolve(admits(batch))));
    await clock.advance(10_000);
    answerA();
    await clock.settle();
    expect(heard).toEqual(["nothing came", "a"]);
    answerA();
    await clock.settle();
    expect(heard).toEqual(["nothing came", "a", "b"]);
  });

  test("closing waits for what is pending and says what was given up", async () => {
    const made = rig();
    const calm = rig();
    calm.ingest.receive("main", event("a"));
    await expect(calm.ingest.close(new AbortController().signal)).resolves.toBe(0);
    expect(calm.ingest.counters.admitted).toBe(1);
    expect(calm.ingest.receive("main", event("late"))).toBe(false);
    await expect(calm.ingest.admit("main", [event("late")])).rejects.toMatchObject({ code: "RF_SERVICE_CLOSED" });

    made.answer = () => Promise.reject(new Error("disk full"));
    made.ingest.receive("main", event("a"));
    await made.clock.settle();
    const giveUp = new AbortController();
    const closing = made.ingest.close(giveUp.signal);
    giveUp.abort();
    await expect(closing).resolves.toBe(1);
    expect(made.clock.timerCount).toBe(0);
  });

  test("what the store refuses after closing was given up is not offered again", async () => {
    const made = rig();
    let refuse: (() => void) | undefined;
    made.answer = () => new Promise((_, reject) => (refuse = () => reject(new Error("the work queue is closed"))));
    made.ingest.receive("main", event("a"));
    await made.clock.settle();
    const giveUp = new AbortController();
    const closing = made.ingest.close(giveUp.signal);
    giveUp.abort();
    await expect(closing).resolves.toBe(1);
    refuse?.();
    await made.clock.settle();
    expect(made.clock.timerCount).toBe(0);
    await made.clock.advance(60_000);
    expect(made.batches).toHaveLength(1);
  });
});
