/** `ringfirst types`: TypeScript types from the account's schemas. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { TypesFlags } from "../event-types/flags.ts";

const HELP = `
The schemas are asked of the account in the configuration that serve would read. The same schemas give the same text, so it can
be kept under version control and written anew when the platform has changed. It compiles under strict.

A saved list does as well: GET /api/v2/notifications/availabletopics?expand=description,schema

Examples:
  $ ringfirst types > events.ts                                  all topics that have a schema
  $ ringfirst types 'v2.users.{id}.*' --out src/events.ts        some; * stands for any text
  $ ringfirst types --from topics.json                           without asking anybody

  import type { EventBodies } from "./events.ts";
  type Presence = EventBodies["v2.users.{id}.presence"];`;

/** The command. */
export function typesCommand(context: CliContext): Command {
  return new Command("types")
    .description("write TypeScript types of the account's events")
    .argument("[topics...]", "only these topics; * stands for any text")
    .option("-c, --config <file>", "the configuration whose account is asked")
    .option("--source <name>", "its source that is asked, where it has several")
    .option("--from <file>", "a saved answer of availabletopics instead; - is stdin")
    .option("-o, --out <file>", "write it there; without it, to stdout")
    .option("--json", "what was written as one JSON line")
    .addHelpText("after", HELP)
    .action(async (topics: string[], flags: TypesFlags) => {
      const { runTypes } = await import("../event-types/run.ts");
      context.exitCode = await runTypes(topics, flags, context);
    });
}
