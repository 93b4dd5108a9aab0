/**
 * A source of Genesys Cloud's own wire, looked at in the order in which things can go wrong; what builds on what failed is told as not checked.
 *
 * D1  Nothing is opened, subscribed or changed here: a login and reads. What opens something is `connection-trial.ts`, when asked for.
 */
import { oneLine } from "../../core/cause.ts";
import type { GenesysSourceConfig } from "../../config/config.ts";
import { planTopics, TOPIC_LIMITS } from "../../core/topic-plan.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Net } from "../../ports/net.ts";
import { API_PATHS, MAX_CHANNELS } from "../../wire/genesys.ts";
import { resolveRegion } from "../../wire/regions.ts";
import { count } from "../text.ts";
import { howMany } from "./amounts.ts";
import { type Account, openAccount } from "../topics/account.ts";
import { askCatalogue, builtInTopics, type CatalogueTopic } from "../topics/catalogue.ts";
import { grantSteps, permissionsIn } from "./admin-words.ts";
import { tryConnection } from "./connection-trial.ts";
import { genesysPlace, tellCredentials } from "./credentials.ts";
import type { Tell } from "./finding.ts";
import { askHoldings } from "./holdings.ts";
import { probe, tellClock, tellHosts } from "./reach.ts";
import { expandAll, type ExpandedSelector, judgeSelector } from "./selector-check.ts";
import { createWitness, type Witness } from "./witness.ts";

/** What checks are made with. */
export interface ExamContext {
  readonly clock: Clock;
  readonly net: Net;
  /** Whether something may be opened. */
  readonly connect: boolean;
}

/** Requests that each channel costs at a start: listed, created, subscribed. */
const REQUESTS_PER_CHANNEL = 3;
/** Of each minute's requests ringfirst keeps a part for getting connected again. */
const USABLE_SHARE = 0.8;

/** Looks at it; answers how many requests that took. */
export async function examineGenesys(source: GenesysSourceConfig, context: ExamContext, tell: Tell): Promise<number> {
  const { clock } = context;
  const witness = createWitness(context.net, clock);
  const account = openAccount(source, clock, witness.net);
  const region = tellRegion(source, account, tell);
  const { login, api, streamingHost } = account.endpoints;
  const addresses = [login, api, ...(streamingHost === undefined ? [] : [`https://${streamingHost}`])];
  await probe(addresses, witness);
  const dead = tellHosts(addresses, witness, tell);
  // Without the streaming host alone all else can still be asked.
  const mayLogIn = [login, api].every((address) => !dead.includes(new URL(address).host));
  const result = mayLogIn ? await account.tokens.get() : undefined;
  tellClock(witness, tell);
  if (result === undefined) tell("credentials", "unchecked", "login and API were not both reached");
  const mayAsk = result !== undefined && tellCredentials(result, clock.now(), genesysPlace(region), tell);
  if (!mayAsk) tell("topics", "unchecked", "without a login nothing more can be asked: channels, topics, limits");
  else await examineAccount({ source, account, witness, context }, tell);
  return witness.requests();
}

interface Exam {
  readonly source: GenesysSourceConfig;
  readonly account: Account;
  readonly witness: Witness;
  readonly context: ExamContext;
}

async function examineAccount(exam: Exam, tell: Tell): Promise<void> {
  const { source, account, witness, context } = exam;
  const channelsInUse = await countChannels(account, tell);
  if (channelsInUse === "refused") {
    tell("topics", "unchecked", "the API does not let the client ask: topics, limits");
    return;
  }
  const before = witness.requests();
  const selectors = await expandAll(account.api, source.topics);
  const expansionRequests = witness.requests() - before;
  const topics = selectors.flatMap((one) => one.topics ?? []);
  const channelsNeeded = tellCapacity(topics, channelsInUse, selectors, tell);
  const catalogue = await findCatalogue(account, tell);
  const holdings = await askHoldings(account.api);
  const rejected = context.connect
    ? await tryConnection({ account, net: witness.net, clock: context.clock, channelsInUse, topics }, tell)
    : undefined;
  for (const selector of selectors) {
    const { level, found, more } = judgeSelector(selector, { catalogue, holdings, rejected });
    tell("topic", level, found, more);
  }
  tellBudget(witness, expansionRequests + channelsNeeded * REQUESTS_PER_CHANNEL, tell);
}

/** The region in words. */
function tellRegion({ region }: GenesysSourceConfig, { endpoints }: Account, tell: Tell): string {
  const known = region === undefined ? undefined : resolveRegion(region);
  const name = known === undefined ? "none is given" : `${known.awsRegion} (${known.domain})`;
  const given = endpoints.streamingHost === undefined;
  tell("region", "ok", given ? `endpoints are given: ${new URL(endpoints.api).host}; region: ${name}` : name, {
    details: { ...(known === undefined ? {} : { region: known.awsRegion }), endpoints: given },
  });
  return name;
}

