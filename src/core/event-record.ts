/**
 * The bytes that the service keeps in the work queue for one event: the body as received, and before it, in a small
 * binary header, what is known of it. One allocation and one copy an event; nothing is parsed or serialised again.
 *
 * ```
 *  0        1        2            10         12        14        16        18
 *  | version| flags  | receivedAt | sourceLen| topicLen| typeLen | corrLen | source topic type correlationId | body …
 *  | u8 = 1 | u8     | f64        | u16      | u16     | u16     | u16     | UTF-8                           | bytes
 *  flags: bits 0-1 origin (live, reconciled, replayed), bits 2-3 encoding (json, text, binary)
 * ```
 * The copy matters: frames of a socket are views on 64 KiB chunks, and a view that waits would keep its whole chunk.
 */
import { RingfirstError } from "../errors.ts";

/** How an event came: as it happened, fetched after a gap, or read from a recording. */
export type Origin = "live" | "reconciled" | "replayed";

/** What the body's bytes are: JSON (said, not proven), other UTF-8 text, or anything else. */
export type BodyEncoding = "json" | "text" | "binary";

/** One event with what the service knows of it; what a payload in the work queue holds. */
export interface EventRecord {
  /** Name of the source that took it. */
  readonly source: string;
  /** The provider's stream name; "" for a frame that does not parse. */
  readonly topic: string;
  /** CloudEvents type; "" stands for the type of provider notifications. */
  readonly type: string;
  readonly origin: Origin;
  readonly encoding: BodyEncoding;
  /** Arrival, epoch milliseconds. */
  readonly receivedAt: number;
  /** The provider's correlation id; "" where there is none. */
  readonly correlationId: string;
  /** The body, byte for byte as received. */
  readonly body: Uint8Array;
}

const VERSION = 1;
const HEADER_BYTES = 18;
const MAX_FIELD_BYTES = 0xffff;
const ORIGINS: readonly Origin[] = ["live", "reconciled", "replayed"];
const ENCODINGS: readonly BodyEncoding[] = ["json", "text", "binary"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The record as bytes of its own (a copy; the body given may be a view). Fields are cut at 65,535 bytes. */
export function encodeEventRecord(record: EventRecord): Uint8Array {
  const { source, topic, type, correlationId, body } = record;
  // A UTF-16 unit takes at most three bytes; most fields are ASCII, so the worst case costs little.
  const room = HEADER_BYTES + 3 * (source.length + topic.length + type.length + correlationId.length);
  const bytes = new Uint8Array(room + body.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes[1] = ORIGINS.indexOf(record.origin) | (ENCODINGS.indexOf(record.encoding) << 2);
  view.setFloat64(2, record.receivedAt);
  let at = HEADER_BYTES;
  at = writeField(bytes, view, 10, at, source);
  at = writeField(bytes, view, 12, at, topic);
  at = writeField(bytes, view, 14, at, type);
  at = writeField(bytes, view, 16, at, correlationId);
  bytes.set(body, at);
  return bytes.subarray(0, at + body.length);
}

/**
 * The record that {@link encodeEventRecord} made; its body is a view on the given bytes.
 *
 * @throws RingfirstError `RF_RECORD_MALFORMED` for bytes of another kind or version
 */
export function parseEventRecord(bytes: Uint8Array): EventRecord {
  if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION) {
    throw new RingfirstError(
      "RF_RECORD_MALFORMED",
      `a payload of ${bytes.length} bytes is no event record of version ${VERSION}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[1] ?? 0;
  const lengths = [view.getUint16(10), view.getUint16(12), view.getUint16(14), view.getUint16(16)];
  let at = HEADER_BYTES;
  const fields = lengths.map((length) => decoder.decode(bytes.subarray(at, (at += length))));
  if (at > bytes.length) throw new RingfirstError("RF_RECORD_MALFORMED", "an event record is cut short");
  return {
    source: fields[0] ?? "",
    topic: fields[1] ?? "",
    type: fields[2] ?? "",
    correlationId: fields[3] ?? "",
    origin: ORIGINS[flags & 3] ?? "live",
    encoding: ENCODINGS[(flags >> 2) & 3] ?? "binary",
    receivedAt: view.getFloat64(2),
    body: bytes.subarray(at),
  };
}

function writeField(bytes: Uint8Array, view: DataView, lengthAt: number, at: number, text: string): number {
  const { written } = encoder.encodeInto(text, bytes.subarray(at, at + MAX_FIELD_BYTES));
  view.setUint16(lengthAt, written);
  return at + written;
}
