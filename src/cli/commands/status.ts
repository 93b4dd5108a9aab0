/** `ringfirst status`: what the running service is doing. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { StatusFlags } from "../status/flags.ts";
import { ADDRESS_HELP } from "../service-address.ts";

const HELP = `
${ADDRESS_HELP}

Exit codes: 0 it answered (whether it is ready, and why not, is in the answer); 1 none was found, or it does not answer.

Examples:
  $ ringfirst status
  $ ringfirst status --json | jq '.classes[] | {name, waiting}'
  $ RINGFIRST_TOKEN=... ringfirst status --url https://ringfirst.example.com`;

/** The command. */
export function statusCommand(context: CliContext): Command {
  return new Command("status")
    .description("what the service that runs is doing: classes, sources, sinks, gaps")
    .option("--url <url>", "where it is (RINGFIRST_URL)")
    .option("--token <token>", "what lets one in (RINGFIRST_TOKEN)")
    .option("-c, --config <file>", "the configuration it was started with: its run file is beside its store")
    .option("--json", "all of it as one JSON line")
    .addHelpText("after", HELP)
    .action(async (flags: StatusFlags) => {
      const { runStatus } = await import("../status/run.ts");
      context.exitCode = await runStatus(flags, context);
    });
}
