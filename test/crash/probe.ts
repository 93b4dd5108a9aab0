/**
 * Loaded by the store's disk thread in a child of the crash test: at the point and passage that `RINGFIRST_CRASH_AT` names
 * (`before-commit:3`), it says so and ends the process there, as `kill -9`.
 */
import { writeSync } from "node:fs";
import { toLine } from "./history.ts";

const [wanted = "", passage = "1"] = (process.env["RINGFIRST_CRASH_AT"] ?? "").split(":");
let left = Number(passage);

/** The store is at a named point. */
export function probe(name: string): void {
  if (name !== wanted) return;
  left -= 1;
  if (left > 0) return;
  writeSync(3, toLine({ e: "reached", point: name }));
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way; nothing more may be done meanwhile.
  for (;;);
}
