/**
 * `npm run test:disk`: the long version of the tests of disks that fail. First the sweeps of `test/faults/sqlite-*.test.ts`
 * with more and longer faults; then a real process whose system calls are made to fail by strace, where there is one that may.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environmentFor, main, prepareTools, root, run, say, toolPath } from "./bootstrap.mjs";

const EVENTS = 3_000;
/** What fails, and when, in the words of strace. */
const INJECTIONS = [
  "fdatasync:error=EIO:when=3",
  "fdatasync:error=EIO:when=5+40",
  "pwrite64:error=ENOSPC:when=120",
  "pwrite64:error=ENOSPC:when=150..180",
  "pwrite64:error=EIO:when=120+200",
];

await main(async () => {
  const node = await prepareTools();
  const vitest = [toolPath("vitest", "vitest"), "run", "--project=faults", "test/faults/sqlite-"];
  const sweeps = spawnSync(node, vitest, {
    cwd: root,
    stdio: "inherit",
    env: { ...environmentFor(node), RINGFIRST_DISK: "long" },
  });
  if (sweeps.status !== 0) return 1;
  if (spawnSync("strace", ["-f", "true"]).status !== 0) {
    say("system calls are not made to fail: strace is not installed, or may not trace here");
    return 0;
  }
  return await injectAll(node);
});

async function injectAll(node) {
  let failed = 0;
  for (const injection of INJECTIONS) {
    const folder = mkdtempSync(join(root, "data-disk-"));
    try {
      const program = [node, join(root, "test", "support", "disk-child.ts"), join(folder, "queue.db"), String(EVENTS)];
      const call = injection.split(":")[0];
      const traced = ["-f", "-qq", "-e", `trace=${call}`, "-e", `inject=${injection}`, "-o", "/dev/null", ...program];
      const { code, output } = await run("strace", traced, { timeout: 120_000 });
      const verdict = judge(code, output);
      if (verdict !== undefined) failed += 1;
      console.log(`${verdict === undefined ? "ok    " : "FAILED"} ${injection}  ${verdict ?? output.trim()}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  console.log(`${INJECTIONS.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** What did not hold. */
function judge(code, output) {
  if (code !== 0) return `ended with ${code}: ${output.trim().slice(-400)}`;
  const { acknowledged, lost, told } = JSON.parse(output.trim().split("\n").at(-1));
  if (acknowledged !== EVENTS || lost > 0) return `${acknowledged} acknowledged, ${lost} of them lost`;
  return told === 0 ? "nothing was told of the trouble" : undefined;
}
