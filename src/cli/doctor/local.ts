/** What lies on this machine: the store, files that sinks write, and the shape of webhook addresses. Nothing is written or called. */
import { accessSync, constants, existsSync, lstatSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config, NdjsonSinkConfig, WebhookSinkConfig } from "../../config/config.ts";
import { DEFAULTS } from "../../options.ts";
import { isRingfirstError } from "../../errors.ts";
import { webhookSink } from "../../sinks/webhook/index.ts";
import { storePathOf } from "../config-source.ts";
import { bytes } from "./amounts.ts";
import type { Tell } from "./finding.ts";
import type { ExamContext } from "./genesys.ts";

/** Less room than this is told of. */
const LITTLE_BYTES = 1_073_741_824;
/** Less than this is a problem. */
const TOO_LITTLE_BYTES = 104_857_600;
/** Bits of a mode that let group and others in. */
const OTHERS = 0o077;

/** The work queue's memory. */
export function examineStore(config: Config, cwd: string, tell: Tell): void {
  const shown = storePathOf(config);
  if (shown !== undefined) {
    examineStoreFile(resolve(cwd, shown), shown, tell);
    return;
  }
  const most = bytes(config.limits?.maxBytes ?? DEFAULTS.limits.maxBytes);
  tell(
    "memory",
    "ok",
    `what waits lives as long as the process, and may take up to ${most} for each sink (limits.maxBytes)`,
  );
}

function examineStoreFile(path: string, shown: string, tell: Tell): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    tell("path", "problem", `${shown} is a symbolic link`, { todo: ["name the file itself in store.path"] });
    return;
  }
  if (!tellWritable("path", path, shown, tell)) return;
  tellSpace(path, tell);
  tellMode(path, shown, tell);
}

/** A file that is there must be writable, else the nearest folder above it. */
function tellWritable(check: string, path: string, shown: string, tell: Tell): boolean {
  const there = nearest(path);
  const isNew = there !== path;
  try {
    if (isNew && !statSync(there).isDirectory()) throw Object.assign(new Error("no folder"), { code: "ENOTDIR" });
    if (!isNew && statSync(path).isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
    accessSync(there, isNew ? constants.W_OK | constants.X_OK : constants.W_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "?";
    tell(check, "problem", `${shown} can't be written (${code} at ${there})`, {
      todo: [`let the user that runs serve write there (ls -ld ${there}), or name another path`],
      details: { code },
    });
    return false;
  }
  tell(check, "ok", `${shown} ${isNew ? "is not there yet and can be made" : "is there and can be written"}`);
  return true;
}

function tellSpace(path: string, tell: Tell): void {
  const { bavail, bsize } = statfsSync(nearest(path));
  const free = bavail * bsize;
  const level = free < TOO_LITTLE_BYTES ? "problem" : free < LITTLE_BYTES ? "warning" : "ok";
  tell("space", level, `${bytes(free)} free on its file system`, {
    todo: level === "ok" ? [] : ["make room or move the store: when the disk is full nothing is admitted any more"],
    details: { freeBytes: free },
  });
}

/** Payloads are personal data. What is not there yet is made for its owner alone. */
function tellMode(path: string, shown: string, tell: Tell): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS) === 0) {
    tell("mode", "ok", "only its owner may read it");
    return;
  }
  const found = `${shown} is open to others (${(mode & 0o777).toString(8)}), and events hold personal data`;
  tell("mode", "warning", found, { todo: [`chmod 600 ${shown}`] });
}

/** A sink that posts: what its address looks like. Nothing is sent there. */
export function examineWebhook(sink: WebhookSinkConfig, { clock, net }: ExamContext, tell: Tell): void {
  const { name, url, secret, allowPrivate, headers } = sink;
  try {
    webhookSink({
      name,
      url,
      net,
      clock,
      ...(secret === undefined ? {} : { secret }),
      ...(allowPrivate === undefined ? {} : { allowPrivate }),
      ...(headers === undefined ? {} : { headers }),
    });
  } catch (error) {
    if (!isRingfirstError(error)) throw error;
    tell("address", "problem", error.message, { todo: [`correct it in the configuration: sinks, ${name}`] });
    return;
  }
  const { protocol, host } = new URL(url);
  const signed = secret === undefined ? "not signed" : "signed";
  tell("address", "ok", `${protocol}//${host}, ${signed}; nothing was sent to it`, {
    todo: secret === undefined ? ['with secret: "whsec_…" the receiver can tell your events from anybody else\'s'] : [],
    details: { host, signed: secret !== undefined },
  });
}

/** A sink that writes lines. */
export function examineNdjson({ path = "-" }: NdjsonSinkConfig, cwd: string, tell: Tell): void {
  if (path === "-") tell("path", "ok", "each event is a line on stdout");
  else tellWritable("path", resolve(cwd, path), path, tell);
}

function nearest(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
