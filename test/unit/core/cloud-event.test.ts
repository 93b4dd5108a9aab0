import { describe, expect, test } from "vitest";
import { toCloudEvent } from "../../../src/core/cloud-event.ts";
import { encodeEventRecord, type EventRecord } from "../../../src/core/event-record.ts";
import type { HandOver, RingfirstEvent } from "../../../src/core/event.ts";
import { toEvent } from "../../../src/core/event.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function event(
  body: string | Uint8Array,
  record: Partial<EventRecord> = {},
  handOver: Partial<HandOver> = {},
): RingfirstEvent {
  const payload = encodeEventRecord({
    source: "main",
    topic: "v2.users.u1.presence",
    type: "",
    origin: "live",
    encoding: "json",
    receivedAt: 1_700_000_000_123,
    correlationId: "",
    body: typeof body === "string" ? encoder.encode(body) : body,
    ...record,
  });
  const base = {
    seq: 42,
    id: "id-1",
    class: "high",
    laneClass: "high",
    key: "u1",
    redriven: 0,
    waitedMs: 3,
    replaced: 0,
  };
  return toEvent({ ...base, payload, ...handOver });
}

function document(given: RingfirstEvent): Record<string, unknown> {
  return JSON.parse(decoder.decode(toCloudEvent(given))) as Record<string, unknown>;
}

describe("an event as a CloudEvent", () => {
  test("has the attributes of the outward contract and the body as data", () => {
    expect(document(event('{"a":1}'))).toEqual({
      specversion: "1.0",
      id: "id-1",
      source: "/ringfirst/main",
      type: "cloud.genesys.notification.v1",
      subject: "u1",
      time: "2023-11-14T22:13:20.123Z",
      topic: "v2.users.u1.presence",
      priorityclass: "high",
      origin: "live",
      sequence: "0000000000000042",
      datacontenttype: "application/json",
      data: { a: 1 },
    });
  });

  test("keeps a JSON body byte for byte", () => {
    const body = '{ "n": 12345678901234567890, "d": 1.0, "a":\n[1 ,2], "a": "\\u00e9é" }';
    expect(decoder.decode(toCloudEvent(event(body)))).toContain(`"data":${body}}`);
  });

  test("says what there is to say and leaves out the rest", () => {
    const told = document(event("1", { correlationId: "c-9", origin: "replayed" }, { redriven: 2, replaced: 5 }));
    expect(told).toMatchObject({ correlationid: "c-9", redriven: 2, replaced: 5, origin: "replayed", data: 1 });
    const quiet = document(event("", { topic: "" }, { key: "" }));
    for (const name of ["correlationid", "redriven", "replaced", "subject", "topic", "data", "datacontenttype"]) {
      expect(quiet).not.toHaveProperty(name);
    }
  });

  test.each([
    ["a forged end of the document", '{"a":1},"id":"forged","x":{}'],
    ["two documents", "1 2"],
    ["a cut one", '{"a":'],
    ["a control character in a string", '"\u0001"'],
    ["HTML", "<html></html>"],
  ])("carries a body that is no JSON as text: %s", (_what, body) => {
    const told = document(event(body));
    expect(told).toMatchObject({ id: "id-1", datacontenttype: "text/plain", data: body });
  });

  test("drops a byte order mark, which may stand before a document and not inside one", () => {
    expect(document(event(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)))).toMatchObject({ data: {} });
  });

  test("carries text as text and everything else as base64", () => {
    expect(document(event("3", { encoding: "text" }))).toMatchObject({ datacontenttype: "text/plain", data: "3" });
    for (const length of [1, 2, 3, 4, 255]) {
      const bytes = Uint8Array.from({ length }, (_, at) => 255 - at);
      for (const encoding of ["json", "text", "binary"] as const) {
        const told = document(event(bytes, { encoding }));
        expect(told["datacontenttype"]).toBe("application/octet-stream");
        expect(Buffer.from(String(told["data_base64"]), "base64")).toEqual(Buffer.from(bytes));
      }
    }
  });

  test("escapes whatever stands in names, keys and ids", () => {
    const hostile = '"},\n\u0000\ud800</script>';
    const told = document(
      event("1", { source: `a b${hostile}`, topic: hostile.slice(0, 3) }, { id: hostile, key: hostile }),
    );
    expect(told["id"]).toBe(hostile);
    expect(told["subject"]).toBe(hostile);
    expect(told["source"]).toMatch(/^\/ringfirst\/a%20b%22%7D[!-~]+$/);
  });

  test("leaves out a time that is none", () => {
    expect(document(event("1", { receivedAt: Number.NaN }))).not.toHaveProperty("time");
  });
});
