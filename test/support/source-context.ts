/** A context for a source under test: it keeps what the source gives. */
import type { GapFinding } from "../../src/core/gap.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Net } from "../../src/ports/net.ts";
import type { GapReport, IntakeResult, ReceivedEvent, SourceContext } from "../../src/ports/source.ts";
import type { LogSpy } from "./log-spy.ts";
import { createLogSpy } from "./log-spy.ts";

/** One event as it came, the body as text. */
export interface SeenEvent extends Omit<ReceivedEvent, "body"> {
  readonly text: string;
}

/** A gap with its end. */
export interface SeenGap extends Omit<GapReport, "cause"> {
  cause: string;
  to: number | undefined;
  asking: boolean | undefined;
  readonly findings: GapFinding[];
  withdrawn: boolean;
}

/** A context with what it saw. */
export interface SpyContext extends SourceContext {
  readonly logger: LogSpy;
  readonly events: SeenEvent[];
  readonly malformedReasons: string[];
  readonly malformedSamples: string[];
  readonly gaps: SeenGap[];
  /** What `receive` answers. */
  behind: boolean;
  /** What `admit` answers, and whether it waits. */
  admitting: (events: readonly ReceivedEvent[]) => Promise<readonly IntakeResult[]>;
  /** Resolves once `count` events were received. */
  received(count: number): Promise<readonly SeenEvent[]>;
}

export function createSpyContext(clock: Clock, net: Net): SpyContext {
  const events: SeenEvent[] = [];
  const waiters = new Set<() => void>();
  const decoder = new TextDecoder();
  const context: SpyContext = {
    clock,
    net,
    logger: createLogSpy(),
    events,
    malformedReasons: [],
    malformedSamples: [],
    gaps: [],
    behind: false,
    admitting: async (batch) =>
      batch.map((event, index) => ({
        status: "admitted",
        id: event.id ?? `made ${index}`,
        class: "standard",
        key: event.key,
        seq: index,
      })),
    settled: () => Promise.resolve(),
    receive({ body, ...event }) {
      events.push({ ...event, text: decoder.decode(body) });
      for (const waiter of waiters) waiter();
      return !context.behind;
    },
    admit: (batch) => context.admitting(batch),
    malformed(reason, sample) {
      context.malformedReasons.push(reason);
      if (sample !== undefined) context.malformedSamples.push(sample);
    },
    openGap(gap) {
      const seen: SeenGap = { ...gap, to: undefined, asking: undefined, findings: [], withdrawn: false };
      context.gaps.push(seen);
      return {
        from: gap.from,
        end(to, asking) {
          seen.to ??= to;
          seen.asking ??= asking !== undefined;
        },
        explain(cause) {
          seen.cause = cause;
        },
        settle(findings) {
          seen.findings.push(...findings);
        },
        withdraw() {
          seen.withdrawn = true;
          // As from the ledger: others have taken its place.
          context.gaps.splice(context.gaps.indexOf(seen), 1);
        },
      };
    },
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (events.length < count) return;
          waiters.delete(look);
          resolve(events);
        };
        waiters.add(look);
        look();
      }),
  };
  return context;
}
