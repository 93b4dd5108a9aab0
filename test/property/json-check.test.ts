import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isJsonDocument } from "../../src/core/json-check.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the platform says of the same bytes. */
function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(decoder.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

describe("the check for one JSON document", () => {
  test("agrees with JSON.parse on documents, blanks included", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("", " ", "\n\t\r "), (text, blank) => {
        expect(isJsonDocument(encoder.encode(blank + text + blank))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test("agrees with JSON.parse on documents with a fault in them", () => {
    const fault = fc.record({
      place: fc.nat(),
      cut: fc.nat(2),
      put: fc.constantFrom(...'{}[]",:\\0-+.eEtfnu 1\u0001é'.split("")),
    });
    fc.assert(
      fc.property(fc.json(), fc.array(fault, { minLength: 1, maxLength: 3 }), (text, faults) => {
        let broken = text;
        for (const { place, cut, put } of faults) {
          const at = place % (broken.length + 1);
          broken = broken.slice(0, at) + put + broken.slice(at + cut);
        }
        const bytes = encoder.encode(broken);
        expect(isJsonDocument(bytes)).toBe(parses(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  test("agrees with JSON.parse on any text of JSON's letters", () => {
    const letters = fc.array(fc.constantFrom(...'{}[]",:\\u0019-+.eEtruefalsn '.split("")), { maxLength: 12 });
    fc.assert(
      fc.property(letters, (parts) => {
        const bytes = encoder.encode(parts.join(""));
        expect(isJsonDocument(bytes)).toBe(parses(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  test("agrees with JSON.parse on any bytes inside a string", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (inside) => {
        const bytes = Uint8Array.of(0x22, ...inside, 0x22);
        expect(isJsonDocument(bytes)).toBe(parses(bytes));
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    "c280",
    "c1bf",
    "e0a080",
    "e09fbf",
    "ed9fbf",
    "eda080",
    "efbfbf",
    "f0908080",
    "f08fbfbf",
    "f48fbfbf",
    "f4908080",
    "f5808080",
    "e282",
    "80",
  ])("knows the edges of UTF-8: %s", (hex) => {
    const bytes = Buffer.concat([Buffer.from('"'), Buffer.from(hex, "hex"), Buffer.from('"')]);
    expect(isJsonDocument(bytes)).toBe(parses(bytes));
  });

  test("ends at its depth instead of using up the stack", () => {
    const nested = (depth: number): Uint8Array => encoder.encode("[".repeat(depth) + "]".repeat(depth));
    expect(isJsonDocument(nested(1_024))).toBe(true);
    expect(isJsonDocument(nested(1_025))).toBe(false);
    expect(isJsonDocument(encoder.encode("[".repeat(5_000_000)))).toBe(false);
  });
});
