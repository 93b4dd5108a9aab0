/**
 * The gap ledger: every interval in which events may have been missed, per source, with its cause. Sources open and end
 * gaps; status and logs show them. Bounded: the oldest ended gap goes first.
 */
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { GapRecord } from "../ports/service.ts";
import type { GapReport, OpenGap } from "../ports/source.ts";

/** Gaps kept; more are counted, not kept. */
const MAX_GAPS = 1_000;
const RECENT = 20;

/** What is told when a gap begins and ends. */
export interface GapListener {
  gapOpened?(gap: GapRecord): void;
  gapEnded?(gap: GapRecord): void;
}

/** The ledger of one service. */
export interface GapLedger {
  open(source: string, report: GapReport): OpenGap;
  summary(): { readonly open: number; readonly total: number; readonly recent: readonly GapRecord[] };
  /** All that are kept, oldest first. */
  list(): readonly GapRecord[];
}

type MutableGap = { -readonly [K in keyof GapRecord]: GapRecord[K] };

/** An empty ledger. */
export function createGapLedger(options: {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: GapListener;
}): GapLedger {
  const { clock, logger, listener } = options;
  const gaps: MutableGap[] = [];
  let total = 0;

  const makeRoom = (): void => {
    if (gaps.length < MAX_GAPS) return;
    const ended = gaps.findIndex((gap) => gap.to !== undefined);
    gaps.splice(ended === -1 ? 0 : ended, 1);
  };

  return {
    open(source, report) {
      makeRoom();
      total += 1;
      const gap: MutableGap = {
        n: total,
        source,
        topics: report.topics,
        cause: report.cause,
        from: Math.min(report.from, clock.now()),
        to: undefined,
      };
      gaps.push(gap);
      const facts = { source, gap: gap.n, topics: report.topics.length };
      if (report.atStart === true) logger.debug(facts, `${source}: ${report.cause}`);
      else logger.warn(facts, `${source}: events may be missed from now on: ${report.cause}`);
      listener.gapOpened?.({ ...gap });
      return {
        end(to) {
          if (gap.to !== undefined) return;
          gap.to = Math.max(gap.from, to);
          const seconds = ((gap.to - gap.from) / 1_000).toFixed(1);
          const line = `${source}: whole again; ${seconds} s may be missing (gap ${gap.n}: ${gap.cause})`;
          if (report.atStart === true) logger.debug({ source, gap: gap.n }, line);
          else logger.info({ source, gap: gap.n }, line);
          listener.gapEnded?.({ ...gap });
        },
      };
    },
    summary() {
      const recent = gaps.slice(-RECENT).map((gap) => ({ ...gap }));
      return { open: gaps.filter((gap) => gap.to === undefined).length, total, recent };
    },
    list: () => gaps.map((gap) => ({ ...gap })),
  };
}
