/** The event as handlers and sinks see it: the record, what the work queue says of it, and its body, parsed only when asked for. */
import { RingfirstError } from "../errors.ts";
import type { BodyEncoding, Origin } from "./event-record.ts";
import { parseEventRecord } from "./event-record.ts";

/** One event, handed over. */
export interface RingfirstEvent {
  /** Idempotency key: equal across redeliveries and redrives. */
  readonly id: string;
  /** Name of the source. */
  readonly source: string;
  /** The provider's stream name; "" for a frame that did not parse. */
  readonly topic: string;
  /** CloudEvents type. */
  readonly type: string;
  /** Its own priority class. */
  readonly class: string;
  /** The class by which it was served: a ringing call pulls what is before it in its conversation forward. */
  readonly laneClass: string;
  readonly key: string | undefined;
  /** Arrival number, strictly rising. */
  readonly sequence: number;
  readonly origin: Origin;
  /** Arrival, epoch milliseconds. */
  readonly receivedAt: number;
  /** From admission to this hand-over, in milliseconds. */
  readonly waitedMs: number;
  /** How often it was redriven from the dead letters. */
  readonly redriven: number;
  /** How many older states it stands for. */
  readonly replaced: number;
  readonly correlationId: string | undefined;
  readonly encoding: BodyEncoding;
  /** The body, byte for byte as received. Do not change it. */
  readonly bytes: Uint8Array;
  /**
   * The body: parsed JSON, or text, or the bytes, by `encoding`. Parsed at the first use and kept.
   *
   * @throws RingfirstError `RF_BODY_MALFORMED` where JSON was said and is not
   */
  readonly body: unknown;
}

/** What the work queue says of an envelope at hand-over. */
export interface HandOver {
  readonly seq: number;
  readonly id: string;
  readonly class: string;
  readonly laneClass: string;
  readonly key: string | undefined;
  readonly redriven: number;
  readonly waitedMs: number;
  readonly replaced: number;
  readonly payload: Uint8Array;
}

/** CloudEvents type of a provider's notification. */
export const NOTIFICATION_TYPE = "cloud.genesys.notification.v1";

const decoder = new TextDecoder();

/**
 * The event in a payload that {@link encodeEventRecord} made.
 *
 * @throws RingfirstError `RF_RECORD_MALFORMED`
 */
export function toEvent(handOver: HandOver): RingfirstEvent {
  const record = parseEventRecord(handOver.payload);
  return new HandedEvent(handOver, record);
}

class HandedEvent implements RingfirstEvent {
  readonly id: string;
  readonly source: string;
  readonly topic: string;
  readonly type: string;
  readonly class: string;
  readonly laneClass: string;
  readonly key: string | undefined;
  readonly sequence: number;
  readonly origin: Origin;
  readonly receivedAt: number;
  readonly waitedMs: number;
  readonly redriven: number;
  readonly replaced: number;
  readonly correlationId: string | undefined;
  readonly encoding: BodyEncoding;
  readonly bytes: Uint8Array;
  #parsed: { readonly value: unknown } | undefined;

  constructor(handOver: HandOver, record: ReturnType<typeof parseEventRecord>) {
    this.id = handOver.id;
    this.source = record.source;
    this.topic = record.topic;
    this.type = record.type === "" ? NOTIFICATION_TYPE : record.type;
    this.class = handOver.class;
    this.laneClass = handOver.laneClass;
    this.key = handOver.key;
    this.sequence = handOver.seq;
    this.origin = record.origin;
    this.receivedAt = record.receivedAt;
    this.waitedMs = handOver.waitedMs;
    this.redriven = handOver.redriven;
    this.replaced = handOver.replaced;
    this.correlationId = record.correlationId === "" ? undefined : record.correlationId;
    this.encoding = record.encoding;
    this.bytes = record.body;
  }

  get body(): unknown {
    this.#parsed ??= { value: readBody(this.bytes, this.encoding) };
    return this.#parsed.value;
  }
}

function readBody(bytes: Uint8Array, encoding: BodyEncoding): unknown {
  if (encoding === "binary") return bytes;
  const text = decoder.decode(bytes);
  if (encoding === "text") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RingfirstError(
      "RF_BODY_MALFORMED",
      "the body of this event is not valid JSON; read event.bytes instead",
      { cause },
    );
  }
}
