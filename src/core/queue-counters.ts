/** What one sink counts, by own class (Q10, Q14), and the sums over its classes. */

/** Counters of one class within one sink; `dead`, `waiting` and `inFlight` are gauges. */
export interface ClassCounters {
  admitted: number;
  acked: number;
  expired: number;
  coalesced: number;
  shed: number;
  refused: number;
  discarded: number;
  dead: number;
  waiting: number;
  inFlight: number;
}

/** Counters that start at nothing. */
export function zeroCounters(): ClassCounters {
  return {
    admitted: 0,
    acked: 0,
    expired: 0,
    coalesced: 0,
    shed: 0,
    refused: 0,
    discarded: 0,
    dead: 0,
    waiting: 0,
    inFlight: 0,
  };
}

/** The sum over classes. */
export function totalOf(counters: readonly ClassCounters[]): ClassCounters {
  const total = zeroCounters();
  for (const one of counters) {
    total.admitted += one.admitted;
    total.acked += one.acked;
    total.expired += one.expired;
    total.coalesced += one.coalesced;
    total.shed += one.shed;
    total.refused += one.refused;
    total.discarded += one.discarded;
    total.dead += one.dead;
    total.waiting += one.waiting;
    total.inFlight += one.inFlight;
  }
  return total;
}

/** What is counted for good of one class: ends and refusals, without the gauges. */
export type ClassEnds = Omit<ClassCounters, "dead" | "waiting" | "inFlight">;

/** One sink's counters as a durable store keeps them; classes by name. */
export interface SinkCounters {
  readonly redriven: number;
  readonly retried: number;
  readonly reclaimed: number;
  readonly classes: Readonly<Record<string, ClassEnds>>;
}

/** The counters of a class without its gauges. */
export function endsOf({ admitted, acked, expired, coalesced, shed, refused, discarded }: ClassCounters): ClassEnds {
  return { admitted, acked, expired, coalesced, shed, refused, discarded };
}

/** Adds kept counters to those of a class. */
export function addEnds(counters: ClassCounters, kept: ClassEnds): void {
  counters.admitted += kept.admitted;
  counters.acked += kept.acked;
  counters.expired += kept.expired;
  counters.coalesced += kept.coalesced;
  counters.shed += kept.shed;
  counters.refused += kept.refused;
  counters.discarded += kept.discarded;
}
