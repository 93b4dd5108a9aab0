/** Wall clock and processor time of the parts of a round that count; what is made ready between them is left out. */

/** What one round took. */
export interface Sample {
  /** How many events, cycles … */
  readonly count: number;
  readonly wallMs: number;
  /** Of the whole process: its collector and its other threads too. */
  readonly cpuMs: number;
}

export class Stopwatch {
  #wallMs = 0;
  #cpuMicros = 0;

  time(work: () => void): void {
    const stop = this.#start();
    work();
    stop();
  }

  async timeAsync(work: () => Promise<void>): Promise<void> {
    const stop = this.#start();
    await work();
    stop();
  }

  sample(count: number): Sample {
    return { count, wallMs: this.#wallMs, cpuMs: this.#cpuMicros / 1_000 };
  }

  #start(): () => void {
    const cpuFrom = process.cpuUsage();
    const from = performance.now();
    return () => {
      this.#wallMs += performance.now() - from;
      const { user, system } = process.cpuUsage(cpuFrom);
      this.#cpuMicros += user + system;
    };
  }
}
