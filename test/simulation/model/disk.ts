/**
 * A disk with the store's disk thread on it. It outlives processes.
 *
 * - K1  A group is written whole, in order, some time after it was sent; durable some time after that.
 * - K2  The end of a process keeps what was written. A loss of power keeps what was durable, and of the rest any beginning.
 * - K3  Messages of a process that has ended are not handled any more.
 */
import type { DiskThread } from "../../../src/stores/sqlite/disk-thread.ts";
import type { FromDisk, Group, ToDisk, Trouble } from "../../../src/stores/sqlite/messages.ts";
import type { Chance } from "../chance.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Timeline } from "../timeline.ts";
import { DiskImage, ownGroup } from "./disk-image.ts";

/** How the disk does at the moment. */
export interface DiskWeather {
  /** Each step takes so many times as long. */
  slowness: number;
  trouble: Trouble["kind"] | undefined;
}

const READ_MS = 1;
const WRITE_MS = 2;
const FLUSH_MS = 6;

/** The disk of a simulation (see the top of this file). */
export class ModelDisk {
  readonly weather: DiskWeather = { slowness: 1, trouble: undefined };
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  #written = new DiskImage();
  #durable = new DiskImage();
  #undurable: Group[] = [];

  constructor(timeline: Timeline, chance: Chance) {
    this.#timeline = timeline;
    this.#chance = chance;
  }

  /** K2. */
  losePower(): void {
    const kept = this.#chance.below(this.#undurable.length + 1);
    for (const group of this.#undurable.slice(0, kept)) this.#durable.apply(group);
    this.#timeline.trace(`disk: power lost, ${kept} of ${this.#undurable.length} groups stay`);
    this.#undurable = [];
    this.#written = this.#durable.clone();
  }

  /** The operating system goes on after a process: what was written gets durable. */
  survive(): void {
    for (const group of this.#undurable) this.#durable.apply(group);
    this.#undurable = [];
  }

  /** The disk thread of a process. */
  startThread(process: SimProcess, sync: "full" | "process"): DiskThread {
    return new ModelThread(this, process, sync);
  }

  takes(ms: number): number {
    return this.#chance.between(0.05, 1) * ms * this.weather.slowness;
  }

  get now(): number {
    return this.#timeline.now;
  }

  get image(): DiskImage {
    return this.#written;
  }

  write(group: Group): void {
    this.#written.apply(group);
    this.#undurable.push(group);
    this.#timeline.trace(`disk: group ${group.n}`);
  }

  flushed(n: number): void {
    while ((this.#undurable[0]?.n ?? Infinity) <= n) this.#durable.apply(this.#undurable.shift()!);
  }

  opened(sinks: readonly string[]): ReturnType<DiskImage["open"]> {
    this.#durable.open(sinks);
    return this.#written.open(sinks);
  }

  closed(): void {
    this.#written.close();
    this.#durable = this.#written.clone();
  }
}

class ModelThread implements DiskThread {
  readonly #disk: ModelDisk;
  readonly #process: SimProcess;
  readonly #sync: "full" | "process";
  readonly #inbox: ToDisk[] = [];
  readonly #held: Group[] = [];
  #hear: (message: FromDisk) => void = () => undefined;
  #handledAt = 0;
  #saidAt = 0;
  #ended = false;
  #flushing = false;
  #written = 0;
  #durable = 0;
  #told: Trouble["kind"] | undefined;
  #closing: number | undefined;

  constructor(disk: ModelDisk, process: SimProcess, sync: "full" | "process") {
    this.#disk = disk;
    this.#process = process;
    this.#sync = sync;
  }

  listen(onMessage: (message: FromDisk) => void): void {
    this.#hear = onMessage;
  }

  terminate(): Promise<void> {
    this.#ended = true;
    return Promise.resolve();
  }

  post(message: ToDisk): void {
    this.#inbox.push(message.kind === "group" ? { kind: "group", group: ownGroup(message.group) } : message);
    const isWrite = message.kind === "group";
    this.#handledAt = Math.max(this.#handledAt, this.#disk.now) + this.#disk.takes(isWrite ? WRITE_MS : READ_MS);
    this.#later(this.#handledAt, () => this.#handleNext());
  }

  #later(at: number, fn: () => void): void {
    this.#process.enter(at, () => {
      if (!this.#ended) fn();
    });
  }

  /** Messages reach the main thread in order. */
  #say(message: FromDisk): void {
    this.#saidAt = Math.max(this.#saidAt + 0.001, this.#disk.now + this.#disk.takes(0.1));
    this.#later(this.#saidAt, () => this.#hear(message));
  }

  #handleNext(): void {
    const message = this.#inbox.shift();
    switch (message?.kind) {
      case "group":
        this.#held.push(message.group);
        break;
      case "question":
        this.#answer(message.id, message.question);
        break;
      case "tend":
      case undefined:
        break;
    }
    this.#look();
  }

  #answer(id: number, question: Extract<ToDisk, { readonly kind: "question" }>["question"]): void {
    if (question.ask === "close") {
      this.#closing = id;
      return;
    }
    if (question.ask !== "open") {
      this.#say({ kind: "answer", id, answer: this.#disk.image.answer(question) });
      return;
    }
    const opened = this.#disk.opened(question.sinks);
    [this.#written, this.#durable] = [opened.lastGroup, opened.lastGroup];
    this.#say({ kind: "answer", id, answer: opened });
  }

  /** Writes what may be written, tells of trouble and of its end, closes when all is done. */
  #look(): void {
    const { trouble } = this.#disk.weather;
    if (trouble !== this.#told) {
      this.#told = trouble;
      const cause = trouble === "full" ? "no room in the model" : "the model's disk fails";
      this.#say({ kind: "trouble", trouble: trouble === undefined ? undefined : { kind: trouble, cause } });
    }
    if (trouble !== "failing") {
      for (const group of this.#held.splice(0)) {
        this.#disk.write(group);
        this.#written = group.n;
        this.#say({ kind: "written", n: group.n });
      }
      this.#flush();
    }
    const isQuiet = this.#held.length === 0 && this.#durable === this.#written;
    if (this.#closing === undefined || (!isQuiet && trouble !== "failing")) return;
    if (isQuiet) this.#disk.closed();
    this.#say({ kind: "answer", id: this.#closing, answer: { clean: isQuiet } });
    this.#closing = undefined;
  }

  #flush(): void {
    if (this.#flushing || this.#durable === this.#written) return;
    const n = this.#written;
    if (this.#sync === "process") {
      this.#isDurable(n);
      return;
    }
    this.#flushing = true;
    this.#later(this.#disk.now + this.#disk.takes(FLUSH_MS), () => {
      this.#flushing = false;
      // A flush that fails leaves the groups where they are: not durable, to be flushed again.
      if (this.#disk.weather.trouble !== "failing") this.#isDurable(n);
      this.#look();
    });
  }

  #isDurable(n: number): void {
    this.#durable = n;
    this.#disk.flushed(n);
    this.#say({ kind: "durable", n });
  }
}
