import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Client } from "../../../src/client/index.ts";
import { ClientError, createClient } from "../../../src/client/index.ts";
import { sampleStatus } from "../../support/fake-service.ts";
import { serve, TOKEN } from "../server/serve.ts";

async function connected(
  ...[answers]: Parameters<typeof serve>
): Promise<{ client: Client; acts: string[]; pushed: unknown[] }> {
  const { url, service } = await serve(answers);
  return { client: createClient({ url: `${url}/`, token: TOKEN }), acts: service.acts, pushed: [...service.pushed] };
}

/** A server that answers anything in one way. */
async function foreign(status: number, headers: Record<string, string>, body: string): Promise<string> {
  const server = createHttpServer((_, outgoing) => outgoing.writeHead(status, headers).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the client", () => {
  test("speaks every part of the API", async () => {
    const { client, acts } = await connected({ push: () => ({ kind: "items", results: [] }) });
    expect(await client.ready()).toBe(true);
    expect(await client.status()).toEqual(JSON.parse(JSON.stringify(sampleStatus())));
    expect(await client.metrics()).toContain("ringfirst_info");
    expect(await client.explain({ topic: "t", key: "k", body: { a: 1 } })).toMatchObject({ rule: "a rule", key: "k" });
    expect(await client.send({ topic: "t", body: 1 })).toEqual({ ok: true, results: [], retryAfterMs: undefined });
    expect(await client.deadLetters()).toEqual({ deadLetters: [] });
    expect(await client.deadLetters({ sink: "a b", after: 3, limit: 5, body: true })).toEqual({ deadLetters: [] });
    expect((await client.redrive("crm", [1])).results).toEqual([{ seq: 1, result: "redriven" }]);
    expect((await client.discard("crm", [1])).results).toEqual([{ seq: 1, result: "discarded" }]);
    expect(await client.pauseSink("a b/c")).toEqual({ sink: "a b/c", paused: true });
    expect(await client.resumeSink("log")).toEqual({ sink: "log", paused: false });
    expect(acts).toEqual([
      'deadLetters {"limit":100}',
      'deadLetters {"sink":"a b","after":3,"limit":5}',
      "redrive crm 1",
      "discard crm 1",
      "pause a b/c",
      "resume log",
    ]);
  });

  test("says no when the service is not ready", async () => {
    const { client } = await connected({ ready: false });
    expect(await client.ready()).toBe(false);
  });

  test("turns an error answer into an error with its code, message and status", async () => {
    const { url } = await serve();
    const wrong = createClient({ url, token: "canary-wrong-token" });
    const error = await wrong.status().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ status: 401, code: "unauthorized" });
    expect(JSON.stringify(error) + String(error) + (error as Error).stack).not.toContain("canary");
  });

  test("tells a full work queue as a result, with the wait asked for", async () => {
    const full = { status: "full", id: "1", class: "standard", key: undefined } as const;
    const { client } = await connected({ push: () => ({ kind: "items", results: [full] }) });
    expect(await client.send([])).toMatchObject({ ok: false, results: [{ status: "full" }], retryAfterMs: 1_000 });
  });

  test("rejects when what was sent is malformed", async () => {
    const { client } = await connected({ push: () => ({ kind: "malformed", message: "item 1: no" }) });
    await expect(client.send({})).rejects.toMatchObject({ status: 400, code: "malformed", message: "item 1: no" });
  });

  test.each([
    [200, "<html>hello</html>"],
    [200, ""],
    [500, "<html>oops</html>"],
    [502, '{"error":"text"}'],
  ])("does not take another server's answer for ours (%d %s)", async (status, body) => {
    const client = createClient({ url: await foreign(status, {}, body), token: TOKEN });
    await expect(client.status()).rejects.toMatchObject({ status, code: "unexpected" });
  });

  test("follows no redirect, so that the token goes nowhere else", async () => {
    let asked = 0;
    const other = createHttpServer((_, outgoing) => {
      asked += 1;
      outgoing.end("{}");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    const client = createClient({ url: await foreign(302, { location }, ""), token: TOKEN });
    await expect(client.status()).rejects.toMatchObject({ status: 0, code: "unreachable" });
    expect(asked).toBe(0);
  });

  test("says that nobody answers, and where", async () => {
    const server = createHttpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    await expect(createClient({ url, token: TOKEN }).status()).rejects.toMatchObject({
      code: "unreachable",
      message: `no service answers at ${url}: ECONNREFUSED`,
    });
  });

  test("gives up after its time limit, and at once when it is told to", async () => {
    const server = createHttpServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(createClient({ url, token: TOKEN, timeoutMs: 20 }).status()).rejects.toMatchObject({
      code: "unreachable",
      message: `no service answers at ${url}: no answer within 20 ms`,
    });
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(createClient({ url, token: TOKEN }).status({ signal })).rejects.toBe(reason);
  });
});
