import { describe, expect, test } from "vitest";
import { resolveEndpoints, socketUrl } from "../../../../src/sources/platform-websocket/endpoints.ts";
import type { PlatformWebsocketSourceOptions } from "../../../../src/sources/platform-websocket/index.ts";
import { platformWebsocketSource } from "../../../../src/sources/platform-websocket/index.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import { createScriptedNet, jsonResponse } from "../../../support/scripted-net.ts";
import { createSpyContext } from "../../../support/source-context.ts";

const resolve = (region: string, given?: { api?: string; socket?: string }) => resolveEndpoints("s", region, given);

describe("endpoints", () => {
  test("follow from the region", () => {
    expect(resolve("eu_Central_1")).toEqual({
      api: "https://api.eu-central-1.genesys.cloud",
      socket: "wss://api.eu-central-1.genesys.cloud",
    });
  });

  test.each(["us-east-1", "us_east_1", "mypurecloud.com"])("take the region by any of its names: %s", (region) => {
    expect(resolve(region).api).toBe("https://api.us-east-1.genesys.cloud");
  });

  test("can be given; the socket follows from the api", () => {
    expect(resolve("us-east-1", { api: "https://proxy.example.com/genesys/" })).toEqual({
      api: "https://proxy.example.com/genesys",
      socket: "wss://proxy.example.com/genesys",
    });
    expect(resolve("us-east-1", { api: "https://a.example", socket: "wss://b.example:8443" }).socket).toBe(
      "wss://b.example:8443",
    );
  });

  test.each(["127.0.0.1:7480", "localhost:7480", "[::1]:7480", "127.8.8.8:1"])(
    "may be plain on loopback: %s",
    (host) => {
      expect(resolve("us-east-1", { api: `http://${host}` })).toEqual({
        api: `http://${host}`,
        socket: `ws://${host}`,
      });
    },
  );

  test.each([
    [{ api: "http://api.example.com" }],
    [{ api: "http://127.0.0.1.evil.example" }],
    [{ api: "http://localhost.evil.example" }],
    [{ api: "ftp://127.0.0.1" }],
    [{ api: "nonsense" }],
    [{ api: "https://user:canary@api.example.com" }],
    [{ api: "https://api.example.com/?key=canary" }],
    [{ api: "https://api.example.com/#canary" }],
    [{ socket: "ws://api.example.com" }],
    [{ socket: "https://api.example.com" }],
  ])("refuses %j, and shows no secret", (given) => {
    expect(() => resolve("us-east-1", given)).toThrow(
      expect.objectContaining({ code: "RF_OPTION_INVALID", message: expect.not.stringContaining("canary") as string }),
    );
  });

  test.each(["", "us east", "evil.example/", "a.b", "-x", "us-east-9", "us-east-1.evil.example#", "@evil"])(
    "refuses the region %j: it becomes a part of the host that the secret is sent to",
    (region) => {
      expect(() => resolve(region)).toThrow(expect.objectContaining({ code: "RF_REGION_UNKNOWN" }));
    },
  );

  test("the token is escaped in the address", () => {
    expect(socketUrl(resolve("us-east-1"), "a&b=c d")).toBe(
      "wss://api.us-east-1.genesys.cloud/v2/platform/websocket?access_token=a%26b%3Dc%20d",
    );
  });
});

describe("platformWebsocketSource", () => {
  const well: PlatformWebsocketSourceOptions = {
    name: "gateway",
    region: "us-east-1",
    clientId: "id",
    clientSecret: "canary",
  };

  test.each([
    [{ name: "" }, "name"],
    [{ clientId: "" }, "clientId"],
    [{ clientSecret: "" }, "clientSecret"],
    [{ limits: { maxFrameBytes: 0 } }, "limits.maxFrameBytes"],
    [{ limits: { maxDepth: 0.5 } }, "limits.maxDepth"],
  ])("refuses %j and names it", (wrong, path) => {
    expect(() => platformWebsocketSource({ ...well, ...wrong })).toThrow(
      expect.objectContaining({ code: "RF_OPTION_INVALID", message: expect.stringContaining(path) as string }),
    );
  });

  test("asks for its token at the region's host within ten seconds, and renews it a minute before its end", async () => {
    const clock = createFakeClock();
    const net = createScriptedNet();
    net.answers.push(jsonResponse(200, { access_token: "canary-token", token_type: "bearer", expires_in: 3_600 }));
    const source = platformWebsocketSource(well);
    const context = createSpyContext(clock, net);
    source.start(context);
    await clock.settle();
    expect(net.requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.us-east-1.genesys.cloud/oauth/token",
      body: "grant_type=client_credentials&client_id=id&client_secret=canary",
      timeoutMs: 10_000,
    });
    expect(net.requests[0]?.headers).not.toHaveProperty("authorization");
    net.last.open();
    for (let ms = 0; ms < 3_539_000; ms += 1_000) {
      net.last.pong();
      await clock.advance(1_000);
    }
    expect(net.requests.length).toBe(1);
    await clock.advance(1_000);
    expect(net.requests.length).toBe(2);
    await source.close();
    expect(context.logger.text() + JSON.stringify([source, source.status(), context.gaps])).not.toContain("canary");
  });
});
