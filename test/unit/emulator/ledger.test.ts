import { expect, test } from "vitest";
import { bodyHash, Ledger } from "../../../src/emulator/ledger.ts";

function filled(capacity: number, count: number): Ledger {
  const ledger = new Ledger(capacity);
  for (let at = 1; at <= count; at += 1) ledger.add(`t${at}`, "", at, "", []);
  return ledger;
}

const topics = (ledger: Ledger, after?: number, limit?: number): string[] =>
  ledger.page(after, limit).events.map(({ topic }) => topic);

test("gives numbers that grow by one and pages that join", () => {
  const ledger = filled(10, 5);
  expect(topics(ledger, 0, 2)).toEqual(["t1", "t2"]);
  expect(topics(ledger, 2, 2)).toEqual(["t3", "t4"]);
  expect(ledger.page(4)).toMatchObject({ next: 5, total: 5, oldest: 1 });
  expect(ledger.page(5)).toMatchObject({ events: [], next: 5 });
});

test("keeps the newest events and tells which is the oldest", () => {
  const ledger = filled(3, 7);
  expect(ledger.page()).toMatchObject({ next: 7, total: 7, oldest: 5 });
  expect(topics(ledger)).toEqual(["t5", "t6", "t7"]);
  expect(topics(ledger, 5)).toEqual(["t6", "t7"]);
});

test("goes on counting after a reset", () => {
  const ledger = filled(3, 7);
  ledger.reset();
  expect(ledger.page()).toEqual({ events: [], next: 7, total: 0, oldest: 8 });
  for (const topic of ["a", "b", "c", "d"]) ledger.add(topic, "", 0, "", []);
  expect(ledger.page().events.map(({ n, topic }) => [n, topic])).toEqual([
    [9, "b"],
    [10, "c"],
    [11, "d"],
  ]);
});

test("tells from whom a frame was withheld, as long as the event is known", () => {
  const ledger = new Ledger(2);
  const first = ledger.add("a", "", 0, "", ["s1", "s2"]);
  ledger.withhold(first, ["s2"]);
  ledger.withhold(first, ["s1"]);
  expect(ledger.page().events).toMatchObject([{ sockets: [], withheld: ["s2", "s1"] }]);
  ledger.add("b", "", 0, "", ["s1"]);
  ledger.add("c", "", 0, "", ["s1"]);
  ledger.withhold(first, ["s1"]);
  expect(ledger.page().events).toEqual([
    { n: 2, topic: "b", key: "", at: 0, hash: "", sockets: ["s1"] },
    { n: 3, topic: "c", key: "", at: 0, hash: "", sockets: ["s1"] },
  ]);
});

test("hashes the text of a body", () => {
  expect(bodyHash("{}")).toBe("44136fa355b3678a");
});
