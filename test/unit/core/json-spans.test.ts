import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeJson, isUtf8, itemSpans, jsonDepth } from "../../../src/core/json-spans.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("decodeJson", () => {
  test("gives what JSON.parse gives", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(decodeJson(bytes(text), 1_000)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
      }),
    );
  });

  test("says why there is no value, and quotes nothing of the input", () => {
    for (const text of ["canary", '{"a": canary}', '["canary",]', '"canary', "{canary:1}", '{"a":1}canary']) {
      const result = decodeJson(bytes(text), 64);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).not.toContain("canary");
    }
    expect(decodeJson(bytes('{"a" 1}'), 64)).toEqual({ ok: false, reason: "not valid JSON (at character 5)" });
  });

  test("looks at depth before anything else, and takes just the limit", () => {
    expect(decodeJson(bytes("[[1]]"), 2).ok).toBe(true);
    expect(decodeJson(bytes("[[[1]]]"), 2)).toEqual({ ok: false, reason: "nested deeper than 2 levels" });
    expect(decodeJson(bytes("[".repeat(5_000_000)), 64)).toEqual({ ok: false, reason: "nested deeper than 64 levels" });
  });

  test("refuses what is not UTF-8, and a byte order mark", () => {
    expect(decodeJson(Uint8Array.of(0x22, 0xc0, 0x80, 0x22), 64)).toEqual({ ok: false, reason: "not valid UTF-8" });
    expect(decodeJson(bytes("\ufeff1"), 64).ok).toBe(false);
    expect([isUtf8(bytes("ü")), isUtf8(Uint8Array.of(0xff))]).toEqual([true, false]);
  });
});

describe("jsonDepth", () => {
  test("counts brackets outside strings, whatever the bytes", () => {
    expect(jsonDepth(bytes(""))).toBe(0);
    expect(jsonDepth(bytes('{"[[[":["\\"[[",{}]}'))).toBe(3);
    expect(jsonDepth(bytes('"[[['))).toBe(0);
    expect(jsonDepth(bytes(']]][["\\'))).toBe(0);
    expect(jsonDepth(bytes("]][[["))).toBe(1);
  });
});

describe("itemSpans", () => {
  test("finds each item's own bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.nat(2), (items, indent) => {
        const text = JSON.stringify(items, null, indent);
        const found = itemSpans(bytes(text)).map(
          ({ start, end }) => JSON.parse(new TextDecoder().decode(bytes(text).subarray(start, end))) as unknown,
        );
        expect(found).toEqual(JSON.parse(text));
      }),
    );
  });

  test("has no blanks in them", () => {
    const text = ' [ 1 ,"a b" , [ 2 ] ,{ } , true ] ';
    expect(itemSpans(bytes(text)).map(({ start, end }) => text.slice(start, end))).toEqual([
      "1",
      '"a b"',
      "[ 2 ]",
      "{ }",
      "true",
    ]);
    expect(itemSpans(bytes(" [ ] "))).toEqual([]);
  });
});
