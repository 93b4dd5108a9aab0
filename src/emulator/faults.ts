/**
 * Faults on command: which are active, and for how long. What there is: fault-list.ts.
 *
 * F1. A fault waits `afterMs`, then acts. Request and frame faults act on the next `count` requests or frames, or for `forMs`; with neither,
 *     once. Socket faults act at once on up to `count` open sockets (all when not given), and with `forMs` on each socket that opens meanwhile.
 * F2. Clearing ends what is active and what waits; stalled sockets go on. What was already done (a closed socket) stays done.
 * F3. Of the faults that fit a request the one that began first acts.
 */
import type { Clock, Timer } from "../ports/clock.ts";
import type { ApiRequest } from "./answer.ts";
import type { FaultRequest } from "./fault-check.ts";
import type { FaultKind, FaultName } from "./fault-list.ts";
import { checkFault, numberOf, textOf } from "./fault-check.ts";
import type { FrameFault, FrameFaultName, FrameFaults } from "./frame-faults.ts";
import { newFrameFault } from "./frame-faults.ts";
import { glob } from "./glob.ts";
import { wantedPage } from "./paging.ts";
import type { ProviderSocket } from "./sockets.ts";

/** Doors at which a request fault can stand. */
export type FaultDoor = "token" | "rest" | "upgrade";

/** A fault that waits or acts. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: FaultName;
  readonly request: FaultRequest;
  /** Requests or frames it still hits; absent when time alone ends it. */
  readonly left?: number;
  readonly waiting: boolean;
  /** Sockets, requests or frames that it has hit so far; absent when it has no such thing. */
  readonly hit?: number;
}

/** What stands at a door for one request. */
export interface RequestFault {
  readonly name: FaultName;
  readonly request: FaultRequest;
}

/** Does to one socket what a socket fault says. */
export type SocketFaultAction = (socket: ProviderSocket, name: FaultName, request: FaultRequest) => void;

/** Does to the centre what a fault says; gives what ends it. */
export type CentreFaultAction = (name: FaultName, request: FaultRequest) => () => void;

/** What faults act on. */
export interface FaultParts {
  readonly clock: Clock;
  readonly frames: FrameFaults;
  readonly sockets: () => Iterable<ProviderSocket>;
  readonly act: SocketFaultAction;
  readonly actOnCentre: CentreFaultAction;
}

interface Entry {
  readonly id: number;
  readonly name: FaultName;
  readonly kind: FaultKind;
  readonly request: FaultRequest;
  readonly isPath: (path: string) => boolean;
  readonly frameFault: FrameFault | undefined;
  readonly stalled: Set<ProviderSocket>;
  left: number | undefined;
  hit: number;
  waiting: boolean;
  timer: Timer | undefined;
  undo: (() => void) | undefined;
}

/** The faults of one emulator. */
export class Faults {
  readonly #parts: FaultParts;
  readonly #entries = new Map<number, Entry>();
  #ids = 0;

  constructor(parts: FaultParts) {
    this.#parts = parts;
  }

