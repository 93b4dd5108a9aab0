/**
 * Making room in one sink's work queue (Q10): whom to shed for a newcomer, all or nothing.
 *
 * The newcomer's class is that of its lane as it would be with it, determined once; while room is made, lanes are taken as
 * they stand, without it.
 */
import type { EntryRows } from "./entry-rows.ts";
import type { Lanes } from "./lanes.ts";
import { NONE } from "./sorted-runs.ts";

/** Lanes listed for shedding with each admission near a limit: all are, long before it is reached. */
const LIST_AT_ONCE = 8;

/** The bounds of one sink. */
export interface RoomLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** By rank. */
  readonly neverShed: readonly boolean[];
}

/** What takes a waiting entry out of its lane, and puts it back as it was. */
export interface RoomHost {
  readonly detach: (entry: number) => void;
  readonly attach: (entry: number) => void;
}

/** The shedding of one sink (see the top of this file). */
export class Room<P> {
  readonly #limits: RoomLimits;
  readonly #lanes: Lanes<P>;
  readonly #rows: EntryRows;
  readonly #host: RoomHost;

  constructor(limits: RoomLimits, lanes: Lanes<P>, rows: EntryRows, host: RoomHost) {
    this.#limits = limits;
    this.#lanes = lanes;
    this.#rows = rows;
    this.#host = host;
  }

  /**
   * Takes out what must be shed until `events` and `bytes` are no longer above the limits; undefined, and nothing taken out,
   * when there is not enough.
   */
  make(newcomerRank: number, events: number, bytes: number): number[] | undefined {
    if (!this.#isThere(newcomerRank, events, bytes)) return undefined;
    this.#lanes.listForShedding(Infinity);
    const shed: number[] = [];
    let eventsOver = events;
    let bytesOver = bytes;
    while (eventsOver > 0 || bytesOver > 0) {
      const entry = this.#next(newcomerRank);
      if (entry === NONE) {
        for (const back of shed.toReversed()) this.#host.attach(back);
        return undefined;
      }
      this.#host.detach(entry);
      shed.push(entry);
      eventsOver -= 1;
      bytesOver -= this.#rows.bytes(entry);
    }
    return shed;
  }

  /** Keeps the shed order while the sink, holding so much, is near a limit. */
  watch(events: number, bytes: number): void {
    const { maxEvents, maxBytes } = this.#limits;
    if (events > maxEvents * 0.75 || bytes > maxBytes * 0.75) this.#lanes.listForShedding(LIST_AT_ONCE);
    else if (events < maxEvents * 0.5 && bytes < maxBytes * 0.5) this.#lanes.forgetShedding();
  }

  /** Whether there is enough to shed, by the sums; so that a full queue refuses in O(1). */
  #isThere(newcomerRank: number, events: number, bytes: number): boolean {
    const { neverShed } = this.#limits;
    let eventsThere = 0;
    let bytesThere = 0;
    for (let rank = newcomerRank; rank < neverShed.length; rank += 1) {
      if (neverShed[rank]!) continue;
      eventsThere += this.#lanes.waitingIn(rank);
      bytesThere += this.#lanes.bytesIn(rank);
    }
    return eventsThere >= events && bytesThere >= bytes;
  }

  #next(newcomerRank: number): number {
    const { neverShed } = this.#limits;
    for (let rank = neverShed.length - 1; rank >= newcomerRank; rank -= 1) {
      if (neverShed[rank]!) continue;
      const lane = this.#lanes.firstSheddable(rank);
      if (lane !== NONE) return this.#lanes.head(lane);
    }
    return NONE;
  }
}
