/**
 * A frame of the platform-websocket dialect, turned into our words. Never throws: what is no frame of the dialect is kept
 * whole, as raw bytes under no topic.
 *
 * The frames of this wire are small, so each is proven to be JSON before it counts as one.
 */
import type { BodyEncoding } from "../../core/event-record.ts";
import { createJsonScanner } from "../../core/json-scan.ts";
import { decodeJson, isUtf8 } from "../../core/json-spans.ts";
import { KEY_MEMBERS } from "../../wire/platform-websocket.ts";

/** What a frame says. The body is a view on the frame's bytes. */
export interface DecodedFrame {
  /** "" for a frame that does not parse. */
  readonly topic: string;
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly key: string | undefined;
  /** Why it does not parse, without anything of the frame in it. */
  readonly malformed: string | undefined;
}

/** Reads frames; keep one for each source (its scanner is not re-entrant). */
export type FrameDecoder = (bytes: Uint8Array) => DecodedFrame;

const TOPIC = 0;
const DATA = 1;
const FIRST_KEY = 2;

/** A decoder that follows JSON down to `maxDepth` levels, the frame's own object included. */
export function createFrameDecoder(maxDepth: number): FrameDecoder {
  const paths = [["topic"], ["data"], ...KEY_MEMBERS.map((member) => ["data", member])];
  const scanner = createJsonScanner(paths, { maxDepth });
  const keySlots = KEY_MEMBERS.map((_, index) => FIRST_KEY + index);

  return (bytes) => {
    const json = decodeJson(bytes, maxDepth);
    if (!json.ok) return rawFrame(bytes, json.reason, isUtf8(bytes) ? "text" : "binary");
    const scan = scanner.scan(bytes);
    if (scan !== "ok") return rawFrame(bytes, "not an object", "json");
    const topic = scanner.string(TOPIC);
    if (topic === undefined || topic === "") return rawFrame(bytes, "without a topic", "json");
    const body = scanner.slice(DATA);
    if (body === undefined) return rawFrame(bytes, "without data", "json");
    return { topic, body, encoding: "json", key: firstKey(scanner, keySlots), malformed: undefined };
  };
}

function firstKey(scanner: ReturnType<typeof createJsonScanner>, slots: readonly number[]): string | undefined {
  for (const slot of slots) {
    const key = scanner.string(slot);
    if (key !== undefined && key !== "") return key;
  }
  return undefined;
}

function rawFrame(bytes: Uint8Array, malformed: string, encoding: BodyEncoding): DecodedFrame {
  return { topic: "", body: bytes, encoding, key: undefined, malformed };
}
