/** The one scenario that an emulator plays: set, begun by what it waits for, stopped, replaced. */
import type { ScenarioParts, ScenarioState } from "./scenario.ts";
import { ScenarioRun } from "./scenario.ts";
import { readScenario } from "./scenario-read.ts";

/** The scenario of one emulator. */
export class Scenarios {
  readonly #parts: ScenarioParts;
  #run: ScenarioRun | undefined;
  #isListening = false;

  constructor(parts: ScenarioParts) {
    this.#parts = parts;
  }

  /**
   * Plays a scenario in the place of another; at once if the emulator listens.
   *
   * @throws RingfirstError `RF_OPTION_INVALID` with every complaint; what was played goes on then.
   */
  set(scenario: unknown): ScenarioState {
    const read = readScenario(scenario);
    this.#run?.stop();
    this.#run = new ScenarioRun(read, this.#parts);
    if (this.#isListening) this.#run.signal("listen");
    return this.#run.state();
  }

  /** What is played and how far it is. */
  state(): ScenarioState | undefined {
    return this.#run?.state();
  }

  stop(): void {
    this.#run?.stop();
  }

  listening(): void {
    this.#isListening = true;
    this.#run?.signal("listen");
  }

  socketOpened(): void {
    this.#run?.signal("first-socket");
  }
}
