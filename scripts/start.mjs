/** `npm start -- [args]`: sets up what is missing, then runs `ringfirst demo [args]` in its own Node. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { environmentFor, main, prepareProgram } from "./bootstrap.mjs";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];
/** npm sends on what it gets, so that one signal to the whole group arrives twice; the program takes a second one as "now". */
const SAME_SIGNAL_MS = 500;

await main(async () => {
  const { node, program } = await prepareProgram();
  const args = [program, "demo", ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit", env: environmentFor(node) });
  // On a terminal Ctrl-C reaches the child by itself; sent on as well, it would count as a second one and cut the drain short.
  const fromTerminal = process.stdin.isTTY;
  let sentAt = -SAME_SIGNAL_MS;
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      if ((signal === "SIGINT" && fromTerminal) || performance.now() - sentAt < SAME_SIGNAL_MS) return;
      sentAt = performance.now();
      child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
});
