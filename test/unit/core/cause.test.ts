import { describe, expect, test } from "vitest";
import { causeOf, oneLine, plainWords } from "../../../src/core/cause.ts";

describe("a cause", () => {
  test.each<[string, unknown, string]>([
    ["an error's message", new TypeError("x is not a function"), "x is not a function"],
    ["the name of an error without a message", new RangeError(""), "RangeError"],
    ["a thrown string", "no luck", "no luck"],
    ["a thrown number", 42, "threw number: 42"],
    ["a thrown undefined", undefined, "threw undefined: undefined"],
    ["a thrown object", {}, "threw object: [object Object]"],
    ["a thrown symbol", Symbol("s"), "threw symbol: Symbol(s)"],
    ["an empty string", "", "failed without a reason"],
    ["blanks", " \n\t ", "failed without a reason"],
    ["an object that can't be shown", Object.create(null), "threw something that can't be shown"],
  ])("is %s", (_what, thrown, cause) => {
    expect(causeOf(thrown)).toBe(cause);
  });

  test("is one line, whatever stands in it", () => {
    expect(oneLine("a\r\nb\u001b[31mc\u0000d\u2028e\u202ef\ud800g\u009bh\t\ti")).toBe("a b [31mc d e f g h i");
  });

  test("is at most 500 characters long", () => {
    expect(oneLine("x".repeat(500))).toHaveLength(500);
    expect(oneLine("x".repeat(501))).toBe(`${"x".repeat(499)}…`);
    expect(oneLine("\u0000".repeat(50_000_000) + "x")).toBe("");
  });

  test("holds no credential of a URL", () => {
    const told = oneLine(
      "GET https://user:canary@api.example.com/a/b?token=canary#canary failed, wss://h/x?access_token=canary; http://canary@h",
    );
    expect(told).not.toContain("canary");
    expect(told).toContain("https://api.example.com/a/b failed");
  });
});

describe("what the other side said", () => {
  test.each([
    "idle timeout",
    "Going away.",
    "replaced by another connection",
    "a frame was longer than maxFrameBytes (1000)",
  ])("%j is plain, and shown", (text) => {
    expect(plainWords(text)).toBe(text);
  });

  test.each([
    "",
    "channel streaming-0-qv4k2m7x9c3bta81hz6pdwy5rn is gone",
    "token abcdefghijklmnopqrstuvwxyz ended",
    "see https://example.com/x",
    "bad 0f6a1d2e-3b4c-4d5e-8f60-718293a4b5c6",
    `${"a".repeat(15)} `.repeat(30),
    "a".repeat(100_000),
  ])("what may be a secret, or is none of our business, is not", (text) => {
    expect(plainWords(text)).toBe("");
  });
});
