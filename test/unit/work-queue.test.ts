import { describe, expect, test } from "vitest";
import { dead, retry } from "../../src/core/outcome.ts";
import type { NewEnvelope, StoreDriver } from "../../src/ports/store.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import type { WorkQueue, WorkQueueOptions } from "../../src/work-queue.ts";
import { createWorkQueue, memoryStore } from "../../src/work-queue.ts";

const clock = createFakeClock;
let ids = 0;
const envelope = (given: Partial<NewEnvelope> = {}): NewEnvelope => ({
  id: `id-${(ids += 1)}`,
  class: "standard",
  payload: new Uint8Array(1),
  sinks: ["crm"],
  ...given,
});
const open = (options: Partial<WorkQueueOptions> = {}): Promise<WorkQueue> =>
  createWorkQueue({ sinks: [{ name: "crm" }], clock: clock(), ...options });

describe("a work queue by itself", () => {
  test("takes envelopes in, hands them over by urgency, and settles them", async () => {
    const queue = await open();
    const results = await queue.admit([envelope(), envelope({ class: "critical" })]);
    expect(results).toEqual([
      { status: "admitted", seq: 1 },
      { status: "admitted", seq: 2 },
    ]);
    const [first, second] = await queue.claim("crm", { max: 16 });
    expect([first?.seq, second?.seq]).toEqual([2, 1]);
    const tokens = [first?.token ?? -1, second?.token ?? -1];
    expect(await queue.extend(tokens)).toEqual(["extended", "extended"]);
    expect(await queue.settle(tokens.map((token) => ({ token, result: "ack" })))).toEqual(["settled", "settled"]);
    expect(await queue.settle([{ token: tokens[0] ?? -1, result: "ack" }])).toEqual(["stale"]);
    expect((await queue.stats()).sinks["crm"]).toMatchObject({ acked: 2, waiting: 0, inFlight: 0 });
    await queue.close();
  });

  test("gives leases its own length where none is named, and takes them back in time", async () => {
    const time = clock();
    const queue = await open({ clock: time, leaseMs: 5_000 });
    await queue.admit([envelope()]);
    const claimed = await queue.claim("crm", { max: 1 });
    expect(claimed).toHaveLength(1);
    expect(queue.nextDueAt()).toBe(time.now() + 5_000);
    expect(await queue.reclaim()).toEqual([]);
    await time.advance(5_000);
    expect(await queue.reclaim()).toMatchObject([{ sink: "crm", seq: 1, attempt: 1, result: "waiting" }]);
    await queue.close();
  });

  test("consumes what is admitted, and what is given back by others", async () => {
    const time = clock();
    const queue = await open({ clock: time });
    await queue.admit([envelope({ id: "a", key: "k" }), envelope({ id: "b", key: "k" })]);
    const [mine] = await queue.claim("crm", { max: 1 });
    const seen: string[] = [];
    queue.consume("crm", ({ id }) => void seen.push(id));
    await time.settle();
    expect(seen).toEqual([]);
    await queue.settle([{ token: mine?.token ?? -1, result: "retry", delayMs: 0, cause: "yours" }]);
    await time.settle();
    expect(seen).toEqual(["a", "b"]);
    await queue.close();
  });

  test("keeps dead letters, redrives them to the consumer, and discards them", async () => {
    const time = clock();
    const queue = await open({ clock: time });
    let well = false;
    const seen: number[] = [];
    queue.consume("crm", ({ seq }) => (seen.push(seq), well ? undefined : dead("never")));
    await queue.admit([envelope(), envelope()]);
    await time.settle();
    const letters = await queue.deadLetters();
    expect(letters.map(({ seq, attempts }) => [seq, attempts[0]?.cause])).toEqual([
      [1, "never"],
      [2, "never"],
    ]);
    well = true;
    expect(await queue.redrive("crm", [1, 9])).toEqual(["redriven", "unknown"]);
    await time.settle();
    expect(seen).toEqual([1, 2, 1]);
    expect(await queue.discard("crm", [2])).toEqual(["discarded"]);
    expect((await queue.ledger()).map(({ reason, seq }) => [reason, seq])).toEqual([["discarded", 2]]);
    expect(await queue.deadLetters({ sink: "crm" })).toEqual([]);
    await queue.close();
  });

  test("gives up after the sink's attempts, or earlier where the consumer says so", async () => {
    for (const [own, consumer, attempts] of [
      [3, undefined, 3],
      [3, 2, 2],
      [3, 5, 3],
    ] as const) {
      const time = clock();
      const queue = await open({ clock: time, sinks: [{ name: "crm", maxAttempts: own }] });
      const timing = { initialMs: 10, maxMs: 10 };
      queue.consume("crm", () => retry("no"), {
        retry: consumer === undefined ? timing : { ...timing, maxAttempts: consumer },
      });
      await queue.admit([envelope()]);
      await time.advance(1_000);
      expect((await queue.deadLetters())[0]?.attempts).toHaveLength(attempts);
      await queue.close();
    }
  });

  test("does not stand still when somebody sets the clock back", async () => {
    const time = clock();
    const queue = await open({ clock: time });
    const seen: string[] = [];
    queue.consume(
      "crm",
      ({ id, attempt }) => (seen.push(`${id} ${attempt}`), attempt === 1 ? retry("no", 1_000) : undefined),
    );
    await queue.admit([envelope({ id: "a" })]);
    await time.settle();
    time.stepWallClock(-3_600_000);
    await queue.admit([
      envelope({ id: "soon", expiresAt: time.now() + 60_000 }),
      envelope({ id: "over", expiresAt: time.now() - 1 }),
      envelope({ id: "open" }),
    ]);
    await time.advance(1_000);
    expect(seen.sort()).toEqual(["a 1", "a 2", "open 1", "open 2", "soon 1", "soon 2"]);
    await queue.close();
  });

  test("closes once: drains its consumers, then the store, then refuses", async () => {
    const time = clock();
    const queue = await open({ clock: time, drainMs: 500 });
    queue.consume("crm", () => new Promise(() => undefined));
    await queue.admit([envelope(), envelope()]);
    await time.settle();
    const closed = queue.close();
    expect(queue.close()).toBe(closed);
    await time.advance(800);
    expect(await closed).toEqual([{ sink: "crm", finished: 0, aborted: 2, waiting: 0 }]);
    await expect(queue.admit([envelope()])).rejects.toMatchObject({ code: "RF_QUEUE_CLOSED" });
    expect(() => queue.consume("crm", () => undefined)).toThrow(/closing/);
    expect(time.timerCount).toBe(0);
  });

  test("is closed by await using, and works with the machine's clock", async () => {
    let kept: WorkQueue;
    {
      await using queue = await createWorkQueue({ sinks: [{ name: "crm" }] });
      kept = queue;
      const { promise, resolve } = Promise.withResolvers<string>();
      queue.consume("crm", ({ id }) => resolve(id));
      await queue.admit([envelope({ id: "now" })]);
      expect(await promise).toBe("now");
    }
    await expect(kept.stats()).rejects.toMatchObject({ code: "RF_QUEUE_CLOSED" });
  });

  test("opens the store with everything filled in", async () => {
    let seen: unknown;
    const memory = memoryStore();
    const driver: StoreDriver = {
      ...memory,
      open: (config, now) => {
        seen = config;
        return memory.open(config, now);
      },
    };
    const queue = await open({
      store: driver,
      limits: { maxEvents: 5 },
      sinks: [
        { name: "a", limits: { maxBytes: 7 } },
        { name: "b", maxAttempts: 2 },
      ],
      deadLetters: { maxCount: 3 },
      ledger: { maxLines: 4 },
      dedup: { maxCount: 6 },
    });
    expect(seen).toMatchObject({
      classes: [{ name: "critical" }, { name: "high" }, { name: "standard" }],
      sinks: [
        { name: "a", maxAttempts: 8, limits: { maxEvents: 5, maxBytes: 7 } },
        { name: "b", maxAttempts: 2, limits: { maxEvents: 5, maxBytes: 2 ** 31 } },
      ],
      deadLetters: { maxCount: 3 },
      ledger: { maxLines: 4 },
      dedup: { windowMs: 600_000, maxCount: 6 },
    });
    await queue.close();
  });

  test.each<[string, Partial<WorkQueueOptions>]>([
    ["sinks[0].name", { sinks: [{ name: "" }] }],
    ["sinks[1].name", { sinks: [{ name: "a" }, { name: "a" }] }],
    ["sinks[0].maxAttempts", { sinks: [{ name: "a", maxAttempts: 0 }] }],
    ["leaseMs", { leaseMs: 1 }],
    ["drainMs", { drainMs: -1 }],
    ["limits.maxEvents", { limits: { maxEvents: 0 } }],
    ["deadLetters.maxCount", { deadLetters: { maxCount: -1 } }],
    ["classes", { classes: [] }],
  ])("refuses a wrong %s and names it", async (path, options) => {
    await expect(open(options)).rejects.toMatchObject({
      code: "RF_OPTION_INVALID",
      message: expect.stringContaining(path) as string,
    });
  });

  test("refuses to consume a sink that is not there, or in a way that can't be right", async () => {
    const queue = await open();
    const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
    expect(() => queue.consume("crn", () => undefined)).toThrow(code("RF_QUEUE_ARGUMENT"));
    expect(() => queue.consume("crm", () => undefined, { reserve: { urgent: 1 } })).toThrow(code("RF_OPTION_INVALID"));
    expect(() => queue.consume("crm", () => undefined, { leaseMs: 0 })).toThrow(code("RF_OPTION_INVALID"));
    await expect(queue.claim("crn", { max: 1 })).rejects.toMatchObject({ code: "RF_QUEUE_ARGUMENT" });
    await queue.close();
  });
});
