import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configFromEnvironment, loadConfig, MAX_CONFIG_BYTES, parseConfig } from "../../../src/config/load.ts";
import type { ConfigProblem } from "../../../src/config/problem.ts";
import { redactConfig } from "../../../src/config/redact.ts";
import { isRingfirstError } from "../../../src/errors.ts";

const SECRET = "canary-s3cret-value";
const ENV = { ID: "client-1", SECRET, PORT: "7471", WEBHOOK: "whsec_canaryMfKQ9r8GKYqrTw" };
const SOURCE =
  "{ name: main, type: genesys, region: us-east-1, clientId: x, clientSecret: y, topics: [v2.users.1.presence] }";
const SINK = "{ name: log, type: ndjson }";
const minimal = (more = "", source = SOURCE, sink = SINK): string =>
  `sources:\n  - ${source}\nsinks:\n  - ${sink}\n${more}`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ringfirst-config-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** The problems of a text; what is thrown must be our error, and hold no secret. */
function problemsOf(text: string, env: Record<string, string> = ENV, file = join(folder, "r.yaml")): readonly string[] {
  return failureOf(() => parseConfig(text, { file, env })).map(
    ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
  );
}

function failureOf(load: () => unknown): readonly ConfigProblem[] {
  try {
    load();
  } catch (error) {
    if (!isRingfirstError(error)) throw error;
    expect(error.code).toBe("RF_CONFIG_INVALID");
    expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain("canary");
    return error.details["problems"] as readonly ConfigProblem[];
  }
  throw new Error("no error");
}

describe("a file", () => {
  test("with one source and one sink is enough, as YAML and as JSON", () => {
    const config = loadConfig({ file: write("ok.yaml", minimal()), env: {} });
    expect(config.sources[0]?.name).toBe("main");
    expect(loadConfig({ file: write("ok.json", JSON.stringify(config)), env: {} })).toEqual(config);
  });

  test("that is not there, not UTF-8, too long, or a folder is unreadable, with the reason", () => {
    const unreadable = (file: string): unknown => {
      try {
        return loadConfig({ file, env: {} });
      } catch (error) {
        return isRingfirstError(error) ? [error.code, error.message.replace(folder, "")] : error;
      }
    };
    expect(unreadable(join(folder, "none.yaml"))).toEqual([
      "RF_CONFIG_UNREADABLE",
      "the configuration /none.yaml can't be read (ENOENT)",
    ]);
    expect(unreadable(folder)).toEqual(["RF_CONFIG_UNREADABLE", "the configuration  can't be read (EISDIR)"]);
    expect(unreadable(write("long.yaml", "#".repeat(MAX_CONFIG_BYTES + 1)))).toEqual([
      "RF_CONFIG_UNREADABLE",
      `the configuration /long.yaml has more than ${MAX_CONFIG_BYTES} bytes`,
    ]);
    writeFileSync(join(folder, "bytes.yaml"), new Uint8Array([0x61, 0x3a, 0xff]));
    expect(unreadable(join(folder, "bytes.yaml"))).toEqual([
      "RF_CONFIG_UNREADABLE",
      "the configuration /bytes.yaml can't be read (it is not UTF-8)",
    ]);
  });

  test.each([
    ["", "the file is empty"],
    ["a: 1\na: 2", "this name stands here twice"],
    ["a: *canary", "an alias (*name) without its anchor"],
    ["a: !canary x", "an unknown tag"],
    ["a: [1", "a bracket before it is not closed"],
    ["a: 1\n---\nb: 2", "a second document"],
  ])("that is no good YAML (%j) is told in our words, without its text", (text, message) => {
    expect(problemsOf(text).join()).toContain(message);
  });

  test("of aliases that unfold without end is refused", () => {
    const layers = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
    for (let at = 1; at < 12; at += 1)
      layers.push(
        `a${at}: &a${at} [${Array(9)
          .fill(`*a${at - 1}`)
          .join()}]`,
      );
    expect(problemsOf(layers.join("\n"))).toEqual([expect.stringContaining("too many aliases")]);
  });
});

