/**
 * Who of a client may make a channel to move to, and when: with 20 channels in all, lines that are told to move in the same second must
 * not push out each other's channels, and each that has moved leaves one for the next.
 *
 * - M1  One looks and makes at a time, so none counts on the place that another is about to take.
 * - M2  Without a free channel one waits for those that are moving, as long as its own socket may stand; where nobody moves, not at all.
 */
import type { Clock } from "../../ports/clock.ts";

/** A platform says about a minute before that it ends a socket: after so long a line rather comes back on its own channel. */
const PATIENCE_MS = 45_000;
/** A move that takes longer leaves nothing. */
const MOVE_MS = 30_000;
/** One whose socket is lost meanwhile waits no longer. */
const LOOK_MS = 1_000;

/** The moves of one client. */
export class MoveTurns {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  /** When those began that have left no channel yet; monotonic. */
  #begun: readonly number[] = [];
  /** Who looks for a free channel now, and may be about to move. */
  #trying = 0;
  /** Channels that were left, and that none of those who wait has gone for. */
  #free = 0;
  /** Who waits, the first to come first. */
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers what `attempt` does: undefined where no channel is free. `mayWait`: whether waiting is of any use, now. */
  async move<T>(attempt: () => Promise<T | undefined>, mayWait: () => boolean): Promise<T | undefined> {
    const until = this.#clock.monotonic() + PATIENCE_MS;
    for (;;) {
      // M1.
      const turn = this.#last.then(attempt, attempt);
      this.#last = turn;
      this.#trying += 1;
      const found = await turn.finally(() => (this.#trying -= 1));
      if (found !== undefined || !(await this.#isOneLeft(until, mayWait))) return found;
    }
  }

  /** A channel was made to move to: another one will be left. */
  begun(): void {
    this.#begun = [...this.#begun, this.#clock.monotonic()];
  }

  /** A channel was left: for one of those who wait. */
  left(): void {
    this.#begun = this.#begun.slice(1);
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#free += 1;
    first();
  }

  /** M2. */
  async #isOneLeft(until: number, mayWait: () => boolean): Promise<boolean> {
    while (mayWait()) {
      if (this.#free > 0) {
        this.#free -= 1;
        return true;
      }
      const now = this.#clock.monotonic();
      this.#begun = this.#begun.filter((at) => at > now - MOVE_MS);
      const isMoving = this.#begun.length > 0 || this.#trying > 0;
      if (!isMoving || now >= until) return false;
      await this.#moment();
    }
    return false;
  }

  /** Until a channel is left, or for a moment. */
  #moment(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#waiting.delete(end);
        resolve();
      };
      const timer = this.#clock.setTimer(LOOK_MS, end);
      this.#waiting.add(end);
    });
  }
}
