/** Faults of frames in flight: left out, sent twice, swapped with the next one, held back for a while. */
import type { Clock } from "../ports/clock.ts";
import type { FrameBytes, ProviderSocket } from "./sockets.ts";

/** What may happen to a frame. */
export type FrameFaultName = "gap" | "duplicate" | "reorder" | "delay";

/** A frame fault that acts until `left` frames were hit; `delayMs` is for `delay`. */
export interface FrameFault {
  readonly name: FrameFaultName;
  readonly delayMs: number;
  left: number;
}

/** Longest time that a frame to be swapped waits for the next one. */
const REORDER_WAIT_MS = 1000;

/** The switch that every event frame passes on its way to a socket. */
export class FrameFaults {
  readonly #clock: Clock;
  #active: FrameFault | undefined;
  readonly #held = new Map<ProviderSocket, FrameBytes>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Arms a fault in the place of another. */
  arm(fault: FrameFault): void {
    this.#active = fault;
  }

  /** Ends a fault, if it is this one that acts. */
  disarm(fault: FrameFault): void {
    if (this.#active === fault) this.#active = undefined;
  }

  /** Sends a frame, or does to it what the active fault says; false when the socket won't see it. */
  send(socket: ProviderSocket, bytes: FrameBytes): boolean {
    const fault = this.#active;
    if (fault === undefined || fault.left === 0) return this.#sendInOrder(socket, bytes);
    fault.left -= 1;
    switch (fault.name) {
      case "gap":
        return false;
      case "duplicate":
        return this.#sendInOrder(socket, bytes) && socket.send(bytes);
      case "delay":
        this.#clock.setTimer(fault.delayMs, () => socket.send(bytes));
        return !socket.isStalled;
      case "reorder":
        this.#hold(socket, bytes);
        return !socket.isStalled;
      default:
        return fault.name satisfies never;
    }
  }

  #sendInOrder(socket: ProviderSocket, bytes: FrameBytes): boolean {
    const sent = socket.send(bytes);
    if (this.#held.size > 0) this.#release(socket);
    return sent;
  }

  /** Keeps a frame until the next one of its socket has gone out. */
  #hold(socket: ProviderSocket, bytes: FrameBytes): void {
    const earlier = this.#held.get(socket);
    if (earlier !== undefined) {
      socket.send(bytes);
      this.#release(socket);
      return;
    }
    this.#held.set(socket, bytes);
    this.#clock.setTimer(REORDER_WAIT_MS, () => {
      if (this.#held.get(socket) === bytes) this.#release(socket);
    });
  }

  #release(socket: ProviderSocket): void {
    const bytes = this.#held.get(socket);
    if (bytes === undefined) return;
    this.#held.delete(socket);
    socket.send(bytes);
  }
}
