/**
 * One life of the service's process: its clock, and the door through which everything from outside comes to it. When it is killed
 * nothing of it ever runs again: no timer, no answer, no frame.
 */
import type { Clock, Timer } from "../../src/ports/clock.ts";
import type { Chance } from "./chance.ts";
import type { Due, Timeline } from "./timeline.ts";

/** Epoch milliseconds at the beginning of every simulation. */
export const EPOCH = 1_772_000_000_000;
/** Timers are late by up to so much. */
const LATE_MS = 0.9;
/** Between two things that waited for a stopped process. */
const STEP_MS = 0.000_1;

/** A life (see the top of this file). */
export class SimProcess {
  readonly clock: Clock;
  readonly startedAt: number;
  readonly life: number;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #timers = new Set<Due>();
  #deferred: (() => void)[] = [];
  #alive = true;
  #stoppedUntil = 0;
  #waiting: { readonly due: Due; readonly fn: () => void }[] = [];
  #uuids = 0;

  constructor(timeline: Timeline, chance: Chance, life: number) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.life = life;
    this.startedAt = timeline.now;
    this.clock = {
      now: () => EPOCH + timeline.now,
      monotonic: () => timeline.now - this.startedAt,
      setTimer: (delayMs, fn) => this.#setTimer(delayMs, fn),
      defer: (fn) => this.#defer(fn),
      random: () => chance.next(),
      uuid: () => this.#uuid(),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Stopped as by SIGSTOP, until then. */
  stopUntil(at: number): void {
    this.#stoppedUntil = Math.max(this.#stoppedUntil, at);
  }

  get stopped(): boolean {
    return this.#timeline.now < this.#stoppedUntil;
  }

  /** When the timers that are set would run, from now; none may be left when the service has closed. */
  get timersLeft(): readonly string[] {
    return [...this.#timers].map(({ at }) => `${Math.round(at - this.#timeline.now)} ms`);
  }

  /** Things wait for it because it is, or was, stopped. */
  get isBehind(): boolean {
    return this.stopped || this.#waiting.length > 0;
  }

  kill(): void {
    this.#alive = false;
    for (const timer of this.#timers) timer.cancelled = true;
    this.#timers.clear();
    this.#waiting = [];
    this.#deferred = [];
  }

  /** Something comes from outside at an instant. */
  enter(at: number, fn: () => void): Due {
    const due: Due = this.#timeline.at(at, () => this.#when(due, fn));
    return due;
  }

  /** What comes to a stopped process waits, and comes in order when it goes on, before all that is younger. */
  #when(due: Due, fn: () => void): void {
    if (!this.#alive) return;
    if (!this.isBehind) {
      fn();
      return;
    }
    this.#waiting.push({ due, fn });
    if (this.#waiting.length === 1) this.#goOn(this.#stoppedUntil);
  }

  #goOn(at: number): void {
    this.#timeline.at(Math.max(at, this.#timeline.now), () => {
      if (!this.#alive) return;
      if (this.stopped) {
        this.#goOn(this.#stoppedUntil);
        return;
      }
      const { due, fn } = this.#waiting[0]!;
      if (!due.cancelled) fn();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#goOn(this.#timeline.now + STEP_MS);
    });
  }

  #setTimer(delayMs: number, fn: () => void): Timer {
    if (!Number.isFinite(delayMs)) throw new RangeError(`a timer of ${delayMs} ms`);
    const timer: { due: Due | undefined } = { due: undefined };
    const fire = (): void => {
      if (timer.due !== undefined) this.#timers.delete(timer.due);
      fn();
    };
    if (this.#alive) {
      timer.due = this.enter(this.#timeline.now + Math.max(0, delayMs) + this.#chance.between(0, LATE_MS), fire);
      this.#timers.add(timer.due);
    }
    return {
      cancel: () => {
        if (timer.due === undefined) return;
        timer.due.cancelled = true;
        this.#timers.delete(timer.due);
      },
    };
  }

  /** What was deferred until a round begins runs in that round, in order. */
  #defer(fn: () => void): void {
    if (this.#deferred.length === 0) {
      this.enter(this.#timeline.now, () => {
        const round = this.#deferred;
        this.#deferred = [];
        for (const each of round) each();
      });
    }
    this.#deferred.push(fn);
  }

  #uuid(): string {
    this.#uuids += 1;
    const life = this.life.toString(16).padStart(8, "0");
    return `${life}-0000-4000-8000-${this.#uuids.toString(16).padStart(12, "0")}`;
  }
}
