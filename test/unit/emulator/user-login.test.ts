/** Tokens of users, and who may use the emulator from a page. */
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions, UserLogin } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { call, newChannel, newToken } from "../../support/emulator-client.ts";
import { userChannel } from "../../support/xmpp-client.ts";

async function started(options: EmulatorOptions = {}): Promise<{ emulator: Emulator; user: UserLogin }> {
  const emulator = createEmulator({ callsPerHour: 0, ...options });
  await emulator.listen();
  return { emulator, user: emulator.login() };
}

describe("a user's token", () => {
  test("has a user behind it, whom users/me tells with the address for the stream", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const me = await call(emulator, "GET", "/api/v2/users/me", user.accessToken);
    expect(me.json).toMatchObject({ id: emulator.directory.users[0]?.id, chat: { jabberId: user.jabberId } });
    expect(user).toMatchObject({ userId: me.json.id, expiresIn: 86_400 });
  });

  test("comes from the control room, for the first user or one by id or e-mail", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    const third = emulator.directory.users[2];
    const first = await call(emulator, "POST", "/_emulator/login");
    expect(first.json).toMatchObject({ userId: emulator.directory.users[0]?.id });
    for (const user of [third?.id, third?.email.toUpperCase()]) {
      const { json } = await call(emulator, "POST", "/_emulator/login", undefined, { user });
      expect(json).toMatchObject({ userId: third?.id });
      expect((await call(emulator, "GET", "/api/v2/users/me", json.accessToken)).json).toMatchObject({ id: third?.id });
    }
    for (const user of ["nobody", 7, null])
      expect((await call(emulator, "POST", "/_emulator/login", undefined, { user })).status).toBe(400);
    expect(() => emulator.login("nobody")).toThrow(/there is no user "nobody"/);
  });

  test("is what client credentials don't give: users/me stays unknown to them", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    expect((await call(emulator, "GET", "/api/v2/users/me", await newToken(emulator))).status).toBe(404);
  });

  test("has channels of its own: those of other users and of the client are not evicted for it", async () => {
    const { emulator, user } = await started({ limits: { channelsPerClient: 2 } });
    await using _ = emulator;
    const token = await newToken(emulator);
    const theirs = await newChannel(emulator, token);
    const mine: string[] = [];
    for (let n = 0; n < 3; n += 1) mine.push(await userChannel(emulator, user));
    const isThere = async (id: string, by: string) =>
      (await call(emulator, "HEAD", `/api/v2/notifications/channels/${id}`, by)).status === 200;
    expect(await isThere(theirs.id, token)).toBe(true);
    expect(await Promise.all(mine.map((id) => isThere(id, user.accessToken)))).toEqual([false, true, true]);
  });
});

describe("pages of another origin", () => {
  const page = { origin: "https://page.example" };

  test("may ask before they call, and read the answers of login and API", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const asked = await fetch(`${emulator.url}/api/v2/users/me`, {
      method: "OPTIONS",
      headers: { ...page, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-headers")).toBe("authorization");
    for (const authorization of [`Bearer ${user.accessToken}`, "Bearer nobody"]) {
      const me = await fetch(`${emulator.url}/api/v2/users/me`, { headers: { ...page, authorization } });
      expect(me.headers.get("access-control-allow-origin")).toBe(page.origin);
    }
  });

  test("may not log users in", async () => {
    const { emulator } = await started();
    await using _ = emulator;
    const refused = await fetch(`${emulator.url}/_emulator/login`, { method: "POST", headers: page });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  });
});
