import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PostedForm } from "../../../src/core/posted-events.ts";
import { decodePostedEvents } from "../../../src/core/posted-events.ts";

const LIMITS = { maxItems: 5, maxEventBytes: 100, maxDepth: 64 };
const CLOUD_EVENT = { specversion: "1.0", id: "i", source: "/s", type: "t" };

function decode(body: unknown, form: PostedForm = "any") {
  const bytes =
    body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const posted = decodePostedEvents(bytes, form, LIMITS);
  if (!posted.ok) return posted;
  return posted.events.map(({ body: own, ...event }) => ({ ...event, text: new TextDecoder().decode(own) }));
}

const refusal = (message: string, kind = "malformed"): object => ({
  ok: false,
  kind,
  message: expect.stringContaining(message) as string,
});

describe("the raw form", () => {
  test("gives the body's bytes as they were sent", () => {
    const body = '{ "n": 12345678901234567890, "n":1e400,\t"s":"\\u00fc" }';
    expect(decode(` {"topic":"a:b" , "body" :${body} }`)).toEqual([{ topic: "a:b", text: body, encoding: "json" }]);
  });

  test("takes id and key, the empty key too", () => {
    expect(decode({ topic: "t", body: null, id: "i", key: "" })).toEqual([
      { topic: "t", text: "null", encoding: "json", id: "i", key: "" },
    ]);
    expect(decode({ topic: "t", body: 1, id: null, key: null })).toEqual([{ topic: "t", text: "1", encoding: "json" }]);
  });

  test("comes in lists, each body by itself", () => {
    expect(
      decode(' [ {"topic":"a","body":[1, 2]},{"body":"]}","topic":"b"} , {"topic":"c","body":{}} ] '),
    ).toMatchObject([
      { topic: "a", text: "[1, 2]" },
      { topic: "b", text: '"]}"' },
      { topic: "c", text: "{}" },
    ]);
    expect(decode("[]")).toEqual([]);
  });

  test("finds members that are written with escapes, and takes the last of two", () => {
    expect(decode('{"t\\u006fpic":"t","body":1,"b\\u006fdy":2}')).toEqual([
      { topic: "t", text: "2", encoding: "json" },
    ]);
  });

  test.each([
    [{ topic: "t" }, '"body": any JSON value expected, found nothing'],
    [{ topic: "", body: 1 }, '"topic": a string of 1 to 1024 characters expected, found ""'],
    [{ topic: 7, body: 1 }, '"topic": a string of 1 to 1024 characters expected, found a number'],
    [{ topic: null, body: 1 }, '"topic": a string expected, found nothing'],
    [{ topic: "x".repeat(1_025), body: 1 }, "found a string of 1025 characters"],
    [{ topic: "t", body: 1, id: "" }, '"id": a string of 1 to 1024 characters expected, found ""'],
    [{ topic: "t", body: 1, key: [] }, '"key": a string of 0 to 1024 characters expected, found a list'],
    [{ topic: "t", body: 1, bodi: 1 }, '"bodi" is not one of "topic", "body", "id", "key"'],
    ['{"topic":"t","body":1,"__proto__":{"id":"x"}}', '"__proto__" is not one of'],
    [{ topic: "t", body: 1, ["\u001b[31m".repeat(40)]: 1 }, "is not one of"],
  ])("refuses %j and says why", (item, message) => {
    expect(decode(item)).toEqual(refusal(message));
    expect(decode(`[{"topic":"t","body":1},${typeof item === "string" ? item : JSON.stringify(item)}]`)).toEqual(
      refusal(`item 1: ${message.startsWith('"') ? message : ""}`),
    );
  });

  test("never shows a control character of the sender", () => {
    const posted = decode({ topic: "t", body: 1, "\u001b[31m\n": 1 });
    expect(JSON.stringify(posted)).not.toMatch(/\p{Cc}/u);
  });
});

