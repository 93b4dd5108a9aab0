/** Whatever changes of staff come, in whatever order, the emulator's calls and lists stay right. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StaffChange } from "../../src/emulator/index.ts";
import { createEmulator } from "../../src/emulator/index.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";

const change = fc.oneof(
  fc.constantFrom<StaffChange>(
    { users: { add: 2 } },
    { users: { remove: 1 } },
    { users: { deactivate: 1 } },
    { users: { activate: 1 } },
    { queues: { add: 1 } },
    { queues: { remove: 1 } },
  ),
  fc.record({ queue: fc.nat(5), deed: fc.constantFrom("add" as const, "remove" as const) }),
);

test("whatever the changes, calls go on, only to members who are there, and lists agree", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), fc.array(change, { maxLength: 20 }), async (seed, changes) => {
      const clock = createFakeClock();
      await using emulator = createEmulator({ clock, seed, callsPerHour: 1200, agents: 6, queues: 2 });
      await emulator.listen();
      const { directory } = emulator;
      for (const one of changes) {
        const queue = "queue" in one ? (directory.queues[one.queue % directory.queues.length]?.id ?? "") : "";
        try {
          emulator.changeStaff("queue" in one ? { members: { queue, [one.deed]: 1 } } : one);
        } catch (error) {
          expect(String(error)).toMatch(/there are no|keeps one/);
        }
        await clock.advance(20_000);
        for (const { id, queueIds } of directory.users)
          for (const queueId of queueIds) expect(directory.queueById.get(queueId)?.memberIds).toContain(id);
        for (const { memberIds } of directory.queues)
          for (const id of memberIds) expect(directory.users.some((user) => user.id === id)).toBe(true);
      }
      // What was in hand when somebody left is done by then; since, nobody has called who isn't there.
      await clock.advance(1_800_000);
      const { total } = emulator.ledger({ limit: 1 });
      await clock.advance(600_000);
      const { events } = emulator.ledger({ after: total, limit: 50_000 });
      expect(events.length).toBeGreaterThan(0);
      for (const { topic } of events) {
        const id = /^v2\.(?:users|routing\.queues)\.([^.]+)\.conversations/.exec(topic)?.[1] ?? "";
        if (id !== "") expect(directory.userById.has(id) || directory.queueById.has(id), topic).toBe(true);
      }
    }),
    { numRuns: 10 },
  );
});
