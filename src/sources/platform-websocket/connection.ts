/**
 * One socket from handshake to end; never reused. Answers "is it alive?": it pings every 30 seconds, and when neither a frame
 * nor a pong comes within the limit after that, the link is dead and is cut (a half-open link sends no FIN).
 */
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Net, Socket, SocketEnd } from "../../ports/net.ts";

/** What a connection is opened with. */
export interface ConnectionOptions {
  /** Holds the token: never shown. */
  readonly url: string;
  readonly handshakeTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly pingEveryMs: number;
  /** After a ping, something must come within so many milliseconds. */
  readonly deadAfterMs: number;
}

/** What a connection tells, in order; `ended` is the last and comes once. */
export interface ConnectionListener {
  opened(): void;
  /** The first sign of life after the handshake: frames get through, or the other side answers pings. */
  proven(): void;
  frame(bytes: Uint8Array, isBinary: boolean): void;
  ended(end: ConnectionEnd): void;
}

/** How it ended. `dead`: cut by us, because nothing came any more. */
export type ConnectionEnd = SocketEnd | { readonly kind: "dead"; readonly silentMs: number };

/** One connection. */
export interface Connection {
  /** Epoch milliseconds: since when it is what it is. */
  readonly openedAt: number | undefined;
  /** Last frame, ping or pong, epoch milliseconds. */
  readonly lastSignAt: number | undefined;
  /** Stops and restarts reading. While nothing is read, silence proves nothing. */
  hold(held: boolean): void;
  close(): void;
}

/** Opens a connection. */
export function openConnection(
  net: Net,
  clock: Clock,
  options: ConnectionOptions,
  listener: ConnectionListener,
): Connection {
  return new LiveConnection(net, clock, options, listener);
}

class LiveConnection implements Connection {
  readonly #clock: Clock;
  readonly #options: ConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #socket: Socket;
  #timer: Timer | undefined;
  #openedAt: number | undefined;
  #lastSignAt: number | undefined;
  /** Monotonic, so that a step of the wall clock kills no link. */
  #lastSign = 0;
  #held = false;
  #proven = false;
  #dead: number | undefined;
  #ended = false;

  constructor(net: Net, clock: Clock, options: ConnectionOptions, listener: ConnectionListener) {
    this.#clock = clock;
    this.#options = options;
    this.#listener = listener;
    const { url, handshakeTimeoutMs, maxFrameBytes } = options;
    this.#socket = net.openSocket(
      { url, handshakeTimeoutMs, maxFrameBytes },
      {
        opened: () => this.#onOpened(),
        message: (bytes, isBinary) => {
          this.#onSign();
          listener.frame(bytes, isBinary);
        },
        control: () => this.#onSign(),
        closed: (end) => this.#onClosed(end),
      },
    );
  }

  get openedAt(): number | undefined {
    return this.#openedAt;
  }

  get lastSignAt(): number | undefined {
    return this.#lastSignAt;
  }

  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#socket.pause();
    else {
      this.#socket.resume();
      this.#lastSign = this.#clock.monotonic();
    }
  }

  close(): void {
    this.#socket.close(1000);
  }

  #onOpened(): void {
    this.#openedAt = this.#clock.now();
    this.#lastSignAt = this.#openedAt;
    this.#lastSign = this.#clock.monotonic();
    this.#listener.opened();
    // The first ping at once: its pong is the proof that the link works in both directions.
    this.#ping();
  }

  #onSign(): void {
    this.#lastSign = this.#clock.monotonic();
    this.#lastSignAt = this.#clock.now();
    if (this.#proven || this.#openedAt === undefined) return;
    this.#proven = true;
    this.#listener.proven();
  }

  #ping(): void {
    if (this.#ended) return;
    const sentAt = this.#clock.monotonic();
    const { pingEveryMs, deadAfterMs } = this.#options;
    this.#socket.ping();
    this.#timer = this.#clock.setTimer(deadAfterMs, () => {
      const silent = this.#lastSign < sentAt || !this.#proven;
      if (silent && !this.#held) {
        this.#dead = this.#clock.monotonic() - this.#lastSign;
        this.#socket.terminate();
        return;
      }
      this.#timer = this.#clock.setTimer(Math.max(0, pingEveryMs - deadAfterMs), () => this.#ping());
    });
  }

  #onClosed(end: SocketEnd): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#listener.ended(this.#dead === undefined ? end : { kind: "dead", silentMs: this.#dead });
  }
}
