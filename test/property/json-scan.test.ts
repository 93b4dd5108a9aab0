import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createJsonScanner } from "../../src/core/json-scan.ts";

const PATHS = [["t"], ["b"], ["b", "id"], ["b", "x", "y"], ["__proto__"], ["é"]] as const;
// No name that is or begins with a backslash: once V8 (13.6, Node 24) has seen an object with the member "\\", its
// JSON.parse gives a later member written with escapes that name ('{"a":1,"\u0062":2}' becomes { a, "\\" }).
const names = fc.constantFrom("t", "b", "id", "x", "y", "__proto__", "é", "other", "", 'q"');
const scalars = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "{", "}", '"', "\\", "]", '","t":"z', "\ud800"),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);

/** JSON text made by hand: doubled names, blanks and escaped names too, which `JSON.stringify` never writes. */
const { text: texts } = fc.letrec<{ text: string; object: string; array: string }>((tie) => ({
  text: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalars.map(show), tie("object"), tie("array")),
  object: fc
    .array(fc.tuple(fc.boolean(), names, blank(), tie("text")), { maxLength: 6 })
    .map(
      (members) =>
        `{${members.map(([escaped, name, gap, value]) => `${gap}${show(name, escaped)}${gap}:${value}${gap}`).join(",")}}`,
    ),
  array: fc.array(tie("text"), { maxLength: 4 }).map((items) => `[${items.join(", ")}]`),
}));

function show(value: unknown, escaped = false): string {
  const text = JSON.stringify(value);
  if (!escaped || typeof value !== "string") return text;
  return `"${[...Array(value.length).keys()].map((at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`;
}

function blank(): fc.Arbitrary<string> {
  return fc.constantFrom("", "", " ", "\n\t", "\r ");
}

/** What `JSON.parse` gives for a path; own members only. */
function at(value: unknown, path: readonly string[]): { readonly value: unknown } | undefined {
  let current: unknown = value;
  for (const name of path) {
    if (typeof current !== "object" || current === null || Array.isArray(current) || !Object.hasOwn(current, name)) {
      return undefined;
    }
    current = Object.getOwnPropertyDescriptor(current, name)?.value;
  }
  return { value: current };
}

function parse(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** S2 of the scanner, for one document; true where JSON.parse accepted it. */
function agrees(bytes: Uint8Array): boolean {
  const scanner = createJsonScanner(PATHS);
  const result = scanner.scan(bytes);
  const parsed = parse(bytes);
  if (parsed === undefined) return false;
  const isObject = typeof parsed.value === "object" && parsed.value !== null && !Array.isArray(parsed.value);
  expect(result).toBe(isObject ? "ok" : "not-an-object");
  PATHS.forEach((path, slot) => {
    const wanted = isObject ? at(parsed.value, path) : undefined;
    expect(scanner.has(slot)).toBe(wanted !== undefined);
    if (wanted === undefined) return;
    expect(parse(scanner.slice(slot) ?? new Uint8Array())).toEqual(wanted);
    expect(scanner.string(slot)).toBe(typeof wanted.value === "string" ? wanted.value : undefined);
  });
  return true;
}

test("for every document that JSON.parse accepts, the scan answers as JSON.parse does", () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(agrees(new TextEncoder().encode(text))).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test("whatever the bytes, the scan answers, and never otherwise than JSON.parse where that accepts", () => {
  const edits = fc.array(
    fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...new TextEncoder().encode('"\\{}[],: tfn\u0000')))),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(texts, edits, fc.boolean(), (text, changes, cut) => {
      const bytes = new TextEncoder().encode(text);
      for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
      agrees(cut ? bytes.subarray(0, (changes[0]?.[0] ?? 0) % bytes.length) : bytes);
    }),
    { numRuns: 6_000 },
  );
});

test("bytes at random never make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      agrees(bytes);
    }),
    { numRuns: 2_000 },
  );
});
