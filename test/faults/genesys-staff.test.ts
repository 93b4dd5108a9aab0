/** The Genesys source on an emulator where people and queues come and go: its topics follow within the look-up interval. */
import { expect, onTestFinished, test } from "vitest";
import { createEmulator } from "../../src/emulator/index.ts";
import { systemNet } from "../../src/runtime/net.ts";
import { genesysSource } from "../../src/sources/genesys/index.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { eventually } from "../support/eventually.ts";
import { createSpyContext } from "../support/source-context.ts";

const EVERY_MS = 60_000;

test("topics follow who comes and goes: members of a queue, all people, all queues", async () => {
  const clock = createFakeClock();
  const emulator = createEmulator({ clock, callsPerHour: 0, agents: 5, queues: 2, heartbeatMs: 10_000 });
  await emulator.listen();
  const [queue, other] = emulator.directory.queues;
  const context = createSpyContext(clock, systemNet());
  const source = genesysSource({
    name: "main",
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    topics: [
      { topic: "v2.users.{*}.presence", members: { queue: queue?.name ?? "" } },
      "v2.users.{*}.routingStatus",
      "v2.routing.queues.{*}.users",
    ],
    endpoints: { login: emulator.url, api: emulator.url },
    lookUpEveryMs: EVERY_MS,
  });
  onTestFinished(async () => {
    const closing = source.close();
    await clock.advance(10_000);
    await closing;
    await emulator.close();
  });
  source.start(context);
  await eventually("live", () => source.status().state === "live");
  const isHeard = (topicName: string): boolean => {
    const [n = 1] = emulator.emit({ topicName, eventBody: { primary: true } });
    return emulator.ledger({ after: n - 1, limit: 1 }).events[0]?.sockets.length === 1;
  };
  /** Lets the next look happen, wherever its jitter puts it, and waits until its lists are read. */
  const nextLook = async (): Promise<void> => {
    const before = source.status().headroom?.lookedUpAt;
    for (let left = EVERY_MS * 1.1; left > 0 && source.status().headroom?.lookedUpAt === before; left -= 5000) {
      await clock.advance(5000);
      await eventually("heard", () =>
        source.status().connections.every(({ lastFrameAt = 0 }) => lastFrameAt > clock.now() - 10_000),
      );
    }
    await eventually("looked", () => source.status().headroom?.lookedUpAt !== before);
  };

  const { addedUsers, addedQueues } = emulator.changeStaff({ users: { add: 1 }, queues: { add: 1 } });
  const [user = ""] = addedUsers;
  emulator.changeStaff({ members: { queue: queue?.id ?? "", add: [user] } });
  expect(isHeard(`v2.users.${user}.presence`)).toBe(false);
  await nextLook();
  await eventually("the new one's presence", () => isHeard(`v2.users.${user}.presence`));
  expect(isHeard(`v2.users.${user}.routingStatus`)).toBe(true);
  expect(isHeard(`v2.routing.queues.${addedQueues[0]}.users`)).toBe(true);
  // The queue's topic had the news before the look-up.
  expect(context.events.map(({ topic }) => topic)).toContain(`v2.routing.queues.${queue?.id}.users`);

  emulator.changeStaff({ members: { queue: queue?.id ?? "", remove: [user] }, queues: { remove: [other?.id ?? ""] } });
  await nextLook();
  await nextLook(); // who is missing is made sure of, half a minute later
  await eventually("no presence of who left the queue", () => !isHeard(`v2.users.${user}.presence`));
  expect(isHeard(`v2.users.${user}.routingStatus`)).toBe(true);
  expect(isHeard(`v2.routing.queues.${other?.id}.users`)).toBe(false);
});
