/**
 * One socket of a channel: opened once, never reused.
 *
 * - W1  It watches for silence: the server says something every 30 s, so a link that says nothing for 35 s is dead though TCP
 *       does not know it.
 * - W2  It asks (`ping`) every few seconds. What comes is in order, so an answer proves that all has come that was sent before the
 *       question was (`provenAt`). What was read last proves less: it may have been on its way for long.
 * - W3  Nobody has to answer: where no answer comes while other things do, what was read last is the best there is.
 */
import type { Clock, Timer } from "../../ports/clock.ts";
import type { Net, Socket, SocketEnd, SocketListener } from "../../ports/net.ts";
import { isPong, PING, SILENCE_MS } from "../../wire/genesys.ts";

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
/** Between two questions. */
const ASK_EVERY_MS = 5_000;
/** So often a question is looked at before it is given up: of a server that has answered before, and of one that never has. */
const LOOKS_IN_VAIN = 7;
const FIRST_LOOKS_IN_VAIN = 2;

/** One connection. */
export class Connection {
  readonly #clock: Clock;
  readonly #listener: ConnectionListener;
  readonly #socket: Socket;
  #watch: Timer | undefined;
  #alive = false;
  #held = false;
  #open = false;
  #over = false;
  /** Monotonic. */
  #signAt = 0;
  #lastSignAt: number | undefined;
  /** Epoch milliseconds of the questions without an answer yet, and how many have one. */
  #asks: number[] = [];
  #answered = 0;
  #provenAt: number | undefined;
  /** W3. */
  #answers: "unknown" | "yes" | "no" = "unknown";
  /** Something came since the last look. */
  #spoke = false;
  #looksInVain = 0;

  constructor({ clock, net, uri, maxFrameBytes }: ConnectionOptions, listener: ConnectionListener) {
    this.#clock = clock;
    this.#listener = listener;
    const own: SocketListener = {
      opened: () => this.#onOpened(),
      message: (bytes, isBinary) => {
        if (this.#asks.length > 0 && isPong(bytes)) this.#onAnswer();
        this.#sign();
        if (!this.#over) this.#listener.frame(bytes, isBinary);
      },
      control: () => this.#sign(),
      closed: (end) => {
        // A close frame is a sign too. Not that all came that was sent before the question, as it may have been on its way for long.
        if (end.kind === "closed" && end.code !== 1006) this.#lastSignAt = this.#clock.now();
        this.#end(end);
      },
    };
    this.#socket = net.openSocket({ url: uri, handshakeTimeoutMs: HANDSHAKE_MS, maxFrameBytes }, own);
  }

  /** When something was read last, epoch milliseconds. */
  get lastSignAt(): number | undefined {
    return this.#lastSignAt;
  }

  /** All that was sent to us before then has come, epoch milliseconds (W2, W3); undefined: it never stood. */
  get provenAt(): number | undefined {
    return this.#answers === "no" ? this.#lastSignAt : this.#provenAt;
  }

  /** Asks the server for a sign of life, and answers whether it has come, to be asked later on. */
  ask(): () => boolean {
    const askedAt = this.#clock.now();
    if (!this.#open || this.#over) return () => false;
    this.#socket.send(PING);
    this.#asks.push(askedAt);
    const number = this.#answered + this.#asks.length;
    return () => (this.#answers === "no" ? (this.#lastSignAt ?? 0) >= askedAt : this.#answered >= number);
  }

  /** Stops and restarts reading; meanwhile silence means nothing. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#socket.pause();
    else {
      this.#signAt = this.#clock.monotonic();
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
    this.#open = true;
    this.#signAt = this.#clock.monotonic();
    this.#lastSignAt = this.#clock.now();
    this.#provenAt = this.#lastSignAt;
    this.#watchOn(ASK_EVERY_MS);
    this.#listener.opened();
  }

  #sign(): void {
    this.#signAt = this.#clock.monotonic();
    this.#lastSignAt = this.#clock.now();
    this.#spoke = true;
    if (this.#alive || this.#over) return;
    this.#alive = true;
    this.#listener.alive();
  }

  #onAnswer(): void {
    this.#answers = "yes";
    this.#looksInVain = 0;
    this.#answered += 1;
    this.#provenAt = this.#asks.shift();
  }

  /**
   * Asks anew, or gives up the question that was not answered (W3). Counted are looks before which something else came: a process that
   * stood still, and a link that is dead, say nothing about whether the server answers.
   */
  #askOn(): void {
    if (this.#asks.length === 0) this.ask();
    else if (this.#spoke) this.#looksInVain += 1;
    this.#spoke = false;
    if (this.#looksInVain < (this.#answers === "yes" ? LOOKS_IN_VAIN : FIRST_LOOKS_IN_VAIN)) return;
    this.#looksInVain = 0;
    this.#answers = "no";
    this.#answered += this.#asks.length;
    this.#asks = [];
  }

  #watchOn(inMs: number): void {
    this.#watch = this.#clock.setTimer(inMs, () => this.#look());
  }

  #look(): void {
    if (this.#over) return;
    const silentMs = this.#clock.monotonic() - this.#signAt;
    if (this.#held) {
      this.#watchOn(ASK_EVERY_MS);
      return;
    }
    if (silentMs >= SILENCE_MS) {
      this.#end({ kind: "silent", silentMs });
      this.#socket.terminate();
      return;
    }
    this.#askOn();
    this.#watchOn(Math.min(ASK_EVERY_MS, SILENCE_MS - silentMs));
  }

  #end(end: ConnectionEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch?.cancel();
    this.#listener.ended(end);
  }
}
