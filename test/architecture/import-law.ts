/**
 * The import law as data, and the functions that find what breaks it. `ARCHITECTURE.md` shows the same table (tested equal).
 *
 *  L1 A room imports itself, what its row lists, and nothing else; type imports count.
 *  L2 A family's members (`sources/genesys`, `sources/http.ts`, …) don't import each other.
 *  L3 No cycles, types included.
 *  L4 A folder's own files don't import its `index.ts`.
 *  L5 Packages and Node's modules are listed per room too: what is not listed is not imported.
 */
import { posix } from "node:path";
import type { SourceFile } from "./source-file.ts";

/** One row: who, and what it may import. */
export interface Row {
  /** A folder (`core/`) or a file (`errors.ts`) of `src`; the longest that fits a path is its room. */
  readonly room: string;
  /** Folders and files; `*` stands for everything. */
  readonly may: readonly string[];
  /** What `*` does not stand for. */
  readonly except?: readonly string[];
  readonly packages: readonly string[];
  /** Node's modules, without `node:`. */
  readonly node: readonly string[];
}

/** Folders of alternatives. */
const FAMILIES: readonly string[] = ["sources", "stores", "sinks"];

/** The law. */
export const LAW: readonly Row[] = [
  { room: "errors.ts", may: [], packages: [], node: [] },
  { room: "version.ts", may: [], packages: [], node: [] },
  { room: "core/cel.ts", may: ["core/", "errors.ts"], packages: ["@marcbachmann/cel-js"], node: [] },
  { room: "core/", may: ["errors.ts"], packages: [], node: [] },
  { room: "wire/", may: ["errors.ts"], packages: [], node: [] },
  { room: "ports/", may: ["core/", "errors.ts"], packages: [], node: [] },
  {
    room: "runtime/",
    may: ["ports/", "core/", "errors.ts"],
    packages: ["ws", "undici", "pino"],
    node: ["crypto", "dns", "fs", "http", "net"],
  },
  { room: "options.ts", may: ["ports/", "core/", "errors.ts"], packages: [], node: [] },
  { room: "oauth/", may: ["ports/", "core/", "errors.ts"], packages: [], node: [] },
  {
    room: "sources/",
    may: ["wire/", "oauth/", "ports/", "core/", "errors.ts", "options.ts"],
    packages: [],
    node: [],
  },
  // A recording is a file: the one source that reads one, and nothing else of this room, may.
  { room: "sources/replay.ts", may: ["sources/replay/", "ports/", "core/"], packages: [], node: ["fs"] },
  {
    room: "stores/",
    may: ["ports/", "core/", "errors.ts", "runtime/clock.ts"],
    packages: [],
    node: ["fs", "path", "sqlite", "worker_threads", "zlib"],
  },
  {
    room: "sinks/",
    may: ["ports/", "core/", "errors.ts", "options.ts"],
    packages: ["ipaddr.js"],
    node: ["crypto", "fs", "net"],
  },
  { room: "pipeline/", may: ["ports/", "core/", "errors.ts", "options.ts"], packages: [], node: ["perf_hooks"] },
  {
    room: "work-queue.ts",
    may: ["ports/", "core/", "errors.ts", "options.ts", "pipeline/", "stores/memory.ts", "runtime/clock.ts"],
    packages: [],
    node: [],
  },
  {
    room: "ringfirst.ts",
    may: [
      "pipeline/",
      "options.ts",
      "ports/",
      "core/",
      "errors.ts",
      "work-queue.ts",
      "runtime/",
      "service.ts",
      "stores/memory.ts",
    ],
    packages: [],
    node: [],
  },
  {
    room: "service.ts",
    may: ["pipeline/", "options.ts", "ports/", "core/", "errors.ts", "work-queue.ts", "version.ts"],
    packages: [],
    node: [],
  },
  { room: "ports.ts", may: ["ports/", "core/"], packages: [], node: [] },
  { room: "index.ts", may: ["*"], packages: [], node: [] },
  {
    room: "config/",
    may: ["*"],
    except: ["cli/", "server/", "emulator/", "testing/"],
    packages: ["zod", "yaml"],
    node: ["fs", "path"],
  },
  {
    room: "server/",
    may: ["ports/", "core/", "errors.ts", "client/types.ts"],
    packages: ["hono", "@hono/node-server", "prom-client"],
    node: ["crypto", "http", "net", "stream"],
  },
  { room: "client/", may: ["ports/"], packages: [], node: [] },
  {
    room: "emulator/",
    may: ["wire/", "errors.ts", "ports/clock.ts", "ports/logger.ts", "runtime/clock.ts"],
    packages: ["ws"],
    node: ["crypto", "http", "https", "net", "stream", "tls"],
  },
  { room: "testing/", may: ["ports/", "core/", "errors.ts"], packages: [], node: ["assert"] },
  {
    room: "cli/",
    may: ["*"],
    packages: ["commander", "yaml"],
    node: ["crypto", "fs", "os", "path", "stream", "util", "worker_threads"],
  },
];

