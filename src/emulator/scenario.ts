/**
 * A scenario as it is played: its steps at their instants, round after round, and what came of each.
 *
 * Z1. The same scenario with the same seed has the same steps at the same instants of its time.
 * Z2. A step that can't be done (a frame that is none any more) is logged, and the next ones go on.
 * Z3. The log is bounded; the oldest lines go first.
 */
import { isRingfirstError } from "../errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { createChance } from "./chance.ts";
import type { Chance } from "./chance.ts";
import type { FaultRequest } from "./fault-check.ts";
import { FAULTS } from "./fault-list.ts";
import type { ActiveFault } from "./faults.ts";
import type { ReadScenario, ReadStep } from "./scenario-read.ts";

/** What scenarios act on. */
export interface ScenarioParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inject: (request: FaultRequest) => ActiveFault;
  readonly clear: () => void;
  readonly emit: (frames: readonly unknown[]) => readonly number[];
  readonly changeStaff: (change: unknown) => { readonly users: number; readonly queues: number };
  readonly setTraffic: (running: boolean) => void;
}

/** A step that was done. */
export interface ScenarioLine {
  /** Milliseconds of the scenario's time. */
  readonly atMs: number;
  /** From 1. */
  readonly round: number;
  /** Index in `steps`. */
  readonly step: number;
  readonly what: string;
  readonly outcome: string;
}

/** A scenario and how far it is. */
export interface ScenarioState {
  readonly name: string;
  readonly state: "waiting" | "running" | "ended" | "stopped";
  /** From 1; 0 before it has begun. */
  readonly round: number;
  /** Rounds in all; absent when it goes on for ever. */
  readonly rounds?: number;
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
  readonly steps: readonly { readonly atMs: number; readonly what: string; readonly done: number }[];
  /** The step to come, and in how many milliseconds. */
  readonly next?: { readonly step: number; readonly inMs: number };
  /** What was done, oldest first. */
  readonly log: readonly ScenarioLine[];
}

interface Happening {
  readonly atMs: number;
  readonly step: number;
}

const MAX_LINES = 1000;
const CHANCE_STREAM = 9;

/** One scenario on its way. */
export class ScenarioRun {
  readonly #scenario: ReadScenario;
  readonly #parts: ScenarioParts;
  readonly #chance: Chance;
  readonly #done: number[];
  readonly #log: ScenarioLine[] = [];
  #state: ScenarioState["state"] = "waiting";
  #startedAt = 0;
  #endedAt: number | undefined;
  #round = 0;
  #roundAt = 0;
  /** When the round's last step is. */
  #lastMs = 0;
  #happenings: readonly Happening[] = [];
  #timer: Timer | undefined;

  constructor(scenario: ReadScenario, parts: ScenarioParts) {
    this.#scenario = scenario;
    this.#parts = parts;
    this.#chance = createChance(scenario.seed, CHANCE_STREAM);
    this.#done = scenario.steps.map(() => 0);
  }

