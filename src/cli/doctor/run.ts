/** Looks at all that a start needs, and says what to do. */
import { buildOptions } from "../../config/build.ts";
import { SILENT_LOGGER } from "../../ports/logger.ts";
import { systemClock } from "../../runtime/clock.ts";
import { systemNet } from "../../runtime/net.ts";
import { readConfig } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { printable } from "../text.ts";
import { wrap } from "../wrap.ts";
import { examine } from "./examine.ts";
import { countLevels, type Finding } from "./finding.ts";
import type { DoctorFlags } from "./flags.ts";
import { findingLines, summaryLine } from "./report.ts";

/** Warnings and problems are something found. @throws RingfirstError `RF_CONFIG_UNREADABLE`, `RF_CONFIG_INVALID` */
export async function runDoctor(flags: DoctorFlags, context: CliContext): Promise<ExitCode> {
  const { output, cwd } = context;
  const { config, from } = readConfig(flags.config, context);
  const [clock, net, connect] = [systemClock(), systemNet(), flags.connect === true];
  // What no start would accept is no finding but a wrong configuration; what is wrong with a sink alone is told as one.
  buildOptions({ ...config, sinks: [], store: { type: "memory" } }, { clock, net, logger: SILENT_LOGGER });
  const columns = output.stdout.isTTY === true ? output.stdout.columns : undefined;
  const findings: Finding[] = [];
  const take = (finding: Finding): void => {
    const first = findings.at(-1)?.part !== finding.part;
    findings.push(finding);
    if (flags.json === true) return;
    for (const line of findingLines(finding, first, columns, output.paint)) output.line(line);
  };
  if (flags.json !== true) output.line(`${output.paint("bold", "ringfirst doctor")}  ${printable(from)}`);
  const requests = await examine(config, { clock, net, connect, cwd, take });
  const counts = countLevels(findings);
  const ok = counts.problem === 0 && counts.warning === 0;
  if (flags.json === true) output.json({ ok, from, connected: connect, requests, counts, findings });
  else for (const line of ["", ...wrap(summaryLine(findings, connect, output.paint), columns)]) output.line(line);
  return ok ? EXIT.OK : EXIT.FOUND;
}
