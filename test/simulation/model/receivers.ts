/** Handlers behind the sinks: they note every hand-over, and are now and then slow, down, or never done. */
import type { RingfirstEvent } from "../../../src/core/event.ts";
import { type Outcome, dead, retry } from "../../../src/core/outcome.ts";
import type { DeliveryContext, Sink } from "../../../src/ports/sink.ts";
import { handlerSink } from "../../../src/sinks/handler.ts";
import type { Chance } from "../chance.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Timeline } from "../timeline.ts";
import { type HandOver, markOf, type Truth } from "../truth.ts";

const latin1 = new TextDecoder("latin1");

/** How the receivers do at the moment, by sink. */
export type Receiving = Record<string, "well" | "slow" | "down" | "hangs">;

/** The receivers of a simulation; they outlive processes. */
export class Receivers {
  readonly doing: Receiving = {};
  /** Told of each hand-over, and of each effect that is not acknowledged yet. */
  moment: (name: "hand-over" | "effect") => void = () => undefined;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #truth: Truth;

  constructor(timeline: Timeline, chance: Chance, truth: Truth) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#truth = truth;
  }

  /** A sink of a process. */
  sink(name: string, process: SimProcess): Sink {
    this.doing[name] ??= "well";
    return handlerSink({ name, handle: (event, context) => this.#handle(name, process, event, context) });
  }

  #handle(
    sink: string,
    process: SimProcess,
    event: RingfirstEvent,
    context: DeliveryContext,
  ): Outcome | undefined | Promise<Outcome | undefined> {
    const { id, topic, key, sequence, origin, body, bytes } = event;
    const mark = markOf(this.#truth, key, body === undefined ? "" : latin1.decode(bytes));
    const handOver: HandOver = {
      sink,
      id,
      mark,
      topic,
      key,
      seq: sequence,
      attempt: context.attempt,
      origin,
      at: this.#timeline.now,
      life: process.life,
      end: undefined,
    };
    this.#truth.handOvers.push(handOver);
    this.#timeline.trace(`${sink} gets ${mark} (${sequence}, ${context.attempt})`);
    this.moment("hand-over");
    const [outcome, tookMs] = this.#choose(this.doing[sink] ?? "well");
    if (tookMs === 0) {
      this.#ended(handOver, outcome);
      this.moment("effect");
      return outcome;
    }
    context.signal.addEventListener("abort", () => {
      handOver.end ??= { at: this.#timeline.now, result: "given up" };
    });
    return new Promise((resolve, reject) => {
      if (!Number.isFinite(tookMs)) return;
      process.enter(this.#timeline.now + tookMs, () => {
        this.#ended(handOver, outcome);
        this.moment("effect");
        if (outcome?.result === "retry" && this.#chance.hits(0.3)) reject(new Error("the receiver threw"));
        else resolve(outcome);
      });
    });
  }

  #ended(handOver: HandOver, outcome: Outcome | undefined): void {
    this.#timeline.trace(`${handOver.sink} says ${outcome?.result ?? "done"} of ${handOver.mark}`);
    handOver.end ??= { at: this.#timeline.now, result: outcome?.result ?? "ack" };
  }

  #choose(doing: Receiving[string]): [outcome: Outcome | undefined, tookMs: number] {
    const chance = this.#chance;
    const fate = chance.next();
    if (doing === "hangs" || fate < 0.001) return [undefined, Infinity];
    if (doing === "down") return [retry("the receiver is down"), chance.between(1, 200)];
    if (doing === "slow") return [undefined, chance.between(500, 8_000)];
    if (fate < 0.003) return [dead("the receiver will not have it"), chance.between(1, 50)];
    if (fate < 0.04) return [retry("the receiver stumbled", chance.hits(0.2) ? 5_000 : undefined), 20];
    return [undefined, fate < 0.5 ? 0 : chance.between(1, 400)];
  }
}
