/**
 * Faults of frames on their way to sockets: lost, doubled, overtaken, late, in pieces, or with a body that contradicts others.
 *
 * R1. Of the faults that fit a frame the one that was armed first acts, and uses up one of its hits.
 * R2. What can't be sent after all (the socket has gone while a frame was held) is told to `onLost`, so that the ledger stays true.
 */
import type { Clock } from "../ports/clock.ts";
import type { Chance } from "./chance.ts";
import type { FaultRequest } from "./fault-check.ts";
import { numberOf, textOf } from "./fault-check.ts";
import { glob } from "./glob.ts";
import { makeOdd } from "./odd-snapshot.ts";
import type { FrameBytes, ProviderSocket } from "./sockets.ts";

/** What may happen to a frame. */
export type FrameFaultName = "gap" | "duplicate" | "reorder" | "delay" | "fragment" | "odd-snapshot";

/** A frame fault that acts until `left` frames were hit. */
export interface FrameFault {
  readonly name: FrameFaultName;
  readonly request: FaultRequest;
  readonly isTopic: (topic: string) => boolean;
  left: number;
}

/** Makes a frame fault of a checked request. */
export function newFrameFault(name: FrameFaultName, request: FaultRequest, hits: number): FrameFault {
  return { name, request, isTopic: glob(textOf(request, "topic", "*")), left: hits };
}

interface Held {
  readonly bytes: FrameBytes;
  readonly onLost: () => void;
  /** Frames that still have to overtake it. */
  left: number;
}

/** Longest time that a frame waits to be overtaken. */
const REORDER_WAIT_MS = 1000;

/** The switch that every event frame passes on its way to a socket. */
export class FrameFaults {
  readonly #clock: Clock;
  readonly #chance: Chance;
  #active: readonly FrameFault[] = [];
  readonly #held = new Map<ProviderSocket, Held>();

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** Whether frames pass as they are. */
  get isIdle(): boolean {
    return this.#active.length === 0 && this.#held.size === 0;
  }

  arm(fault: FrameFault): void {
    this.#active = [...this.#active, fault];
  }

  disarm(fault: FrameFault): void {
    this.#active = this.#active.filter((active) => active !== fault);
  }

  /** What an `odd-snapshot` makes of a body; `undefined` leaves it as it is. */
  alter(topic: string, bodyText: string): string | undefined {
    const fault = this.#active.find((one) => one.name === "odd-snapshot" && fits(one, topic, undefined));
    if (fault === undefined) return undefined;
    const odd = makeOdd(JSON.parse(bodyText), textOf(fault.request, "kind", "late-connected"));
    if (odd === undefined || !this.#hits(fault)) return undefined;
    return JSON.stringify(odd);
  }

  /** Sends a frame, or does to it what a fault says; false when the socket won't see it. */
  send(socket: ProviderSocket, topic: string, bytes: FrameBytes, onLost: () => void): boolean {
    const fault = this.#active.find((one) => one.name !== "odd-snapshot" && fits(one, topic, socket));
    if (fault === undefined || !this.#hits(fault)) return this.#sendInOrder(socket, bytes);
    const { request } = fault;
    switch (fault.name) {
      case "gap":
        return false;
      case "duplicate": {
        const sent = this.#sendInOrder(socket, bytes);
        for (let copy = 1; copy < numberOf(request, "copies", 2); copy += 1) socket.send(bytes);
        return sent;
      }
      case "delay":
        this.#clock.setTimer(numberOf(request, "delayMs", 1000), () => void (socket.send(bytes) || onLost()));
        return !socket.isStalled;
      case "reorder":
        this.#hold(socket, { bytes, onLost, left: numberOf(request, "depth", 1) });
        return !socket.isStalled;
      case "fragment":
        return socket.sendInParts(bytes, numberOf(request, "parts", 10), numberOf(request, "everyMs", 0));
      case "odd-snapshot":
        return this.#sendInOrder(socket, bytes);
      default:
        return fault.name satisfies never;
    }
  }

  #hits(fault: FrameFault): boolean {
    const share = fault.request["share"];
    if (typeof share === "number" && !this.#chance.happens(share)) return false;
    fault.left -= 1;
    return true;
  }

  #sendInOrder(socket: ProviderSocket, bytes: FrameBytes): boolean {
    const sent = socket.send(bytes);
    const held = this.#held.get(socket);
    if (held !== undefined) {
      held.left -= 1;
      if (held.left <= 0) this.#release(socket, held);
    }
    return sent;
  }

  /** Keeps a frame until others of its socket have gone out. */
  #hold(socket: ProviderSocket, frame: Held): void {
    if (this.#held.has(socket)) {
      if (!this.#sendInOrder(socket, frame.bytes)) frame.onLost();
      return;
    }
    this.#held.set(socket, frame);
    this.#clock.setTimer(REORDER_WAIT_MS, () => this.#release(socket, frame));
  }

  #release(socket: ProviderSocket, held: Held): void {
    if (this.#held.get(socket) !== held) return;
    this.#held.delete(socket);
    if (!socket.send(held.bytes)) held.onLost();
  }
}

function fits(fault: FrameFault, topic: string, socket: ProviderSocket | undefined): boolean {
  if (fault.left <= 0 || !fault.isTopic(topic)) return false;
  const wanted = fault.request["socket"];
  return wanted === undefined || socket === undefined || wanted === socket.name;
}
