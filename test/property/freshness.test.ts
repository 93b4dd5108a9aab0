/**
 * P8 over all interleavings: an object changes, live events about it come late or not at all, questions are sent and their answers, as old
 * as an answer may be, come some time later, and are handed on. The model knows the version of everything; what is judged knows only bodies
 * and instants.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareConversations } from "../../src/core/freshness-conversation.ts";
import { LiveNotes, type Sent } from "../../src/core/freshness-notes.ts";
import { compareStanding, readRestPart } from "../../src/core/freshness-standing.ts";
import { type CompareLive, judgeSnapshot, readBody, STALE_MS, type SnapshotVerdict } from "../../src/core/freshness.ts";
import { checkProperty } from "../support/check-property.ts";
import { Story } from "../support/conversation-story.ts";

const FILE = "test/property/freshness.test.ts";
const START = Date.UTC(2026, 2, 4, 10, 0, 0);
const OBJECT = "the object";

/** An object with a history: what each version says live on each topic, and to a question. */
interface History {
  readonly topics: readonly string[];
  /** Of them those that have the answer's shape, so that it can be handed on. */
  readonly sameShape: readonly string[];
  readonly live: (version: number, topic: string) => unknown;
  readonly rest: (version: number) => unknown;
  readonly compare: (rest: unknown) => CompareLive;
  /** What an answer says on a topic, to be compared with the topic's last live body. */
  readonly count: number;
}

/** What happens next. */
type Step =
  /** The object changes, and on each topic the event comes after so long, or (-1) never. */
  | { readonly kind: "change"; readonly delays: readonly number[] }
  | { readonly kind: "pass"; readonly ms: number }
  /** A question; the answer is made so long before or after it, and comes after so long. */
  | { readonly kind: "ask"; readonly madeMs: number; readonly afterMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("change" as const),
    delays: fc.array(
      fc.integer({ min: -1, max: 3 }).map((delay) => (delay < 0 ? -1 : delay * 400)),
      {
        minLength: 2,
        maxLength: 2,
      },
    ),
  }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 300, 2_000, 6_000) }),
  fc.record({
    kind: fc.constant("ask" as const),
    madeMs: fc.integer({ min: -STALE_MS, max: 1_000 }),
    afterMs: fc.constantFrom(0, 500, 1_500),
  }),
);

/** One answer that came, with what the model knows of it. */
interface Judged {
  readonly version: number;
  readonly verdicts: ReadonlyMap<string, SnapshotVerdict>;
  /** The highest version that was received live or handed on by then, on any topic; -1: none. */
  readonly seen: number;
  /** Of each topic. */
  readonly seenOn: ReadonlyMap<string, number>;
  /** The last live event came, or the last answer was handed on, so long before the question. */
  readonly calmMs: number;
}

interface Due {
  readonly at: number;
  readonly act: () => void;
}

