import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseScenario } from "../../../src/cli/emulate/scenario-file.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import type { Scenario } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { fencedBlocks } from "../../architecture/documents.ts";
import { call, newChannel, newToken, openSocket } from "../../support/emulator-client.ts";
import { faultStage, TOPIC } from "./fault-stage.ts";

const outcomes = (
  log: readonly { readonly atMs: number; readonly what: string; readonly outcome: string }[],
): unknown => log.map(({ atMs, what, outcome }) => [atMs, what, outcome]);

describe("a scenario", () => {
  test("closes all channels' sockets at ten seconds, and answers 429 from thirty for five", async () => {
    const steps = [
      { at: "10s", fault: "close", code: 1012 },
      { at: "30s", for: "5s", fault: "rate-limit", on: "rest", retryAfterS: 2 },
    ];
    await using stage = await faultStage({ scenario: { name: "bad day", steps } });
    const { emulator, clock, channel, socket } = stage;
    const others = await Promise.all(
      Array.from({ length: 19 }, () =>
        newChannel(emulator, channel.token, [TOPIC]).then(({ connectUri }) => openSocket(connectUri)),
      ),
    );
    await clock.advance(10_000);
    const codes = await Promise.all([socket, ...others].map(({ closed }) => closed.then(({ code }) => code)));
    expect(codes).toEqual(Array.from({ length: 20 }, () => 1012));
    const ask = (): Promise<number> =>
      call(emulator, "GET", "/api/v2/users", channel.token).then(({ status }) => status);
    await clock.advance(19_999);
    expect(await ask()).toBe(200);
    await clock.advance(1);
    expect([await ask(), await ask()]).toEqual([429, 429]);
    await clock.advance(5000);
    expect(await ask()).toBe(200);
    const { json } = await call(emulator, "GET", "/_emulator/scenario");
    expect(json).toMatchObject({ name: "bad day", state: "ended", round: 1, rounds: 1 });
    expect(outcomes(json.log)).toEqual([
      [10_000, "close (code 1012)", "20 sockets"],
      [30_000, "rate-limit (on rest, retryAfterS 2, forMs 5000)", ""],
    ]);
    expect(json.steps.map(({ done }: { done: number }) => done)).toEqual([1, 1]);
  });

  test("repeats rounds of a given length, and steps within a round", async () => {
    const steps = [{ at: 100, every: 200, times: 2, emit: { topicName: TOPIC, eventBody: { message: "tick" } } }];
    await using stage = await faultStage({ scenario: { repeat: 2, every: "1s", steps } });
    await stage.clock.advance(10_000);
    await stage.socket.until(4);
    const { state, round, log } = stage.emulator.scenarios.state() ?? {};
    expect([state, round]).toEqual(["ended", 2]);
    expect(log?.map(({ atMs, outcome }) => [atMs, outcome])).toEqual([
      [100, "number 1 in the ledger"],
      [300, "number 2 in the ledger"],
      [1100, "number 3 in the ledger"],
      [1300, "number 4 in the ledger"],
    ]);
  });

  test("goes on for ever when it is told so, with a log that stays bounded", async () => {
    const clock = createFakeClock();
    await using emulator = createEmulator({
      callsPerHour: 0,
      clock,
      scenario: { repeat: "forever", every: "1s", steps: [{ at: 0, note: "here" }] },
    });
    await emulator.listen();
    await clock.advance(1_200_000);
    const { state, round, rounds, log, steps } = emulator.scenarios.state() ?? {};
    expect([state, round, rounds, steps?.[0]?.done]).toEqual(["running", 1201, undefined, 1201]);
    expect(log).toHaveLength(1000);
    expect(log?.at(-1)).toMatchObject({ atMs: 1_200_000, round: 1201, what: "here" });
  });

  test("leaves to its seed what is left to chance: the same seed, the same instants", async () => {
    const play = async (seed: number): Promise<readonly number[]> => {
      const clock = createFakeClock();
      const scenario: Scenario = { seed, repeat: 20, every: "1m", steps: [{ at: 0, within: "30s", note: "somewhen" }] };
      await using emulator = createEmulator({ callsPerHour: 0, clock, scenario });
      await emulator.listen();
      await clock.advance(1_300_000);
      return emulator.scenarios.state()?.log.map(({ atMs }) => atMs) ?? [];
    };
    const first = await play(5);
    expect(first).toHaveLength(20);
    expect(await play(5)).toEqual(first);
    expect(await play(6)).not.toEqual(first);
    expect(first.every((atMs, round) => atMs >= round * 60_000 && atMs < round * 60_000 + 30_000)).toBe(true);
  });

  test("may wait for the first socket", async () => {
    const clock = createFakeClock();
    await using emulator = createEmulator({
      callsPerHour: 0,
      clock,
      scenario: { begin: "first-socket", steps: [{ at: "1s", fault: "drop" }] },
    });
    await emulator.listen();
    await clock.advance(60_000);
    expect(emulator.scenarios.state()?.state).toBe("waiting");
    const socket = await openSocket((await newChannel(emulator, await newToken(emulator))).connectUri);
    await clock.advance(1000);
    expect((await socket.closed).code).toBe(1006);
    expect(emulator.scenarios.state()).toMatchObject({ state: "ended", log: [{ atMs: 1000, outcome: "1 socket" }] });
  });

  test("holds the traffic, lets it go on, ends faults, and starts several at once", async () => {
    const clock = createFakeClock();
    const steps = [
      { at: "1m", traffic: false },
      { at: "2m", traffic: true },
      {
        at: "3m",
        faults: [
          { fault: "gap", forMs: "1h" },
          { fault: "hang", count: 5 },
        ],
      },
      { at: "4m", clear: true as const },
    ];
    await using emulator = createEmulator({ callsPerHour: 3600, clock, scenario: { steps } });
    await emulator.listen();
    const produced = async (ms: number): Promise<number> => {
      const before = emulator.ledger({ limit: 1 }).total;
      await clock.advance(ms);
      return emulator.ledger({ limit: 1 }).total - before;
    };
    expect(await produced(60_000)).toBeGreaterThan(0);
    expect(await produced(59_999)).toBe(0);
    expect(await produced(60_000)).toBeGreaterThan(0);
    await clock.advance(1);
    expect(emulator.faults.active().map(({ fault }) => fault)).toEqual(["gap", "hang"]);
    await clock.advance(60_000);
    expect(emulator.faults.active()).toEqual([]);
  });

  test("is started, replaced and stopped by the control room; a wrong one leaves what is played alone", async () => {
    await using stage = await faultStage();
    const { emulator, clock } = stage;
    const post = (body: unknown): ReturnType<typeof call> =>
      call(emulator, "POST", "/_emulator/scenario", undefined, body);
    expect((await call(emulator, "GET", "/_emulator/scenario")).json).toEqual({ state: "none" });
    expect((await post({ name: "one", steps: [{ at: "5s", fault: "drop" }] })).json).toMatchObject({
      state: "running",
      next: { step: 0, inMs: 5000 },
    });
    const wrong = await post({ steps: [{ at: "5s", fault: "dorp" }] });
    expect(wrong.status).toBe(400);
    expect(wrong.json.error).toContain("steps[0].fault: fault must be one of close, drop");
    expect(emulator.scenarios.state()).toMatchObject({ name: "one", state: "running" });
    expect((await call(emulator, "DELETE", "/_emulator/scenario")).json.state).toBe("stopped");
    await clock.advance(10_000);
    expect(stage.socket.ws.readyState).toBe(stage.socket.ws.OPEN);
  });

  test("begins anew when the emulator is reset", async () => {
    const clock = createFakeClock();
    const scenario: Scenario = { steps: [{ at: "10s", note: "here" }] };
    await using emulator = createEmulator({ callsPerHour: 0, clock, scenario });
    await emulator.listen();
    await clock.advance(9000);
    emulator.reset();
    await clock.advance(9000);
    expect(emulator.scenarios.state()?.log).toEqual([]);
    await clock.advance(1000);
    expect(emulator.scenarios.state()).toMatchObject({ state: "ended", log: [{ what: "here" }] });
  });
});

