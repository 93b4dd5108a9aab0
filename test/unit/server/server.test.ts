import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createServer } from "../../../src/server/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createFakeService } from "../../support/fake-service.ts";
import { call, rawConnection } from "../../support/http-call.ts";
import { createLogSpy } from "../../support/log-spy.ts";
import { post, serve, TOKEN } from "./serve.ts";

const parts = () => ({ service: createFakeService(), token: TOKEN, clock: systemClock(), logger: createLogSpy() });

describe("createServer", () => {
  test.each([
    [{ token: "short" }, "server.token"],
    [{ token: "with a blank in the middle" }, "server.token"],
    [{ port: 65_536 }, "server.port"],
    [{ port: 1.5 }, "server.port"],
    [{ limits: { maxBodyBytes: 0 } }, "server.limits.maxBodyBytes"],
    [{ limits: { closeMs: -1 } }, "server.limits.closeMs"],
  ])("refuses %j", (options, path) => {
    expect(() => createServer({ ...parts(), ...options })).toThrow(
      expect.objectContaining({ code: "RF_OPTION_INVALID", message: expect.stringContaining(path) as string }),
    );
  });

  test("does not show a token that it refuses", () => {
    expect(() => createServer({ ...parts(), token: "canary short" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("canary") as string }),
    );
  });

  test("says when something else listens there", async () => {
    const other = createHttpServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(createServer({ ...parts(), port, processMetrics: false }).listen()).rejects.toMatchObject({
      code: "RF_SERVER_LISTEN",
      message: `can't listen on 127.0.0.1 port ${port}: something else listens there`,
    });
  });

  test("on all addresses answers to addresses and configured names, not to other names, and warns", async () => {
    const { port, url, ask, logger } = await serve({}, { host: "0.0.0.0", allowedHosts: ["wall.example.com"] });
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const status = async (host: string): Promise<number> =>
      (await ask({ path: "/api/status", headers: { host } })).status;
    expect(await status(`10.1.2.3:${port}`)).toBe(200);
    expect(await status("wall.example.com")).toBe(200);
    expect(await status("evil.example.com")).toBe(403);
    expect(logger.lines).toMatchObject([{ level: "warn", fields: { host: "0.0.0.0" } }]);
  });

  test("lets the pages of a configured origin ask", async () => {
    const { ask } = await serve({}, { allowedOrigins: ["https://wall.example.com"] });
    const status = async (origin: string): Promise<number> =>
      (await ask({ path: "/api/status", headers: { origin } })).status;
    expect(await status("https://wall.example.com")).toBe(200);
    expect(await status("http://wall.example.com")).toBe(403);
    expect(await status("https://wall.example.com.evil.example")).toBe(403);
  });
});

describe("wrong tokens", () => {
  test("in number are answered 429 with Retry-After; the right one is still taken", async () => {
    const clock = createFakeClock();
    const { ask, askBare } = await serve({}, { clock });
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess += 1) {
      statuses.push((await askBare({ path: "/api/status", headers: { authorization: "Bearer guess" } })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const guess = { path: "/api/status", headers: { authorization: "Bearer guess" } };
    expect((await askBare(guess)).headers["retry-after"]).toBe("2");
    expect((await askBare({ path: "/healthz" })).status).toBe(200);
    expect((await ask({ path: "/api/status" })).status).toBe(200);
    await clock.advance(2_000);
    expect((await askBare(guess)).status).toBe(401);
  });
});

describe("close", () => {
  test("lets a request in flight finish, takes no new one, and is idempotent", async () => {
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const { ask, server, port } = await serve({
      async push() {
        entered.resolve();
        await gate.promise;
        return { kind: "items", results: [] };
      },
    });
    const answer = ask(post("/api/events", []));
    await entered.promise;
    const closed = server.close();
    await expect(call(port, { path: "/healthz" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    gate.resolve();
    expect((await answer).status).toBe(202);
    await closed;
    await server.close();
  });

  test("cuts what is left when the budget ends", async () => {
    const clock = createFakeClock();
    const entered = Promise.withResolvers<void>();
    const { ask, server } = await serve(
      {
        push() {
          entered.resolve();
          return new Promise(() => {});
        },
      },
      { clock, limits: { closeMs: 3_000 } },
    );
    const answer = ask(post("/api/events", []));
    const cut = expect(answer).rejects.toMatchObject({ code: "ECONNRESET" });
    await entered.promise;
    const closed = server.close();
    await clock.advance(3_000);
    await closed;
    await cut;
  });

  test("does not wait for connections that are only kept alive", async () => {
    const { server, port } = await serve();
    const idle = await rawConnection(port);
    idle.socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    await idle.until('"ok"');
    await server.close();
    expect(await idle.ended).toContain("200");
  });
});

describe("the token", () => {
  test("is in no answer, header, metric, log line or error, whatever is asked", async () => {
    const { server, ask, askBare, port, logger } = await serve(
      { push: () => ({ kind: "malformed", message: "no" }), failure: new Error("broken") },
      {},
    );
    const outputs: string[] = [];
    const note = ({ headers, text }: { headers: object; text: string }): void => {
      outputs.push(JSON.stringify(headers), text);
    };
    for (const { method, path } of server.routes) {
      const concrete = path.replace(":name", TOKEN);
      for (const body of ["{", "{}", TOKEN]) {
        const request = {
          method,
          path: concrete,
          headers: { "content-type": "application/json" },
          ...(method === "POST" ? { body } : {}),
        };
        note(await ask(request));
        note(await askBare(request));
      }
      note(await ask({ method: "DELETE", path: concrete }));
    }
    for (const path of ["/nope", `/${TOKEN}`, `/?token=${TOKEN}`, "/api/dead-letters?limit=x", "/metrics"])
      note(await ask({ path }));
    note(await ask({ path: "/api/status", headers: { host: "evil.example" } }));
    note(await ask({ path: "/api/status", headers: { authorization: `Bearer ${TOKEN}x` } }));
    const raw = await rawConnection(port);
    raw.socket.end(`NONSENSE ${TOKEN}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    outputs.push(await raw.ended, logger.text());
    expect(outputs.length).toBeGreaterThan(100);
    // A sink's name is the caller's own word; it is told back only where it is a sink.
    for (const output of outputs) expect(output).not.toContain(TOKEN);
  });
});
