/**
 * The second wire through the whole house: a provider's sockets, classification, the work queue, a handler, and the HTTP API beside
 * it, with the real clock and network. Twice: against the foreign provider, and against the emulator.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import type { Client } from "../../src/client/index.ts";
import { createClient } from "../../src/client/index.ts";
import type { RingfirstEvent } from "../../src/core/event.ts";
import { createEmulator } from "../../src/emulator/index.ts";
import { createRingfirst } from "../../src/ringfirst.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createServer } from "../../src/server/index.ts";
import { handlerSink } from "../../src/sinks/handler.ts";
import { httpSource } from "../../src/sources/http.ts";
import { platformWebsocketSource } from "../../src/sources/platform-websocket/index.ts";
import { eventually } from "../support/eventually.ts";
import { startForeignPlatform } from "../support/foreign-platform.ts";
import type { LogSpy } from "../support/log-spy.ts";
import { createLogSpy } from "../support/log-spy.ts";

const SECRET = "canary-client-secret";
const TOKEN = "canary-server-token-1";

interface House {
  readonly events: RingfirstEvent[];
  readonly client: Client;
  readonly logger: LogSpy;
  readonly state: () => string;
}

async function open(
  endpoints: { api: string; socket: string },
  clientId: string,
  clientSecret: string,
): Promise<House> {
  const events: RingfirstEvent[] = [];
  const logger = createLogSpy();
  const gateway = platformWebsocketSource({ name: "gateway", region: "us-east-1", clientId, clientSecret, endpoints });
  const service = await createRingfirst({
    sources: [gateway, httpSource({ name: "local" })],
    sinks: [{ sink: handlerSink({ handle: (event) => void events.push(event) }) }],
    logger,
  });
  const clock = systemClock();
  const server = createServer({ service, token: TOKEN, port: 0, clock, logger, processMetrics: false });
  const { url } = await server.listen();
  onTestFinished(async () => {
    await service.close();
    await server.close();
    expect(logger.text()).not.toContain("canary");
  });
  service.start();
  return { events, logger, client: createClient({ url, token: TOKEN }), state: () => gateway.status().state };
}

const byTopic = ([left = ""]: unknown[], [right = ""]: unknown[]): number => (String(left) < String(right) ? -1 : 1);

const ringing = '{"conversationId":"c1","participantId":"p1","state":"ringing","timestamp":"2026-01-01T00:00:00Z"}';

describe("a foreign provider", () => {
  test("feeds the house: classes, keys and bytes reach the handler, a cut socket is replaced, and all is told over HTTP", async () => {
    const platform = await startForeignPlatform({ clientId: "id", clientSecret: SECRET });
    onTestFinished(() => platform.close());
    const { events, client, logger, state } = await open(
      { api: platform.api, socket: platform.socketBase },
      "id",
      SECRET,
    );
    await eventually("a socket", () => platform.standing().length === 1);
    platform.broadcast(`{"topic":"conversation:activity","data":${ringing}}`);
    platform.broadcast('{"topic":"presence:status","data":{"userId":"u1","presence":"Away","timestamp":"t"}}');
    platform.broadcast("not a frame");
    await eventually("three events", () => events.length === 3);
    expect(events.map(({ topic, class: name, key, source }) => [topic, name, key, source]).toSorted(byTopic)).toEqual([
      ["", "standard", undefined, "gateway"],
      ["conversation:activity", "critical", "c1", "gateway"],
      ["presence:status", "high", "u1", "gateway"],
    ]);
    expect(new TextDecoder().decode(events.find(({ class: name }) => name === "critical")?.bytes)).toBe(ringing);

    const sent = await client.send([
      { topic: "orders", body: { n: 1 }, id: "o1" },
      { topic: "orders", body: { n: 1 }, id: "o1" },
    ]);
    expect(sent).toMatchObject({ ok: true, results: [{ status: "admitted", id: "o1" }, { status: "duplicate" }] });
    await eventually("a fourth event", () => events.length === 4);
    expect(events[3]).toMatchObject({ topic: "orders", id: "o1", source: "local", body: { n: 1 } });

    platform.standing()[0]?.cut();
    await eventually("another socket", () => platform.sockets.length === 2);
    await eventually("the source has it", () => platform.standing().length === 1 && state() === "live");
    expect(await client.ready()).toBe(true);
    platform.broadcast(`{"topic":"conversation:activity","data":${ringing}}`);
    await eventually("a fifth event", () => events.length === 5);

    const status = await client.status();
    expect(status.sources).toMatchObject([
      { name: "gateway", state: "live", received: 4, malformed: 1, connections: [{ reconnects: 1 }] },
      { name: "local", state: "live" },
    ]);
    expect(status.gaps.recent.map(({ cause, to }) => [cause, to !== undefined])).toContainEqual([
      "the socket was cut (1006)",
      true,
    ]);
    const metrics = await client.metrics();
    expect(metrics).toContain('ringfirst_source_malformed_total{source="gateway"} 1');
    expect(metrics).toContain('ringfirst_class_delivered_total{class="critical"} 2');
    expect(JSON.stringify(status) + metrics).not.toContain("canary");
    expect(logger.lines.map(({ message }) => message)).toContain("disconnected; reconnecting");
  });

  test("that says no leaves the house up, not ready, and with the reason", async () => {
    const platform = await startForeignPlatform({ clientId: "id", clientSecret: SECRET });
    onTestFinished(() => platform.close());
    platform.upgradeFaults.push({ kind: "answer", status: 403, body: "presence:read" });
    const { client, state } = await open({ api: platform.api, socket: platform.socketBase }, "id", SECRET);
    await eventually("the refusal", () => platform.upgradeFaults.length === 0 && platform.tokens.length === 1);
    await eventually("the reason", () => state() === "refused");
    expect(await client.ready()).toBe(false);
    const { ready, notReady } = await client.status();
    expect(ready).toBe(false);
    expect(notReady.join("\n")).toContain("presence:status needs presence:read");
  });
});

describe("the emulator", () => {
  test("feeds the house over this wire, and a source survives its faults", async () => {
    await using emulator = createEmulator({ callsPerHour: 0, clientId: "id", clientSecret: SECRET });
    await emulator.listen();
    const { events, state } = await open(
      { api: emulator.url, socket: emulator.url.replace("http", "ws") },
      "id",
      SECRET,
    );
    await eventually("a socket", () => state() === "live");
    emulator.emit({ topic: "conversation:activity", data: JSON.parse(ringing) as Record<string, unknown> });
    const event = await eventually("the call", () => events.find(({ class: name }) => name === "critical"));
    expect(event).toMatchObject({
      topic: "conversation:activity",
      class: "critical",
      key: "c1",
      body: JSON.parse(ringing) as unknown,
    });
  });
});
