import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { encodeRecordedEvent, encodeRecordingHeader } from "../../../src/core/recording.ts";
import { type PlayOptions, replaySource, replaySources } from "../../../src/sources/replay.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createScriptedNet } from "../../support/scripted-net.ts";
import { createSpyContext } from "../../support/source-context.ts";

const HEADER = { version: 1, startedAt: 1_600_000_000_000, sources: ["main", "local"], anonymised: false };
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Lines of events at these offsets, numbered from 0; every third came by `local`. */
function recording(offsets: readonly number[], more: readonly string[] = []): string[] {
  const events = offsets.map((at, n) =>
    decode(
      encodeRecordedEvent({
        at,
        source: n % 3 === 2 ? "local" : "main",
        topic: `t.${n}`,
        encoding: "json",
        body: new TextEncoder().encode(`{"n":${n}}`),
        key: `k-${n}`,
        id: n === 1 ? "an-id" : undefined,
        correlationId: `c-${n}`,
      }),
    ),
  );
  return [decode(encodeRecordingHeader(HEADER)), ...events, ...more];
}

function setUp(lines: readonly string[], options: PlayOptions = {}) {
  const clock = createFakeClock();
  const context = createSpyContext(clock, createScriptedNet());
  const source = replaySource({ name: "again", lines: () => lines, ...options });
  source.start(context);
  return { clock, context, source, topics: () => context.events.map(({ topic }) => topic) };
}

