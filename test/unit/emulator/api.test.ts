import { request } from "node:http";
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { call, newChannel, newToken } from "../../support/emulator-client.ts";

async function started(
  options: EmulatorOptions = {},
): Promise<{ readonly emulator: Emulator; readonly token: string }> {
  const emulator = createEmulator({ callsPerHour: 0, ...options });
  await emulator.listen();
  return { emulator, token: await newToken(emulator) };
}

describe("the API", () => {
  test("answers 404 for paths that are not there, 405 for wrong methods, and takes unknown parameters", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    expect(await call(emulator, "GET", "/api/v2/notifications/stream", token)).toMatchObject({
      status: 404,
      json: { code: "not.found" },
    });
    expect((await call(emulator, "GET", "/elsewhere")).status).toBe(404);
    expect((await call(emulator, "DELETE", "/api/v2/notifications/channels", token)).status).toBe(405);
    expect(
      (await call(emulator, "POST", "/api/v2/notifications/channels?connectionType=streaming&x=y", token)).status,
    ).toBe(200);
    expect((await call(emulator, "GET", "/api/v2/notifications/channels/%E0%A4%A", token)).status).toBe(400);
  });

  test("refuses what is no list of topics, and what is too large", async () => {
    const { emulator, token } = await started({ limits: { requestBytes: 1000 } });
    await using _ = emulator;
    const { id } = await newChannel(emulator, token);
    const path = `/api/v2/notifications/channels/${id}/subscriptions`;
    for (const body of ["{", '{"id":"v2.users.a.presence"}', '["v2.users.a.presence"]', "[7]"]) {
      expect(await call(emulator, "PUT", path, token, body)).toMatchObject({
        status: 400,
        json: { code: "bad.request" },
      });
    }
    const large = await call(emulator, "PUT", path, token, " ".repeat(1001));
    expect(large).toMatchObject({ status: 413, json: { code: "request.entity.too.large" } });
  });

  test("counts requests per token and minute", async () => {
    const clock = createFakeClock();
    const { emulator, token } = await started({ clock, limits: { requestsPerMinute: 2 } });
    await using _ = emulator;
    const get = (): ReturnType<typeof call> => call(emulator, "GET", "/api/v2/users", token);
    expect((await get()).headers.get("inin-ratelimit-count")).toBe("1");
    await clock.advance(20_000);
    expect((await get()).headers.get("inin-ratelimit-reset")).toBe("40");
    const refused = await get();
    expect(refused).toMatchObject({
      status: 429,
      json: {
        code: "too.many.requests.retry.after",
        message: "Rate limit exceeded the maximum. Retry the request in [40] seconds",
      },
    });
    expect(refused.headers.get("retry-after")).toBe("40");
    expect((await call(emulator, "GET", "/api/v2/users", await newToken(emulator))).status).toBe(200);
    await clock.advance(40_000);
    expect((await get()).status).toBe(200);
  });
});

describe("the directory", () => {
  test("pages, and bounds its pages", async () => {
    const { emulator, token } = await started({ agents: 30, queues: 12 });
    await using _ = emulator;
    const users = await call(emulator, "GET", "/api/v2/users", token);
    expect(users.json).toMatchObject({ pageSize: 25, pageNumber: 1, pageCount: 2, total: 30 });
    const last = await call(emulator, "GET", users.json.nextUri, token);
    expect(last.json.entities).toHaveLength(5);
    expect(last.json.nextUri).toBeUndefined();
    for (const query of ["pageSize=0", "pageSize=501", "pageNumber=x"]) {
      expect(await call(emulator, "GET", `/api/v2/users?${query}`, token)).toMatchObject({
        status: 400,
        json: { code: "invalid.query.param.value" },
      });
    }
    expect((await call(emulator, "GET", "/api/v2/routing/queues/divisionviews?pageSize=101", token)).status).toBe(400);
    expect((await call(emulator, "GET", "/api/v2/routing/queues/divisionviews?pageNumber=6", token)).status).toBe(400);
    expect((await call(emulator, "GET", "/api/v2/users?state=inactive", token)).json.entities).toEqual([]);
  });

  test("filters queues by id, division and name with stars", async () => {
    const { emulator, token } = await started({ queues: 12 });
    await using _ = emulator;
    const names = async (query: string): Promise<string[]> => {
      const { json } = await call(emulator, "GET", `/api/v2/routing/queues?pageSize=100&${query}`, token);
      return json.entities.map((queue: { name: string }) => queue.name);
    };
    const [first, second] = emulator.directory.queues;
    expect(await names("name=*upport")).toEqual(["Support"]);
    expect(await names("name=support*")).toEqual(["Support", "Support 2"]);
    expect(await names("name=*ale*")).toEqual(["Sales", "Sales 2"]);
    expect(await names(`id=${first?.id},${second?.id}`)).toEqual(["Support", "Sales"]);
    expect(await names(`divisionId=${first?.division.id}`)).toContain("Claims");
    expect((await names("sortOrder=desc"))[0]).toBe("Technical help");
  });

  test("says who lacks which permission", async () => {
    const { emulator, token } = await started({ deniedPermissions: ["routing:queue:view"] });
    await using _ = emulator;
    const refused = await call(emulator, "GET", "/api/v2/routing/queues", token);
    expect(refused).toMatchObject({
      status: 403,
      json: { code: "missing.permissions", message: expect.stringContaining("routing:queue:view") },
    });
  });

  test("tells presences and routing statuses in the spelling of REST", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    const id = String(emulator.directory.users[0]?.id);
    expect((await call(emulator, "GET", `/api/v2/users/${id}/routingstatus`, token)).json).toMatchObject({
      userId: id,
      status: "IDLE",
    });
    const bulk = await call(emulator, "GET", `/api/v2/users/presences/purecloud/bulk?id=${id},nobody`, token);
    expect(bulk.json).toMatchObject([{ userId: id, presenceDefinition: { systemPresence: "On Queue" } }]);
    const many = Array.from({ length: 51 }, (_unused, at) => at).join(",");
    expect((await call(emulator, "GET", `/api/v2/users/presences/purecloud/bulk?id=${many}`, token)).status).toBe(400);
  });

  test("shows a conversation as its last event did", async () => {
    const clock = createFakeClock();
    const { emulator, token } = await started({ clock, callsPerHour: 3000 });
    await using _ = emulator;
    await clock.advance(30_000);
    const key = emulator.ledger().events.find(({ topic }) => topic.includes(".conversations"))?.key;
    const { json } = await call(emulator, "GET", `/api/v2/conversations/${key}`, token);
    expect(json).toMatchObject({
      id: key,
      participants: expect.arrayContaining([expect.objectContaining({ purpose: "customer" })]),
    });
    expect((await call(emulator, "GET", "/api/v2/conversations/none", token)).status).toBe(404);
  });
});

