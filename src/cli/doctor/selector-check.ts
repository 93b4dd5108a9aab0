/** Each topic of the configuration: what it stands for now, whether there is such a topic, and whether the client may have it. */
import { oneLine } from "../../core/cause.ts";
import type { TopicConfig } from "../../config/config.ts";
import { didYouMean } from "../../config/problem.ts";
import { EVERY, topicIdentity } from "../../core/topic.ts";
import type { RejectedTopic } from "../../sources/genesys/channels-api.ts";
import type { GenesysApi } from "../../sources/genesys/rest.ts";
import { expandSelectors, resolveSelectors, type Selector } from "../../sources/genesys/selectors.ts";
import { count } from "../text.ts";
import { type CatalogueTopic, singleTopics, templateOf } from "../topics/catalogue.ts";
import { describeRequirements, judge, permissionsOf } from "../topics/requirement.ts";
import { grantSteps, permissionsIn } from "./admin-words.ts";
import type { FindingExtras, Level } from "./finding.ts";
import type { Holdings } from "./holdings.ts";

/** One topic of the configuration, expanded. */
export interface ExpandedSelector {
  /** As it stands in the configuration, for people. */
  readonly text: string;
  readonly selector: Selector;
  /** Concrete topics; undefined where the list of people or queues could not be had, then with the reason. */
  readonly topics: readonly string[] | undefined;
  readonly trouble: string;
  /** Passing trouble: the network, the budget. */
  readonly passing: boolean;
}

type Listing = Pick<ExpandedSelector, "topics" | "trouble" | "passing">;

/** What is said of one topic. */
export interface TopicVerdict {
  readonly level: Level;
  readonly found: string;
  readonly more: FindingExtras;
}

/** Expands all; people and queues that several stand for are listed once. */
export async function expandAll(
  api: GenesysApi,
  entries: readonly TopicConfig[],
): Promise<readonly ExpandedSelector[]> {
  const selectors = resolveSelectors("topics", entries.map(toSelector));
  const lists = new Map<string, Promise<Listing>>();
  const expanded: ExpandedSelector[] = [];
  for (const selector of selectors) {
    const { topic, subject, members } = selector;
    // Ids are asked for once and put into each topic here.
    const wanted = subject === undefined ? selector : { ...selector, topic: EVERY };
    const name = JSON.stringify([subject ?? topic, members.queue, members.division]);
    const list = lists.get(name) ?? expandOne(api, wanted);
    lists.set(name, list);
    const { topics, trouble, passing } = await list;
    const own = subject === undefined ? topics : topics?.map((id) => topic.replace(EVERY, id));
    expanded.push({ text: describe(selector), selector, topics: own, trouble, passing });
  }
  return expanded;
}

async function expandOne(api: GenesysApi, selector: Selector): Promise<Listing> {
  const expansion = await expandSelectors(api, [selector]);
  if (expansion.kind === "topics") return { topics: expansion.topics, trouble: "", passing: false };
  return { topics: undefined, trouble: oneLine(expansion.reason), passing: expansion.kind === "failed" };
}

/** By what topics are judged. */
export interface Evidence {
  readonly catalogue: readonly CatalogueTopic[];
  readonly holdings: Holdings;
  /** What the platform refused when all were subscribed; undefined where that was not tried. */
  readonly rejected: readonly RejectedTopic[] | undefined;
}

/** What is known of a topic: by the platform's own answer where it was subscribed, else by its list and the client's permissions. */
export function judgeSelector(expanded: ExpandedSelector, evidence: Evidence): TopicVerdict {
  const { text, topics, selector } = expanded;
  if (topics === undefined) return judgeTrouble(expanded);
  const size = topics.length === 1 ? "" : `: ${count(topics.length)} topics`;
  const details = { topic: selector.topic, topics: topics.length };
  if (topics.length === 0) {
    const todo = [
      "nobody is there, or the client's roles are not given in their division: look at the divisions of its roles",
    ];
    return { level: "warning", found: `${text}: stands for nothing that the client may see`, more: { todo, details } };
  }
  const own = judgeUnasked(selector.topic, evidence);
  const verdict = evidence.rejected === undefined ? own : judgeAnswer(topics, evidence.rejected, own);
  return {
    ...verdict,
    found: `${text}${size}${verdict.level === "ok" ? "," : ";"} ${verdict.found}`,
    more: { ...verdict.more, details: { ...details, ...verdict.more.details } },
  };
}

