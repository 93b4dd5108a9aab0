/** The inside of a `SeedThread`: runs the seeds that it is told, one by one. */
import { parentPort } from "node:worker_threads";
import { simulate } from "./run.ts";

parentPort?.on("message", (seed: number) => {
  void simulate({ seed }).then((result) => parentPort?.postMessage(result));
});
