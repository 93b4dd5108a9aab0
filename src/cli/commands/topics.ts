/** `ringfirst topics`: which topics there are, and what they need. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { TopicsFlags } from "../topics/flags.ts";

const HELP = `
The list is the account's own: of the configuration that serve would read (--config, ringfirst.yaml here, or GENESYS_CLIENT_ID,
GENESYS_CLIENT_SECRET and GENESYS_REGION). Without an account it is the one that comes with ringfirst, and that is said.

In a configuration {id} becomes a concrete id, or {*} for every user or queue that the client may see.

Examples:
  $ ringfirst topics presence                     topics with this word in their name or description
  $ ringfirst topics queue observations           with both
  $ ringfirst topics --json | jq -r '.topics[].topic'
  $ ringfirst topics users | cut -f 1             elsewhere than on a terminal: topic, needs, transports, description`;

/** The command. */
export function topicsCommand(context: CliContext): Command {
  return new Command("topics")
    .description("which topics there are, what they tell and what they need")
    .argument("[words...]", "only topics with all of these in their name or description")
    .option("-c, --config <file>", "the configuration whose account is asked")
    .option("--source <name>", "its source that is asked, where it has several")
    .option("--built-in", "the list that comes with ringfirst, without asking anybody")
    .option("--json", "all of it as one JSON line")
    .addHelpText("after", HELP)
    .action(async (words: string[], flags: TopicsFlags) => {
      const { runTopics } = await import("../topics/run.ts");
      context.exitCode = await runTopics(words, flags, context);
    });
}
