/**
 * A day of the emulator's contact centre (which shares no code with what reads its snapshots): what is told of it is what its
 * conversations say of themselves when all is over, all media, with holds as they were seen to begin and end.
 */
import { expect, test } from "vitest";
import type { MediaType } from "../../src/core/lifecycle-snapshot.ts";
import { Lifecycle } from "../../src/core/lifecycle.ts";
import type { LifecycleEvent } from "../../src/core/lifecycle-event.ts";
import { Centre } from "../../src/emulator/centre.ts";
import { createChance } from "../../src/emulator/chance.ts";
import type { Conversation, Participant } from "../../src/emulator/conversation.ts";
import { createDirectory } from "../../src/emulator/directory.ts";
import { genericSnapshot, mediumSnapshot } from "../../src/emulator/snapshot.ts";
import type { Stage } from "../../src/emulator/stage.ts";

const START = Date.UTC(2026, 2, 4, 8, 0, 0);
const HOURS = 3;

interface Mail {
  readonly medium: MediaType | "any";
  readonly text: string;
  readonly receivedAt: number;
  readonly correlationId: string;
}

/** What happened, by conversation: `type participant`, with the start of a hold. */
type Truth = Map<string, Set<string>>;

function runCentre(seed: number): { readonly mail: readonly Mail[]; readonly truth: Truth } {
  const mail: Mail[] = [];
  const conversations = new Set<Conversation>();
  const holds: Truth = new Map();
  let time = 0;
  const receivedNow = (): number => START + Math.floor(time) + 40;
  const stage = {
    conversation(conversation: Conversation) {
      conversations.add(conversation);
      noteHolds(conversation, holds);
      const at = { receivedAt: receivedNow(), correlationId: `change-${mail.length}` };
      mail.push({ ...at, medium: "any", text: JSON.stringify(genericSnapshot(conversation)) });
      mail.push({ ...at, medium: conversation.medium, text: JSON.stringify(mediumSnapshot(conversation)) });
    },
    presence() {},
    routing() {},
    observations() {},
    other() {},
  };
  const centre = new Centre({
    chance: createChance(seed, 1),
    directory: createDirectory(createChance(seed, 0), 30, 3),
    stage: stage as unknown as Stage,
    callsPerHour: 400,
    now: () => START + Math.floor(time),
    pace: () => 1,
  });
  for (;;) {
    time = centre.nextAt ?? Infinity;
    if (time > HOURS * 3_600_000) break;
    centre.step();
  }
  const truth: Truth = new Map();
  for (const conversation of conversations) truth.set(conversation.id, truthOf(conversation, holds));
  return { mail, truth };
}

function noteHolds(conversation: Conversation, holds: Truth): void {
  for (const part of conversation.participants) {
    if (part.purpose !== "agent") continue;
    const known = holds.get(part.id) ?? new Set();
    holds.set(part.id, known);
    const on = [...known].findLast((line) => line.startsWith("held"))?.replace("held", "resumed");
    if (part.startHoldTime !== undefined) known.add(`held ${part.id} ${Date.parse(part.startHoldTime)}`);
    else if (on !== undefined && part.endTime === undefined) known.add(on);
  }
}

function truthOf(conversation: Conversation, holds: Truth): Set<string> {
  return new Set(
    conversation.participants.filter(({ purpose }) => purpose === "agent").flatMap((part) => linesOf(part, holds)),
  );
}

function linesOf(part: Participant, holds: Truth): readonly string[] {
  const isOffered = part.initialState === "alerting";
  const isConnected = part.connectedTime !== undefined;
  const isEnded = part.endTime !== undefined;
  const types = [
    isOffered && "ringing",
    isConnected && "answered",
    isEnded && isOffered && !isConnected && "missed",
    isEnded && isConnected && part.disconnectType === "transfer" && "transferred",
    isEnded && (isConnected || !isOffered) && "ended",
    part.wrapup !== undefined && "wrapup",
  ];
  return [...types.flatMap((type) => (type === false ? [] : [`${type} ${part.id}`])), ...(holds.get(part.id) ?? [])];
}

function line({ type, participantId, holdStartedAt }: LifecycleEvent): string {
  return holdStartedAt === undefined ? `${type} ${participantId}` : `${type} ${participantId} ${holdStartedAt}`;
}

test.each([
  ["both shapes", () => true],
  ["generic", ({ medium }: Mail) => medium === "any"],
  ["per medium", ({ medium }: Mail) => medium !== "any"],
])("all that happened is told, once, and nothing else (%s)", (_what, isWanted) => {
  const { mail, truth } = runCentre(7);
  const lifecycle = new Lifecycle();
  const told = new Map<string, string[]>();
  for (const { text, ...snapshot } of mail.filter(isWanted)) {
    for (const event of lifecycle.take({ ...snapshot, body: JSON.parse(text) as unknown })) {
      expect(event.late).toBe(false);
      told.set(event.conversationId, [...(told.get(event.conversationId) ?? []), line(event)]);
    }
  }
  let count = 0;
  for (const [id, lines] of truth) {
    const heard = told.get(id) ?? [];
    expect(heard.toSorted()).toEqual([...lines].toSorted());
    count += heard.length;
  }
  expect(count).toBeGreaterThan(3_000);
  expect(lifecycle.counters).toMatchObject({ told: count, late: 0, contradictions: 0, unreadable: 0, evicted: 0 });
  expect(lifecycle.size).toBeLessThan(truth.size / 2);
});
