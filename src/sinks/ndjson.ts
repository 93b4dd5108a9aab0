/**
 * The ndjson sink: one CloudEvents document per line, to standard output or to a file. For pipes into `jq`, for log
 * collectors, for a look at what flows.
 */
import { close, constants, open, write } from "node:fs";
import { toCloudEvent } from "../core/cloud-event.ts";
import { toJsonLine } from "../core/json-line.ts";
import type { Outcome } from "../core/outcome.ts";
import { ACK, retry } from "../core/outcome.ts";
import { RingfirstError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Sink } from "../ports/sink.ts";
import type { LineTarget } from "./ndjson/line-writer.ts";
import { isErrno, LineWriter } from "./ndjson/line-writer.ts";

/** What {@link ndjsonSink} takes. */
export interface NdjsonSinkOptions {
  /** Unique among the sinks. */
  readonly name: string;
  /** A file to append to (made with mode 0600; its folder must exist; no symbolic link), or `-` for standard output. */
  readonly path: string;
  readonly clock: Clock;
}

/** Standing descriptors that are written to but never opened or closed here. */
const STANDING: Readonly<Record<string, number>> = { "-": 1, "/dev/stdout": 1, "/dev/stderr": 2 };
const FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;
const OWNER_ONLY = 0o600;
/** How long `close` waits for a reader that stands still, in milliseconds. */
const CLOSE_MS = 2_000;

/** Words for what the system says most. */
const TROUBLE: Readonly<Record<string, string>> = {
  EPIPE: "the reader has closed the pipe",
  ENOSPC: "no space is left on the device",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission is denied",
  ENOENT: "the folder does not exist",
  EISDIR: "the path is a folder",
  ELOOP: "the path is a symbolic link, which is not followed",
  EMFILE: "too many files are open",
  EIO: "the device reports an error",
};

/**
 * A sink that writes one line per event. An event is acknowledged when the system has taken its whole line; a closed pipe, a
 * full disk and other trouble make another attempt, never a crash. The file is not synced: after a power loss its last lines
 * may be missing.
 *
 * @throws RingfirstError `RF_OPTION_INVALID` for an empty path
 * @example
 * ```ts
 * import { ndjsonSink, systemClock } from "ringfirst";
 *
 * const log = ndjsonSink({ name: "log", path: "-", clock: systemClock() });
 * ```
 */
export function ndjsonSink(options: NdjsonSinkOptions): Sink {
  const { name, path, clock } = options;
  if (path === "" || path.includes("\0")) {
    throw new RingfirstError("RF_OPTION_INVALID", `sink ${name}: path: "-" or the path of a file expected`);
  }
  const standing = STANDING[path];
  const target = standing === undefined ? new FileTarget(path) : new StandingTarget(standing);
  const writer = new LineWriter(target, clock);
  let closing: Promise<void> | undefined;
  let trouble: string | undefined;

  const finish = async (): Promise<void> => {
    const waited = await Promise.race([writer.flushed().then(() => true), elapsed(clock)]);
    // A write that hangs still uses the descriptor; the process's end will close it.
    if (waited) await target.close();
  };

  return {
    name,
    type: "ndjson",
    async deliver(event, context): Promise<Outcome> {
      if (closing !== undefined) return retry("the sink is closed");
      const result = await writer.write(toJsonLine(toCloudEvent(event)), () => context.signal);
      trouble = result.written ? undefined : describe(result.error);
      return trouble === undefined ? ACK : retry(`not written: ${trouble}`);
    },
    trouble: () => (trouble === undefined ? undefined : `lines can't be written: ${trouble}`),
    close() {
      closing ??= finish();
      return closing;
    },
  };
}

interface Target extends LineTarget {
  close(): Promise<void>;
}

/** Standard output or error. */
class StandingTarget implements Target {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): Promise<number> {
    return writeOnce(this.#descriptor, bytes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A file of ours: opened at the first line, and again after trouble. */
class FileTarget implements Target {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.#descriptor ??= await openFile(this.#path);
    try {
      return await writeOnce(this.#descriptor, bytes);
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor === undefined) return Promise.resolve();
    return new Promise((resolve) => close(descriptor, () => resolve()));
  }
}

function writeOnce(descriptor: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, null, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

function openFile(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, FLAGS, OWNER_ONLY, (error, descriptor) => {
      if (error === null) resolve(descriptor);
      else reject(error);
    });
  });
}

function elapsed(clock: Clock): Promise<false> {
  return new Promise((resolve) => clock.setTimer(CLOSE_MS, () => resolve(false)));
}

/** One line without the path: it may say more than a cause should. */
function describe(error: unknown): string {
  for (const [code, words] of Object.entries(TROUBLE)) if (isErrno(error, code)) return `${words} (${code})`;
  if (!(error instanceof Error)) return "unknown trouble";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
