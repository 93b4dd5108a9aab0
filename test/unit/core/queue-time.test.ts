import { describe, expect, test } from "vitest";
import { QueueTime } from "../../../src/core/queue-time.ts";

describe("the work queue's time", () => {
  test("is the wall clock's while nobody sets it", () => {
    const time = new QueueTime();
    expect([time.read(1_000, 0), time.read(1_500, 500), time.lead]).toEqual([1_000, 1_500, 0]);
  });

  test("follows a step forward", () => {
    const time = new QueueTime();
    time.read(1_000, 0);
    expect(time.read(3_601_010, 10)).toBe(3_601_010);
  });

  test("goes on at its pace after a step back, and moves expiries along", () => {
    const time = new QueueTime();
    time.read(3_600_000, 0);
    expect(time.read(100, 100)).toBe(3_600_100);
    expect(time.lead).toBe(3_600_000);
    expect(time.fromWall(60_100)).toBe(3_660_100);
    expect(time.read(3_600_300, 200)).toBe(3_600_300);
    expect(time.fromWall(5)).toBe(5);
  });

  test("does not take a pause between two readings for a step", () => {
    const time = new QueueTime();
    time.read(1_000, 0);
    time.read(1_010, 30);
    expect([time.lead, time.fromWall(7)]).toEqual([0, 7]);
  });
});
