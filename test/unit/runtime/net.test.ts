import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { HttpRequest, SocketEnd, SocketListener } from "../../../src/ports/net.ts";
import { systemNet } from "../../../src/runtime/net.ts";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; server: Server }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const net = systemNet();
const get = (url: string, more: Partial<HttpRequest> = {}) =>
  net.request({ method: "GET", url, timeoutMs: 2_000, ...more });

describe("requests", () => {
  test("give status, headers in lower case, and the whole body; redirects are answers", async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(302, { "X-Twice": ["a", "b"], Location: "http://192.0.2.1/" });
      response.end(`${request.method} ${String(request.headers["x-mine"])}`);
    });
    const answer = await get(url, { method: "POST", headers: { "X-Mine": "yes" }, body: "{}" });
    expect(answer).toMatchObject({ ok: true, status: 302, headers: { "x-twice": "a, b" } });
    expect(answer.ok && Buffer.from(answer.body).toString()).toBe("POST yes");
  });

  test("end by their time limit, though bytes keep dripping", async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(drip));
    });
    expect(await get(url, { timeoutMs: 200 })).toMatchObject({ ok: false, reason: "timeout", status: 200 });
  });

  test("end by their signal and by their cap", async () => {
    const { url } = await serve((_request, response) => response.end("x".repeat(5_000)));
    expect(await get(url, { maxBytes: 4_999 })).toMatchObject({ ok: false, reason: "too-large", status: 200 });
    expect(await get(url, { maxBytes: 5_000 })).toMatchObject({ ok: true });
    expect(await get(url, { signal: AbortSignal.abort() })).toMatchObject({ ok: false, reason: "aborted" });
  });

  test("say what failed without the address, the path or the query", async () => {
    const { url, server } = await serve((request) => request.socket.destroy());
    expect(await get(`${url}/secret?token=canary`)).toMatchObject({ ok: false, reason: "reset" });
    server.close();
    server.closeAllConnections();
    const refused = await get(`${url}/secret?token=canary`);
    expect(refused).toMatchObject({ ok: false, reason: "refused" });
    expect(JSON.stringify(refused)).not.toMatch(/secret|canary|127\.0\.0\.1/u);
    expect(await get("http://nowhere.invalid/")).toMatchObject({ ok: false, reason: "dns" });
    expect(await get("not a url")).toMatchObject({ ok: false, reason: "other" });
  });

  test("go only to addresses that are allowed, whether the URL has a name or an address", async () => {
    const { url } = await serve((_request, response) => response.end("in"));
    const asked: string[] = [];
    const never = (address: string): boolean => {
      asked.push(address);
      return false;
    };
    expect(await get(url, { allowAddress: never })).toMatchObject({ ok: false, reason: "forbidden-address" });
    const named = url.replace("127.0.0.1", "localhost");
    expect(await get(named, { allowAddress: never })).toMatchObject({ ok: false, reason: "forbidden-address" });
    expect(asked).toContain("127.0.0.1");
    const only4 = (_address: string, family: 4 | 6): boolean => family === 4;
    expect(await get(named, { allowAddress: only4 })).toMatchObject({ ok: true, status: 200 });
  });
});

interface Heard {
  readonly messages: string[];
  readonly opened: Promise<void>;
  readonly end: Promise<SocketEnd>;
  readonly ends: SocketEnd[];
  readonly listener: SocketListener;
}

function listen(): Heard {
  const messages: string[] = [];
  const ends: SocketEnd[] = [];
  const opening = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<SocketEnd>();
  return {
    messages,
    ends,
    opened: opening.promise,
    end: ending.promise,
    listener: {
      opened: () => opening.resolve(),
      message: (bytes, isBinary) => messages.push(`${isBinary ? "binary" : "text"} ${Buffer.from(bytes).toString()}`),
      control: (kind) => messages.push(kind),
      closed(end) {
        ends.push(end);
        ending.resolve(end);
      },
    },
  };
}

describe("sockets", () => {
  async function serveSockets(onSocket: (socket: WebSocket) => void): Promise<string> {
    const { url, server } = await serve((_request, response) => response.end());
    new WebSocketServer({ server }).on("connection", onSocket);
    return url.replace("http", "ws");
  }
  const connect = (url: string, heard: Heard, handshakeTimeoutMs = 2_000) =>
    net.openSocket({ url, handshakeTimeoutMs, maxFrameBytes: 1_000 }, heard.listener);

  test("give messages in order as bytes, and the close code once", async () => {
    const url = await serveSockets((socket) => {
      socket.on("message", (data: Buffer) => socket.send(`echo ${data.toString()}`));
      socket.send("first");
      socket.send(Buffer.from("second"));
    });
    const heard = listen();
    const socket = connect(url, heard);
    await heard.opened;
    socket.send("hello");
    await expect.poll(() => heard.messages).toEqual(["text first", "binary second", "text echo hello"]);
    socket.close(1000, "done");
    expect(await heard.end).toEqual({ kind: "closed", code: 1000, reason: "done" });
    socket.terminate();
    expect(heard.ends.length).toBe(1);
  });

  test("say 1006 when the connection is cut, and 1009 stands for a frame above the limit", async () => {
    const cut = listen();
    connect(await serveSockets((socket) => socket.terminate()), cut);
    expect(await cut.end).toMatchObject({ kind: "closed", code: 1006 });
    const large = listen();
    const codes: number[] = [];
    connect(
      await serveSockets((socket) => {
        socket.on("close", (code) => codes.push(code));
        socket.send("x".repeat(1_001));
      }),
      large,
    );
    expect(await large.end).toEqual({
      kind: "closed",
      code: 1009,
      reason: "a frame was longer than maxFrameBytes (1000)",
    });
    await expect.poll(() => codes).toEqual([1009]);
    expect(large.messages).toEqual([]);
  });

  test("tell a refused upgrade with status and body, and a handshake that never comes", async () => {
    const { url } = await serve((_request, response) => response.end("not here"));
    const { server: refusing, url: refusingUrl } = await serve(() => undefined);
    refusing.on("upgrade", (_request, socket) => {
      socket.end("HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow");
    });
    const refused = listen();
    connect(refusingUrl.replace("http", "ws"), refused);
    expect(await refused.end).toMatchObject({
      kind: "refused",
      status: 429,
      headers: { "retry-after": "7" },
      body: "slow",
    });

    const page = listen();
    connect(url.replace("http", "ws"), page);
    expect(await page.end).toMatchObject({ kind: "refused", status: 200 });

    const { server: silent, url: silentUrl } = await serve(() => undefined);
    silent.on("upgrade", () => undefined);
    const hanging = listen();
    connect(silentUrl.replace("http", "ws"), hanging, 150);
    expect(await hanging.end).toMatchObject({ kind: "failed", reason: "timeout" });
  });

  test("a paused socket gives nothing until it is resumed", async () => {
    const heard = listen();
    let push: (() => void) | undefined;
    const url = await serveSockets((socket) => {
      push = () => socket.send("later");
    });
    const socket = connect(url, heard);
    await heard.opened;
    socket.pause();
    await expect.poll(() => push).toBeDefined();
    push?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard.messages).toEqual([]);
    socket.resume();
    await expect.poll(() => heard.messages).toEqual(["text later"]);
    socket.terminate();
    expect(await heard.end).toMatchObject({ kind: "closed" });
  });
});
