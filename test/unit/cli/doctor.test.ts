/** doctor against the emulator over real HTTP, and against answers that no emulator gives. */
import { afterEach, describe, expect, test } from "vitest";
import { examine } from "../../../src/cli/doctor/examine.ts";
import { countLevels, type Finding } from "../../../src/cli/doctor/finding.ts";
import type { Config, GenesysSourceConfig } from "../../../src/config/config.ts";
import { createEmulator, type Emulator, type EmulatorOptions } from "../../../src/emulator/index.ts";
import type { HttpFailure, HttpRequest, HttpResponse, Net } from "../../../src/ports/net.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { systemNet } from "../../../src/runtime/net.ts";
import { newChannel, newToken } from "../../support/emulator-client.ts";

const SECRET = "canary-secret-77aa";
const emulators: Emulator[] = [];
afterEach(async () => {
  for (const emulator of emulators.splice(0)) await emulator.close();
});

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = createEmulator({ clientId: "canary-id", clientSecret: SECRET, callsPerHour: 0, ...options });
  emulators.push(emulator);
  await emulator.listen();
  return emulator;
}

interface Wish extends Partial<GenesysSourceConfig> {
  readonly connect?: boolean;
  readonly net?: Net;
}

interface Report {
  readonly findings: readonly Finding[];
  readonly requests: readonly HttpRequest[];
  readonly sockets: number;
  of(check: string): Finding;
}

/** Examines one source of this emulator, and keeps all that was sent. */
async function look(url: string, { connect = false, net = systemNet(), ...more }: Wish = {}): Promise<Report> {
  const source: GenesysSourceConfig = {
    type: "genesys",
    name: "main",
    clientId: "canary-id",
    clientSecret: SECRET,
    topics: ["v2.users.{*}.presence"],
    endpoints: { login: url, api: url },
    ...more,
  };
  const config: Config = { sources: [source], sinks: [{ name: "out", type: "ndjson" }], store: { type: "memory" } };
  const findings: Finding[] = [];
  const requests: HttpRequest[] = [];
  let sockets = 0;
  const watched: Net = {
    request: (request) => {
      requests.push(request);
      return net.request(request);
    },
    openSocket: (request, listener) => {
      sockets += 1;
      return net.openSocket(request, listener);
    },
  };
  const take = (finding: Finding): void => void findings.push(finding);
  const examination = { clock: systemClock(), net: watched, connect, cwd: "/nowhere", take };
  const counted = await examine(config, examination);
  expect(counted).toBe(requests.length);
  // P9, for every report that a test makes.
  expect(JSON.stringify(findings)).not.toMatch(/canary|streaming-0-|Bearer/u);
  return {
    findings,
    requests,
    sockets,
    of: (check) => {
      const found = findings.find((finding) => finding.check === check);
      if (found === undefined)
        throw new Error(`no finding ${check} among ${findings.map((one) => one.check).join(", ")}`);
      return found;
    },
  };
}

/** A network whose answers are changed on the way. */
function changed(change: (request: HttpRequest, answer: HttpResponse) => HttpResponse | HttpFailure): Net {
  const net = systemNet();
  return {
    ...net,
    request: async (request) => {
      const answer = await net.request(request);
      return answer.ok ? change(request, answer) : answer;
    },
  };
}

function json(value: unknown): Pick<HttpResponse, "status" | "body"> {
  return { status: 200, body: new TextEncoder().encode(JSON.stringify(value)) };
}

