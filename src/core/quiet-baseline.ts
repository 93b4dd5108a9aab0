/**
 * What is too quiet for this hour: learned from the stream itself, by hour of the week. Pure.
 *
 * Events come in bursts, so minutes are counted, not events: in what share of the minutes of this hour did anything come? A silence
 * of some minutes is told when, with that share, one as long has a chance of less than one in a million.
 *
 * - B1  Nothing is said before two hours of the same kind have been seen, nor before five minutes of silence.
 * - B2  The share is taken low (by two standard deviations, and the lowest of the hour and its neighbours), so what is not known well
 *       is believed to be quiet, and clocks that are changed or shifts that begin an hour later are no silence.
 * - B3  A silence is learned from when it has ended, never while it goes on.
 * - B4  What is long ago counts less: a hundred hours of a kind at most are remembered.
 * - B5  Where people are is not known. The same hours of different days are one kind only while it is a working day in all time zones;
 *       every other hour of the week is a kind of its own: Friday evening and Saturday noon may both be Saturday 0:00 UTC or not.
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
const WEEK = 7 * HOURS;
/** B5: from Monday 12:00 UTC, when Monday has begun everywhere, until Thursday 20:00, when Friday begins where it is a day of rest; hours of the week. */
const WORK_FROM = 12;
const WORK_UNTIL = 92;
/** 1970-01-01 was a Thursday. */
const MONDAY_MS = 4 * HOURS * 3_600_000;
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
  /** Hours of days that are working days everywhere, then those of the week; UTC. */
  readonly #hours: Hour[] = Array.from({ length: HOURS + WEEK }, () => ({ minutes: 0, active: 0 }));
  /** B3: silent minutes by hour of the week, not learned from yet. */
  readonly #silent = new Map<number, number>();
  #silentMinutes = 0;

  /** One minute has passed; `at`: its end, epoch milliseconds. */
  minute(at: number, hasEvents: boolean): QuietVerdict {
    const hour = hourOfWeek(at - MINUTE_MS);
    if (hasEvents) {
      this.#learnSilence();
      this.#learn(hour, 1, 1);
      return { silentMinutes: 0, chance: 1, isTooQuiet: false };
    }
    this.#silentMinutes += 1;
    this.#silent.set(hour, (this.#silent.get(hour) ?? 0) + 1);
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
    const { minutes, active } = this.#hour(hourOfWeek(at));
    return minutes < KNOWN_MINUTES ? undefined : active / minutes;
  }

  #chance(): number {
    let chance = 1;
    for (const [hour, minutes] of this.#silent) chance *= (1 - this.#lowestShare(hour)) ** minutes;
    return chance;
  }

  /** B2; 0 where the hour itself is not known (B1). */
  #lowestShare(hour: number): number {
    const own = this.#lowShare(hour);
    if (own === undefined) return 0;
    const around = [hour - 1, hour + 1].map((other) => this.#lowShare((other + WEEK) % WEEK) ?? 1);
    return Math.min(own, ...around);
  }

  #lowShare(hour: number): number | undefined {
    const { minutes, active } = this.#hour(hour);
    if (minutes < KNOWN_MINUTES) return undefined;
    // As if one more minute of each kind had been seen: a share of 1 has a deviation too.
    const share = (active + 1) / (minutes + 2);
    return Math.max(0, share - DEVIATIONS * Math.sqrt((share * (1 - share)) / minutes));
  }

  #learnSilence(): void {
    for (const [hour, minutes] of this.#silent) this.#learn(hour, minutes, 0);
    this.interrupt();
  }

  /** B4. */
  #learn(hourOf: number, minutes: number, active: number): void {
    const hour = this.#hour(hourOf);
    hour.minutes += minutes;
    hour.active += active;
    if (hour.minutes <= REMEMBERED_MINUTES) return;
    const kept = REMEMBERED_MINUTES / hour.minutes;
    hour.minutes *= kept;
    hour.active *= kept;
  }

  /** B5. */
  #hour(hour: number): Hour {
    const isShared = hour >= WORK_FROM && hour < WORK_UNTIL;
    return this.#hours[isShared ? hour % HOURS : HOURS + hour] ?? { minutes: 0, active: 0 };
  }
}

/** From Monday 0:00 UTC on. */
function hourOfWeek(at: number): number {
  return Math.floor((at - MONDAY_MS) / (60 * MINUTE_MS)) % WEEK;
}
