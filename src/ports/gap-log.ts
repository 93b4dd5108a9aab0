/** The gap log port: what keeps the gap ledger over restarts, and with it until when a service was there. */
import type { GapChange, GapRecord } from "../core/gap.ts";

/** What was kept. */
export interface KeptGaps {
  /** Oldest first. */
  readonly gaps: readonly GapRecord[];
  /** The highest number that was given. */
  readonly total: number;
  /** Sources of the last run. */
  readonly sources: readonly string[];
  /** When each source last looked up what there is to subscribe; epoch milliseconds. */
  readonly looked: ReadonlyMap<string, number>;
  /** Epoch milliseconds: until then the last run was surely there; undefined: there was none. */
  readonly aliveAt: number | undefined;
  /** Parts that could not be read. */
  readonly damaged: number;
}

/** Keeps gaps. Nothing here is waited for by the line; what is noted later is never kept without what was noted earlier. */
export interface GapLog {
  /** Opens it. Never rejects: what can't be read is told by `trouble` and `damaged`. */
  load(): Promise<KeptGaps>;
  note(change: GapChange): void;
  /** The service was there at this time (whole epoch milliseconds). */
  alive(at: number): void;
  /** Why nothing is kept at the moment, in one line. What is noted meanwhile is kept once it works again. */
  readonly trouble: string | undefined;
  /** Resolves when all that was noted is kept, or can't be. Idempotent. */
  close(): Promise<void>;
}
