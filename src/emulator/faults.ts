/**
 * Faults on command: which there are, which are active, and for how long.
 *
 * F1. A fault waits `afterMs`, then acts. Request and frame faults act on the next `count` requests or frames, or for `forMs`; with neither,
 *     once. Socket faults act at once on up to `count` open sockets (all when not given), and with `forMs` on each socket that opens meanwhile.
 * F2. Clearing ends what is active and what waits; stalled sockets go on. What was already done (a closed socket) stays done.
 */
import { RingfirstError } from "../errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { FrameFault, FrameFaultName, FrameFaults } from "./frame-faults.ts";
import type { ProviderSocket } from "./sockets.ts";
import { isCloseCode } from "./sockets.ts";

/** Doors at which a request fault can stand. */
export type FaultDoor = "token" | "rest" | "upgrade";

/** Every fault with its parameters, as `GET /_emulator/faults` lists them. */
export const FAULTS = {
  close: { code: "close code, default 1011; 1005: none; 1006: no close frame", reason: "text" },
  drop: {},
  stall: { heartbeats: "true: heartbeats go on, events don't" },
  malformed: { kind: "truncated (default) | text | binary | unknown-fields" },
  socket_closing: { graceMs: "time until the socket is closed, default 60000; -1: never" },
  token_revoked: {},
  no_longer_subscribed: {},
  channel_gone: {},
  unauthorized: { on: "token | rest | upgrade | all (default)" },
  forbidden: { on: "token | rest | upgrade | all (default)" },
  "rate-limit": { on: "token | rest | upgrade | all (default)", retryAfterS: "seconds, default 5; 0: no header" },
  "server-error": {
    on: "token | rest | upgrade | all (default)",
    status: "200 to 599, default 503",
    html: "true: an HTML page",
    location: "header, for a redirect",
  },
  "odd-token": { expiresIn: "what the next tokens say in expires_in; missing when not given" },
  hang: { on: "token | rest | upgrade | all (default)" },
  gap: {},
  duplicate: {},
  reorder: {},
  delay: { delayMs: "default 1000" },
} as const;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** A fault that is wanted; further members are the parameters listed in {@link FAULTS}. */
export interface FaultRequest {
  readonly fault: string;
  readonly count?: number;
  readonly forMs?: number;
  readonly afterMs?: number;
  /** Only this socket, by its name in the ledger. */
  readonly socket?: string;
  readonly [parameter: string]: unknown;
}

/** A fault that waits or acts. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: FaultName;
  readonly request: FaultRequest;
  /** Requests or frames it still hits; absent when time alone ends it. */
  readonly left?: number;
  readonly waiting: boolean;
}

/** What a request fault does at a door. */
export interface DoorFault {
  readonly fault: "unauthorized" | "forbidden" | "rate-limit" | "server-error" | "hang" | "odd-token";
  readonly status: number;
  readonly retryAfterS: number;
  readonly html: boolean;
  readonly location: string | undefined;
  readonly expiresIn: unknown;
}

/** Does to one socket what a socket fault says. */
export type SocketFaultAction = (socket: ProviderSocket, name: FaultName, request: FaultRequest) => void;

interface Entry {
  readonly id: number;
  readonly name: FaultName;
  readonly request: FaultRequest;
  readonly frameFault: FrameFault | undefined;
  left: number | undefined;
  waiting: boolean;
  timer: Timer | undefined;
}

/** A close frame has no room for more. */
const MAX_REASON_BYTES = 123;
const DOOR_FAULTS: ReadonlySet<string> = new Set([
  "unauthorized",
  "forbidden",
  "rate-limit",
  "server-error",
  "hang",
  "odd-token",
]);
const FRAME_FAULTS: ReadonlySet<string> = new Set(["gap", "duplicate", "reorder", "delay"]);

