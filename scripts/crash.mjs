/**
 * `npm run test:crash`: kills the work queue on disk 300 times and judges the whole history (test/crash/main.ts). Options are
 * handed on: `--rounds 20 --seed 7`.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { environmentFor, main, prepareTools, root } from "./bootstrap.mjs";

await main(async () => {
  const node = await prepareTools();
  return new Promise((resolve) => {
    const child = spawn(node, [join(root, "test", "crash", "main.ts"), ...process.argv.slice(2)], {
      cwd: root,
      stdio: "inherit",
      env: environmentFor(node),
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
});
