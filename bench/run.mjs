/**
 * `npm run bench [-- program …]`: installs the peers beside the benches where they are missing, then runs the programs in turn.
 *
 * The peers have a package.json and a lock file of their own: nothing of them is needed to use, build or test ringfirst.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { BootstrapError, environmentFor, main, prepareTools, root, run, say } from "../scripts/bootstrap.mjs";

const PROGRAMS = ["work-queue", "dispatch", "store", "backlog", "line", "classify", "lifecycle", "emulator"];
const bench = join(root, "bench");

await main(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !PROGRAMS.includes(name));
  if (unknown.length > 0) {
    throw new BootstrapError(`unknown: ${unknown.join(", ")}; there are: ${PROGRAMS.join(", ")}`);
  }
  const node = await prepareTools();
  if (!peersStand()) await installPeers();
  for (const name of asked.length > 0 ? asked : PROGRAMS) {
    console.log(`\n── ${name} ──`);
    const code = await show(node, name);
    if (code !== 0) return code;
  }
  return 0;
});

function peersStand() {
  const { packages } = JSON.parse(readFileSync(join(bench, "package-lock.json"), "utf8"));
  return Object.entries(packages).every(([path, { version, optional }]) => {
    const file = join(bench, path, "package.json");
    if (path === "" || (optional === true && !existsSync(file))) return true;
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
  });
}

/** No install scripts: the native peers bring binaries for the common machines, and one that has none here says so in its line. */
async function installPeers() {
  say("installing the peers of the benches …");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--prefix", bench, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await (npm === undefined
    ? run("npm", args, { shell: process.platform === "win32" })
    : run(process.execPath, [npm, ...args]));
  if (code !== 0)
    throw new BootstrapError(`npm could not install the peers of the benches. npm said:\n${output.trim()}`);
}

function show(node, name) {
  const path = existsSync(join(bench, `${name}.ts`)) ? join(bench, `${name}.ts`) : join(bench, name, "index.ts");
  const child = spawn(node, [path], { stdio: "inherit", env: environmentFor(node) });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
