/**
 * A believable history of a conversation is generated together with the truth about it: each chapter writes down what
 * happens in it as it happens, knowing nothing of snapshots. Then the snapshots are delivered in order, repeated, shuffled,
 * with some missing, in either shape, and what is told is compared with the truth.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Lifecycle } from "../../src/core/lifecycle.ts";
import type { LifecycleEvent } from "../../src/core/lifecycle-event.ts";
import { Story, type StoryShape } from "../support/conversation-story.ts";

const START = Date.UTC(2026, 2, 4, 10, 0, 0);

/** What one agent's part in the conversation is. */
interface Chapter {
  readonly end: "missed" | "transfer" | "transfer.consult" | "peer" | "endpoint";
  readonly isDialed: boolean;
  readonly isConsulted: boolean;
  /** Seconds on hold, one for each hold. */
  readonly holds: readonly number[];
  /** The last hold lasts to the end. */
  readonly endsOnHold: boolean;
  readonly wrapups: number;
  /** Changes that mean nothing to us, between the others. */
  readonly noise: readonly boolean[];
}

interface Mail {
  readonly shape: StoryShape;
  readonly body: unknown;
  readonly receivedAt: number;
  readonly correlationId: string;
}

interface History {
  /** Per change, its snapshots: one for each shape. */
  readonly changes: readonly (readonly Mail[])[];
  /** What happened, in order: `type participant [which]`. */
  readonly truth: readonly string[];
}

const chapter: fc.Arbitrary<Chapter> = fc.record({
  end: fc.constantFrom(
    "missed" as const,
    "transfer" as const,
    "transfer.consult" as const,
    "peer" as const,
    "endpoint" as const,
  ),
  isDialed: fc.boolean(),
  isConsulted: fc.boolean(),
  holds: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }),
  endsOnHold: fc.boolean(),
  wrapups: fc.integer({ min: 0, max: 2 }),
  noise: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
});

/** Told inside of the properties: a counterexample is a few chapters, not all their snapshots. */
const chapters = fc.array(chapter, { minLength: 1, maxLength: 3 });

function tellHistory(chapters: readonly Chapter[]): History {
  const story = new Story("c1", START);
  const truth: string[] = [];
  const changes: Mail[][] = [];
  /** One change: some time later something happens, and snapshots of it are sent. */
  const change = (happens: () => void, ...happened: readonly string[]): void => {
    story.now += 1_000;
    happens();
    truth.push(...happened);
    const mail = { receivedAt: story.now + 50, correlationId: `request-${changes.length}` };
    changes.push([
      { ...mail, shape: "generic", body: story.body("generic") },
      { ...mail, shape: "call", body: story.body("call") },
    ]);
  };
  change(() => story.customer());
  chapters.forEach((part, n) => {
    const noise = [...part.noise];
    const mayHum = (): void => {
      if (noise.pop() === true) change(() => (story.note += 1));
    };
    tellChapter(story, `agent${n}`, n === 0 ? part : { ...part, isDialed: false }, change, mayHum);
  });
  return { changes, truth };
}

function tellChapter(
  story: Story,
  id: string,
  { end, isDialed, isConsulted, holds, endsOnHold, wrapups }: Chapter,
  change: (happens: () => void, ...happened: readonly string[]) => void,
  mayHum: () => void,
): void {
  const more = isConsulted ? { consultParticipantId: "customer" } : {};
  const consulted = isConsulted ? [`consulted ${id}`] : [];
  if (isDialed) change(() => story.dial(id));
  else change(() => story.offer(id, 8_000, more), `ringing ${id}`, ...consulted);
  mayHum();
  if (end === "missed") {
    change(() => story.leave(id, isDialed ? "client" : "transfer.noanswer"), isDialed ? `ended ${id}` : `missed ${id}`);
    mayHum();
    return;
  }
  change(() => story.answer(id), `answered ${id}`);
  mayHum();
  holds.forEach((seconds, n) => {
    const which = `${id} ${story.now + 1_000}`;
    change(() => story.hold(id), `held ${which}`);
    mayHum();
    story.now += seconds * 1_000;
    if (endsOnHold && n === holds.length - 1) return;
    change(() => story.resume(id), `resumed ${which}`);
    mayHum();
  });
  change(() => story.leave(id, end), ...(end.startsWith("transfer") ? [`transferred ${id}`] : []), `ended ${id}`);
  mayHum();
  for (let n = 0; n < wrapups; n += 1) change(() => story.wrapUp(id, `code${n}`), `wrapup ${id} code${n}`);
}

function deliver(mail: readonly Mail[], lifecycle = new Lifecycle()): readonly LifecycleEvent[] {
  return mail.flatMap(({ shape, ...snapshot }) =>
    lifecycle.take({ ...snapshot, medium: shape === "generic" ? "any" : shape }),
  );
}

function short({ type, participantId, holdStartedAt, wrapupCode }: LifecycleEvent): string {
  const which = holdStartedAt ?? wrapupCode;
  return which === undefined ? `${type} ${participantId}` : `${type} ${participantId} ${which}`;
}

/** As if all came at once, in another order: arrivals rise whatever was sent when. */
function arriving(mail: readonly Mail[]): readonly Mail[] {
  const last = Math.max(...mail.map(({ receivedAt }) => receivedAt));
  return mail.map((snapshot, n) => ({ ...snapshot, receivedAt: last + n }));
}

const isNoResume = (line: string): boolean => !line.startsWith("resumed ");
const sorted = (lines: readonly string[]): readonly string[] => [...lines].sort();