/** Plays the steps with a clock of its own; things that are due at the same instant happen in the order in which they were begun. */
function play(history: History, steps: readonly Step[]): readonly Judged[] {
  const notes = new LiveNotes(2 ** 18);
  const judged: Judged[] = [];
  const seenOn = new Map<string, number>();
  const changedAt = [START];
  const busyUntil = new Map<string, number>();
  let due: Due[] = [];
  let now = START;
  let lastLiveAt = -Infinity;
  const receive = (version: number, topic: string, asked?: Sent): void => {
    seenOn.set(topic, version);
    lastLiveAt = now;
    const body = new TextEncoder().encode(JSON.stringify(history.live(version, topic)));
    notes.note(OBJECT, topic, body, asked === undefined ? { at: now, sentAfter: now } : { at: now, asked });
  };
  const answer = (sentAt: number, made: number): void => {
    // The youngest version there was when the answer was made.
    const version = Math.max(
      0,
      changedAt.findLastIndex((at) => at <= made),
    );
    const rest = history.rest(version);
    const verdicts = judgeSnapshot({
      notes: notes.find(OBJECT),
      compare: history.compare(rest),
      sentAt,
      topics: history.topics,
    });
    const calmMs = sentAt - lastLiveAt;
    judged.push({ version, verdicts, seen: Math.max(-1, ...seenOn.values()), seenOn: new Map(seenOn), calmMs });
    for (const topic of history.sameShape)
      if (verdicts.get(topic) === "hand-on") receive(version, topic, { at: sentAt, mark: notes.mark() });
  };
  const pass = (ms: number): void => {
    const until = now + ms;
    for (;;) {
      const next = due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      due = due.filter((one) => one !== next);
      now = Math.max(now, next.at);
      next.act();
    }
    now = until;
  };
  for (const one of steps) {
    if (one.kind === "pass") pass(one.ms);
    if (one.kind === "change" && changedAt.length < history.count) {
      pass(1);
      const version = changedAt.push(now) - 1;
      history.topics.forEach((topic, place) => {
        const delay = one.delays[place] ?? -1;
        if (delay < 0) return;
        // Along one topic nothing overtakes.
        const at = Math.max(now + delay, busyUntil.get(topic) ?? 0);
        busyUntil.set(topic, at);
        due.push({ at, act: () => receive(version, topic) });
      });
    }
    if (one.kind === "ask") {
      const sentAt = now;
      const made = Math.min(sentAt + one.madeMs, sentAt + one.afterMs);
      due.push({ at: sentAt + one.afterMs, act: () => answer(sentAt, made) });
    }
  }
  pass(20_000);
  return judged;
}

function check(history: History, steps: readonly Step[]): void {
  const text = (version: number): string => JSON.stringify(history.rest(version));
  for (const { version, verdicts, seen, seenOn, calmMs } of play(history, steps)) {
    // A version that says what another says is as good.
    const isFresh = version >= seen || text(version) === text(seen);
    for (const [topic, verdict] of verdicts) {
      if (verdict !== "behind") expect(isFresh, `${verdict} on ${topic}, and older than what was seen`).toBe(true);
      if (verdict === "known") {
        const live = readBody(bytes(history, seenOn.get(topic) ?? -1, topic));
        expect(history.compare(history.rest(version))(live, topic)).toBe("equal");
      }
      // Nothing for so long, and newer: nobody may hold it back.
      if (version > seen && calmMs > STALE_MS) expect(verdict).not.toBe("behind");
    }
  }
}

function bytes(history: History, version: number, topic: string): Uint8Array | undefined {
  return version < 0 ? undefined : new TextEncoder().encode(JSON.stringify(history.live(version, topic)));
}

const USER_TOPIC = "v2.users.user-a.conversations";
const QUEUE_TOPIC = "v2.routing.queues.queue-1.conversations";
const CALLS_TOPIC = "v2.users.user-a.conversations.calls";

/** A conversation's life; every choice is a number, taken as it fits. */
function conversationHistory(choices: readonly number[], restShape: "generic" | "call", others: boolean): History {
  const story = new Story("c-1", START);
  const bodies: Record<"generic" | "call", unknown>[] = [];
  const write = (): void => void bodies.push({ generic: story.body("generic"), call: story.body("call") });
  story.customer();
  write();
  let agent: { readonly id: string; state: "alerting" | "connected" | "held" } | undefined;
  let agents = 0;
  let gone: string | undefined;
  for (const choice of choices) {
    story.now += 1_000;
    if (choice % 5 === 0) story.note += 1;
    else if (gone !== undefined && choice % 5 === 1) story.wrapUp(gone, `code-${choice}`);
    else if (agent === undefined) {
      agent = { id: `a-${(agents += 1)}`, state: "alerting" };
      story.offer(agent.id);
    } else if (agent.state === "alerting" && choice % 5 > 1) {
      story.answer(agent.id);
      agent.state = "connected";
    } else if (agent.state === "connected" && choice % 5 > 2) {
      story.hold(agent.id);
      agent.state = "held";
    } else if (agent.state === "held" && choice % 5 > 2) {
      story.resume(agent.id);
      agent.state = "connected";
    } else {
      story.leave(agent.id, agent.state === "alerting" ? "transfer.noanswer" : "peer");
      gone = agent.state === "alerting" ? gone : agent.id;
      agent = undefined;
    }
    write();
  }
  const topics = others ? [USER_TOPIC, CALLS_TOPIC] : [USER_TOPIC, QUEUE_TOPIC];
  return {
    topics,
    sameShape: topics.filter((topic) => (topic === CALLS_TOPIC) === (restShape === "call")),
    count: bodies.length,
    live: (version, topic) => bodies[version]?.[topic === CALLS_TOPIC ? "call" : "generic"],
    rest: (version) => bodies[version]?.[restShape],
    compare: (rest) => (live, topic) => compareConversations(rest, restShape === "call" ? "calls" : "any", live, topic),
  };
}

