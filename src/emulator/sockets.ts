/**
 * Sockets as the platform's clients see them (docs/protocol.md, 8): text frames, a heartbeat, pong, and tolerance for whatever comes in.
 *
 * S1. Nothing is sent before there is something to say: no greeting.
 * S2. What a client sends never ends its socket, unless the frame breaks a size limit. (A {@link Speech} has rules of its own.)
 * S3. A client that doesn't read is cut when `bufferedBytes` wait for it.
 */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { asObject, decodeJson } from "./answer.ts";

/** What a stalled socket still sends. */
export type Stall = "silent" | "heartbeats";

/** A frame on its way to sockets; the bytes are made once for all of them. */
export type FrameBytes = Buffer;

/** Settings that all sockets share. */
export interface SocketSettings {
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** A client that has sent nothing for so long is closed; 0: never. */
  readonly idleCloseMs: number;
  readonly bufferedBytes: number;
  readonly logger: Logger;
  /** Answers a message of the client; `undefined` says nothing. */
  readonly onMessage: (socket: ProviderSocket, message: Readonly<Record<string, unknown>>) => unknown;
  readonly onClosed: (socket: ProviderSocket) => void;
}

/** Which of the wires a socket speaks; `streaming` is that of the XMPP client. */
export type Wire = "notifications" | "platform-websocket" | "streaming";

/** How a socket speaks that says the same in another language. */
export interface Speech {
  /** A frame of the JSON socket in this language; `undefined` for what it can't say. */
  readonly translate: (frame: FrameBytes) => FrameBytes | undefined;
  /** What goes out at each heartbeat. */
  readonly heartbeat: () => FrameBytes | undefined;
  /** Takes a frame of the client. The answers go out even at the end, when the socket closes behind them. */
  readonly hear: (data: Buffer, isBinary: boolean) => { readonly answers: readonly Buffer[]; readonly isEnd: boolean };
  /** What is said before the socket closes with this code. */
  readonly goodbye: (code: number, reason: string) => FrameBytes | undefined;
}

const HEARTBEAT = Buffer.from('{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}');
/** Frames of the client that are looked at; longer ones are junk. */
const MAX_READ = 65_536;
/** How long a client has to answer a close before its connection is cut. */
const CLOSE_GRACE_MS = 1000;

/** Whether {@link ProviderSocket.close} can end a socket with this code. */
export function isCloseCode(code: unknown): code is number {
  if (typeof code !== "number" || !Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1014 && code !== 1004) || (code >= 3000 && code <= 4999);
}

/** A piece of a frame, or a whole one behind it. */
interface Piece {
  readonly bytes: Buffer;
  readonly everyMs: number;
  readonly isLast: boolean;
  readonly isBinary?: boolean;
}

/** One socket of any wire. */
export class ProviderSocket {
  /** Short name for the ledger. */
  readonly name: string;
  /** The same as a list, for the many events that go to one socket alone. */
  readonly names: readonly string[];
  readonly wire: Wire;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #ws: WebSocket;
  readonly #connection: Duplex;
  readonly #settings: SocketSettings;
  readonly #speech: Speech | undefined;
  #heartbeat: Timer | undefined;
  #idle: Timer | undefined;
  #stall: Stall | undefined;
  /** What waits behind a frame that goes out in pieces. */
  readonly #queue: Piece[] = [];
  #open = true;