/** One breach, for people. */
export type Breach = string;

/** Breaches of L1, L2, L4 and L5. */
export function importBreaches(files: readonly SourceFile[], law: readonly Row[] = LAW): Breach[] {
  return files.flatMap((file) => {
    const row = rowOf(file.path, law);
    if (row === undefined) return [`${file.path}: belongs to no room of the import law`];
    return file.imports.flatMap((edge) => {
      const where = `${file.path}:${edge.line}: `;
      const complaint =
        edge.target === undefined ? packageComplaint(row, edge.specifier) : fileComplaint(row, file.path, edge.target);
      return complaint === undefined ? [] : [where + complaint];
    });
  });
}

/** Packages and modules that a row lists and no file of its room imports any more: a law that is wider than the house. */
export function unusedPermissions(files: readonly SourceFile[], law: readonly Row[] = LAW): Breach[] {
  return law.flatMap((row) => {
    const used = new Set(
      files
        .filter((file) => rowOf(file.path, law) === row)
        .flatMap((file) => file.imports.map((edge) => packageOf(edge.specifier))),
    );
    return [...row.packages, ...row.node.map((name) => `node:${name}`)]
      .filter((name) => !used.has(name))
      .map((name) => `${row.room} lists ${name} and does not use it`);
  });
}

/** Cycles of files (L3), each told once as a path that returns to its beginning. */
export function cycles(files: readonly SourceFile[]): Breach[] {
  const targets = new Map(files.map((file) => [file.path, file.imports.flatMap((edge) => edge.target ?? [])]));
  const done = new Set<string>();
  const found: Breach[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const next of targets.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) walk(path, []);
  return found;
}

/** The row with the longest room that a path lies in. */
export function rowOf(path: string, law: readonly Row[] = LAW): Row | undefined {
  return law
    .filter((row) => covers(row.room, path))
    .toSorted((a, b) => b.room.length - a.room.length)
    .at(0);
}

/** `core/` covers what is below it, `errors.ts` itself. */
function covers(room: string, path: string): boolean {
  return room === "*" || room === path || (room.endsWith("/") && path.startsWith(room));
}

function fileComplaint(row: Row, from: string, to: string): string | undefined {
  if (posix.basename(to) === "index.ts" && posix.dirname(to) !== "." && from.startsWith(`${posix.dirname(to)}/`)) {
    return `imports its own folder's index.ts`;
  }
  const family = FAMILIES.find((name) => from.startsWith(`${name}/`));
  if (family !== undefined && to.startsWith(`${family}/`)) {
    return memberOf(from) === memberOf(to) ? undefined : `imports its sibling ${to}`;
  }
  const home = row.room.endsWith("/") ? row.room : `${posix.dirname(row.room)}/`;
  if (home !== "./" && to.startsWith(home)) return undefined;
  const allowed = row.may.some((room) => covers(room, to)) && !(row.except ?? []).some((room) => covers(room, to));
  return allowed ? undefined : `${row.room} may not import ${to}`;
}

/** The member of a family that a file belongs to: `sinks/webhook/address.ts` and `sinks/webhook.ts` are both `sinks/webhook`. */
function memberOf(path: string): string {
  const [family, name] = path.split("/");
  return `${family}/${name?.replace(/\.ts$/, "")}`;
}

function packageComplaint(row: Row, specifier: string): string | undefined {
  const name = packageOf(specifier);
  const listed = name.startsWith("node:") ? row.node.includes(name.slice("node:".length)) : row.packages.includes(name);
  return listed ? undefined : `${row.room} may not import ${specifier}`;
}

/** `node:fs/promises` is `node:fs`, `@a/b/c` is `@a/b`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
