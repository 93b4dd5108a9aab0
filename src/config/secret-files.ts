/**
 * Secrets from files: `clientSecretFile: /run/secrets/genesys` stands for `clientSecret: …`.
 *
 * F1 A file that others on the machine may read is refused: a secret in it is none.
 * F2 One trailing newline is not part of the secret; other blanks are.
 * F3 No message holds anything of what a file holds.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ConfigPath } from "./problem.ts";

/** A configuration in which secrets stand in place of their files. */
export interface WithSecrets {
  readonly value: unknown;
  readonly problems: readonly { readonly path: ConfigPath; readonly message: string }[];
}

const MAX_SECRET_BYTES = 65_536;
const READABLE_BY_OTHERS = 0o004;

/**
 * Reads the files of all members of these names with `File` behind them.
 *
 * @param file - the configuration file, whose folder relative paths start from
 */
export function readSecretFiles(value: unknown, members: readonly string[], file: string | undefined): WithSecrets {
  const problems: { readonly path: ConfigPath; readonly message: string }[] = [];
  const folder = file === undefined ? "." : dirname(file);

  const walk = (node: unknown, path: ConfigPath): unknown => {
    if (Array.isArray(node)) return node.map((item, at) => walk(item, [...path, at]));
    if (typeof node !== "object" || node === null) return node;
    const entries = Object.entries(node).map(([name, member]): [string, unknown] => [
      name,
      walk(member, [...path, name]),
    ]);
    const copy = new Map(entries);
    for (const member of members) take(copy, member, path);
    return Object.fromEntries(copy);
  };

  const take = (copy: Map<string, unknown>, member: string, path: ConfigPath): void => {
    const fileMember = `${member}File`;
    const name = copy.get(fileMember);
    if (typeof name !== "string" || name === "") return;
    const at = [...path, fileMember];
    copy.delete(fileMember);
    if (copy.has(member)) {
      problems.push({ path: at, message: `${member} is given too; give one of the two` });
      return;
    }
    const secret = readSecret(resolve(folder, name));
    if (secret.ok) copy.set(member, secret.value);
    else {
      problems.push({ path: at, message: secret.message });
      // So that the member is not reported as missing as well.
      copy.set(member, "-".repeat(32));
    }
  };

  return { value: walk(value, []), problems };
}

type SecretRead = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

function readSecret(path: string): SecretRead {
  let descriptor: number;
  try {
    // O_NONBLOCK: a pipe nobody writes to must not hold the start up.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, message: `the file can't be read (${codeOf(error)}): ${path}` };
  }
  try {
    return readOpened(descriptor, path);
  } catch (error) {
    return { ok: false, message: `the file can't be read (${codeOf(error)}): ${path}` };
  } finally {
    closeSync(descriptor);
  }
}

function readOpened(descriptor: number, path: string): SecretRead {
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) return { ok: false, message: `not a file: ${path}` };
  if (process.platform !== "win32" && (stat.mode & READABLE_BY_OTHERS) !== 0) {
    return { ok: false, message: `everybody on this machine may read the file; chmod o-r ${path}` };
  }
  const bytes = new Uint8Array(MAX_SECRET_BYTES + 1);
  const length = readSync(descriptor, bytes, 0, bytes.length, 0);
  if (length > MAX_SECRET_BYTES) return { ok: false, message: `more than ${MAX_SECRET_BYTES} bytes: ${path}` };
  const value = new TextDecoder().decode(bytes.subarray(0, length)).replace(/\r?\n$/u, "");
  return value === "" ? { ok: false, message: `the file is empty: ${path}` } : { ok: true, value };
}

/** `ENOENT` and the like. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown error";
}
