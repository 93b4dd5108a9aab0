/**
 * Planted faults (docs/work-queue.md): each is put into a temporary copy of the sources, one at a time, and the suites of the
 * work queue run on it, in memory and on disk. A suite counts only if it catches each of them, and by an assertion: a plant
 * that merely crashes or hangs says nothing. Exit 1 when one is missed. `--only text`: plants with that text in their name.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DURABLE_PLANTS } from "./durable-plants.mjs";
import { tryPlants } from "./planting.mjs";
import { RULE_PLANTS } from "./rule-plants.mjs";

const SUITES = [
  "test/conformance/memory-store.test.ts",
  "test/conformance/sqlite-store.test.ts",
  "test/property/work-queue.test.ts",
  "test/property/shares.test.ts",
  "test/unit/stores/sqlite-crash-order.test.ts",
];

const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const PLANTS = [...RULE_PLANTS, ...DURABLE_PLANTS].filter(({ name }) => name.includes(values.only));
if (PLANTS.length === 0) throw new Error(`no plant has "${values.only}" in its name`);

process.exitCode = tryPlants(PLANTS, verdict) === 0 ? 0 : 1;

/** What the suites say of the copy as it is. */
function verdict(scratch) {
  const vitest = join(scratch, "node_modules", "vitest", "vitest.mjs");
  const run = spawnSync(process.execPath, [vitest, "run", "--bail", "1", ...SUITES], {
    cwd: scratch,
    encoding: "utf8",
    timeout: 180_000,
  });
  if (run.status === 0) return "MISSED";
  if (/AssertionError/u.test(run.stdout + run.stderr)) return "caught";
  console.log((run.stdout + run.stderr).trimEnd().split("\n").slice(-15).join("\n"));
  return "CRASHED";
}
