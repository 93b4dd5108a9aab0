/** The inside of a `SeedThread`: runs the seeds that it is told, one by one. */
import { parentPort, workerData } from "node:worker_threads";
import { simulate } from "./run.ts";

const { strict } = workerData as { readonly strict: boolean };

parentPort?.on("message", (seed: number) => {
  void simulate({ seed, strict }).then((result) => parentPort?.postMessage(result));
});
