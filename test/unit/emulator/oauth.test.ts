import { expect, test } from "vitest";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { call, login, newChannel, newToken, openSocket, refusedStatus } from "../../support/emulator-client.ts";

const quiet = { callsPerHour: 0, clientId: "me", clientSecret: "s3cret" };

async function post(
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const response = await fetch(`${url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, json: await response.json() };
}

test("credentials in the body are as good as by Basic", async () => {
  await using emulator = createEmulator({ ...quiet, tokenLifeS: 3600 });
  await emulator.listen();
  const answer = { access_token: expect.stringMatching(/^[0-9a-z]{86}$/), token_type: "bearer", expires_in: 3600 };
  const form = { grant_type: "client_credentials", client_id: "me", client_secret: "s3cret" };
  expect(await post(emulator.url, form)).toEqual({ status: 200, json: answer });
  expect((await login(emulator)).json).toEqual(answer);
});

test.each([
  [
    { grant_type: "client_credentials", client_id: "you", client_secret: "s3cret" },
    400,
    "invalid_client",
    "client not found: invalid_client",
  ],
  [
    { grant_type: "client_credentials", client_id: "me", client_secret: "S3cret" },
    401,
    "invalid_client",
    "authentication failed: invalid_client",
  ],
  [
    { grant_type: "password", client_id: "me", client_secret: "s3cret" },
    400,
    "unsupported_grant_type",
    "unsupported grant type: password",
  ],
  [{ client_id: "me", client_secret: "s3cret" }, 400, "invalid_request", "grant_type is missing"],
])("%o is refused with %i", async (form, status, error, description) => {
  await using emulator = createEmulator(quiet);
  await emulator.listen();
  const json = { error, description, error_description: description };
  expect(await post(emulator.url, form as Record<string, string>)).toEqual({ status, json });
});

test("credentials are made up when none are given", () => {
  const one = createEmulator();
  const other = createEmulator();
  expect(one.clientSecret).toHaveLength(43);
  expect(one.clientSecret).not.toBe(other.clientSecret);
});

test("without a bearer token, and with one that is unknown, the API says which", async () => {
  await using emulator = createEmulator(quiet);
  await emulator.listen();
  const none = await call(emulator, "GET", "/api/v2/users");
  expect(none).toMatchObject({ status: 401, json: { code: "authentication.required", status: 401 } });
  expect(none.json.contextId).toBe(none.headers.get("inin-correlation-id"));
  expect(await call(emulator, "GET", "/api/v2/users", "stale")).toMatchObject({
    status: 401,
    json: { code: "bad.credentials" },
  });
});

test("a token ends in time, and takes its channels and sockets with it", async () => {
  const clock = createFakeClock();
  await using emulator = createEmulator({
    ...quiet,
    clock,
    tokenLifeS: 600,
    switches: { tokenEnd: "notice", tokenEndedCode: 4001 },
  });
  await emulator.listen();
  const token = await newToken(emulator);
  const channel = await newChannel(emulator, token);
  const socket = await openSocket(channel.connectUri);
  const platform = await openSocket(
    `${emulator.url.replace("http", "ws")}/v2/platform/websocket?access_token=${token}`,
  );
  await clock.advance(599_999);
  expect((await call(emulator, "HEAD", "/api/v2/tokens/me", token)).status).toBe(200);
  await clock.advance(1);
  expect((await call(emulator, "HEAD", "/api/v2/tokens/me", token)).status).toBe(401);
  expect((await socket.closed).code).toBe(4001);
  expect((await platform.closed).code).toBe(4001);
  expect(socket.events().map(({ topicName }) => topicName)).toEqual([`v2.system.token_revoked.${channel.id}`]);
  expect(await refusedStatus(channel.connectUri)).toBe(401);
});

test("another token of the same client does not find the channel, and sees it in the list without its id", async () => {
  await using emulator = createEmulator(quiet);
  await emulator.listen();
  const mine = await newToken(emulator);
  const theirs = await newToken(emulator);
  const channel = await newChannel(emulator, mine);
  expect((await call(emulator, "HEAD", `/api/v2/notifications/channels/${channel.id}`, theirs)).status).toBe(404);
  expect((await call(emulator, "GET", "/api/v2/notifications/channels", theirs)).json).toEqual({ entities: [] });
  const all = await call(emulator, "GET", "/api/v2/notifications/channels?includechannels=oauthclient", theirs);
  expect(all.json.entities.map((entity: object) => Object.keys(entity))).toEqual([["expires"]]);
});
