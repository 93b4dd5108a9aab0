import { describe, test } from "vitest";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { killModelStore, modelStore } from "../support/model-store.ts";

/** The reference model and the conformance suite say the same of every rule but the shares, which the model leaves out. */
describe("the reference model", () => {
  storeConformance({
    test: (name, run) => {
      if (!name.startsWith("Q3")) test(name, run);
    },
    skip: (name, reason) => test.skip(`${name} (${reason})`, () => undefined),
    create: () => modelStore(),
    crash: killModelStore,
  });
});
