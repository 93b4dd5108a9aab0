/**
 * One socket of a channel: opened once, never reused. Watches for silence: the server says something every 30 s, so a link
 * that says nothing for 35 s is dead though TCP does not know it; before that it is asked (`ping`), which is answered.
 */
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Net, Socket, SocketEnd, SocketListener } from "../../ports/net.ts";
import { PING, SILENCE_MS } from "../../wire/genesys.ts";

/** How a connection ended. `silent`: cut by the watchdog. */
export type ConnectionEnd = SocketEnd | { readonly kind: "silent"; readonly silentMs: number };

/** What a connection tells; `ended` is the last and comes once. */
export interface ConnectionListener {
  opened(): void;
  /** The first sign of life after the opening. */
  alive(): void;
  frame(bytes: Uint8Array, isBinary: boolean): void;
  ended(end: ConnectionEnd): void;
}

/** What {@link Connection} takes. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly net: Net;
  /** A secret. */
  readonly uri: string;
  readonly maxFrameBytes: number;
}

const HANDSHAKE_MS = 15_000;
/** Asked for a sign of life after so much silence. */
const ASK_AFTER_MS = 20_000;

/** One connection. */
export class Connection {
  readonly #clock: Clock;
  readonly #listener: ConnectionListener;
  readonly #socket: Socket;
  #watch: Timer | undefined;
  #asked = false;
  #alive = false;
  #held = false;
  #over = false;
  /** Monotonic. */
  #signAt = 0;
  /** Epoch milliseconds. */
  lastSignAt: number | undefined;

  constructor({ clock, net, uri, maxFrameBytes }: ConnectionOptions, listener: ConnectionListener) {
    this.#clock = clock;
    this.#listener = listener;
    const own: SocketListener = {
      opened: () => this.#onOpened(),
      message: (bytes, isBinary) => {
        this.#sign();
        if (!this.#over) this.#listener.frame(bytes, isBinary);
      },
      control: () => this.#sign(),
      closed: (end) => this.#end(end),
    };
    this.#socket = net.openSocket({ url: uri, handshakeTimeoutMs: HANDSHAKE_MS, maxFrameBytes }, own);
  }

  /** Asks the server for a sign of life. */
  ask(): void {
    this.#socket.send(PING);
  }

  /** Stops and restarts reading; meanwhile silence means nothing. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#socket.pause();
    else {
      this.#signAt = this.#clock.monotonic();
      this.#asked = false;
      this.#socket.resume();
    }
  }

  close(): void {
    this.#socket.close(1000);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #onOpened(): void {
    this.#signAt = this.#clock.monotonic();
    this.lastSignAt = this.#clock.now();
    this.#arm(ASK_AFTER_MS);
    this.#listener.opened();
  }

  #sign(): void {
    this.#signAt = this.#clock.monotonic();
    this.lastSignAt = this.#clock.now();
    this.#asked = false;
    if (this.#alive || this.#over) return;
    this.#alive = true;
    this.#listener.alive();
  }

  #arm(inMs: number): void {
    this.#watch = this.#clock.setTimer(inMs, () => this.#look());
  }

  #look(): void {
    if (this.#over) return;
    const silentMs = this.#clock.monotonic() - this.#signAt;
    if (this.#held || silentMs < ASK_AFTER_MS) {
      this.#arm(this.#held ? ASK_AFTER_MS : ASK_AFTER_MS - silentMs);
      return;
    }
    if (silentMs >= SILENCE_MS) {
      this.#end({ kind: "silent", silentMs });
      this.#socket.terminate();
      return;
    }
    if (!this.#asked) {
      this.#asked = true;
      this.ask();
    }
    this.#arm(SILENCE_MS - silentMs);
  }

  #end(end: ConnectionEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch?.cancel();
    this.#listener.ended(end);
  }
}