describe("the region of a genesys source", () => {
  const source = (more: string): string =>
    `{ name: main, type: genesys, clientId: x, clientSecret: y, topics: [v2.users.1.presence]${more} }`;

  test("may be left out where both endpoints are given", () => {
    const endpoints = ', endpoints: { login: "http://127.0.0.1:7480", api: "http://127.0.0.1:7480" }';
    expect(parseConfig(minimal("", source(endpoints)), { file: "r.yaml", env: ENV }).sources[0]).not.toHaveProperty(
      "region",
    );
  });

  test.each(["", ', endpoints: { api: "http://127.0.0.1:7480" }', ", endpoints: {}"])(
    "is asked for else: %j",
    (more) => {
      expect(problemsOf(minimal("", source(more)))).toEqual([
        "2:5 sources[0].region: is missing; only with both endpoints, login and api, it may be",
      ]);
    },
  );
});

test("a reserve that leaves no hand for the other classes is told with its place", () => {
  const sink = (hands: string): string => `{ name: log, type: ndjson, concurrency: 3, reserve: { ${hands} } }`;
  expect(problemsOf(minimal("", SOURCE, sink("critical: 3")))).toEqual([
    expect.stringMatching(
      /^4:\d+ sinks\[0\]\.reserve: at least one hand must be left for high, standard; all 3 are reserved$/u,
    ),
  ]);
  expect(
    parseConfig(minimal("", SOURCE, sink("critical: 1, high: 1, standard: 1")), { file: "r.yaml", env: ENV }),
  ).toBeDefined();
});

test("hosts and origins that no request could match are told", () => {
  const good =
    '[wall.example.com, 10.0.0.7, "::1"], allowedOrigins: ["https://wall.example.com", "http://localhost:3000"]';
  expect(parseConfig(minimal(`server: { allowedHosts: ${good} }`), { file: "r.yaml", env: ENV }).server).toEqual({
    allowedHosts: ["wall.example.com", "10.0.0.7", "::1"],
    allowedOrigins: ["https://wall.example.com", "http://localhost:3000"],
  });
  const bad =
    '["https://wall.example.com", "wall.example.com:80"], allowedOrigins: [wall.example.com, "https://wall.example.com/", "ftp://x"]';
  expect(problemsOf(minimal(`server: { allowedHosts: ${bad} }`)).map((line) => line.split(" ")[1])).toEqual([
    "server.allowedHosts[0]:",
    "server.allowedHosts[1]:",
    "server.allowedOrigins[0]:",
    "server.allowedOrigins[1]:",
    "server.allowedOrigins[2]:",
  ]);
});

describe("problems", () => {
  test("come all at once, each with line, column, path, what was found and what is allowed", () => {
    const text = minimal(
      "limits: { maxEvents: many }\nretries: 4\nlog: { level: verbose }\n",
      "{ name: a, type: genesys, region: x, clientId: x, clientSecrte: y, topics: [] }",
      '{ name: "b c", type: webhok, url: u }',
    );
    expect(problemsOf(text)).toEqual([
      "2:5 sources[0].clientSecret: is missing",
      '2:55 sources[0].clientSecrte: there is no such member; did you mean "clientSecret"?',
      "2:80 sources[0].topics: a list with at least one entry expected, found an empty list",
      '4:26 sinks[0].type: one of webhook, ndjson expected, found "webhok"; did you mean "webhook"?',
      '5:22 limits.maxEvents: a number expected, found "many"',
      expect.stringContaining("6:1 retries: there is no such member; allowed are sources, classes"),
      '7:15 log.level: one of debug, info, warn, error expected, found "verbose"',
    ]);
  });

  test("of meaning come all at once too", () => {
    const text = `sources:
  - { name: a, type: genesys, region: us-esat-1, clientId: x, clientSecret: y, topics: ["v2.users.*.presence", channel.metadata] }
  - { name: a, type: platform-websocket, region: us-east-1, clientId: x, clientSecret: y, endpoints: { api: "http://example.com" } }
sinks:
  - { name: x, type: webhook, url: "http://example.com/canary", when: 'clas == 1', reserve: { critical: 99, urgent: 1 } }
classes: [{ name: critical, minShare: 0.4 }, { name: high, minShare: 0.2 }]
rules:
  - { name: r, class: hihg, when: 'bdy.x', topics: ["a.b*"] }
  - { name: r, class: high }
  - { name: s, class: high }
pressure: { pauseAbove: 0.5, resumeBelow: 0.6 }
`;
    const problems = problemsOf(text);
    expect(problems.map((line) => line.split(": ")[0])).toEqual([
      "2:39 sources[0].region",
      "2:89 sources[0].topics[0]",
      "2:112 sources[0].topics[1]",
      "3:13 sources[1].name",
      "3:109 sources[1].endpoints.api",
      "5:36 sinks[0].url",
      "5:71 sinks[0].when",
      "5:93 sinks[0].reserve",
      "5:117 sinks[0].reserve.urgent",
      "6:10 classes",
      "8:23 rules[0].class",
      "8:35 rules[0].when",
      "8:53 rules[0].topics[0]",
      "9:13 rules[1].name",
      "10:5 rules[2]",
      "11:43 pressure.resumeBelow",
    ]);
    expect(problems.join("\n")).toContain('Genesys Cloud has no region "us-esat-1"; did you mean "us-east-1"?');
    expect(problems.join("\n")).toContain("Unknown variable: bdy; known are topic, body, event, at 1:1 in: bdy.x");
  });

  test("the built-in rules need their classes", () => {
    expect(problemsOf(minimal("classes: [{ name: now }, { name: later }]"))).toEqual([
      "5:10 classes: the built-in rules need the classes critical, high and standard; missing: critical, high, standard",
    ]);
  });
});

