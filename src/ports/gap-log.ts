/** The gap log port: what keeps the gap ledger over restarts, and with it until when a service was there. */
import type { GapChange, GapRecord } from "../core/gap.ts";

/** What was kept. */
export interface KeptGaps {
  /** Oldest first. */
  readonly gaps: readonly GapRecord[];
  /** The highest number that was given. */
  readonly total: number;
  /** Of the numbers up to that so many were never given. @defaultValue `0` */
  readonly skipped?: number;
  /** Sources of the last run. */
  readonly sources: readonly string[];
  /** When each source last looked up what there is to subscribe; epoch milliseconds. */
  readonly looked: ReadonlyMap<string, number>;
  /** Until when each source was surely sent all that it had subscribed, of those that ask for it; epoch milliseconds. */
  readonly whole: ReadonlyMap<string, number>;
  /** Epoch milliseconds: until then the last run was surely there; undefined: there was none. */
  readonly aliveAt: number | undefined;
  /** Parts that could not be read. */
  readonly damaged: number;
  /** Why nothing of it could be read, in one line: it is there, and what it holds is not known yet. @defaultValue it was read */
  readonly unread?: string | undefined;
}

/** Keeps gaps. Nothing here is waited for by the line; what is noted later is never kept without what was noted earlier. */
export interface GapLog {
  /**
   * Opens it. Never rejects: what can't be read is told by `trouble`, `damaged` and `unread`.
   *
   * @param late - what is `unread` is never written over, but read again before each writing: told once what it held, when that
   * works. Numbers of gaps that are noted until then must be greater than any that it may hold.
   */
  load(late?: (kept: KeptGaps) => void): Promise<KeptGaps>;
  note(change: GapChange): void;
  /** The service was there at this time (whole epoch milliseconds). */
  alive(at: number): void;
  /** Why nothing is kept at the moment, in one line. What is noted meanwhile is kept once it works again. */
  readonly trouble: string | undefined;
  /** Resolves when all that was noted is kept, or can't be. Idempotent. */
  close(): Promise<void>;
}
