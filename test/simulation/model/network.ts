/**
 * The network between a process and the model platform: ways that take time, break, and lose what is on them.
 *
 * - T1  What is sent on a connection arrives in order, or not at all (TCP).
 * - T2  A connection that is cut loses what is on its way. A half-open one carries nothing any more, and nobody is told.
 */
import type {
  HttpFailure,
  HttpRequest,
  HttpResponse,
  Net,
  Socket,
  SocketEnd,
  SocketListener,
  SocketRequest,
} from "../../../src/ports/net.ts";
import type { Chance } from "../chance.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Timeline } from "../timeline.ts";
import type { Truth } from "../truth.ts";
import type { Channel, Platform, PlatformSocket } from "./platform.ts";
import { type Answer, json, problem, type Rest } from "./rest.ts";
import type { HostWeather, Weather } from "./weather.ts";

/** Each way of a request or a frame. */
const WAY_MS = 80;
/** Slow frames are no slower. */
const LONGEST_DELAY_MS = 5_000;
/** A socket that says nothing for so long is noticed by that. */
const NOTICED_MS = 34_000;
/** A closing handshake takes no longer. */
const CLOSING_MS = 2_000;
const encoder = new TextEncoder();
const MARK = /"mark":(\d+)/u;

/** All connections (see the top of this file). */
export class Network {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #platform: Platform;
  readonly #rest: Rest;
  readonly #weather: Weather;
  readonly #truth: Truth;
  readonly #wires = new Map<number, Wire>();
  #numbers = 0;

  constructor(timeline: Timeline, chance: Chance, platform: Platform, rest: Rest, weather: Weather, truth: Truth) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#platform = platform;
    this.#rest = rest;
    this.#weather = weather;
    this.#truth = truth;
  }

  /** The network as a process sees it. */
  netFor(process: SimProcess): Net {
    return {
      request: (request) => this.#request(process, request),
      openSocket: (request, listener) => this.#openSocket(process, request, listener),
    };
  }

  /** Connections that stand. */
  get wires(): readonly Wire[] {
    return [...this.#wires.values()].filter((wire) => wire.stands);
  }

  /** A process has ended: its connections end with it, and the platform hears of it. */
  ended(process: SimProcess): void {
    for (const wire of this.#wires.values()) if (wire.process === process) wire.gone(this.#way());
  }

  /** A frame's way; some connections are slower than others. */
  way(slowness = 1): number {
    return this.#way(this.#weather.frameDelayMs * slowness);
  }

  drawSlowness(): number {
    return this.#chance.pick([0.1, 1]);
  }

  // Requests --------------------------------------------------------------------------------------------------------

  #request(process: SimProcess, request: HttpRequest): Promise<HttpResponse | HttpFailure> {
    const isLogin = new URL(request.url).hostname.startsWith("login.");
    const weather = isLogin ? this.#weather.login : this.#weather.api;
    const path = new URL(request.url).pathname.replace(/streaming-[^/]*/u, "{id}");
    const kind = isLogin ? "token" : kindOf(request.method, path, request.url);
    this.#truth.calls.push({ at: this.#timeline.now, kind, what: `${request.method} ${path}` });
    this.#timeline.trace(`request ${request.method} ${path}`);
    return new Promise((resolve) => {
      let over = false;
      const sentAt = this.#timeline.now;
      const end = (at: number, outcome: HttpResponse | HttpFailure): void => {
        process.enter(at, () => {
          if (over) return;
          over = true;
          limit.cancelled = true;
          resolve(outcome);
        });
      };
      const limit = process.enter(sentAt + request.timeoutMs, () => {
        over = true;
        resolve({ ok: false, reason: "timeout", message: "no answer in time" });
      });
      if (weather.refuses) {
        end(sentAt + this.#way(), { ok: false, reason: "refused", message: "connection refused" });
        return;
      }
      if (weather.loses === "request") return;
      const losesAnswer = weather.loses === "answer";
      this.#timeline.after(
        this.#way(weather.slowMs),
        () => {
          const [answer, done] = this.#carryOut(isLogin, weather, request);
          const at = this.#timeline.now + this.#way(weather.slowMs);
          this.#timeline.at(at, done, true);
          if (!losesAnswer) end(at, toResponse(answer));
        },
        true,
      );
    });
  }

  #carryOut(isLogin: boolean, weather: HostWeather, request: HttpRequest): [answer: Answer, done: () => void] {
    const { status } = weather;
    if (status !== undefined) {
      const wait = weather.retryAfterS === undefined ? {} : { "retry-after": String(weather.retryAfterS) };
      return [isLogin ? json(status, { error: "model" }, wait) : problem(status, "model", wait), () => undefined];
    }
    if (isLogin) return [this.#rest.login(), () => undefined];
    const answer = this.#rest.api(request);
    const { channel } = answer;
    if (channel === undefined) return [answer, () => undefined];
    channel.writers += 1;
    if (channel.writers > 1) this.#truth.findings.push(`P11 two writers of one list at ${this.#timeline.now}`);
    const done = (): void => {
      channel.writers -= 1;
    };
    return [answer, done];
  }

  // Sockets ---------------------------------------------------------------------------------------------------------

  #openSocket(process: SimProcess, request: SocketRequest, listener: SocketListener): Socket {
    this.#numbers += 1;
    const wire = new Wire(this.#numbers, request.url, process, listener, this.#timeline, this, this.#truth);
    this.#wires.set(wire.id, wire);
    this.#truth.calls.push({ at: this.#timeline.now, kind: "socket", what: request.url });
    this.#timeline.trace(`socket ${wire.id} opens`);
    const { upgrade } = this.#weather;
    wire.limit(request.handshakeTimeoutMs);
    if (upgrade.refuses) {
      wire.fail(this.#timeline.now + this.#way(), { kind: "failed", reason: "refused", message: "connection refused" });
    } else if (upgrade.loses === undefined) {
      this.#timeline.after(this.#way(upgrade.slowMs), () => this.#upgrade(wire, request.url), true);
    }
    return wire;
  }

  #upgrade(wire: Wire, url: string): void {
    if (wire.over) return;
    const at = this.#timeline.now + this.#way(this.#weather.upgrade.slowMs);
    const { status, retryAfterS } = this.#weather.upgrade;
    const channel = this.#platform.channels.get(url.slice(url.lastIndexOf("/") + 1));
    const refusal = status ?? (channel === undefined ? this.#platform.habits.unknownStatus : undefined);
    if (refusal !== undefined || channel === undefined) {
      const headers: Record<string, string> = retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) };
      wire.fail(at, { kind: "refused", status: refusal ?? 404, headers, body: "" });
      return;
    }
    wire.open(at);
    this.#platform.attach(channel, wire.far);
  }

  heard(wire: Wire, text: string): void {
    this.#platform.heard(wire.id, text);
  }

  detached(wire: Wire): void {
    this.#wires.delete(wire.id);
    this.#platform.detached(wire.id);
  }

  /** A foreign socket on a channel of ours. */
  intrude(channel: Channel): PlatformSocket {
    this.#numbers += 1;
    const socket: PlatformSocket = { id: this.#numbers, ours: false, send: () => undefined, end: () => undefined };
    this.#platform.attach(channel, socket);
    return socket;
  }

  #way(moreMs = 0): number {
    return this.#chance.between(0.1, 1) * WAY_MS + this.#chance.next() * moreMs;
  }
}

