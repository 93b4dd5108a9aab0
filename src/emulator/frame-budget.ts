/**
 * How many frames may go out now, when so many a second are wanted and turns come when they come.
 *
 * B1. In the long run it is the wanted rate: what a late turn leaves undone is made up for, of the last `MAX_OWED_MS` at least.
 * B2. In no turn do more frames go out than `MAX_BURST_MS` are worth, nor more than double of what its time is worth: what was late comes
 *     faster, not at once. (A step that makes several frames may overdraw; the next turns pay for it.)
 * B3. The rate is that of the frames that somebody hears. Each of them lets `FREE_PER_FRAME` unheard ones pass; only when there are more do
 *     they cost a little, so that a centre in which nearly nothing is heard doesn't run away. While nobody is there each counts in full.
 */

/** A stall of the machine makes a centre late for at most this long; what was before is lost. */
const MAX_OWED_MS = 1000;
const MAX_BURST_MS = 100;
const MAX_SPEED_UP = 2;
const FREE_PER_FRAME = 50;
/** Free frames that are kept for later. */
const MAX_FREE = 10_000;

/** The budget of one centre. */
export class FrameBudget {
  readonly #perMs: number;
  #owed = 0;
  #left = 0;
  #free = 0;

  /** `rate`: frames a second. */
  constructor(rate: number) {
    this.#perMs = rate / 1000;
  }

  /** Whether this turn may do another step. */
  get hasLeft(): boolean {
    return this.#left > 0;
  }

  /** A turn begins, so long after the one before. */
  begin(elapsedMs: number): void {
    this.#owed = Math.min(this.#owed + elapsedMs * this.#perMs, MAX_OWED_MS * this.#perMs);
    this.#left = Math.min(this.#owed, Math.min(elapsedMs * MAX_SPEED_UP, MAX_BURST_MS) * this.#perMs);
  }

  /** Frames went out, and others were made that nobody heard. */
  spend(heard: number, unheard: number, isSomebodyHere: boolean): void {
    if (!isSomebodyHere) return this.#take(heard + unheard);
    const free = this.#free + heard * FREE_PER_FRAME - unheard;
    this.#free = Math.min(Math.max(0, free), MAX_FREE);
    return this.#take(heard + Math.max(0, -free) / FREE_PER_FRAME);
  }

  #take(frames: number): void {
    this.#owed -= frames;
    this.#left -= frames;
  }
}
