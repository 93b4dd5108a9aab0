/**
 * The bytes that the service keeps in the work queue for one event: the body as received, and before it, in a small
 * binary header, what is known of it. One allocation and one copy an event; nothing is parsed or serialised again.
 *
 * ```
 *  0        1        2            10         12        14        16        18
 *  | version| flags  | receivedAt | sourceLen| topicLen| typeLen | corrLen | source topic type correlationId | body …
 *  | u8 = 1 | u8     | f64 (LE)   | u16      | u16     | u16     | u16     | UTF-8                           | bytes
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
/** Prefixes remembered; a source has at most 20,000 topics. */
const MAX_PREFIXES = 50_000;
const ORIGINS: readonly Origin[] = ["live", "reconciled", "replayed"];
const ENCODINGS: readonly BodyEncoding[] = ["json", "text", "binary"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes records into bytes of their own. */
export type EventRecordEncoder = (record: EventRecord) => Uint8Array;

/** All before the correlation id, but for flags, time and that id's length: the same for each event of a topic. */
interface Prefix {
  readonly source: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/**
 * An encoder; it remembers what the events of a topic have in common. Fields are cut at 65,535 bytes.
 *
 * @param allocate - gives `length` bytes, which may hold anything: all of them are written. @defaultValue a fresh array
 */
export function createEventRecordEncoder(
  allocate: (length: number) => Uint8Array = (length) => new Uint8Array(length),
): EventRecordEncoder {
  const prefixes = new Map<string, Prefix>();
  const instant = new Float64Array(1);
  const instantBytes = new Uint8Array(instant.buffer);
  return (record) => {
    const { source, topic, type, correlationId, body } = record;
    let prefix = prefixes.get(topic);
    if (prefix === undefined || prefix.source !== source || prefix.type !== type) {
      prefix = { source, type, bytes: prefixBytes(source, topic, type) };
      if (prefixes.size >= MAX_PREFIXES) prefixes.clear();
      prefixes.set(topic, prefix);
    }
    const correlation = isAscii(correlationId) ? undefined : encoder.encode(correlationId).subarray(0, MAX_FIELD_BYTES);
    const correlationLength = correlation?.length ?? Math.min(correlationId.length, MAX_FIELD_BYTES);
    const bodyAt = prefix.bytes.length + correlationLength;
    const bytes = allocate(bodyAt + body.length);
    bytes.set(prefix.bytes);
    bytes[1] = ORIGINS.indexOf(record.origin) | (ENCODINGS.indexOf(record.encoding) << 2);
    instant[0] = record.receivedAt;
    bytes.set(instantBytes, 2);
    bytes[16] = correlationLength >> 8;
    bytes[17] = correlationLength & 0xff;
    if (correlation !== undefined) bytes.set(correlation, prefix.bytes.length);
    else
      for (let at = 0; at < correlationLength; at += 1) bytes[prefix.bytes.length + at] = correlationId.charCodeAt(at);
    bytes.set(body, bodyAt);
    return bytes;
  };
}

/** One record as bytes of its own (a copy; the body given may be a view). Fields are cut at 65,535 bytes. */
export function encodeEventRecord(record: EventRecord): Uint8Array {
  return createEventRecordEncoder()(record);
}

function prefixBytes(source: string, topic: string, type: string): Uint8Array {
  const fields = [source, topic, type].map((field) => encoder.encode(field).subarray(0, MAX_FIELD_BYTES));
  const bytes = new Uint8Array(HEADER_BYTES + fields.reduce((sum, field) => sum + field.length, 0));
  bytes[0] = VERSION;
  let at = HEADER_BYTES;
  for (const [place, field] of fields.entries()) {
    bytes[10 + 2 * place] = field.length >> 8;
    bytes[11 + 2 * place] = field.length & 0xff;
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/**
 * The record in bytes that an encoder made; its body is a view on them, and its texts are made when they are asked for.
 *
 * @throws RingfirstError `RF_RECORD_MALFORMED` for bytes of another kind or version
 */
export function parseEventRecord(bytes: Uint8Array): EventRecord {
  return new StoredRecord(bytes);
}

class StoredRecord implements EventRecord {
  readonly #bytes: Uint8Array;
  readonly #topicAt: number;
  readonly #typeAt: number;
  readonly #correlationAt: number;
  readonly #bodyAt: number;

  constructor(bytes: Uint8Array) {
    if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION) {
      throw new RingfirstError(
        "RF_RECORD_MALFORMED",
        `a payload of ${bytes.length} bytes is no event record of version ${VERSION}`,
      );
    }
    this.#bytes = bytes;
    this.#topicAt = HEADER_BYTES + length16(bytes, 10);
    this.#typeAt = this.#topicAt + length16(bytes, 12);
    this.#correlationAt = this.#typeAt + length16(bytes, 14);
    this.#bodyAt = this.#correlationAt + length16(bytes, 16);
    if (this.#bodyAt > bytes.length) throw new RingfirstError("RF_RECORD_MALFORMED", "an event record is cut short");
  }

  get source(): string {
    return this.#text(HEADER_BYTES, this.#topicAt);
  }

  get topic(): string {
    return this.#text(this.#topicAt, this.#typeAt);
  }

  get type(): string {
    return this.#text(this.#typeAt, this.#correlationAt);
  }

  get correlationId(): string {
    return this.#text(this.#correlationAt, this.#bodyAt);
  }

  get origin(): Origin {
    return ORIGINS[(this.#bytes[1] ?? 0) & 3] ?? "live";
  }

  get encoding(): BodyEncoding {
    return ENCODINGS[((this.#bytes[1] ?? 0) >> 2) & 3] ?? "binary";
  }

  get receivedAt(): number {
    const instant = new Float64Array(1);
    new Uint8Array(instant.buffer).set(this.#bytes.subarray(2, 10));
    return instant[0] ?? 0;
  }

  get body(): Uint8Array {
    return this.#bytes.subarray(this.#bodyAt);
  }

  #text(start: number, end: number): string {
    return start === end ? "" : decoder.decode(this.#bytes.subarray(start, end));
  }
}

function length16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
