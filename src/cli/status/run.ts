/** Asks the running service for its status and shows it. */
import type { StatusFlags } from "./flags.ts";
import { namedStorePath } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { findService } from "../service-address.ts";
import { askService } from "../service-client.ts";
import { statusLines } from "./report.ts";

/** A service that answers is well enough for this command, ready or not. */
export async function runStatus(flags: StatusFlags, context: CliContext): Promise<ExitCode> {
  const { output } = context;
  const address = findService(flags, context, namedStorePath(flags.config, context));
  const status = await askService(address, (client) => client.status());
  if (flags.json === true) output.json(status);
  else for (const line of statusLines(status, output.paint)) output.line(line);
  return EXIT.OK;
}