describe("the control room", () => {
  const control = (emulator: Emulator, method: string, path: string, body?: unknown): ReturnType<typeof call> =>
    call(emulator, method, `/_emulator/${path}`, undefined, body);

  test("emits frames of both wires and keeps the ledger", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    const body = { id: "c1", participants: [] };
    const frames = [
      { topicName: "v2.users.u1.conversations.calls", eventBody: body },
      { topic: "presence:status", data: { userId: "u1", presence: "BUSY" } },
    ];
    expect((await control(emulator, "POST", "emit", frames)).json).toEqual({ accepted: [1, 2] });
    expect((await control(emulator, "POST", "emit", frames[0])).json).toEqual({ accepted: [3] });
    const { json } = await control(emulator, "GET", "ledger?after=0&limit=2");
    expect(json).toMatchObject({ next: 2, total: 3, oldest: 1 });
    expect(json.events).toMatchObject([
      {
        n: 1,
        topic: "v2.users.u1.conversations.calls",
        key: "c1",
        sockets: [],
        hash: expect.stringMatching(/^[0-9a-f]{16}$/),
      },
      { n: 2, topic: "presence:status", key: "u1" },
    ]);
    expect((await control(emulator, "GET", "ledger?after=3")).json).toMatchObject({ events: [], next: 3 });
  });

  test("refuses what it does not understand, and does nothing then", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    const good = { topicName: "v2.users.u1.presence", eventBody: {} };
    expect((await control(emulator, "POST", "emit", [good, { topic: "x" }])).status).toBe(400);
    expect((await control(emulator, "POST", "emit", "{")).status).toBe(400);
    expect((await control(emulator, "POST", "faults", { fault: "earthquake" })).json.error).toContain(
      "close, drop, stall",
    );
    expect((await control(emulator, "POST", "faults", { fault: "close", afterMs: -1 })).status).toBe(400);
    expect((await control(emulator, "GET", "ledger?limit=0")).status).toBe(400);
    expect((await control(emulator, "GET", "nothing")).status).toBe(404);
    expect((await control(emulator, "GET", "ledger")).json.total).toBe(0);
  });

  test("is closed to pages of other origins", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    const answer = await fetch(`${emulator.url}/_emulator/reset`, {
      method: "POST",
      headers: { origin: "https://elsewhere.example" },
    });
    expect(answer.status).toBe(403);
  });

  test("is closed to names that are not this machine's, as a rebound page sends them", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: `evil.example:${emulator.port}`, origin: `http://evil.example:${emulator.port}` };
      const asked = request(`${emulator.url}/_emulator/ledger`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on("error", reject).end();
    });
    expect(status).toBe(403);
  });

  test("resets to the first second", async () => {
    const { emulator, token } = await started();
    await using _ = emulator;
    emulator.emit({ topicName: "v2.users.u1.presence", eventBody: {} });
    expect((await control(emulator, "POST", "reset")).status).toBe(200);
    expect((await call(emulator, "GET", "/api/v2/users", token)).status).toBe(401);
    expect((await control(emulator, "GET", "ledger")).json).toMatchObject({ events: [], total: 0 });
    expect(emulator.emit({ topicName: "v2.users.u1.presence", eventBody: {} })).toEqual([2]);
  });

  test("lists the faults there are", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    emulator.faults.inject({ fault: "socket-closing", afterMs: 60_000 });
    const { json } = await control(emulator, "GET", "faults");
    expect(Object.keys(json.faults)).toContain("token_revoked");
    expect(json.active).toMatchObject([{ fault: "socket_closing", waiting: true }]);
    expect((await control(emulator, "DELETE", "faults")).json).toEqual({ active: [] });
    expect(emulator.faults.active()).toEqual([]);
  });

  test("holds the traffic and lets it go on", async () => {
    const clock = createFakeClock();
    const { emulator } = await started({ clock, callsPerHour: 3600 });
    await using _ = emulator;
    await control(emulator, "POST", "traffic", { running: false });
    await clock.advance(60_000);
    expect(emulator.ledger().total).toBe(0);
    await control(emulator, "POST", "traffic", { running: true });
    await clock.advance(60_000);
    expect(emulator.ledger().total).toBeGreaterThan(50);
  });
});
