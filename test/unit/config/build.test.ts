import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildOptions } from "../../../src/config/build.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { SILENT_LOGGER } from "../../../src/ports/logger.ts";
import type { Net } from "../../../src/ports/net.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

/** Nothing may be connected or opened by building. */
const net: Net = {
  request: () => Promise.reject(new Error("a request while building")),
  openSocket: () => {
    throw new Error("a socket while building");
  },
};
const context = { clock: createFakeClock(), net, logger: SILENT_LOGGER };
const env = { ID: "id", SECRET: "canary", KEY: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };

const FULL = `
sources:
  - { name: main, type: genesys, region: us-east-1, clientId: "\${ID}", clientSecret: "\${SECRET}", topics: ["v2.users.{*}.presence", { topic: "v2.users.{*}.conversations", members: { queue: Sales } }] }
  - { name: gateway, type: platform-websocket, region: us-east-1, clientId: "\${ID}", clientSecret: "\${SECRET}" }
  - { name: local, type: http }
classes: [{ name: critical }, { name: high, minShare: 0.1 }, { name: standard }]
rules:
  - { name: mine, topics: ["a.*"], class: high, ttlMs: 5 }
  - use: defaults
sinks:
  - { name: crm, type: webhook, url: "https://crm.example.com/x", secret: "\${KEY}", when: 'class == "critical"', concurrency: 8, reserve: { critical: 2 }, timeoutMs: 9, retry: { maxAttempts: 3 }, limits: { maxEvents: 7 } }
  - { name: log, type: ndjson, path: "-" }
store: { type: memory }
limits: { maxEvents: 10, maxFrameBytes: 2048, maxDepth: 8 }
leaseMs: 7
server: { port: 0, host: 127.0.0.1, allowedHosts: [wall.example.com], allowedOrigins: ["https://wall.example.com"] }
log: { level: debug }
`;

test("a configuration becomes sources, sinks, store and options, and nothing is connected by it", () => {
  const { options, server, log } = buildOptions(parseConfig(FULL, { file: "r.yaml", env }), context);
  expect(options.sources.map(({ name, type }) => [name, type])).toEqual([
    ["main", "genesys"],
    ["gateway", "platform-websocket"],
    ["local", "http"],
  ]);
  expect(options.sinks.map(({ sink, ...delivery }) => [sink.name, sink.type, delivery])).toEqual([
    [
      "crm",
      "webhook",
      {
        when: 'class == "critical"',
        concurrency: 8,
        reserve: { critical: 2 },
        timeoutMs: 9,
        retry: { maxAttempts: 3 },
        limits: { maxEvents: 7 },
      },
    ],
    ["log", "ndjson", {}],
  ]);
  expect(options).toMatchObject({ leaseMs: 7, limits: { maxEvents: 10 }, store: { name: "memory" } });
  expect(options.rules).toEqual([{ name: "mine", topics: ["a.*"], class: "high", ttlMs: 5 }, { use: "defaults" }]);
  expect(options.classes?.[1]).toEqual({ name: "high", minShare: 0.1 });
  expect(server).toEqual({
    port: 0,
    host: "127.0.0.1",
    allowedHosts: ["wall.example.com"],
    allowedOrigins: ["https://wall.example.com"],
  });
  expect(log).toEqual({ level: "debug" });
});

test("what is not said is left out, so that defaults apply", () => {
  const text = "sources: [{ name: a, type: http }]\nsinks: [{ name: log, type: ndjson }]";
  const { options, server, log } = buildOptions(parseConfig(text, { file: "r.yaml", env }), context);
  for (const name of ["classes", "rules", "dedup", "leaseMs", "pressure", "deadLetters", "drainMs"])
    expect(options).not.toHaveProperty(name);
  expect({ server, log, store: options.store?.name }).toEqual({ server: {}, log: { level: "info" }, store: "sqlite" });
});

test("what a part refuses is told with its place, and without secrets", () => {
  const text = FULL.replace('secret: "${KEY}"', 'secret: "${SECRET}"');
  expect(() => buildOptions(parseConfig(text, { file: "r.yaml", env }), context)).toThrow(
    expect.objectContaining({
      code: "RF_CONFIG_INVALID",
      message: expect.stringMatching(/^sinks\[0\]: (?!.*canary)/u) as string,
    }),
  );
});

test("the example of the documentation is a valid configuration", () => {
  const blocks = [...readFileSync("docs/configuration.md", "utf8").matchAll(/```yaml\n([\s\S]*?)```/gu)].map(
    (block) => block[1] ?? "",
  );
  const whole = blocks.filter((block) => /^sources:/mu.test(block) && /^sinks:/mu.test(block));
  expect(whole.length).toBeGreaterThan(0);
  const names = [...whole.join("\n").matchAll(/\$\{([A-Z_]+)\}/gu)].map((match): [string, string] => [
    match[1] ?? "",
    env.KEY,
  ]);
  for (const text of whole) parseConfig(text, { file: "configuration.md", env: Object.fromEntries(names) });
});