const PRESENCES = ["AVAILABLE", "ON_QUEUE", "MEAL"];
const REST_PRESENCES = ["Available", "On Queue", "Meal"];
const USER = "user-a";

/** A presence that says when it began, on its own topic and on that of all activity. */
function presenceHistory(choices: readonly number[]): History {
  const time = (version: number): string => new Date(START + version * 1_000).toISOString();
  const place = (version: number): number => (choices[version] ?? 0) % 3;
  const topics = ["v2.users.user-a.presence", "v2.users.user-a.activity"];
  return {
    topics,
    sameShape: topics,
    count: choices.length,
    live: (version, topic) => {
      const presenceDefinition = { id: "p", systemPresence: PRESENCES[place(version)] };
      const modifiedDate = time(version);
      return topic.endsWith("activity")
        ? { id: USER, presence: { presenceDefinition, presenceMessage: "", modifiedDate } }
        : { source: "PURECLOUD", presenceDefinition, primary: true, message: "", modifiedDate };
    },
    rest: (version) => ({
      presenceDefinition: { id: "p", systemPresence: REST_PRESENCES[place(version)] },
      modifiedDate: time(version),
    }),
    compare: (rest) => {
      const presence = readRestPart("presence", USER, rest);
      return (body, topic) => compareStanding({ ...(presence && { presence }) }, USER, body, topic);
    },
  };
}

/** A telephone: nobody says since when. */
function stationHistory(choices: readonly number[]): History {
  const said = (version: number): unknown => {
    const choice = (choices[version] ?? 0) % 3;
    return choice === 0 ? {} : { associatedStation: { id: `s-${choice}`, name: "a phone" } };
  };
  return {
    topics: ["v2.users.user-a.station"],
    sameShape: ["v2.users.user-a.station"],
    count: choices.length,
    live: said,
    rest: said,
    compare: (rest) => {
      const station = readRestPart("station", USER, rest);
      return (body, topic) => compareStanding({ ...(station && { station }) }, USER, body, topic);
    },
  };
}

const choices = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 12 });
const steps = fc.array(step, { minLength: 1, maxLength: 25 });

describe("a state that was asked for", () => {
  const conversation = "a conversation's is handed on only where no live event is ahead of it, in either shape";
  test(conversation, () =>
    checkProperty(
      fc.asyncProperty(
        choices,
        fc.constantFrom("generic" as const, "call" as const),
        fc.boolean(),
        steps,
        async (some, shape, others, all) => check(conversationHistory(some, shape, others), all),
      ),
      { file: FILE, test: conversation, numRuns: 3_000 },
    ),
  );

  const presence = "a presence's is handed on only where no live event is ahead of it";
  test(presence, () =>
    checkProperty(
      fc.asyncProperty(choices, steps, async (some, all) => check(presenceHistory(some), all)),
      { file: FILE, test: presence, numRuns: 2_000 },
    ),
  );

  const station = "a telephone's, which has no time, is handed on only where no live event may be ahead of it";
  test(station, () =>
    checkProperty(
      fc.asyncProperty(choices, steps, async (some, all) => check(stationHistory(some), all)),
      { file: FILE, test: station, numRuns: 2_000 },
    ),
  );
});
