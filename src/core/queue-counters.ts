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
