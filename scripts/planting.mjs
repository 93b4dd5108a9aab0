/** Puts planted faults into a temporary copy of the sources, one at a time, and asks what finds them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Tries each plant. `verdict(folder)`: what is said of a copy as it is, "MISSED" when nothing is found, "caught" when it is found, anything
 * else when it can't be said; it may add words. Answers how many were not caught.
 */
export function tryPlants(plants, verdict) {
  const scratch = mkdtempSync(join(tmpdir(), "ringfirst-mutants-"));
  let missed = 0;
  try {
    for (const folder of ["src", "test"]) cpSync(join(ROOT, folder), join(scratch, folder), { recursive: true });
    for (const file of ["package.json", "vitest.config.ts", "tsconfig.json"])
      cpSync(join(ROOT, file), join(scratch, file));
    symlinkSync(join(ROOT, "node_modules"), join(scratch, "node_modules"));
    const sound = verdict(scratch);
    if (!sound.startsWith("MISSED")) throw new Error(`the suites fail without a plant: ${sound}`);
    for (const plant of plants) {
      const file = join(scratch, plant.file);
      const source = readFileSync(file, "utf8");
      if (source.split(plant.find).length !== 2)
        throw new Error(`"${plant.name}": the text to replace is not there once`);
      writeFileSync(
        file,
        source.replace(plant.find, () => plant.replace),
      );
      const found = verdict(scratch);
      writeFileSync(file, source);
      if (!found.startsWith("caught")) missed += 1;
      console.log(`${found}  ${plant.name}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log(`${plants.length - missed} of ${plants.length} caught`);
  return missed;
}
