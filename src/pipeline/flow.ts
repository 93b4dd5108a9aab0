/**
 * Who is held back, and why. Two causes: intake lags behind (all sources: it is short, and TCP keeps what they bring), and
 * the work queue fills up (only sources that can wait; see `pressure.ts`). A source goes on when no cause is left.
 */
import type { Source } from "../ports/source.ts";

/** A source as far as flow control needs it. */
export interface FlowTally {
  readonly source: Pick<Source, "live" | "pause" | "resume">;
  paused: boolean;
}

/** The two signals. */
export interface Flow {
  lagging(held: boolean): void;
  pressed(held: boolean): void;
}

/** Flow control over these sources. */
export function createFlow(tallies: readonly FlowTally[]): Flow {
  let lag = false;
  let pressure = false;
  const apply = (): void => {
    for (const tally of tallies) {
      const hold = lag || (pressure && !tally.source.live);
      if (hold === tally.paused) continue;
      tally.paused = hold;
      if (hold) tally.source.pause();
      else tally.source.resume();
    }
  };
  return {
    lagging(held) {
      lag = held;
      apply();
    },
    pressed(held) {
      pressure = held;
      apply();
    },
  };
}
