/** What lines counted that nobody needs any more: their sums stay, so that no counter of a source falls while it lives. */
import type { ConnectionStatus, RetiredConnections } from "../../ports/source.ts";

/** The sums of retired lines. */
export class RetiredLines {
  #sums: RetiredConnections | undefined;

  /** For the status; undefined while there is none. */
  get sums(): RetiredConnections | undefined {
    return this.#sums;
  }

  /** A line goes; this is how it stood. */
  add({ reconnects, overlaps = { count: 0, ms: 0, folded: 0, since: undefined } }: ConnectionStatus): void {
    const before = this.#sums ?? { reconnects: 0, overlaps: { count: 0, ms: 0, folded: 0 } };
    const { count, ms, folded } = before.overlaps;
    this.#sums = {
      reconnects: before.reconnects + reconnects,
      overlaps: { count: count + overlaps.count, ms: ms + overlaps.ms, folded: folded + overlaps.folded },
    };
  }
}
