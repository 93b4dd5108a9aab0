/**
 * The run file: how commands on the same machine find the service that runs, and are let in.
 *
 *  F1  It holds the token, so only its owner may read it (0600), from the first byte on.
 *  F2  It is put in its place in one step; nobody reads half of it.
 *  F3  A service removes only its own. One whose process has ended is stale: it is replaced, and never believed.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isProcessAlive } from "../runtime/process.ts";

/** What a running service tells about itself. */
export interface RunFile {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly version: string;
}

/** What was found where a run file would be. */
export type RunFileState =
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly reason: string }
  /** Its process has ended without removing it. */
  | { readonly kind: "stale"; readonly run: RunFile }
  | { readonly kind: "running"; readonly run: RunFile };

const NAME = "ringfirst.run.json";

/** Where it is: beside the store's file, or in the data folder of the working directory. */
export function runFilePath(cwd: string, storePath?: string): string {
  return storePath === undefined ? join(cwd, "data", NAME) : join(dirname(resolve(cwd, storePath)), NAME);
}

/** Looks without touching. */
export function readRunFile(path: string): RunFileState {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "none" } : { kind: "unreadable", reason: String(code) };
  }
  const run = decodeRunFile(text);
  if (run === undefined) return { kind: "unreadable", reason: "it holds something else" };
  return { kind: isProcessAlive(run.pid) ? "running" : "stale", run };
}

/** Writes it (F1, F2); what was there is replaced. */
export function writeRunFile(path: string, run: RunFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = join(dirname(path), `.${basename(path)}.${run.pid}`);
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(run)}\n`, { mode: 0o600, flag: "wx" });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** Removes it where it is still this service's (F3). */
export function removeRunFile(path: string, own: RunFile): void {
  const state = readRunFile(path);
  if ((state.kind === "running" || state.kind === "stale") && state.run.token === own.token)
    rmSync(path, { force: true });
}

function decodeRunFile(text: string): RunFile | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof RunFile, unknown>> | null;
    const { url, token, pid, startedAt, version } = value ?? {};
    if (typeof url !== "string" || typeof token !== "string" || typeof version !== "string") return undefined;
    if (typeof startedAt !== "number" || typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0)
      return undefined;
    return { url, token, pid, startedAt, version };
  } catch {
    return undefined;
  }
}
