import { describe, expect, test } from "vitest";
import { Leases } from "../../../src/core/leases.ts";
import { NONE } from "../../../src/core/sorted-runs.ts";

describe("Leases", () => {
  test("a token finds its lease until that ends, and nothing afterwards", () => {
    const leases = new Leases(1);
    const token = leases.open(2, 7, 100);
    const lease = leases.find(token);
    expect(leases.sinkOf(lease)).toBe(2);
    expect(leases.entryOf(lease)).toBe(7);
    leases.end(lease);
    expect(leases.find(token)).toBe(NONE);
    leases.open(2, 8, 100);
    expect(leases.find(token)).toBe(NONE);
  });

  test("a lease that outlives thousands of others is found by its token all the time", () => {
    const leases = new Leases(1);
    const lasting = leases.open(0, 1_000_000, Infinity);
    for (let round = 0; round < 5_000; round += 1) {
      const token = leases.open(0, round, round);
      expect(leases.entryOf(leases.find(token))).toBe(round);
      expect(leases.entryOf(leases.find(lasting))).toBe(1_000_000);
      leases.end(leases.find(token));
    }
    leases.end(leases.find(lasting));
    expect(leases.find(lasting)).toBe(NONE);
    expect(leases.nextEnd).toBe(Infinity);
  });

  test("many open leases are all found, however far the tokens have come", () => {
    for (const firstToken of [1, 2 ** 31 - 500, 2 ** 32 - 500, 2 ** 52]) {
      const leases = new Leases(firstToken);
      const tokens = Array.from({ length: 1_000 }, (_, entry) => leases.open(0, entry, entry));
      expect(tokens.map((token) => leases.entryOf(leases.find(token)))).toEqual([...tokens.keys()]);
      expect(tokens).toEqual(Array.from(tokens, (_, index) => firstToken + index));
    }
  });

  test("leases end in the order of their ends, as last extended", () => {
    const leases = new Leases(1);
    const [first, second] = [leases.open(0, 1, 10), leases.open(0, 2, 20)];
    leases.extend(leases.find(first), 30);
    expect(leases.firstEnded(19)).toBe(NONE);
    expect(leases.firstEnded(20)).toBe(leases.find(second));
    leases.end(leases.find(second));
    expect(leases.nextEnd).toBe(30);
  });
});
