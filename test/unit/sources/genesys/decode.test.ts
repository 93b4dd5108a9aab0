import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrameDecoder } from "../../../../src/sources/genesys/decode.ts";
import { systemTopic } from "../../../../src/wire/genesys.ts";

const decode = createFrameDecoder(64);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("frames", () => {
  test("whatever bytes come, nothing is thrown", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(["event", "system", "answer", "malformed"]).toContain(decode(bytes).kind);
      }),
    );
  });

  test("what JSON.parse sees is what is read, whatever the order, the blanks and the escapes", () => {
    const member = fc.constantFrom("topicName", "eventBody", "metadata", "version", "more");
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom("v2.users.u-1.presence", "channel.metadata"),
      fc.record({ id: fc.string() }),
      fc.record({ CorrelationId: fc.string() }),
    );
    fc.assert(
      fc.property(fc.dictionary(member, value), fc.constantFrom(0, 1, 3), (frame, blanks) => {
        const text = JSON.stringify(frame, null, blanks);
        const parsed = JSON.parse(text) as Record<string, unknown>;
        const decoded = decode(encode(text));
        const topic = parsed["topicName"];
        if (topic === undefined) expect(decoded).toEqual({ kind: "malformed", reason: "no topicName" });
        else if (typeof topic !== "string") expect(decoded.kind).toBe("malformed");
        else if (systemTopic(topic) !== undefined) expect(decoded.kind).toBe("system");
        else {
          if (decoded.kind !== "event") throw new Error(`an event expected, found ${decoded.kind}`);
          expect(decoded.topic).toBe(topic);
          expect(JSON.parse(new TextDecoder().decode(decoded.body))).toEqual(parsed["eventBody"] ?? null);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("an answer to something that was sent in the socket has a result and no topic", () => {
    expect(decode(encode('{"result":"404","status":"failure"}'))).toEqual({ kind: "answer", result: "404" });
  });

  test("nesting beyond the limit is malformed, up to it an event", () => {
    const nested = (depth: number): Uint8Array =>
      encode(`{"topicName":"v2.users.u-1.presence","eventBody":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    expect(decode(nested(63)).kind).toBe("event");
    expect(decode(nested(64))).toMatchObject({ kind: "malformed", reason: "nested too deeply" });
    expect(decode(nested(5_000_000)).kind).toBe("malformed");
  });
});
