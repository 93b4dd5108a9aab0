/**
 * The work queue beside the reference model: the same random verbs, every answer equal; on stores that keep their content, with
 * restarts and crashes between the verbs and in the middle of them. `RINGFIRST_RUNS` multiplies the number of runs.
 */
import fc from "fast-check";
import { describe, test } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { checkProperty } from "../support/check-property.ts";
import { killModelStore, modelStore } from "../support/model-store.ts";
import type { QueueStep } from "../support/queue-steps.ts";
import { configs, durableSteps, lastingSteps, take } from "../support/queue-steps.ts";
import type { WalkedStore } from "../support/queue-walk.ts";
import { QueueWalk } from "../support/queue-walk.ts";
import { nearSqlitePlace } from "../support/sqlite-place.ts";

const FILE = "test/property/work-queue.test.ts";
const START = 1_000;
const nothing = async (): Promise<void> => undefined;

interface Place {
  readonly name: string;
  readonly numRuns: number;
  readonly steps: fc.Arbitrary<QueueStep[]>;
  readonly open: () => WalkedStore;
}

const PLACES: readonly Place[] = [
  {
    name: "in memory answers every verb as the reference model does",
    numRuns: 1_500,
    steps: lastingSteps,
    open: () => ({ driver: memoryStore(), dispose: nothing }),
  },
  {
    name: "on disk answers every verb as the reference model does, over restarts and crashes",
    numRuns: 400,
    steps: durableSteps,
    open: () => nearSqlitePlace(),
  },
  {
    name: "made of the model itself agrees with it, so that the walks are sound",
    numRuns: 100,
    steps: durableSteps,
    open: () => ({ driver: modelStore(), kill: killModelStore, dispose: nothing }),
  },
];

describe("the work queue", () => {
  test.each(PLACES)("$name", { timeout: 600_000 }, async ({ name, numRuns, steps, open }) => {
    const property = fc.asyncProperty(configs, steps, async (setup, run) => {
      const walk = await QueueWalk.begin(open(), setup, START);
      try {
        for (const step of run) {
          await take(step, walk);
          await walk.compare();
        }
      } finally {
        await walk.end();
      }
    });
    await checkProperty(property, { file: FILE, test: name, numRuns });
  });
});
