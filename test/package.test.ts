/** The package as users get it: packed, installed into an empty project, imported by every subpath, compiled against, run. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = dirname(import.meta.dirname);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => subpath.replace(/^\./, "ringfirst"));
const command = process.platform === "win32" ? "npm.cmd" : "npm";

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with stdin closed. */
async function run(cwd: string, file: string, args: readonly string[]): Promise<Answer> {
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  const child = promisify(execFile)(file, [...args], {
    cwd,
    env: { ...process.env, PATH: path },
    maxBuffer: 16 * 1024 * 1024,
    shell: file === "npm.cmd",
  });
  child.child.stdin?.end();
  return child.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code?: number; stdout?: string; stderr?: string; message: string }) => ({
      code: typeof error.code === "number" ? error.code : -1,
      stdout: error.stdout ?? "",
      stderr: error.stderr ?? error.message,
    }),
  );
}

/** A Node on the path that is too old for the package, where the machine has one. */
const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .filter((path) => existsSync(path))
  .find((path) => Number(/^v(\d+)/.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout)?.[1]) < 24);

describe("the package", () => {
  const project = mkdtempSync(join(tmpdir(), "ringfirst-package-"));
  const installed = join(project, "node_modules", "ringfirst");
  const program = join(installed, "dist", "cli", "main.js");
  let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };

  beforeAll(async () => {
    const built = await run(root, process.execPath, ["scripts/build.mjs"]);
    expect(built.stderr, "the build").not.toContain("failed");
    const answer = await run(root, command, ["pack", "--json", "--ignore-scripts", "--pack-destination", project]);
    expect(answer.code, answer.stderr).toBe(0);
    packed = onlyPackage(JSON.parse(answer.stdout));
    writeFileSync(join(project, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }');
    const tarball = join(project, packed.filename);
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    const types = ["@types/node", "@types/ws"].map((name) => `${name}@${manifest.devDependencies[name]}`);
    const added = await run(project, command, [...install, tarball, ...types]);
    expect(added.code, added.stderr).toBe(0);
  }, 180_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test("holds what is built and what is read, and nothing else", () => {
    const paths = packed.files.map((file) => file.path);
    const expected =
      /^(dist\/.+\.(js|d\.ts|json|lua|html|css|svg)|docs\/.+\.(md|json|yaml)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/;
    expect(paths.filter((path) => !expected.test(path))).toEqual([]);
    expect(paths.filter((path) => /(^|\/)(src|test|bench|scripts)\/|\.test\./.test(path))).toEqual([]);
    expect(paths).toContain("dist/cli/main.js");
  });

  test.each(subpaths)("%s is imported, and is not empty", async (subpath) => {
    const code = `const names = Object.keys(await import(${JSON.stringify(subpath)})); console.log(JSON.stringify(names));`;
    const answer = await run(project, process.execPath, ["--input-type=module", "--eval", code]);
    expect(answer.stderr).toBe("");
    const names = JSON.parse(answer.stdout) as string[];
    expect(names).not.toContain("default");
    expect(names.length).toBeGreaterThan(0);
  });

  test("keeps what is inside to itself", async () => {
    const code = 'await import("ringfirst/dist/core/event.js").catch((error) => console.log(error.code));';
    const answer = await run(project, process.execPath, ["--input-type=module", "--eval", code]);
    expect(answer.stdout.trim()).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  test("gives its types to a strict consumer", async () => {
    const lines = subpaths.map((subpath, at) => `import * as face${at} from "${subpath}";`);
    const uses = subpaths.map((_, at) => `face${at}`).join(", ");
    writeFileSync(
      join(project, "consumer.ts"),
      consumer([...lines, `export const faces: readonly object[] = [${uses}];`]),
    );
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const flags = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023", "--skipLibCheck", "false"];
    const typings = ["--lib", "es2024,esnext.disposable", "--types", "node"];
    const answer = await run(project, process.execPath, [tsc, ...flags, ...typings, "consumer.ts"]);
    expect(answer.stdout).toBe("");
    expect(answer.code).toBe(0);
  }, 60_000);

  test("runs by its name and says its version", async () => {
    const answer = await run(project, command, ["exec", "--offline", "--", "ringfirst", "--version"]);
    expect(answer.stdout.trim()).toBe(manifest.version);
    expect(answer.code).toBe(0);
  });

  test("says how it is used, and that wrong usage is exit code 2", async () => {
    const help = await run(project, process.execPath, [program, "--help"]);
    expect(help.code).toBe(0);
    for (const name of ["demo", "serve", "emulate", "explain", "config", "status"]) expect(help.stdout).toContain(name);
    const wrong = await run(project, process.execPath, [program, "no-such-command"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).toBe("");
  });

  test.skipIf(oldNode === undefined)(
    "says in one line that a Node is too old (needs an old Node on the path)",
    async () => {
      const answer = await run(project, oldNode ?? "node", [program, "--version"]);
      expect(answer.code).toBe(2);
      expect(answer.stdout).toBe("");
      expect(answer.stderr.trim().split("\n")).toHaveLength(1);
      expect(answer.stderr).toContain("24");
    },
  );
});

/** npm answers with a list, newer ones with an object by name. */
function onlyPackage(answer: unknown): { filename: string; files: { path: string }[] } {
  const [first] = Object.values(answer as Record<string, { filename: string; files: { path: string }[] }>);
  if (first === undefined) throw new Error("npm packed nothing");
  return first;
}

/** A program that uses the main face as the README does. */
function consumer(lines: readonly string[]): string {
  return [
    ...lines,
    'import { createRingfirst, type RingfirstEvent, type RingfirstOptions } from "ringfirst";',
    "export const seen: RingfirstEvent[] = [];",
    "export const start = (options: RingfirstOptions) => createRingfirst(options);",
    "// @ts-expect-error: the options are typed",
    "export const wrong = () => createRingfirst({ sources: 1 });",
    "",
  ].join("\n");
}
