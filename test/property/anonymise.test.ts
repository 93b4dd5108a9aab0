/** Whatever is recorded: an anonymised event says nothing of the original's texts, and all else is as it was. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAnonymiser } from "../../src/core/anonymise.ts";
import { CODED_VALUES, FIELD_NAMES, TOPIC_WORDS } from "../../src/core/anonymise-words.ts";
import { checkProperty } from "../support/check-property.ts";

const FILE = "test/property/anonymise.test.ts";
const word = fc.stringMatching(/^[A-Za-z\u00c0-\u024f\u0400-\u044f]{1,12}$/u);
const digits = fc.stringMatching(/^\d{1,12}$/u);

const text = fc.oneof(
  { weight: 3, arbitrary: fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" ")) },
  fc.uuid(),
  digits,
  digits.map((number) => `tel:+${number}`),
  fc.emailAddress(),
  fc.webUrl(),
  fc.uuid().map((id) => `/api/v2/users/${id}`),
  fc.uuid().map((id) => `v2.users.${id}.presence`),
  fc.constantFrom("alerting", "agent", "Agent", "true", "2026-03-04T10:15:00.120Z", "PT30M", "1980-05-12", ""),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
);
const name = fc.oneof(
  fc.constantFrom("id", "name", "state", "purpose", "participants", "attributes", "startTime"),
  text,
);
const { tree: json } = fc.letrec<{ tree: unknown; object: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    { weight: 4, arbitrary: text },
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("tree"), { maxLength: 5 }),
    tie("object"),
  ),
  object: fc.array(fc.tuple(name, tie("tree")), { maxLength: 5 }).map((members) => Object.fromEntries(members)),
}));

/** Every text of a value, names of members too, in order, and the value with each replaced by "". */
function takenApart(value: unknown): { texts: string[]; rest: unknown } {
  const texts: string[] = [];
  const walk = (one: unknown): unknown => {
    if (typeof one === "string") {
      texts.push(one);
      return "";
    }
    if (Array.isArray(one)) return one.map(walk);
    if (typeof one !== "object" || one === null) return one;
    return Object.entries(one).map(([key, member]) => [walk(key), walk(member)]);
  };
  return { rest: walk(value), texts };
}

const HARMLESS = /^(?:true|false|P[\dTYMWDHS.]+|[\d:.TZ/+-]*T[\d:.TZ/+-]*)?$/u;

/** The parts of a text that may not be found again: words of four letters and digits or more that the wire does not have. */
function secretsOf(value: string): string[] {
  if (HARMLESS.test(value) || CODED_VALUES.has(value) || FIELD_NAMES.has(value)) return [];
  const isTopic = /^(?:v2\.|\/api\/v2\/)/iu.test(value);
  return (value.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [])
    .map((one) => one.toLowerCase())
    .filter((one) => one.length >= 4 && !(isTopic && TOPIC_WORDS.has(one)) && !/^(?:https?|sips?|mailto)$/u.test(one));
}

function anonymiserWith(key: string): (value: unknown) => { text: string; parsed: unknown } {
  const digest = (seed: string): Uint8Array => createHmac("sha256", key).update(seed).digest();
  const anonymiser = createAnonymiser({ digest });
  return (value) => {
    const body = new TextEncoder().encode(JSON.stringify(value));
    const made = anonymiser.event({ at: 0, source: "s", topic: "", encoding: "json", body });
    const after = new TextDecoder().decode(made.body);
    return { text: after, parsed: JSON.parse(after) };
  };
}

describe("anonymised events", () => {
  const none = "no word of a text that is not known to be harmless is found where it stood";
  test(none, async () => {
    const property = fc.asyncProperty(fc.string(), json, async (key, value) => {
      const before = takenApart(JSON.parse(JSON.stringify(value))).texts;
      const after = takenApart(anonymiserWith(key)(value).parsed).texts;
      expect(after).toHaveLength(before.length);
      for (const [place, original] of before.entries()) {
        const words = new Set((after[place] ?? "").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu));
        expect(secretsOf(original).filter((one) => words.has(one))).toEqual([]);
      }
    });
    await checkProperty(property, { file: FILE, test: none, numRuns: 1_500 });
  });

  const whole = "no text of eight letters and digits or more is found anywhere in the event, whole";
  test(whole, async () => {
    const long = fc.stringMatching(/^[A-Za-z\d]{9,14}$/u).filter((one) => secretsOf(one).length > 0);
    const property = fc.asyncProperty(fc.string(), json, fc.array(long, { minLength: 1 }), async (key, value, more) => {
      const shown = anonymiserWith(key)({ value, more, attributes: Object.fromEntries(more.map((one) => [one, one])) });
      for (const original of more) expect(shown.text).not.toContain(original);
    });
    await checkProperty(property, { file: FILE, test: whole, numRuns: 300 });
  });

  const structure = "structure, types, order and numbers are those of the original";
  test(structure, async () => {
    const property = fc.asyncProperty(fc.string(), json, async (key, value) => {
      const original = JSON.stringify(value);
      const { text: shown } = anonymiserWith(key)(value);
      // Texts taken out of the JSON itself, so that members named twice and the digits of numbers count too.
      const bare = (one: string): string => one.replace(/"(?:[^"\\]|\\.)*"/gsu, '""');
      expect(bare(shown)).toBe(bare(original));
    });
    await checkProperty(property, { file: FILE, test: structure, numRuns: 500 });
  });

  const equal = "texts are equal where they were, and only there, over all events of a recording";
  test(equal, async () => {
    const property = fc.asyncProperty(fc.string(), fc.array(fc.array(text), { minLength: 1 }), async (key, events) => {
      const anonymise = anonymiserWith(key);
      const before = events.flat();
      const after = events
        .flatMap((values) => anonymise({ values }).parsed as { values: string[] })
        .flatMap((body) => Object.values(body)[0] ?? []);
      const pairs = new Map<string, string>();
      for (const [place, original] of before.entries()) {
        const made = after[place] ?? "";
        expect(pairs.get(original) ?? made).toBe(made);
        pairs.set(original, made);
      }
      // Of a few signs only there are no pseudonyms; a UUID is one UUID in either case.
      const originals = [...pairs.keys()].filter((one) => /[\p{L}\p{M}\p{N}]/u.test(one) && one.isWellFormed());
      const pseudonyms = new Set(originals.map((one) => pairs.get(one)));
      expect(pseudonyms.size).toBe(originals.length);
    });
    await checkProperty(property, { file: FILE, test: equal, numRuns: 400 });
  });
});
