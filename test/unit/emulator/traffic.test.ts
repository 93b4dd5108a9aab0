import { describe, expect, test } from "vitest";
import { createEmulator } from "../../../src/emulator/index.ts";
import type { Emulator, LedgerEvent } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import type { TestSocket } from "../../support/emulator-client.ts";
import { newChannel, newToken, openSocket } from "../../support/emulator-client.ts";
import { checkBody } from "../../support/field-check.ts";

const MEDIA = ["calls", "callbacks", "chats", "emails", "messages"] as const;
const ORDER = ["scheduled", "alerting", "dialing", "contacting", "connected", "disconnected", "terminated"];
const MINUTE = 60_000;

interface Leg {
  readonly id: string;
  readonly purpose: string;
  readonly userId?: string;
  readonly user?: { readonly id: string };
  readonly state: string;
  readonly disconnectType?: string;
  readonly endTime?: string;
  readonly wrapup?: unknown;
  readonly startAcwTime?: string;
  readonly endAcwTime?: string;
}

interface Frame {
  readonly topicName: string;
  readonly eventBody: { readonly id: string; readonly participants: readonly Leg[] };
}

/** Every topic that the traffic produces, on one channel. */
function everyTopic({ directory }: Emulator): string[] {
  const places = [
    ...directory.queues.map(({ id }) => `v2.routing.queues.${id}`),
    ...directory.users.map(({ id }) => `v2.users.${id}`),
  ];
  return [
    ...places.map((place) => `${place}.conversations`),
    ...places.flatMap((place) => MEDIA.map((medium) => `${place}.conversations.${medium}`)),
    ...directory.users.map(({ id }) => `v2.users.${id}?presence&routingStatus&activity`),
    ...directory.users.map(({ id }) => `v2.users.${id}.alerting.alerts`),
    ...directory.queues.map(({ id }) => `v2.analytics.queues.${id}.observations`),
  ];
}

/** Lets a busy centre live for a while and gives all that was sent. */
async function record(
  seed: number,
  minutes: number,
): Promise<{
  readonly frames: readonly Frame[];
  readonly texts: readonly string[];
  readonly events: readonly LedgerEvent[];
}> {
  const clock = createFakeClock();
  await using emulator = createEmulator({ clock, seed, agents: 30, queues: 4, callsPerHour: 900 });
  await emulator.listen();
  const channel = await newChannel(emulator, await newToken(emulator), everyTopic(emulator));
  const socket: TestSocket = await openSocket(channel.connectUri);
  await clock.advance(minutes * MINUTE);
  emulator.stopTraffic();
  const { events, total } = emulator.ledger({ limit: 1_000_000 });
  expect(events).toHaveLength(total);
  const heartbeats = minutes * 2;
  await socket.until(events.filter(({ sockets }) => sockets.length > 0).length + heartbeats);
  return { frames: socket.events() as unknown as readonly Frame[], texts: socket.texts, events };
}

const { frames, texts, events } = await record(7, 30);

describe("the traffic", () => {
  test("is the same for the same seed, and another for another", async () => {
    const again = await record(7, 5);
    const other = await record(8, 5);
    expect(again.events).toEqual(events.slice(0, again.events.length));
    expect(other.events.map(({ hash }) => hash)).not.toEqual(again.events.map(({ hash }) => hash));
  });

  test("conforms to the platform's field trees in every body", () => {
    expect(frames.flatMap(({ topicName, eventBody }) => checkBody(topicName, eventBody))).toEqual([]);
  });

  test("covers both shapes, every medium, presence, routing, activity, statistics and alerts", () => {
    const kinds = new Set(frames.map(({ topicName }) => topicName.replace(/[0-9a-f-]{36}/, "{id}")));
    for (const place of ["v2.users.{id}", "v2.routing.queues.{id}"]) {
      expect(kinds).toContain(`${place}.conversations`);
      for (const medium of MEDIA) expect(kinds).toContain(`${place}.conversations.${medium}`);
    }
    for (const part of ["presence", "routingStatus", "activity", "alerting.alerts"])
      expect(kinds).toContain(`v2.users.{id}.${part}`);
    expect(kinds).toContain("v2.analytics.queues.{id}.observations");
  });

  test("never sends two equal bodies on one topic", () => {
    const seen = new Set<string>();
    const twice = events.filter(
      ({ topic, hash, sockets }) => sockets.length > 0 && seen.size === seen.add(`${topic} ${hash}`).size,
    );
    expect(twice).toEqual([]);
  });

  test("wraps bodies as the platform does: no id, no sequence, no time", () => {
    for (const frame of frames) expect(Object.keys(frame)).toEqual(["topicName", "version", "eventBody", "metadata"]);
    expect(texts.find((text) => text.includes("ringing"))).toBeUndefined();
  });
});