/** One connection of ours. */
export class Wire implements Socket {
  readonly id: number;
  readonly url: string;
  readonly process: SimProcess;
  /** The platform's end. */
  readonly far: PlatformSocket;
  readonly #listener: SocketListener;
  readonly #timeline: Timeline;
  readonly #network: Network;
  readonly #truth: Truth;
  readonly #slowness: number;
  #state: "opening" | "open" | "closing" | "over" = "opening";
  #arrivesAt = 0;
  #cameAt = 0;
  #heldSince: number | undefined;
  #leavesAt = 0;
  #deaf = false;
  #paused = false;
  #pausedAt = 0;
  readonly #held: string[] = [];
  #end: SocketEnd | undefined;

  constructor(
    id: number,
    url: string,
    process: SimProcess,
    listener: SocketListener,
    timeline: Timeline,
    network: Network,
    truth: Truth,
  ) {
    this.id = id;
    this.url = url;
    this.process = process;
    this.#listener = listener;
    this.#timeline = timeline;
    this.#network = network;
    this.#truth = truth;
    this.#slowness = network.drawSlowness();
    this.far = {
      id,
      ours: true,
      send: (text) => this.#toUs(() => this.#message(text)),
      end: (code, reason) => {
        if (code === 1006) this.cut();
        else this.#toUs(() => this.#closed({ kind: "closed", code, reason }));
      },
    };
  }

  get over(): boolean {
    return this.#state === "over";
  }

  get stands(): boolean {
    return this.#state === "open";
  }

  /** T2. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Where nothing comes through any more: since when. */
  get blindFrom(): number {
    return this.#deaf ? this.#cameAt : (this.#heldSince ?? Infinity);
  }

  get paused(): boolean {
    return this.#paused;
  }

