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
function zeroCounters(): ClassCounters {
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

/** The counters of a whole work queue as a durable store keeps them; sinks by name. */
export interface KeptCounters {
  readonly admitted: number;
  readonly duplicates: number;
  readonly full: number;
  readonly tooLarge: number;
  readonly unrouted: number;
  readonly sinks: Readonly<Record<string, SinkCounters>>;
}

/** What one sink's work queue counts. */
export class Tally {
  /** By rank. */
  readonly classes: readonly ClassCounters[];
  redriven = 0;
  /** Failed attempts that were put back. */
  retried = 0;
  /** Leases ended by their time or by a restart. */
  reclaimed = 0;

  constructor(ranks: number) {
    this.classes = Array.from({ length: ranks }, zeroCounters);
  }

  /** What a durable store keeps: all but the gauges, which follow from the envelopes that it kept. */
  kept(classNames: readonly string[]): SinkCounters {
    const classes: Record<string, ClassEnds> = Object.create(null);
    for (const [rank, name] of classNames.entries()) {
      const { admitted, acked, expired, coalesced, shed, refused, discarded } = this.classes[rank]!;
      classes[name] = { admitted, acked, expired, coalesced, shed, refused, discarded };
    }
    const { redriven, retried, reclaimed } = this;
    return { redriven, retried, reclaimed, classes };
  }

  restore(kept: SinkCounters, rankOfClass: (name: string) => number): void {
    this.redriven += kept.redriven;
    this.retried += kept.retried;
    this.reclaimed += kept.reclaimed;
    for (const [name, ends] of Object.entries(kept.classes)) addEnds(this.classes[rankOfClass(name)]!, ends);
  }

  /**
   * Restores Q14 after a restart in which envelopes were not found (or are there without being counted); answers by rank how
   * many are missing. The missing ones count as discarded.
   */
  balance(): number[] {
    return this.classes.map((one) => {
      const ended = one.acked + one.expired + one.coalesced + one.shed + one.discarded;
      const missing = one.admitted - ended - one.dead - one.waiting - one.inFlight;
      if (missing > 0) one.discarded += missing;
      else one.admitted -= missing;
      return Math.max(0, missing);
    });
  }
}

function addEnds(counters: ClassCounters, kept: ClassEnds): void {
  counters.admitted += kept.admitted;
  counters.acked += kept.acked;
  counters.expired += kept.expired;
  counters.coalesced += kept.coalesced;
  counters.shed += kept.shed;
  counters.refused += kept.refused;
  counters.discarded += kept.discarded;
}
