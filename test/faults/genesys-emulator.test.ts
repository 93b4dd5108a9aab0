/**
 * The Genesys source on a busy emulator, in real time, with faults. The emulator's ledger is the truth: what was produced is
 * received once and in order, or lies in a gap that the source declared.
 */
import { createHash } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEmulator, type Emulator, type FaultRequest, type LedgerEvent } from "../../src/emulator/index.ts";
import type { Source } from "../../src/ports/source.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemNet } from "../../src/runtime/net.ts";
import { genesysSource } from "../../src/sources/genesys/index.ts";
import { eventually } from "../support/eventually.ts";
import type { SpyContext } from "../support/source-context.ts";
import { createSpyContext } from "../support/source-context.ts";

/** The clocks are one, but an event is produced some time before it is read. */
const SLACK_MS = 100;

interface Centre {
  readonly emulator: Emulator;
  readonly source: Source;
  readonly context: SpyContext;
}

async function busyCentre(): Promise<Centre> {
  const emulator = createEmulator({ agents: 8, queues: 3, rate: 400, seed: 7, clientSecret: "canary-secret" });
  await emulator.listen();
  const context = createSpyContext(systemClock(), systemNet());
  const source = genesysSource({
    name: "main",
    region: "us-east-1",
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    topics: ["v2.routing.queues.{*}.conversations", "v2.users.{*}.presence", "v2.users.{*}.routingStatus"],
    endpoints: { login: emulator.url, api: emulator.url },
  });
  onTestFinished(async () => {
    await source.close();
    await emulator.close();
    const told = context.logger.text() + JSON.stringify([source.status(), context.gaps]);
    expect(told).not.toContain("canary");
    expect(told).not.toContain("streaming-0-");
  });
  source.start(context);
  await eventually("live", () => source.status().state === "live");
  await context.received(context.events.length + 50);
  return { emulator, source, context };
}

function ledgerOf(emulator: Emulator): LedgerEvent[] {
  const all: LedgerEvent[] = [];
  for (let after = 0; ;) {
    const { events, next } = emulator.ledger({ after, limit: 1_000 });
    all.push(...events);
    if (events.length === 0) return all;
    after = next;
  }
}

/** What a ledger line and a received event have in common. */
const markOf = (topic: string, hash: string): string => `${topic.toLowerCase()} ${hash}`;
/** Live ones: what is reconciled comes on top, and the ledger knows nothing of it. */
const receivedMarks = ({ events }: SpyContext): string[] =>
  events
    .filter(({ origin }) => origin === "live")
    .map(({ topic, text }) => markOf(topic, createHash("sha256").update(text).digest("hex").slice(0, 16)));

/** The socket that carries what is sent now. */
function carrier(emulator: Emulator): string | undefined {
  const last = ledgerOf(emulator).findLast(({ sockets }) => sockets.length > 0);
  return last?.sockets.length === 1 ? last.sockets[0] : undefined;
}

/** Waits until what was sent on an open socket has come. */
async function settle({ emulator, context }: Centre): Promise<void> {
  emulator.stopTraffic();
  const last = ledgerOf(emulator).findLast(({ sockets }) => sockets.length > 0);
  if (last === undefined) throw new Error("nothing was sent");
  const mark = markOf(last.topic, last.hash);
  await eventually("the last event", () => receivedMarks(context).includes(mark));
}

describe("the source on a busy emulator", () => {
  test("a closing notice under load: nothing lost, nothing twice, nothing out of order, no gap", async () => {
    const centre = await busyCentre();
    const { emulator, context } = centre;
    const first = await eventually("a carrier", () => carrier(emulator));
    const gaps = context.gaps.length;
    const begun = ledgerOf(emulator).find(({ sockets }) => sockets.length > 0);
    emulator.faults.inject({ fault: "socket_closing", graceMs: 60_000 });
    await eventually("the second socket alone", () => {
      const now = carrier(emulator);
      return now !== undefined && now !== first;
    });
    await context.received(context.events.length + 50);
    await settle(centre);
    const sent = ledgerOf(emulator).filter(({ n, sockets }) => n >= (begun?.n ?? 0) && sockets.length > 0);
    expect(sent.some(({ sockets }) => sockets.length === 2)).toBe(true);
    expect(receivedMarks(context)).toEqual(sent.map(({ topic, hash }) => markOf(topic, hash)));
    expect(context.gaps.length).toBe(gaps);
  });

  const FAULTS: readonly FaultRequest[] = [
    { fault: "drop" },
    { fault: "close", code: 1001 },
    { fault: "close", code: 1011 },
    { fault: "close", code: 4001 },
    { fault: "token_revoked" },
    { fault: "channel_gone" },
    { fault: "socket_closing", graceMs: 0 },
  ];
  test.each(FAULTS)(
    "%o under load: flowing again by itself, and what is missing lies in a declared gap",
    async (fault) => {
      const centre = await busyCentre();
      const { emulator, source, context } = centre;
      const first = await eventually("a carrier", () => carrier(emulator));
      emulator.faults.inject(fault);
      await eventually("another socket carries", () => {
        const now = carrier(emulator);
        return now !== undefined && now !== first && source.status().state === "live";
      });
      await context.received(context.events.length + 50);
      await settle(centre);
      const received = new Map<string, number>();
      for (const mark of receivedMarks(context)) received.set(mark, (received.get(mark) ?? 0) + 1);
      const begun = ledgerOf(emulator).findIndex(({ sockets }) => sockets.length > 0);
      for (const { n, topic, hash, at, sockets } of ledgerOf(emulator).slice(begun)) {
        const mark = markOf(topic, hash);
        const count = received.get(mark) ?? 0;
        if (sockets.length > 0 && count > 0) {
          received.set(mark, count - 1);
          continue;
        }
        // Traffic on topics that nobody subscribed is in the ledger too.
        if (sockets.length === 0 && !isWanted(topic)) continue;
        const within = context.gaps.some(({ from, to }) => at >= from - SLACK_MS && at <= (to ?? Infinity) + SLACK_MS);
        expect(within, `event ${n} on ${topic} is missing outside of every gap`).toBe(true);
      }
      expect([...received.values()].reduce((sum, count) => sum + count, 0)).toBe(0);
      expect(context.gaps.every(({ to }) => to !== undefined)).toBe(true);
    },
  );
});

function isWanted(topic: string): boolean {
  return /^v2\.(?:routing\.queues\.[^.]+\.conversations|users\.[^.]+\.(?:presence|routingstatus))$/iu.test(topic);
}