describe("variables", () => {
  const withSource = (source: string, more = ""): string => minimal(more, source);
  const CREDENTIALS =
    'type: genesys, region: us-east-1, clientId: "${ID}", clientSecret: "${SECRET}", topics: ["v2.users.{*}.presence"]';

  test("are filled in, with what stands for them when they are not set, as numbers too", () => {
    const text = withSource(
      `{ name: "\${NAME:-main}", ${CREDENTIALS} }`,
      'server: { port: "${PORT}", token: "${TOKEN:-}" }\nlog: { level: "${L:-}" }',
    );
    const config = parseConfig(text, { file: "r.yaml", env: ENV });
    expect(config.sources[0]).toMatchObject({ name: "main", clientId: "client-1", clientSecret: SECRET });
    expect(config.server).toEqual({ port: 7471 });
    expect(config.log).toEqual({});
  });

  test("that are not set are problems that name them; empty is not set", () => {
    expect(problemsOf(withSource(`{ name: main, ${CREDENTIALS} }`), { ID: "" })).toEqual([
      "2:63 sources[0].clientId: the environment variable ID is not set",
      "2:86 sources[0].clientSecret: the environment variable SECRET is not set",
    ]);
  });

  test("never show their values, wherever they were put by mistake", () => {
    const source = `{ name: "\${SECRET} x", type: genesys, region: "\${SECRET}", clientId: x, clientSecret: y, topics: ["\${SECRET}"], endpoints: { api: "\${SECRET}" } }`;
    expect(problemsOf(withSource(source, 'server: { port: "${SECRET}" }')).length).toBeGreaterThan(0);
    const meaning = `{ name: main, type: genesys, region: "\${SECRET}", clientId: x, clientSecret: y, topics: ["\${SECRET}"] }`;
    expect(problemsOf(withSource(meaning)).join()).toContain("${SECRET}");
  });

  test("are left alone in expressions, and written out with $${", () => {
    const text = minimal(
      'rules: [{ name: r, class: high, when: "topic == \\"${X}\\"" }]',
      SOURCE,
      '{ name: log, type: ndjson, path: "$${X}" }',
    );
    const config = parseConfig(text, { file: "r.yaml", env: {} });
    expect(config.rules?.[0]).toMatchObject({ when: 'topic == "${X}"' });
    expect(config.sinks[0]).toMatchObject({ path: "${X}" });
  });
});

