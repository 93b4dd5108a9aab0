/**
 * What must stand before anything of this repository can run: npm packages, Node 24, a fresh build.
 *
 * Plain JavaScript on purpose: it is the first thing that runs on a machine which has only Node 20 and npm.
 *
 *  B1 It writes to stderr only; stdout belongs to the program that is started afterwards.
 *  B2 What stands already is not touched: with everything in place it costs a few milliseconds.
 *  B3 A half-written build is never used: the build is made beside `dist` and put in its place at the end.
 *  B4 What goes wrong ends in one `BootstrapError` that says what to do.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_MAJOR = 24;
const OLDEST_BOOTSTRAP_MAJOR = 20;
const windows = process.platform === "win32";
const modules = join(root, "node_modules");
const pinnedNode = join(modules, "node", "bin", windows ? "node.exe" : "node");
const buildStamp = join(modules, ".cache", "ringfirst", "build");
const dist = join(root, "dist");
const program = join(dist, "cli", "main.js");

/** Something that a person has to see to; the message says what. */
export class BootstrapError extends Error {}

/** One line for people, on stderr (B1). */
export function say(line) {
  process.stderr.write(`ringfirst: ${line}\n`);
}

/** Packages and Node; answers the path of a Node that can run everything here. */
export async function prepareTools() {
  const major = majorOf(process.version);
  if (major < OLDEST_BOOTSTRAP_MAJOR) {
    throw new BootstrapError(
      `this is Node ${process.version}; at least ${OLDEST_BOOTSTRAP_MAJOR} is needed to install, which then brings Node ${NODE_MAJOR} along`,
    );
  }
  if (!packagesStand()) await installPackages();
  return ensureNode();
}

/** Tools and a fresh `dist`; answers the Node to run it with and the program's path. */
export async function prepareProgram() {
  const node = await prepareTools();
  await build(node);
  return { node, program };
}

/** Builds `dist` where it is missing or older than what it is made of. */
export async function build(node) {
  const inputs = hashOfInputs();
  if (existsSync(program) && read(buildStamp) === inputs) return;
  say("building …");
  const fresh = join(root, `dist.${process.pid}.tmp`);
  try {
    const compiled = await run(node, [toolPath("typescript", "tsc"), "-p", "tsconfig.build.json", "--outDir", fresh]);
    if (compiled.code !== 0) throw new BootstrapError(`the build failed:\n${compiled.output.trimEnd()}`);
    copyAssets(join(root, "src"), fresh);
    chmodSync(join(fresh, "cli", "main.js"), 0o755);
    replaceFolder(dist, fresh);
    mkdirSync(dirname(buildStamp), { recursive: true });
    writeFileSync(buildStamp, inputs);
  } catch (error) {
    if (error instanceof BootstrapError) throw error;
    throw new BootstrapError(`the build can't be written to ${dist} (${error.message}); check who may write there`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Runs a command with its output kept; answers its exit code (null: it could not start or was ended) and what it said. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** The file behind a package's command, to be run by Node itself (the links in `.bin` would take whatever Node comes first). */
export function toolPath(packageName, command) {
  const folder = join(modules, packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bin === "string" ? bin : bin[command]);
}

/** The environment in which `node` and the tools' commands are ours, whatever the machine has. */
export function environmentFor(node) {
  const separator = windows ? ";" : ":";
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  const path = [dirname(node), join(modules, ".bin"), process.env[name] ?? ""].join(separator);
  return { ...process.env, [name]: path };
}

/** Runs the body of a script: a `BootstrapError` becomes one clear message and exit code 1. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** Whether every package of the lock file is there in its version. npm's own record tells; the folders prove it. */
function packagesStand() {
  const wanted = readJson(join(root, "package-lock.json"))?.packages;
  const installed = readJson(join(modules, ".package-lock.json"))?.packages;
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.link === true) return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && existsSync(join(root, path, "package.json"));
  });
}

