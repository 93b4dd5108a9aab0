/**
 * `npm run test:properties`: the properties with fresh seeds, round after round, as `npm test` has the same seed each time.
 * `--minutes 10`: no round begins after that. `--only text`: files with that text in their path. Exit 1 when a round failed: its
 * seed is printed, and `RINGFIRST_SEED=… npm run test:property` repeats it.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { BootstrapError, environmentFor, main, prepareTools, root, toolPath } from "./bootstrap.mjs";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, only: { type: "string", default: "test/property/" } },
});

await main(async () => {
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new BootstrapError(`--minutes is ${values.minutes}; it takes a number above 0`);
  const node = await prepareTools();
  const until = performance.now() + minutes * 60_000;
  const failed = [];
  let rounds = 0;
  while (performance.now() < until) {
    const seed = randomInt(2 ** 31);
    rounds += 1;
    if (!isRoundGood(node, seed)) failed.push(seed);
  }
  console.log(`${rounds} rounds, ${failed.length} failed${failed.length > 0 ? `: seeds ${failed.join(", ")}` : ""}`);
  return failed.length === 0 ? 0 : 1;
});

/** What a round prints is shown only where it failed. */
function isRoundGood(node, seed) {
  const args = [toolPath("vitest", "vitest"), "run", "--project=property", "--reporter=dot", values.only];
  const run = spawnSync(node, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...environmentFor(node), RINGFIRST_SEED: String(seed) },
  });
  console.log(`${run.status === 0 ? "ok    " : "FAILED"} seed ${seed}`);
  if (run.status !== 0) console.log((run.stdout + run.stderr).trimEnd());
  return run.status === 0;
}
