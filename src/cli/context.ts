/** What every command is given: the world outside the program, so that tests can bring their own. */
import type { Readable } from "node:stream";
import type { Output } from "./output.ts";
import type { ExitCode } from "./exit-code.ts";

/** The outside world of one run. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly output: Output;
  /** Ends the process at once, without waiting for anything. */
  exitNow(code: number): void;
  /** Set by the command that ran. */
  exitCode: ExitCode;
}
