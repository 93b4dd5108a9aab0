/** The event as handlers and sinks see it: the record, what the work queue says of it, and its body, parsed only when asked for. */
import { RingfirstError } from "../errors.ts";
import type { BodyEncoding, EventRecord, Origin } from "./event-record.ts";
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
  /** All of it as a plain object, for logs; the members above are made when they are asked for, so a spread copies nothing. */
  toJSON(): object;
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
  return new HandedEvent(handOver, parseEventRecord(handOver.payload));
}

/** What is not asked for is not made: many handlers look at the class and the bytes only. */
class HandedEvent implements RingfirstEvent {
  readonly #handOver: HandOver;
  readonly #record: EventRecord;
  #bytes: Uint8Array | undefined;
  #parsed: { readonly value: unknown } | undefined;

  constructor(handOver: HandOver, record: EventRecord) {
    this.#handOver = handOver;
    this.#record = record;
  }

  get id(): string {
    return this.#handOver.id;
  }

  get source(): string {
    return this.#record.source;
  }

  get topic(): string {
    return this.#record.topic;
  }

  get type(): string {
    const { type } = this.#record;
    return type === "" ? NOTIFICATION_TYPE : type;
  }

  get class(): string {
    return this.#handOver.class;
  }

  get laneClass(): string {
    return this.#handOver.laneClass;
  }

  get key(): string | undefined {
    return this.#handOver.key;
  }

  get sequence(): number {
    return this.#handOver.seq;
  }

  get origin(): Origin {
    return this.#record.origin;
  }

  get receivedAt(): number {
    return this.#record.receivedAt;
  }

  get waitedMs(): number {
    return this.#handOver.waitedMs;
  }

  get redriven(): number {
    return this.#handOver.redriven;
  }

  get replaced(): number {
    return this.#handOver.replaced;
  }

  get correlationId(): string | undefined {
    const { correlationId } = this.#record;
    return correlationId === "" ? undefined : correlationId;
  }

  get encoding(): BodyEncoding {
    return this.#record.encoding;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= this.#record.body;
    return this.#bytes;
  }

  get body(): unknown {
    this.#parsed ??= { value: readBody(this.bytes, this.encoding) };
    return this.#parsed.value;
  }

  /** All of it as a plain object; a body that can't be read is given as the text it is. */
  toJSON(): object {
    const { id, source, topic, type, laneClass, key, sequence, origin, receivedAt, waitedMs } = this;
    const { redriven, replaced, correlationId, encoding } = this;
    const facts = {
      id,
      source,
      topic,
      type,
      class: this.class,
      laneClass,
      key,
      sequence,
      origin,
      receivedAt,
      waitedMs,
    };
    return { ...facts, redriven, replaced, correlationId, encoding, body: this.#shownBody() };
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    return this.toJSON();
  }

  #shownBody(): unknown {
    try {
      return this.body;
    } catch {
      return decoder.decode(this.bytes);
    }
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