/** What must hold of any telling. */
function expectSane(told: readonly LifecycleEvent[], truth: readonly string[]): void {
  const lines = told.map(short);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
  expect(new Set(lines).size).toBe(lines.length);
  for (const line of lines) {
    if (isNoResume(line)) expect(truth).toContain(line);
    // A hold that lasted to the end may be told as resumed, never one that was not.
    else expect(lines.slice(0, lines.indexOf(line))).toContain(line.replace("resumed", "held"));
  }
  for (const { type, legState, late } of told) {
    if (type === "ringing" && legState !== "ringing") expect(late).toBe(true);
    if (type === "answered" && legState === "ended") expect(late).toBe(true);
  }
}

const shapes = fc.constantFrom<readonly StoryShape[]>(["generic"], ["call"], ["generic", "call"]);
/** Places, as shares of what there is. */
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function pick({ changes }: History, wanted: readonly StoryShape[]): readonly Mail[] {
  return changes.flatMap((mail) => mail.filter(({ shape }) => wanted.includes(shape)));
}

/** Copies put in somewhere later, as they were. */
function withRepeats(mail: readonly Mail[], repeats: readonly (readonly [number, number])[]): readonly Mail[] {
  const all = [...mail];
  for (const [which, where] of repeats) {
    const from = Math.floor(which * all.length);
    const to = from + 1 + Math.floor(where * (all.length - from));
    const { receivedAt } = all[to - 1] as Mail;
    all.splice(to, 0, { ...(all[from] as Mail), receivedAt });
  }
  return all;
}

/** By random numbers, used again and again where there are too few. */
function shuffled(mail: readonly Mail[], numbers: readonly number[]): readonly Mail[] {
  const all = [...mail];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = Math.floor((numbers[at % numbers.length] ?? 0) * (at + 1));
    [all[at], all[other]] = [all[other] as Mail, all[at] as Mail];
  }
  return all;
}

describe("what is told of a conversation", () => {
  test("is the truth, in its order, when snapshots come in order", () => {
    fc.assert(
      fc.property(chapters, shapes, (parts, wanted) => {
        const history = tellHistory(parts);
        expect(deliver(pick(history, wanted)).map(short)).toEqual(history.truth);
      }),
      { numRuns: 500 },
    );
  });

  test("is the same, in the same order, when some come again later", () => {
    const repeats = fc.array(fc.tuple(share, share), { maxLength: 20 });
    fc.assert(
      fc.property(chapters, shapes, repeats, (parts, wanted, again) => {
        const history = tellHistory(parts);
        expect(deliver(withRepeats(pick(history, wanted), again)).map(short)).toEqual(history.truth);
      }),
      { numRuns: 500 },
    );
  });

  test("is the same set in any order, save for the ends of holds, and nothing contradicts", () => {
    const numbers = fc.array(share, { minLength: 61, maxLength: 61 });
    fc.assert(
      fc.property(chapters, shapes, numbers, (parts, wanted, order) => {
        const history = tellHistory(parts);
        const mail = pick(history, wanted);
        const told = deliver(arriving(shuffled([...mail, ...mail], order)));
        expectSane(told, history.truth);
        expect(sorted(told.map(short).filter(isNoResume))).toEqual(sorted(history.truth.filter(isNoResume)));
      }),
      { numRuns: 1_000 },
    );
  });

  test("is part of the truth when some are missing, and whole but for holds and wrap-ups when the last is there", () => {
    const kept = fc.array(fc.boolean(), { minLength: 61, maxLength: 61 });
    fc.assert(
      fc.property(chapters, shapes, kept, (parts, wanted, keep) => {
        const history = tellHistory(parts);
        const mail = pick(history, wanted).filter((_, n, all) => n >= all.length - wanted.length || keep[n % 61]);
        const told = deliver(mail).map(short);
        for (const leg of new Set(told.map(legOf))) {
          const ofLeg = told.filter((line) => legOf(line) === leg);
          expect(ofLeg).toEqual(history.truth.filter((line) => ofLeg.includes(line)));
        }
        const isWhole = (line: string): boolean => !/^(?:held|resumed|wrapup) /u.test(line);
        expect(sorted(told.filter(isWhole))).toEqual(sorted(history.truth.filter(isWhole)));
      }),
      { numRuns: 500 },
    );
  });

  test("is nothing to stumble over, whatever stands in the place of what is expected", () => {
    const names = [
      "id",
      "purpose",
      "state",
      "initialState",
      "calls",
      "chats",
      "held",
      "wrapup",
      "user",
      "connectedTime",
    ];
    const name = fc.constantFrom(...names, "startHoldTime", "endTime", "alertingTimeoutMs", "disconnectType", "code");
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(
          "agent",
          "alerting",
          "connected",
          "terminated",
          "c1",
          "2026-03-04T10:00:00.000Z",
          5,
          null,
          true,
        ),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(name, tie("any"), { maxKeys: 6 }),
      ),
    })).any;
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 4 }), { maxLength: 4 }), shapes, (bodies, [shape]) => {
        const lifecycle = new Lifecycle();
        for (const participants of bodies) {
          const body = { id: "c1", participants };
          const told = lifecycle.take({ medium: shape === "call" ? "call" : "any", body, receivedAt: START });
          for (const { at, id } of told) expect([Number.isFinite(at), typeof id]).toEqual([true, "string"]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("has ids that depend on what happened only, not on the shape", () => {
    fc.assert(
      fc.property(chapters, (parts) => {
        const history = tellHistory(parts);
        const ids = (shape: StoryShape): readonly string[] => deliver(pick(history, [shape])).map(({ id }) => id);
        expect(ids("generic")).toEqual(ids("call"));
      }),
    );
  });
});

function legOf(line: string): string {
  return line.split(" ")[1] ?? "";
}
