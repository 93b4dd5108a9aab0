import { describe, expect, test } from "vitest";
import { RecordLog } from "../../../src/core/record-log.ts";

const PAGE = 2 ** 14;

describe("RecordLog", () => {
  test("a page number that comes round again says nothing of where the records of the former page ended", () => {
    const log = new RecordLog();
    log.add(16_000);
    const second = log.add(1_000);
    log.dropBefore(second);
    log.add(PAGE - 1_000);
    const third = log.add(16_000);
    const fourth = log.add(100);
    expect(log.page(fourth)).toBe(log.page(third));
    expect(log.next(third, 16_000)).toBe(fourth);
  });

  test("a page is used again, but not one of more than the usual length", () => {
    const log = new RecordLog();
    const first = log.page(log.add(PAGE));
    const long = log.add(5 * PAGE + 1);
    log.dropBefore(long);
    const second = log.add(10);
    expect(log.page(second)).toBe(first);
    log.dropBefore(second);
    log.add(PAGE - 10);
    expect(log.page(log.add(10)).length).toBe(PAGE);
  });

  test("records that follow each other are found by the lengths of those before, past the last address too", () => {
    const log = new RecordLog(2 ** 32 - 3 * PAGE);
    const lengths = [PAGE, 5, PAGE - 5, 7, 2 * PAGE, 1, PAGE - 1, 3 * PAGE + 1, 9, PAGE, 4];
    const added = lengths.map((length) => log.add(length));
    let address = added[0]!;
    for (const [index, length] of lengths.slice(0, -1).entries()) {
      address = log.next(address, length);
      expect(address).toBe(added[index + 1]);
    }
  });
});