describe("doctor", () => {
  test("finds nothing wrong where nothing is, and changes nothing", async () => {
    const emulator = await start();
    const { findings, requests, sockets } = await look(emulator.url);
    expect(countLevels(findings)).toMatchObject({ warning: 0, problem: 0, unchecked: 0 });
    expect(findings.map(({ check }) => check)).toEqual([
      "region",
      "hosts",
      "clock",
      "credentials",
      "channels",
      "capacity",
      "topic",
      "requests",
      "path",
      "memory",
    ]);
    const writing = requests.filter(({ method, url }) => method !== "GET" && !url.endsWith("/oauth/token"));
    expect(writing).toEqual([]);
    expect(sockets).toBe(0);
  });

  test("tells 400 and 401 of the login apart, with different steps", async () => {
    const emulator = await start();
    const unknown = (await look(emulator.url, { clientId: "canary-other" })).of("credentials");
    const wrong = (await look(emulator.url, { clientSecret: "canary-wrong" })).of("credentials");
    expect(unknown).toMatchObject({ level: "problem", details: { status: 400 } });
    expect(unknown.found).toContain("no client with this id");
    expect(unknown.todo.join()).toMatch(/clientId.*Client ID.*region/u);
    expect(wrong).toMatchObject({ level: "problem", details: { status: 401 } });
    expect(wrong.found).toContain("the secret is wrong");
    expect(wrong.todo.join()).toContain("Client Secret");
  });

  test.each([
    ["forbidden", 403, "Grant Type"],
    ["server-error", undefined, "status page"],
    ["rate-limit", undefined, "try again in"],
  ])("explains a login that answers %s", async (fault, status, step) => {
    const emulator = await start();
    emulator.faults.inject({ fault, on: "token", forMs: 60_000 });
    const report = await look(emulator.url);
    expect(report.of("credentials")).toMatchObject({ level: "problem", ...(status && { details: { status } }) });
    expect(report.of("credentials").todo.join()).toContain(step);
    expect(report.of("topics").level).toBe("unchecked");
  });

  test("says which host can't be reached, and sends no credentials then", async () => {
    const report = await look("http://127.0.0.1:9");
    expect(report.of("hosts")).toMatchObject({ level: "problem" });
    expect(report.of("hosts").found).toContain("127.0.0.1:9");
    expect(report.of("credentials").level).toBe("unchecked");
    expect(report.requests.every(({ headers }) => headers?.["authorization"] === undefined)).toBe(true);
  });

  test("speaks to the hosts of the region, and goes on where the streaming host alone is out of reach", async () => {
    const emulator = await start();
    const net = systemNet();
    const routed: Net = {
      ...net,
      request: (request) =>
        new URL(request.url).host === "streaming.mypurecloud.ie"
          ? Promise.resolve({ ok: false, reason: "dns", message: "the host is not known" })
          : net.request({
              ...request,
              url: request.url.replace(/^https:\/\/(?:login|api)\.mypurecloud\.ie/u, emulator.url),
            }),
    };
    const report = await look("", { region: "eu-west-1", endpoints: {}, net: routed });
    expect(report.of("region").found).toBe("eu-west-1 (mypurecloud.ie)");
    expect(report.of("hosts").found).toContain("streaming.mypurecloud.ie: the host is not known");
    expect(report.of("hosts").todo.join()).toContain("DNS");
    expect(report.of("topic").level).toBe("ok");
    const hosts = new Set(report.requests.map(({ url }) => new URL(url).host));
    expect(hosts).toEqual(new Set(["login.mypurecloud.ie", "api.mypurecloud.ie", "streaming.mypurecloud.ie"]));
  });

  test.each([
    [0, "ok"],
    [20_000, "warning"],
    [-600_000, "problem"],
  ])("a clock that is %d ms off is %s", async (offMs, level) => {
    const emulator = await start();
    const net = changed((_request, answer) => ({
      ...answer,
      headers: { ...answer.headers, date: new Date(Date.now() - offMs).toUTCString() },
    }));
    const { level: found, details = {} } = (await look(emulator.url, { net })).of("clock");
    expect(found).toBe(level);
    expect(Math.abs(Number(details["skewMs"]) - offMs)).toBeLessThan(2_000);
  });

  test("warns of tokens that live too short", async () => {
    const emulator = await start({ tokenLifeS: 300 });
    expect((await look(emulator.url)).of("credentials")).toMatchObject({
      level: "warning",
      details: { tokenLifeS: 300 },
    });
  });

  test("names the permission that listing queues lacks, in the words of the admin screens", async () => {
    const emulator = await start({ deniedPermissions: ["routing:queue:view"] });
    const finding = (await look(emulator.url, { topics: ["v2.routing.queues.{*}.conversations"] })).of("topic");
    expect(finding).toMatchObject({ level: "problem", details: { missing: ["routing:queue:view"] } });
    expect(finding.todo[0]).toContain("Routing > Queue > View (routing:queue:view)");
    expect(finding.todo[1]).toContain("Admin > Integrations > OAuth");
  });

  test("knows topics that there are not, a queue that there is not, and topics of one queue", async () => {
    const emulator = await start();
    const [queue] = emulator.directory.queues;
    const { findings } = await look(emulator.url, {
      topics: [
        "v2.users.{*}.presense",
        { topic: "v2.users.{*}.presence", members: { queue: "Nobody's" } },
        { topic: "v2.users.{*}.presence", members: { queue: queue?.name ?? "" } },
      ],
    });
    const [typo, nobody, members] = findings.filter(({ check }) => check === "topic");
    expect(typo?.todo.join()).toContain('did you mean "v2.users.{id}.presence"?');
    expect(nobody).toMatchObject({ level: "problem" });
    expect(members).toMatchObject({ level: "ok", details: { topics: queue?.memberIds.length } });
  });

  test("reads the client's permissions where the platform tells them", async () => {
    const topics = ["v2.architect.prompts.4711", "v2.analytics.queues.{*}.observations"];
    const topicsOf = async (options: EmulatorOptions): Promise<readonly Finding[]> => {
      const emulator = await start(options);
      return (await look(emulator.url, { topics })).findings.filter(({ check }) => check === "topic");
    };
    const found = await topicsOf({ deniedPermissions: ["architect:userPrompt:view"] });
    expect(found.map(({ level }) => level)).toEqual(["problem", "ok"]);
    expect(found[0]?.details?.["missing"]).toEqual(["architect:userPrompt:view"]);
    expect((await topicsOf({ deniedPermissions: [] })).map(({ level }) => level)).toEqual(["ok", "ok"]);
    for (const ownGrants of ["roles", "not-found"] as const) {
      const blind = await topicsOf({ switches: { ownGrants } });
      expect(blind.map(({ level }) => level)).toEqual(["unchecked", "unchecked"]);
    }
  });

  test("understands wildcards in what a role may do", async () => {
    const emulator = await start();
    const policies = [{ domain: "analytics", entityName: "*", actions: ["view"] }];
    const net = changed((request, answer) =>
      request.url.endsWith("/authorization/subjects/me")
        ? { ...answer, ...json({ grants: [{ role: { name: "Events", policies } }] }) }
        : answer,
    );
    const topics = ["v2.architect.prompts.4711", "v2.analytics.queues.{*}.observations"];
    const found = (await look(emulator.url, { topics, net })).findings.filter(({ check }) => check === "topic");
    expect(found.map(({ level }) => level)).toEqual(["problem", "ok"]);
  });

  test("sees that all channels are in use, and opens none even if it may", async () => {
    const emulator = await start();
    const token = await newToken(emulator);
    for (let made = 0; made < 20; made += 1) await newChannel(emulator, token, []);
    const report = await look(emulator.url, { connect: true });
    expect(report.of("channels")).toMatchObject({ level: "problem", details: { inUse: 20, max: 20 } });
    expect(report.of("connection")).toMatchObject({ level: "unchecked" });
    expect(report.requests.filter(({ method, url }) => method === "POST" && url.includes("channels"))).toEqual([]);
    expect(report.sockets).toBe(0);
  });

  test("warns where a start fits and a move to a new channel does not", async () => {
    const emulator = await start();
    const token = await newToken(emulator);
    for (let made = 0; made < 19; made += 1) await newChannel(emulator, token, []);
    expect((await look(emulator.url)).of("capacity")).toMatchObject({ level: "warning" });
  });

  test("counts topics against the limits before anything is subscribed", async () => {
    const emulator = await start({ agents: 11_000 });
    const topics = ["v2.users.{*}.presence", "v2.users.{*}.routingStatus"];
    const report = await look(emulator.url, { topics });
    expect(report.of("capacity")).toMatchObject({ level: "problem", details: { topics: 22_000, channelsNeeded: 22 } });
    expect(report.of("requests").details?.["startRequests"]).toBeGreaterThan(22 * 3);
    // People are listed once, whatever the number of topics about them.
    expect(report.requests.filter(({ url }) => url.includes("/api/v2/users?"))).toHaveLength(22);
  });

  test("says when the minute's requests are spent", async () => {
    const emulator = await start({ limits: { requestsPerMinute: 1 } });
    const report = await look(emulator.url);
    expect(
      report.findings
        .filter(({ level }) => level === "problem")
        .map(({ found }) => found)
        .join(),
    ).toMatch(/budget|429/u);
  });

  test("an API that refuses the client is said, with what builds on it left open", async () => {
    const emulator = await start();
    emulator.faults.inject({ fault: "forbidden", on: "rest", afterMs: 0, forMs: 60_000 });
    const report = await look(emulator.url);
    expect(report.of("channels").level).toBe("problem");
    expect(report.of("topics").level).toBe("unchecked");
  });
});

