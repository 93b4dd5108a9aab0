/**
 * `npm run test:sim`: the whole service in virtual time, seeds on all cores (test/simulation/main.ts): `--seeds 500` from `--from 1`,
 * `--minutes 10`, or one seed again with `--seed 7 --only 3,8 --trace`. `--plants`: planted faults, each put into a temporary copy
 * of the sources, must be found within `--seeds` (60) seeds; `--plant text`: those with that text in their name.
 */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { environmentFor, main, prepareTools, root } from "./bootstrap.mjs";
import { tryPlants } from "./planting.mjs";
import { SIMULATION_PLANTS } from "./simulation-plants.mjs";

const MAIN = join("test", "simulation", "main.ts");
const PLANT_LIMIT_MS = 240_000;
const { values } = parseArgs({
  strict: false,
  options: { plants: { type: "boolean" }, plant: { type: "string" }, seeds: { type: "string" } },
});

await main(async () => {
  const node = await prepareTools();
  if (values.plants || values.plant !== undefined) return plantAll(node, values.plant ?? "", values.seeds ?? "60");
  return new Promise((resolve) => {
    const child = spawn(node, [join(root, MAIN), ...process.argv.slice(2)], {
      cwd: root,
      stdio: "inherit",
      env: environmentFor(node),
    });
    // From a terminal it hears of them itself; its threads end with it.
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    child.on("close", (code) => resolve(code ?? 1));
  });
});

function plantAll(node, text, seeds) {
  const plants = SIMULATION_PLANTS.filter(({ name }) => name.includes(text));
  if (plants.length === 0) throw new Error(`no plant has "${text}" in its name`);
  return tryPlants(plants, (folder) => verdict(node, folder, seeds)) === 0 ? 0 : 1;
}

/** A finding of a check counts; a program that breaks down says nothing. */
function verdict(node, folder, seeds) {
  const run = spawnSync(node, [MAIN, "--seeds", seeds, "--brief"], {
    cwd: folder,
    encoding: "utf8",
    timeout: PLANT_LIMIT_MS,
    env: environmentFor(node),
  });
  if (run.status === 0) return `MISSED in ${seeds} seeds`;
  const finding = /^seed (\d+): (.+)$/mu.exec(run.stdout ?? "");
  if (finding !== null) return `caught by seed ${finding[1]} (${finding[2].slice(0, 90)})`;
  console.log(((run.stdout ?? "") + (run.stderr ?? "")).trimEnd().split("\n").slice(-15).join("\n"));
  return "CRASHED";
}
