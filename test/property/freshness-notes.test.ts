/** Notes of live events against a plain model: of each object and topic the last body, and a bound that pushes the oldest out. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LiveNotes } from "../../src/core/freshness-notes.ts";
import { checkProperty } from "../support/check-property.ts";

interface Event {
  readonly object: string;
  readonly topic: string;
  readonly length: number;
}

const CAPACITY = 256;
/** The longest that is kept. */
const LONGEST = CAPACITY / 8;

const event: fc.Arbitrary<Event> = fc.record({
  object: fc.constantFrom("a", "b", "c", "d"),
  topic: fc.constantFrom("t1", "t2"),
  length: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: LONGEST }) },
    { weight: 1, arbitrary: fc.constant(LONGEST + 1) },
  ),
});

const name =
  "what is known of an object is its last body on each topic, the last note is always there, and the ring's bound holds";
test(name, () =>
  checkProperty(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 120, size: "max" }), async (events) => {
      const notes = new LiveNotes(CAPACITY);
      const last = new Map<string, { readonly body: Uint8Array; readonly seq: number }>();
      /** Room that was taken up to each note. */
      const written: number[] = [0];
      events.forEach(({ object, topic, length }, place) => {
        const body = new Uint8Array(length).fill((place % 255) + 1);
        notes.note(object, topic, body, { at: place, sentAfter: place });
        last.set(`${object} ${topic}`, { body, seq: place + 1 });
        written.push((written[place] ?? 0) + (length > LONGEST ? 1 : Math.max(1, length)));
        expect(notes.toldSince(object, topic, { to: place, mark: Infinity, sureAt: Infinity })).toBe("surely");
        expect(notes.toldSince(object, topic, { to: place + 1, mark: place, sureAt: 0 })).toBe("perhaps");
        expect(notes.toldSince(object, topic, { to: place + 1, mark: place + 1, sureAt: 0 })).toBe("no");
        let bytes = 0;
        let youngestForgotten = 0;
        const kept: number[] = [];
        for (const each of ["a", "b", "c", "d"]) {
          const found = new Map(notes.find(each).map((note) => [note.topic, note]));
          for (const one of ["t1", "t2"]) {
            const wanted = last.get(`${each} ${one}`);
            const note = found.get(one);
            if (note === undefined) {
              youngestForgotten = Math.max(youngestForgotten, wanted?.seq ?? 0);
              // Nothing is forgotten for which there is room, but for the ring's end, which may stay empty.
              const since = (written[place + 1] ?? 0) - (written[(wanted?.seq ?? 1) - 1] ?? 0);
              if (wanted !== undefined) expect(since).toBeGreaterThan(CAPACITY - LONGEST);
              continue;
            }
            expect(note.seq).toBe(wanted?.seq);
            kept.push(note.seq);
            if (note.body === undefined) expect(wanted?.body.length).toBeGreaterThan(LONGEST);
            else expect(note.body).toEqual(wanted?.body);
            bytes += note.body?.length ?? 0;
          }
        }
        expect(bytes).toBeLessThanOrEqual(CAPACITY);
        // The longest unseen goes first.
        expect(Math.min(...kept)).toBeGreaterThan(youngestForgotten);
        expect(notes.objects("").length).toBe(notes.size);
      });
    }),
    { file: "test/property/freshness-notes.test.ts", test: name, numRuns: 500 },
  ),
);

test("an answer tells what was so when it was asked for, not when it came", () => {
  const notes = new LiveNotes(CAPACITY);
  const before = { at: 10, mark: notes.mark() };
  const gapEnds = { to: 20, mark: notes.mark(), sureAt: 5_000 };
  expect(notes.toldSince("a", "t1", gapEnds)).toBe("no");
  notes.note("a", "t1", new Uint8Array(1), { at: 5_400, asked: before });
  expect(notes.toldSince("a", "t1", gapEnds)).toBe("no");
  notes.note("a", "t1", new Uint8Array(1), { at: 5_500, asked: { at: 4_999, mark: notes.mark() } });
  expect(notes.toldSince("a", "t1", gapEnds)).toBe("perhaps");
  expect(notes.find("a")).toMatchObject([{ isAsked: true, at: 5_500 }]);
  notes.note("a", "t1", new Uint8Array(1), { at: 5_600, asked: { at: 5_000, mark: notes.mark() } });
  expect(notes.toldSince("a", "t1", gapEnds)).toBe("surely");
  notes.note("a", "t2", new Uint8Array(1), { at: 5_700, sentAfter: 20 });
  expect(notes.toldSince("a", "t2", gapEnds)).toBe("surely");
});

test("an event proves nothing of a gap that it may have been sent before the end of", () => {
  const notes = new LiveNotes(CAPACITY);
  const gapEnds = { to: 1_000, mark: notes.mark(), sureAt: 6_000 };
  notes.note("a", "t1", new Uint8Array(1), { at: 3_000, sentAfter: 999 });
  expect(notes.toldSince("a", "t1", gapEnds)).toBe("perhaps");
});