describe("a CloudEvent", () => {
  test("has its type as topic and its id as dedup id", () => {
    expect(decode({ ...CLOUD_EVENT, data: { a: 1 } })).toEqual([
      { topic: "t", type: "t", id: "i", text: '{"a":1}', encoding: "json" },
    ]);
  });

  test("may name topic, key and correlation", () => {
    const event = {
      ...CLOUD_EVENT,
      subject: "k",
      topic: "own",
      correlationid: "c",
      time: "2026-01-01T00:00:00Z",
      other: 1,
    };
    expect(decode(event)).toEqual([
      { topic: "own", type: "t", id: "i", key: "k", correlationId: "c", text: "null", encoding: "json" },
    ]);
  });

  test.each([
    ["JSON where nothing is said", { data: "x" }, '"x"', "json"],
    ["JSON where JSON is said", { datacontenttype: "application/vnd.x+json; charset=utf-8", data: "x" }, '"x"', "json"],
    ["text where text is said", { datacontenttype: "text/plain", data: "ü\n" }, "ü\n", "text"],
    ["JSON where text is said and is none", { datacontenttype: "text/plain", data: { a: 1 } }, '{"a":1}', "json"],
    ["base64 of JSON", { data_base64: btoa("[1]") }, "[1]", "json"],
    ["base64 of JSON that is none", { data_base64: btoa("[1") }, "[1", "text"],
    ["base64 of JSON that is too deep", { data_base64: btoa("[".repeat(70)) }, "[".repeat(70), "text"],
    ["base64 of text", { datacontenttype: "text/plain", data_base64: btoa("x") }, "x", "text"],
    ["base64 of bytes", { datacontenttype: "image/png", data_base64: btoa("x") }, "x", "binary"],
    ["nothing", {}, "null", "json"],
    ["null", { data: null }, "null", "json"],
  ])("carries %s", (_, members, text, encoding) => {
    expect(decode({ ...CLOUD_EVENT, ...members })).toMatchObject([{ text, encoding }]);
  });

  test("carries bytes that are no text", () => {
    const posted = decodePostedEvents(
      new TextEncoder().encode(JSON.stringify({ ...CLOUD_EVENT, data_base64: "/wD+" })),
      "any",
      LIMITS,
    );
    expect(posted).toMatchObject({ ok: true, events: [{ body: Uint8Array.of(0xff, 0, 0xfe), encoding: "binary" }] });
  });

  test.each([
    [{ specversion: "0.3" }, '"specversion": "1.0" expected, found "0.3"'],
    [{ specversion: 1 }, '"specversion": "1.0" expected, found a number'],
    [{ id: "" }, '"id": a string of 1'],
    [{ id: undefined }, '"id": a string expected, found nothing'],
    [{ source: undefined }, '"source": a string expected'],
    [{ type: undefined }, '"type": a string expected'],
    [{ subject: "" }, '"subject": a string of 1'],
    [{ topic: 7 }, '"topic": a string of 1'],
    [{ time: 7 }, '"time": a string of 1'],
    [{ data: 1, data_base64: "" }, '"data" and "data_base64" exclude each other'],
    [{ data_base64: "===" }, '"data_base64": base64 expected'],
    [{ data_base64: "a-_=" }, '"data_base64": base64 expected'],
    [{ data_base64: 7 }, '"data_base64": base64 expected, found a number'],
    [{ constructor: "x" }, '"constructor" is no attribute'],
  ])("with %j is refused with the reason", (members, message) => {
    expect(decode({ ...CLOUD_EVENT, ...members })).toEqual(refusal(message));
  });
});

describe("a body", () => {
  test.each<[PostedForm, unknown, boolean]>([
    ["any", CLOUD_EVENT, true],
    ["any", [CLOUD_EVENT, { topic: "t", body: 1 }], true],
    ["cloudevent", CLOUD_EVENT, true],
    ["cloudevent", [CLOUD_EVENT], false],
    ["cloudevent", { topic: "t", body: 1 }, false],
    ["cloudevents", [CLOUD_EVENT], true],
    ["cloudevents", [], true],
    ["cloudevents", CLOUD_EVENT, false],
    ["cloudevents", [CLOUD_EVENT, { topic: "t", body: 1 }], false],
  ])("as %s may or may not hold %j", (form, body, taken) => {
    expect(Array.isArray(decode(body, form))).toBe(taken);
  });

  test.each([
    ["", "the body is not valid JSON"],
    ["{", "the body is not valid JSON"],
    ["7", "expected, found a number"],
    ["null", "expected, found null"],
    ['"x"', 'expected, found "x"'],
    ["{}", "found an object with no members"],
    ['{"foo":1,"bar":2}', 'found an object with "foo", "bar"'],
    ["[[]]", "item 0: "],
    [`[${"[".repeat(64)}${"]".repeat(64)}]`, "nested deeper than 64 levels"],
    ["[".repeat(5_000_000), "nested deeper than 64 levels"],
  ])("%.40s is refused", (body, message) => {
    expect(decode(body)).toEqual(refusal(message));
  });

  test("that is not UTF-8 is refused", () => {
    expect(decode(Uint8Array.of(0x22, 0xff, 0x22))).toEqual(refusal("not valid UTF-8"));
  });

  test("is bounded in items and in bytes of each", () => {
    const item = { topic: "t", body: "x".repeat(98) };
    expect(decode(Array.from({ length: 5 }, () => item))).toMatchObject({ length: 5 });
    expect(decode(Array.from({ length: 6 }, () => item))).toEqual(
      refusal("at most 5 events expected, found 6", "too-large"),
    );
    expect(decode([item, { topic: "t", body: "x".repeat(99) }])).toEqual(
      refusal('item 1: "body": at most 100 bytes expected, found 101', "too-large"),
    );
    const base64 = btoa("x".repeat(101));
    expect(decode({ ...CLOUD_EVENT, data_base64: base64 })).toEqual(refusal("found 101", "too-large"));
  });

  test("changes no prototype", () => {
    decode('{"topic":"t","body":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("of any JSON at all is answered, never thrown at, and what is taken is what JSON.parse sees", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => void decode(text)),
      { numRuns: 500 },
    );
    const raw = fc.record({ topic: fc.string({ minLength: 1, maxLength: 20 }), body: fc.jsonValue({ maxDepth: 3 }) });
    fc.assert(
      fc.property(fc.array(raw, { maxLength: 5 }), fc.nat(3), (items, indent) => {
        const posted = decodePostedEvents(new TextEncoder().encode(JSON.stringify(items, null, indent)), "any", {
          ...LIMITS,
          maxEventBytes: 1_000_000,
        });
        expect(
          posted.ok &&
            posted.events.map(({ topic, body }) => ({
              topic,
              body: JSON.parse(new TextDecoder().decode(body)) as unknown,
            })),
        ).toEqual(JSON.parse(JSON.stringify(items)));
      }),
      { numRuns: 500 },
    );
  });
});
