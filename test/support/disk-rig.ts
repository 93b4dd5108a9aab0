/** A store on a disk that fails where a test says, in a folder of its own, with a clock that moves only in here. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store, StoreConfig } from "../../src/ports/store.ts";
import { sqliteStoreForTests } from "../../src/stores/sqlite/driver.ts";
import type { DiskThread } from "../../src/stores/sqlite/disk-thread.ts";
import type { DiskSettings } from "../../src/stores/sqlite/messages.ts";
import type { SqliteStore } from "../../src/stores/sqlite/store.ts";
import { BASE_CONFIG } from "../../src/testing/conformance-kit.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { copyStore, cutEnd, ENDS, errorOf, type FaultKind, GONE, NOTICES } from "./disk-faults.ts";
import { inlineDisk } from "./near-disk.ts";
import { createLogSpy, type LogSpy } from "./log-spy.ts";

/** Faults of `kind` at the acts `first` to `first + count - 1`, counted from 1. */
export interface FaultPlan {
  readonly kind: FaultKind;
  readonly first: number;
  readonly count: number;
}

/** A promise that has not settled after so long never will; flushes are real, and the machine may be busy. */
const MAX_MS = 15_000;
/** The clock moves so far each turn: trouble is looked at again every 250 ms. */
const TURN_MS = 25;

/** A folder in memory where there is one: flushes cost nothing there, and no test here is about the platter. */
export function scratchFolder(): string {
  return mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "ringfirst-disk-"));
}

/** See the top of this file. */
export class DiskRig {
  readonly clock: FakeClock = createFakeClock();
  readonly log: LogSpy = createLogSpy();
  readonly folder: string = scratchFolder();
  readonly config: StoreConfig;
  /** Acts of the disk until now. */
  acts = 0;
  /** Their names, in order. */
  readonly names: string[] = [];
  /** The process of the store has ended. */
  gone = false;
  path: string;
  #plan: FaultPlan | undefined;
  #lives = 0;
  #healed = false;

  constructor(plan?: FaultPlan, config: StoreConfig = BASE_CONFIG) {
    this.#plan = plan;
    this.config = config;
    this.path = join(this.folder, "queue.db");
  }

  /** Whether the plan's first act has come. */
  get struck(): boolean {
    return this.#plan !== undefined && this.acts >= this.#plan.first;
  }

  /** From now on nothing fails. */
  heal(): void {
    this.#healed = true;
  }

  /** From now on this fails too. */
  plan(kind: FaultKind, count = 1): void {
    this.#plan = { kind, first: this.acts + 1, count };
    this.#healed = false;
  }

  async open(): Promise<Store> {
    if (this.gone) this.#moveOn();
    const { path } = this;
    const driver = sqliteStoreForTests(
      { path, clock: this.clock, logger: this.log },
      { ballastBytes: 65_536, startThread: (settings) => this.#startThread(settings) },
    );
    return await this.turn(driver.open(this.config, this.clock.now()));
  }

  #startThread(settings: DiskSettings): DiskThread {
    const life = this.#lives;
    return inlineDisk(settings, {
      probe: (act) => this.#act(life, settings.path, act),
      gone: () => this.gone || life !== this.#lives,
    });
  }

  /** Lets time pass until a promise has settled. */
  async turn<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false };
    const over = (): void => {
      state.settled = true;
    };
    promise.then(over, over);
    const startedAt = performance.now();
    while (!state.settled) {
      if (performance.now() - startedAt > MAX_MS) {
        throw new Error(`nothing comes any more after act ${this.acts} (${this.names.at(-1)})`);
      }
      if (this.gone) throw new Error(GONE);
      await this.clock.advance(TURN_MS);
      await new Promise(setImmediate);
    }
    return await promise;
  }

  /** Lets go of a store whose process has ended. */
  async bury(store: Store): Promise<void> {
    await (store as SqliteStore).kill();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #act(life: number, path: string, act: string): void {
    if (this.gone || life !== this.#lives) {
      // What is gone acts no more; a flush that was under way may end.
      if (!NOTICES.includes(act)) throw errorOf("kill");
      return;
    }
    this.acts += 1;
    this.names.push(act);
    if (this.#plan?.kind === "power-loss") this.#image(path, act);
    const plan = this.#plan;
    if (plan === undefined || this.#healed || this.acts < plan.first || this.acts >= plan.first + plan.count) return;
    if (ENDS.includes(plan.kind)) {
      this.gone = true;
      if (plan.kind === "kill") copyStore(path, `${path}-left`);
    } else if (plan.kind === "short-write" && (act === "after-commit" || act === "before-sync")) {
      cutEnd(`${path}-wal`, 100);
    }
    if (!NOTICES.includes(act)) throw errorOf(plan.kind);
  }

  /** What a loss of power leaves: what was there when the last flush that was done began. */
  #image(path: string, act: string): void {
    if (act === "before-sync") copyStore(path, `${path}-flushing`);
    else if (act === "after-sync") copyStore(`${path}-flushing`, `${path}-left`);
  }

  /** The next life is on a copy of what the last one left: its files are still open here. */
  #moveOn(): void {
    const left = `${this.path}-left`;
    this.#lives += 1;
    this.path = join(this.folder, `queue-${this.#lives}.db`);
    copyStore(left, this.path);
    this.gone = false;
  }
}
