/** Programs that are not npm packages: installed by the distribution's own tool where we may, else named. */
import { spawnSync } from "node:child_process";
import { BootstrapError, run, say } from "./bootstrap.mjs";
import { MACHINE_NEEDS } from "./steps.mjs";

/** Brings what the given steps need and the machine lacks. */
export async function installMachineNeeds(steps) {
  const missing = MACHINE_NEEDS.filter(
    (need) => steps.some((step) => step.name === need.step) && !isInstalled(need.program),
  );
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.debian);
  const reasons = missing.map((need) => `${need.debian} (${need.reason})`).join(", ");
  if (process.getuid?.() !== 0 || !isInstalled("apt-get")) {
    throw new BootstrapError(
      `the tests need ${reasons}: install it, for example: sudo apt-get install ${packages.join(" ")}`,
    );
  }
  say(`installing ${reasons} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  const result = await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
  if (result.code !== 0) {
    throw new BootstrapError(
      `apt-get could not install ${packages.join(", ")}:\n${result.output.trim().split("\n").slice(-8).join("\n")}`,
    );
  }
}

function isInstalled(program) {
  return spawnSync(process.platform === "win32" ? "where" : "which", [program]).status === 0;
}
