import { describe, expect, test } from "vitest";
import { durationMs, portNumber, positiveNumber, wholeNumber } from "../../../src/cli/option-values.ts";

describe("option values", () => {
  test.each([
    ["500ms", 500],
    ["20s", 20_000],
    ["20", 20_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
  ])("%s is %i ms", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(["", "0", "-1s", "20x", "s", "1e3s", "NaN", "Infinity", "99999999999999999999d"])(
    "%j is no duration",
    (text) => {
      expect(() => durationMs(text)).toThrow(/A duration is allowed/);
    },
  );

  test("whole numbers stay within their bounds", () => {
    const read = wholeNumber(1, 10);
    expect(read("10")).toBe(10);
    for (const text of ["", " ", "0", "11", "1.5", "x"]) expect(() => read(text)).toThrow(/whole number from 1 to 10/);
    expect(portNumber("0")).toBe(0);
    expect(() => portNumber("65536")).toThrow();
  });

  test("positive numbers may have fractions", () => {
    expect(positiveNumber(10)("0.5")).toBe(0.5);
    for (const text of ["0", "-1", "11", "", "x"]) expect(() => positiveNumber(10)(text)).toThrow(/above 0/);
  });
});
