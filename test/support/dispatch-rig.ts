/** A dispatcher over a simple store and a fake clock, for tests. */
import type { LogFields, Logger } from "../../src/ports/logger.ts";
import type { NewEnvelope } from "../../src/ports/store.ts";
import type { ConsumerSettings, Dispatch } from "../../src/pipeline/dispatch.ts";
import { createDispatch } from "../../src/pipeline/dispatch.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import type { SimpleStore } from "./simple-store.ts";
import { simpleStore } from "./simple-store.ts";

/** The parts, and short words for what tests do most. */
export interface DispatchRig {
  readonly clock: FakeClock;
  readonly store: SimpleStore;
  readonly dispatch: Dispatch;
  readonly lines: string[];
  settings(given?: Partial<ConsumerSettings>): ConsumerSettings;
  /** Puts envelopes in and tells the dispatcher, as the work queue does. */
  admit(...envelopes: (Partial<NewEnvelope> & { readonly sink?: string })[]): Promise<void>;
  states(): readonly string[];
}

/** A rig with an empty store. */
export function dispatchRig(store: SimpleStore = simpleStore()): DispatchRig {
  const clock = createFakeClock();
  const lines: string[] = [];
  const log =
    (level: string) =>
    (_fields: LogFields, message: string): void => {
      lines.push(`${level} ${message}`);
    };
  const logger: Logger = {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: () => logger,
  };
  const dispatch = createDispatch({ store, clock, now: () => clock.now(), logger });
  return {
    clock,
    store,
    dispatch,
    lines,
    settings: (given = {}) => ({
      concurrency: 16,
      reserve: {},
      leaseMs: 30_000,
      timeoutMs: 60_000,
      maxAttempts: 8,
      backoff: { initialMs: 200, maxMs: 60_000 },
      drainMs: 10_000,
      listener: {},
      ...given,
    }),
    async admit(...envelopes) {
      for (const envelope of envelopes) store.put(envelope, clock.now());
      dispatch.admitted(
        envelopes.map(({ sink = "crm" }) => ({ id: "", class: "", payload: new Uint8Array(0), sinks: [sink] })),
      );
      await clock.settle();
    },
    states: () => store.entries.map(({ state }) => state),
  };
}