/** Channels in use; undefined where the platform did not say, `refused` where the client may ask nothing. */
async function countChannels({ api }: Account, tell: Tell): Promise<number | undefined | "refused"> {
  const answer = await api.call({ method: "GET", path: `${API_PATHS.channels}?includechannels=oauthclient` });
  if (answer.kind === "ok") {
    const list = (answer.json as { readonly entities?: unknown } | null | undefined)?.entities;
    if (Array.isArray(list)) return tellChannels(list.length, tell);
  }
  const reason = answer.kind === "ok" ? "the platform answered without a list" : oneLine(answer.reason);
  const refused = answer.kind === "refused" && (answer.status === 401 || answer.status === 403);
  tell("channels", "problem", `the channels in use can't be listed: ${reason}`, {
    todo: refused ? apiSteps(answer.code, answer.reason) : tryAgain(answer),
  });
  return refused ? "refused" : undefined;
}

function apiSteps(code: string, reason: string): readonly string[] {
  if (code === "ip.not.authorized")
    return [
      "the organisation takes API calls from listed addresses only: Admin > Account Settings > Organization Settings > Settings: add this machine's",
    ];
  return grantSteps(permissionsIn(reason));
}

function tryAgain(answer: { readonly kind: string; readonly retryAfterMs?: number }): readonly string[] {
  const wait = answer.retryAfterMs;
  return [
    wait === undefined
      ? "try again in a minute"
      : `try again in ${Math.ceil(wait / 1_000)} s: the client's requests of this minute are spent`,
  ];
}

function tellChannels(inUse: number, tell: Tell): number {
  const details = { inUse, max: MAX_CHANNELS };
  const found = `${inUse} of ${MAX_CHANNELS} in use, those of a service that runs with this client among them`;
  if (inUse < MAX_CHANNELS) tell("channels", "ok", found, { details });
  else {
    tell(
      "channels",
      "problem",
      `all ${MAX_CHANNELS} are in use: one more pushes out the least recently used, without an error`,
      {
        todo: [
          "give each instance and environment an OAuth client of its own: all that share one share its 20 channels",
          "channels that nothing uses end by themselves within 24 hours",
        ],
        details,
      },
    );
  }
  return inUse;
}

/** Topics against what channels hold; answers the channels that are needed. */
function tellCapacity(
  topics: readonly string[],
  channelsInUse: number | undefined,
  selectors: readonly ExpandedSelector[],
  tell: Tell,
): number {
  const plan = planTopics(topics);
  const { topicsPerChannel, channels } = TOPIC_LIMITS;
  const incomplete = selectors.some((one) => one.topics === undefined);
  if (plan.kind === "too-many") {
    const found = `${howMany(plan.topics, "topic")} need ${howMany(plan.channelsNeeded, "channel")} of ${count(topicsPerChannel)}, and a client has ${channels}`;
    tell("capacity", "problem", found, {
      todo: ["ask for fewer topics, or give some to a second source with an OAuth client of its own"],
      details: { topics: plan.topics, channelsNeeded: plan.channelsNeeded },
    });
    return plan.channelsNeeded;
  }
  const needed = plan.channels.length;
  const room = channels * topicsPerChannel - topics.length;
  const said = `${howMany(topics.length, "topic")} on ${howMany(needed, "channel")} of ${count(topicsPerChannel)}; all ${channels} have room for ${count(room)} more`;
  const details = { topics: topics.length, channelsNeeded: needed, topicsPerChannel, room };
  const free = channelsInUse === undefined ? undefined : channels - channelsInUse;
  if (incomplete) tell("capacity", "unchecked", `${said}; not all topics could be counted`, { details });
  else if (free !== undefined && free < needed + 1 && free > 0) {
    tell(
      "capacity",
      "warning",
      `${said}; only ${free} free, a start needs ${needed}, and a move to a new channel one more`,
      {
        todo: [
          "nothing, where a service runs with this client: then they are its own; else find out who else uses the client",
        ],
        details,
      },
    );
  } else tell("capacity", "ok", said, { details });
  return needed;
}

async function findCatalogue({ api }: Account, tell: Tell): Promise<readonly CatalogueTopic[]> {
  const answer = await askCatalogue(api);
  if (answer.kind === "topics" && answer.topics.length > 0) return answer.topics;
  const why = answer.kind === "topics" ? "it is empty" : oneLine(answer.reason);
  tell(
    "catalogue",
    "warning",
    `the account's list of topics can't be had: ${why}; judged by the list that comes with ringfirst`,
    {
      todo: answer.kind === "failed" ? tryAgain(answer) : [],
    },
  );
  return builtInTopics();
}

/** D1: of doctor's own login; each token has a budget of its own. */
function tellBudget(witness: Witness, startRequests: number, tell: Tell): void {
  const budget = witness.budget();
  const start = `a start of serve takes about ${count(startRequests)}`;
  if (budget === undefined) {
    tell(
      "requests",
      "unchecked",
      `the platform does not tell the client's budget (300 a minute is documented); ${start}`,
    );
    return;
  }
  const { used, allowed, resetS } = budget;
  const found = `${count(allowed - used)} of ${count(allowed)} left for ${resetS} s after this check; ${start}`;
  const details = { allowed, left: allowed - used, resetS, startRequests };
  if (startRequests <= allowed * USABLE_SHARE) tell("requests", "ok", found, { details });
  else {
    tell("requests", "warning", `${found}, more than fit into a minute`, {
      todo: [
        "nothing must be done: serve waits for the next minute; with fewer topics, or members in place of all users, it starts faster",
      ],
      details,
    });
  }
}
