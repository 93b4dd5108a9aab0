import { expect, test } from "vitest";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import type { TokenSource } from "../../../../src/oauth/token.ts";
import { createChannelsApi } from "../../../../src/sources/genesys/channels-api.ts";
import type { ApiCall, GenesysApi } from "../../../../src/sources/genesys/rest.ts";

const TOKEN = { value: "t", expiresAt: 1e15, renewAt: 1e15 };

/** A platform with a list of channels; ids of other tokens' channels are withheld. */
function platform(entities: { id?: string }[]) {
  const created: string[] = [];
  const api: GenesysApi = {
    call({ method, path }: ApiCall) {
      const json =
        method === "POST"
          ? { id: `own-${created.push(path)}`, connectUri: "ws://127.0.0.1:1/c", expires: "2030-01-01T00:00:00Z" }
          : { entities };
      return Promise.resolve({ kind: "ok", status: 200, json, token: TOKEN });
    },
  };
  const endpoints = { login: "http://127.0.0.1:1", api: "http://127.0.0.1:1", streamingHost: undefined };
  return {
    created,
    channels: createChannelsApi({ api, tokens: {} as TokenSource, endpoints, clock: createFakeClock() }),
  };
}

test("a channel that was left counts as free only while the platform still lists it", async () => {
  const entities: { id?: string }[] = Array.from({ length: 18 }, () => ({}));
  const { channels, created } = platform(entities);
  const first = await channels.create();
  if (first.kind !== "created") throw new Error("created expected");
  entities.push({ id: first.channel.id });
  await channels.leave(first.channel);
  expect(await channels.inUse()).toBe(18);

  // The platform removed it for a foreign one: 20 living channels, and none of them is ours to give.
  entities.splice(18, 1, {}, {});
  expect(await channels.inUse()).toBe(20);
  expect(await channels.createIfFree(() => true)).toEqual({ kind: "no-free-channel" });
  expect(created.length).toBe(1);
});