  limit(ms: number): void {
    this.process.enter(this.#timeline.now + ms, () => {
      if (this.#state === "opening") {
        this.#closed({ kind: "failed", reason: "timeout", message: "no answer to the upgrade in time" });
      }
    });
  }

  fail(at: number, end: SocketEnd): void {
    this.process.enter(at, () => this.#closed(end));
  }

  open(at: number): void {
    this.#arrivesAt = at;
    this.process.enter(at, () => {
      if (this.#state !== "opening") return;
      this.#state = "open";
      this.#cameAt = this.#timeline.now;
      this.#listener.opened();
    });
  }

  /** Bytes stop in both directions. */
  deafen(): void {
    this.#deaf = true;
  }

  /** The connection breaks: what is on its way is lost. */
  cut(): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.process.enter(this.#timeline.now + this.#network.way(), () => {
      this.#closed({ kind: "closed", code: 1006, reason: "" });
    });
  }

  /** Our process has gone. */
  gone(wayMs: number): void {
    this.#state = "over";
    this.#timeline.after(wayMs, () => this.#network.detached(this), true);
  }

  send(text: string): void {
    if (this.#state === "open") this.#toThem(() => this.#network.heard(this, text));
  }

  ping(): void {}

  pause(): void {
    if (!this.#paused) this.#pausedAt = this.#timeline.now;
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#truth.holds.push({ from: this.#pausedAt, to: this.#timeline.now });
    this.process.enter(this.#timeline.now, () => this.#readOn());
  }

  close(): void {
    if (this.#state === "over" || this.#state === "closing") return;
    const silentMs = this.#timeline.now - this.#cameAt;
    if (this.#deaf && this.#state === "open" && silentMs < NOTICED_MS) {
      this.#truth.leftDead.push({ from: this.#cameAt, to: this.#timeline.now });
    }
    const behindMs = this.#arrivesAt - this.#timeline.now;
    if (!this.#deaf && this.#state === "open" && behindMs > 1.1 * WAY_MS) {
      this.#truth.leftDead.push({ from: this.#timeline.now - LONGEST_DELAY_MS, to: this.#timeline.now });
    }
    this.#state = "closing";
    this.#toThem(() => this.#network.detached(this));
    const answerMs = this.#deaf ? CLOSING_MS : Math.min(CLOSING_MS, 2 * this.#network.way());
    this.process.enter(this.#timeline.now + answerMs, () => {
      this.#closed({ kind: "closed", code: 1000, reason: "" });
    });
  }

  terminate(): void {
    if (this.#state === "over") return;
    this.#state = "closing";
    // A cut that nobody hears of: the platform finds out by itself.
    const waitMs = this.#deaf ? 60_000 : this.#network.way();
    this.#timeline.after(waitMs, () => this.#network.detached(this), true);
    this.process.enter(this.#timeline.now, () => this.#closed({ kind: "closed", code: 1006, reason: "" }));
  }

  /** T1. */
  #toUs(arrive: () => void): void {
    if (this.#deaf) return;
    const wayMs = this.#network.way(this.#slowness);
    this.#arrivesAt = Math.max(this.#arrivesAt + 0.001, this.#timeline.now + wayMs);
    this.#truth.longestWayMs = Math.max(this.#truth.longestWayMs, this.#arrivesAt - this.#timeline.now);
    this.process.enter(this.#arrivesAt, () => {
      if (this.#deaf) return;
      this.#cameAt = this.#timeline.now;
      arrive();
    });
  }

  #toThem(arrive: () => void): void {
    this.#leavesAt = Math.max(this.#leavesAt + 0.001, this.#timeline.now + this.#network.way());
    this.#timeline.at(
      this.#leavesAt,
      () => {
        if (!this.#deaf) arrive();
      },
      true,
    );
  }

  #message(text: string): void {
    if (this.#state !== "open") return;
    if (this.#paused) {
      this.#heldSince ??= this.#timeline.now;
      this.#held.push(text);
      return;
    }
    const mark = MARK.exec(text)?.[1];
    if (mark !== undefined) this.#received(Number(mark));
    this.#listener.message(encoder.encode(text), false);
  }

  #received(mark: number): void {
    this.#timeline.trace(`socket ${this.id} receives ${mark}`);
    const receipt = { at: this.#timeline.now, life: this.process.life, socket: this.id };
    const before = this.#truth.receipts.get(mark);
    if (before === undefined) this.#truth.receipts.set(mark, [receipt]);
    else before.push(receipt);
  }

  #readOn(): void {
    while (!this.#paused && this.#held.length > 0) this.#message(this.#held.shift()!);
    if (this.#held.length === 0) this.#heldSince = undefined;
    if (!this.#paused && this.#end !== undefined) this.#closed(this.#end);
  }

  #closed(end: SocketEnd): void {
    if (this.#state === "over") return;
    // What was read before the end is given before it is told.
    if (this.#paused && this.#held.length > 0 && this.#state === "open") {
      this.#end = end;
      return;
    }
    this.#state = "over";
    this.#timeline.trace(`socket ${this.id} over`);
    this.#network.detached(this);
    this.#listener.closed(end);
  }
}

function kindOf(method: string, path: string, url: string): "create" | "state" | "api" {
  if (path.endsWith("/channels") && method === "POST") return "create";
  return path.includes("/conversations/") || url.includes("expand=") ? "state" : "api";
}

function toResponse({ status, headers, body }: Answer): HttpResponse {
  return { ok: true, status, headers, body: encoder.encode(body) };
}
