/**
 * What the pages show is true: every TypeScript example compiles (those in the comments of the sources too), every YAML example
 * is a configuration, and every key of the configuration has its place on its page.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../src/config/load.ts";
import { configJsonSchema } from "../src/config/schema.ts";
import { fencedBlocks, markdownFiles } from "./architecture/documents.ts";
import { readSources } from "./architecture/source-file.ts";

const root = dirname(import.meta.dirname);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>;
};

interface Example {
  /** Where it stands: a file and the number of the block in it. */
  readonly origin: string;
  readonly code: string;
}

const pages = pagesOf("ts");
const comments = readSources(join(root, "src")).flatMap((file) =>
  fencedBlocks(uncommented(file.text), "ts").map((code, at) => ({
    origin: `src/${file.path}#${at + 1}`,
    // What is not public is imported as its own file would do it.
    code: code.replaceAll(
      /from "(\.[^"]+)"/g,
      (_all, to: string) => `from "${join(root, "src", dirname(file.path), to)}"`,
    ),
  })),
);

describe("examples in TypeScript", () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-examples-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let complaints = "";
  beforeAll(async () => {
    complaints = await compile(folder, [...pages, ...comments]);
  }, 60_000);

  test("are found in the pages and in the sources", () => {
    expect(pages.length).toBeGreaterThan(3);
    expect(comments.length).toBeGreaterThan(3);
  });

  test("compile as they stand", () => {
    expect(complaints).toBe("");
  });

  test("are really compiled: a planted mistake is complained of by its page", async () => {
    const planted = mkdtempSync(join(folder, "planted-"));
    const code = 'import { createRingfirst } from "ringfirst";\ncreateRingfirst({ sources: 1 });';
    expect(await compile(planted, [{ origin: "planted.md#1", code }])).toContain("planted.md#1");
  }, 60_000);
});

describe("examples of configuration", () => {
  const examples = pagesOf("yaml");
  const env = {
    GENESYS_CLIENT_ID: "id",
    GENESYS_CLIENT_SECRET: "secret",
    CRM_WEBHOOK_SECRET: `whsec_${btoa("x".repeat(32))}`,
  };
  /** An example may show a part; these make it whole. */
  const rest = {
    sources: "sources: [{ name: main, type: http }]",
    sinks: "sinks: [{ name: log, type: ndjson }]",
  };

  test.each(examples.map(({ origin, code }) => [origin, code] as const))("%s is right", (_origin, code) => {
    const missing = Object.entries(rest).filter(([name]) => !new RegExp(`^${name}:`, "m").test(code));
    const text = [code, ...missing.map(([, part]) => part)].join("\n");
    expect(parseConfig(text, { file: "example.yaml", env }).sinks.length).toBeGreaterThan(0);
  });

  test("there are some, and a mistake in one would be found", () => {
    expect(examples.length).toBeGreaterThan(2);
    expect(() => parseConfig(`${rest.sources}\nsinks: [{ name: log, type: njson }]`, { file: "x.yaml", env })).toThrow(
      "njson",
    );
  });

  test("tell of every key that there is", () => {
    const page = readFileSync(join(root, "docs", "configuration.md"), "utf8");
    const words = new Set(page.match(/[A-Za-z]+/g));
    const keys = keysOf(configJsonSchema());
    expect(keys.size).toBeGreaterThan(40);
    expect([...keys].filter((key) => !words.has(key) && key !== "$schema")).toEqual([]);
  });
});

/** Names of members anywhere in a JSON Schema. */
function keysOf(schema: unknown): Set<string> {
  if (typeof schema !== "object" || schema === null) return new Set();
  const own = "properties" in schema ? Object.keys(schema.properties as object) : [];
  return new Set([...own, ...Object.values(schema).flatMap((part: unknown) => [...keysOf(part)])]);
}

/** Compiles each example as a module of its own; answers what the compiler says, by the examples' origins. */
async function compile(folder: string, examples: readonly Example[]): Promise<string> {
  mkdirSync(join(folder, "examples"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration()));
  examples.forEach(({ code }, at) =>
    writeFileSync(join(folder, "examples", `example-${at}.ts`), `${code}\nexport {};\n`),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const said = await promisify(execFile)(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; message: string }) => error.stdout ?? error.message,
  );
  return said.replaceAll(/examples[/\\]example-(\d+)\.ts/g, (_all, at: string) => examples[Number(at)]?.origin ?? at);
}

/** The package's subpaths stand for the sources behind them, so that no build is needed. */
function configuration(): unknown {
  const paths = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === "string"
      ? []
      : [
          [
            subpath.replace(/^\./, "ringfirst"),
            [join(root, target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts"))],
          ],
        ],
  );
  return {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      paths: Object.fromEntries(paths) as unknown,
      noEmit: true,
      // Examples import by absolute paths, which would not be rewritten; nothing is written here anyway.
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    include: ["examples"],
    exclude: [],
  };
}

/** Blocks of one language in the Markdown pages. */
function pagesOf(language: string): Example[] {
  return markdownFiles(root).flatMap((path) =>
    fencedBlocks(readFileSync(path, "utf8"), language).map((code, at) => ({
      origin: `${relative(root, path)}#${at + 1}`,
      code,
    })),
  );
}

/** The text with the stars of its comments taken away. */
function uncommented(text: string): string {
  return text.replaceAll(/^\s*\* ?/gm, "");
}
