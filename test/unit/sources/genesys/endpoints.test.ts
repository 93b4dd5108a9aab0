import { describe, expect, test } from "vitest";
import { connectUriProblem, resolveEndpoints } from "../../../../src/sources/genesys/endpoints.ts";

const DUBLIN = resolveEndpoints("s", "eu-west-1");
const LOCAL = resolveEndpoints("s", "eu-west-1", { login: "http://127.0.0.1:7480", api: "http://127.0.0.1:7480/" });

describe("where the source speaks to", () => {
  test("a region's own hosts, encrypted", () => {
    expect(DUBLIN).toEqual({
      login: "https://login.mypurecloud.ie",
      api: "https://api.mypurecloud.ie",
      streamingHost: "streaming.mypurecloud.ie",
    });
  });

  test("given addresses instead, in clear on loopback only", () => {
    expect(LOCAL).toMatchObject({ login: "http://127.0.0.1:7480", api: "http://127.0.0.1:7480" });
    const given = (api: string): unknown => resolveEndpoints("s", "eu-west-1", { login: api, api });
    for (const bad of [
      "http://10.0.0.1",
      "ftp://127.0.0.1",
      "nowhere",
      "https://user:canary@proxy",
      "https://p/?t=canary",
    ]) {
      expect(() => given(bad), bad).toThrow("https://");
      expect(() => given(bad), bad).not.toThrow("canary");
    }
  });
});

describe("whether a connectUri may be trusted", () => {
  test("the region's streaming host by wss", () => {
    expect(connectUriProblem("wss://streaming.mypurecloud.ie/channels/x", DUBLIN)).toBeUndefined();
  });

  test.each([
    "ws://streaming.mypurecloud.ie/channels/x",
    "wss://streaming.mypurecloud.com/channels/x",
    "wss://streaming.mypurecloud.ie.evil.example/channels/x",
    "wss://evil.example/streaming.mypurecloud.ie",
    "wss://user:secret@streaming.mypurecloud.ie/channels/x",
    "ws://127.0.0.1:7480/channels/x",
    "https://streaming.mypurecloud.ie/channels/x",
    "",
  ])("%j is not", (uri) => {
    expect(connectUriProblem(uri, DUBLIN)).toBeDefined();
  });

  test("on loopback, ws to loopback, and nothing else in clear", () => {
    expect(connectUriProblem("ws://127.0.0.1:7480/channels/x", LOCAL)).toBeUndefined();
    expect(connectUriProblem("ws://localhost:7480/channels/x", LOCAL)).toBeUndefined();
    expect(connectUriProblem("ws://10.0.0.1:7480/channels/x", LOCAL)).toBeDefined();
    expect(connectUriProblem("wss://evil.example/channels/x", LOCAL)).toBeDefined();
  });

  test("the reason does not repeat the address: it is a secret", () => {
    expect(connectUriProblem("wss://evil.example/channels/canary", DUBLIN)).not.toContain("canary");
  });
});
