/**
 * `npm test` (all steps), `npm run check` (the quick ones), or steps by name: `node scripts/test.mjs unit lint`.
 *
 *  T1 Each step is named and timed; the first that fails ends the run (`--keep-going`: the rest runs all the same).
 *  T2 The counts are those of the test runner's own report, added up; a suite that ran no test has failed.
 *  T3 The last line is `N passed, N failed`, with `, N skipped` where some were. A failed step that is no test counts as one failed.
 *  T4 The exit code is 0 only when every step that was asked for ran and passed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BootstrapError, environmentFor, main, prepareTools, root, run, say, toolPath } from "./bootstrap.mjs";
import { installMachineNeeds } from "./machine.mjs";
import { stepsFor } from "./steps.mjs";

await main(async () => {
  const flags = new Set(process.argv.slice(2).filter((arg) => arg.startsWith("--")));
  const steps = stepsFor(process.argv.slice(2).filter((arg) => !arg.startsWith("--")));
  const unknown = [...flags].filter((flag) => flag !== "--keep-going");
  if (unknown.length > 0) throw new BootstrapError(`unknown option ${unknown.join(", ")}; there is: --keep-going`);
  const node = await prepareTools();
  await installMachineNeeds(steps);
  return runSteps(node, steps, flags.has("--keep-going"));
});

async function runSteps(node, steps, keepGoing) {
  const reports = mkdtempSync(join(tmpdir(), "ringfirst-test-"));
  const total = { passed: 0, failed: 0, skipped: 0 };
  const lines = [];
  let ran = 0;
  try {
    for (const step of steps) {
      console.log(`\n── ${step.name} ──`);
      const startedAt = performance.now();
      const result = await runStep(node, step, reports);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      for (const key of Object.keys(total)) total[key] += result.counts[key];
      ran += 1;
      lines.push(`${result.ok ? "ok    " : "FAILED"} ${step.name.padEnd(12)} ${seconds.padStart(6)} s  ${result.note}`);
      console.log(lines.at(-1));
      if (!result.ok && !keepGoing) break;
    }
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  console.log(`\n${lines.join("\n")}`);
  if (ran < steps.length) console.log(`not run: ${steps.slice(ran).map((step) => step.name).join(", ")}`); // prettier-ignore
  console.log(
    `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`,
  );
  return total.failed === 0 && ran === steps.length ? 0 : 1;
}

async function runStep(node, step, reports) {
  try {
    if (step.kind === "suite") return await runSuite(node, step, reports);
    if (step.kind === "task") return await runTask(node, step);
    return await runTool(node, step);
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    say(error.message);
    return failedStep("see above");
  }
}

/** A tool's output is shown only when it has something to complain about. */
async function runTool(node, step) {
  const { code, output } = await run(node, [toolPath(step.packageName, step.command), ...step.args], {
    env: environmentFor(node),
    timeout: step.limitMs,
  });
  if (code === 0) return passedStep();
  console.log(output.trimEnd());
  return failedStep(
    code === null ? `ended without an exit code (limit ${step.limitMs / 1_000} s)` : `exit code ${code}`,
  );
}

async function runTask(node, step) {
  await step.run(node);
  return passedStep();
}

async function runSuite(node, step, reports) {
  const report = join(reports, `${step.name}.json`);
  const args = [
    toolPath("vitest", "vitest"),
    "run",
    `--project=${step.project}`,
    "--allowOnly=false",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const code = await runInherited(node, args, step.limitMs);
  const counts = readCounts(report);
  if (counts === undefined) return failedStep(`the test runner left no report (exit code ${code})`);
  const note = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  if (counts.passed + counts.failed === 0) return failedStep("ran no test", counts);
  if (code !== 0 && counts.failed === 0) return failedStep(`${note}, yet exit code ${code}`, counts);
  return { ok: code === 0, counts, note };
}

function runInherited(node, args, limitMs) {
  return new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: environmentFor(node),
      timeout: limitMs,
    });
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code));
  });
}

/** What the runner says that it ran (T2). */
function readCounts(report) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    return undefined;
  }
}

function passedStep() {
  return { ok: true, counts: { passed: 0, failed: 0, skipped: 0 }, note: "" };
}

function failedStep(note, counts = { passed: 0, failed: 0, skipped: 0 }) {
  return { ok: false, counts: { ...counts, failed: counts.failed + 1 }, note };
}
