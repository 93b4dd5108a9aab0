import { describe, expect, test } from "vitest";
import { readJsonString } from "../../../src/core/json-bytes.ts";
import { createJsonScanner } from "../../../src/core/json-scan.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const TOPIC = 0;
const BODY = 1;
const ID = 2;
const CORRELATION = 3;
const frame = () =>
  createJsonScanner([["topicName"], ["eventBody"], ["eventBody", "id"], ["metadata", "CorrelationId"]]);

describe("the byte scan of a frame", () => {
  test("finds topic, body, its id and the correlation id in the usual order", () => {
    const scanner = frame();
    const text =
      '{"topicName":"v2.users.1.presence","version":"2","eventBody":{"id":"c-1","participants":[{"id":"p"}]},"metadata":{"CorrelationId":"x-9"}}';
    expect(scanner.scan(encode(text))).toBe("ok");
    expect(scanner.string(TOPIC)).toBe("v2.users.1.presence");
    expect(new TextDecoder().decode(scanner.slice(BODY))).toBe('{"id":"c-1","participants":[{"id":"p"}]}');
    expect(scanner.string(ID)).toBe("c-1");
    expect(scanner.string(CORRELATION)).toBe("x-9");
  });

  test("finds them in any order, with blanks, and with members nobody asked for", () => {
    const scanner = frame();
    const text =
      ' \n{ "metadata" : { "CorrelationId" : "k" } , "n" : -1.5e+3 , "t":true,"f":false,"z":null,\t"eventBody" : { "x" : [ ] , "id" : "i" } , "topicName" : "t" } \r\n';
    expect(scanner.scan(encode(text))).toBe("ok");
    expect([scanner.string(TOPIC), scanner.string(ID), scanner.string(CORRELATION)]).toEqual(["t", "i", "k"]);
  });

  test("lets the last of members with the same name win, and forgets what was inside the earlier one", () => {
    const scanner = frame();
    scanner.scan(encode('{"topicName":"a","eventBody":{"id":"1"},"eventBody":{"no":1},"topicName":"b"}'));
    expect(scanner.string(TOPIC)).toBe("b");
    expect(scanner.string(ID)).toBeUndefined();
    expect(new TextDecoder().decode(scanner.slice(BODY))).toBe('{"no":1}');
    for (const later of ["5", '"s"', "[1]", "null"]) {
      expect(scanner.scan(encode(`{"eventBody":{"id":"1"},"eventBody":${later}}`))).toBe("ok");
      expect(scanner.has(ID)).toBe(false);
    }
  });

  test("knows a name that is written with escapes", () => {
    const scanner = frame();
    expect(scanner.scan(encode('{"topic\\u004eame":"t","eventBody":{"\\u0069d":"i"}}'))).toBe("ok");
    expect([scanner.string(TOPIC), scanner.string(ID)]).toEqual(["t", "i"]);
    expect(scanner.scan(encode('{"\\q":1}'))).toBe("malformed");
  });

  test("tells a name with a backslash from one that is written with an escape", () => {
    const scanner = createJsonScanner([["a\\b"]]);
    expect(scanner.scan(encode('{"a\\b":1}'))).toBe("ok");
    expect(scanner.has(0)).toBe(false);
    expect(scanner.scan(encode('{"a\\\\b":1}'))).toBe("ok");
    expect(scanner.has(0)).toBe(true);
  });

  test.each([
    ['{"a":"x\\\\","topicName":"t"}', "t"],
    ['{"a":"x\\\"","topicName":"t"}', "t"],
    ['{"a":"\\\\\\\"}","topicName":"t"}', "t"],
    ['{"\\\\":[{"b":"\\\\\\\\"}],"topicName":"t"}', "t"],
  ])("counts the backslashes before a quote: %s", (text, topic) => {
    const scanner = frame();
    expect(scanner.scan(encode(text))).toBe("ok");
    expect(scanner.string(TOPIC)).toBe(topic);
    expect(JSON.parse(text)).toMatchObject({ topicName: topic });
  });

  test("is not taken in by text that looks like structure", () => {
    const scanner = frame();
    const text =
      '{"note":"\\",\\"topicName\\":\\"fake\\"}","eventBody":{"z":"}]\\\\","id":"real"},"topicName":"true one"}';
    expect(scanner.scan(encode(text))).toBe("ok");
    expect([scanner.string(TOPIC), scanner.string(ID)]).toEqual(["true one", "real"]);
  });

  test("takes only members on the path, not deeper ones of the same name", () => {
    const scanner = frame();
    expect(scanner.scan(encode('{"x":{"topicName":"no"},"eventBody":[{"id":"no"}]}'))).toBe("ok");
    expect([scanner.has(TOPIC), scanner.has(ID)]).toEqual([false, false]);
  });

  test.each([
    ['{"a":1', "cut"],
    ['{"a":"x', "cut in a string"],
    ['{"a":"x\\', "cut in an escape"],
    ['{"a":[1,2}', "a bracket of the wrong kind"],
    ['{"a":{"b":[}]}', "brackets crossed"],
    ['{"a":1}}', "one bracket too many"],
    ['{"a":1} x', "something after the end"],
    ['{"a" 1}', "no colon"],
    ['{"a":1 "b":2}', "no comma"],
    ['{"a":1,}', "a comma too many"],
    ['{,"a":1}', "a comma too early"],
    ['{"a":}', "no value"],
    ['{"a":nul}', "a word cut"],
    ['{"a":nullx}', "a word too long"],
    ["{a:1}", "a bare name"],
  ])("calls %j malformed: %s", (text) => {
    const scanner = frame();
    expect(scanner.scan(encode(text))).toBe("malformed");
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test.each(["", " ", "[]", '"x"', "null", "7", "\u0000"])("calls %j no object", (text) => {
    expect(frame().scan(encode(text))).toBe("not-an-object");
  });

  test("skips a byte order mark, as the text decoder does", () => {
    const scanner = frame();
    expect(scanner.scan(new Uint8Array([0xef, 0xbb, 0xbf, ...encode('{"topicName":"t"}')]))).toBe("ok");
    expect(scanner.string(TOPIC)).toBe("t");
  });

  test("stops at the allowed depth and forgets what it had found", () => {
    const scanner = createJsonScanner([["a"], ["b", "c"]], { maxDepth: 4 });
    expect(scanner.scan(encode('{"a":"x","b":{"c":[[1]]}}'))).toBe("ok");
    expect(scanner.scan(encode('{"a":"x","b":{"c":[[[1]]]}}'))).toBe("too-deep");
    expect(scanner.scan(encode('{"a":"x","y":[[[[1]]]]}'))).toBe("too-deep");
    expect(scanner.has(0)).toBe(false);
    expect(createJsonScanner([["a"]]).scan(encode(`{"a":${"[".repeat(100_000)}`))).toBe("too-deep");
  });

  test("answers for a view in the middle of a larger buffer without looking around it", () => {
    const whole = encode('"}{"topicName":"t"}"}');
    const scanner = frame();
    expect(scanner.scan(whole.subarray(2, whole.length - 2))).toBe("ok");
    expect(scanner.string(TOPIC)).toBe("t");
    expect(scanner.scan(whole.subarray(2, whole.length - 4))).toBe("malformed");
  });

  test("keeps nothing of the document before", () => {
    const scanner = frame();
    scanner.scan(encode('{"topicName":"t","eventBody":{"id":"1"}}'));
    scanner.scan(encode('{"topicName":"u"}'));
    expect([scanner.string(TOPIC), scanner.has(BODY), scanner.has(ID)]).toEqual(["u", false, false]);
    scanner.scan(encode('{"topicName":"t","eventBody":{"id":"1"'));
    expect([scanner.has(TOPIC), scanner.has(BODY), scanner.has(ID)]).toEqual([false, false, false]);
  });

  test("tells a value of another type from a string", () => {
    const scanner = frame();
    scanner.scan(encode('{"topicName":7,"eventBody":null}'));
    expect([scanner.has(TOPIC), scanner.string(TOPIC), scanner.has(BODY)]).toEqual([true, undefined, true]);
    expect(scanner.slice(99)).toBeUndefined();
  });
});

describe("reading one string", () => {
  const read = (text: string): string | undefined => {
    const bytes = encode(text);
    return readJsonString(bytes, 0, bytes.length);
  };

  test.each(['""', '"plain"', '"\\u00e9\\n\\"\\\\"', '"é中😀"', JSON.stringify("x".repeat(500)), '"\\ud800"'])(
    "reads %s as JSON.parse does",
    (text) => {
      expect(read(text)).toBe(JSON.parse(text));
    },
  );

  test.each(["", '"', "x", '"a', 'a"', '"\\"', '"\\x"', '"a\u0001"', '"a"b"', "{}"])("refuses %j", (text) => {
    expect(read(text)).toBeUndefined();
  });

  test("never reads outside the array", () => {
    const bytes = encode('"a"');
    expect(readJsonString(bytes, -1, 3)).toBeUndefined();
    expect(readJsonString(bytes, 0, 9)).toBeUndefined();
    expect(readJsonString(bytes, 2, 1)).toBeUndefined();
  });
});
