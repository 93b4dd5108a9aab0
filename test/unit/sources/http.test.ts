import { describe, expect, test } from "vitest";
import type { IntakeResult, PushAnswer, PushSource, ReceivedEvent } from "../../../src/ports/source.ts";
import type { HttpSourceLimits } from "../../../src/sources/http.ts";
import { httpSource } from "../../../src/sources/http.ts";
import type { FakeClock } from "../../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createScriptedNet } from "../../support/scripted-net.ts";
import type { SpyContext } from "../../support/source-context.ts";
import { createSpyContext } from "../../support/source-context.ts";

interface Setup {
  readonly clock: FakeClock;
  readonly context: SpyContext;
  readonly source: PushSource;
  readonly push: (body: unknown, contentType?: string) => Promise<PushAnswer>;
  readonly admitted: ReceivedEvent[][];
}

function setUp(limits: Partial<HttpSourceLimits> = {}): Setup {
  const clock = createFakeClock();
  const context = createSpyContext(clock, createScriptedNet());
  const admitted: ReceivedEvent[][] = [];
  const answer = context.admitting;
  context.admitting = (events) => {
    admitted.push([...events]);
    return answer(events);
  };
  const source = httpSource({ name: "local", limits });
  source.start(context);
  return {
    clock,
    context,
    source,
    admitted,
    push: (body, contentType = "application/json") =>
      source.push(new TextEncoder().encode(JSON.stringify(body)), contentType),
  };
}

describe("the http source", () => {
  test("admits a batch in one piece and answers with the work queue's own words, in order", async () => {
    const { push, context, admitted, clock } = setUp();
    const results: IntakeResult[] = [
      { status: "full", id: "a", class: "standard", key: undefined },
      { status: "admitted", id: "b", class: "high", key: "k", seq: 4 },
    ];
    const note = context.admitting;
    context.admitting = async (events) => {
      await note(events);
      return results;
    };
    expect(
      await push([
        { topic: "t", body: 1, id: "a" },
        { topic: "t", body: 2, id: "b", key: "k" },
      ]),
    ).toEqual({ kind: "items", results });
    expect(admitted).toMatchObject([
      [
        { topic: "t", id: "a", origin: "live", encoding: "json", receivedAt: clock.now() },
        { topic: "t", id: "b", key: "k" },
      ],
    ]);
  });

  test("reads the forms by media type", async () => {
    const { push, admitted } = setUp();
    const event = { specversion: "1.0", id: "i", source: "/s", type: "t" };
    expect((await push(event, "application/cloudevents+json")).kind).toBe("items");
    expect((await push([event], "application/cloudevents-batch+json")).kind).toBe("items");
    expect((await push([event, { topic: "t", body: 1 }])).kind).toBe("items");
    expect((await push([event], "application/cloudevents+json")).kind).toBe("malformed");
    expect(admitted.map(({ length }) => length)).toEqual([1, 1, 2]);
  });

  test.each(["", "text/plain", "application/xml", "application/x-ndjson", "__proto__"])(
    "does not take %j, and says what it takes",
    async (contentType) => {
      const { push } = setUp();
      expect(await push({ topic: "t", body: 1 }, contentType)).toEqual({
        kind: "unsupported-media-type",
        message:
          "Content-Type must be one of application/json, application/cloudevents+json, application/cloudevents-batch+json",
      });
    },
  );

  test("admits nothing of a body with one malformed item", async () => {
    const { push, admitted } = setUp();
    expect(await push([{ topic: "t", body: 1 }, { topic: "t" }])).toEqual({
      kind: "malformed",
      message: 'item 1: "body": any JSON value expected, found nothing',
    });
    expect(admitted).toEqual([]);
  });

  test("keeps to its limits", async () => {
    const { push, admitted } = setUp({ maxItems: 1, maxFrameBytes: 4, maxDepth: 3 });
    const one = { topic: "t", body: "xx" };
    expect((await push([one])).kind).toBe("items");
    expect((await push([one, one])).kind).toBe("too-large");
    expect((await push({ topic: "t", body: "xxx" })).kind).toBe("too-large");
    expect((await push({ topic: "t", body: [[[1]]] })).kind).toBe("malformed");
    expect(admitted.length).toBe(1);
  });

  test("an empty batch is nothing to admit", async () => {
    const { push, admitted } = setUp();
    expect(await push([])).toEqual({ kind: "items", results: [] });
    expect(admitted).toEqual([]);
  });

  test("is live once it is started, and never a source that can't wait", () => {
    const source = httpSource({ name: "local" });
    expect([source.status().state, source.live, source.type]).toEqual(["starting", false, "http"]);
    const { source: started, clock } = setUp();
    expect(started.status()).toEqual({
      state: "live",
      since: clock.now(),
      reason: undefined,
      connections: [],
      rejectedTopics: [],
    });
  });

  test("holds requests back while it is paused, until it is let go", async () => {
    const { push, source, admitted, clock } = setUp();
    source.pause();
    const answer = push({ topic: "t", body: 1 });
    await clock.advance(1_999);
    expect(admitted).toEqual([]);
    source.resume();
    expect((await answer).kind).toBe("items");
    expect(clock.timerCount).toBe(0);
  });

  test("holds them back for two seconds at most, then lets the work queue decide", async () => {
    const { push, source, admitted, clock } = setUp();
    source.pause();
    const answer = push({ topic: "t", body: 1 });
    await clock.advance(2_000);
    expect(admitted.length).toBe(1);
    expect((await answer).kind).toBe("items");
  });

  test("close lets requests in hand finish and takes no more", async () => {
    const { push, source, context } = setUp();
    const gate = Promise.withResolvers<readonly IntakeResult[]>();
    context.admitting = () => gate.promise;
    source.pause();
    const answer = push({ topic: "t", body: 1 });
    let closed = false;
    const closing = source.close().then(() => (closed = true));
    await Promise.resolve();
    expect(closed).toBe(false);
    await expect(push({ topic: "t", body: 2 })).rejects.toMatchObject({ code: "RF_SERVICE_CLOSED", retryable: true });
    gate.resolve([]);
    await closing;
    expect((await answer).kind).toBe("items");
    await source.close();
    expect(source.status().state).toBe("closed");
  });

  test("takes nothing before it is started", async () => {
    const source = httpSource({ name: "local" });
    await expect(source.push(new Uint8Array(), "application/json")).rejects.toMatchObject({
      code: "RF_SERVICE_CLOSED",
    });
  });

  test.each([
    { name: "" },
    { name: "n", limits: { maxItems: 0 } },
    { name: "n", limits: { holdMs: -1 } },
    { name: "n", limits: { maxDepth: 1.5 } },
  ])("refuses %j", (options) => {
    expect(() => httpSource(options)).toThrow(expect.objectContaining({ code: "RF_OPTION_INVALID" }));
  });
});