/** The faults of one emulator. */
export class Faults {
  readonly #clock: Clock;
  readonly #frames: FrameFaults;
  readonly #sockets: () => Iterable<ProviderSocket>;
  readonly #act: SocketFaultAction;
  readonly #entries = new Map<number, Entry>();
  #ids = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly frames: FrameFaults;
    readonly sockets: () => Iterable<ProviderSocket>;
    readonly act: SocketFaultAction;
  }) {
    this.#clock = parts.clock;
    this.#frames = parts.frames;
    this.#sockets = parts.sockets;
    this.#act = parts.act;
  }

  /**
   * Starts a fault.
   *
   * @throws RingfirstError `RF_OPTION_INVALID` for an unknown fault or a number out of bounds.
   */
  inject(request: FaultRequest): ActiveFault {
    const name = faultName(request.fault);
    for (const spent of this.#entries.values()) if (spent.frameFault?.left === 0) this.#finish(spent);
    checkParameters(request);
    const entry: Entry = {
      id: (this.#ids += 1),
      name,
      request,
      frameFault: FRAME_FAULTS.has(name)
        ? { name: name as FrameFaultName, delayMs: numberOf(request["delayMs"], 1000), left: hits(request) ?? Infinity }
        : undefined,
      left: DOOR_FAULTS.has(name) ? hits(request) : undefined,
      waiting: true,
      timer: undefined,
    };
    this.#entries.set(entry.id, entry);
    const shown = toActive(entry);
    if (request.afterMs !== undefined && request.afterMs > 0) {
      entry.timer = this.#clock.setTimer(request.afterMs, () => this.#begin(entry));
      return shown;
    }
    this.#begin(entry);
    return { ...shown, waiting: false };
  }

  /** Faults that wait or act. */
  active(): readonly ActiveFault[] {
    return Array.from(this.#entries.values(), toActive).filter((fault) => fault.left !== 0);
  }

  /** Ends all faults. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#finish(entry);
  }

  /** What stands at a door for the next request; uses up one hit. */
  at(door: FaultDoor): DoorFault | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.waiting || !DOOR_FAULTS.has(entry.name) || !standsAt(entry, door)) continue;
      if (entry.left !== undefined) {
        entry.left -= 1;
        if (entry.left <= 0) this.#finish(entry);
      }
      return toDoorFault(entry);
    }
    return undefined;
  }

  /** To be called for each socket that opens. */
  socketOpened(socket: ProviderSocket): void {
    for (const entry of this.#entries.values()) {
      if (!entry.waiting && entry.request.forMs !== undefined && isSocketFault(entry.name)) this.#actOn(entry, socket);
    }
  }

  #begin(entry: Entry): void {
    entry.waiting = false;
    const { forMs, count = Infinity } = entry.request;
    if (forMs !== undefined) entry.timer = this.#clock.setTimer(forMs, () => this.#finish(entry));
    if (entry.frameFault !== undefined) this.#frames.arm(entry.frameFault);
    if (!isSocketFault(entry.name)) return;
    let left = count;
    for (const socket of this.#sockets()) {
      if (left > 0 && this.#actOn(entry, socket)) left -= 1;
    }
    if (forMs === undefined && entry.name !== "stall") this.#finish(entry);
  }

  #actOn(entry: Entry, socket: ProviderSocket): boolean {
    const wanted = entry.request.socket;
    if (!socket.isOpen || (wanted !== undefined && wanted !== socket.name)) return false;
    this.#act(socket, entry.name, entry.request);
    return true;
  }

  #finish(entry: Entry): void {
    entry.timer?.cancel();
    this.#entries.delete(entry.id);
    if (entry.frameFault !== undefined) this.#frames.disarm(entry.frameFault);
    if (entry.name === "stall") for (const socket of this.#sockets()) socket.stall(undefined);
  }
}

function isSocketFault(name: FaultName): boolean {
  return !DOOR_FAULTS.has(name) && !FRAME_FAULTS.has(name);
}

/** Names are read without case, `-` and `_` alike. */
function faultName(given: unknown): FaultName {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, "");
  const found = Object.keys(FAULTS).find((name) => plain(name) === plain(String(given)));
  if (found !== undefined) return found as FaultName;
  throw new RingfirstError(
    "RF_OPTION_INVALID",
    `fault must be one of ${Object.keys(FAULTS).join(", ")}; got ${String(given)}`,
  );
}

/** What is wrong is told now: once the fault acts, nobody is there to hear it. */
function checkParameters(request: FaultRequest): void {
  const refuse = (name: string, rule: string): never => {
    const got = JSON.stringify(request[name]);
    throw new RingfirstError("RF_OPTION_INVALID", `${name} must be ${rule}, got ${got}`);
  };
  for (const name of ["count", "forMs", "afterMs", "delayMs", "retryAfterS"]) {
    const value = request[name];
    const isWell = typeof value === "number" && Number.isFinite(value) && value >= 0;
    if (value !== undefined && !isWell) refuse(name, "a number of at least 0");
  }
  const { code, reason, status } = request;
  if (code !== undefined && !isCloseCode(code)) refuse("code", "a close code (1000 to 1014 or 3000 to 4999)");
  if (reason !== undefined && (typeof reason !== "string" || Buffer.byteLength(reason) > MAX_REASON_BYTES)) {
    refuse("reason", `a text of at most ${MAX_REASON_BYTES} bytes`);
  }
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  if (status !== undefined && !isStatus) refuse("status", "a whole number from 200 to 599");
}

/** Requests or frames that a fault hits; `undefined` when only time ends it. */
function hits(request: FaultRequest): number | undefined {
  return request.count ?? (request.forMs === undefined ? 1 : undefined);
}

function numberOf(value: unknown, fallback: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}

function standsAt({ name, request: { on } }: Entry, door: FaultDoor): boolean {
  if (name === "odd-token") return door === "token";
  if (on === undefined || on === "all" || on === door) return true;
  return Array.isArray(on) && on.includes(door);
}

function toDoorFault({ name, request }: Entry): DoorFault {
  const status = {
    unauthorized: 401,
    forbidden: 403,
    "rate-limit": 429,
    "server-error": numberOf(request["status"], 503),
  };
  const { location, expiresIn } = request;
  return {
    fault: name as DoorFault["fault"],
    status: status[name as keyof typeof status] ?? 0,
    retryAfterS: numberOf(request["retryAfterS"], 5),
    html: request["html"] === true,
    location: typeof location === "string" ? location : undefined,
    expiresIn,
  };
}

function toActive(entry: Entry): ActiveFault {
  const left = entry.frameFault === undefined ? entry.left : entry.frameFault.left;
  return {
    id: entry.id,
    fault: entry.name,
    request: entry.request,
    waiting: entry.waiting,
    ...(left !== undefined && Number.isFinite(left) && { left }),
  };
}
