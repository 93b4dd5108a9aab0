/**
 * Others who use what is ours: a second program with the same OAuth client, or a second socket on our channel. The platform tells of
 * neither, so it is concluded from how channels and sockets end, and answered so that two that fight end up side by side. Pure.
 *
 * - R1  The first of each kind is answered as any other loss: soon.
 * - R2  A socket that was taken twice in an hour is left to the other one, for a channel that nobody else knows. Once proves nothing: the
 *       platform closes sockets as well.
 * - R3  Whatever goes on coming within the hour is answered more and more slowly: two programs never push each other out for ever.
 * - R4  What is more than an hour ago is forgotten.
 * - R5  An eviction is of the client, whichever channel it hits: those of all its lines are answered together. What is pushed out within
 *       a second is pushed out by the same one, so many at once are no fight.
 */

/** What shows that there is another one. */
export type RivalSign =
  /** The platform dropped our channel before its end: it does so, silently, where a client has more than 20. */
  | "eviction"
  /** Our socket was ended regularly though its channel goes on: a channel has one socket, the last that came. */
  | "takeover"
  /** The platform says that another channel took our topics over. */
  | "displacement"
  /** The socket was cut shortly after it stood; once it is a bad link, again and again it may be a second socket. */
  | "cut";

/** What follows. */
export interface RivalAnswer {
  /** Of this kind within the window, this one included. */
  readonly count: number;
  /** The channel is left: a new one is made instead of coming back. */
  readonly leave: boolean;
  /** Nothing is tried before so many milliseconds; 0: at once, as after any other loss. */
  readonly pauseMs: number;
}

const HOUR_MS = 3_600_000;
/** Of cuts: a bad link gets better. */
const CUTS_MS = 600_000;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 960_000;
const LEAVE_FROM: Readonly<Record<RivalSign, number>> = { eviction: 1, takeover: 2, displacement: 1, cut: 3 };
/** From so many on there are pauses, each twice as long. */
const PAUSE_FROM: Readonly<Record<RivalSign, number>> = { eviction: 3, takeover: 4, displacement: 1, cut: Infinity };
/** More are not told apart. */
const REMEMBERED = 20;

/** More are one. */
const BURST_MS = 1_000;

/** R5: evictions of all channels of a client. */
export class EvictionWatch {
  /** When each burst began. */
  #bursts: readonly number[] = [];

  /** An eviction; answers how many milliseconds nothing is tried. `at`: milliseconds of a clock that only goes forward. */
  note(at: number): number {
    const recent = this.#bursts.filter((other) => other > at - HOUR_MS);
    const last = recent.at(-1);
    const isNew = last === undefined || at - last >= BURST_MS;
    this.#bursts = (isNew ? [...recent, at] : recent).slice(-REMEMBERED);
    return pauseAfter("eviction", this.#bursts.length);
  }
}

/** What one line has seen. */
export class RivalWatch {
  readonly #seen: Record<RivalSign, number[]> = { eviction: [], takeover: [], displacement: [], cut: [] };

  /** A sign, and what follows. `at`: milliseconds of a clock that only goes forward. */
  note(sign: RivalSign, at: number): RivalAnswer {
    const since = at - (sign === "cut" ? CUTS_MS : HOUR_MS);
    const recent = [...this.#seen[sign].filter((other) => other > since), at].slice(-REMEMBERED);
    this.#seen[sign] = recent;
    const count = recent.length;
    return { count, leave: count >= LEAVE_FROM[sign], pauseMs: pauseAfter(sign, count) };
  }
}

function pauseAfter(sign: RivalSign, count: number): number {
  const from = PAUSE_FROM[sign];
  return count < from ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (count - from), LONGEST_PAUSE_MS);
}