describe("secrets in files", () => {
  const sourceWith = (secret: string): string =>
    `{ name: main, type: platform-websocket, region: us-east-1, clientId: x, ${secret} }`;

  test("are read beside the configuration, without one trailing newline", () => {
    write("secret", `${SECRET}\n`);
    const config = parseConfig(minimal("", sourceWith("clientSecretFile: secret")), {
      file: join(folder, "r.yaml"),
      env: {},
    });
    expect(config.sources[0]).toMatchObject({ clientSecret: SECRET });
    expect(config.sources[0]).not.toHaveProperty("clientSecretFile");
  });

  test.each([
    ["everybody on this machine may read the file", () => write("open", SECRET, 0o644)],
    ["the file is empty", () => write("empty", "\n")],
    ["can't be read (ENOENT)", () => join(folder, "missing")],
    ["not a file", () => folder],
    ["more than 65536 bytes", () => write("huge", "canary".repeat(20_000))],
    ["everybody on this machine may read the file", () => linkTo(write("open", SECRET, 0o644))],
  ])("are refused: %s", (message, make) => {
    const problems = problemsOf(minimal("", sourceWith(`clientSecretFile: ${JSON.stringify(make())}`)));
    expect(problems).toEqual([expect.stringMatching(/^2:\d+ sources\[0\]\.clientSecretFile: /u)]);
    expect(problems[0]).toContain(message);
  });

  test("and given too are one too many", () => {
    expect(problemsOf(minimal("", sourceWith("clientSecret: y, clientSecretFile: secret")))).toEqual([
      expect.stringContaining("clientSecretFile: clientSecret is given too; give one of the two"),
    ]);
  });

  function linkTo(target: string): string {
    const link = join(folder, "link");
    symlinkSync(target, link);
    return link;
  }
});

describe("the environment alone", () => {
  const base = { GENESYS_CLIENT_ID: "id", GENESYS_CLIENT_SECRET: SECRET };

  test("gives the real wire: conversations of all queues, presence and routing status of all users, ndjson on stdout", () => {
    expect(
      configFromEnvironment({ ...base, GENESYS_REGION: "mypurecloud.ie", RINGFIRST_TOKEN: "0123456789abcdef" }),
    ).toEqual({
      sources: [
        {
          name: "main",
          type: "genesys",
          region: "mypurecloud.ie",
          clientId: "id",
          clientSecret: SECRET,
          topics: ["v2.routing.queues.{*}.conversations", "v2.users.{*}.presence", "v2.users.{*}.routingStatus"],
        },
      ],
      sinks: [{ name: "stdout", type: "ndjson", path: "-" }],
      server: { token: "0123456789abcdef" },
    });
  });

  test("gives the second wire and an emulator when told so", () => {
    const env = { ...base, GENESYS_WIRE: "platform-websocket", GENESYS_ENDPOINT: "http://127.0.0.1:7480" };
    expect(configFromEnvironment(env).sources).toEqual([
      {
        name: "main",
        type: "platform-websocket",
        region: "us-east-1",
        clientId: "id",
        clientSecret: SECRET,
        endpoints: { api: "http://127.0.0.1:7480" },
      },
    ]);
  });

  test("names the variables that are wrong or missing", () => {
    const told = (env: Record<string, string>): readonly string[] =>
      failureOf(() => configFromEnvironment(env)).map(({ path, message }) => `${path}: ${message.slice(0, 60)}`);
    expect(told({ ...base })).toEqual(["GENESYS_REGION: is not set"]);
    expect(told({ GENESYS_CLIENT_SECRET: SECRET, GENESYS_REGION: "us-east-9", GENESYS_WIRE: "x" })).toEqual([
      'GENESYS_WIRE: genesys or platform-websocket expected, found "x"',
      "GENESYS_CLIENT_ID: is not set",
    ]);
    expect(told({ ...base, GENESYS_REGION: "us-east-9" })[0]).toContain("GENESYS_REGION: Genesys Cloud has no region");
    expect(told({ ...base, GENESYS_ENDPOINT: "http://example.com" })[0]).toContain(
      "GENESYS_ENDPOINT: an address https://",
    );
    expect(() => configFromEnvironment({})).toThrow(/no configuration: name a file \(--config\)/u);
  });
});

test("what is shown of a configuration holds no secret", () => {
  const text = minimal(
    'server: { token: "${SECRET}" }',
    'name: main\n    type: genesys\n    region: us-east-1\n    clientId: "${ID}"\n    clientSecret: "${SECRET}"\n    topics: ["v2.users.{*}.presence"]',
    'name: crm\n    type: webhook\n    url: https://user.example.com/canary/path?key=canary\n    secret: ["${WEBHOOK}", "${WEBHOOK}"]\n    headers: { authorization: "Bearer ${SECRET}" }',
  );
  const shown = JSON.stringify(redactConfig(parseConfig(text, { file: "r.yaml", env: ENV })));
  expect(shown).not.toContain("canary");
  expect(shown).toContain('"clientId":"client-1"');
  expect(shown).toContain('"url":"https://user.example.com/***"');
  expect(shown).toContain('"secret":["***","***"]');
});