  /**
   * Starts a fault.
   *
   * @throws RingfirstError `RF_OPTION_INVALID` for an unknown fault or parameter, or a value out of bounds.
   */
  inject(wanted: FaultRequest): ActiveFault {
    const { name, kind, request } = checkFault(wanted);
    for (const spent of this.#entries.values()) if ((spent.frameFault?.left ?? 1) <= 0) this.#finish(spent);
    const entry: Entry = {
      id: (this.#ids += 1),
      name,
      kind,
      request,
      isPath: glob(textOf(request, "path", "*")),
      frameFault:
        kind === "frame" ? newFrameFault(name as FrameFaultName, request, hits(request) ?? Infinity) : undefined,
      stalled: new Set(),
      left: kind === "request" ? hits(request) : undefined,
      hit: 0,
      waiting: true,
      timer: undefined,
      undo: undefined,
    };
    this.#entries.set(entry.id, entry);
    const afterMs = numberOf(request, "afterMs", 0);
    if (afterMs > 0) {
      entry.timer = this.#parts.clock.setTimer(afterMs, () => this.#begin(entry));
      return toActive(entry);
    }
    const shown = toActive({ ...entry, waiting: false });
    this.#begin(entry);
    return kind === "socket" ? { ...shown, hit: entry.hit } : shown;
  }

  /** Faults that wait or act. */
  active(): readonly ActiveFault[] {
    return Array.from(this.#entries.values(), toActive).filter(({ left = 1 }) => left > 0);
  }

  /** Ends all faults, or those of these ids. */
  clear(ids?: readonly number[]): void {
    for (const entry of this.#entries.values()) if (ids?.includes(entry.id) ?? true) this.#finish(entry);
  }

  /** What stands at a door for the next request; uses up one hit. */
  at(door: FaultDoor, request: ApiRequest): RequestFault | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.waiting || entry.kind !== "request" || !standsAt(entry, door, request)) continue;
      entry.hit += 1;
      if (entry.left !== undefined) {
        entry.left -= 1;
        if (entry.left <= 0) this.#finish(entry);
      }
      return entry;
    }
    return undefined;
  }

  /** To be called for each socket that opens. */
  socketOpened(socket: ProviderSocket): void {
    for (const entry of this.#entries.values()) {
      if (!entry.waiting && entry.request["forMs"] !== undefined && entry.kind === "socket") this.#actOn(entry, socket);
    }
  }

  #begin(entry: Entry): void {
    entry.waiting = false;
    const { forMs } = entry.request;
    if (forMs !== undefined) entry.timer = this.#parts.clock.setTimer(Number(forMs), () => this.#finish(entry));
    if (entry.frameFault !== undefined) this.#parts.frames.arm(entry.frameFault);
    if (entry.kind === "centre") entry.undo = this.#parts.actOnCentre(entry.name, entry.request);
    if (entry.name === "foreign-channels" && forMs === undefined) this.#entries.delete(entry.id);
    if (entry.kind !== "socket") return;
    for (const socket of Array.from(this.#parts.sockets())) {
      if (entry.hit < numberOf(entry.request, "count", Infinity)) this.#actOn(entry, socket);
    }
    if (forMs === undefined && entry.name !== "stall") this.#finish(entry);
  }

  #actOn(entry: Entry, socket: ProviderSocket): void {
    const wanted = entry.request["socket"];
    if (!socket.isOpen || (wanted !== undefined && wanted !== socket.name)) return;
    entry.hit += 1;
    if (entry.name === "stall") entry.stalled.add(socket);
    this.#parts.act(socket, entry.name, entry.request);
  }

  #finish(entry: Entry): void {
    if (!this.#entries.delete(entry.id)) return;
    entry.timer?.cancel();
    entry.undo?.();
    if (entry.frameFault !== undefined) this.#parts.frames.disarm(entry.frameFault);
    for (const socket of entry.stalled) if (!this.#isStalled(socket)) socket.stall(undefined);
  }

  #isStalled(socket: ProviderSocket): boolean {
    return Array.from(this.#entries.values()).some(({ stalled }) => stalled.has(socket));
  }
}

/** Requests or frames that a fault hits; `undefined` when only time ends it. */
function hits({ count, forMs }: FaultRequest): number | undefined {
  if (count !== undefined) return Number(count);
  return forMs === undefined ? 1 : undefined;
}

function standsAt(entry: Entry, door: FaultDoor, request: ApiRequest): boolean {
  const { on } = entry.request;
  if (textOf(entry.request, "method", request.method).toUpperCase() !== request.method) return false;
  if (!entry.isPath(request.path) || MAKES_SENSE[entry.name]?.(door, request) === false) return false;
  if (on === undefined || on === "all") return true;
  return Array.isArray(on) ? on.includes(door) : on === door;
}

/** The requests that a fault can do something to, where those are not all. */
const MAKES_SENSE: Partial<Record<FaultName, (door: FaultDoor, request: ApiRequest) => boolean>> = {
  "odd-token": (door) => door === "token",
  "odd-channel": (_door, { method, path }) => method === "POST" && path === "/api/v2/notifications/channels",
  "odd-answer": (door, { method }) => door === "rest" && method !== "HEAD",
  "moving-pages": (_door, request) => wantedPage(request) > 1,
  "reject-topics": (_door, { method, path }) => /^(?:POST|PUT)$/.test(method) && path.endsWith("/subscriptions"),
};

function toActive(entry: Entry): ActiveFault {
  const left = entry.frameFault === undefined ? entry.left : entry.frameFault.left;
  return {
    id: entry.id,
    fault: entry.name,
    request: entry.request,
    waiting: entry.waiting,
    ...(left !== undefined && Number.isFinite(left) && { left }),
    ...(entry.kind === "request" && { hit: entry.hit }),
  };
}
