import { describe, expect, test } from "vitest";
import { createTokenSource } from "../../../../src/oauth/token.ts";
import type { HttpFailure, HttpResponse } from "../../../../src/ports/net.ts";
import { createGenesysApi } from "../../../../src/sources/genesys/rest.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import { createLogSpy } from "../../../support/log-spy.ts";
import { createScriptedNet, jsonResponse } from "../../../support/scripted-net.ts";

const GRANTED = jsonResponse(200, { access_token: "canary-token", expires_in: 86_400 });
const REFUSED = jsonResponse(401, { code: "bad.credentials", message: "no" });
const window = (count: number, allowed = 300, reset = 60): Record<string, string> => ({
  "inin-ratelimit-count": String(count),
  "inin-ratelimit-allowed": String(allowed),
  "inin-ratelimit-reset": String(reset),
});

function rig(...answers: (HttpResponse | HttpFailure)[]) {
  const clock = createFakeClock();
  const net = createScriptedNet();
  const logger = createLogSpy();
  net.answers.push(...answers);
  const login = {
    url: "https://login.example/oauth/token",
    style: "basic",
    clientId: "id",
    clientSecret: "s",
  } as const;
  const tokens = createTokenSource({ ...login, clock, net });
  const secrets = ["client-canary"];
  const ended: string[] = [];
  const tokenEnded = (): void => void ended.push(net.requests.at(-1)?.headers?.["authorization"] ?? "");
  const api = createGenesysApi({ base: "https://api.example", tokens, secrets, clock, net, logger, tokenEnded });
  const paths = (): string[] => net.requests.map(({ url }) => new URL(url).pathname);
  return { clock, net, logger, api, paths, ended };
}

const GET = { method: "GET", path: "/api/v2/users?pageSize=5" } as const;

