/** Runs a property; one that fails says how to run just that case again, as one line. */
import fc from "fast-check";

/** `RINGFIRST_RUNS` multiplies the number of runs. */
const RUNS = Number(process.env["RINGFIRST_RUNS"] ?? "1");

/** Which test a property is, for the line that repeats it. */
export interface PropertyPlace {
  /** From the repository's folder. */
  readonly file: string;
  /** The test's own name. */
  readonly test: string;
  readonly numRuns: number;
}

/**
 * Checks an asynchronous property with the seed of the run (`property-seed.ts`); with `RINGFIRST_PATH` in the environment, one case only.
 *
 * @throws Error with the counterexample and the line that repeats it; its `cause` is what the property threw
 */
export async function checkProperty<T>(property: fc.IAsyncProperty<T>, place: PropertyPlace): Promise<void> {
  const { RINGFIRST_PATH: path } = process.env;
  const repeated = path === undefined ? {} : { path };
  const details = await fc.check(property, { numRuns: Math.ceil(place.numRuns * RUNS), ...repeated });
  if (!details.failed) return;
  const message = await fc.asyncDefaultReportMessage(details);
  const again = `RINGFIRST_SEED=${details.seed} RINGFIRST_PATH=${details.counterexamplePath} npx vitest run ${place.file} -t ${JSON.stringify(place.test)}`;
  throw new Error(`${message}\n\nOnce more:  ${again}\n`, { cause: details.errorInstance });
}
