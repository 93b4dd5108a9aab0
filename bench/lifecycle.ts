/**
 * What it costs to derive lifecycle events from snapshots of conversations: 60,000 snapshots of the emulator's contact centre, as
 * bytes, both shapes in turn.
 *
 *   node --expose-gc bench/lifecycle.ts [--json]
 *
 * Figures are medians of five rounds. `derive` is all of it; `parse` is JSON.parse of the same bytes, and `take` what is done
 * with a parsed body.
 */
import { cpus } from "node:os";
import { Lifecycle } from "../src/core/lifecycle.ts";
import { Centre } from "../src/emulator/centre.ts";
import { createChance } from "../src/emulator/chance.ts";
import type { Conversation } from "../src/emulator/conversation.ts";
import { createDirectory } from "../src/emulator/directory.ts";
import { genericSnapshot, MEDIUM_PLURALS, mediumSnapshot } from "../src/emulator/snapshot.ts";
import type { Stage } from "../src/emulator/stage.ts";
import { snapshotMedium } from "../src/core/lifecycle-snapshot.ts";
import { createDeriver } from "../src/pipeline/derive.ts";
import type { ReceivedEvent } from "../src/ports/source.ts";

const START = Date.UTC(2026, 2, 4, 8);
const COUNT = 60_000;
const ROUNDS = 5;

function makeEvents(): readonly ReceivedEvent[] {
  let time = 0;
  const events: ReceivedEvent[] = [];
  const add = (topic: string, body: unknown): void => {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const receivedAt = START + Math.floor(time);
    const correlationId = String(events.length >> 1);
    events.push({ topic, body: bytes, encoding: "json", origin: "live", receivedAt, correlationId });
  };
  const stage = {
    conversation(conversation: Conversation) {
      const topic = `v2.routing.queues.q${events.length % 500}.conversations`;
      add(topic, genericSnapshot(conversation));
      add(`${topic}.${MEDIUM_PLURALS[conversation.medium]}`, mediumSnapshot(conversation));
    },
    presence() {},
    routing() {},
    other() {},
  };
  const centre = new Centre({
    chance: createChance(1, 1),
    directory: createDirectory(createChance(1, 0), 60, 5),
    stage: stage as unknown as Stage,
    callsPerHour: 1_000,
    now: () => START + Math.floor(time),
    pace: () => 1,
  });
  while (events.length < COUNT) {
    time = centre.nextAt ?? Infinity;
    centre.step();
  }
  return events;
}

/** Microseconds per event; the median of the rounds. */
function measure(events: readonly ReceivedEvent[], prepare: () => (event: ReceivedEvent) => unknown): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const run = prepare();
    const from = performance.now();
    for (const event of events) run(event);
    rounds.push(((performance.now() - from) * 1000) / events.length);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
}

/** Heap bytes of one conversation that goes on, with its legs. */
function memoryOf(events: readonly ReceivedEvent[]): number {
  const lifecycle = new Lifecycle();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (const [n, event] of events.entries()) {
    const body = JSON.parse(new TextDecoder().decode(event.body)) as { id: string };
    body.id += String(n);
    lifecycle.take({ medium: n % 2 === 0 ? "any" : "call", body, receivedAt: START });
  }
  globalThis.gc?.();
  return (process.memoryUsage().heapUsed - before) / lifecycle.size;
}

const events = makeEvents();
const others = events.map((event, n) => ({ ...event, topic: `v2.users.u${n % 2_000}.presence` }));
const decoder = new TextDecoder();
const parsed = events.map(({ topic, body }) => {
  return { medium: snapshotMedium(topic) ?? "any", body: JSON.parse(decoder.decode(body)) as unknown };
});
const deriver = (): ((event: ReceivedEvent) => unknown) => {
  const made = createDeriver();
  return (event) => made.deriveFrom(event);
};
const figures = {
  cpu: cpus()[0]?.model ?? "",
  node: process.version,
  bytesPerSnapshot: events.reduce((sum, { body }) => sum + body.length, 0) / events.length,
  deriveUs: measure(events, deriver),
  parseUs: measure(events, () => (event) => JSON.parse(decoder.decode(event.body)) as unknown),
  takeUs: measure(events, () => {
    const lifecycle = new Lifecycle();
    let at = 0;
    return ({ receivedAt, correlationId }) => {
      const snapshot = parsed[at++];
      return snapshot && lifecycle.take({ ...snapshot, receivedAt, correlationId });
    };
  }),
  otherTopicUs: measure(others, deriver),
  bytesPerConversation: memoryOf(events),
};
if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
else console.log(figures);
