import { expect, test } from "vitest";
import { parseRetryAfter } from "../../../src/core/retry-after.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");

test.each([
  ["120", 120_000],
  [" 7 ", 7_000],
  ["0", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
  ["99999999999999999999", 600_000],
  ["Mon, 23 Nov 2026 12:00:30 GMT", 30_000],
  ["Mon, 23 Nov 2026 11:00:00 GMT", undefined],
  ["Wed, 23 Nov 2033 11:00:00 GMT", 600_000],
])("Retry-After %j asks for %j milliseconds", (value, waitMs) => {
  expect(parseRetryAfter(value, NOW)).toBe(waitMs);
});

test("the longest wait is the caller's choice", () => {
  expect(parseRetryAfter("99999", NOW, 3_600_000)).toBe(3_600_000);
});
