/** The memory store and the conformance suite. */
import { describe, test } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { storeConformance } from "../../src/testing/store-conformance.ts";

describe("memoryStore", () => {
  storeConformance({
    test: (name, run) => test(name, run),
    skip: (name, reason) => test.skip(`${name} (${reason})`, () => undefined),
    create: () => memoryStore(),
  });
});
