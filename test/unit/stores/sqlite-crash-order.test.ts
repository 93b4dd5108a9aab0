/** What is handed over early, and a crash right then: order per key must hold over it (Q1). */
import { afterEach, expect, test } from "vitest";
import type { ClaimedEnvelope, NewEnvelope, Store } from "../../../src/ports/store.ts";
import { BASE_CONFIG } from "../../../src/testing/conformance-kit.ts";
import { nearSqlitePlace } from "../../support/sqlite-place.ts";

type Place = ReturnType<typeof nearSqlitePlace>;

const NOW = 1_700_000_000_000;
const places: Place[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.dispose();
});

function newPlace(): Place {
  const place = nearSqlitePlace();
  places.push(place);
  return place;
}

function envelope(id: string, more: Partial<NewEnvelope> = {}): NewEnvelope {
  return { id, class: "standard", key: "k", payload: new Uint8Array(1), sinks: ["crm"], ...more };
}

const claim = (store: Store): Promise<readonly ClaimedEnvelope[]> =>
  store.claim("crm", { max: 1, leaseMs: 1_000 }, NOW);

/** Lets answers come that need no disk. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
}

/** Ids in the order in which they were handed over, in two lives. */
async function livesOf(place: Place, first: (store: Store, handed: string[]) => Promise<void>): Promise<string[]> {
  const handed: string[] = [];
  const store = await place.driver.open(BASE_CONFIG, NOW);
  await first(store, handed);
  await place.kill?.(store);
  const again = await place.driver.open(BASE_CONFIG, NOW);
  for (let [next] = await claim(again); next !== undefined; [next] = await claim(again)) {
    handed.push(next.id);
    await again.settle([{ token: next.token, result: "ack" }], NOW);
  }
  await again.close();
  return handed;
}

function whenHanded(claiming: Promise<readonly ClaimedEnvelope[]>, handed: string[]): void {
  claiming.then(
    (claimed) => handed.push(...claimed.map(({ id }) => id)),
    () => undefined,
  );
}

test("a new envelope waits until the end of the one before it is written", async () => {
  const handed = await livesOf(newPlace(), async (store, handed) => {
    await store.admit([envelope("s1")], NOW);
    const [s1] = await claim(store);
    handed.push("s1");
    void store.settle([{ token: s1?.token ?? 0, result: "ack" }], NOW).catch(() => undefined);
    void store.admit([envelope("s2")], NOW).catch(() => undefined);
    whenHanded(claim(store), handed);
    await microtasks();
  });
  expect(handed).toEqual(["s1", "s1"]);
});

test("so it does behind one that it replaces, or that was given up", async () => {
  const replaced = await livesOf(newPlace(), async (store, handed) => {
    await store.admit([envelope("old", { coalesceKey: "c" })], NOW);
    void store.admit([envelope("new", { coalesceKey: "c" })], NOW).catch(() => undefined);
    whenHanded(claim(store), handed);
    await microtasks();
  });
  expect(replaced).toEqual(["old"]);
  const dead = await livesOf(newPlace(), async (store, handed) => {
    await store.admit([envelope("s1")], NOW);
    const [s1] = await claim(store);
    handed.push("s1");
    const end = { token: s1?.token ?? 0, result: "dead", cause: "no" } as const;
    void store.settle([end], NOW).catch(() => undefined);
    void store.admit([envelope("s2")], NOW).catch(() => undefined);
    whenHanded(claim(store), handed);
    await microtasks();
  });
  expect(dead).toEqual(["s1", "s1"]);
});

test("once that is written, and in any other lane, nothing is waited for", async () => {
  const store = await newPlace().driver.open(BASE_CONFIG, NOW);
  await store.admit([envelope("s1")], NOW);
  const [s1] = await claim(store);
  await store.settle([{ token: s1?.token ?? 0, result: "ack" }], NOW);
  const handed: string[] = [];
  void store.admit([envelope("s2"), envelope("other", { key: "o" })], NOW);
  whenHanded(store.claim("crm", { max: 2, leaseMs: 1_000 }, NOW), handed);
  await microtasks();
  expect(handed).toEqual(["s2", "other"]);
  await store.close();
});
