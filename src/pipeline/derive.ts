/**
 * Events that the line itself makes of others: lifecycle events (`ringing`, `answered`, …) of snapshots of conversations.
 * They go beside the snapshot, after it, under the conversation's key; the snapshot stays what it was.
 *
 * D1  Total: a body that can't be read gives nothing.
 * D2  An event of another topic costs one look into a map. A snapshot without an agent in it is not parsed either.
 * D3  The same happening has the same id, whoever derived it from what (core/lifecycle.ts, Y3): the work queue's dedup window
 *     makes one event of two.
 */
import { BodyView } from "../core/body-view.ts";
import { bodyLimits } from "../core/event-context.ts";
import { Lifecycle, type LifecycleCounters, type LifecycleOptions } from "../core/lifecycle.ts";
import { lifecycleCloudEventType, type LifecycleEvent, lifecycleTopic } from "../core/lifecycle-event.ts";
import { type MediaType, snapshotMedium } from "../core/lifecycle-snapshot.ts";
import type { ReceivedEvent } from "../ports/source.ts";

/** Derives events. */
export interface Deriver {
  /** What follows from an event and was not told before. Never throws; bodies are bytes of their own. */
  deriveFrom(event: ReceivedEvent): readonly ReceivedEvent[];
  readonly counters: Readonly<LifecycleCounters>;
  /** Conversations remembered. */
  readonly conversationCount: number;
}

/** Topics remembered; 20 channels have at most 20,000. */
const MAX_TOPICS = 50_000;
const NONE: readonly ReceivedEvent[] = [];
const LIMITS = bodyLimits({});
const encoder = new TextEncoder();

/**
 * A deriver for the events of one line.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function createDeriver(options: LifecycleOptions = {}): Deriver {
  return new LifecycleDeriver(new Lifecycle(options));
}

class LifecycleDeriver implements Deriver {
  readonly #lifecycle: Lifecycle;
  readonly #media = new Map<string, MediaType | "any" | undefined>();

  constructor(lifecycle: Lifecycle) {
    this.#lifecycle = lifecycle;
  }

  get counters(): Readonly<LifecycleCounters> {
    return this.#lifecycle.counters;
  }

  get conversationCount(): number {
    return this.#lifecycle.size;
  }

  deriveFrom(event: ReceivedEvent): readonly ReceivedEvent[] {
    const medium = this.#mediumOf(event.topic);
    if (medium === undefined || event.encoding !== "json" || !mayHoldAgent(event.body)) return NONE;
    const { receivedAt, correlationId } = event;
    const body = new BodyView(event.body, event.encoding, LIMITS).value;
    const told = this.#lifecycle.take({ medium, body, receivedAt, correlationId });
    return told.length === 0 ? NONE : told.map((happening) => toReceived(happening, event));
  }

  #mediumOf(topic: string): MediaType | "any" | undefined {
    const known = this.#media.get(topic);
    if (known !== undefined || this.#media.has(topic)) return known;
    const medium = snapshotMedium(topic);
    if (this.#media.size >= MAX_TOPICS) this.#media.clear();
    this.#media.set(topic, medium);
    return medium;
  }
}

/** D2: an agent's purpose stands as it is in the text, unless the text has escapes; then it is parsed to be sure. */
function mayHoldAgent(body: Uint8Array): boolean {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return text.includes('"agent"') || text.includes('"user"') || text.includes("\\u");
}

function toReceived(happening: LifecycleEvent, cause: ReceivedEvent): ReceivedEvent {
  const { id, type, conversationId } = happening;
  return {
    id,
    topic: lifecycleTopic(type),
    type: lifecycleCloudEventType(type),
    key: conversationId,
    body: encoder.encode(JSON.stringify(happening)),
    encoding: "json",
    origin: cause.origin,
    receivedAt: cause.receivedAt,
    correlationId: cause.correlationId,
  };
}
