import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type AnonymiserOptions, createAnonymiser } from "../../../src/core/anonymise.ts";
import { createPseudonyms } from "../../../src/core/anonymise-pseudonym.ts";
import type { RecordedEvent } from "../../../src/core/recording.ts";
import { SAMPLES } from "../../fixtures/genesys-samples.ts";

const digestWith =
  (key: string) =>
  (text: string): Uint8Array =>
    createHmac("sha256", key).update(text).digest();

const UUID = "0f6a1d2e-3b4c-4d5e-8f60-718293a4b5c6";
const UUID_SHAPE = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/u;

/** Anonymises a body; `event` are the other members. */
function anonymise(
  body: unknown,
  event: Partial<RecordedEvent> = {},
  options: Partial<AnonymiserOptions> = {},
): { event: RecordedEvent; text: string; body: Record<string, never> } {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const anonymiser = createAnonymiser({ digest: digestWith("a key"), ...options });
  const given = { at: 1, source: "main", topic: "", encoding: "json" as const, ...event };
  const made = anonymiser.event({ ...given, body: new TextEncoder().encode(text) });
  const after = new TextDecoder().decode(made.body);
  return {
    event: made,
    text: after,
    body: made.encoding === "json" ? (JSON.parse(after) as Record<string, never>) : {},
  };
}

describe("pseudonyms", () => {
  const pseudonym = createPseudonyms(digestWith("a key"));

  test.each([
    ["Ada Example", /^[A-Z][a-z]+ [A-Z][a-z]+$/u],
    ["GRENOBLE", /^[A-Z]{4,9}$/u],
    ["tel:+33470000001", /^tel:\+999\d{8}$/u],
    ["+33 4 70 00 00 01", /^\+99 9 \d\d \d\d \d\d \d\d$/u],
    ["4711", /^\d{4}$/u],
    ["ada.example@firm.test", /^[a-z]+\.[a-z]+@[a-z]+\.example$/u],
    ["sip:ada@firm.test", /^sip:[a-z]{3,}@[a-z]+\.example$/u],
    ["https://crm.firm.test/case/4711?x=Ada", /^https:\/\/[a-z]+\.example\/[a-z]+\/\d{4}\?[a-z]=[A-Z][a-z]+$/u],
    ["streaming-0-qv4k2m7x9c3b", /^[a-z]+-\d-[a-z]{2}\d[a-z]\d[a-z]\d[a-z]\d[a-z]\d[a-z]$/u],
    ["1980-05-12", /^\d{4}-[01]\d-[0-2]\d$/u],
    ["Москва", /^[A-Z][a-z]+$/u],
    [UUID, UUID_SHAPE],
  ])("of %s are of its kind", (text, shape) => {
    expect(pseudonym(text)).toMatch(shape);
    expect(pseudonym(text)).not.toBe(text);
  });

  test("say the same of one number however it is laid out, and of an address with and without its scheme", () => {
    const digits = (text: string): string => text.replace(/\D/gu, "");
    expect(digits(pseudonym("+33 4 70 00 00 01"))).toBe(digits(pseudonym("+33470000001")));
    expect(pseudonym("tel:+33470000001")).toBe(`tel:${pseudonym("+33470000001")}`);
  });

  test("are never shared, not even where there are few", () => {
    const texts = Array.from({ length: 5_000 }, (_, at) => String(at).padStart(4, "0"));
    const made = texts.map(pseudonym);
    expect(new Set(made).size).toBe(texts.length);
    expect(made.filter((one, at) => one === texts[at])).toEqual([]);
    expect(texts.map(pseudonym)).toEqual(made);
  });

  test("are others with another key", () => {
    expect(createPseudonyms(digestWith("another"))("Ada Example")).not.toBe(pseudonym("Ada Example"));
  });
});

