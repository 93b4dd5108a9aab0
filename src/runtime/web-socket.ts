/**
 * One WebSocket connection. Options as measured: no compression, text frames stay bytes, UTF-8 checked where text is made.
 */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Socket, SocketEnd, SocketListener, SocketRequest } from "../ports/net.ts";
import { failureMessage, reasonOf } from "./net-failure.ts";

/** An unanswered close frame is waited for so long. */
const CLOSE_WAIT_MS = 2_000;
/** Of the answer to a refused upgrade so much is read. */
const REFUSAL_BYTES = 4_096;
const REFUSAL_WAIT_MS = 2_000;

/** Opens a connection and tells the listener what happens; never throws for what the network does. */
export function openWebSocket(request: SocketRequest, listener: SocketListener): Socket {
  return new Connection(request, listener);
}

class Connection implements Socket {
  readonly #listener: SocketListener;
  readonly #socket: WebSocket;
  readonly #maxFrameBytes: number;
  #opened = false;
  #over = false;
  /** Known before the close event comes: a refusal, or a failed handshake. */
  #end: SocketEnd | undefined;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(request: SocketRequest, listener: SocketListener) {
    this.#listener = listener;
    this.#maxFrameBytes = request.maxFrameBytes;
    const socket = new WebSocket(request.url, {
      headers: { ...request.headers },
      handshakeTimeout: request.handshakeTimeoutMs,
      maxPayload: request.maxFrameBytes,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      followRedirects: false,
    });
    socket.binaryType = "nodebuffer";
    socket.on("open", () => this.#onOpen());
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#listener.message(data, isBinary));
    socket.on("ping", () => this.#listener.control("ping"));
    socket.on("pong", () => this.#listener.control("pong"));
    socket.on("unexpected-response", (_request, response: IncomingMessage) => this.#onRefused(response));
    socket.on("error", (error: Error) => this.#onError(error));
    socket.on("close", (code: number, reason: Buffer) => this.#onClose(code, reason));
    this.#socket = socket;
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text, ignore);
  }

  ping(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping(undefined, undefined, ignore);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code = 1000, reason = ""): void {
    if (this.#over) return;
    // A paused socket would never read the answer to its close frame.
    this.#socket.resume();
    this.#socket.close(code, reason);
    this.#closeTimer ??= setTimeout(() => this.#socket.terminate(), CLOSE_WAIT_MS);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #onOpen(): void {
    this.#opened = true;
    this.#listener.opened();
  }

  /**
   * Before the handshake is done an error is the end. Afterwards the close event has the code, but where the other side broke
   * the protocol that is 1006: the error says more.
   */
  #onError(error: Error): void {
    if (this.#end !== undefined) return;
    if (this.#opened) {
      const broken = brokenRule(error, this.#maxFrameBytes);
      if (broken !== undefined) this.#end = { kind: "closed", ...broken };
      return;
    }
    const reason = error.message.includes("handshake has timed out") ? "timeout" : reasonOf(error);
    this.#end = { kind: "failed", reason, message: failureMessage(reason, error) };
  }

  #onRefused(response: IncomingMessage): void {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = (): void => {
      clearTimeout(limit);
      if (this.#end !== undefined) return;
      const body = Buffer.concat(chunks).toString("utf8").slice(0, REFUSAL_BYTES);
      this.#end = { kind: "refused", status: response.statusCode ?? 0, headers: flat(response.headers), body };
      this.#socket.terminate();
    };
    const limit = setTimeout(done, REFUSAL_WAIT_MS);
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= REFUSAL_BYTES) done();
    });
    response.on("end", done);
    response.on("close", done);
    response.on("error", done);
  }

  #onClose(code: number, reason: Buffer): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#closeTimer);
    this.#listener.closed(this.#end ?? { kind: "closed", code, reason: reason.toString("utf8") });
  }
}

/** The close code and reason for what the other side did wrong, in our words; undefined for other errors. */
function brokenRule(error: Error, maxFrameBytes: number): { code: number; reason: string } | undefined {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
    return { code: 1009, reason: `a frame was longer than maxFrameBytes (${maxFrameBytes})` };
  }
  return code.startsWith("WS_ERR_") ? { code: 1002, reason: "the server broke the WebSocket protocol" } : undefined;
}

/** A send that fails is followed by the close event, which tells more. */
function ignore(): void {}

function flat(headers: IncomingMessage["headers"]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return result;
}
