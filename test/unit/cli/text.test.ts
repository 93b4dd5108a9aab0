import { describe, expect, test } from "vitest";
import { table } from "../../../src/cli/table.ts";
import { columnsOf, count, duration, fit, pad, painter, printable } from "../../../src/cli/text.ts";

describe("text for terminals", () => {
  test("foreign text loses escapes, controls and reordering characters, and keeps its length", () => {
    expect(printable("a\u001B[2Jb\nc\u202Ed\u0007")).toBe("a·[2Jb·c·d·");
    expect(printable("one\ntwo", true)).toBe("one\ntwo");
  });

  test.each([
    ["abc", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["📞", 2],
    ["\u001B[31mred\u001B[39m", 3],
  ])("%j takes %i columns", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test("what does not fit is cut and marked, wide characters and styles included", () => {
    expect(fit("abcdef", 6)).toBe("abcdef");
    expect(fit("abcdefg", 6)).toBe("abcde…");
    expect(fit("日本語", 5)).toBe("日本…");
    expect(fit("abc", 0)).toBe("");
    const red = painter(true)("red", "abcdefg");
    expect(columnsOf(fit(red, 4))).toBe(4);
    expect(fit(red, 4).endsWith("\u001B[0m")).toBe(true);
  });

  test("padding counts columns, not characters", () => {
    expect(pad("日", 4)).toBe("日  ");
    expect(pad("7", 3, "right")).toBe("  7");
  });

  test("without colours a painter changes nothing", () => {
    expect(painter(false)("red", "x")).toBe("x");
    expect(painter(true)(["bold", "red"], "x")).toContain("\u001B[");
  });

  test.each([
    [undefined, "-"],
    [0.041, "0.04 ms"],
    [4.26, "4.3 ms"],
    [312.4, "312 ms"],
    [3_240, "3.2 s"],
    [42_000, "42 s"],
    [240_000, "4 min"],
    [9_000_000, "2.5 h"],
  ])("%s ms reads %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test("thousands are set apart", () => {
    expect(count(1_234_567)).toBe("1,234,567");
  });

  test("a table has equal columns, numbers to the right", () => {
    const lines = table(
      [{ title: "name" }, { title: "n", align: "right" }],
      [
        ["a", "1"],
        ["longer", "1,000"],
      ],
    );
    expect(lines).toEqual(["name        n", "a           1", "longer  1,000"]);
  });
});
