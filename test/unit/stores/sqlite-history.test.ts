import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { NewEnvelope } from "../../../src/ports/store.ts";
import { sqliteStore } from "../../../src/stores/sqlite/index.ts";
import { createFakeClock, type FakeClock } from "../../../src/testing/fake-clock.ts";
import { createWorkQueue, type WorkQueue } from "../../../src/work-queue.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-history-"));
  folders.push(folder);
  return join(folder, "queue.db");
}

interface Rig {
  readonly queue: WorkQueue;
  readonly clock: FakeClock;
}

async function open(
  path: string,
  keep?: { hours?: number; maxBytes?: number },
  clock = createFakeClock(),
): Promise<Rig> {
  const store = sqliteStore({ path, sync: "process", ...(keep && { keep }) });
  return { queue: await createWorkQueue({ sinks: [{ name: "crm" }, { name: "log" }], store, clock }), clock };
}

function envelope(id: string, more: Partial<NewEnvelope> = {}): NewEnvelope {
  return {
    id,
    class: "standard",
    key: "k",
    payload: new TextEncoder().encode(`body of ${id}`),
    sinks: ["crm"],
    ...more,
  };
}

async function ackAll(queue: WorkQueue, sink: string): Promise<void> {
  for (;;) {
    const claimed = await queue.claim(sink, { max: 100 });
    if (claimed.length === 0) return;
    await queue.settle(claimed.map(({ token }) => ({ token, result: "ack" })));
  }
}

test("without keep there is no history, and nothing of what is over stays on disk", async () => {
  const { queue } = await open(place());
  expect(queue.history).toBeUndefined();
  await queue.close();
});

test("what is over stays readable, the newest first, with how it ended in each sink, over a restart too", async () => {
  const path = place();
  const { queue } = await open(path, { hours: 1 });
  await queue.admit([envelope("both", { sinks: ["crm", "log"] }), envelope("other", { key: "o" })]);
  await ackAll(queue, "crm");
  expect((await queue.history?.list({}))?.map(({ id }) => id)).toEqual(["other"]);
  const [claimed] = await queue.claim("log", { max: 1 });
  await queue.settle([{ token: claimed?.token ?? 0, result: "dead", cause: "no" }]);
  await queue.discard("log", [claimed?.seq ?? 0]);
  await queue.close();

  const again = await open(path, { hours: 1 });
  const listed = (await again.queue.history?.list({})) ?? [];
  expect(listed.map(({ id }) => id)).toEqual(["other", "both"]);
  expect(new TextDecoder().decode(listed[1]?.payload)).toBe("body of both");
  const ends = listed[1]?.ends.map(({ sink, how, attempt }) => [sink, how, attempt]);
  expect(ends?.toSorted()).toEqual([
    ["crm", "acked", 1],
    ["log", "discarded", 0],
  ]);
  expect((await again.queue.history?.list({ key: "o" }))?.map(({ id }) => id)).toEqual(["other"]);
  expect(await again.queue.history?.list({ before: listed[1]?.seq ?? 0 })).toEqual([]);
  await again.queue.close();
});

test("what was refused by all its sinks never was, and is not in the history", async () => {
  const { queue } = await open(place(), { hours: 1 });
  const huge = envelope("huge", { payload: new Uint8Array(10) });
  const tight = await createWorkQueue({
    sinks: [{ name: "crm", limits: { maxBytes: 5 } }],
    store: sqliteStore({ path: place(), sync: "process", keep: {} }),
  });
  expect(await tight.admit([huge])).toEqual([{ status: "too-large" }]);
  expect(await tight.history?.list({})).toEqual([]);
  await tight.close();
  await queue.close();
});

test("it is forgotten when it is too old, or when newer ones need its room", async () => {
  const { queue, clock } = await open(place(), { hours: 1, maxBytes: 5_000 });
  const list = async (): Promise<string[]> => ((await queue.history?.list({})) ?? []).map(({ id }) => id);
  for (const id of ["a", "b", "c"]) {
    await queue.admit([envelope(id, { payload: new Uint8Array(2_000) })]);
    await ackAll(queue, "crm");
  }
  expect(await list()).toEqual(["c", "b"]);
  await clock.advance(3_600_001);
  await queue.admit([envelope("d")]);
  await ackAll(queue, "crm");
  expect(await list()).toEqual(["d"]);
  await queue.close();
});

test("opened without keep, an old history goes", async () => {
  const path = place();
  const first = await open(path, { hours: 1 });
  await first.queue.admit([envelope("a")]);
  await ackAll(first.queue, "crm");
  await first.queue.close();
  const second = await open(path);
  await second.queue.admit([envelope("b")]);
  await second.queue.close();
  const third = await open(path, { hours: 1 });
  expect(await third.queue.history?.list({})).toEqual([]);
  await third.queue.close();
});

test("room that is not needed any more is given back to the disk", { timeout: 60_000 }, async () => {
  const path = place();
  const { queue } = await open(path);
  const payload = new Uint8Array(60_000).fill(1);
  for (let n = 0; n < 1_000; n += 100) {
    const batch = Array.from({ length: 100 }, (_, at) => envelope(`e${n + at}`, { key: undefined, payload }));
    await queue.admit(batch);
  }
  const full = statSync(path).size;
  await ackAll(queue, "crm");
  await queue.admit(Array.from({ length: 200 }, (_, at) => envelope(`f${at}`, { key: undefined, payload })));
  await ackAll(queue, "crm");
  await queue.close();
  expect(full).toBeGreaterThan(30_000_000);
  expect(statSync(path).size).toBeLessThan(full / 2);
});
