/** A store that is opened with another configuration than it was closed with. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { NewEnvelope } from "../../../src/ports/store.ts";
import { sqliteStore } from "../../../src/stores/sqlite/index.ts";
import { createWorkQueue, type WorkQueue } from "../../../src/work-queue.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-restart-"));
  folders.push(folder);
  return join(folder, "queue.db");
}

function open(path: string, sinks: readonly string[], classes?: readonly string[]): Promise<WorkQueue> {
  return createWorkQueue({
    sinks: sinks.map((name) => ({ name })),
    store: sqliteStore({ path, sync: "process" }),
    ...(classes && { classes: classes.map((name) => ({ name })) }),
  });
}

function envelope(id: string, more: Partial<NewEnvelope> = {}): NewEnvelope {
  return { id, class: "standard", payload: new TextEncoder().encode(`body of ${id}`), sinks: ["crm"], ...more };
}

test("a sink that is configured no more keeps what it has, as dead letters; configured again, it goes on", async () => {
  const path = place();
  const first = await open(path, ["crm", "old"]);
  await first.admit([envelope("a", { sinks: ["crm", "old"] }), envelope("b", { sinks: ["old"] })]);
  await first.close();

  const without = await open(path, ["crm"]);
  const { old } = (await without.stats()).sinks;
  expect([old?.removed, old?.dead, old?.waiting]).toEqual([true, 2, 0]);
  const listed = await without.deadLetters({ sink: "old" });
  expect(listed.map(({ id, payload }) => [id, new TextDecoder().decode(payload)])).toEqual([
    ["a", "body of a"],
    ["b", "body of b"],
  ]);
  await expect(without.claim("old", { max: 1 })).rejects.toThrow(
    /one of "crm" expected, found "old", which is removed/u,
  );
  await expect(without.admit([envelope("c", { sinks: ["old"] })])).rejects.toThrow(/which is removed/u);
  expect(await without.discard("old", [listed[0]?.seq ?? 0])).toEqual(["discarded"]);
  expect((await without.claim("crm", { max: 9 })).map(({ id }) => id)).toEqual(["a"]);
  await without.close();

  const again = await open(path, ["crm", "old"]);
  const [claimed, ...more] = await again.claim("old", { max: 9 });
  expect([claimed?.id, claimed?.attempt, more.length]).toEqual(["b", 1, 0]);
  await again.close();
});

test("a sink that left nothing behind is not reported", async () => {
  const path = place();
  const first = await open(path, ["crm", "old"]);
  await first.close();
  const second = await open(path, ["crm"]);
  expect(Object.keys((await second.stats()).sinks)).toEqual(["crm"]);
  await second.close();
});

test("a class that is configured no more ranks last, and has its rank again when it comes back", async () => {
  const path = place();
  const first = await open(path, ["crm"], ["urgent", "high", "standard"]);
  await first.admit([envelope("s"), envelope("u", { class: "urgent" }), envelope("h", { class: "high" })]);
  await first.close();

  const second = await open(path, ["crm"], ["high", "standard"]);
  expect((await second.claim("crm", { max: 9 })).map(({ id }) => id)).toEqual(["h", "s", "u"]);
  await second.close();

  const third = await open(path, ["crm"], ["urgent", "high", "standard"]);
  expect((await third.claim("crm", { max: 9 })).map(({ id }) => id)).toEqual(["u", "h", "s"]);
  await third.close();
});

test("one claim may be of more blocks than are kept at hand: each payload comes whole, none is taken for damaged", async () => {
  const path = place();
  const count = 150;
  const body = (at: number): Uint8Array => new Uint8Array(65_536).fill(at + 1);
  const first = await open(path, ["crm"]);
  await first.admit(Array.from({ length: count }, (_, at) => envelope(`e${at}`, { payload: body(at) })));
  await first.close();

  const again = await open(path, ["crm"]);
  const claimed = await again.claim("crm", { max: count });
  expect(claimed.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, at) => `e${at}`));
  const wrong = claimed.filter(({ payload }, at) => Buffer.compare(payload, body(at)) !== 0);
  expect(wrong).toEqual([]);
  expect((await again.stats()).sinks["crm"]?.dead).toBe(0);
  await again.close();
});
