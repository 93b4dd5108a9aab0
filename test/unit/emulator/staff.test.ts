/** People and queues that come and go: lists, routing and events of the emulator speak of the same staff. */
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import type { FakeClock } from "../../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { call, newChannel, newToken, openSocket } from "../../support/emulator-client.ts";

interface Office extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly clock: FakeClock;
  readonly token: string;
  readonly get: (path: string) => ReturnType<typeof call>;
}

async function office(options: EmulatorOptions = {}): Promise<Office> {
  const clock = createFakeClock();
  const limits = { requestsPerMinute: 100_000 };
  const emulator = createEmulator({ clock, callsPerHour: 0, agents: 6, queues: 2, limits, ...options });
  await emulator.listen();
  const token = await newToken(emulator);
  const get: Office["get"] = (path) => call(emulator, "GET", path, token);
  return { emulator, clock, token, get, [Symbol.asyncDispose]: () => emulator.close() };
}

const idsAt = async ({ get }: Office, path: string): Promise<string[]> =>
  (await get(`${path}${path.includes("?") ? "&" : "?"}pageSize=100`)).json.entities.map(({ id }: { id: string }) => id);

describe("a change of staff", () => {
  test("is seen in every list, and told on the topic of the queue", async () => {
    await using centre = await office();
    const { emulator, token } = centre;
    const [queue] = emulator.directory.queues;
    const members = `/api/v2/routing/queues/${queue?.id}/members`;
    const channel = await newChannel(emulator, token, [`v2.routing.queues.${queue?.id}.users`]);
    const socket = await openSocket(channel.connectUri);
    const before = await idsAt(centre, members);
    const { addedUsers } = emulator.changeStaff({ users: { add: ["Nova New"] } });
    const [added = ""] = addedUsers;
    expect(await idsAt(centre, "/api/v2/users")).toContain(added);
    expect(await idsAt(centre, members)).toEqual(before);
    emulator.changeStaff({ members: { queue: queue?.name ?? "", add: ["nova new"] } });
    expect(await idsAt(centre, members)).toEqual([...before, added]);
    const gone = before[0] ?? "";
    emulator.changeStaff({ users: { remove: [gone] } });
    expect(await idsAt(centre, members)).toEqual([...before.slice(1), added]);
    expect((await centre.get(`/api/v2/users/${gone}`)).status).toBe(404);
    await socket.until(2);
    expect(socket.events().map(({ eventBody }) => eventBody)).toEqual([
      { id: added, user: { id: added }, queueId: queue?.id, joined: true },
      { id: gone, user: { id: gone }, queueId: queue?.id, joined: false },
    ]);
    socket.ws.terminate();
  });

  test("deactivates somebody, who is off queue, listed as inactive, and comes back without queues", async () => {
    await using centre = await office();
    const { emulator, get } = centre;
    const id = emulator.directory.users[2]?.id ?? "";
    emulator.changeStaff({ users: { deactivate: [id] } });
    expect(await idsAt(centre, "/api/v2/users")).not.toContain(id);
    expect(await idsAt(centre, "/api/v2/users?state=inactive")).toEqual([id]);
    expect(await idsAt(centre, "/api/v2/users?state=any")).toHaveLength(6);
    expect(await idsAt(centre, "/api/v2/users?state=__proto__")).toEqual([]);
    expect((await get(`/api/v2/users/${id}?expand=routingStatus,presence`)).json).toMatchObject({
      state: "inactive",
      routingStatus: { status: "OFF_QUEUE" },
      presence: { presenceDefinition: { systemPresence: "Offline" } },
    });
    emulator.changeStaff({ users: { activate: [id] } });
    expect((await get(`/api/v2/users/${id}?expand=routingStatus`)).json).toMatchObject({
      state: "active",
      routingStatus: { status: "IDLE" },
    });
    for (const { id: queueId } of emulator.directory.queues)
      expect(await idsAt(centre, `/api/v2/routing/queues/${queueId}/members`)).not.toContain(id);
  });

  test("opens and closes queues, and leaves one at least", async () => {
    await using centre = await office();
    const { emulator } = centre;
    const [first] = emulator.directory.queues;
    const { addedQueues } = emulator.changeStaff({ queues: { add: 1, remove: [first?.id ?? ""] } });
    expect(await idsAt(centre, "/api/v2/routing/queues")).toContain(addedQueues[0]);
    expect((await centre.get(`/api/v2/routing/queues/${first?.id}`)).status).toBe(404);
    expect(emulator.directory.users.flatMap(({ queueIds }) => queueIds)).not.toContain(first?.id);
    expect(() => emulator.changeStaff({ queues: { remove: 2 } })).toThrow("keeps one queue");
    emulator.reset();
    expect(emulator.directory.queues[0]?.id).toBe(first?.id);
    expect(emulator.directory.users).toHaveLength(6);
  });

  test.each([
    [{}, "one or more of queues, users, members"],
    [{ teams: { add: 1 } }, "has no teams"],
    [{ users: { add: 0 } }, "users.add must be a number from 1"],
    [{ users: { fire: 1 } }, "users has no fire"],
    [{ users: {} }, "users has one or more of"],
    [{ members: { add: 1 } }, "members needs a queue"],
    [{ users: { add: 1, remove: ["nobody"] } }, "there is no user nobody"],
    [{ members: { queue: "nowhere", add: 1 } }, "there is no queue nowhere"],
    [{ users: { activate: 1 } }, "there are no 1 of them"],
  ])("that is none is refused in full: %j", async (change, message) => {
    await using centre = await office();
    const answer = await fetch(`${centre.emulator.url}/_emulator/staff`, {
      method: "POST",
      body: JSON.stringify(change),
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(message);
    expect(centre.emulator.directory.users).toHaveLength(6);
  });

  test("is a step of a scenario", async () => {
    await using centre = await office();
    const steps = [
      { at: "1s", staff: { users: { add: 3 } } },
      { at: "2s", staff: { users: { remove: ["nobody"] } } },
    ];
    centre.emulator.scenarios.play({ steps });
    await centre.clock.advance(3000);
    expect(centre.emulator.directory.users).toHaveLength(9);
    expect(centre.emulator.scenarios.state()?.log.map(({ outcome }) => outcome)).toEqual([
      "9 users, 2 queues",
      "not done: there is no user nobody",
    ]);
    expect(() => centre.emulator.scenarios.play({ steps: [{ at: 1, staff: { users: 1 } as never }] })).toThrow(
      "users has one or more of",
    );
  });
});
