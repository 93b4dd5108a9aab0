/** `config check`, `print` and `schema`. */
import { stringify } from "yaml";
import { withDefaults } from "../../config/effective.ts";
import { redactConfig } from "../../config/redact.ts";
import { configJsonSchema } from "../../config/schema.ts";
import { isRingfirstError } from "../../errors.ts";
import { memoryStore } from "../../stores/memory.ts";
import { createRingfirst } from "../../ringfirst.ts";
import { SILENT_LOGGER } from "../../ports/logger.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { ConfigFlags } from "./flags.ts";
import { readConfig, toSettings } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { printable } from "../text.ts";

/** Goes as far as a start goes without opening or connecting anything; what is wrong is thrown, or told as JSON. */
export async function checkConfig(flags: ConfigFlags, context: CliContext): Promise<ExitCode> {
  const { output } = context;
  try {
    const { config, from } = readConfig(flags.config, context);
    const { options } = toSettings(config, systemClock(), SILENT_LOGGER);
    const service = await createRingfirst({ ...options, store: memoryStore() });
    await service.close();
    const facts = { sources: config.sources.length, sinks: config.sinks.length, rules: config.rules?.length ?? 1 };
    if (flags.json === true) output.json({ ok: true, from, ...facts });
    else
      output.line(
        `${printable(from)} is right: ${facts.sources} sources, ${facts.sinks} sinks, ${facts.rules} rule entries`,
      );
    return EXIT.OK;
  } catch (error) {
    if (flags.json !== true || !isRingfirstError(error)) throw error;
    output.json({ ok: false, code: error.code, message: error.message, ...error.details });
    return EXIT.USAGE;
  }
}

/** With what was not said filled in, and without secrets. */
export function printConfig(flags: ConfigFlags, context: CliContext): Promise<ExitCode> {
  const { config, from } = readConfig(flags.config, context);
  const shown = redactConfig(withDefaults(config));
  if (flags.json === true) context.output.json(shown);
  else
    context.output.line(`# ${printable(from)}; secrets are left out\n${stringify(shown, { lineWidth: 0 }).trimEnd()}`);
  return Promise.resolve(EXIT.OK);
}

/** For editors, and for checks elsewhere. */
export function printSchema(flags: ConfigFlags, { output }: CliContext): Promise<ExitCode> {
  const schema = configJsonSchema();
  if (flags.json === true) output.json(schema);
  else output.line(JSON.stringify(schema, undefined, 2));
  return Promise.resolve(EXIT.OK);
}
