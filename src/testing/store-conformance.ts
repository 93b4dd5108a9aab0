/**
 * The conformance suite of the work queue: what every store must do, rule by rule (QUEUE.md, Q1 to Q14). It is the same
 * for our stores and for yours; the test runner is handed in.
 *
 * @example
 * ```ts
 * import { test } from "node:test";
 * import { memoryStore } from "ringfirst/work-queue";
 * import { storeConformance } from "ringfirst/testing";
 *
 * storeConformance({
 *   test: (name, run) => void test(name, run),
 *   skip: (name, reason) => void test(name, { skip: reason }),
 *   create: () => memoryStore(),
 * });
 * ```
 */
import type { Store, StoreConfig, StoreDriver } from "../ports/store.ts";
import { BOUNDS_CASES } from "./conformance-bounds.ts";
import type { ConformanceCase } from "./conformance-kit.ts";
import { BASE_CONFIG, Kit } from "./conformance-kit.ts";
import { LIFE_CASES } from "./conformance-life.ts";
import { ORDER_CASES } from "./conformance-order.ts";
import { RESTART_CASES } from "./conformance-restart.ts";
import { RETURN_CASES } from "./conformance-return.ts";

/** What the suite needs to know of a store. */
export interface StoreConformanceOptions {
  /** Registers a test. */
  readonly test: (name: string, run: () => Promise<void>) => void;
  /** Registers a test that can't be run, with the reason. */
  readonly skip: (name: string, reason: string) => void;
  /** A driver with a place of its own for each test; opening it twice opens the same place. */
  readonly create: () => StoreDriver | Promise<StoreDriver>;
  /**
   * Ends an open store as `kill -9` would: nothing more is written, and the place can be opened again. Absent: the store
   * keeps nothing over a restart.
   */
  readonly crash?: (store: Store) => Promise<void>;
}

const CASES: readonly ConformanceCase[] = [
  ...ORDER_CASES,
  ...LIFE_CASES,
  ...BOUNDS_CASES,
  ...RESTART_CASES,
  ...RETURN_CASES,
];

/** Registers the whole suite with the test runner that was handed in. */
export function storeConformance(options: StoreConformanceOptions): void {
  for (const one of CASES) {
    if (one.durable === true && options.crash === undefined) {
      options.skip(one.name, "this store keeps nothing over a restart");
      continue;
    }
    options.test(one.name, async () => {
      const config: StoreConfig = { ...BASE_CONFIG, ...one.config };
      const kit = await Kit.open(await options.create(), config, options.crash);
      try {
        await one.run(kit);
      } finally {
        await kit.store.close();
      }
    });
  }
}
