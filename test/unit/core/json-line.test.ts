import { describe, expect, test } from "vitest";
import { toJsonLine } from "../../../src/core/json-line.ts";

const encoder = new TextEncoder();
const line = (text: string): string =>
  new TextDecoder("utf-8", { fatal: true }).decode(toJsonLine(encoder.encode(text)));

describe("a JSON document as one line", () => {
  test("stays as it is when nothing in it can do harm", () => {
    expect(line('{"a":"grüße \\n 日本 😀"}')).toBe('{"a":"grüße \\n 日本 😀"}\n');
  });

  test("has blanks for the line breaks between tokens", () => {
    expect(line('{\r\n "a" :\n1\n}')).toBe('{   "a" : 1 }\n');
  });

  test.each([
    ["line separator", "\u2028"],
    ["paragraph separator", "\u2029"],
    ["delete", "\u007f"],
    ["control sequence introducer", "\u009b"],
    ["next line", "\u0085"],
    ["right-to-left override", "\u202e"],
    ["right-to-left mark", "\u200f"],
    ["isolate", "\u2067"],
  ])("has an escape for a %s and means the same", (_what, character) => {
    const document = JSON.stringify({ [character]: `a${character}b${character}` });
    const written = line(document);
    expect(written).not.toContain(character);
    expect(written.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(written)).toEqual(JSON.parse(document));
  });

  test("leaves the neighbours of harmful characters alone", () => {
    const text = "\u00a0\u200d\u2027\u202f\u2065\u206a\u2190";
    expect(line(JSON.stringify(text))).toBe(`${JSON.stringify(text)}\n`);
  });
});
