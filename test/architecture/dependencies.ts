/** What is installed with the package: no install scripts, no native code, few, and with licences that may be used. */
import type { Breach } from "./import-law.ts";

/** What is read of `package-lock.json`. */
export interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly license?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Packages by their place in `node_modules`. */
export type Lock = Readonly<Record<string, LockEntry>>;

/** Runtime dependencies, named and in all. */
const MAX_DIRECT = 15;
const MAX_TOTAL = 45;

const LICENSES = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BlueOak-1.0.0"]);
/** Brings the Node that the tools run on; a development dependency. */
const MAY_RUN_SCRIPTS = new Set(["node_modules/node"]);

/** Packages that run something when they are installed, the developer's own included. */
export function installScripts(lock: Lock): Breach[] {
  return Object.entries(lock)
    .filter(([path, entry]) => entry.hasInstallScript === true && !(MAY_RUN_SCRIPTS.has(path) && entry.dev === true))
    .filter(([, entry]) => !(entry.optional === true && entry.dev === true))
    .map(([path]) => `${path} has an install script`);
}

/** Runtime packages that come in a build for one kind of machine. */
export function nativePackages(lock: Lock): Breach[] {
  return runtimePackages(lock)
    .filter(([, entry]) => entry.os !== undefined || entry.cpu !== undefined)
    .map(([path]) => `${path} is built for one kind of machine`);
}

/** More runtime packages than can be watched. */
export function tooMany(direct: readonly string[], lock: Lock): Breach[] {
  const total = runtimePackages(lock).length;
  return [
    ...(direct.length > MAX_DIRECT ? [`${direct.length} direct dependencies, at most ${MAX_DIRECT}`] : []),
    ...(total > MAX_TOTAL ? [`${total} runtime packages in all, at most ${MAX_TOTAL}`] : []),
  ];
}

/** Runtime packages under a licence that nobody has looked at. */
export function unknownLicenses(lock: Lock): Breach[] {
  return runtimePackages(lock)
    .filter(([, entry]) => !LICENSES.has(entry.license ?? ""))
    .map(([path, entry]) => `${path}: licence ${entry.license ?? "not given"}`);
}

/** Versions that are not exact. */
export function looseVersions(dependencies: Readonly<Record<string, string>>): Breach[] {
  return Object.entries(dependencies)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name}: ${version} is not one exact version`);
}

/** Builds for other platforms that the lock file leaves out: with one of them missing, `npm ci` refuses to install. */
export function missingPlatforms(lock: Lock): Breach[] {
  return Object.entries(lock).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter(
        (name) => lock[`node_modules/${name}`] === undefined && lock[`${path}/node_modules/${name}`] === undefined,
      )
      .map((name) => `${path} needs ${name} on some platform, and the lock file does not have it`),
  );
}

/** Where packages came from must not be written down: it would bind everybody to one registry. */
export function resolvedAddresses(lock: Lock): Breach[] {
  return Object.entries(lock)
    .filter(([, entry]) => entry.resolved !== undefined)
    .map(([path]) => `${path} names the address it came from`);
}

function runtimePackages(lock: Lock): [string, LockEntry][] {
  return Object.entries(lock).filter(([path, entry]) => path !== "" && entry.dev !== true);
}
