/**
 * The command line: which commands there are, and how each run ends. A command's own work is loaded when it is called, so
 * that `--help` is quick.
 */
import { Command, CommanderError } from "commander";
import { isRingfirstError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { configCommand } from "./commands/config.ts";
import { demoCommand } from "./commands/demo.ts";
import { emulateCommand } from "./commands/emulate.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { typesCommand } from "./commands/event-types.ts";
import { explainCommand } from "./commands/explain.ts";
import { gapsCommand } from "./commands/gaps.ts";
import { recordCommand } from "./commands/record.ts";
import { replayCommand } from "./commands/replay.ts";
import { serveCommand } from "./commands/serve.ts";
import { statusCommand } from "./commands/status.ts";
import { topicsCommand } from "./commands/topics.ts";
import type { CliContext } from "./context.ts";
import { EXIT, EXIT_CODE_HELP, exitCodeOf, type ExitCode } from "./exit-code.ts";
import { createOutput } from "./output.ts";
import { printable } from "./text.ts";

/** What only `main.ts` can do. */
export interface ProgramHost {
  readonly exitNow: (code: number) => void;
}

const EXAMPLES = `Examples:
  $ ringfirst demo                                  watch a made-up contact centre, nothing to set up
  $ ringfirst serve                                 your own, from GENESYS_CLIENT_ID, _SECRET and _REGION
  $ ringfirst serve --config ringfirst.yaml         your own, with rules and sinks of yours
  $ ringfirst doctor                                what stands in the way, and what to do
  $ ringfirst status                                what the service that runs here is doing
  $ ringfirst explain --event ring.json             which class, key and sinks an event would get`;

/** In the order in which the help lists them. */
const COMMANDS: readonly ((context: CliContext) => Command)[] = [
  demoCommand,
  serveCommand,
  emulateCommand,
  doctorCommand,
  explainCommand,
  configCommand,
  statusCommand,
  gapsCommand,
  topicsCommand,
  typesCommand,
  recordCommand,
  replayCommand,
];

/** Runs the program in this process and answers its exit code. */
export async function runProgram(argv: readonly string[], host: ProgramHost): Promise<ExitCode> {
  const output = createOutput(process.stdout, process.stderr, process.env);
  const code = await runCommandLine(argv, {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    output,
    exitNow: host.exitNow,
    exitCode: EXIT.OK,
  });
  await output.flush();
  return code;
}

/** Runs one command line; never rejects. */
export async function runCommandLine(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  const program = createProgram(context);
  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
    reportError(error, argv, context);
    return exitCodeOf(error);
  }
}

function createProgram(context: CliContext): Command {
  const { output } = context;
  const program = new Command("ringfirst");
  program
    .description("Genesys Cloud real-time events, the urgent ones first.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--debug", "show where an error comes from")
    .helpOption("-h, --help", "show help, also of each command: ringfirst serve --help")
    .addHelpText("after", `\n${EXAMPLES}\n\n${EXIT_CODE_HELP}`);
  for (const create of COMMANDS) program.addCommand(create(context));
  const settle = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeOut: (text) => output.line(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
      outputError: (text, write) => write(usageError(text, command)),
      getOutHelpWidth: () => output.stdout.columns ?? 100,
    });
    command.commands.forEach(settle);
  };
  settle(program);
  return program;
}

/** Commander's complaint as one line: `ringfirst: unknown command 'dmo' (Did you mean demo?); see ringfirst --help`. */
function usageError(text: string, command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const complaint = text
    .replace(/^error: /u, "")
    .trim()
    .split("\n")
    .join(" ")
    .replace(/\.$/u, "");
  return `ringfirst: ${printable(complaint)}; see ${names.join(" ")} --help`;
}

function reportError(error: unknown, argv: readonly string[], { output }: CliContext): void {
  const message = printable(error instanceof Error ? error.message : String(error), true);
  const code = isRingfirstError(error) ? error.code : undefined;
  if (argv.includes("--json")) output.note(JSON.stringify({ error: { code: code ?? "unexpected", message } }));
  else output.note(`ringfirst: ${message}${code === undefined ? "" : output.paintError("dim", ` (${code})`)}`);
  if (argv.includes("--debug")) output.note(stackOf(error));
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return `${printable(error.stack ?? error.message, true)}${cause}`;
}
