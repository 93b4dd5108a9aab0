import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createCourt, LEDGER_PAGE } from "../../../src/cli/demo/court.ts";
import type { LedgerEvent, LedgerPage } from "../../../src/emulator/index.ts";

const encoder = new TextEncoder();

function event(n: number, body = `{"n":${n}}`): LedgerEvent {
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 16);
  return { n, topic: "v2.users.a.presence", key: "a", at: n, hash, sockets: ["s1"] };
}

/** A ledger of `count` events that keeps the last `kept`. */
function ledger(count: number, kept = count): (after: number) => Promise<LedgerPage> {
  const all = Array.from({ length: count }, (_, index) => event(index + 1)).slice(count - kept);
  return (after) => {
    const events = all.filter(({ n }) => n > after).slice(0, LEDGER_PAGE);
    return Promise.resolve({ events, next: events.at(-1)?.n ?? after, total: count, oldest: count - kept + 1 });
  };
}

describe("the court over the ledger", () => {
  test("matches deliveries by topic and the hash of the bytes", async () => {
    const court = createCourt(ledger(2));
    court.delivered("v2.users.a.presence", encoder.encode('{"n":1}'));
    court.delivered("v2.users.a.presence", encoder.encode('{"n": 2}'));
    expect(await court.sit()).toMatchObject({ produced: 2, delivered: 1, unknown: 1, outstanding: 1 });
    expect(court.missing(9)).toEqual([event(2)]);
  });

  test("states that were asked for are counted, and not held against the ledger", async () => {
    const court = createCourt(ledger(1));
    court.delivered("v2.users.a.presence", encoder.encode('{"n":1}'), "live");
    court.delivered("v2.users.a.presence", encoder.encode('{"n":1}'), "reconciled");
    expect(await court.sit()).toMatchObject({ delivered: 1, unknown: 0, duplicates: 0 });
    expect(court.reconciledCount).toBe(1);
  });

  test("reads the ledger to its end, over pages", async () => {
    const court = createCourt(ledger(LEDGER_PAGE * 2 + 5));
    expect(await court.sit()).toMatchObject({ produced: LEDGER_PAGE * 2 + 5 });
    expect(court.unreadCount).toBe(0);
  });

  test("does not end up reading for ever where events are produced faster than pages are read", async () => {
    let produced = 0;
    let reads = 0;
    const court = createCourt((after) => {
      reads += 1;
      produced += 10;
      const events = Array.from({ length: produced - after }, (_, index) => event(after + index + 1));
      return Promise.resolve({ events, next: produced, total: produced, oldest: 1 });
    });
    await court.sit();
    expect(reads).toBe(1);
  });

  test("leaves a delivery for the next sitting whose line may not have been read yet", async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const read = ledger(1);
    const court = createCourt(async (after) => {
      await held;
      return read(after);
    });
    const first = court.sit();
    court.delivered("v2.users.a.presence", encoder.encode('{"n":1}'));
    release?.();
    expect(await first).toMatchObject({ delivered: 0, unknown: 0, outstanding: 1 });
    expect(await court.sit()).toMatchObject({ delivered: 1, outstanding: 0 });
  });

  test("counts the lines that were gone before they were read", async () => {
    const court = createCourt(ledger(10, 3));
    expect(await court.sit()).toMatchObject({ produced: 3 });
    expect(court.unreadCount).toBe(7);
  });

  test("two sittings at once are one", async () => {
    let reads = 0;
    const read = ledger(1);
    const court = createCourt((after) => {
      reads += 1;
      return read(after);
    });
    await Promise.all([court.sit(), court.sit()]);
    expect(reads).toBe(1);
  });
});
