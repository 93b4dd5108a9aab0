/** Lists topics: the account's where there is one, else those that ringfirst knows. */
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { wrap } from "../wrap.ts";
import { findAccount, isConfigured } from "./account.ts";
import { builtInTopics, type CatalogueTopic, requireCatalogue } from "./catalogue.ts";
import { withWords } from "./choose.ts";
import type { TopicsFlags } from "./flags.ts";
import { howMany, topicColumns, topicLines } from "./report.ts";

/** A list, and whose it is. */
interface FoundList {
  /** The source's name; undefined: the built-in table. */
  readonly source: string | undefined;
  readonly topics: readonly CatalogueTopic[];
  /** What people have to know of it. */
  readonly note: string;
}

/** Shows the topics in which all words occur. @throws RingfirstError `RF_CONFIG_INVALID`, `RF_USAGE`, `RF_PLATFORM` */
export async function runTopics(words: readonly string[], flags: TopicsFlags, context: CliContext): Promise<ExitCode> {
  const { output } = context;
  const list = await findList(flags, context);
  const topics = withWords(list.topics, words);
  if (flags.json === true) {
    output.json({ from: list.source ?? "built-in", total: list.topics.length, topics: topics.map(toJson) });
    return EXIT.OK;
  }
  const { isTTY, columns = 100 } = output.stdout;
  if (isTTY === true) for (const line of topicLines(topics, columns, output.paint)) output.line(line);
  else for (const topic of topics) output.line(topicColumns(topic));
  if (isTTY === true && topics.length > 0) output.note("");
  const { isTTY: told, columns: room = 100 } = output.stderr;
  const note = `${howMany(topics.length, list.topics.length)}, ${list.note}`;
  for (const line of wrap(note, told === true ? room : undefined)) output.note(line);
  return EXIT.OK;
}

async function findList(flags: TopicsFlags, context: CliContext): Promise<FoundList> {
  const account = flags.builtIn === true ? undefined : findAccount(flags, context);
  if (account === undefined) return { source: undefined, topics: builtInTopics(), note: whyBuiltIn(flags, context) };
  const topics = await requireCatalogue(account.api, false);
  return { source: account.name, topics, note: `as the account of source ${account.name} says` };
}

function whyBuiltIn(flags: TopicsFlags, context: CliContext): string {
  const what = "from the list that comes with ringfirst; permissions are known for few of them";
  if (flags.builtIn === true) return what;
  const why = isConfigured(flags, context)
    ? "the configuration has no source of type genesys"
    : "no account is configured (--config, or GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_REGION)";
  return `${what}. ${why.charAt(0).toUpperCase()}${why.slice(1)}`;
}

function toJson({ id, description, requirements, transports, parameters, preview }: CatalogueTopic): unknown {
  return { topic: id, description, requires: requirements, transports, parameters, preview };
}