  /** To be called when the emulator listens, and when a socket opened. */
  signal(what: ReadScenario["begin"]): void {
    if (this.#state !== "waiting" || this.#scenario.begin !== what) return;
    this.#state = "running";
    this.#startedAt = this.#parts.clock.monotonic();
    this.#beginRound(0);
  }

  stop(): void {
    this.#timer?.cancel();
    if (this.#state === "waiting" || this.#state === "running") this.#end("stopped");
  }

  state(): ScenarioState {
    const { name, repeat, steps } = this.#scenario;
    const elapsedMs = this.#elapsed();
    const next = this.#happenings[0];
    return {
      name,
      state: this.#state,
      round: this.#round,
      ...(Number.isFinite(repeat) && { rounds: repeat }),
      elapsedMs,
      steps: steps.map(({ atMs, text }, at) => ({ atMs, what: text, done: this.#done[at] ?? 0 })),
      ...(this.#state === "running" &&
        next !== undefined && { next: { step: next.step, inMs: this.#roundAt + next.atMs - elapsedMs } }),
      log: [...this.#log],
    };
  }

  #elapsed(): number {
    if (this.#state === "waiting") return 0;
    return (this.#endedAt ?? this.#parts.clock.monotonic()) - this.#startedAt;
  }

  #end(state: "ended" | "stopped"): void {
    this.#endedAt = this.#state === "waiting" ? this.#startedAt : this.#parts.clock.monotonic();
    this.#state = state;
    this.#happenings = [];
  }

  #beginRound(atMs: number): void {
    this.#round += 1;
    this.#roundAt = atMs;
    const happenings = this.#scenario.steps.flatMap((step, index) => this.#instants(step, index));
    this.#happenings = happenings.sort((a, b) => a.atMs - b.atMs || a.step - b.step);
    this.#lastMs = happenings.at(-1)?.atMs ?? 0;
    this.#plan();
  }

  #instants({ atMs, withinMs, everyMs, times }: ReadStep, step: number): readonly Happening[] {
    return Array.from({ length: times }, (_, at) => ({
      atMs: atMs + at * everyMs + (withinMs === 0 ? 0 : Math.floor(this.#chance.next() * withinMs)),
      step,
    }));
  }

  #plan(): void {
    const next = this.#happenings[0];
    const isLast = this.#round >= this.#scenario.repeat;
    if (next === undefined && isLast) {
      this.#end("ended");
      return;
    }
    // A step beyond the end of its round still happens; the next round waits for it.
    const atMs = this.#roundAt + (next?.atMs ?? Math.max(this.#lastMs, this.#scenario.roundMs));
    const waitMs = Math.max(0, this.#startedAt + atMs - this.#parts.clock.monotonic());
    this.#timer = this.#parts.clock.setTimer(waitMs, () => {
      if (next === undefined) {
        this.#beginRound(atMs);
        return;
      }
      this.#happenings = this.#happenings.slice(1);
      this.#do(next);
      if (this.#state === "running") this.#plan();
    });
  }

  #do({ atMs, step }: Happening): void {
    const { text, action } = this.#scenario.steps[step] as ReadStep;
    const outcome = this.#outcomeOf(action);
    const line = { atMs: this.#roundAt + atMs, round: this.#round, step, what: text, outcome };
    this.#done[step] = (this.#done[step] ?? 0) + 1;
    this.#log.push(line);
    if (this.#log.length > MAX_LINES) this.#log.shift();
    const tail = outcome === "" ? "" : `: ${outcome}`;
    this.#parts.logger.info(
      { scenario: this.#scenario.name, ...line },
      `scenario at ${line.atMs / 1000} s: ${text}${tail}`,
    );
  }

  #outcomeOf(action: ReadStep["action"]): string {
    try {
      return this.#act(action);
    } catch (error) {
      if (isRingfirstError(error)) return `not done: ${error.message}`;
      throw error;
    }
  }

  #act(action: ReadStep["action"]): string {
    const { inject, clear, emit, changeStaff, setTraffic } = this.#parts;
    switch (action.kind) {
      case "faults":
        return describeHits(action.requests.map(inject));
      case "emit":
        return `number ${emit(action.frames).join(", ")} in the ledger`;
      case "staff": {
        const { users, queues } = changeStaff(action.change);
        return `${users} users, ${queues} queues`;
      }
      case "traffic":
        setTraffic(action.running);
        return "";
      case "clear":
        clear();
        return "";
      case "note":
        return "";
      default:
        return action satisfies never;
    }
  }
}

/** How many sockets were hit; nothing to say of faults that hit something else, or later. */
function describeHits(injected: readonly ActiveFault[]): string {
  const hits = injected.filter(({ fault, waiting }) => FAULTS[fault].kind === "socket" && !waiting);
  if (hits.length === 0) return "";
  const sum = hits.reduce((count, { hit = 0 }) => count + hit, 0);
  return sum === 0 ? "no socket was open" : `${sum} ${sum === 1 ? "socket" : "sockets"}`;
}
