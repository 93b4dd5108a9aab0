/**
 * The other end of the line bench, a process of its own: as much of Genesys Cloud as the source needs, and a socket that is
 * flooded with believable frames as fast as it takes them, or at a rate. Frames are made before the clock runs.
 *
 * Told by its parent: `{ "frames": n, "perSecond": r | 0 }` begins a flood on the open socket.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

const CONVERSATIONS = 5_000;
const BATCH = 64;
const HIGH_WATER = 4 * 2 ** 20;

const uuid = (n: number): string => `0f6a1d2e-3b4c-4d5e-8f60-${n.toString(16).padStart(12, "0")}`;

function leg(n: number, purpose: string, state: string): object {
  return {
    id: uuid(n),
    name: "Grenoble, France",
    purpose,
    userId: uuid(n + 1),
    queueId: uuid(2),
    calls: [
      {
        id: uuid(n + 2),
        state,
        initialState: "alerting",
        direction: "inbound",
        held: false,
        muted: false,
        provider: "Edge",
      },
    ],
    attributes: { tier: "gold", note: "x".repeat(150) },
  };
}

/** Of a hundred frames: ringing 5, talking 35, ended 20, presence 20, routing status 20; conversations of some 1.3 KB. */
function frame(n: number): string {
  const conversation = uuid((n * 7_919) % CONVERSATIONS);
  const metadata = { CorrelationId: uuid(n) };
  const part = n % 100;
  if (part >= 60) {
    const status = part >= 80;
    const topicName = `v2.users.${uuid(n % 500)}.${status ? "routingStatus" : "presence"}`;
    const eventBody = status
      ? { id: uuid(n % 500), routingStatus: { status: "IDLE", startTime: "2026-03-04T10:15:00.120Z" } }
      : {
          source: "PURECLOUD",
          presenceDefinition: { id: uuid(9), systemPresence: "AVAILABLE" },
          primary: true,
          message: "",
        };
    return JSON.stringify({ topicName, version: "2", eventBody, metadata });
  }
  const agent = part < 5 ? "alerting" : part < 40 ? "connected" : "terminated";
  const other = part < 40 ? "connected" : "terminated";
  const participants = [leg(n, "customer", other), leg(n + 10, "acd", "terminated"), leg(n + 20, "agent", agent)];
  const topicName = `v2.users.${uuid(n % 500)}.conversations`;
  return JSON.stringify({ topicName, version: "2", eventBody: { id: conversation, participants }, metadata });
}

const frames = Array.from({ length: 20_000 }, (_, n) => frame(n));
let socket: WebSocket | undefined;

const server = createServer((request, response) => {
  const url = request.url ?? "";
  const { port } = server.address() as AddressInfo;
  response.setHeader("content-type", "application/json");
  if (url.startsWith("/oauth/token")) response.end('{"access_token":"t","token_type":"bearer","expires_in":86400}');
  else if (url.endsWith("/channels") && request.method === "POST") {
    const expires = new Date(Date.now() + 86_400_000).toISOString();
    response.end(JSON.stringify({ id: "streaming-0-bench", connectUri: `ws://127.0.0.1:${port}/channels/c`, expires }));
  } else response.end('{"entities":[]}');
  request.resume();
});
new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (opened) => {
  socket = opened;
  opened.on("message", () => opened.send('{"topicName":"channel.metadata","eventBody":{"message":"pong"}}'));
});

function flood(count: number, perSecond: number): void {
  const startedAt = performance.now();
  let sent = 0;
  const pump = (): void => {
    const due = perSecond === 0 ? count : Math.min(count, ((performance.now() - startedAt) * perSecond) / 1_000);
    while (sent < due) {
      if (socket === undefined || socket.bufferedAmount > HIGH_WATER) break;
      for (let n = 0; n < BATCH && sent < due; n += 1, sent += 1) socket.send(frames[sent % frames.length] ?? "");
    }
    if (sent < count) setImmediate(pump);
  };
  pump();
}

process.on("message", ({ frames: count, perSecond }: { frames: number; perSecond: number }) => flood(count, perSecond));
server.listen(0, "127.0.0.1", () => {
  const bytes = frames.reduce((sum, text) => sum + text.length, 0) / frames.length;
  process.send?.({ port: (server.address() as AddressInfo).port, meanBytes: Math.round(bytes) });
});
