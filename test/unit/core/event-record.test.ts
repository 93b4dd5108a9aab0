import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toEvent } from "../../../src/core/event.ts";
import {
  createEventRecordEncoder,
  encodeEventRecord,
  parseEventRecord,
  type EventRecord,
} from "../../../src/core/event-record.ts";

const records: fc.Arbitrary<EventRecord> = fc.record({
  source: fc.string({ unit: "grapheme" }),
  topic: fc.string({ unit: "grapheme" }),
  type: fc.string(),
  origin: fc.constantFrom("live", "reconciled", "replayed"),
  encoding: fc.constantFrom("json", "text", "binary"),
  receivedAt: fc.double({ noNaN: true }),
  correlationId: fc.string(),
  body: fc.uint8Array({ maxLength: 300 }),
});

const handOver = (payload: Uint8Array) => ({
  seq: 5,
  id: "e1",
  class: "critical",
  laneClass: "critical",
  key: "c1",
  redriven: 0,
  waitedMs: 1,
  replaced: 0,
  payload,
});

const record = (encoding: EventRecord["encoding"], body: Uint8Array): EventRecord => ({
  source: "main",
  topic: "v2.users.u1.presence",
  type: "",
  origin: "live",
  encoding,
  receivedAt: 1,
  correlationId: "",
  body,
});

describe("the event record", () => {
  test("reads back what was written, bodies byte for byte", () => {
    fc.assert(
      fc.property(records, (given) => {
        const read = parseEventRecord(encodeEventRecord(given));
        const { source, topic, type, origin, encoding, receivedAt, correlationId, body } = read;
        expect({ source, topic, type, origin, encoding, receivedAt, correlationId, body: [...body] }).toEqual({
          ...given,
          body: [...given.body],
        });
      }),
    );
  });

  test("never reads out of bounds: cut or foreign bytes are refused by code", () => {
    fc.assert(
      fc.property(records, fc.nat(), (given, cut) => {
        const bytes = encodeEventRecord({ ...given, body: new Uint8Array() });
        const short = bytes.subarray(0, cut % bytes.length);
        expect(() => parseEventRecord(short)).toThrow(expect.objectContaining({ code: "RF_RECORD_MALFORMED" }));
      }),
    );
    expect(() => parseEventRecord(new Uint8Array(30))).toThrow(
      expect.objectContaining({ code: "RF_RECORD_MALFORMED" }),
    );
  });

  test("one encoder serves many topics, sources and types, and remembers none wrongly", () => {
    const encode = createEventRecordEncoder();
    fc.assert(
      fc.property(fc.array(records, { maxLength: 20 }), (all) => {
        const few = all.map((given, place) => ({ ...given, topic: `t${place % 2}`, source: `s${place % 3}` }));
        for (const given of few) expect([...encode(given)]).toEqual([...encodeEventRecord(given)]);
      }),
    );
  });

  test("memory that held something else is written over whole", () => {
    const encode = createEventRecordEncoder((length) => new Uint8Array(length).fill(0xff));
    fc.assert(
      fc.property(records, (given) => {
        expect([...encode(given)]).toEqual([...encodeEventRecord(given)]);
      }),
    );
  });
});

describe("the handed event", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  test("parses its body once, when asked", () => {
    const event = toEvent(handOver(encodeEventRecord(record("json", bytes('{"a":[1]}')))));
    expect(event.body).toEqual({ a: [1] });
    expect(event.body).toBe(event.body);
    expect(event).toMatchObject({ type: "cloud.genesys.notification.v1", topic: "v2.users.u1.presence", sequence: 5 });
  });

  test("says so when JSON was promised and is not there; the bytes stay readable", () => {
    const event = toEvent(handOver(encodeEventRecord(record("json", bytes("{")))));
    expect(() => event.body).toThrow(expect.objectContaining({ code: "RF_BODY_MALFORMED" }));
    expect([...event.bytes]).toEqual([0x7b]);
  });

  test("gives text as text and other bytes as bytes", () => {
    expect(toEvent(handOver(encodeEventRecord(record("text", bytes("<html>"))))).body).toBe("<html>");
    expect(toEvent(handOver(encodeEventRecord(record("binary", new Uint8Array([255, 0]))))).body).toEqual(
      new Uint8Array([255, 0]),
    );
  });

  test("shows all of itself where it is logged, also with a body that can't be read", () => {
    const event = toEvent(handOver(encodeEventRecord(record("json", bytes('{"a":1}')))));
    expect(JSON.parse(JSON.stringify(event))).toMatchObject({
      id: "e1",
      topic: "v2.users.u1.presence",
      body: { a: 1 },
    });
    expect(inspect(event)).toContain("v2.users.u1.presence");
    const broken = toEvent(handOver(encodeEventRecord(record("json", bytes("{")))));
    expect(JSON.parse(JSON.stringify(broken))).toMatchObject({ id: "e1", body: "{" });
  });
});
