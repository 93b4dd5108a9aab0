/**
 * What is too quiet for this hour: learned from the stream itself, by hour of the day, working days and weekends apart. Pure.
 *
 * Events come in bursts, so minutes are counted, not events: in what share of the minutes of this hour did anything come? A silence
 * of some minutes is told when, with that share, one as long has a chance of less than one in a million.
 *
 * - B1  Nothing is said before two hours of the same kind have been seen, nor before five minutes of silence.
 * - B2  The share is taken low (by two standard deviations), so what is not known well is believed to be quiet.
 * - B3  A silence is learned from when it has ended, never while it goes on.
 * - B4  What is long ago counts less: a hundred hours of a kind at most are remembered.
 */

/** Where a stream stands. */
export interface QuietVerdict {
  /** Minutes in a row without an event, the last one included. */
  readonly silentMinutes: number;
  /** How likely such a silence is now; 1 where too little is known. */
  readonly chance: number;
  readonly isTooQuiet: boolean;
}

interface Hour {
  minutes: number;
  active: number;
}

const MINUTE_MS = 60_000;
const HOURS = 24;
/** B1. */
const KNOWN_MINUTES = 120;
const LEAST_SILENCE = 5;
const UNLIKELY = 1e-6;
/** B2. */
const DEVIATIONS = 2;
/** B4. */
const REMEMBERED_MINUTES = 6_000;

/** The habit of one stream. */
export class QuietBaseline {
  /** Hours of working days, then those of weekends; UTC. */
  readonly #hours: Hour[] = Array.from({ length: 2 * HOURS }, () => ({ minutes: 0, active: 0 }));
  /** B3: silent minutes of each kind of hour, not learned from yet. */
  readonly #silent = new Map<number, number>();
  #silentMinutes = 0;

  /** One minute has passed; `at`: its end, epoch milliseconds. */
  minute(at: number, hasEvents: boolean): QuietVerdict {
    const kind = kindOf(at - MINUTE_MS);
    if (hasEvents) {
      this.#learnSilence();
      this.#learn(kind, 1, 1);
      return { silentMinutes: 0, chance: 1, isTooQuiet: false };
    }
    this.#silentMinutes += 1;
    this.#silent.set(kind, (this.#silent.get(kind) ?? 0) + 1);
    const chance = this.#chance();
    const isTooQuiet = chance < UNLIKELY && this.#silentMinutes >= LEAST_SILENCE;
    return { silentMinutes: this.#silentMinutes, chance, isTooQuiet };
  }

  /** Nothing could have come: a minute without a connection. The silence before it is over, and nothing is learned from it. */
  interrupt(): void {
    this.#silent.clear();
    this.#silentMinutes = 0;
  }

  /** In what share of the minutes of this hour something comes; undefined: not known yet. */
  share(at: number): number | undefined {
    const { minutes, active } = this.#hour(kindOf(at));
    return minutes < KNOWN_MINUTES ? undefined : active / minutes;
  }

  #chance(): number {
    let chance = 1;
    for (const [kind, minutes] of this.#silent) chance *= (1 - this.#lowShare(kind)) ** minutes;
    return chance;
  }

  /** B1, B2. */
  #lowShare(kind: number): number {
    const { minutes, active } = this.#hour(kind);
    if (minutes < KNOWN_MINUTES) return 0;
    // As if one more minute of each kind had been seen: a share of 1 has a deviation too.
    const share = (active + 1) / (minutes + 2);
    return Math.max(0, share - DEVIATIONS * Math.sqrt((share * (1 - share)) / minutes));
  }

  #learnSilence(): void {
    for (const [kind, minutes] of this.#silent) this.#learn(kind, minutes, 0);
    this.interrupt();
  }

  /** B4. */
  #learn(kind: number, minutes: number, active: number): void {
    const hour = this.#hour(kind);
    hour.minutes += minutes;
    hour.active += active;
    if (hour.minutes <= REMEMBERED_MINUTES) return;
    const kept = REMEMBERED_MINUTES / hour.minutes;
    hour.minutes *= kept;
    hour.active *= kept;
  }

  #hour(kind: number): Hour {
    return this.#hours[kind] ?? { minutes: 0, active: 0 };
  }
}

function kindOf(at: number): number {
  const date = new Date(at);
  const isWeekend = date.getUTCDay() % 6 === 0;
  return date.getUTCHours() + (isWeekend ? HOURS : 0);
}
