/** Explains an event by a configuration, by the running service, or by the built-in rules; nothing is admitted anywhere. */
import { SILENT_LOGGER } from "../../ports/logger.ts";
import type { ExplainQuery, Explanation } from "../../ports/service.ts";
import { createRingfirst } from "../../ringfirst.ts";
import { systemClock } from "../../runtime/clock.ts";
import { memoryStore } from "../../stores/memory.ts";
import type { ExplainFlags } from "./flags.ts";
import { configFile, readConfig, toSettings } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { findService } from "../service-address.ts";
import { askService } from "../service-client.ts";
import { readEvent } from "./read-event.ts";
import { explanationLines } from "./report.ts";

/** Shows the explanation. */
export async function runExplain(flags: ExplainFlags, context: CliContext): Promise<ExitCode> {
  const event = await readEvent(flags.event, context);
  const query = flags.source === undefined ? event : { ...event, source: flags.source };
  const explanation = await explain(query, flags, context);
  const { output } = context;
  if (flags.json === true) output.json(explanation);
  else for (const line of explanationLines(query, explanation, output.paint)) output.line(line);
  return EXIT.OK;
}

function explain(query: ExplainQuery, flags: ExplainFlags, context: CliContext): Promise<Explanation> {
  const asksService = flags.config === undefined && (flags.url ?? context.env["RINGFIRST_URL"] ?? "") !== "";
  if (asksService) return askService(findService(flags, context), (client) => client.explain(query));
  return explainHere(query, configFile(flags.config, context), context);
}

/** A service that is never started: it has the rules and sinks, and no source. */
async function explainHere(query: ExplainQuery, file: string | undefined, context: CliContext): Promise<Explanation> {
  const settings =
    file === undefined ? undefined : toSettings(readConfig(file, context).config, systemClock(), SILENT_LOGGER);
  const options = settings?.options ?? { sinks: [] };
  const service = await createRingfirst({ ...options, sources: [], store: memoryStore() });
  try {
    return service.explain(query);
  } finally {
    await service.close();
  }
}
