/** `ringfirst record`: events as they come, into a file. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { durationMs } from "../option-values.ts";
import type { RecordFlags } from "../record/flags.ts";
import { sizeBytes } from "../record/size.ts";

const HELP = `
Takes events as serve would, from the sources of the same configuration (the file that --config names, else ringfirst.yaml here, else
the environment), and writes each with the moment at which it came. Nothing is admitted or delivered. Play it with replay.

It opens channels of the OAuth client, as a second service would: a client has 20, and one more pushes out the least recently used.

A recording holds what your customers and people say and are called. --anonymise replaces all that is not known to be harmless:
ids, names, numbers, addresses, texts; the same one always by the same other one, so that events still belong together.

Signals:
  SIGTERM, SIGINT, SIGHUP   take nothing more, empty the subscriptions, write what is left
  the second one            end at once, exit code 1; readers pass over a last line that was cut off

Examples:
  $ ringfirst record --duration 10m --out monday.ndjson
  $ ringfirst record --anonymise --shift-times --max-bytes 100MB
  $ ringfirst record --topics 'v2.users.{*}.presence' --out - | jq -c .topic`;

/** The command. */
export function recordCommand(context: CliContext): Command {
  return new Command("record")
    .description("write events as they come into a file, anonymised on request")
    .option("-c, --config <file>", "the configuration, YAML or JSON")
    .option("-o, --out <file>", "the recording; - is stdout (recording-<time>.ndjson)")
    .option("--force", "write over a file that is there")
    .option("--duration <time>", "stop by itself: 20s, 5m", durationMs)
    .option("--max-bytes <amount>", "stop before it is larger: 100MB, 2GiB", sizeBytes)
    .option("--topics <topic...>", "these topics instead of the configured ones")
    .option("--anonymise", "replace what is not known to be harmless")
    .option("--keep <word...>", "names of members, parts of topics and values that are harmless too")
    .option("--shift-times", "move all times by the same number of days, drawn by lot")
    .option("--json", "one JSON line at the end, nothing else (on stderr with --out -)")
    .addHelpText("after", HELP)
    .action(async (flags: RecordFlags) => {
      const { runRecord } = await import("../record/run.ts");
      context.exitCode = await runRecord(flags, context);
    });
}
