/** A scenario from a file: YAML or JSON, each complaint with its line. */
import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { parseConfigText } from "../../config/document.ts";
import { showPath } from "../../config/problem.ts";
import type { Scenario } from "../../emulator/index.ts";
import { inspectScenario } from "../../emulator/scenario-read.ts";
import { RingfirstError } from "../../errors.ts";
import type { Logger } from "../../ports/logger.ts";
import { SILENT_LOGGER } from "../../ports/logger.ts";
import type { CliContext } from "../context.ts";
import type { Output } from "../output.ts";

interface Complaint {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** Reads a scenario. @throws RingfirstError `RF_USAGE` with every complaint, a line each */
export async function readScenarioFile(path: string, context: CliContext): Promise<Scenario> {
  const where = path === "-" ? "stdin" : path;
  const text = path === "-" ? await readAll(context.stdin) : await read(path);
  return parseScenario(text, where);
}

/** Reads the text of one. @throws RingfirstError `RF_USAGE` */
export function parseScenario(text: string, where: string): Scenario {
  const document = parseConfigText(text);
  if (document.problems.length > 0)
    throw refusal(
      where,
      document.problems.map(({ line = 1, column = 1, message }) => ({ line, column, text: message })),
    );
  const { problems } = inspectScenario(document.value);
  if (problems.length === 0) return document.value as Scenario;
  throw refusal(
    where,
    problems.map(({ path, message }) => {
      const { line, column } = document.placeOf(path) ?? { line: 1, column: 1 };
      return { line, column, text: path.length === 0 ? message : `${showPath(path)}: ${message}` };
    }),
  );
}

/** A logger that says what a scenario does, and what goes wrong besides. */
export function scenarioLogger(output: Output): Logger {
  return {
    ...SILENT_LOGGER,
    info: (fields, message) => {
      if (fields["scenario"] !== undefined) output.note(message);
    },
    warn: (_fields, message) => output.note(message),
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new RingfirstError("RF_USAGE", `the scenario ${path} can't be read (${code})`);
  }
}

function refusal(where: string, complaints: readonly Complaint[]): RingfirstError {
  const lines = complaints
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, text }) => `${where}:${line}:${column}: ${text}`);
  const heading = lines.length === 1 ? "" : `${lines.length} problems in the scenario\n  `;
  return new RingfirstError("RF_USAGE", heading + lines.join("\n  "));
}
