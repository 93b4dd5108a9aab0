/** `ringfirst explain`: what would become of an event, and why. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { ExplainFlags } from "../explain/flags.ts";
import { ADDRESS_HELP } from "../service-address.ts";

const HELP = `
The event is JSON, as the provider sends it or as POST /api/events takes it:
  { "topicName": "v2.users.<id>.presence", "eventBody": { ... } }      Genesys Cloud
  { "topic": "conversation:activity", "data": { ... } }                platform-websocket
  { "topic": "orders.new", "body": { ... }, "key": "4711" }            your own

It is explained by the rules and sinks of --config, else of the running service when --url or RINGFIRST_URL is given, else of
ringfirst.yaml here, else by the built-in rules.
${ADDRESS_HELP}

Examples:
  $ ringfirst explain --event ring.json
  $ ringfirst explain --config ringfirst.yaml < ring.json
  $ ringfirst serve > events.ndjson                    a while, then Ctrl-C
  $ head -1 events.ndjson | jq '{topic, body: .data}' | ringfirst explain --json`;

/** The command. */
export function explainCommand(context: CliContext): Command {
  return new Command("explain")
    .description("what would become of an event: rule, class, key, sinks, and why")
    .option("-e, --event <file>", "the event as JSON; - is stdin", "-")
    .option("-c, --config <file>", "explain by this configuration")
    .option("--source <name>", "the source it would come from (event.source in rules)")
    .option("--url <url>", "explain by the running service (RINGFIRST_URL)")
    .option("--token <token>", "what lets one in (RINGFIRST_TOKEN)")
    .option("--json", "the whole explanation as one JSON line")
    .addHelpText("after", HELP)
    .action(async (flags: ExplainFlags) => {
      const { runExplain } = await import("../explain/run.ts");
      context.exitCode = await runExplain(flags, context);
    });
}