describe("an anonymised event", () => {
  test("has one pseudonym for an id in topic, key and body, also inside paths and texts", () => {
    const { event, body } = anonymise(
      { id: UUID, selfUri: `/api/v2/users/${UUID}`, note: `see ${UUID}!`, upper: UUID.toUpperCase() },
      { topic: `v2.users.${UUID}.presence`, key: UUID, correlationId: "c-1", id: "e-1" },
    );
    const { id } = body;
    expect(id).toMatch(UUID_SHAPE);
    expect(event.topic).toBe(`v2.users.${String(id)}.presence`);
    expect(event.key).toBe(id);
    expect(body["selfUri"]).toBe(`/api/v2/users/${String(id)}`);
    expect(body["note"]).toMatch(new RegExp(`^[a-z]+ ${String(id)}!$`, "u"));
    expect(event.correlationId).not.toBe("c-1");
    expect(event.id).not.toBe("e-1");
  });

  test("keeps numbers as written, times, truth values, and words of the wire where the wire has them", () => {
    const text =
      '{"wrapupSeconds":1.50,"count":12345678901234567890,"held":false,"user":null,"startTime":"2026-03-04T10:15:00.120Z",' +
      '"interval":"2026-03-04T10:00:00Z/2026-03-04T10:30:00Z","state":"alerting","purpose":"agent","systemPresence":"On Queue"}';
    expect(anonymise(text).text).toBe(text);
  });

  test("replaces such words elsewhere, and other words where the wire has its own", () => {
    const { body } = anonymise({ name: "Agent", state: "in love with Ada" });
    expect(body["name"]).not.toBe("Agent");
    expect(body["state"]).not.toContain("Ada");
  });

  test("replaces names of members that no schema has, but not their number, order or the types below them", () => {
    const { text } = anonymise('{"attributes":{"Ada Example":"gold","tier":[1,"x y",{}]},"Ada":1,"Ada":2}');
    expect(text).toMatch(/^\{"attributes":\{"\w+ \w+":"\w+","\w+":\[1,"\w \w",\{\}\]\},"(\w+)":1,"\1":2\}$/u);
    expect(text).not.toMatch(/Ada|Example|gold|tier/u);
  });

  test("keeps what the caller names", () => {
    const { body, event } = anonymise(
      { tier: "gold", other: "gold!" },
      { topic: "orders.new" },
      { keep: ["tier", "gold", "orders"] },
    );
    expect(body["tier"]).toBe("gold");
    expect(Object.values(body)).not.toContain("gold!");
    expect(event.topic).toMatch(/^orders\.[a-z]+$/u);
  });

  test("moves all times by whole days where that is wanted", () => {
    const { body } = anonymise(
      { startTime: "2026-03-04T23:15:00.12+0100", deadlineAt: 1_772_619_300_000, count: 1_772_619_300_000 },
      {},
      { shiftDays: -64 },
    );
    expect(body).toEqual({
      startTime: "2025-12-30T23:15:00.12+0100",
      deadlineAt: 1_772_619_300_000 - 64 * 86_400_000,
      count: 1_772_619_300_000,
    });
  });

  test("hides texts, bytes, and what claims to be JSON", () => {
    expect(anonymise("call Ada", { encoding: "text" }).text).toMatch(/^[a-z]+ [A-Z][a-z]+$/u);
    const broken = createAnonymiser({ digest: digestWith("k") }).event({
      at: 1,
      source: "main",
      topic: "",
      encoding: "json",
      body: new TextEncoder().encode('{"name":"Ada Example'),
    });
    expect(new TextDecoder().decode(broken.body)).not.toMatch(/Ada|Example/u);
    const { event } = anonymise("Ada Example was here", { encoding: "binary" });
    expect(event.body).toHaveLength(20);
    expect(new TextDecoder().decode(event.body)).not.toMatch(/Ada/u);
  });

  test.each([
    ["escapes", JSON.stringify({ a: "\n".repeat(3_000_000), b: "Ada" })],
    ["one word", JSON.stringify({ a: "x".repeat(3_000_000), b: "Ada" })],
    ["many words", JSON.stringify({ a: "Ada 47 ".repeat(60_000), b: "Ada" })],
    ["a path of many parts", JSON.stringify({ a: `v2.${"Ada.".repeat(60_000)}`, b: "Ada" })],
  ])("of a very long text (%s) takes no more than its share of time and stack", (_what, text) => {
    const { body } = anonymise(text);
    expect(Object.values(body)).toHaveLength(2);
    expect(JSON.stringify(body)).not.toContain("Ada");
  });

  test("of each of the wire's own kinds has the same members and says nothing of its people and numbers", () => {
    const shown = SAMPLES.filter(({ topic }) => topic !== "").map(({ topic, body }) => anonymise(body, { topic }).text);
    expect(shown.length).toBeGreaterThan(30);
    for (const text of shown) expect(text).not.toMatch(/Ada|Example|Grenoble|France|33470|0f6a1d2e|gold/u);
  });

  test("of each of the wire's own kinds is classified as the original is: coded members stay", () => {
    const coded = /"(?:state|purpose|direction|disconnectType|mediaType|systemPresence|status)":"([^"]*)"/gu;
    for (const { topic, body } of SAMPLES) {
      if (!topic.includes(".conversations")) continue;
      const words = (text: string): string[] => Array.from(text.matchAll(coded), ([all]) => all);
      expect(words(anonymise(body, { topic }).text)).toEqual(words(JSON.stringify(body)));
    }
  });
});
