/** Runs of seeds in threads of their own, one for each core. They end with the process, whatever ends it. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Runner } from "./deal.ts";
import type { RunResult } from "./run.ts";

const THREAD = new URL("seed-thread.ts", import.meta.url);

/** A thread that runs seeds; a thread that ends by itself breaks the run of its seed down. */
export class SeedThread implements Runner {
  readonly #worker: Worker;
  readonly #ended: Promise<never>;

  constructor(file: URL = THREAD) {
    this.#worker = new Worker(file);
    this.#ended = new Promise((_, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("exit", (code) => reject(new Error(`a thread of the simulation ended, with code ${code}`)));
    });
    // Said by the run that it breaks down.
    this.#ended.catch(() => undefined);
  }

  async run(seed: number): Promise<RunResult> {
    this.#worker.postMessage(seed);
    try {
      const [result] = (await Promise.race([once(this.#worker, "message"), this.#ended])) as [RunResult];
      return result;
    } catch (cause) {
      throw new Error(`seed ${seed} came to no end`, { cause });
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
