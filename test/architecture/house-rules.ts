/** Rules for single files: size, names, exports, effects. */
import { posix } from "node:path";
import type { Breach } from "./import-law.ts";
import type { Mark, SourceFile } from "./source-file.ts";

/** No file is longer. */
const MAX_LINES = 500;

const DRAWERS = new Set([
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "lib",
  "misc",
  "shared",
  "types",
  "constants",
]);
/** The typed client's types are the HTTP contract, not a drawer. */
const NAMED_TYPES = "client/types.ts";

/** Effects that a room may use; what is not listed may use none. */
const EFFECTS: Readonly<Record<string, readonly string[] | "all">> = {
  "runtime/": "all",
  "config/": "all",
  "cli/": "all",
  "client/": ["globalThis.fetch", "fetch", "AbortSignal.timeout"],
};
/** Harmless outside the pure rooms, which have neither Node's bytes nor the event loop. */
const IMPURE = new Set(["Buffer", "queueMicrotask"]);
const PURE_ROOMS = ["core/", "wire/"];

/** Files that are too long. */
export function longFiles(files: readonly SourceFile[]): Breach[] {
  return files
    .filter((file) => file.lineCount > MAX_LINES)
    .map((file) => `${file.path}: ${file.lineCount} lines, at most ${MAX_LINES}`);
}

/** Files and folders that are named for nothing, or not in kebab-case. */
export function badNames(paths: readonly string[]): Breach[] {
  return paths.flatMap((path) => {
    if (path === NAMED_TYPES) return [];
    return posix
      .normalize(path)
      .split("/")
      .map((part) => part.replace(/(\.d)?\.[a-z]+$/, ""))
      .filter((part) => DRAWERS.has(part) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
      .map((part) => `${path}: "${part}" names no thing`);
  });
}

/** Default exports, `export *`, and barrels that are not a listed face of the package. */
export function badExports(files: readonly SourceFile[], faces: readonly string[]): Breach[] {
  return files.flatMap((file) => [
    ...file.defaultExports.map((mark) => `${at(file, mark)}: a default export`),
    ...file.starExports.map((mark) => `${at(file, mark)}: export *`),
    ...(file.isBarrel && !faces.includes(file.path) ? [`${file.path}: a barrel that package.json does not list`] : []),
  ]);
}

/** Time, chance, network and process reached for where they have to be given. */
export function forbiddenEffects(files: readonly SourceFile[]): Breach[] {
  return files.flatMap((file) =>
    file.effects
      .filter((mark) => !mayUse(file.path, mark.name))
      .map((mark) => `${at(file, mark)}: ${mark.name} (take it from a port)`),
  );
}

function mayUse(path: string, effect: string): boolean {
  if (effect === "process.exit") return path === "cli/main.ts";
  if (IMPURE.has(effect)) return !PURE_ROOMS.some((room) => path.startsWith(room));
  const allowed = Object.entries(EFFECTS).find(([room]) => path.startsWith(room))?.[1] ?? [];
  return allowed === "all" || allowed.includes(effect);
}

function at(file: SourceFile, mark: Mark): string {
  return `${file.path}:${mark.line}`;
}
