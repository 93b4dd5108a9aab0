import { expect, test } from "vitest";
import type { EmulatorOptions } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { newToken, openSocket, refusedStatus } from "../../support/emulator-client.ts";

async function started(options: EmulatorOptions = {}) {
  const emulator = createEmulator({ callsPerHour: 0, ...options });
  await emulator.listen();
  const uri = (token: string): string => `ws://127.0.0.1:${emulator.port}/v2/platform/websocket?access_token=${token}`;
  return { emulator, uri };
}

test("a token that is missing or unknown is refused with 401, one without a scope with 403", async () => {
  const { emulator, uri } = await started({ deniedScopes: ["presence:read"] });
  await using _ = emulator;
  expect(await refusedStatus(uri(""))).toBe(401);
  expect(await refusedStatus(uri("nobody"))).toBe(401);
  expect(await refusedStatus(uri(await newToken(emulator)))).toBe(403);
});

test("every frame goes to every socket, as {topic, data} and nothing else", async () => {
  const { emulator, uri } = await started();
  await using _ = emulator;
  const sockets = [await openSocket(uri(await newToken(emulator))), await openSocket(uri(await newToken(emulator)))];
  const frame = {
    topic: "conversation:activity",
    data: { conversationId: "c", participantId: "p", state: "ringing", timestamp: "2026-03-04T10:00:00.000Z" },
  };
  expect(emulator.emit(frame)).toEqual([1]);
  for (const socket of sockets) {
    await socket.until(1);
    expect(socket.texts).toEqual([JSON.stringify(frame)]);
    socket.ws.terminate();
  }
  expect(emulator.ledger().events).toMatchObject([{ topic: "conversation:activity", key: "c", sockets: ["p1", "p2"] }]);
});

test("the centre's traffic comes in this wire's words", async () => {
  const clock = createFakeClock();
  const { emulator, uri } = await started({ clock, callsPerHour: 1200, agents: 30 });
  await using _ = emulator;
  const socket = await openSocket(uri(await newToken(emulator)));
  await clock.advance(20 * 60_000);
  emulator.stopTraffic();
  const owed = emulator.ledger({ limit: 100_000 }).events.filter(({ sockets }) => sockets.length > 0);
  await socket.until(owed.length);
  const frames = socket.texts.map((text) => JSON.parse(text) as { topic: string; data: Record<string, unknown> });
  const fields = new Map(frames.map(({ topic, data }) => [topic, Object.keys(data)]));
  expect(fields).toEqual(
    new Map([
      ["conversation:activity", ["conversationId", "participantId", "state", "timestamp"]],
      ["routing:agent:status", ["agentId", "status", "timestamp"]],
      ["presence:status", ["userId", "presence", "timestamp"]],
    ]),
  );
  const states = new Set(
    frames.filter(({ topic }) => topic === "conversation:activity").map(({ data }) => data["state"]),
  );
  expect(states).toContain("ringing");
  expect(states).not.toContain("alerting");
  socket.ws.terminate();
});

test("the server's pings come with the heartbeat", async () => {
  const clock = createFakeClock();
  const { emulator, uri } = await started({ clock });
  await using _ = emulator;
  const socket = await openSocket(uri(await newToken(emulator)));
  const pinged = new Promise((resolve) => {
    socket.ws.once("ping", resolve);
  });
  await clock.advance(30_000);
  await pinged;
  expect(socket.texts).toEqual([]);
  socket.ws.terminate();
});
