import { describe, expect, test } from "vitest";
import { encodeRecordedEvent, encodeRecordingHeader, type RecordedEvent } from "../../../src/core/recording.ts";
import { type RecordingItem, type RecordingLimits, RecordingReader } from "../../../src/core/recording-read.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const HEADER = { version: 1, startedAt: 1_772_619_300_000, sources: ["main"], anonymised: false };

/** Reads a text whole, or in pieces of so many bytes. */
function read(text: string, pieceLength = text.length, limits: RecordingLimits = {}): RecordingItem[] {
  const bytes = encode(text);
  const reader = new RecordingReader(limits);
  const items: RecordingItem[] = [];
  for (let at = 0; at < bytes.length; at += pieceLength) items.push(...reader.push(bytes.slice(at, at + pieceLength)));
  return [...items, ...reader.end()];
}

const header = decode(encodeRecordingHeader(HEADER));
const good = '{"at":5,"source":"main","topic":"a.b","body":{"n":1}}\n';

/** What is said of a line that stands between two good ones. */
function complaintOf(line: string): string | undefined {
  const items = read(`${header}${good}${line}\n${good}`);
  expect(items.map(({ kind }) => kind)).toEqual(["header", "event", "wrong", "event"]);
  return items.find((item) => item.kind === "wrong")?.message;
}

describe("a recorded event", () => {
  const event: RecordedEvent = {
    at: 12.3456,
    source: "main",
    topic: "v2.users.u-1.presence",
    body: encode('{"a":1.0,"a":2, "b":"\u00e9"}'),
    encoding: "json",
    key: "u-1",
    correlationId: "c-1",
  };

  test("is one line, with the body as it came", () => {
    expect(decode(encodeRecordedEvent(event))).toBe(
      '{"at":12.346,"source":"main","topic":"v2.users.u-1.presence","key":"u-1","correlationId":"c-1","body":{"a":1.0,"a":2, "b":"\u00e9"}}\n',
    );
  });

  test.each([
    ["JSON over several lines", "json", '{\n "a": 1\n}'],
    ["JSON with a character that steers terminals", "json", '{"a":"\u009b1m"}'],
    ["what claims to be JSON and is not", "json", "{nope"],
    ["text", "text", "hello"],
    ["nothing at all", "json", ""],
  ] as const)("of %s comes back byte for byte, from one line", (_what, encoding, text) => {
    const line = decode(encodeRecordedEvent({ ...event, encoding, body: encode(text) }));
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(line).toMatch(/^[\u0020-\u007e]*\n$/u);
    const [, back] = read(header + line);
    expect(back).toMatchObject({ kind: "event", line: 2, event: { encoding } });
    expect(back?.kind === "event" && decode(back.event.body)).toBe(text);
  });

  test("of bytes comes back byte for byte", () => {
    const body = Uint8Array.from({ length: 20_000 }, (_, at) => (at * 7) % 256);
    const [, back] = read(header + decode(encodeRecordedEvent({ ...event, encoding: "binary", body })));
    expect(back?.kind === "event" && [...back.event.body]).toEqual([...body]);
  });
});

describe("reading a recording", () => {
  test("gives the header first, then the events, however the bytes are cut", () => {
    const text = `${header}${good}${good.replace("\n", "\r\n")}`;
    for (const length of [1, 7, 64, 1_000]) {
      const items = read(text, length);
      expect(items.map(({ kind }) => kind)).toEqual(["header", "event", "event"]);
      expect(items[0]).toEqual({ kind: "header", header: HEADER });
      expect(items.map((item) => (item.kind === "event" ? decode(item.event.body) : ""))).toEqual([
        "",
        '{"n":1}',
        '{"n":1}',
      ]);
    }
  });

  test.each([
    ["not JSON", "line 3: a JSON object expected, found not valid JSON"],
    ["[1]", "line 3: a JSON object expected, found a list"],
    ['{"at":"x"}', 'line 3: at: a number from 0 expected, found "x"'],
    ['{"at":-1}', "line 3: at: a number from 0 expected, found -1"],
    ['{"at":1e400}', "line 3: at: a number from 0 expected, found null"],
    ['{"at":1}', "line 3: source: a name expected, found nothing"],
    ['{"at":1,"source":"s","topic":[]}', "line 3: topic: a text expected, found a list"],
    ['{"at":1,"source":"s","topic":"t"}', "line 3: body: a JSON value, or base64, expected, found neither"],
    [
      '{"at":1,"source":"s","topic":"t","encoding":"xml","body":1}',
      'line 3: encoding: one of json, text, binary expected, found "xml"',
    ],
    ['{"at":1,"source":"s","topic":"t","base64":"%"}', 'line 3: base64: base64 expected, found "%"'],
    ['{"at":1,"source":"s","topic":"t","key":1,"body":1}', "line 3: key: a text expected, found 1"],
    [
      '{"at":1,"source":"s","topic":"t","origin":"made up","body":1}',
      'line 3: origin: one of live, reconciled, replayed expected, found "made up"',
    ],
  ])("tells of %s where, what was found and what is allowed, and goes on", (line, complaint) => {
    expect(complaintOf(line)).toBe(complaint);
  });

  test("tells of a line that is too long, keeps nothing of it, and goes on", () => {
    const items = read(`${header}${good}"${"x".repeat(500)}"\n${good}`, 50, { maxLineBytes: 200 });
    expect(items.map(({ kind }) => kind)).toEqual(["header", "event", "wrong", "event"]);
    expect(items[2]).toEqual({ kind: "wrong", line: 3, message: "line 3: at most 200 bytes are allowed, found more" });
  });

  test("tells of nesting that is too deep", () => {
    expect(complaintOf(`{"at":1,"source":"s","topic":"t","body":${"[".repeat(200)}${"]".repeat(200)}}`)).toBe(
      "line 3: a JSON object expected, found nested deeper than 128 levels",
    );
  });

  test("takes a last line that was cut off for what it is, and a whole one without its line break for an event", () => {
    expect(read(header + good + good.slice(0, 30)).at(-1)).toEqual({ kind: "torn", line: 3 });
    expect(read(header + good + good.trimEnd()).at(-1)).toMatchObject({ kind: "event", line: 3 });
  });

  test("passes over empty lines and members it does not know", () => {
    const more = good.replace('"at":5', '"at":5,"later":[{"body":2}]');
    expect(read(`${header}\n${more}`).map(({ kind }) => kind)).toEqual(["header", "event"]);
  });

  test.each([
    ["", /it is empty; a recording begins with/u],
    [good, /line 1 is no header: found another one; a recording begins with/u],
    ["nope\n", /line 1 is no header: found no JSON/u],
    [
      header.replace('"version":1', '"version":2'),
      /it has version 2; this ringfirst reads up to version 1: use a newer/u,
    ],
    [header.replace('"version":1', '"version":"1"'), /version: a whole number from 1 to 1 expected, found "1"/u],
    [header.replace('["main"]', '"main"'), /sources: a list of names expected, found "main"/u],
    [header.replace("2026", "year"), /startedAt: a time expected/u],
  ])("refuses a file that begins with %j", (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "RF_RECORDING_UNUSABLE" }) as Error);
  });
});
