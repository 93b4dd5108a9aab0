/** What nobody outside the platform knows for certain, each way; and lives that go by faster. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DEFAULT_SWITCHES } from "../../../src/emulator/switches.ts";
import { call, login, newToken, openSocket, refusedStatus } from "../../support/emulator-client.ts";
import type { FaultStage } from "./fault-stage.ts";
import { faultStage, TOPIC } from "./fault-stage.ts";

const CHANNELS = "/api/v2/notifications/channels";
const MORE = "v2.users.b.presence";

function subscribe(
  stage: FaultStage,
  method: string,
  ids: readonly string[],
  token = stage.channel.token,
): ReturnType<typeof call> {
  const topics = ids.map((id) => ({ id }));
  return call(stage.emulator, method, `${CHANNELS}/${stage.channel.id}/subscriptions`, token, topics);
}

async function held(stage: FaultStage): Promise<string[]> {
  const { json } = await call(
    stage.emulator,
    "GET",
    `${CHANNELS}/${stage.channel.id}/subscriptions`,
    stage.channel.token,
  );
  return json.entities.map(({ id }: { id: string }) => id);
}

describe("a second socket on a channel", () => {
  test("drops the first, with the code that is set", async () => {
    await using stage = await faultStage({ switches: { replacedCode: 4001 } });
    const second = await openSocket(stage.channel.connectUri);
    expect((await stage.socket.closed).code).toBe(4001);
    stage.say("to the second");
    await second.until(1);
    second.ws.terminate();
  });

  test("is refused, while the first is there", async () => {
    await using stage = await faultStage({ switches: { secondSocket: "refused" } });
    expect(await refusedStatus(stage.channel.connectUri)).toBe(409);
    stage.emulator.faults.inject({ fault: "drop" });
    await stage.socket.closed;
    (await openSocket(stage.channel.connectUri)).ws.terminate();
  });
});

describe("lives", () => {
  const DAY = 86_400_000;

  test.each([
    [true, 200],
    [false, 404],
  ])("subscribing extends a channel's life: %s", async (subscribingExtends, status) => {
    await using stage = await faultStage({ switches: { subscribingExtends }, tokenLifeS: 300_000 });
    await stage.clock.advance(DAY - 1000);
    await subscribe(stage, "POST", [MORE]);
    await stage.clock.advance(2000);
    expect((await call(stage.emulator, "HEAD", `${CHANNELS}/${stage.channel.id}`, stage.channel.token)).status).toBe(
      status,
    );
    if (status === 404) expect((await stage.socket.closed).code).toBe(1000);
  });

  test("go by as much faster as the time scale says, and the answers say so", async () => {
    await using stage = await faultStage({ timeScale: 1440 });
    const { emulator, clock, channel } = stage;
    expect((await login(emulator)).json.expires_in).toBe(60);
    const { json } = await call(emulator, "GET", CHANNELS, channel.token);
    expect(Date.parse(json.entities[0].expires) - clock.now()).toBe(60_000);
    await clock.advance(59_999);
    expect((await call(emulator, "HEAD", `${CHANNELS}/${channel.id}`, channel.token)).status).toBe(200);
    await clock.advance(1);
    await stage.socket.closed;
    expect((await call(emulator, "GET", CHANNELS, channel.token)).status).toBe(401);
    expect(await refusedStatus(channel.connectUri)).toBe(401);
  });

  test("of tokens end for channels too, unless they outlive them", async () => {
    await using stage = await faultStage({ switches: { tokenEnd: "outlives" }, tokenLifeS: 10 });
    await stage.clock.advance(11_000);
    expect((await call(stage.emulator, "GET", CHANNELS, stage.channel.token)).status).toBe(401);
    stage.say("still here");
    await stage.socket.until(1);
    expect(stage.heard()).toEqual(["still here"]);
  });

  test("of sockets whose client says nothing may be short", async () => {
    await using stage = await faultStage({ switches: { idleCloseMs: 5000 } });
    await stage.clock.advance(4000);
    stage.socket.ws.send(JSON.stringify({ message: "ping" }));
    await stage.socket.until(1);
    await stage.clock.advance(4999);
    stage.say("open");
    await stage.socket.until(2);
    await stage.clock.advance(1);
    expect(await stage.socket.closed).toEqual({ code: 1001, reason: "idle timeout" });
  });
});

describe("subscriptions", () => {
  test.each([
    ["not-found", 404],
    ["forbidden", 403],
    ["served", 200],
  ] as const)("by another token of the client are %s", async (otherTokens, status) => {
    await using stage = await faultStage({ switches: { otherTokens } });
    const answer = await subscribe(stage, "POST", [MORE], await newToken(stage.emulator));
    expect(answer.status).toBe(status);
    expect(await held(stage)).toEqual(status === 200 ? [TOPIC, MORE] : [TOPIC]);
  });

  test.each([
    [false, [TOPIC]],
    [true, []],
  ])("a refused PUT empties the channel: %s", async (refusedPutEmpties, left) => {
    await using stage = await faultStage({ switches: { refusedPutEmpties } });
    expect((await subscribe(stage, "PUT", ["v2.users.a.mood"])).status).toBe(400);
    expect((await subscribe(stage, "POST", ["v2.users.a.mood"])).status).toBe(400);
    expect(await held(stage)).toEqual(left);
  });

  test.each([
    [false, 200],
    [true, 400],
  ])("a topic that is subscribed once more counts once more: %s", async (repeatedTopicsCount, status) => {
    await using stage = await faultStage({ switches: { repeatedTopicsCount }, limits: { topicsPerChannel: 3 } });
    expect((await subscribe(stage, "POST", [TOPIC])).status).toBe(200);
    expect((await subscribe(stage, "POST", [TOPIC])).status).toBe(200);
    expect((await subscribe(stage, "POST", [MORE])).status).toBe(status);
    expect((await subscribe(stage, "PUT", [TOPIC, MORE, "v2.users.c.presence"])).status).toBe(200);
  });

  test.each([
    [true, 200],
    [false, 400],
  ])("parts of a combined topic may have dots: %s", async (combinedTakesDots, status) => {
    await using stage = await faultStage({ switches: { combinedTakesDots } });
    expect((await subscribe(stage, "POST", ["v2.users.b?conversations.calls&presence"])).status).toBe(status);
    expect((await subscribe(stage, "POST", ["v2.users.b?station&presence"])).status).toBe(200);
  });

  test("to somebody who isn't there are refused, where that is known", async () => {
    await using stage = await faultStage({ switches: { unknownIds: "refused" } });
    const { users, queues } = stage.emulator.directory;
    expect((await subscribe(stage, "POST", [MORE])).json.code).toBe("notification.invalid.topic");
    expect((await subscribe(stage, "POST", ["v2.routing.queues.none.users"])).status).toBe(400);
    const known = [`v2.users.${users[0]?.id}.presence`, `v2.routing.queues.${queues[0]?.id}.users`, "v2.flows.f"];
    expect((await subscribe(stage, "POST", known)).status).toBe(200);
  });
});

describe("words", () => {
  test("of errors at the login", async () => {
    const texts = {
      both: ["description", "error_description"],
      description: ["description"],
      error_description: ["error_description"],
      none: [],
    };
    for (const [oauthErrorText, wanted] of Object.entries(texts) as [keyof typeof texts, string[]][]) {
      await using stage = await faultStage({ switches: { oauthErrorText } });
      const { status, json } = await login(stage.emulator, "nobody");
      expect([status, json.error]).toEqual([400, "invalid_client"]);
      expect(Object.keys(json).slice(1)).toEqual(wanted);
    }
  });

  test("of the closing notice, and the code after it", async () => {
    await using stage = await faultStage({ switches: { closingBody: "empty", maintenanceCode: 1012 } });
    stage.emulator.faults.inject({ fault: "socket_closing", graceMs: "1s" });
    await stage.socket.until(1);
    expect(stage.socket.events()).toMatchObject([{ topicName: "v2.system.socket_closing", eventBody: {} }]);
    expect(Object.keys(stage.socket.events()[0]?.eventBody ?? { x: 1 })).toEqual([]);
    await stage.clock.advance(1000);
    expect((await stage.socket.closed).code).toBe(1012);
  });

  test("for the presence on queue, in events and in REST", async () => {
    await using stage = await faultStage({
      switches: { onQueueInEvents: "On Queue", onQueueInRest: "OnQueue" },
      callsPerHour: 1,
      agents: 3,
      seed: 3,
    });
    const { emulator, clock, channel } = stage;
    const [user] = emulator.directory.users;
    await subscribe(stage, "PUT", [`v2.users.${user?.id}.presence`]);
    const { json } = await call(emulator, "GET", `/api/v2/users/${user?.id}/presences/purecloud`, channel.token);
    expect(json.presenceDefinition.systemPresence).toBe("OnQueue");
    await clock.advance(4 * 3_600_000);
    const owed = emulator.ledger({ limit: 100_000 }).events.filter(({ sockets }) => sockets.length > 0).length;
    expect(owed).toBeGreaterThan(1);
    await stage.socket.until(owed);
    const spelt = stage.socket
      .events()
      .map(({ eventBody }) => (eventBody["presenceDefinition"] as { systemPresence: string }).systemPresence);
    expect(spelt).toContain("On Queue");
    expect(spelt).not.toContain("ON_QUEUE");
  });
});

describe("limits", () => {
  test("of logins and of new channels are their own, with Retry-After, and end with their window", async () => {
    await using stage = await faultStage({ limits: { loginsPerMinute: 2, channelsPerMinute: 3 } });
    const { emulator, clock, channel } = stage;
    expect((await login(emulator)).status).toBe(200);
    const refused = await login(emulator);
    expect([refused.status, Number(refused.headers.get("retry-after"))]).toEqual([429, 60]);
    const make = (): ReturnType<typeof call> => call(emulator, "POST", CHANNELS, channel.token);
    expect([(await make()).status, (await make()).status, (await make()).status]).toEqual([200, 200, 429]);
    expect((await call(emulator, "GET", CHANNELS, channel.token)).status).toBe(200);
    await clock.advance(60_000);
    expect((await login(emulator)).status).toBe(200);
    expect((await make()).status).toBe(200);
  });

  test("300 requests a minute for each token, told in three headers, then 429 until the window ends", async () => {
    await using stage = await faultStage();
    const { emulator, clock, channel } = stage;
    const ask = (token = channel.token): ReturnType<typeof call> => call(emulator, "HEAD", "/api/v2/tokens/me", token);
    await clock.advance(20_000);
    for (let count = 3; count <= 300; count += 1) {
      const { status, headers } = await ask();
      expect([status, headers.get("inin-ratelimit-count"), headers.get("inin-ratelimit-allowed")]).toEqual([
        200,
        String(count),
        "300",
      ]);
    }
    const { status, headers } = await ask();
    expect([status, headers.get("retry-after"), headers.get("inin-ratelimit-reset")]).toEqual([429, "40", "40"]);
    expect((await ask(await newToken(emulator))).status).toBe(200);
    await clock.advance(39_999);
    expect((await ask()).status).toBe(429);
    await clock.advance(1);
    expect((await ask()).headers.get("inin-ratelimit-count")).toBe("1");
  });
});

test.each([
  [{ tokenEnd: "never" }, "switches.tokenEnd must be one of close, notice, silent, outlives"],
  [{ idleCloseMs: -1 }, "switches.idleCloseMs must be a whole number"],
  [{ unknownIds: true }, "switches.unknownIds must be one of silent, refused"],
  [{ refusedPutEmpties: "yes" }, "switches.refusedPutEmpties must be true or false"],
  [{ deleteStatus: 203 }, "switches.deleteStatus must be one of 200, 202, 204"],
  [{ secondsocket: "refused" }, "there is no switch secondsocket; there are unknownChannelStatus"],
])("%j is no setting", async (switches, message) => {
  await expect(faultStage({ switches: switches as object })).rejects.toThrow(message);
});

test("every switch is listed with its default on the page", () => {
  const page = readFileSync(new URL("../../../docs/emulator.md", import.meta.url), "utf8");
  for (const [name, value] of Object.entries(DEFAULT_SWITCHES)) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` `));
    expect(row, name).toContain(`\`${value}\``);
  }
});
