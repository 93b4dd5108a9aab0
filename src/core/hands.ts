/**
 * Reserved hands (Q4). A sink has `concurrency` hands; some are reserved for classes, so that a flood of the others can't
 * take the last one from a ringing call.
 *
 * H1  A lane of class c may be claimed while free hands > what the *other* reserving classes still have coming to them,
 *     `due(r) = max(0, reserve[r] - inFlight[r])`.
 * H2  A claim of several is the same as so many claims of one: `next` names a number and classes such that H1 holds for
 *     each of them, whichever classes they turn out to have.
 *     All classes: at most `free - sum of due`. Each claim takes one from the left and never adds to the right.
 *     Beyond that only classes with something due, and of these no more than the smallest due: then each claim
 *     lowers both sides by one.
 * H3  Free hands never fall below the sum of due; it holds at the start (the reserves sum to at most `concurrency`).
 */

/** What may be claimed next. */
export interface ClaimPlan {
  readonly max: number;
  /** Absent: all. */
  readonly classes: readonly string[] | undefined;
}

/** The hands of one sink. */
export class Hands {
  readonly #reserve: ReadonlyMap<string, number>;
  readonly #inFlight = new Map<string, number>();
  #free: number;

  constructor(concurrency: number, reserve: Readonly<Record<string, number>>) {
    this.#free = concurrency;
    this.#reserve = new Map(Object.entries(reserve).filter(([, hands]) => hands > 0));
  }

  get free(): number {
    return this.#free;
  }

  /** A hand is taken by a delivery of this lane class. */
  take(laneClass: string): void {
    this.#free -= 1;
    this.#count(laneClass, 1);
  }

  /** A delivery of this lane class has ended. */
  give(laneClass: string): void {
    this.#free += 1;
    this.#count(laneClass, -1);
  }

  /**
   * What may be claimed now (H2), at most `window`; undefined: nothing.
   *
   * @param asked - hands that are promised to claims without an answer yet, of classes not known
   */
  next(window: number, asked: number = 0): ClaimPlan | undefined {
    const free = this.#free - asked;
    if (free <= 0) return undefined;
    if (this.#reserve.size === 0) return { max: Math.min(window, free), classes: undefined };
    const due = [...this.#reserve].map(([name, hands]) => ({ name, left: hands - (this.#inFlight.get(name) ?? 0) }));
    const owed = due.filter(({ left }) => left > 0);
    const open = free - owed.reduce((sum, { left }) => sum + left, 0);
    if (open > 0) return { max: Math.min(window, open), classes: undefined };
    const smallest = Math.min(free, ...owed.map(({ left }) => left));
    return { max: Math.min(window, smallest), classes: owed.map(({ name }) => name) };
  }

  #count(laneClass: string, by: number): void {
    if (this.#reserve.size > 0) this.#inFlight.set(laneClass, (this.#inFlight.get(laneClass) ?? 0) + by);
  }
}
