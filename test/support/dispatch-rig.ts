/** A dispatcher over a simple store and a fake clock, for tests. */
import type { LogFields, Logger } from "../../src/ports/logger.ts";
import type { DeliveryContext } from "../../src/ports/sink.ts";
import type { ClaimedEnvelope, NewEnvelope } from "../../src/ports/store.ts";
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

/** An envelope as a claim gives it. */
export function claimed(seq: number): ClaimedEnvelope {
  const base = {
    class: "standard",
    laneClass: "standard",
    key: undefined,
    attempt: 1,
    redriven: 0,
    waitedMs: 0,
    replaced: 0,
  };
  return { ...base, token: seq, seq, id: `e${seq}`, payload: new Uint8Array(0) };
}

/** A handler that tests answer by hand, in any order. */
export function byHand(): {
  readonly handler: (envelope: ClaimedEnvelope, context: DeliveryContext) => Promise<unknown>;
  readonly out: Map<
    string,
    {
      readonly done: (answer?: unknown) => void;
      readonly fail: (reason: unknown) => void;
      readonly context: DeliveryContext;
    }
  >;
  readonly started: string[];
} {
  const out: ReturnType<typeof byHand>["out"] = new Map();
  const started: string[] = [];
  return {
    out,
    started,
    handler: (envelope, context) => {
      started.push(envelope.id);
      return new Promise((resolve, reject) => {
        out.set(envelope.id, { done: resolve, fail: reject, context });
      });
    },
  };
}
