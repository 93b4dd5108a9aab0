import { describe, expect, test } from "vitest";
import { post, serve, TOKEN } from "./serve.ts";

const concrete = (path: string): string => path.replace(":name", "log");

describe("every route of the table", () => {
  test("but the probes answers 401 without a token, and says where the token is found", async () => {
    const { server, askBare, service } = await serve({ push: () => ({ kind: "items", results: [] }) });
    for (const { method, path, open } of server.routes) {
      const answer = await askBare(method === "POST" ? post(concrete(path), {}) : { path: concrete(path) });
      expect([path, answer.status]).toEqual([path, open ? 200 : 401]);
      if (open) continue;
      expect(answer.json).toMatchObject({ error: { code: "unauthorized" } });
      expect(answer.text).toContain("RINGFIRST_TOKEN");
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="ringfirst"');
    }
    expect(service.acts).toEqual([]);
    expect(service.pushed).toEqual([]);
    expect(server.routes.filter(({ open }) => open).map(({ path }) => path)).toEqual(["/healthz", "/readyz"]);
  });

  test.each([
    ["a wrong token", "Bearer wrong-token-of-some-length"],
    ["the token with something behind it", `Bearer ${TOKEN}x`],
    ["a part of the token", `Bearer ${TOKEN.slice(0, -1)}`],
    ["no token after the scheme", "Bearer "],
    ["another scheme", `Basic ${Buffer.from(`x:${TOKEN}`).toString("base64")}`],
    ["the bare token", TOKEN],
    ["two tokens", `Bearer ${TOKEN} ${TOKEN}`],
  ])("answers 401 to %s", async (_, authorization) => {
    const { server, askBare, service } = await serve();
    // One route each: the budget of wrong tokens is another test's matter.
    const { method, path } = server.routes.at(-1) ?? { method: "GET", path: "/" };
    const answer = await askBare({ method, path: concrete(path), headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(TOKEN);
    expect(service.acts).toEqual([]);
  });

  test("answers 405 with Allow to every other method, and 401 to those without a token", async () => {
    const { server, ask, askBare } = await serve();
    for (const { path, open } of server.routes) {
      const allowed = server.routes.filter((route) => route.path === path).map(({ method }) => method);
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        if (allowed.includes(method as "GET")) continue;
        const answer = await ask({ method, path: concrete(path) });
        expect([method, path, answer.status]).toEqual([method, path, 405]);
        expect(String(answer.headers["allow"]).split(", ")).toEqual(expect.arrayContaining(allowed));
        expect(answer.json).toMatchObject({ error: { code: "method-not-allowed" } });
        expect((await askBare({ method, path: concrete(path) })).status).toBe(open ? 405 : 401);
      }
    }
  });

  test("refuses foreign origins, the null origin and rebinding hosts, even with the token", async () => {
    const { server, ask, service, port } = await serve({ push: () => ({ kind: "items", results: [] }) });
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: "not an origin" },
      { origin: "file://" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
      { host: "evil.example" },
      { host: `evil.example:${port}` },
      { host: `127.0.0.1.evil.example:${port}` },
      { host: `localhost@evil.example` },
    ];
    for (const { method, path } of server.routes) {
      for (const headers of foreign) {
        const body = method === "POST" ? "{}" : "";
        const answer = await ask({
          method,
          path: concrete(path),
          headers: { ...headers, "content-type": "application/json" },
          body,
        });
        expect([path, headers, answer.status]).toEqual([
          path,
          headers,
          "host" in headers && answer.status === 400 ? 400 : 403,
        ]);
      }
    }
    expect(service.acts).toEqual([]);
    expect(service.pushed).toEqual([]);
  });

  test("answers its own origin, loopback names and tools without an origin", async () => {
    const { ask, port } = await serve();
    for (const headers of [
      { host: `localhost:${port}`, origin: `http://localhost:${port}` },
      { host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" },
      { host: `[::1]:${port}` },
      { host: `LOCALHOST.:${port}` },
      {},
    ]) {
      expect([headers, (await ask({ path: "/api/status", headers })).status]).toEqual([headers, 200]);
    }
  });
});

describe("whatever is asked", () => {
  test("carries the security headers", async () => {
    const { ask, askBare } = await serve();
    const answers = [
      await ask({ path: "/api/status" }),
      await askBare({ path: "/api/status" }),
      await askBare({ path: "/healthz" }),
      await ask({ path: "/nothing" }),
      await ask({ path: "/metrics" }),
      await ask({ method: "DELETE", path: "/healthz" }),
      await ask({ path: "/healthz", headers: { host: "evil.example" } }),
    ];
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
      });
      expect(headers).not.toHaveProperty("access-control-allow-origin");
      expect(headers).not.toHaveProperty("x-powered-by");
    }
  });

  test("an unknown path is 401 without the token and a JSON 404 with it", async () => {
    const { ask, askBare } = await serve();
    for (const path of [
      "/",
      "/api",
      "/api/status/",
      "/healthz/",
      "//healthz",
      "/healthz%2f",
      "/../etc/passwd",
      "/api/sinks/log",
      "/api/%",
    ]) {
      expect([path, (await askBare({ path })).status]).toEqual([path, 401]);
      const answer = await ask({ path });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.json).toMatchObject({ error: { code: "not-found" } });
    }
  });

  test("GET changes nothing", async () => {
    const { server, ask, service } = await serve({ push: () => ({ kind: "items", results: [] }) });
    for (const { path } of server.routes) await ask({ path: concrete(path) });
    expect(service.acts.filter((act) => !/^(?:deadLetters|gaps) /u.test(act))).toEqual([]);
  });

  test("HEAD answers as GET does, without a body", async () => {
    const { ask } = await serve();
    const answer = await ask({ method: "HEAD", path: "/api/status" });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe("");
  });

  test("an unexpected failure says nothing of itself and is logged", async () => {
    const { ask, logger } = await serve({ failure: new Error("detail of the inside") });
    const answer = await ask({ path: "/api/status" });
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      error: { code: "internal", message: "something went wrong here; the log says what" },
    });
    expect(logger.text()).toContain("detail of the inside");
  });
});

describe("the probes", () => {
  test("say yes or no and nothing else", async () => {
    const well = await serve();
    expect((await well.askBare({ path: "/healthz" })).json).toEqual({ status: "ok" });
    expect((await well.askBare({ path: "/readyz" })).json).toEqual({ status: "ready" });
    const sick = await serve({ ready: false });
    const answer = await sick.askBare({ path: "/readyz" });
    expect(answer.status).toBe(503);
    expect(answer.json).toEqual({ status: "not-ready" });
    expect((await sick.askBare({ path: "/healthz" })).status).toBe(200);
  });
});
