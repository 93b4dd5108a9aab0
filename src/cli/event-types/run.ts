/** Writes the types of an account's events, or of a saved list of topics. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { didYouMean } from "../../config/problem.ts";
import { RingfirstError } from "../../errors.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { count, printable } from "../text.ts";
import { findAccount } from "../topics/account.ts";
import { type CatalogueTopic, readTopics, requireCatalogue } from "../topics/catalogue.ts";
import { byPatterns } from "../topics/choose.ts";
import type { SchemaTopic } from "./definitions.ts";
import { emitTypes } from "./emit.ts";
import type { TypesFlags } from "./flags.ts";
import { asSchema } from "./schema.ts";

/** @throws RingfirstError `RF_CONFIG_INVALID`, `RF_USAGE`, `RF_PLATFORM` */
export async function runTypes(patterns: readonly string[], flags: TypesFlags, context: CliContext): Promise<ExitCode> {
  const { output } = context;
  const { from, topics } = await findTopics(flags, context);
  const chosen = choose(topics, patterns);
  const described = chosen.flatMap(({ id, description, schema }): SchemaTopic[] => {
    const one = asSchema(schema);
    return one === undefined ? [] : [{ id, description, schema: one }];
  });
  const without = chosen.filter(({ schema }) => asSchema(schema) === undefined).map(({ id }) => id);
  const { code, types } = emitTypes(described);
  const out = flags.out === undefined || flags.out === "-" ? undefined : flags.out;
  if (out !== undefined) write(resolve(context.cwd, out), out, code);
  const facts = { from, topics: described.length, types, withoutSchema: without };
  if (flags.json === true) output.json({ ...facts, ...(out === undefined ? { code } : { out }) });
  else if (out === undefined) output.line(code.trimEnd());
  const where = out === undefined ? "" : `${printable(out)}: `;
  const missing = without.length === 0 ? "" : `; ${count(without.length)} without a schema left out`;
  if (flags.json !== true) output.note(`${where}${count(types)} types for ${count(described.length)} topics${missing}`);
  return EXIT.OK;
}

interface Found {
  /** The source's name, or the file. */
  readonly from: string;
  readonly topics: readonly CatalogueTopic[];
}

async function findTopics(flags: TypesFlags, context: CliContext): Promise<Found> {
  if (flags.from !== undefined) return { from: flags.from, topics: await readSaved(flags.from, context) };
  const account = findAccount(flags, context);
  if (account === undefined) throw nobodyToAsk();
  return { from: account.name, topics: await requireCatalogue(account.api, true) };
}

function nobodyToAsk(): RingfirstError {
  return new RingfirstError(
    "RF_USAGE",
    "the schemas are the account's, and none is configured: name a configuration with a source of type genesys (--config), set GENESYS_CLIENT_ID, " +
      "GENESYS_CLIENT_SECRET and GENESYS_REGION, or give a saved list (--from); the types of the usual topics come with the package: " +
      'import type { GenesysEventBodies } from "ringfirst"',
  );
}

function choose(topics: readonly CatalogueTopic[], patterns: readonly string[]): readonly CatalogueTopic[] {
  const { topics: chosen, unmatched } = byPatterns(topics, patterns);
  const [wrong] = unmatched;
  if (wrong === undefined) return chosen;
  const guess = didYouMean(
    wrong,
    topics.map(({ id }) => id),
  );
  throw new RingfirstError(
    "RF_USAGE",
    `no topic is named ${JSON.stringify(wrong)}${guess || "; see ringfirst topics"}`,
  );
}

async function readSaved(path: string, { stdin, cwd }: CliContext): Promise<readonly CatalogueTopic[]> {
  const where = path === "-" ? "stdin" : path;
  let text = "";
  try {
    if (path !== "-") text = readFileSync(resolve(cwd, path), "utf8");
    else for await (const chunk of stdin) text += String(chunk);
    const topics = readTopics(JSON.parse(text.replace(/^\uFEFF/u, "")));
    if (topics !== undefined) return topics;
  } catch (error) {
    const why = error instanceof SyntaxError ? "it is not JSON" : ((error as NodeJS.ErrnoException).code ?? "?");
    throw new RingfirstError("RF_USAGE", `the list of topics in ${where} can't be read (${why})`, { cause: error });
  }
  throw new RingfirstError("RF_USAGE", `${where}: an answer of availabletopics is expected: { "entities": [ ... ] }`);
}

function write(path: string, shown: string, code: string): void {
  try {
    writeFileSync(path, code);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "?";
    throw new RingfirstError("RF_USAGE", `--out: ${shown} can't be written (${why})`, { cause: error });
  }
}
