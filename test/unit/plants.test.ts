import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Plant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
}

/** Plain JavaScript, as all scripts are; by a path that the compiler does not follow. */
async function plantsOf(script: string, list: string): Promise<readonly Plant[]> {
  const module = (await import(new URL(`../../scripts/${script}`, import.meta.url).href)) as Record<string, Plant[]>;
  return module[list] ?? [];
}

/** Planted faults are tried by `npm run test:mutants` and `npm run test:sim -- --plants` only; that their places are still there is looked at here. */
test("each planted fault has its place in the sources, once", async () => {
  const plants = [
    ...(await plantsOf("rule-plants.mjs", "RULE_PLANTS")),
    ...(await plantsOf("durable-plants.mjs", "DURABLE_PLANTS")),
    ...(await plantsOf("simulation-plants.mjs", "SIMULATION_PLANTS")),
  ];
  expect(plants.length).toBeGreaterThan(50);
  const lost = plants.filter(({ file, find }) => readFileSync(file, "utf8").split(find).length !== 2);
  expect(lost.map(({ name }) => name)).toEqual([]);
});
