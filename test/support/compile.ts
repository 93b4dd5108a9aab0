/** Compiles modules as a user's project under `strict` would, with the repository's own compiler. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");

/** What the compiler says of these files, by their names; "" where all is well. `ringfirst` is the sources' index. */
export async function compile(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ringfirst-compile-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration(Object.keys(files))));
    for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const run = promisify(execFile)(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder });
    return await run.then(
      ({ stdout }) => stdout,
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function configuration(files: readonly string[]): unknown {
  return {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      paths: { ringfirst: [join(root, "src/index.ts")] },
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      noUnusedLocals: false,
    },
    files,
    include: [],
    exclude: [],
  };
}