  /** Without a `speech` it speaks JSON. */
  constructor(
    name: string,
    wire: Wire,
    ws: WebSocket,
    connection: Duplex,
    settings: SocketSettings & { readonly speech?: Speech },
  ) {
    this.name = name;
    this.names = [name];
    this.wire = wire;
    this.#ws = ws;
    this.#connection = connection;
    this.#settings = settings;
    this.#speech = settings.speech;
    ws.on("message", (data: Buffer, isBinary: boolean) => this.#socketOnMessage(data, isBinary));
    this.closed = new Promise((resolve) => {
      ws.on("close", () => {
        this.#socketOnClose();
        resolve();
      });
    });
    ws.on("error", () => {}); // a broken frame or link; "close" follows
    this.#beat();
    this.#awaitClient();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether events reach the wire. */
  get isStalled(): boolean {
    return this.#stall !== undefined;
  }

  /** Sends a text frame; false when the socket is closing or stalled. */
  send(bytes: FrameBytes): boolean {
    if (!this.#open || this.#stall !== undefined) return false;
    const said = this.#speech === undefined ? bytes : this.#speech.translate(bytes);
    if (said === undefined) return false;
    this.#write(said, false);
    return this.#open;
  }

  /** Sends a text frame in pieces; frames behind it wait for the last one. */
  sendInParts(given: FrameBytes, parts: number, everyMs: number): boolean {
    if (!this.#open || this.#stall !== undefined) return false;
    const bytes = this.#speech === undefined ? given : this.#speech.translate(given);
    if (bytes === undefined) return false;
    const size = Math.max(1, Math.ceil(bytes.length / parts));
    const pieces: Piece[] = [];
    for (let from = 0; from === 0 || from < bytes.length; from += size) {
      pieces.push({ bytes: bytes.subarray(from, from + size), everyMs, isLast: from + size >= bytes.length });
    }
    this.#queue.push(...pieces);
    if (this.#queue.length === pieces.length) this.#sendPieces();
    return this.#open;
  }

  /** Gathers frames until {@link uncork}: one write to the kernel for many frames. */
  cork(): void {
    this.#connection.cork();
  }

  uncork(): void {
    this.#connection.uncork();
  }

  /** Sends bytes as a binary frame, which the platform never does. */
  sendBinary(bytes: Buffer): void {
    if (this.#open && this.#stall === undefined) this.#write(bytes, true);
  }

  /** From now on nothing goes out, or heartbeats only; `undefined` ends it. */
  stall(kind: Stall | undefined): void {
    this.#stall = kind;
  }

  /** Ends with a close frame: without a code for 1005; for 1006, which no frame can carry, the connection is cut. */
  close(code: number, reason = ""): void {
    if (code === 1006) {
      this.drop();
      return;
    }
    const goodbye = this.#open && this.#stall === undefined ? this.#speech?.goodbye(code, reason) : undefined;
    if (goodbye !== undefined) this.#write(goodbye, false);
    this.#end();
    if (code === 1005) this.#ws.close();
    else this.#ws.close(code, reason);
    this.#settings.clock.setTimer(CLOSE_GRACE_MS, () => this.#ws.terminate());
  }

  /** Cuts the connection without a close frame. */
  drop(): void {
    this.#end();
    this.#ws.terminate();
  }

  #sendPieces(): void {
    for (let piece = this.#queue[0]; piece !== undefined && this.#open; piece = this.#queue[0]) {
      this.#ws.send(piece.bytes, { binary: piece.isBinary === true, fin: piece.isLast });
      if (piece.isLast || piece.everyMs === 0) {
        this.#queue.shift();
        continue;
      }
      this.#settings.clock.setTimer(piece.everyMs, () => {
        this.#queue.shift();
        this.#sendPieces();
      });
      return;
    }
  }

  #write(bytes: Buffer, binary: boolean): void {
    const { bufferedBytes, logger } = this.#settings;
    const queued = this.#queue.reduce((sum, piece) => sum + piece.bytes.length, 0);
    if (this.#ws.bufferedAmount + queued + bytes.length <= bufferedBytes) {
      if (queued > 0) {
        this.#queue.push({ bytes, everyMs: 0, isLast: true, isBinary: binary });
        return;
      }
      this.#ws.send(bytes, { binary });
      return;
    }
    logger.warn({ socket: this.name, bufferedBytes }, "a client doesn't read: its connection is cut");
    this.drop();
  }

  #beat(): void {
    this.#heartbeat = this.#settings.clock.setTimer(this.#settings.heartbeatMs, () => {
      if (this.#stall !== "silent") this.#sendHeartbeat();
      if (this.#open) this.#beat();
    });
  }

  #sendHeartbeat(): void {
    if (this.wire === "platform-websocket") {
      this.#ws.ping();
      return;
    }
    const heartbeat = this.#speech === undefined ? HEARTBEAT : this.#speech.heartbeat();
    if (heartbeat !== undefined) this.#write(heartbeat, false);
  }

  #awaitClient(): void {
    const { idleCloseMs, clock } = this.#settings;
    this.#idle?.cancel();
    if (idleCloseMs > 0 && this.#open) this.#idle = clock.setTimer(idleCloseMs, () => this.close(1001, "idle timeout"));
  }

  #socketOnMessage(data: Buffer, isBinary: boolean): void {
    this.#awaitClient();
    if (this.#speech !== undefined) {
      if (this.#open) this.#hear(this.#speech, data, isBinary);
      return;
    }
    if (isBinary || data.length > MAX_READ || !this.#open) return;
    const message = asObject(decodeJson(data.toString("utf8"))?.value);
    const answer = message && this.#settings.onMessage(this, message);
    if (answer !== undefined && this.#stall !== "silent") this.#write(Buffer.from(JSON.stringify(answer)), false);
  }

  #hear(speech: Speech, data: Buffer, isBinary: boolean): void {
    const { answers, isEnd } = speech.hear(data, isBinary);
    for (const answer of answers) if (this.#open && this.#stall !== "silent") this.#write(answer, false);
    if (isEnd) this.close(1000);
  }

  #socketOnClose(): void {
    this.#end();
    this.#settings.onClosed(this);
  }

  #end(): void {
    this.#open = false;
    this.#heartbeat?.cancel();
    this.#idle?.cancel();
  }
}
