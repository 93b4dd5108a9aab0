/** Asks the running service for its gaps and shows them. */
import { namedStorePath } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { findService } from "../service-address.ts";
import { askService } from "../service-client.ts";
import type { GapsFlags } from "./flags.ts";
import { gapLines } from "./report.ts";

/** A service without gaps is as good an answer as one with them. */
export async function runGaps(flags: GapsFlags, context: CliContext): Promise<ExitCode> {
  const { output } = context;
  const { source, topic, state, limit } = flags;
  const address = findService(flags, context, namedStorePath(flags.config, context));
  const { list, now, total } = await askService(address, async (client) => {
    const { now, gaps } = await client.status();
    // By the service's clock: this machine's may be another.
    const since = flags.since === undefined ? undefined : Math.max(0, Math.floor(now - flags.since));
    return { list: await client.gaps({ source, topic, state, since, limit }), now, total: gaps.total };
  });
  if (flags.json === true) output.json(list);
  else
    for (const line of gapLines(list.gaps, { now, total, named: flags.topics === true }, output.paint))
      output.line(line);
  return EXIT.OK;
}