describe("a scenario file", () => {
  const wrong = `name: bad day
seed: many
repeat: 3
steps:
  - at: soon
    fault: close
  - at: 1s
    fault: close
    code: 77
  - at: 2s
    fault: stall
    heartbeat: true
  - { at: 3s, fault: drop, clear: true }
  - { at: 4s, emit: [{ topicName: a, eventBody: {} }, { topic: a }] }
  - { every: 1s, note: never }
  - { at: 6s, traffic: on }
extra: 1
`;

  test("is refused with every mistake, its line, and what is allowed", () => {
    const refused = ((): string => {
      try {
        parseScenario(wrong, "day.yaml");
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    })();
    const lines = refused.split("\n").map((line) => line.trim());
    const wanted: readonly (readonly [string, string])[] = [
      ["day.yaml:2:7: seed:", "a whole number"],
      [
        "day.yaml:5:9: steps[0].at:",
        'a length of time like 500ms, 10s, 2m, 1h, or a number of milliseconds; got "soon"',
      ],
      ["day.yaml:9:11: steps[1].code:", "a close code (1000 to 1014 or 3000 to 4999)"],
      ["day.yaml:12:16: steps[2].heartbeat:", "it may have afterMs, forMs, count, socket, heartbeats"],
      ["day.yaml:13:5: steps[3]:", "this one has fault and clear"],
      ["day.yaml:14:55: steps[4].emit[1]:", "{topicName, eventBody, version?, metadata?} or {topic, data}"],
      ["day.yaml:15:5: steps[5].at:", "at is missing"],
      ["day.yaml:15:5: steps[5].times:", "every alone never ends"],
      ["day.yaml:16:24: steps[6].traffic:", "true or false"],
      ["day.yaml:17:8: extra:", "a scenario has no extra; it may have name, seed, begin, repeat, every, steps"],
    ];
    for (const [place, allowed] of wanted) {
      const line = lines.find((one) => one.startsWith(place));
      expect(line, place).toContain(allowed);
    }
    expect(lines[0]).toBe(`${wanted.length} problems in the scenario`);
  });

  test.each([
    ["", "day.yaml:1:1: the file is empty"],
    ["steps: [", "day.yaml:1:"],
    ["[]", "a scenario is an object with steps"],
    ["steps: []", "steps must be a list of 1 to 10000 steps"],
    ["repeat: 2\nsteps: [{ at: 0, note: x }]", "day.yaml:1:9: repeat: a round without length can't repeat"],
    ["steps: [{ at: 1s, for: 2s, note: x }]", "steps[0].for: only faults last"],
    ["steps: [{ at: 1s, times: 3, note: x }]", "steps[0].every: every must say"],
    ["steps: [{ at: 1s, fault: gap, for: soon }]", "steps[0].for:"],
  ])("%j is refused: %s", (text, message) => {
    expect(() => parseScenario(text, "day.yaml")).toThrow(message);
  });

  test("may be JSON", () => {
    expect(parseScenario('{"steps":[{"at":"1s","fault":"drop"}]}', "day.json").steps).toHaveLength(1);
  });

  test("the examples of the page can be played", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/emulator.md"), "utf8");
    const examples = fencedBlocks(page, "yml");
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const emulator = createEmulator({ callsPerHour: 0, scenario: parseScenario(example, "docs/emulator.md") });
      expect(emulator.scenarios.state()?.state).toBe("waiting");
    }
  });
});
