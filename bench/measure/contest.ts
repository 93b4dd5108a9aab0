/**
 * Contenders against each other in one run. Each has a process of its own, so that nobody pays for another's garbage or spoils
 * another's compiled code; all are opened first, then measured in turn, round by round, so that a busy moment of the machine meets all.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Round, Told } from "./contender.ts";
import { median } from "./figures.ts";
import type { Sample } from "./stopwatch.ts";

/** Who takes part. */
export interface Entrant {
  readonly name: string;
  /** Exports `open` (see `ContenderModule`). */
  readonly module: URL;
  /** Handed to `open`. */
  readonly settings: unknown;
}

/** Medians over the rounds. */
export interface Rate {
  readonly perSecond: number;
  /** Per second of the processor: on a busy machine only this one says something. */
  readonly perCpuSecond: number;
}

/** How it went for one. */
export interface Result {
  readonly name: string;
  /** Set when it could not take part; the figures are NaN then. */
  readonly failed?: string;
  /** Of a part of the rounds. */
  readonly rate: (part?: string) => Rate;
  /** What it held when it had been opened. */
  readonly heldBytes: number;
}

/** Runs all entrants `rounds` times in turn, after two rounds that don't count. */
export async function contest(entrants: readonly Entrant[], rounds = 5): Promise<readonly Result[]> {
  const racers: Racer[] = [];
  for (const entrant of entrants) racers.push(await Racer.start(entrant));
  for (let round = -2; round < rounds; round += 1) {
    for (const racer of racers) await racer.run(round >= 0);
  }
  for (const racer of racers) await racer.end();
  return racers.map((racer) => racer.result());
}

class Racer {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #rounds: Round[] = [];
  #heldBytes = Number.NaN;
  #failed: string | undefined;

  static async start({ name, module, settings }: Entrant): Promise<Racer> {
    const args = ["--contender", module.href, JSON.stringify(settings)];
    const child = fork(new URL("./contender.ts", import.meta.url), args, { execArgv: ["--expose-gc"] });
    const racer = new Racer(name, child);
    await racer.#hear();
    return racer;
  }

  constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
  }

  async run(counts: boolean): Promise<void> {
    if (this.#failed !== undefined) return;
    this.#child.send("round");
    const round = await this.#hear();
    if (counts && round !== undefined) this.#rounds.push(round);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    if (this.#failed === undefined) this.#child.send("close");
    else this.#child.kill();
    await exited;
  }

  result(): Result {
    const base = { name: this.#name, rate: (part = "whole") => this.#rate(part), heldBytes: this.#heldBytes };
    return this.#failed === undefined ? base : { ...base, failed: this.#failed };
  }

  #rate(part: string): Rate {
    const samples = this.#rounds.map((round) => round[part]).filter((sample): sample is Sample => sample !== undefined);
    return {
      perSecond: median(samples.map(({ count, wallMs }) => (count / wallMs) * 1_000)),
      perCpuSecond: median(samples.map(({ count, cpuMs }) => (count / cpuMs) * 1_000)),
    };
  }

  /** The next thing it tells, or that it ended. */
  async #hear(): Promise<Round | undefined> {
    const listening = new AbortController();
    const { signal } = listening;
    const told = await Promise.race([
      once(this.#child, "message", { signal }).then(([message]) => message as Told),
      once(this.#child, "exit", { signal }).then(([code]): Told => ({ kind: "failed", why: `it ended (${code})` })),
    ]);
    listening.abort();
    if (told.kind === "round") return told.round;
    if (told.kind === "open") this.#heldBytes = told.heldBytes;
    else this.#failed = told.why;
    return undefined;
  }
}
