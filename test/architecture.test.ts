/**
 * The house's rules, checked against the house; and each check against a planted breach, because a check that can't fail proves nothing.
 * The rules themselves: `ARCHITECTURE.md`. How they are read from the sources: `test/architecture/`.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { ERROR_CODES } from "../src/errors.ts";
import { VERSION } from "../src/version.ts";
import * as dependencies from "./architecture/dependencies.ts";
import * as documents from "./architecture/documents.ts";
import { badExports, badNames, forbiddenEffects, longFiles } from "./architecture/house-rules.ts";
import { cycles, importBreaches, LAW, rowOf, unusedPermissions } from "./architecture/import-law.ts";
import { parseSource, readSources, type SourceFile } from "./architecture/source-file.ts";

const root = dirname(import.meta.dirname);
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  readonly version: string;
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const lock = (JSON.parse(read("package-lock.json")) as { readonly packages: dependencies.Lock }).packages;
const sources = readSources(join(root, "src"));
/** The source files behind the package's subpaths. */
const faces = Object.values(manifest.exports)
  .flatMap((target) => (typeof target === "string" ? [] : [target.default]))
  .map((path) => path.replace("./dist/", "").replace(/\.js$/, ".ts"));

describe("the house", () => {
  test("is read whole: every room of the law has files, and no file is outside it", () => {
    const rooms = new Set(sources.map((file) => rowOf(file.path)?.room));
    expect(LAW.map((row) => row.room).filter((room) => !rooms.has(room))).toEqual([]);
    expect(rooms).not.toContain(undefined);
  });

  test("keeps the import law", () => {
    expect(importBreaches(sources)).toEqual([]);
  });

  test("needs all that the import law permits", () => {
    expect(unusedPermissions(sources)).toEqual([]);
  });

  test("imports only files that are there, with their extension", () => {
    const paths = new Set(sources.map((file) => file.path));
    const missing = sources.flatMap((file) =>
      file.imports.flatMap(({ target, line }) =>
        target === undefined || paths.has(target) || (!target.endsWith(".ts") && existsSync(join(root, "src", target)))
          ? []
          : [`${file.path}:${line}: ${target}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  test("has no cycles, type imports included", () => {
    expect(cycles(sources)).toEqual([]);
  });

  test("has no file above 500 lines", () => {
    expect(longFiles(sources)).toEqual([]);
    expect(longFiles(readSources(join(root, "test")))).toEqual([]);
  });

  test("has no drawers, and names in kebab-case", () => {
    expect(badNames(sources.map((file) => file.path))).toEqual([]);
  });

  test("has no default exports, no export * and no inner barrels", () => {
    expect(badExports(sources, faces)).toEqual([]);
  });

  test("takes time, chance, network and process from ports outside runtime/, config/ and cli/", () => {
    expect(forbiddenEffects(sources)).toEqual([]);
  });

  test("loads nothing before the command line has looked at the Node it runs on", () => {
    const main = sources.find((file) => file.path === "cli/main.ts");
    expect(main?.imports.filter((edge) => edge.eager).map((edge) => edge.specifier)).toEqual([]);
  });
});

describe("the documents", () => {
  const markdown = documents.markdownFiles(root);

  test("have a section for every error code, and none for what is no code", () => {
    expect(documents.errorSectionBreaches(Object.keys(ERROR_CODES), read("docs/errors.md"))).toEqual([]);
  });

  test("show the import law as it is", () => {
    expect(documents.lawTableBreaches(LAW, read("ARCHITECTURE.md"))).toEqual([]);
  });

  test("have no broken links", () => {
    expect(markdown.length).toBeGreaterThan(10);
    expect(documents.brokenLinks(root, markdown)).toEqual([]);
  });

  test("are there where the code points to them", () => {
    expect(sources.flatMap((file) => documents.brokenMentions(root, file.path, file.text))).toEqual([]);
  });

  test("name the version that the code names", () => {
    expect(VERSION).toBe(manifest.version);
    expect(read("CHANGELOG.md")).toContain(`## ${manifest.version}`);
  });
});

describe("the dependencies", () => {
  const all = { ...manifest.dependencies, ...manifest.devDependencies };

  test("each have a line of reason", () => {
    const reasons = read("docs/adr/0001-dependencies.md");
    expect(documents.dependencyReasonBreaches(Object.keys(all), reasons)).toEqual([]);
  });

  test("run nothing when they are installed, and hold no native code", () => {
    expect(dependencies.installScripts(lock)).toEqual([]);
    expect(dependencies.nativePackages(lock)).toEqual([]);
  });

  test("are few, exact, and under licences that may be used", () => {
    expect(dependencies.tooMany(Object.keys(manifest.dependencies), lock)).toEqual([]);
    expect(dependencies.looseVersions(all)).toEqual([]);
    expect(dependencies.unknownLicenses(lock)).toEqual([]);
  });

  test("are locked for every platform, so that npm ci works on each", () => {
    expect(dependencies.missingPlatforms(lock)).toEqual([]);
  });

  test("come from wherever npm is set up to find them", () => {
    expect(dependencies.resolvedAddresses(lock)).toEqual([]);
  });
});

describe("a planted breach is found:", () => {
  const law = (path: string, text: string): string[] => importBreaches([parseSource(path, text)]);
  const effects = (path: string, text: string): string[] => forbiddenEffects([parseSource(path, text)]);

  test.each([
    ["core reaches for the outside", "core/a.ts", 'import { x } from "../runtime/clock.ts";'],
    ["a type import counts", "pipeline/a.ts", 'import type { X } from "../sinks/ndjson.ts";'],
    ["an inline type import counts", "core/a.ts", 'import { type X } from "../ports/clock.ts";'],
    ["a re-export counts", "ports/a.ts", 'export { x } from "../pipeline/ingest.ts";'],
    ["import() counts", "server/a.ts", 'const x = await import("../cli/main.ts");'],
    ["import() in a type counts", "core/a.ts", 'let x: import("../ports/clock.ts").Clock;'],
    ["a worker's file counts", "stores/a.ts", 'new URL("../pipeline/ingest.ts", import.meta.url);'],
    ["an import without names counts", "wire/a.ts", 'import "../core/event.ts";'],
    ["a sideways import", "sources/http.ts", 'import { x } from "./genesys/index.ts";'],
    ["a sideways import from a folder", "sinks/webhook/a.ts", 'import { x } from "../ndjson.ts";'],
    ["a folder's own index", "emulator/a.ts", 'import { x } from "./index.ts";'],
    ["a package that is not listed", "core/a.ts", 'import ws from "ws";'],
    ["a scoped package that is not listed", "core/a.ts", 'import { Hono } from "@hono/node-server/x";'],
    ["a module of Node in core", "core/a.ts", 'import { readFileSync } from "node:fs";'],
    ["the configuration reads the emulator", "config/a.ts", 'import { x } from "../emulator/index.ts";'],
    ["a room that nobody knows", "attic/a.ts", "export const x = 1;"],
  ])("%s", (_what, path, text) => {
    expect(law(path, text)).toHaveLength(1);
  });

  test("what the law allows is not complained of", () => {
    expect(law("pipeline/a.ts", 'import type { Clock } from "../ports/clock.ts"; import { x } from "./b.ts";')).toEqual(
      [],
    );
    expect(
      law("sources/genesys/a.ts", 'import { x } from "./b.ts"; import { y } from "../../wire/genesys.ts";'),
    ).toEqual([]);
  });

  test("a permission that nobody needs any more", () => {
    const row = { room: "sinks/", may: [], packages: ["ws", "@hono/node-server"], node: ["fs", "net"] };
    const file = parseSource(
      "sinks/a.ts",
      'import { x } from "@hono/node-server/y"; import { z } from "node:fs/promises";',
    );
    expect(unusedPermissions([file], [row])).toEqual([
      "sinks/ lists ws and does not use it",
      "sinks/ lists node:net and does not use it",
    ]);
  });

  test("a cycle, through a type, and over three files", () => {
    const files = [
      parseSource("core/a.ts", 'import type { B } from "./b.ts"; export type A = B;'),
      parseSource("core/b.ts", 'import { c } from "./c.ts"; export type B = typeof c;'),
      parseSource("core/c.ts", 'import { type A } from "./a.ts"; export const c: A = 1;'),
      parseSource("core/d.ts", 'import { c } from "./c.ts"; export const d = c;'),
    ];
    expect(cycles(files)).toEqual(["core/a.ts -> core/b.ts -> core/c.ts -> core/a.ts"]);
    expect(cycles(files.slice(1))).toEqual([]);
  });

  test("a file of 501 lines", () => {
    const lines = (count: number): SourceFile => parseSource("core/a.ts", "// x\n".repeat(count));
    expect(longFiles([lines(500)])).toEqual([]);
    expect(longFiles([lines(501)])).toHaveLength(1);
  });

  test.each(["core/utils.ts", "lib/a.ts", "server/helpers/a.ts", "sinks/types.ts", "core/byteTest.ts"])(
    "%s",
    (path) => {
      expect(badNames([path])).toHaveLength(1);
    },
  );

  test("names that say something are not complained of", () => {
    expect(badNames(["client/types.ts", "core/byte-test.ts", "wire/genesys-topics.json"])).toEqual([]);
  });

  test.each([
    ["a default export", "export default 1;"],
    ["a default export by name", "const a = 1; export { a as default };"],
    ["export *", 'import "./c.ts"; export * from "./b.ts";'],
    ["an inner barrel", 'export { b } from "./b.ts"; export type { C } from "./c.ts";'],
  ])("%s", (_what, text) => {
    expect(badExports([parseSource("core/a.ts", text)], ["index.ts"])).toHaveLength(1);
  });

  test.each([
    ["the wall clock", "export const t = () => Date.now();"],
    ["the wall clock by a computed name", 'export const t = () => Date["now"]();'],
    ["the wall clock in a date", "export const t = () => new Date();"],
    ["chance", "export const r = () => Math.random();"],
    ["a UUID", "export const r = () => crypto.randomUUID();"],
    ["a timer", "setTimeout(() => {}, 1);"],
    ["a timer through globalThis", "globalThis.setInterval(() => {}, 1);"],
    ["a timer handed on", "export const o = { setTimeout };"],
    ["a time limit of its own", "export const s = () => AbortSignal.timeout(1);"],
    ["the network", 'export const f = () => fetch("x");'],
    ["the environment", 'export const e = process.env["A"];'],
    ["the console", 'console.log("x");'],
  ])("%s", (_what, text) => {
    expect(effects("pipeline/a.ts", text).length).toBeGreaterThan(0);
    expect(effects("runtime/a.ts", text)).toEqual([]);
  });

  test("bytes of Node in the pure rooms, and an exit that is not the command line's last word", () => {
    expect(effects("core/a.ts", 'Buffer.from("x");')).toHaveLength(1);
    expect(effects("emulator/a.ts", 'Buffer.from("x");')).toEqual([]);
    expect(effects("cli/commands/a.ts", "process.exit(1);")).toHaveLength(1);
    expect(effects("cli/main.ts", "process.exit(1);")).toEqual([]);
  });

  test("names that only look like effects are not complained of", () => {
    const text = `
      import type { WebSocket } from "ws";
      export interface Shape { fetch(): void; process: string; socket: WebSocket; }
      export const f = (clock: { setTimeout(): void }, o: Shape) => { clock.setTimeout(); o.fetch(); return new Date(o.process); };
      export const g = (process: Shape) => process.process;`;
    expect(effects("pipeline/a.ts", text)).toEqual([]);
  });

  test("a file that does not parse", () => {
    expect(() => parseSource("core/a.ts", "export const = ;")).toThrow("core/a.ts does not parse");
  });

  test("a code without a section, a section without a code, a section told twice", () => {
    const document = "# Errors\n\n## RF_ONE\n\n## RF_TWO\n\n## RF_TWO\n";
    expect(documents.errorSectionBreaches(["RF_ONE", "RF_THREE"], document)).toHaveLength(4);
    expect(documents.errorSectionBreaches(["RF_ONE"], "## RF_ONE\n")).toEqual([]);
  });

  test("a dependency without a reason, and a reason for what is not there", () => {
    const document =
      "| package | why |\n| --- | --- |\n| `ws` | sockets, because it is the fastest |\n| `gone` | it was needed once, long ago |\n";
    expect(documents.dependencyReasonBreaches(["ws", "new"], document)).toEqual([
      "new has no line of reason",
      "gone is no dependency",
    ]);
  });

  test("a law that the document tells differently", () => {
    const law = [{ room: "core/", may: ["errors.ts"], packages: [], node: [] }];
    const table = (may: string): string =>
      `| room | may | packages | Node |\n| --- | --- | --- | --- |\n| \`core/\` | ${may} |  |  |\n`;
    expect(documents.lawTableBreaches(law, table("`errors.ts`"))).toEqual([]);
    expect(documents.lawTableBreaches(law, table("`ports/`"))).toHaveLength(2);
  });

  test("a link and a mention that lead nowhere", () => {
    expect(documents.brokenMentions(root, "core/a.ts", "/** see `docs/gone.md` */")).toHaveLength(1);
    expect(documents.brokenMentions(root, "core/a.ts", "/** see `docs/errors.md` */")).toEqual([]);
    const planted = join(import.meta.dirname, "architecture", "planted.md");
    const found = documents.brokenLinks(root, [planted]).map((breach) => breach.replace(relative(root, planted), ""));
    expect(found).toEqual([": no file ./gone.md", ": no heading #gone", ": no heading ../../docs/errors.md#rf_gone"]);
  });

  test("an install script, native code, a loose version, a licence, an address, one too many", () => {
    expect(dependencies.installScripts({ "node_modules/a": { hasInstallScript: true } })).toHaveLength(1);
    expect(dependencies.installScripts({ "node_modules/node": { hasInstallScript: true } })).toHaveLength(1);
    expect(dependencies.nativePackages({ "node_modules/a": { cpu: ["x64"] } })).toHaveLength(1);
    expect(
      dependencies.missingPlatforms({ "node_modules/a": { optionalDependencies: { "a-linux": "1.0.0" } } }),
    ).toHaveLength(1);
    expect(dependencies.looseVersions({ a: "^1.0.0", b: "1.0.0" })).toHaveLength(1);
    expect(dependencies.unknownLicenses({ "node_modules/a": { license: "GPL-3.0" } })).toHaveLength(1);
    expect(dependencies.resolvedAddresses({ "node_modules/a": { resolved: "x" } })).toHaveLength(1);
    expect(dependencies.tooMany(Array.from({ length: 16 }, String), {})).toHaveLength(1);
  });
});
