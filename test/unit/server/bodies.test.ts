import { describe, expect, test } from "vitest";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import type { FakeServiceOptions } from "../../support/fake-service.ts";
import { rawConnection } from "../../support/http-call.ts";
import { post, serve, TOKEN } from "./serve.ts";

const ACCEPTED: FakeServiceOptions = { push: () => ({ kind: "items", results: [] }) };

function head(port: number, fields: string): string {
  return `POST /api/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n${fields}\r\n\r\n`;
}

describe("a request body", () => {
  test("of just the limit is taken, one byte more is 413", async () => {
    const { ask, service } = await serve(ACCEPTED, { limits: { maxBodyBytes: 100 } });
    const body = (size: number): string => JSON.stringify("x".repeat(size - 2));
    const send = async (size: number): Promise<number> =>
      (await ask({ ...post("/api/events", 0), body: body(size) })).status;
    expect(await send(100)).toBe(202);
    expect(await send(101)).toBe(413);
    expect(service.pushed.length).toBe(1);
  });

  test("that announces too much is refused before it is sent", async () => {
    const { port, service } = await serve(ACCEPTED);
    const connection = await rawConnection(port);
    connection.socket.write(head(port, "Content-Length: 1000000000"));
    const answer = await connection.until("\r\n\r\n{");
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    connection.socket.destroy();
    expect(service.pushed).toEqual([]);
  });

  test("in chunks is cut off where it passes the limit", async () => {
    const { port, service } = await serve(ACCEPTED, { limits: { maxBodyBytes: 1_000 } });
    const connection = await rawConnection(port);
    connection.socket.write(head(port, "Transfer-Encoding: chunked"));
    for (let sent = 0; sent < 3; sent += 1) connection.socket.write(`190\r\n${"x".repeat(400)}\r\n`);
    expect(await connection.until('"too-large"')).toMatch(/^HTTP\/1\.1 413 /);
    connection.socket.destroy();
    expect(service.pushed).toEqual([]);
  });

  test("that drips is given up after the time limit", async () => {
    const clock = createFakeClock();
    const { port, service } = await serve(ACCEPTED, { clock, limits: { bodyTimeoutMs: 5_000 } });
    const connection = await rawConnection(port);
    connection.socket.write(`${head(port, "Content-Length: 10")}{"a`);
    while (clock.timerCount === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(4_999);
    expect(connection.received()).toBe("");
    await clock.advance(1);
    expect(await connection.until('"timeout"')).toMatch(/^HTTP\/1\.1 408 /);
    connection.socket.destroy();
    expect(service.pushed).toEqual([]);
  });

  test("that ends early admits nothing and harms nobody", async () => {
    const { port, service, ask, logger } = await serve(ACCEPTED);
    const connection = await rawConnection(port);
    connection.socket.end(`${head(port, "Content-Length: 10")}{"a`);
    await connection.ended;
    expect((await ask(post("/api/events", 1))).status).toBe(202);
    expect(service.pushed.length).toBe(1);
    expect(logger.lines).toEqual([]);
  });

  test("waits its turn by refusal when all bodies together are too many bytes", async () => {
    const { port, ask } = await serve(ACCEPTED, { limits: { maxBodyBytes: 1_000, maxTotalBodyBytes: 1_500 } });
    const first = await rawConnection(port);
    first.socket.write(`${head(port, "Content-Length: 1000\r\nExpect: 100-continue")}${"x".repeat(999)}`);
    await first.until("100 Continue");
    // The first holds 999 bytes once they were read; a second of 900 must then be refused.
    const statuses = new Set<number>();
    for (let tries = 0; tries < 200 && !statuses.has(503); tries += 1) {
      const body = JSON.stringify("y".repeat(898));
      const answer = await ask({ ...post("/api/events", 0), body });
      statuses.add(answer.status);
      if (answer.status === 503) expect(answer.headers["retry-after"]).toBe("1");
    }
    expect(statuses).toContain(503);
    first.socket.write("x");
    expect(await first.until("HTTP/1.1 202")).toContain("202");
    // The budget is free again.
    const after = await ask({ ...post("/api/events", 0), body: JSON.stringify("y".repeat(898)) });
    expect(after.status).toBe(202);
    first.socket.destroy();
  });

  test("is released when the answer is out, however often", async () => {
    const { ask } = await serve(ACCEPTED, { limits: { maxBodyBytes: 1_000, maxTotalBodyBytes: 1_000 } });
    const big = JSON.stringify("y".repeat(900));
    for (let round = 0; round < 5; round += 1) {
      expect((await ask({ ...post("/api/events", 0), body: big })).status).toBe(202);
      expect((await ask({ ...post("/api/explain", 0), body: big })).status).toBe(400);
      expect((await ask({ ...post("/api/events", 0), body: "y".repeat(1_001) })).status).toBe(413);
    }
  });
});

describe("the head of a request", () => {
  test.each([
    ["too large", (port: number) => head(port, `X: ${"x".repeat(20_000)}`), /^HTTP\/1\.1 431 /],
    ["no HTTP", () => "\u0016\u0003\u0001 nonsense\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["two lengths", (port: number) => head(port, "Content-Length: 1\r\nContent-Length: 2"), /^HTTP\/1\.1 400 /],
    [
      "a length and chunks",
      (port: number) => head(port, "Content-Length: 1\r\nTransfer-Encoding: chunked"),
      /^HTTP\/1\.1 400 /,
    ],
    ["no Host", () => "GET /healthz HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["no Host in the old protocol", () => "GET /healthz HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 4/],
    [
      "a foreign absolute target",
      (port: number) =>
        `GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 403 /,
    ],
  ])("%s ends in a clear answer", async (_, text, status) => {
    const { port, askBare } = await serve();
    const connection = await rawConnection(port);
    connection.socket.write(text(port));
    connection.socket.end();
    expect(await connection.ended).toMatch(status);
    expect((await askBare({ path: "/healthz" })).status).toBe(200);
  });

  test("names what is wrong in JSON where Node itself refuses", async () => {
    const { port } = await serve();
    const connection = await rawConnection(port);
    connection.socket.end("nonsense\r\n\r\n");
    const answer = await connection.ended;
    expect(answer).toContain('{"error":{"code":"bad-request","message":"this is not valid HTTP"}}');
    expect(answer).toContain("x-content-type-options: nosniff");
  });
});

describe("hostile JSON in POST /api/explain", () => {
  const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  test.each([
    ["nothing", ""],
    ["blanks", " \n"],
    ["null", "null"],
    ["a number", "1"],
    ["a string", '"x"'],
    ["a list", "[]"],
    ["cut short", '{"topic":"t"'],
    ["two documents", '{"topic":"t"}{"topic":"t"}'],
    ["a byte order mark", '\ufeff{"topic":"t"}'],
    ["a comment", '{"topic":"t"/* */}'],
    ["a trailing comma", '{"topic":"t",}'],
    ["NaN", '{"topic":NaN}'],
    ["single quotes", "{'topic':'t'}"],
    ["HTML", "<!doctype html>"],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0)],
    ["invalid UTF-8", Uint8Array.of(0x7b, 0x22, 0x74, 0x6f, 0x70, 0x69, 0x63, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d)],
    ["65 levels", `{"topic":"t","body":${deep(64)}}`],
    ["five million levels", deep(2_500_000)],
    ["no topic", "{}"],
    ["a topic of another type", '{"topic":1}'],
    ["a prototype", '{"__proto__":{"topic":"t"}}'],
    ["a constructor", '{"topic":"t","constructor":{}}'],
    ["an unknown member", '{"topic":"t","bodi":1}'],
    ["a key of another type", '{"topic":"t","key":{}}'],
    ["a source of another type", '{"topic":"t","source":[]}'],
  ])("%s is 400 with a reason", async (_, body) => {
    const { ask } = await serve();
    const answer = await ask({ ...post("/api/explain", 0), body });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ error: { code: "malformed" } });
    expect(({} as Record<string, unknown>)["topic"]).toBeUndefined();
    expect((await ask(post("/api/explain", { topic: "t" }))).status).toBe(200);
  });

  test("64 levels are taken", async () => {
    const { ask } = await serve();
    const answer = await ask({ ...post("/api/explain", 0), body: `{"topic":"t","body":${deep(63)}}` });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ rule: "a rule", class: "critical" });
  });

  test("another media type is 415, so no form of a foreign page gets in", async () => {
    const { ask } = await serve();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
      const answer = await ask({
        ...post("/api/explain", { topic: "t" }),
        headers: type === "" ? {} : { "content-type": type },
      });
      expect([type, answer.status]).toEqual([type, 415]);
    }
  });
});