describe("a conversation", () => {
  const perMedium = frames.filter(({ topicName }) => /queues\..*\.conversations\.\w+$/.test(topicName));
  const snapshots = Map.groupBy(perMedium, ({ eventBody }) => eventBody.id);
  const histories = Array.from(snapshots.values());
  const latestLegs = histories.map((history) => history.at(-1)?.eventBody.participants ?? []);

  test("keeps its participants, in their order, and only adds new ones", () => {
    for (const history of histories) {
      let known: string[] = [];
      for (const { eventBody } of history) {
        const ids = eventBody.participants.map(({ id }) => id);
        expect(ids.slice(0, known.length)).toEqual(known);
        known = ids;
      }
    }
  });

  test("never lets a participant's state go back", () => {
    for (const history of histories) {
      const states = new Map<string, number>();
      for (const { id, state } of history.flatMap(({ eventBody }) => eventBody.participants)) {
        const rank = ORDER.indexOf(state);
        expect(rank).toBeGreaterThanOrEqual(states.get(id) ?? 0);
        states.set(id, rank);
      }
    }
  });

  test("shows the lives that 10.3 tells of: answered, unanswered, abandoned, wrapped up", () => {
    const legs = latestLegs.flat();
    expect(
      legs.some(({ purpose, disconnectType }) => purpose === "agent" && disconnectType === "transfer.noanswer"),
    ).toBe(true);
    expect(legs.some(({ purpose, disconnectType }) => purpose === "acd" && disconnectType === "transfer")).toBe(true);
    expect(
      legs.some(
        ({ wrapup, startAcwTime, endAcwTime }) => wrapup !== undefined && String(endAcwTime) > String(startAcwTime),
      ),
    ).toBe(true);
    const abandoned = latestLegs.filter(
      (all) => all.every(({ endTime }) => endTime !== undefined) && all.every(({ purpose }) => purpose !== "agent"),
    );
    expect(abandoned.length).toBeGreaterThan(0);
    const offeredAgain = latestLegs.filter((all) => all.filter(({ purpose }) => purpose === "agent").length > 1);
    expect(offeredAgain.length).toBeGreaterThan(0);
  });

  test("is the same snapshot for its queue and for its agent", () => {
    const bodies = new Map<string, Set<string>>();
    for (const { topicName, eventBody, ...rest } of frames) {
      if (!/\.conversations\.\w+$/.test(topicName)) continue;
      const correlation = JSON.stringify(rest);
      bodies.set(correlation, (bodies.get(correlation) ?? new Set()).add(JSON.stringify(eventBody)));
    }
    expect(Array.from(bodies.values()).every((set) => set.size === 1)).toBe(true);
  });
});

describe("an agent", () => {
  test("alerts for or talks in one conversation at a time, and is INTERACTING while talking", () => {
    const busyWith = new Map<string, string>();
    const statuses = new Set<string>();
    for (const { topicName, eventBody } of frames) {
      const userId = /^v2\.users\.([0-9a-f-]+)\./.exec(topicName)?.[1] ?? "";
      if (topicName.endsWith(".routingStatus")) {
        const status = (eventBody as unknown as { routingStatus: { status: string } }).routingStatus.status;
        statuses.add(status);
        if (status === "INTERACTING") expect(busyWith.has(userId)).toBe(true);
      }
      if (!/^v2\.users\..*\.conversations\.\w+$/.test(topicName)) continue;
      const isIn = eventBody.participants.some(({ user, endTime }) => user?.id === userId && endTime === undefined);
      if (isIn) {
        expect(busyWith.get(userId) ?? eventBody.id).toBe(eventBody.id);
        busyWith.set(userId, eventBody.id);
      } else if (busyWith.get(userId) === eventBody.id) busyWith.delete(userId);
    }
    expect(statuses).toEqual(new Set(["IDLE", "INTERACTING", "NOT_RESPONDING", "OFF_QUEUE"]));
  });
});

describe("the pace", () => {
  test.each([[50], [400]])("keeps the wanted rate of %i frames a second", async (rate) => {
    const clock = createFakeClock();
    await using emulator = createEmulator({ clock, rate, agents: 20 });
    await emulator.listen();
    const channel = await newChannel(emulator, await newToken(emulator), everyTopic(emulator));
    const socket = await openSocket(channel.connectUri);
    await clock.advance(10_000);
    const heard = emulator.ledger({ limit: 100_000 }).events.filter(({ sockets }) => sockets.length > 0).length;
    expect(heard).toBeGreaterThan(rate * 9);
    expect(heard).toBeLessThan(rate * 10.5);
    socket.ws.terminate();
  });

  test("follows the clock without a rate, and is silent without calls", async () => {
    const clock = createFakeClock();
    await using busy = createEmulator({ clock, callsPerHour: 1200 });
    await using silent = createEmulator({ clock, callsPerHour: 0 });
    await Promise.all([busy.listen(), silent.listen()]);
    await clock.advance(60_000);
    const calls = new Set(
      busy
        .ledger()
        .events.filter(({ topic }) => topic.includes("queues"))
        .map(({ key }) => key),
    );
    expect(calls.size).toBeGreaterThan(10);
    expect(calls.size).toBeLessThan(35);
    expect(silent.ledger().total).toBe(0);
  });
});
