import { expect, test } from "vitest";
import { withDefaults } from "../../../src/config/effective.ts";
import { parseConfig } from "../../../src/config/load.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { SILENT_LOGGER } from "../../../src/ports/logger.ts";
import { resolveServerOptions } from "../../../src/server/options.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createFakeService } from "../../support/fake-service.ts";

const SHORT =
  "sources: [{ name: a, type: http }]\nsinks: [{ name: log, type: ndjson }, { name: crm, type: webhook, url: 'https://x.example/' }]";
const parsed = (more = ""): ReturnType<typeof parseConfig> =>
  parseConfig(`${SHORT}\n${more}`, { file: "r.yaml", env: {} });

test("a short configuration is shown as it will be run, and is still a configuration", () => {
  const whole = withDefaults(parsed());
  const delivery = {
    concurrency: 16,
    timeoutMs: 30_000,
    retry: { maxAttempts: 8, initialMs: 200, maxMs: 60_000 },
    limits: { maxEvents: 1_000_000, maxBytes: 2_147_483_648 },
  };
  expect(whole).toEqual({
    sources: [{ name: "a", type: "http" }],
    classes: [
      { name: "critical", neverShed: true, minShare: 0 },
      { name: "high", neverShed: false, minShare: 0.1 },
      { name: "standard", neverShed: false, minShare: 0.05 },
    ],
    rules: [{ use: "defaults" }],
    sinks: [
      { name: "log", type: "ndjson", path: "-", ...delivery },
      { name: "crm", type: "webhook", url: "https://x.example/", ...delivery },
    ],
    lifecycle: false,
    store: { type: "sqlite", path: "./data/ringfirst.db", sync: "full" },
    limits: { maxEvents: 1_000_000, maxBytes: 2_147_483_648, maxFrameBytes: 1_048_576, maxDepth: 64 },
    dedup: { windowMs: 600_000, maxCount: 1_000_000 },
    leaseMs: 30_000,
    pressure: { pauseAbove: 0.9, resumeBelow: 0.7 },
    deadLetters: { maxCount: 100_000 },
    drainMs: 10_000,
    server: { host: "127.0.0.1", port: 7470 },
    log: { level: "info" },
  });
  expect(configSchema.safeParse(whole).error).toBeUndefined();
});

test("what was said stays, and a part that was said keeps the rest of its defaults", () => {
  const whole = withDefaults(
    parsed(
      "limits: { maxEvents: 5 }\npressure: { pauseAbove: 0.5 }\nclasses: [{ name: critical }, { name: high }, { name: standard }]",
    ),
  );
  expect(whole.limits).toMatchObject({ maxEvents: 5, maxBytes: 2_147_483_648 });
  expect(whole.sinks[0]?.limits).toEqual({ maxEvents: 5, maxBytes: 2_147_483_648 });
  expect(whole.pressure).toEqual({ pauseAbove: 0.5, resumeBelow: 0.5 });
  expect(whole.classes?.map(({ minShare }) => minShare)).toEqual([0, 0, 0]);
});

test("the server's address is the server's own default", () => {
  const { host, port } = resolveServerOptions({
    service: createFakeService(),
    token: "x".repeat(16),
    clock: createFakeClock(),
    logger: SILENT_LOGGER,
  });
  expect(withDefaults(parsed()).server).toEqual({ host, port });
});
