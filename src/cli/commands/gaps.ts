/** `ringfirst gaps`: when events may have been missed, and what became of it. */
import { Command, Option } from "commander";
import { GAP_STATES, GAPS_TOLD } from "../../core/gap.ts";
import type { CliContext } from "../context.ts";
import type { GapsFlags } from "../gaps/flags.ts";
import { durationMs, wholeNumber } from "../option-values.ts";
import { ADDRESS_HELP } from "../service-address.ts";

const HELP = `
A gap is an interval in which events may have been missed. It is open while it goes on; asking, while the state that it hid is being
asked for; then repaired (the state is known again), partly (not all of it could be had) or unknowable (nothing could be asked for).
${ADDRESS_HELP}

Exit codes: 0 it answered; 1 none was found, or it does not answer.

Examples:
  $ ringfirst gaps
  $ ringfirst gaps --since 24h --state partly
  $ ringfirst gaps --topic v2.users.6bd1ba2f-4b1f-4bb9-9e6f-5a1d1f6a2d5c.presence --topics
  $ ringfirst gaps --json | jq '.gaps[] | {from, to, cause, state}'`;

/** The command. */
export function gapsCommand(context: CliContext): Command {
  return new Command("gaps")
    .description("when events may have been missed: since when, why, and what became of it")
    .option("--source <name>", "only of this source")
    .option("--topic <topic>", "only those that touch this topic")
    .addOption(new Option("--state <state>", "only those in this state").choices(GAP_STATES))
    .option("--since <duration>", "only those that go on, or ended no longer ago: 30m, 24h, 7d", durationMs)
    .option("--limit <count>", "the youngest so many", wholeNumber(1, 1_000), GAPS_TOLD)
    .option("--topics", "name each topic, and what was found out about it")
    .option("--url <url>", "where the service is (RINGFIRST_URL)")
    .option("--token <token>", "what lets one in (RINGFIRST_TOKEN)")
    .option("-c, --config <file>", "the configuration it was started with: its run file is beside its store")
    .option("--json", "all of it as one JSON line")
    .addHelpText("after", HELP)
    .action(async (flags: GapsFlags) => {
      const { runGaps } = await import("../gaps/run.ts");
      context.exitCode = await runGaps(flags, context);
    });
}