describe("calls of the REST API", () => {
  test("carry the token and are read", async () => {
    const { api, net } = rig(GRANTED, jsonResponse(200, { entities: [] }));
    expect(await api.call(GET)).toMatchObject({ kind: "ok", json: { entities: [] } });
    expect(net.requests[1]?.headers?.["authorization"]).toBe("Bearer canary-token");
  });

  test("a 401 costs the token and one more try, never a third", async () => {
    const { api, paths } = rig(GRANTED, REFUSED, GRANTED, REFUSED);
    expect(await api.call(GET)).toMatchObject({ kind: "refused", status: 401, code: "bad.credentials" });
    expect(paths()).toEqual(["/oauth/token", "/api/v2/users", "/oauth/token", "/api/v2/users"]);
  });

  test("a 401 for a token that was good is told once, whoever asks with it and whatever is answered later", async () => {
    const [fine, second] = [jsonResponse(200, {}), jsonResponse(200, { access_token: "canary-2", expires_in: 86_400 })];
    const { api, ended } = rig(GRANTED, fine, REFUSED, second, fine, REFUSED, fine, REFUSED, REFUSED);
    const answer = await api.call(GET);
    const owner = answer.kind === "ok" ? answer.token : undefined;
    expect(ended).toEqual([]);
    await api.call(GET);
    expect(ended).toEqual(["Bearer canary-token"]);
    for (let n = 0; n < 3; n += 1) await api.call({ ...GET, owner });
    expect(ended).toEqual(["Bearer canary-token"]);
    await api.call(GET);
    expect(ended).toEqual(["Bearer canary-token", "Bearer canary-2"]);
  });

  test("a token that never was good is none that ended", async () => {
    const { api, ended } = rig(GRANTED, REFUSED, GRANTED, REFUSED);
    await api.call(GET);
    expect(ended).toEqual([]);
  });

  test("a login that says no is asked once", async () => {
    const { api, paths } = rig(jsonResponse(401, { error: "invalid_client" }));
    expect(await api.call(GET)).toMatchObject({ kind: "refused", status: 401, code: "login" });
    expect(paths()).toEqual(["/oauth/token"]);
  });

  test("no minute has more requests than the client may send in one, wherever the platform's windows begin", async () => {
    const { api, clock, paths } = rig(GRANTED);
    const calls = async (count: number): Promise<number> => {
      let sent = 0;
      for (let n = 0; n < count; n += 1) {
        const answer = await api.call({ ...GET, priority: "reconnect" });
        if (answer.kind !== "failed" || answer.retryAfterMs === undefined) sent += 1;
      }
      return sent;
    };
    // The documented 300, of a platform that tells nothing and answers nothing: its windows are not known.
    expect(await calls(200)).toBe(200);
    await clock.advance(59_000);
    expect(await calls(150)).toBe(100);
    const refused = await api.call({ ...GET, priority: "reconnect" });
    expect(refused).toMatchObject({ kind: "failed", retryAfterMs: 1_000 });
    await clock.advance(1_000);
    expect(await calls(250)).toBe(200);
    expect(paths().filter((path) => path.endsWith("users")).length).toBe(500);
  });

  test("what belongs to a void token is gone with it", async () => {
    const { api, paths } = rig(REFUSED);
    const owner = { value: "old", expiresAt: Infinity, renewAt: Infinity };
    expect((await api.call({ ...GET, owner })).kind).toBe("gone");
    expect(paths()).toEqual(["/api/v2/users"]);
  });

  test("429 holds all calls of the client back for as long as it says", async () => {
    const { api, clock, net } = rig(GRANTED, jsonResponse(429, {}, { "retry-after": "7" }), jsonResponse(200, {}));
    expect(await api.call(GET)).toMatchObject({ kind: "failed", retryAfterMs: 7_000 });
    await clock.advance(6_000);
    expect(await api.call({ ...GET, priority: "reconnect" })).toMatchObject({ kind: "failed", retryAfterMs: 1_000 });
    expect(net.requests.length).toBe(2);
    await clock.advance(1_000);
    expect((await api.call(GET)).kind).toBe("ok");
  });

  test("the last fifth of a window is kept for getting connected again, then nothing is sent until it ends", async () => {
    const { api, clock } = rig(
      GRANTED,
      jsonResponse(200, {}, window(240)),
      jsonResponse(200, {}, window(300)),
      jsonResponse(200, {}),
    );
    expect((await api.call(GET)).kind).toBe("ok");
    expect(await api.call(GET)).toMatchObject({ kind: "failed", retryAfterMs: 60_000 });
    expect((await api.call({ ...GET, priority: "reconnect" })).kind).toBe("ok");
    expect(await api.call({ ...GET, priority: "reconnect" })).toMatchObject({ kind: "failed", retryAfterMs: 60_000 });
    await clock.advance(60_000);
    expect((await api.call(GET)).kind).toBe("ok");
  });

  test("what matters less leaves more of the window: looking up, then reconciling, then subscribing", async () => {
    const passing = async (count: number): Promise<string[]> => {
      const passed: string[] = [];
      for (const priority of ["reconnect", "subscribe", "reconcile", "expand"] as const) {
        const { api } = rig(GRANTED, jsonResponse(200, {}, window(count)));
        await api.call({ ...GET, priority: "reconnect" });
        if ((await api.call({ ...GET, priority })).kind === "ok") passed.push(priority);
      }
      return passed;
    };
    expect(await passing(170)).toEqual(["reconnect", "subscribe", "reconcile", "expand"]);
    expect(await passing(200)).toEqual(["reconnect", "subscribe", "reconcile"]);
    expect(await passing(250)).toEqual(["reconnect", "subscribe"]);
    expect(await passing(280)).toEqual(["reconnect"]);
    expect(await passing(300)).toEqual([]);
  });

  test("what is left of the window can be asked for", async () => {
    const { api, clock } = rig(GRANTED, jsonResponse(200, {}, window(240)));
    expect(api.budget?.()).toEqual({ left: 300, allowed: 300, resetsInMs: 0 });
    await api.call(GET);
    await clock.advance(10_000);
    expect(api.budget?.()).toEqual({ left: 60, allowed: 300, resetsInMs: 50_000 });
    await clock.advance(50_000);
    expect(api.budget?.()).toEqual({ left: 300, allowed: 300, resetsInMs: 0 });
  });

  test("a window that claims to end far in the future is waited for no longer than windows last", async () => {
    const { api, clock } = rig(GRANTED, jsonResponse(200, {}, window(400, 300, 999_999_999)), jsonResponse(200, {}));
    expect((await api.call(GET)).kind).toBe("ok");
    const spent = await api.call({ ...GET, priority: "reconnect" });
    expect(spent).toMatchObject({ kind: "failed", retryAfterMs: 120_000 });
    expect(api.budget?.().resetsInMs).toBe(120_000);
    await clock.advance(120_000);
    expect((await api.call(GET)).kind).toBe("ok");
  });

  test.each([408, 500, 502, 503, 504])("%d is passing, whatever its body is", async (status) => {
    const body = new TextEncoder().encode("<html>oops</html>");
    const { api } = rig(GRANTED, { ok: true, status, headers: { "retry-after": "3" }, body });
    expect(await api.call(GET)).toMatchObject({ kind: "failed", retryAfterMs: 3_000 });
  });

  test.each([
    [403, "refused"],
    [400, "refused"],
    [404, "gone"],
  ])("%d is %s, with the platform's own words on one line", async (status, kind) => {
    const { api, logger } = rig(
      GRANTED,
      jsonResponse(status, { code: "c.d", message: "needs\n\u001B[31mthis" }, { "inin-correlation-id": "corr-1" }),
    );
    const answer = await api.call(GET);
    expect(answer.kind).toBe(kind);
    expect(JSON.stringify(answer)).not.toContain("\\u001b");
    expect(logger.text()).toContain("corr-1");
    expect(logger.text() + JSON.stringify(answer)).not.toContain("canary");
  });

  test("an answer that repeats the token or the channel does not bring them out", async () => {
    const message = "canary-token may not touch channel-canary";
    const { api, logger } = rig(GRANTED, jsonResponse(403, { code: "c", message }));
    const answer = await api.call({ method: "HEAD", path: "/api/v2/notifications/channels/channel-canary" });
    expect(answer).toMatchObject({ kind: "refused", message: "[redacted] may not touch [redacted]" });
    expect(JSON.stringify(answer) + logger.text()).not.toContain("canary");
  });

  test("nor does one that repeats the client's secret, as a gateway before login and API may", async () => {
    const { api, logger } = rig(GRANTED, jsonResponse(400, { code: "c.d", message: "secret client-canary, no" }));
    expect(await api.call(GET)).toMatchObject({ kind: "refused", message: "secret [redacted], no" });
    expect(logger.text()).not.toContain("canary");
  });

  test("the network's failures are passing, and name no address", async () => {
    const { api } = rig(GRANTED, { ok: false, reason: "dns", message: "the host name can't be resolved" });
    const answer = await api.call({
      ...GET,
      path: "/api/v2/notifications/channels/streaming-0-canary/subscriptions?x=1",
    });
    expect(answer).toMatchObject({ kind: "failed" });
    expect(JSON.stringify(answer)).not.toContain("canary");
  });
});
