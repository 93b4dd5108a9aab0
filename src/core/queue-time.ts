/**
 * The work queue's time: the wall clock, but never back. Leases, backoffs and expiries are instants of the wall, yet when
 * somebody sets the clock back by an hour, no retry may stand still for an hour. So a step back is ridden over at the pace
 * of the monotonic clock, and a step forward is followed.
 *
 * T1  Never goes back, and always goes on.
 * T2  What comes from outside as an instant of the wall (an expiry) is moved by the lead of this time over the wall, so
 *     that "in one minute" stays one minute.
 */

/** Below this the two clocks were only read a moment apart, in milliseconds. */
const NOISE_MS = 50;

/** The time of one work queue (see the top of this file). */
export class QueueTime {
  #offset = -Infinity;
  #lead = 0;

  /** The time now, from both clocks (milliseconds). */
  read(wall: number, monotonic: number): number {
    const offset = wall - monotonic;
    if (offset > this.#offset) this.#offset = offset;
    const lead = this.#offset - offset;
    this.#lead = lead < NOISE_MS ? 0 : lead;
    return monotonic + this.#offset;
  }

  /** How far this time is ahead of the wall clock, as of the last reading, in milliseconds. */
  get lead(): number {
    return this.#lead;
  }

  /** An instant of the wall clock, as of the last reading, in this time (T2). */
  fromWall(instant: number): number {
    return instant + this.#lead;
  }
}