/** People or queues could not be listed. */
function judgeTrouble({ text, trouble, passing, selector }: ExpandedSelector): TopicVerdict {
  const lacking = permissionsIn(trouble);
  const other = passing
    ? "try again in a minute"
    : "look at the names in members, and at the divisions that the client's roles are given in";
  const todo = lacking.length > 0 ? grantSteps(lacking) : [other];
  const details = { topic: selector.topic, missing: lacking };
  return { level: "problem", found: `${text}: ${trouble}`, more: { todo, details } };
}

/** By the list of topics and the client's permissions; of a combined topic the worst content counts. */
function judgeUnasked(topic: string, evidence: Evidence): TopicVerdict {
  const verdicts = singleTopics(topic).map((one) => judgeTopic(one, evidence));
  const worst = (["problem", "unchecked"] as const)
    .map((level) => verdicts.find((verdict) => verdict.level === level))
    .find((verdict) => verdict !== undefined);
  return worst ?? { level: "ok", found: "permitted", more: {} };
}

/** By what the platform answered; `own` knows better what to do about a topic that there is not. */
function judgeAnswer(topics: readonly string[], rejected: readonly RejectedTopic[], own: TopicVerdict): TopicVerdict {
  const names = new Set(topics.flatMap((topic) => [topic, ...singleTopics(topic)]).map(topicIdentity));
  const refused = rejected.filter(({ topic }) => names.has(topicIdentity(topic)));
  const [first] = refused;
  if (first === undefined) return { level: "ok", found: "permitted by the platform", more: {} };
  const missing = [...new Set(refused.flatMap(({ reason }) => permissionsIn(reason)))];
  const many = refused.length === 1 ? "refused" : `${count(refused.length)} refused`;
  const details = { refused: refused.length, missing };
  if (missing.length > 0) {
    const found = `${many}: the client lacks ${missing.join(", ")}`;
    return { level: "problem", found, more: { todo: grantSteps(missing), details } };
  }
  if (own.level === "problem") return { ...own, found: `${many}: ${own.found}`, more: { ...own.more, details } };
  return { level: "problem", found: `${many}: ${oneLine(first.reason)}`, more: { todo: grantSteps([]), details } };
}

function judgeTopic(topic: string, { catalogue, holdings }: Evidence): TopicVerdict {
  const template = templateOf(topic, catalogue);
  if (template === undefined) return unknownTopic(topic, catalogue);
  const { requirements, transports } = template;
  const drop = { todo: ["take it out of topics"] };
  if (transports.length > 0 && !transports.includes("All") && !transports.includes("Websocket")) {
    const found = `it comes over ${transports.join(" and ")} only, not over a WebSocket`;
    return { level: "problem", found, more: drop };
  }
  const verdict = judge(
    requirements,
    holdings.kind === "known" ? (permission) => holdings.has(permission) : () => true,
  );
  if (verdict.kind === "never") return { level: "problem", found: verdict.why, more: drop };
  if (verdict.kind === "missing") {
    const { permissions, rule } = verdict;
    const found = `the client lacks ${permissions.join(rule === "any" ? " or " : ", ")}`;
    return {
      level: "problem",
      found,
      more: { todo: grantSteps(permissions, rule), details: { missing: permissions } },
    };
  }
  const needed = permissionsOf(requirements);
  if (holdings.kind === "known" || needed.length === 0) return { level: "ok", found: "permitted", more: {} };
  const found = `it needs ${describeRequirements(requirements)}, and ${holdings.why}`;
  const todo = ["ringfirst doctor --connect asks by subscribing; or compare with the client's roles"];
  return { level: "unchecked", found, more: { todo, details: { needed } } };
}

function unknownTopic(topic: string, catalogue: readonly CatalogueTopic[]): TopicVerdict {
  const ids = catalogue.map(({ id }) => id);
  const guess = didYouMean(topic.replaceAll(EVERY, "{id}"), ids).replace(/^; /u, "");
  const todo = [guess === "" ? "ringfirst topics lists those that there are" : guess];
  return { level: "problem", found: "the account knows no such topic", more: { todo } };
}

function toSelector(entry: TopicConfig): Parameters<typeof resolveSelectors>[1][number] {
  if (typeof entry === "string") return entry;
  const { queue, division } = entry.members ?? {};
  if (entry.members === undefined) return entry.topic;
  return {
    topic: entry.topic,
    members: { ...(queue === undefined ? {} : { queue }), ...(division === undefined ? {} : { division }) },
  };
}

function describe({ topic, members }: Selector): string {
  if (members.queue !== undefined) return `${topic} of queue ${members.queue}`;
  return members.division === undefined ? topic : `${topic} of division ${members.division}`;
}
