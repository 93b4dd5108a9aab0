/** Emulator, service and HTTP server of one demo: put up together, taken down together. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmulatorOptions } from "../../emulator/index.ts";
import { type Clock, delay } from "../../ports/clock.ts";
import { createRingfirst, type Ringfirst } from "../../ringfirst.ts";
import { systemClock } from "../../runtime/clock.ts";
import { pinoLogger } from "../../runtime/logger.ts";
import { createServer } from "../../server/index.ts";
import { genesysSource } from "../../sources/genesys/index.ts";
import { httpSource } from "../../sources/http.ts";
import { sqliteStore } from "../../stores/sqlite/index.ts";
import type { DemoFlags } from "./flags.ts";
import { createCourt, type Court } from "./court.ts";
import { deskSink } from "./desk.ts";
import { startEmulatorThread, type EmulatorThread } from "./emulator-thread.ts";
import { createLately, type Lately } from "./lately.ts";
import { onPort } from "./port.ts";

/** What is up. */
export interface DemoStage {
  readonly clock: Clock;
  readonly emulator: EmulatorThread;
  readonly service: Ringfirst;
  readonly court: Court;
  readonly lately: Lately;
  /** Of the service. */
  readonly url: string;
  readonly token: string;
  /** Takes everything down; what was not delivered by then is given up. Idempotent. */
  close(): Promise<void>;
}

/** More events a second need more people, or the same few conversations would live at an absurd speed; one channel holds them all. */
const LEAST_AGENTS = 24;
const MOST_AGENTS = 480;
const QUEUES = 6;
const RATE = 40;
const TOPICS = ["v2.routing.queues.{*}.conversations", "v2.users.{*}.presence", "v2.users.{*}.routingStatus"];
/** Hands for the work of a second: handling takes some four milliseconds. */
const HANDS_PER_RATE = 0.02;
const LEAST_HANDS = 16;
const MOST_HANDS = 2_000;

const CONNECT_MS = 5_000;
const CONNECT_LOOK_MS = 10;

/** Puts everything up, and opens the centre once the service listens. */
export async function setStage(flags: DemoFlags): Promise<DemoStage> {
  const clock = systemClock();
  const lately = createLately();
  const logger = pinoLogger({ level: "info", destination: lately.destination });
  // The store that `serve` uses, in a folder that goes with the demo.
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-demo-"));
  const emulator = await onPort(flags.emulatorPort, 7480, "RF_EMULATOR_LISTEN", (port) =>
    startEmulatorThread({ ...emulatorOptions(flags), port }),
  );
  try {
    const court = createCourt((after) => emulator.ledgerAfter(after));
    const concurrency = Math.ceil(Math.min(MOST_HANDS, Math.max(LEAST_HANDS, (flags.rate ?? RATE) * HANDS_PER_RATE)));
    const service = await createRingfirst({
      sources: [sourceOf(emulator), httpSource({ name: "local" })],
      sinks: [{ sink: deskSink(clock, court, lately), concurrency, reserve: { critical: Math.ceil(concurrency / 8) } }],
      store: sqliteStore({ path: join(folder, "ringfirst.db"), clock, logger }),
      clock,
      logger,
    });
    const token = randomBytes(24).toString("base64url");
    const { server, url } = await onPort(flags.port, 7470, "RF_SERVER_LISTEN", async (port) => {
      const made = createServer({ service, token, port, clock, logger });
      return { server: made, ...(await made.listen()) };
    });
    service.start();
    await connected(service, clock);
    await emulator.startTraffic();
    const close = async (): Promise<void> => {
      await service.close({ signal: AbortSignal.abort() });
      await server.close();
      await emulator.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { clock, emulator, service, court, lately, url, token, close };
  } catch (error) {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Resolves when the source is live, or after a while in any case: then the table shows what is wrong. */
async function connected(service: Ringfirst, clock: Clock): Promise<void> {
  const giveUpAt = clock.monotonic() + CONNECT_MS;
  while (!service.readiness().ready && clock.monotonic() < giveUpAt) await delay(clock, CONNECT_LOOK_MS);
}

function emulatorOptions(flags: DemoFlags): EmulatorOptions {
  const { callsPerHour, seed } = flags;
  // Without a wish the centre's time runs so fast that there is something to see.
  const rate = flags.rate ?? (callsPerHour === undefined ? RATE : undefined);
  const enough = Math.ceil(Math.min(MOST_AGENTS, Math.max(LEAST_AGENTS, (rate ?? 0) / 2)));
  return {
    agents: flags.agents ?? enough,
    queues: QUEUES,
    ...(callsPerHour === undefined ? {} : { callsPerHour }),
    ...(rate === undefined ? {} : { rate }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function sourceOf({ url, clientId, clientSecret }: EmulatorThread): ReturnType<typeof genesysSource> {
  return genesysSource({
    name: "main",
    region: "us-east-1",
    clientId,
    clientSecret,
    topics: TOPICS,
    endpoints: { login: url, api: url },
  });
}