describe("a replay", () => {
  test("gives each event when it is due, as a new one with what it was", async () => {
    const { clock, context, topics, source } = setUp(recording([0, 100, 100, 250]));
    await clock.settle();
    expect(topics()).toEqual(["t.0"]);
    await clock.advance(99);
    expect(topics()).toEqual(["t.0"]);
    await clock.advance(1);
    expect(topics()).toEqual(["t.0", "t.1", "t.2"]);
    expect(context.events[1]).toEqual({
      topic: "t.1",
      text: '{"n":1}',
      encoding: "json",
      origin: "replayed",
      receivedAt: clock.now(),
      id: "an-id",
      key: "k-1",
      type: undefined,
      correlationId: "c-1",
    });
    await clock.advance(150);
    expect(await source.finished).toEqual({
      events: 4,
      wrongLines: 0,
      torn: false,
      rounds: 1,
      lateMs: { mean: 0, max: 0 },
      ended: "end",
      reason: undefined,
    });
    expect(source.status()).toMatchObject({ state: "closed", reason: "the recording was played" });
  });

  test("is so many times as fast, and at its fastest waits for nothing", async () => {
    const ten = setUp(recording([0, 100, 250]), { speed: 10 });
    await ten.clock.advance(10);
    expect(ten.topics()).toEqual(["t.0", "t.1"]);
    await ten.clock.advance(15);
    expect(ten.topics()).toHaveLength(3);
    const max = setUp(recording(Array.from({ length: 1_000 }, (_, n) => n * 1_000)), { speed: "max" });
    while (max.topics().length < 1_000) await max.clock.settle();
    expect(await max.source.finished).toMatchObject({ events: 1_000, lateMs: undefined });
    expect(max.topics()).toEqual(Array.from({ length: 1_000 }, (_, n) => `t.${n}`));
  });

  test("gives nothing while it is held back, and then what is late at once", async () => {
    const { clock, context, source, topics } = setUp(recording([0, 100, 200, 300, 400]));
    context.behind = true;
    await clock.advance(350);
    expect(topics()).toEqual(["t.0"]);
    context.behind = false;
    source.resume();
    await clock.settle();
    expect(topics()).toEqual(["t.0", "t.1", "t.2", "t.3"]);
    await clock.advance(50);
    expect(await source.finished).toMatchObject({ events: 5, lateMs: { mean: (250 + 150 + 50) / 5, max: 250 } });
  });

  test("plays a part: from then at once, and nothing after", async () => {
    const { clock, source, topics } = setUp(recording([0, 100, 200, 300]), { fromMs: 100, toMs: 300 });
    await clock.settle();
    expect(topics()).toEqual(["t.1"]);
    await clock.advance(100);
    expect(topics()).toEqual(["t.1", "t.2"]);
    expect(await source.finished).toMatchObject({ events: 2, ended: "end" });
  });

  test("goes round until it is closed, and makes other ids of the same ones", async () => {
    const { clock, context, source, topics } = setUp(recording([0, 100]), { loop: true });
    await clock.advance(250);
    expect(topics()).toEqual(["t.0", "t.1", "t.0", "t.1", "t.0"]);
    expect(context.events.map(({ id }) => id)).toEqual([undefined, "an-id", undefined, "an-id (round 2)", undefined]);
    await source.close();
    expect(await source.finished).toMatchObject({ events: 5, ended: "closed", rounds: 3 });
    expect(clock.timerCount).toBe(0);
  });

  test("does not go round without an event to play", async () => {
    const { clock, source } = setUp(recording([]), { loop: true });
    await clock.settle();
    expect(await source.finished).toMatchObject({ events: 0, ended: "end" });
  });

  test("tells of wrong lines and of a torn end, and plays the rest", async () => {
    const wrong: string[] = [];
    const lines = recording([0, 1], ['{"at":"x"}\n', ...recording([2]).slice(1), '{"at":9,"sour']);
    const { clock, source, topics } = setUp(lines, { speed: "max", onWrongLine: (line) => wrong.push(line) });
    await clock.settle();
    expect(topics()).toEqual(["t.0", "t.1", "t.0"]);
    expect(wrong).toEqual(['line 4: at: a number from 0 expected, found "x"']);
    expect(await source.finished).toMatchObject({ events: 3, wrongLines: 1, torn: true, ended: "end" });
  });

  test("of what is no recording says so in its status and in the log, and gives nothing", async () => {
    const { clock, context, source } = setUp(['{"some":"file"}\n']);
    await clock.settle();
    expect(await source.finished).toMatchObject({ events: 0, ended: "unusable" });
    expect(source.status()).toMatchObject({ state: "refused" });
    expect(source.status().reason).toMatch(/line 1 is no header/u);
    expect(context.logger.lines.map(({ level }) => level)).toContain("error");
  });

  test("reads a file, and says of one that is not there what is the matter", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ringfirst-replay-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "a.ndjson");
    writeFileSync(path, recording([0, 0, 0]).join(""));
    const context = createSpyContext(createFakeClock(), createScriptedNet());
    const source = replaySource({ name: "file", path });
    source.start(context);
    expect(await source.finished).toMatchObject({ events: 3, ended: "end" });
    const none = replaySource({ name: "none", path: join(folder, "gone.ndjson") });
    none.start(context);
    expect((await none.finished).reason).toMatch(/ENOENT/u);
  });

  test("of several sources gives each its own events, in the recording's order, once all were started", async () => {
    const clock = createFakeClock();
    const order: string[] = [];
    const { sources, finished } = replaySources(["main", "local"], {
      lines: () => recording([0, 0, 0, 0]),
      speed: "max",
    });
    for (const source of sources) {
      const context = createSpyContext(clock, createScriptedNet());
      const note = context.receive.bind(context);
      source.start({ ...context, receive: (event) => (order.push(`${source.name} ${event.topic}`), note(event)) });
      await clock.settle();
      if (source.name === "main") expect(order).toEqual([]);
    }
    expect(await finished).toMatchObject({ events: 4 });
    expect(order).toEqual(["main t.0", "main t.1", "local t.2", "main t.3"]);
  });

  test("waits for all when one of several is held back", async () => {
    const clock = createFakeClock();
    const { sources } = replaySources(["main", "local"], { lines: () => recording([0, 100, 200]) });
    const contexts = sources.map((source) => {
      const context = createSpyContext(clock, createScriptedNet());
      source.start(context);
      return context;
    });
    const count = (): number => contexts.reduce((sum, { events }) => sum + events.length, 0);
    await clock.settle();
    sources[0]?.pause();
    sources[1]?.pause();
    await clock.advance(500);
    sources[0]?.resume();
    await clock.settle();
    expect(count()).toBe(1);
    sources[1]?.resume();
    await clock.settle();
    expect(count()).toBe(3);
  });

  test.each([
    [{ speed: 0 }, /speed: "max" or a number above 0/u],
    [{ speed: Number.NaN }, /speed/u],
    [{ fromMs: -1 }, /fromMs/u],
    [{ fromMs: 5, toMs: 5 }, /toMs: milliseconds after fromMs/u],
  ])("refuses %j", (options, message) => {
    expect(() => replaySource({ name: "a", lines: () => [], ...options })).toThrow(message);
    expect(() => replaySource({ name: "", lines: () => [] })).toThrow(/name/u);
  });
});
