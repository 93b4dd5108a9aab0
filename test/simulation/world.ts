/** Everything of one simulation: virtual time, the model world, and the life of the service in it. */
import type { Ringfirst } from "../../src/ringfirst.ts";
import { createRingfirst } from "../../src/ringfirst.ts";
import type { Store } from "../../src/ports/store.ts";
import { genesysSource } from "../../src/sources/genesys/index.ts";
import { sqliteStoreForTests } from "../../src/stores/sqlite/driver.ts";
import { type Chance, createChance } from "./chance.ts";
import { ModelDisk } from "./model/disk.ts";
import { ModelGapFiles } from "./model/gap-files.ts";
import { Network } from "./model/network.ts";
import { type Habits, Platform } from "./model/platform.ts";
import { Receivers } from "./model/receivers.ts";
import { type Account, Rest } from "./model/rest.ts";
import { Traffic } from "./model/traffic.ts";
import { watchedStore } from "./model/watched-store.ts";
import { createWeather, type Weather } from "./model/weather.ts";
import { EPOCH, SimProcess } from "./sim-process.ts";
import { Timeline } from "./timeline.ts";
import { createTruth, type Life, type Truth } from "./truth.ts";

/** Sinks of the service. */
export const SINKS = ["popup", "crm"] as const;
const DOWN_MS = 60_000;
/** Sockets may still be closing when the service has closed. */
const LINGER_MS = 3_000;

/** Moments at which a process may be made to end. */
export type Moment = "hand-over" | "effect" | "admission";

/** The world (see the top of this file). */
export class World {
  readonly timeline: Timeline;
  readonly truth: Truth = createTruth();
  readonly weather: Weather = createWeather();
  readonly account: Account;
  readonly platform: Platform;
  readonly network: Network;
  readonly disk: ModelDisk;
  readonly gapFiles: ModelGapFiles;
  readonly receivers: Receivers;
  readonly traffic: Traffic;
  readonly #chance: Chance;
  readonly #sync: "full" | "process";
  service: Ringfirst | undefined;
  /** The service's. */
  store: Store | undefined;
  process: SimProcess;
  /** What happens at the next such moment. */
  trap: { readonly moment: Moment; readonly spring: () => void } | undefined;

  constructor(seed: number) {
    const chance = createChance(seed);
    this.#chance = chance.fork("world");
    const { timeline, truth } = { timeline: new Timeline(chance.fork("ties")), truth: this.truth };
    this.timeline = timeline;
    this.account = createAccount(chance.fork("account"));
    truth.channelsNeeded = Math.ceil((this.account.users.length + this.account.queues.length) / 1_000);
    this.platform = new Platform(timeline, truth, chance.fork("platform"), createHabits(chance.fork("habits")));
    const rest = new Rest(this.platform, this.account, timeline, truth, chance.fork("answers"));
    this.network = new Network(timeline, chance.fork("network"), this.platform, rest, this.weather, truth);
    this.disk = new ModelDisk(timeline, chance.fork("disk"));
    this.gapFiles = new ModelGapFiles(timeline, chance.fork("gap files"), this.disk.weather);
    this.receivers = new Receivers(timeline, chance.fork("receivers"), truth);
    this.receivers.moment = (moment) => this.#moment(moment);
    this.traffic = new Traffic(timeline, chance.fork("traffic"), this.platform, this.account);
    this.#sync = this.#chance.hits(0.7) ? "full" : "process";
    this.process = this.#begin();
  }

  /** Whether what was flushed survives a loss of power. */
  get flushes(): boolean {
    return this.#sync === "full";
  }

  get life(): Life {
    return this.truth.lives.at(-1)!;
  }

  /** The process ends without a word; another one starts after a while. */
  crash(how: "crash" | "power", downMs: number): void {
    if (!this.process.alive) return;
    this.timeline.trace(how);
    this.#ends(how);
    this.#leave();
    for (const kept of [this.disk, this.gapFiles]) {
      if (how === "power" && this.flushes) kept.losePower();
      else kept.survive();
    }
    this.timeline.after(downMs, () => this.#restart());
  }

  /** A clean stop and a new start. */
  stop(downMs: number): void {
    const { service, life, process } = this;
    if (service === undefined || life.end !== undefined) return;
    this.timeline.trace("stop");
    this.#ends("stop");
    const leave = (): void => {
      if (this.process !== process) return;
      // Stopped meanwhile as by SIGSTOP, it has not heard yet that its sockets are closed.
      if (process.isBehind) {
        this.timeline.after(LINGER_MS, leave);
        return;
      }
      this.#checkLeft(process);
      this.#leave();
      this.timeline.after(downMs, () => this.#restart());
    };
    void service.close().then(() => this.timeline.after(LINGER_MS, leave));
  }

  /** The last clean stop. Resolves when it is done. */
  async finish(): Promise<void> {
    const { service, process } = this;
    if (service === undefined) {
      this.truth.findings.push("liveness: the service does not run at the end");
      return;
    }
    const standing = this.platform.standing();
    this.#ends("stop");
    let closed = false;
    void service.close().then((report) => {
      closed = true;
      if (!report.clean) this.truth.findings.push(`P12 the last stop was not clean: ${JSON.stringify(report)}`);
    });
    await this.timeline.runUntil(this.timeline.now + DOWN_MS);
    if (!closed) this.truth.findings.push("P12 the last stop has no end");
    this.#checkLeft(process);
    const kept = standing.filter(({ topics }) => topics.size > 0).length;
    if (kept > 0) this.truth.findings.push(`P12 ${kept} channels kept their topics after a clean stop`);
  }

  /** A stop that crashes ended twice; it saw nothing from the first time on. */
  #ends(how: "crash" | "power" | "stop"): void {
    const { life, timeline } = this;
    const stop = this.truth.stops.at(-1);
    const stoppedFrom = this.process.isBehind && stop !== undefined ? stop.from : Infinity;
    const dead = this.network.wires.map(({ blindFrom }) => blindFrom);
    life.blindFrom ??= Math.min(timeline.now, stoppedFrom, ...dead);
    life.end = { at: timeline.now, how };
  }

  #checkLeft(process: SimProcess): void {
    const { timersLeft } = process;
    if (timersLeft.length > 0)
      this.truth.findings.push(`liveness: timers are left after a stop: ${timersLeft.join(", ")}`);
  }

