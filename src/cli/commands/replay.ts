/** `ringfirst replay`: a recording into rules and sinks. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import type { ReplayFlags } from "../replay/flags.ts";
import { momentValue, speedValue } from "../replay/values.ts";

const HELP = `
Feeds the events of a recording to the rules and sinks of the configuration (--config, else ringfirst.yaml here; without one: the
built-in rules, each event one line of JSON on stdout). They are new events: they arrive now, with the origin replayed. The
platform is not touched, and no credentials are needed. Webhooks are called; use --dry to see only what would become of it.

The work queue is in memory, for this run only. With --store it is kept in that file.

A line that is no event is told with its number, and the next one is played; then the exit code is 3. A last line that was cut
off is no mistake.

Examples:
  $ ringfirst replay monday.ndjson --dry               events per class, rule and sink
  $ ringfirst replay monday.ndjson --speed 10 --config ringfirst.yaml
  $ ringfirst replay monday.ndjson --speed max --from 5m --to 10m | jq -c .topic
  $ ringfirst record --out - | ringfirst replay - --dry`;

/** The command. */
export function replayCommand(context: CliContext): Command {
  return new Command("replay")
    .description("play a recording into rules and sinks, at its own speed or faster")
    .argument("<file>", "the recording; - is stdin")
    .option("-c, --config <file>", "the configuration, YAML or JSON")
    .option("--speed <factor>", "10: ten times as fast; max: as fast as it is taken; original", speedValue)
    .addOption(new Option("--at <speed>", "original: as it was recorded, which is the default").choices(["original"]))
    .option("--loop", "begin again at the end, until it is stopped")
    .option("--from <moment>", "only from here on: 5m into the recording, or a time", momentValue)
    .option("--to <moment>", "only what came before this", momentValue)
    .option("--store <file>", "keep the work queue in this file")
    .option("--dry", "classify only: events per class, rule and sink")
    .option("--json", "the summary as one JSON line (on stderr where a sink writes to stdout)")
    .addHelpText("after", HELP)
    .action(async (file: string, flags: ReplayFlags) => {
      const { runReplay } = await import("../replay/run.ts");
      context.exitCode = await runReplay(file, flags, context);
    });
}
