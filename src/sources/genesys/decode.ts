/**
 * Frames of a channel's socket. Total: never throws, whatever comes. The body stays bytes; only its range, the topic, the
 * key and the correlation id are read.
 */
import { createJsonScanner } from "../../core/json-scan.ts";
import { FRAME, keyPlace, type KeyPlace, systemTopic, type SystemTopic } from "../../wire/genesys.ts";

/** What a frame is. Views on the given bytes are valid as long as these. */
export type DecodedFrame =
  | {
      readonly kind: "event";
      readonly topic: string;
      readonly body: Uint8Array;
      readonly key: string | undefined;
      readonly correlationId: string | undefined;
    }
  | { readonly kind: "system"; readonly topic: SystemTopic }
  /** JSON without a topic: an answer to something that was sent in the socket. `result`: its status. */
  | { readonly kind: "answer"; readonly result: string }
  | { readonly kind: "malformed"; readonly reason: string };

/** Decodes frames of one source. */
export type FrameDecoder = (bytes: Uint8Array) => DecodedFrame;

/** What is known of a topic by its name. */
interface TopicFacts {
  readonly system: SystemTopic | undefined;
  readonly key: KeyPlace;
}

/** Topics remembered; 20 channels have at most 20,000. */
const MAX_TOPICS = 50_000;
const NO_BODY = new TextEncoder().encode("null");

const TOPIC = 0;
const BODY = 1;
const BODY_ID = 2;
const CORRELATION_ID = 3;
const RESULT = 4;

/** A decoder; `maxDepth` bounds the brackets that may be open at once. */
export function createFrameDecoder(maxDepth: number): FrameDecoder {
  const paths = [[FRAME.topic], [FRAME.body], [FRAME.body, "id"], [FRAME.metadata, FRAME.correlationId], ["result"]];
  const scanner = createJsonScanner(paths, { maxDepth });
  const known = new Map<string, TopicFacts>();

  const factsOf = (topic: string): TopicFacts => {
    let facts = known.get(topic);
    if (facts === undefined) {
      facts = { system: systemTopic(topic), key: keyPlace(topic) };
      if (known.size >= MAX_TOPICS) known.clear();
      known.set(topic, facts);
    }
    return facts;
  };

  return (bytes) => {
    const result = scanner.scan(bytes);
    if (result !== "ok") return { kind: "malformed", reason: REASONS[result] };
    const topic = scanner.string(TOPIC);
    if (topic === undefined) {
      if (scanner.has(TOPIC)) return { kind: "malformed", reason: "topicName is no text" };
      const status = scanner.string(RESULT);
      return status === undefined ? { kind: "malformed", reason: "no topicName" } : { kind: "answer", result: status };
    }
    const { system, key } = factsOf(topic);
    if (system !== undefined) return { kind: "system", topic: system };
    return {
      kind: "event",
      topic,
      body: scanner.slice(BODY) ?? NO_BODY,
      key: key.in === "topic" ? key.key : key.in === "body" ? scanner.string(BODY_ID) : undefined,
      correlationId: scanner.string(CORRELATION_ID),
    };
  };
}

const REASONS = {
  malformed: "not well-formed JSON",
  "not-an-object": "JSON, but no object",
  "too-deep": "nested too deeply",
} as const;
