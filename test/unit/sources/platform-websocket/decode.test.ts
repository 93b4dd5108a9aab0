import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrameDecoder } from "../../../../src/sources/platform-websocket/decode.ts";

const decode = createFrameDecoder(64);
const read = (frame: string | Uint8Array) => {
  const bytes = typeof frame === "string" ? new TextEncoder().encode(frame) : frame;
  const decoded = decode(bytes);
  return { ...decoded, body: new TextDecoder().decode(decoded.body) };
};

describe("a frame of the dialect", () => {
  test.each([
    ["conversation:activity", '{"conversationId":"c1","participantId":"p1","state":"ringing","timestamp":"t"}', "c1"],
    ["routing:agent:status", '{"agentId":"a1","status":"IDLE","timestamp":"t"}', "a1"],
    ["presence:status", '{"userId":"u1","presence":"Available","timestamp":"t"}', "u1"],
    ["something:else", '{"x":1}', undefined],
    ["the first of the keys", '{"userId":"u1","agentId":"a1","conversationId":"c1"}', "c1"],
    ["the next where the first is empty or no text", '{"conversationId":"","agentId":7,"userId":"u1"}', "u1"],
    ["data that is no object", "[1,2]", undefined],
    ["data that is null", "null", undefined],
    ["a prototype", '{"__proto__":{"conversationId":"x"}}', undefined],
  ])("%s", (topic, data, key) => {
    expect(read(`{"topic":${JSON.stringify(topic)},"data":${data}}`)).toEqual({
      topic,
      body: data,
      encoding: "json",
      key,
      malformed: undefined,
    });
  });

  test("gives the bytes of data as they came: blanks, order, escapes, large numbers", () => {
    const data = '{ "n" : 12345678901234567890,\t"e":"\\u00fc", "a":1,"a":2 , "conversationId":"\\u0063" }';
    expect(read(` { "data" :${data} , "extra":[1], "topic":"\\u0074" } \n`)).toMatchObject({
      topic: "t",
      body: data,
      key: "c",
    });
  });
});

const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

describe("a frame that is none", () => {
  test.each<[string, string | Uint8Array, string, string]>([
    ["nothing", "", "text", "not valid JSON"],
    ["blanks", " \n", "text", "not valid JSON"],
    ["null", "null", "json", "not an object"],
    ["a number", "7", "json", "not an object"],
    ["a string", '"x"', "json", "not an object"],
    ["a list", '[{"topic":"t","data":1}]', "json", "not an object"],
    ["an object without members", "{}", "json", "without a topic"],
    ["a topic of another type", '{"topic":7,"data":{}}', "json", "without a topic"],
    ["an empty topic", '{"topic":"","data":{}}', "json", "without a topic"],
    ["no data", '{"topic":"t"}', "json", "without data"],
    ["cut short", '{"topic":"t","data":{"a"', "text", "not valid JSON"],
    ["two documents", '{"topic":"t","data":1}{}', "text", "not valid JSON"],
    ["a broken value inside data", '{"topic":"t","data":{"a":tru}}', "text", "not valid JSON"],
    ["a byte order mark", '\ufeff{"topic":"t","data":1}', "text", "not valid JSON"],
    ["HTML", "<html></html>", "text", "not valid JSON"],
    ["bytes that are no text", Uint8Array.of(0x1f, 0x8b, 0xff), "binary", "not valid UTF-8"],
    [
      "invalid UTF-8 inside a string",
      new Uint8Array([...new TextEncoder().encode('{"topic":"'), 0xff, 0x22, 0x7d]),
      "binary",
      "not valid UTF-8",
    ],
    ["65 levels", `{"topic":"t","data":${deep(64)}}`, "text", "nested deeper than 64 levels"],
    ["five million levels", deep(2_500_000), "text", "nested deeper than 64 levels"],
  ])("%s is kept raw, without topic and key", (_, frame, encoding, malformed) => {
    const bytes = typeof frame === "string" ? new TextEncoder().encode(frame) : frame;
    const decoded = decode(bytes);
    expect(decoded.malformed).toContain(malformed);
    expect({ topic: decoded.topic, encoding: decoded.encoding, key: decoded.key }).toEqual({
      topic: "",
      encoding,
      key: undefined,
    });
    expect(Buffer.compare(decoded.body, bytes)).toBe(0);
  });

  test("of 64 levels is one", () => {
    expect(read(`{"topic":"t","data":${deep(63)}}`).malformed).toBeUndefined();
  });

  test("never throws, whatever the bytes, and calls JSON what is JSON", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          const decoded = decode(bytes);
          expect(decoded.malformed !== undefined).toBe(decoded.topic === "");
        },
      ),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.jsonValue(), (topic, data) => {
        const decoded = read(JSON.stringify({ topic, data }));
        expect(decoded).toMatchObject({ topic, body: JSON.stringify(data), malformed: undefined });
      }),
      { numRuns: 1_000 },
    );
  });
});