async function installPackages() {
  // `ci` starts from nothing; an existing folder is brought up to date in place, which is quicker and keeps running programs alive.
  const verb = existsSync(modules) && process.env.CI === undefined ? ["install", "--no-save"] : ["ci"];
  say("installing npm packages (the first time takes a minute) …");
  const result = await runNpm([...verb, "--no-audit", "--no-fund", "--loglevel=error"]);
  if (result.code !== 0) throw new BootstrapError(installAdvice(result.output));
  if (!packagesStand()) {
    throw new BootstrapError("npm installed, but packages are still missing: remove node_modules and start again");
  }
}

function installAdvice(output) {
  const said = `npm said:\n${output
    .trim()
    .split("\n")
    .filter((line) => !/^npm error\s+at /.test(line))
    .slice(0, 8)
    .join("\n")}`;
  if (/EACCES|EROFS|EPERM/.test(output)) {
    return `npm may not write to ${modules}: check its owner and permissions, or remove it. ${said}`;
  }
  if (/ENOSPC/.test(output)) return `the disk is full; about 500 MB are needed. ${said}`;
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED/.test(output)) {
    return `the npm registry can't be reached: connect to the network, or tell npm of a registry that can be (npm config set registry …). ${said}`;
  }
  if (output.includes("EUSAGE"))
    return `package.json and package-lock.json don't fit each other: run npm install. ${said}`;
  return `npm could not install the packages. ${said}`;
}

/** The pinned Node where it runs, else the current one where it is new enough. */
async function ensureNode() {
  if (pinnedNodeRuns()) return pinnedNode;
  if (majorOf(process.version) >= NODE_MAJOR) return process.execPath;
  // The package `node` fetches its binary in an install script, which some set-ups of npm leave out.
  say(`fetching Node ${NODE_MAJOR} …`);
  const result = await runNpm(["rebuild", "node", "--foreground-scripts", "--no-ignore-scripts"]);
  if (pinnedNodeRuns()) return pinnedNode;
  throw new BootstrapError(
    [
      `Node ${NODE_MAJOR} is needed and this is ${process.version}. The package "node" should have brought it, but ${pinnedNode}`,
      existsSync(pinnedNode)
        ? "does not run on this machine: install Node 24 by hand and start again with it."
        : 'is missing: allow its install script (npm rebuild node, or "npm config delete ignore-scripts"), or install Node 24 by hand.',
      result.code === 0 ? "" : `npm said:\n${result.output.trim().split("\n").slice(-8).join("\n")}`,
    ]
      .join(" ")
      .trimEnd(),
  );
}

function pinnedNodeRuns() {
  if (!existsSync(pinnedNode)) return false;
  const answer = spawnSync(pinnedNode, ["--version"], { encoding: "utf8" });
  return answer.status === 0 && majorOf(answer.stdout) >= NODE_MAJOR;
}

/** npm as it was called, else the one on the path. */
function runNpm(args) {
  const script = process.env.npm_execpath;
  if (script !== undefined && /npm-cli\.[cm]?js$/.test(script)) {
    return run(process.env.npm_node_execpath ?? process.execPath, [script, ...args]);
  }
  return windows ? run("npm.cmd", args, { shell: true }) : run("npm", args);
}

function hashOfInputs() {
  const hash = createHash("sha256");
  for (const name of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"]) {
    hash.update(name).update(readFileSync(join(root, name)));
  }
  for (const path of filesIn(join(root, "src"))) hash.update(relative(root, path)).update(readFileSync(path));
  return hash.digest("hex");
}

/** What the compiler leaves behind: everything that is not TypeScript. */
function copyAssets(from, to) {
  for (const path of filesIn(from)) {
    if (path.endsWith(".ts")) continue;
    const target = join(to, relative(from, path));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
  }
}

function replaceFolder(target, fresh) {
  const old = `${target}.${process.pid}.old`;
  if (existsSync(target)) renameSync(target, old);
  renameSync(fresh, target);
  rmSync(old, { recursive: true, force: true });
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesIn(path) : [path];
    });
}

function majorOf(version) {
  return Number(/^v?(\d+)/.exec(version.trim())?.[1] ?? 0);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function readJson(path) {
  const text = read(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