describe("doctor --connect", () => {
  test("hears from the platform which topics are refused, and leaves an empty channel", async () => {
    const emulator = await start();
    const topics = ["v2.users.{*}.presence", "v2.architect.dependencytracking.build"];
    const report = await look(emulator.url, { topics, connect: true });
    const [presence, build] = report.findings.filter(({ check }) => check === "topic");
    expect(presence).toMatchObject({ level: "ok", details: { topics: 12 } });
    expect(build).toMatchObject({ level: "problem", details: { missing: ["architect:dependencyTracking:view"] } });
    expect(report.of("connection")).toMatchObject({ level: "ok" });
    expect(report.sockets).toBe(1);
    const last = report.requests.findLast(({ method }) => method === "PUT");
    expect(last?.body).toBe("[]");
  });

  test("tries every topic, also where there are more than a client's channels hold", async () => {
    const emulator = await start({ limits: { requestsPerMinute: 1_000 }, agents: 7_000 });
    const streams = ["presence", "routingStatus", "station"].map((stream) => `v2.users.{*}.${stream}`);
    const report = await look(emulator.url, { topics: streams, connect: true });
    const tried = report.requests.filter(({ method, body }) => method === "PUT" && body !== "[]");
    const ids = tried.flatMap(({ body }) => (JSON.parse(String(body)) as { id: string }[]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(21_000);
  });

  test("opens nothing where the number of channels in use can't be learnt", async () => {
    const emulator = await start();
    const net = changed((request, answer) =>
      request.method === "GET" && request.url.includes("/channels?") ? { ...answer, status: 503 } : answer,
    );
    const report = await look(emulator.url, { connect: true, net });
    expect(report.of("channels").level).toBe("problem");
    expect(report.of("connection").level).toBe("unchecked");
    expect(report.requests.filter(({ method, url }) => method === "POST" && url.endsWith("/channels"))).toEqual([]);
  });

  test("empties the channel though no socket opens", async () => {
    const emulator = await start();
    emulator.faults.inject({ fault: "server-error", on: "upgrade", forMs: 60_000 });
    const report = await look(emulator.url, { connect: true });
    expect(report.of("connection")).toMatchObject({ level: "problem" });
    expect(report.of("connection").found).toContain("503");
    expect(report.requests.at(-1)?.body).toBe("[]");
  });

  test("refuses a connectUri on a foreign host, and shows nothing of it", async () => {
    const emulator = await start();
    const net = changed((request, answer) =>
      request.method === "POST" && request.url.endsWith("/channels")
        ? { ...answer, ...json({ id: "canary-channel", connectUri: "wss://evil.example/canary-channel" }) }
        : answer,
    );
    const report = await look(emulator.url, { connect: true, net });
    expect(report.of("connection")).toMatchObject({ level: "problem" });
    expect(report.sockets).toBe(0);
  });
});
