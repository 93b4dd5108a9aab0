import { describe, expect, test } from "vitest";
import { dead, retry } from "../../src/core/outcome.ts";
import type { RingfirstEvent } from "../../src/core/event.ts";
import type { RingfirstOptions, SinkOptions } from "../../src/options.ts";
import type { DeliveryContext, Sink } from "../../src/ports/sink.ts";
import type { Source, SourceContext, SourceStatus } from "../../src/ports/source.ts";
import { createRingfirst, type Ringfirst } from "../../src/ringfirst.ts";
import { handlerSink } from "../../src/sinks/handler.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { createLogSpy } from "../support/log-spy.ts";

interface HandSource extends Source {
  context: SourceContext | undefined;
  state: SourceStatus["state"];
  readonly calls: string[];
  give(topic: string, body: unknown, key?: string): boolean;
}

function handSource(name = "main", live = true): HandSource {
  const source: HandSource = {
    name,
    type: "test",
    live,
    context: undefined,
    state: "live",
    calls: [],
    start(context) {
      source.context = context;
    },
    pause: () => source.calls.push("pause"),
    resume: () => source.calls.push("resume"),
    status: () => ({
      state: source.state,
      since: 0,
      reason: source.state === "live" ? undefined : "no socket",
      connections: [],
      rejectedTopics: [],
    }),
    async close() {
      source.calls.push("close");
    },
    give(topic, body, key) {
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      const { context } = source;
      if (context === undefined) throw new Error("not started");
      return context.receive({
        topic,
        body: bytes,
        encoding: "json",
        origin: "live",
        receivedAt: context.clock.now(),
        key,
      });
    },
  };
  return source;
}

interface Rig {
  readonly clock: FakeClock;
  readonly source: HandSource;
  readonly service: Ringfirst;
  readonly seen: RingfirstEvent[];
}

type Handle = (event: RingfirstEvent, context: DeliveryContext) => unknown;

async function rig(
  more: Partial<RingfirstOptions> & { handle?: Handle; sinkOptions?: Partial<SinkOptions> } = {},
): Promise<Rig> {
  const { handle, sinkOptions, ...options } = more;
  const clock = createFakeClock();
  const source = handSource();
  const seen: RingfirstEvent[] = [];
  const sink = handlerSink({
    name: "crm",
    handle(event, context) {
      seen.push(event);
      return handle?.(event, context);
    },
  });
  const service = await createRingfirst({ sources: [source], sinks: [{ sink, ...sinkOptions }], clock, ...options });
  service.start();
  return { clock, source, service, seen };
}

const RINGING = "v2.users.u1.conversations.calls";
const ringing = { id: "c1", participants: [{ purpose: "agent", state: "alerting" }] };

