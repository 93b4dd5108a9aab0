import { describe, expect, test } from "vitest";
import { createTokenSource, MAX_PER_MINUTE, type TokenSourceOptions } from "../../../src/oauth/token.ts";
import type { HttpFailure, HttpRequest, HttpResponse, Net } from "../../../src/ports/net.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

const SECRET = "canary-secret";

function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { ok: true, status, headers, body: new TextEncoder().encode(text) };
}

function rig(more: Partial<TokenSourceOptions> = {}) {
  const clock = createFakeClock();
  const requests: HttpRequest[] = [];
  const script: (HttpResponse | HttpFailure)[] = [];
  const net: Pick<Net, "request"> = {
    async request(request) {
      requests.push(request);
      await Promise.resolve();
      return (
        script.shift() ?? answer(200, { access_token: `t${requests.length}`, token_type: "bearer", expires_in: 1_000 })
      );
    },
  };
  const source = createTokenSource({
    url: "https://login.example/oauth/token",
    style: "basic",
    clientId: "id",
    clientSecret: SECRET,
    clock,
    net: net as Net,
    ...more,
  });
  return { clock, requests, script, source };
}

describe("tokens by client credentials", () => {
  test("Genesys Cloud gets HTTP Basic and a form without the secret", async () => {
    const { source, requests } = rig();
    await source.get();
    expect(requests[0]).toMatchObject({ method: "POST", body: "grant_type=client_credentials", timeoutMs: 10_000 });
    expect(requests[0]?.headers?.["authorization"]).toBe(`Basic ${btoa(`id:${SECRET}`)}`);
  });

  test("a secret in any script is sent as UTF-8", async () => {
    const { source, requests } = rig({ clientSecret: "sécret-€-秘" });
    expect(await source.get()).toMatchObject({ kind: "granted" });
    const sent = requests[0]?.headers?.["authorization"]?.slice("Basic ".length) ?? "";
    expect(Buffer.from(sent, "base64").toString("utf8")).toBe("id:sécret-€-秘");
  });

  test("the second wire gets the credentials in the form", async () => {
    const { source, requests } = rig({ style: "body" });
    await source.get();
    expect(requests[0]?.headers).not.toHaveProperty("authorization");
    expect(requests[0]?.body).toBe(`grant_type=client_credentials&client_id=id&client_secret=${SECRET}`);
  });

  test("many ask, one request goes out; the token is used until it should be renewed, and not a moment longer", async () => {
    const { source, requests, clock } = rig();
    const results = await Promise.all([source.get(), source.get(), source.get()]);
    expect(requests.length).toBe(1);
    expect(new Set(results.map((result) => result.kind === "granted" && result.token.value))).toEqual(new Set(["t1"]));
    const [first] = results;
    if (first?.kind !== "granted") throw new Error("granted expected");
    const lifeMs = first.token.expiresAt - clock.now();
    const share = (first.token.renewAt - clock.now()) / lifeMs;
    expect(share).toBeGreaterThanOrEqual(0.8);
    expect(share).toBeLessThanOrEqual(0.9);
    await clock.advance(first.token.renewAt - clock.now() - 1);
    await source.get();
    expect(requests.length).toBe(1);
    await clock.advance(1);
    expect(await source.get()).toMatchObject({ kind: "granted", token: { value: "t2" } });
  });

  test("a fixed time before the end, but never more than half the life", async () => {
    const long = rig({ renewBeforeMs: 60_000 });
    const granted = await long.source.get();
    expect(granted.kind === "granted" && granted.token.expiresAt - granted.token.renewAt).toBe(60_000);
    const short = rig({ renewBeforeMs: 60_000 });
    short.script.push(answer(200, { access_token: "t", expires_in: 10 }));
    const brief = await short.source.get();
    expect(brief.kind === "granted" && brief.token.expiresAt - brief.token.renewAt).toBe(5_000);
  });

  test("an invalidated token is not given again; a foreign one invalidates nothing", async () => {
    const { source, requests } = rig();
    await source.get();
    source.invalidate("other");
    await source.get();
    expect(requests.length).toBe(1);
    source.invalidate("t1");
    expect(await source.get()).toMatchObject({ token: { value: "t2" } });
    expect(await source.get({ fresh: true })).toMatchObject({ token: { value: "t3" } });
  });

  test.each([
    [0, "failed"],
    [-5, "failed"],
    ["3600", 3_600],
    [undefined, 300],
    [null, 300],
    ["soon", 300],
    [10 * 365 * 86_400, 172_800],
  ])("expires_in %s is read as %s", async (given, expected) => {
    const { source, script, clock } = rig();
    script.push(answer(200, { access_token: "t", expires_in: given }));
    const result = await source.get();
    if (expected === "failed") expect(result.kind).toBe("failed");
    else expect(result.kind === "granted" && result.token.expiresAt - clock.now()).toBe(Number(expected) * 1_000);
  });

  test.each([400, 401, 403, 404, 302])("%i is a no that says what to do", async (status) => {
    const { source, script } = rig();
    script.push(answer(status, { error: "invalid_client", description: `no ${SECRET}\n\u001b[31m` }));
    const result = await source.get();
    expect(result).toMatchObject({ kind: "refused", status });
    expect(JSON.stringify(result)).toContain(`the login answered ${status} (invalid_client: no [redacted]`);
    expect(JSON.stringify(result)).not.toMatch(/canary|\\u001b|\\n/u);
  });

  test("an error that repeats what was sent, in any spelling, shows none of it", async () => {
    const { source, script } = rig();
    script.push(answer(400, { error: "invalid", description: `got Basic ${btoa(`id:${SECRET}`)} and ${SECRET}` }));
    expect(await source.get()).toMatchObject({
      reason: expect.stringContaining("(invalid: got Basic [redacted] and [redacted])") as string,
    });
  });

  test.each([408, 429, 500, 503])("%i passes; an HTML page is not shown", async (status) => {
    const { source, script } = rig();
    script.push(answer(status, `<html>${SECRET}</html>`));
    expect(await source.get()).toEqual({ kind: "failed", reason: `the login answered ${status}` });
  });

  test("Retry-After is waited out, in seconds and as a date, whoever asks", async () => {
    const { source, script, requests, clock } = rig();
    script.push(answer(429, {}, { "retry-after": "7" }));
    expect(await source.get()).toMatchObject({ kind: "failed", retryAfterMs: 7_000 });
    expect(await source.get({ fresh: true })).toMatchObject({ kind: "failed", retryAfterMs: 7_000 });
    expect(requests.length).toBe(1);
    await clock.advance(7_000);
    const inFive = new Date(Math.ceil(clock.now() / 1_000) * 1_000 + 5_000).toUTCString();
    script.push(answer(503, {}, { "retry-after": inFive }));
    const dated = await source.get();
    expect(dated.kind === "failed" && dated.retryAfterMs).toBeGreaterThanOrEqual(5_000);
    expect(dated.kind === "failed" && dated.retryAfterMs).toBeLessThanOrEqual(6_000);
  });

  test("whatever callers do, a minute sees a bounded number of requests", async () => {
    const { source, requests, clock } = rig();
    for (let at = 0; at < 200; at += 1) await source.get({ fresh: true });
    expect(requests.length).toBe(MAX_PER_MINUTE);
    await clock.advance(60_000);
    expect(await source.get({ fresh: true })).toMatchObject({ kind: "granted" });
  });

  test("network trouble, nonsense and cut answers pass", async () => {
    const { source, script } = rig();
    script.push({ ok: false, reason: "dns", message: "the host name can't be resolved" });
    expect(await source.get()).toEqual({ kind: "failed", reason: "the login: the host name can't be resolved" });
    script.push({ ok: false, reason: "too-large", message: "the answer is larger than allowed", status: 200 });
    expect(await source.get()).toMatchObject({ kind: "failed" });
    for (const body of ["", "null", "[]", "{}", { access_token: "" }, { access_token: 5 }, { access_token: "a b" }]) {
      script.push(answer(200, body));
      expect(await source.get()).toEqual({ kind: "failed", reason: "the login answered 200 without an access token" });
    }
  });
});
