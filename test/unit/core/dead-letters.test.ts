import { describe, expect, test } from "vitest";
import type { DeadEntry } from "../../../src/core/dead-letters.ts";
import { DeadLetters } from "../../../src/core/dead-letters.ts";

function entry(seq: number): DeadEntry<undefined> {
  const envelope = {
    seq,
    id: `id ${seq}`,
    rank: 0,
    key: undefined,
    coalesceKey: undefined,
    deadOnExpiry: false,
    admittedAt: 0,
    bytes: 0,
    payload: undefined,
    shared: false,
  };
  return { envelope, standing: seq, attempts: [], redriven: 0, replaced: 0, deadAt: 0 };
}

const seqs = (letters: DeadLetters<undefined>, after = 0, limit = 1_000): number[] =>
  letters.list(after, limit).map(({ envelope }) => envelope.seq);

describe("DeadLetters", () => {
  test("lists by seq, however they came, in pages", () => {
    const letters = new DeadLetters<undefined>();
    for (const seq of [5, 1, 9, 3]) letters.add(entry(seq));
    expect(seqs(letters)).toEqual([1, 3, 5, 9]);
    expect(seqs(letters, 3, 1)).toEqual([5]);
  });

  test("one that was taken can come back at its place", () => {
    const letters = new DeadLetters<undefined>();
    for (const seq of [1, 2, 3]) letters.add(entry(seq));
    expect(letters.take(2)?.envelope.seq).toBe(2);
    expect(letters.take(2)).toBeUndefined();
    letters.add(entry(2));
    expect(seqs(letters)).toEqual([1, 2, 3]);
  });

  test("gives the smallest first, and takes smaller ones in again after that", () => {
    const letters = new DeadLetters<undefined>();
    for (let seq = 1; seq <= 200; seq += 1) letters.add(entry(seq));
    for (let seq = 1; seq <= 150; seq += 1) expect(letters.takeSmallest()?.envelope.seq).toBe(seq);
    letters.add(entry(7));
    expect(letters.size).toBe(51);
    expect(seqs(letters, 0, 2)).toEqual([7, 151]);
    expect(letters.takeSmallest()?.envelope.seq).toBe(7);
  });

  test("an empty one gives nothing", () => {
    expect(new DeadLetters<undefined>().takeSmallest()).toBeUndefined();
  });
});
