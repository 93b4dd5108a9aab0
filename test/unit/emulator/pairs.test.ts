import { expect, test } from "vitest";
import { readPairs } from "../../../src/cli/emulate/pairs.ts";
import { createEmulator } from "../../../src/emulator/index.ts";

test("repeated options become members: numbers and yes-or-no as such, all else as text, the last of a name", () => {
  const given = [
    "replacedCode=4000",
    "combinedCountsAsOne=true",
    "tokenEnd=close",
    "tokenEnd=notice",
    "onQueueInRest=a=b",
  ];
  expect(readPairs("--switch", given)).toEqual({
    replacedCode: 4000,
    combinedCountsAsOne: true,
    tokenEnd: "notice",
    onQueueInRest: "a=b",
  });
});

test.each(["tokenEnd", "=notice", ""])("%j is no pair", (text) => {
  expect(() => readPairs("--switch", [text])).toThrow(`--switch takes name=value, got ${text}`);
});

test.each([
  ["--switch tokenEnd", { switches: readPairs("--switch", ["tokenEnd=never"]) }],
  ["--limit channelsPerClient", { limits: readPairs("--limit", ["channelsPerClient=none"]) }],
  ["--limit that isn't there", { limits: readPairs("--limit", ["channels=3"]) }],
])("a wrong value of %s is refused by the emulator", (_name, options) => {
  expect(() => createEmulator({ callsPerHour: 0, ...options })).toThrow(/must be|there is no limit/);
});
