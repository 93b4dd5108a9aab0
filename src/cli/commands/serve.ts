/** `ringfirst serve`: the service. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { ServeFlags } from "../serve/flags.ts";

const HELP = `
The configuration is the file that --config names, else ringfirst.yaml (.yml, .json) in the working directory, else the
environment: GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_REGION alone start it (all queues' conversations, all users'
presence and routing status; each event one line of JSON on stdout). GENESYS_WIRE=platform-websocket takes the other wire,
GENESYS_ENDPOINT an emulator or proxy.

Logs and everything said on the way go to stderr. Wrong credentials do not end it: it stays up, is not ready, says what is
wrong, and tries again.

Signals:
  SIGTERM, SIGINT, SIGHUP   take nothing more, finish within drainMs (10 s), say what was left
                            exit code 0: nothing is lost; 1: events were left that the store does not keep
  the second one            end at once, exit code 1

Examples:
  $ ringfirst serve --config ringfirst.yaml
  $ GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=... GENESYS_REGION=eu-central-1 ringfirst serve | jq .topic
  $ ringfirst emulate --rate 20                        prints what to set to try it without an account`;

/** The command. */
export function serveCommand(context: CliContext): Command {
  return new Command("serve")
    .description("the service: from your sources to your sinks, until it is stopped")
    .option("-c, --config <file>", "the configuration, YAML or JSON")
    .option("--json", "log as JSON lines on a terminal too")
    .addHelpText("after", HELP)
    .action(async (flags: ServeFlags) => {
      const { runServe } = await import("../serve/run.ts");
      context.exitCode = await runServe(flags, context);
    });
}
