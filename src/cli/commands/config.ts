/** `ringfirst config check|print|schema`: the configuration without starting anything. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { ConfigFlags } from "../config/flags.ts";

const HELP = `
The configuration is the file that is named, else ringfirst.yaml (.yml, .json) in the working directory, else the environment
(GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET, GENESYS_REGION).

Examples:
  $ ringfirst config check ringfirst.yaml         exit code 2 and file, line, path, what was found, what is allowed
  $ ringfirst config print                        all of it with the defaults, secrets left out
  $ ringfirst config schema > ringfirst.schema.json
                                                  for your editor: # yaml-language-server: $schema=./ringfirst.schema.json`;

/** The command. */
export function configCommand(context: CliContext): Command {
  const command = new Command("config").description(
    "check a configuration, print it with its defaults, or print its JSON Schema",
  );
  const withFile = (name: string, description: string): Command =>
    command
      .command(`${name} [file]`)
      .description(description)
      .option("-c, --config <file>", "the same as the argument")
      .option("--json", "as one JSON line");
  withFile("check", "say whether it is right, without starting anything").action(
    async (file: string | undefined, flags: ConfigFlags) => {
      const { checkConfig } = await import("../config/run.ts");
      context.exitCode = await checkConfig({ ...flags, ...(file === undefined ? {} : { config: file }) }, context);
    },
  );
  withFile("print", "print it with its defaults; secrets are left out").action(
    async (file: string | undefined, flags: ConfigFlags) => {
      const { printConfig } = await import("../config/run.ts");
      context.exitCode = await printConfig({ ...flags, ...(file === undefined ? {} : { config: file }) }, context);
    },
  );
  command
    .command("schema")
    .description("print the JSON Schema")
    .option("--json", "as one JSON line")
    .action(async (flags: ConfigFlags) => {
      const { printSchema } = await import("../config/run.ts");
      context.exitCode = await printSchema(flags, context);
    });
  return command.addHelpText("after", HELP);
}
