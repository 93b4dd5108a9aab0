/** `ringfirst doctor`: what stands in the way, and what to do about it. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { DoctorFlags } from "../doctor/flags.ts";

const HELP = `
It reads the configuration that serve would read (--config, ringfirst.yaml here, or GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and
GENESYS_REGION) and looks at each source (region, hosts, clock, credentials, each topic and its permissions, channels, limits), each
sink and the store. What is wrong is said with what to do, in the words of the admin screens.

It may be run beside a service at work: it logs in and reads, and opens no channel, because a client has 20 and one more pushes out
a living one. With --connect it opens one where one is free, subscribes all topics to hear which are refused, connects once, and
empties it again. The channel then stays listed until it ends by itself.

Exit codes: 0 all in order; 3 a warning or a problem was found; 2 the configuration can't be right; 1 something unforeseen.

Examples:
  $ ringfirst doctor
  $ ringfirst doctor --connect                    before the first start
  $ ringfirst doctor --json | jq '.findings[] | select(.level != "ok")'`;

/** The command. */
export function doctorCommand(context: CliContext): Command {
  return new Command("doctor")
    .description("check credentials, permissions, limits and all else that a start needs; say what to do")
    .option("-c, --config <file>", "the configuration to check")
    .option("--connect", "open a channel and a socket for a moment too")
    .option("--json", "all of it as one JSON line")
    .addHelpText("after", HELP)
    .action(async (flags: DoctorFlags) => {
      const { runDoctor } = await import("../doctor/run.ts");
      context.exitCode = await runDoctor(flags, context);
    });
}
