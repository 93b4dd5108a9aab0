#!/usr/bin/env node
/**
 * The program `ringfirst`. Nothing is loaded before it is known that this Node can run it: no static import stands here, and
 * the file itself parses on every Node since 14.
 *
 * The only file that ends the process; everything else answers with an exit code (`exit-code.ts`).
 */
const OLDEST_NODE = 24;

const found = process.versions.node;
if (Number(found.split(".")[0]) < OLDEST_NODE) {
  process.stderr.write(
    `ringfirst: needs Node.js ${OLDEST_NODE} or newer, found ${found}: install it from https://nodejs.org, ` +
      `or with a version manager ("nvm install ${OLDEST_NODE}", "fnm install ${OLDEST_NODE}", "volta install node@${OLDEST_NODE}")\n`,
  );
  process.exitCode = 2;
} else {
  const exit = (code: number): never => process.exit(code);
  import("./program.ts")
    .then(({ runProgram }) => runProgram(process.argv.slice(2), { exitNow: exit }))
    .then(exit, (error: unknown) => {
      process.stderr.write(`ringfirst: ${error instanceof Error ? error.stack : String(error)}\n`);
      exit(1);
    });
}
