/** What is recorded is what is played: the same events, in the same order, from their sources, whatever is in them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Recorder } from "../../src/cli/record/recorder.ts";
import type { BodyEncoding } from "../../src/core/event-record.ts";
import { RecordingReader } from "../../src/core/recording-read.ts";
import type { ReceivedEvent } from "../../src/ports/source.ts";
import { replaySources } from "../../src/sources/replay.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { checkProperty } from "../support/check-property.ts";
import { createScriptedNet } from "../support/scripted-net.ts";
import { createSpyContext } from "../support/source-context.ts";

const FILE = "test/property/recording.test.ts";
const SOURCES = ["main", "other"];

const text = fc.string({ unit: "binary", maxLength: 20 }).filter((one) => one.isWellFormed());
const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
const body = fc.oneof(
  fc.json().map((json) => ({ encoding: "json" as BodyEncoding, body: utf8(json) })),
  fc
    .jsonValue()
    .map((value) => ({ encoding: "json" as BodyEncoding, body: utf8(JSON.stringify(value, undefined, 1)) })),
  text.map((value) => ({ encoding: "json" as BodyEncoding, body: utf8(value) })),
  text.map((value) => ({ encoding: "text" as BodyEncoding, body: utf8(value) })),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ encoding: "binary" as BodyEncoding, body: bytes })),
);
const event = fc.record({
  source: fc.constantFrom(...SOURCES),
  afterMs: fc.integer({ min: 0, max: 5_000 }),
  topic: text,
  content: body,
  key: fc.option(text, { nil: undefined }),
  id: fc.option(text, { nil: undefined }),
  correlationId: fc.option(
    text.filter((one) => one !== ""),
    { nil: undefined },
  ),
});

interface Given {
  readonly source: string;
  readonly event: ReceivedEvent;
  readonly at: number;
}

/** All of an event but when it came. */
function comparable({ body: bytes, ...rest }: ReceivedEvent): object {
  return { ...rest, receivedAt: 0, body: [...bytes] };
}

async function recorded(events: readonly Given[], clock: ReturnType<typeof createFakeClock>): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  const target = { write: async (bytes: Uint8Array) => void written.push(bytes), close: async () => {} };
  const fail = (): void => expect.unreachable();
  const made = { clock, target, sources: SOURCES, anonymiser: undefined, maxBytes: undefined };
  const recorder = new Recorder({ ...made, hold: fail, ended: fail });
  let now = 0;
  for (const given of events) {
    await clock.advance(given.at - now);
    now = given.at;
    recorder.take(given.source, given.event);
  }
  await recorder.finish();
  return Buffer.concat(written);
}

describe("a recording that is replayed", () => {
  const same = "gives the same events in the same order to the same sources, each when it came";
  test(same, async () => {
    const property = fc.asyncProperty(
      fc.array(event, { maxLength: 8 }),
      fc.constantFrom(1, 3, 50, 2 ** 20),
      async (drawn, pieceLength) => {
        let at = 0;
        const given = drawn.map(({ source, afterMs, content, ...rest }): Given => {
          at += afterMs;
          return { source, at, event: { ...rest, ...content, origin: "live", receivedAt: 0 } };
        });
        const file = await recorded(given, createFakeClock());
        const pieces = Array.from({ length: Math.ceil(file.length / pieceLength) }, (_, n) =>
          file.subarray(n * pieceLength, (n + 1) * pieceLength),
        );
        const clock = createFakeClock();
        const startedAt = clock.monotonic();
        const seen: { source: string; at: number; event: object }[] = [];
        const { sources, finished } = replaySources(SOURCES, { lines: () => pieces });
        for (const source of sources) {
          const context = createSpyContext(clock, createScriptedNet());
          const receive = (played: ReceivedEvent): boolean => {
            seen.push({ source: source.name, at: clock.monotonic() - startedAt, event: comparable(played) });
            return true;
          };
          source.start({ ...context, receive });
        }
        await clock.advance(at + 1);
        expect(await finished).toMatchObject({ events: given.length, wrongLines: 0, torn: false, ended: "end" });
        expect(seen).toEqual(
          given.map(({ source, at: when, event: original }) => ({
            source,
            // Reading takes no time but turns of the event loop, and the fake clock does not wait for many of them.
            at: pieceLength < 2 ** 20 ? expect.toSatisfy((played: number) => played >= when) : when,
            event: comparable({ ...original, origin: "replayed", type: undefined }),
          })),
        );
      },
    );
    await checkProperty(property, { file: FILE, test: same, numRuns: 200 });
  });

  const cut = "cut off anywhere after its header, gives all events before the cut, and tells of no wrong line";
  test(cut, async () => {
    const property = fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async (drawn, place) => {
        const given = drawn.map(({ source, content, ...rest }): Given => {
          return { source, at: 0, event: { ...rest, ...content, origin: "live", receivedAt: 0 } };
        });
        const file = await recorded(given, createFakeClock());
        const header = file.indexOf(0x0a) + 1;
        const end = header + (place % (file.length - header));
        const reader = new RecordingReader();
        const items = [...reader.push(file.subarray(0, end)), ...reader.end()];
        const whole = file.subarray(header, end).filter((byte) => byte === 0x0a).length;
        const events = items.filter(({ kind }) => kind === "event").length;
        // A last line that lost its line break only is whole.
        expect([whole, whole + 1]).toContain(events);
        expect(items.filter(({ kind }) => kind === "wrong")).toEqual([]);
        expect(items.filter(({ kind }) => kind === "torn").length + events).toBe(
          file[end - 1] === 0x0a ? whole : whole + 1,
        );
      },
    );
    await checkProperty(property, { file: FILE, test: cut, numRuns: 200 });
  });
});
