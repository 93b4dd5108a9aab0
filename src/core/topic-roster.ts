/**
 * Which topics are wanted while people and queues come and go. Pure.
 *
 * What a look-up finds is wanted at once. What it finds no more may have been missed by it (a list that changes while it is read page
 * by page shifts by one), and to unsubscribe somebody who is there would be a blind moment that nobody knows of: so it goes when two
 * looks in a row did not find it.
 */
import { distinctTopics } from "./topic-plan.ts";
import { topicIdentity } from "./topic.ts";

/** What is wanted after a look. */
export interface Roster {
  /** Single topics, each once; those that were known first, in their order. */
  readonly topics: readonly string[];
  /** Of them those that the last look did not find. */
  readonly doubted: readonly string[];
}

/** Before the first look. */
export const EMPTY_ROSTER: Roster = { topics: [], doubted: [] };

/** What is wanted after a look that found these topics. */
export function nextRoster({ topics, doubted }: Roster, found: readonly string[]): Roster {
  const fresh = new Map(distinctTopics(found).map((topic) => [topicIdentity(topic), topic]));
  const twice = new Set(doubted.map(topicIdentity));
  const kept: string[] = [];
  const absent: string[] = [];
  for (const topic of topics) {
    const isFound = fresh.delete(topicIdentity(topic));
    if (!isFound && twice.has(topicIdentity(topic))) continue;
    kept.push(topic);
    if (!isFound) absent.push(topic);
  }
  return { topics: [...kept, ...fresh.values()], doubted: absent };
}