describe("the service", () => {
  test("takes an event from the source to the sink, classified by the built-in rules", async () => {
    const { clock, source, service, seen } = await rig();
    expect(source.give(RINGING, ringing, "c1")).toBe(true);
    source.give("v2.users.u1.presence", { source: "PURECLOUD" }, "u1");
    await clock.settle();
    expect(seen.map(({ topic, class: className, key, sequence }) => [topic, className, key, sequence])).toEqual([
      [RINGING, "critical", "c1", 1],
      ["v2.users.u1.presence", "high", "u1", 2],
    ]);
    expect(seen[0]?.body).toEqual(ringing);
    const status = await service.status();
    expect(status).toMatchObject({ state: "running", ready: true, intake: { received: 2, admitted: 2, pending: 0 } });
    expect(status.classes.map(({ name, delivered }) => [name, delivered])).toEqual([
      ["critical", 1],
      ["high", 1],
      ["standard", 0],
    ]);
    expect(status.rules.find(({ matched }) => matched > 0)).toBeDefined();
    expect(status.recentCritical).toMatchObject([{ topic: RINGING, key: "c1", sink: "crm", result: "ack" }]);
    await service.close();
  });

  test("is ready only while its sources stand, and says why not", async () => {
    const { service, source } = await rig();
    expect(service.readiness()).toEqual({ ready: true, reasons: [] });
    source.state = "waiting";
    expect(service.readiness()).toEqual({ ready: false, reasons: ["main: waiting: no socket"] });
    await service.close();
    expect(service.readiness()).toEqual({ ready: false, reasons: ["the service is closed"] });
  });

  test("tells of gaps and of dead letters, redrives them, and survives listeners that throw", async () => {
    let broken = true;
    const { clock, source, service, seen } = await rig({
      handle: () => (broken ? dead("no such customer") : undefined),
    });
    const told: string[] = [];
    service.on("deadLettered", () => {
      throw new Error("mine");
    });
    service.on("deadLettered", ({ sink, sequence, cause }) => told.push(`${sink} ${sequence} ${cause}`));
    service.on("gapEnded", ({ cause }) => told.push(cause));
    source.give(RINGING, ringing, "c1");
    source.context?.openGap({ topics: ["*"], cause: "cut", from: clock.now() }).end(clock.now());
    await clock.settle();
    expect(told).toEqual(["cut", "crm 1 no such customer"]);
    expect(await service.deadLetters({})).toMatchObject([{ sink: "crm", seq: 1, class: "critical", key: "c1" }]);
    broken = false;
    expect(await service.redrive("crm", [1, 99])).toEqual(["redriven", "unknown"]);
    await clock.settle();
    expect(seen.map(({ redriven }) => redriven)).toEqual([0, 1]);
    expect((await service.status()).gaps).toMatchObject({ open: 0, total: 1 });
    await service.close();
  });

  test("is not ready while a sink can't deliver", async () => {
    let trouble: string | undefined = "the reader has closed the pipe";
    const sink: Sink = {
      ...handlerSink({ name: "out", handle: () => undefined }),
      trouble: () => trouble,
    };
    const service = await createRingfirst({ sources: [handSource()], sinks: [{ sink }], clock: createFakeClock() });
    service.start();
    expect(service.readiness()).toEqual({ ready: false, reasons: ["out: the reader has closed the pipe"] });
    expect((await service.status()).notReady).toEqual(["out: the reader has closed the pipe"]);
    trouble = undefined;
    expect(service.readiness().ready).toBe(true);
    await service.close();
  });

  test("a sink that is down tells of its dead letters now and then, and counts them all", async () => {
    const logger = createLogSpy();
    const { clock, source, service } = await rig({ handle: () => dead("down"), logger });
    const lines = (): number => logger.lines.filter(({ message }) => message.includes("dead letter")).length;
    for (let n = 0; n < 50; n += 1) source.give(RINGING, { n }, `c${n}`);
    await clock.settle();
    expect(lines()).toBe(1);
    await clock.advance(10_000);
    source.give(RINGING, { n: 50 }, "c50");
    await clock.settle();
    expect(lines()).toBe(2);
    expect(logger.lines.at(-1)?.fields["count"]).toBe(50);
    expect((await service.deadLetters({ limit: 1_000 })).length).toBe(51);
    await service.close();
  });

  test("pauses and resumes a sink; its backlog waits in order", async () => {
    const { clock, source, service, seen } = await rig();
    expect([service.pauseSink("crm"), service.pauseSink("nobody")]).toEqual([true, false]);
    source.give("v2.users.u1.presence", { n: 1 }, "u1");
    source.give(RINGING, ringing, "c1");
    await clock.settle();
    expect(seen).toEqual([]);
    expect((await service.status()).sinks).toMatchObject([{ name: "crm", paused: true, queue: { waiting: 2 } }]);
    service.resumeSink("crm");
    await clock.settle();
    expect(seen.map(({ class: className }) => className)).toEqual(["critical", "high"]);
    await service.close();
  });

  test("a sink's condition chooses, and explain says so without admitting anything", async () => {
    const { clock, source, service, seen } = await rig({ sinkOptions: { when: 'class == "critical"' } });
    source.give("v2.users.u1.presence", {}, "u1");
    source.give(RINGING, ringing, "c1");
    await clock.settle();
    expect(seen.map(({ class: className }) => className)).toEqual(["critical"]);
    const explained = service.explain({ topic: "v2.users.u1.presence", body: {} });
    expect(explained).toMatchObject({ class: "high", sinks: [{ name: "crm", takes: false }] });
    expect((await service.status()).intake.received).toBe(2);
    expect((await service.status()).store.unrouted).toBe(1);
    await service.close();
  });

  test("closing takes nothing more, empties the memory store, and reports what the budget did not reach", async () => {
    const patient = await rig({
      handle: (_event, { signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
    });
    patient.source.give(RINGING, ringing, "c1");
    patient.source.give(RINGING, ringing, "c1");
    await patient.clock.settle();
    const closing = patient.service.close();
    expect(patient.source.calls).toEqual(["close"]);
    expect(patient.source.give(RINGING, ringing)).toBe(false);
    await patient.clock.advance(10_000);
    await expect(closing).resolves.toMatchObject({ clean: false });
    await expect(patient.service.closed).resolves.toMatchObject({ clean: false });

    const quick = await rig({ handle: (event) => (event.waitedMs < 100 ? retry("later") : undefined) });
    quick.source.give(RINGING, ringing, "c1");
    await quick.clock.settle();
    const ending = quick.service.close();
    await quick.clock.advance(5_000);
    await expect(ending).resolves.toMatchObject({ waiting: 0, aborted: 0, clean: true });
    expect(quick.clock.timerCount).toBe(0);
  });

  test("pressure holds back the sources that can wait, never the live ones", async () => {
    const waiting = handSource("feed", false);
    const live = handSource("main", true);
    const clock = createFakeClock();
    const out: (() => void)[] = [];
    const service = await createRingfirst({
      sources: [live, waiting],
      sinks: [{ sink: handlerSink({ name: "crm", handle: () => new Promise<void>((resolve) => out.push(resolve)) }) }],
      limits: { maxEvents: 1_000 },
      clock,
    });
    service.start();
    for (let n = 0; n < 1_000; n += 1) live.give("x", { n });
    await clock.settle();
    expect([live.calls, waiting.calls]).toEqual([[], ["pause"]]);
    expect((await service.status()).pressure.holding).toBe(true);
    for (let round = 0; round < 80; round += 1) {
      for (const done of out.splice(0)) done();
      await clock.advance(100);
    }
    expect(waiting.calls).toEqual(["pause", "resume"]);
    await service.close();
  });

  test("refuses what can't be right before anything is opened", async () => {
    const sink: Sink = handlerSink({ name: "crm", handle: () => undefined });
    const source = handSource();
    const wrong: Partial<RingfirstOptions>[] = [
      { sources: [source, source] },
      { sinks: [{ sink }, { sink }] },
      { sinks: [{ sink, concurrency: 0 }] },
      { sinks: [{ sink, concurrency: 2, reserve: { critical: 2 } }] },
      { sinks: [{ sink, reserve: { urgent: 1 } }] },
      { limits: { maxEvents: 0 } },
      { pressure: { pauseAbove: 0.5, resumeBelow: 0.6 } },
      { classes: [] },
      { drainMs: -1 },
    ];
    for (const options of wrong) {
      await expect(createRingfirst({ sources: [source], sinks: [{ sink }], ...options })).rejects.toMatchObject({
        code: "RF_OPTION_INVALID",
      });
    }
    const rules = [{ name: "odd", class: "critical", when: "body.x ==" }];
    await expect(createRingfirst({ sources: [source], sinks: [{ sink }], rules })).rejects.toMatchObject({
      code: "RF_RULE_INVALID",
    });
  });
});
