/**
 * Where commands write. stdout is for results, stderr for everything said on the way; neither fails a command:
 * a reader that has gone (`| head`) ends the output quietly.
 */
import type { Writable } from "node:stream";
import { painter, type Paint } from "./text.ts";

/** One of the two streams, as far as it is known. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What commands write to. */
export interface Output {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** For text on stdout and on stderr. */
  readonly paint: Paint;
  readonly paintError: Paint;
  /** A line of the result. */
  line(text: string): void;
  /** The result as one JSON line. */
  json(value: unknown): void;
  /** A line beside the result, on stderr. */
  note(text: string): void;
  /** Aborted when nobody reads stdout any more. */
  readonly readerGone: AbortSignal;
  /** Resolves when all is written, so that the process may end. */
  flush(): Promise<void>;
}

/** The output of one run. Colours: `NO_COLOR` and `TERM=dumb` forbid them, `FORCE_COLOR` asks for them, else a terminal has them. */
export function createOutput(
  stdout: OutputStream,
  stderr: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): Output {
  const gone = new AbortController();
  stdout.on("error", () => gone.abort());
  stderr.on("error", streamOnError);
  const write = (stream: OutputStream, text: string): void => {
    if (!stream.destroyed && stream.writable) stream.write(`${text}\n`);
  };
  return {
    stdout,
    stderr,
    paint: painter(hasColors(stdout, env)),
    paintError: painter(hasColors(stderr, env)),
    line: (text) => write(stdout, text),
    json: (value) => write(stdout, JSON.stringify(value)),
    note: (text) => write(stderr, text),
    readerGone: gone.signal,
    flush: async () => {
      await Promise.all([flushed(stdout), flushed(stderr)]);
    },
  };
}

/** Whether text on this stream may be coloured. */
export function hasColors(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** EPIPE and its like: nobody reads any more, and there is nobody to tell. */
function streamOnError(): void {}

function flushed(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write("", () => resolve());
  });
}
