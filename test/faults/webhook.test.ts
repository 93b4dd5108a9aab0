/** The whole right half (work queue, dispatcher, webhook sink, the machine's network) against a real receiver that misbehaves. */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, test } from "vitest";
import { encodeEventRecord } from "../../src/core/event-record.ts";
import { toEvent } from "../../src/core/event.ts";
import type { DeadLetter, NewEnvelope } from "../../src/ports/store.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemNet } from "../../src/runtime/net.ts";
import { webhookSink } from "../../src/sinks/webhook/index.ts";
import type { ConsumeOptions, WorkQueue } from "../../src/work-queue.ts";
import { createWorkQueue } from "../../src/work-queue.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const clock = systemClock();

interface Received {
  readonly id: string;
  readonly key: string;
  readonly at: number;
  readonly socket: unknown;
}

type Answer = (request: IncomingMessage, response: ServerResponse, nth: number, received: Received) => void;

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A receiver that checks signatures, keeps what came, and answers as told. */
async function receiver(
  answer: Answer,
): Promise<{ readonly url: string; readonly received: Received[]; readonly server: Server }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const event = new Webhook(SECRET).verify(body, request.headers as Record<string, string>) as {
        id: string;
        subject: string;
      };
      const one = { id: event.id, key: event.subject, at: performance.now(), socket: request.socket };
      received.push(one);
      answer(request, response, received.length, one);
    });
    request.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=canary`, received, server };
}

/** A work queue whose one sink posts to the URL; resolves what was settled, in order. */
async function posting(
  url: string,
  given: {
    readonly timeoutMs?: number;
    readonly maxAttempts?: number;
    readonly allowPrivate?: string[];
    readonly consume?: ConsumeOptions;
  } = {},
): Promise<{
  readonly queue: WorkQueue;
  readonly ends: string[];
  readonly until: (count: number, what?: string) => Promise<void>;
}> {
  const { timeoutMs = 2_000, maxAttempts = 5, allowPrivate = ["127.0.0.1"], consume = {} } = given;
  const sink = webhookSink({ name: "crm", url, secret: SECRET, allowPrivate, timeoutMs, net: systemNet(), clock });
  const queue = await createWorkQueue({ sinks: [{ name: "crm", maxAttempts }], drainMs: 0 });
  closers.push(() => queue.close());
  const ends: string[] = [];
  const waiting: (() => void)[] = [];
  queue.consume("crm", (envelope, context) => sink.deliver(toEvent(envelope), context), {
    retry: { initialMs: 20, maxMs: 50 },
    ...consume,
    listener: {
      settled: (_sink, { id }, outcome) => {
        ends.push(`${id} ${outcome.result}${outcome.result === "ack" ? "" : ` ${outcome.cause}`}`);
        for (const look of waiting) look();
      },
    },
  });
  const until = (count: number, what = ""): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (ends.filter((end) => end.includes(what)).length >= count) resolve();
      };
      waiting.push(look);
      look();
    });
  return { queue, ends, until };
}

function envelope(id: string, key?: string): NewEnvelope {
  const payload = encodeEventRecord({
    source: "main",
    topic: "t",
    type: "",
    origin: "live",
    encoding: "json",
    receivedAt: clock.now(),
    correlationId: "",
    body: new TextEncoder().encode('{"state":"ringing"}'),
  });
  return { id, class: "standard", key, payload, sinks: ["crm"] };
}

const ok: Answer = (_request, response) => void response.writeHead(204).end();

describe("a webhook receiver", () => {
  test("that is well has every event, signed, over a few connections", async () => {
    const { url, received } = await receiver(ok);
    const { queue, until } = await posting(url, { consume: { concurrency: 4 } });
    await queue.admit(Array.from({ length: 60 }, (_, n) => envelope(`e${n}`, `k${n % 7}`)));
    await until(60, "ack");
    expect(new Set(received.map(({ id }) => id)).size).toBe(60);
    expect(new Set(received.map(({ socket }) => socket)).size).toBeLessThanOrEqual(8);
  });

  test("that refuses connections has the events when it is back", async () => {
    const { url, server, received } = await receiver(ok);
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const { queue, ends, until } = await posting(url, { maxAttempts: 1_000 });
    await queue.admit([envelope("e1")]);
    await until(1);
    expect(ends[0]).toBe("e1 retry the receiver refuses connections");
    server.listen(port, "127.0.0.1");
    await until(1, "ack");
    expect(received).toHaveLength(1);
  });

  test("that hangs costs its time limit and nobody else's events", async () => {
    const { url, received } = await receiver((_request, response, _nth, { key }) => {
      if (key !== "stuck") response.writeHead(200).end("{}");
    });
    const { queue, ends, until } = await posting(url, { timeoutMs: 150, maxAttempts: 2, consume: { concurrency: 2 } });
    await queue.admit([envelope("s1", "stuck"), ...Array.from({ length: 20 }, (_, n) => envelope(`e${n}`, `k${n}`))]);
    await until(20, "ack");
    await until(1, "dead");
    expect(ends.filter((end) => end.startsWith("s1"))).toEqual([
      "s1 retry no answer within 150 ms",
      "s1 dead no answer within 150 ms",
    ]);
    expect(received.filter(({ key }) => key === "stuck")).toHaveLength(2);
  });

  test("that answers after the time limit of the delivery is not waited for", async () => {
    const { url } = await receiver((request, response) => {
      request.socket.once("close", () => response.destroy());
    });
    const { queue, ends, until } = await posting(url, { timeoutMs: 60_000, consume: { timeoutMs: 100 } });
    const begun = performance.now();
    await queue.admit([envelope("e1")]);
    await until(1);
    expect(ends[0]).toBe("e1 retry time limit of 100 ms");
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test("that never ends its answer has the event all the same, and is cut off", async () => {
    const { url } = await receiver((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write("SECRET-ECHO".repeat(1_000)));
        response.once("drain", more);
      };
      more();
    });
    const { queue, ends, until } = await posting(url);
    await queue.admit([envelope("e1")]);
    await until(1);
    expect(ends).toEqual(["e1 ack"]);
  });

  test("that asks for a wait is left alone for so long", async () => {
    const { url, received } = await receiver((_request, response, nth) => {
      if (nth === 1) response.writeHead(429, { "retry-after": "1" }).end();
      else response.writeHead(200).end();
    });
    const { queue, ends, until } = await posting(url);
    await queue.admit([envelope("e1")]);
    await until(1, "ack");
    expect(ends).toEqual(["e1 retry the receiver answered 429", "e1 ack"]);
    expect((received[1]?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test("that has a bad minute has every event, each key in order, and no good key waits for a bad one", async () => {
    let bad = true;
    const { url, received } = await receiver((_request, response, nth, { key }) => {
      bad = nth < 60;
      response.writeHead(bad && key.startsWith("bad") ? 503 : 200).end();
    });
    const { queue, ends, until } = await posting(url, { maxAttempts: 1_000, consume: { concurrency: 4 } });
    const keys = ["bad1", "good1", "bad2", "good2"];
    await queue.admit(Array.from({ length: 40 }, (_, n) => envelope(`e${n}`, keys[n % 4])));
    await until(40, "ack");
    for (const key of keys) {
      const own = received.filter((one) => one.key === key).map(({ id }) => Number(id.slice(1)));
      expect(own).toEqual([...own].sort((a, b) => a - b));
      expect(new Set(own).size).toBe(10);
    }
    const acked = ends.filter((end) => end.endsWith("ack")).map((end) => Number(/\d+/.exec(end)?.[0]));
    expect(acked.slice(0, 20).every((n) => (keys[n % 4] ?? "").startsWith("good"))).toBe(true);
  });

  test("that closes its idle connections between requests loses nothing", async () => {
    const { url, received } = await receiver((request, response) => {
      response.writeHead(200).end();
      response.once("finish", () => request.socket.destroy());
    });
    const { queue, ends, until } = await posting(url, { maxAttempts: 1_000 });
    for (let n = 0; n < 20; n += 1) {
      await queue.admit([envelope(`e${n}`)]);
      await until(n + 1, "ack");
    }
    expect(new Set(received.map(({ id }) => id)).size).toBe(20);
    expect(ends.filter((end) => end.includes("dead"))).toEqual([]);
  });

  test("that is gone or can't take the event makes dead letters at once", async () => {
    const { url } = await receiver((_request, response, _nth, { id }) => {
      response.writeHead(id === "gone" ? 410 : 413).end("SECRET-ECHO");
    });
    const { queue, until } = await posting(url);
    await queue.admit([envelope("gone"), envelope("large")]);
    await until(2, "dead");
    const letters = await queue.deadLetters();
    expect(letters.map((letter: DeadLetter) => letter.attempts.map(({ cause }) => cause))).toEqual([
      ["the receiver answered 410 (gone): it wants no more events"],
      ["the receiver answered 413: the event is too large for it"],
    ]);
  });

  test("that redirects is not followed", async () => {
    const inside = await receiver(ok);
    const { url } = await receiver(
      (_request, response) => void response.writeHead(307, { location: inside.url }).end(),
    );
    const { queue, ends, until } = await posting(url, { maxAttempts: 1 });
    await queue.admit([envelope("e1")]);
    await until(1);
    expect(ends[0]).toMatch(/answered 307: redirects are not followed/);
    expect(inside.received).toEqual([]);
  });

  test("that speaks another protocol is trouble like any other, without a secret in its words", async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("SSH-2.0-OpenSSH_9.2 canary\r\n");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { queue, ends, until } = await posting(`http://127.0.0.1:${port}/?token=canary`, { maxAttempts: 2 });
    await queue.admit([envelope("e1")]);
    await until(1, "dead");
    expect(ends).toHaveLength(2);
    expect(ends.join("\n")).not.toContain("canary");
  });

  test("whose name leads to a private address is not connected to", async () => {
    const { url, received } = await receiver(ok);
    const { port } = new URL(url);
    // The name is checked when it is resolved: https has no rule about loopback by name.
    const { queue, ends, until } = await posting(`https://localhost:${port}/`, { maxAttempts: 1, allowPrivate: [] });
    await queue.admit([envelope("e1")]);
    await until(1);
    expect(ends[0]).toBe("e1 dead the receiver's address is private; allowPrivate must list it");
    expect(received).toEqual([]);
  });
});
