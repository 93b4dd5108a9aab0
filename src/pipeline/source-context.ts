/** What a source is given: the way into ingest, the gap ledger, and counters that status shows. */
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Net } from "../ports/net.ts";
import type { SourceContext } from "../ports/source.ts";
import type { GapLedger } from "./gaps.ts";
import type { Ingest } from "./ingest.ts";
import type { SourceTally } from "./status.ts";

/** A flood of broken frames must not become a flood of lines; all are counted. */
const TELL_EVERY_MS = 10_000;

/** Rooms that a source's context leads to. */
export interface SourceRooms {
  readonly clock: Clock;
  readonly net: Net;
  readonly logger: Logger;
  readonly ingest: Ingest;
  readonly gaps: GapLedger;
}

/** The context of one source; what goes through it is counted in `tally`. */
export function createSourceContext(tally: SourceTally, rooms: SourceRooms): SourceContext {
  const { clock, net, ingest, gaps } = rooms;
  const { name } = tally.source;
  const logger = rooms.logger.child({ source: name });
  let toldAt = -Infinity;
  const count = (events: number): void => {
    tally.received += events;
    tally.lastEventAt = clock.now();
  };
  return {
    clock,
    net,
    logger,
    receive(event) {
      count(1);
      return ingest.receive(name, event);
    },
    admit(events) {
      count(events.length);
      return ingest.admit(name, events);
    },
    malformed(reason, sample) {
      tally.malformed += 1;
      if (clock.monotonic() - toldAt < TELL_EVERY_MS) return;
      toldAt = clock.monotonic();
      const line = `${name}: a frame does not parse: ${reason}; it goes on raw, as an event without a topic`;
      logger.warn({ malformed: tally.malformed, sample }, line);
    },
    settled: () => ingest.settled(),
    openGap: (report) => gaps.open(name, report),
  };
}
