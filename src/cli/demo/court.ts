/**
 * The judge at work: reads the emulator's ledger to its end, again and again, and lets it judge what was delivered before.
 */
import { hash } from "node:crypto";
import type { Origin } from "../../core/event-record.ts";
import type { LedgerPage } from "../../emulator/index.ts";
import { createJudge, type ProducedEvent, type Verdict } from "./judge.ts";

/** Events asked for at a time. */
export const LEDGER_PAGE = 20_000;

/** Takes deliveries and judges them against the ledger. */
export interface Court {
  /** To be called at the start of each delivery. The ledger knows of live events only: states that were asked for are counted. */
  delivered(topic: string, body: Uint8Array, origin?: Origin): void;
  /** Deliveries of states that were asked for after a gap. */
  readonly reconciledCount: number;
  /** Reads the ledger to its end and judges what was delivered until then. One at a time; a second call joins the first. */
  sit(): Promise<Verdict>;
  /** As of the last sitting. */
  verdict(): Verdict;
  missing(limit: number): readonly ProducedEvent[];
  /** Events that the ledger had forgotten before they were read; not zero: nothing can be said about loss. */
  readonly unreadCount: number;
}

/** A court over the ledger that `read` gives in pages of {@link LEDGER_PAGE}. */
export function createCourt(read: (after: number) => Promise<LedgerPage>): Court {
  const judge = createJudge();
  let after = 0;
  let unread = 0;
  let reconciled = 0;
  let sitting: Promise<Verdict> | undefined;

  const sit = async (): Promise<Verdict> => {
    const known = judge.pendingCount;
    for (;;) {
      const page = await read(after);
      const first = page.events[0]?.n ?? page.oldest;
      unread += Math.max(0, first - after - 1);
      judge.produced(page.events);
      after = page.next;
      // A short page ends where the ledger ended when it was asked, and that was after the last known delivery.
      if (page.events.length < LEDGER_PAGE) break;
    }
    judge.judge(known);
    return judge.verdict();
  };

  return {
    delivered(topic, body, origin) {
      if (origin === "reconciled") reconciled += 1;
      else judge.delivered({ topic, hash: hash("sha256", body, "hex").slice(0, 16) });
    },
    get reconciledCount() {
      return reconciled;
    },
    sit() {
      sitting ??= sit().finally(() => {
        sitting = undefined;
      });
      return sitting;
    },
    verdict: () => judge.verdict(),
    missing: (limit) => judge.missing(limit),
    get unreadCount() {
      return unread;
    },
  };
}