  #leave(): void {
    this.process.kill();
    this.network.ended(this.process);
    this.service = undefined;
    this.store = undefined;
  }

  #restart(): void {
    if (this.process.alive) return;
    this.process = this.#begin();
  }

  #begin(): SimProcess {
    const process = new SimProcess(
      this.timeline,
      this.#chance.fork(`life ${this.truth.lives.length}`),
      this.truth.lives.length,
    );
    this.truth.lives.push({ startedAt: this.timeline.now, runningAt: undefined, end: undefined, blindFrom: undefined });
    this.timeline.trace(`life ${process.life}`);
    void this.#boot(process);
    return process;
  }

  async #boot(process: SimProcess): Promise<void> {
    const { clock } = process;
    const store = sqliteStoreForTests(
      { path: "model", sync: this.#sync, clock },
      {
        startThread: () => this.disk.startThread(process, this.#sync),
        gapFiles: this.gapFiles.filesFor(process),
      },
    );
    const opened = (store: Store): void => {
      if (process.alive) this.store = store;
    };
    const service = await createRingfirst({
      sources: [
        genesysSource({
          name: "main",
          region: "us-east-1",
          clientId: "client",
          clientSecret: "secret",
          topics: ["v2.users.{*}.presence", "v2.routing.queues.{*}.conversations"],
        }),
      ],
      sinks: [
        { sink: this.receivers.sink(SINKS[0], process), concurrency: 4, reserve: { critical: 1 } },
        { sink: this.receivers.sink(SINKS[1], process), concurrency: 2, retry: { maxAttempts: 6 } },
      ],
      rules: [
        { name: "newest presence", topics: ["v2.users.*.presence"], class: "high", coalesceKey: "topic" },
        { name: "brief", when: "has(body.brief) && body.brief == true", class: "standard", ttlMs: 5_000 },
        { use: "defaults" },
      ],
      store: watchedStore(store, process, this.timeline, this.truth, opened, () => this.#moment("admission")),
      clock,
      net: this.network.netFor(process),
    });
    if (this.process !== process || !process.alive) return;
    this.#traceGaps(service);
    this.service = service;
    service.start();
    this.truth.lives[process.life]!.runningAt = this.timeline.now;
  }

  #traceGaps(service: Ringfirst): void {
    const { timeline } = this;
    service.on("gapOpened", ({ n, cause, from }) => timeline.trace(`gap ${n} from ${from - EPOCH}: ${cause}`));
    service.on("gapEnded", ({ n }) => timeline.trace(`gap ${n} over`));
    service.on("gapSettled", ({ n, state }) => timeline.trace(`gap ${n} is ${state}`));
  }

  #moment(moment: Moment): void {
    const { trap } = this;
    if (trap?.moment !== moment) return;
    this.trap = undefined;
    trap.spring();
  }
}

function createAccount(chance: Chance): Account {
  const many = chance.hits(0.04);
  const users = Array.from({ length: many ? 1_030 : 12 }, (_, place) => `user-${place + 1000}`);
  const queues = Array.from({ length: 3 }, (_, place) => `queue-${place + 1000}`);
  return { users, queues };
}

function createHabits(chance: Chance): Habits {
  return {
    tokenLifeS: chance.pick([1_800, 7_200, 86_400]),
    channelLifeMs: chance.pick([3_600_000, 4 * 3_600_000, 24 * 3_600_000]),
    replacedCode: chance.pick([1000, 1001, 1006, 4000]),
    endedCode: chance.pick([1000, 1001, 1006, 1008, 4001]),
    unknownStatus: chance.pick([401, 403, 404]),
    tellsRateLimit: chance.hits(0.5),
    staleMs: chance.pick([0, 0, 1_000, 4_000]),
    searchLagMs: chance.pick([0, 20_000, 60_000]),
  };
}
