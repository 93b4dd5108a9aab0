/** The store on disk and the conformance suite, ended as `kill -9` does where a case says so. */
import { afterEach, describe, test } from "vitest";
import { storeConformance } from "../../src/testing/store-conformance.ts";
import { killSqlite, sqlitePlace } from "../support/sqlite-place.ts";

describe("sqliteStore", () => {
  const left: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const dispose of left.splice(0)) await dispose();
  });

  storeConformance({
    test: (name, run) => test(name, run),
    skip: (name, reason) => test.skip(`${name} (${reason})`, () => undefined),
    create: () => {
      const { driver, dispose } = sqlitePlace("full");
      left.push(dispose);
      return driver;
    },
    crash: killSqlite,
  });
});
